"""Faults on demand: what a client must survive, armed for calls of one kind or for single records.

Which calls or records a share hits is a function of the seed alone: of the n-th call of a kind, or of a record's
externalId. The same seed hits the same ones, in whatever order they come.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from hcm_pipeline.sandbox.log_codes import Category
from hcm_pipeline.sandbox.options import checked

BEFORE = ("status", "reset_before")
"""Instead of taking a call."""
AFTER = ("drop_request", "status_after", "reset_after")
"""Once a bulkUpload call is taken: its records are queued, but for `drop_request`."""
DROP_RECORD = "drop_record"
RECORD = ("fail", "skip", "warn", "fail_manager", "no_twin")
"""Faults of a record in its cycle."""
ENTRY = ("lose_entry", "repeat_entry", "delay_entry")
"""Faults of a record's entry in the log."""
BUCKET_FULL = (
    "The bucket that stores the ingested data is full, please wait for the synchronization service to process the "
    "ingested data and retry this request."
)

Kind = Literal[
    "status", "reset_before", "bucket_full", "drop_request", "status_after", "reset_after", "latency", "revoke_tokens",
    "disorder", "drop_record", "fail", "skip", "warn", "fail_manager", "no_twin", "lose_entry", "repeat_entry",
    "delay_entry",
]  # fmt: skip
Call = Literal["bulkUpload", "log", "users", "groups", "delta", "domains", "jobs", "tenant", "token", "any"]
ONLY_ON: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(AFTER, ("bulkUpload",)),
    "disorder": ("log",),
    "revoke_tokens": ("bulkUpload", "log", "users", "groups", "delta", "domains", "jobs", "tenant", "any"),
}
"""Faults that not every call can have."""
RECORD_KINDS = (DROP_RECORD, *RECORD, *ENTRY)

Times = Annotated[int, Field(ge=1)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Fault:
    """One armed fault. `times` None: until disarmed.

    `after` lets so many calls or records go by first. `each` bounds how often it hits one externalId. `status`,
    `code`, `message` and `retry_after` are of the answer; `code`, `message` (the reason), `advice` and `category` of the
    log entry, for `fail`, `skip`, `warn` and `fail_manager`; empty: what the code's own texts say.
    """

    kind: Kind
    on: Call = "bulkUpload"
    times: Times | None = 1
    after: Annotated[int, Field(ge=0)] = 0
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    seed: int = 0
    external_ids: frozenset[str] | None = None
    each: Times | None = None
    status: Annotated[int, Field(ge=400, le=599)] = 500
    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]*$")] = ""
    message: str = ""
    advice: str = ""
    category: Category | None = None
    retry_after: Annotated[int, Field(ge=0)] | None = None
    seconds: Annotated[float, Field(ge=0, lt=1e9)] = 0.0

    def holds(self, key: object) -> bool:
        """Whether its share holds the n-th call, or the record of an externalId."""
        if self.share == 1.0:
            return True
        digest = hashlib.sha256(f"{self.seed} {self.kind} {key}".encode()).digest()
        return int.from_bytes(digest[:8]) < self.share * 2**64


_FAULT = TypeAdapter(Fault)


def read_fault(body: dict[str, object]) -> Fault:
    """A fault as the control plane takes it. Raises ValueError with what is allowed."""
    given = dict(body)
    kind = given.get("kind")
    if kind == "status" and "status" not in given:
        raise ValueError("status: the HTTP status to answer")
    if kind in ("latency", "disorder") or given.keys() & {"share", "external_ids", "each"}:
        given.setdefault("times", None)
    if kind == "disorder":
        given.setdefault("on", "log")
    if kind == "delay_entry" and "seconds" not in given:
        raise ValueError("seconds: how much later the entry shows")
    if kind == "bucket_full":
        given = {"code": "InternalServerError", "message": BUCKET_FULL, **given, "kind": "status", "status": 500}
    fault = checked(Fault, given)
    if fault.kind in RECORD_KINDS and "on" in body:
        raise ValueError(f"on: a fault of records ({', '.join(RECORD_KINDS)}) has none")
    if fault.kind not in RECORD_KINDS and (fault.external_ids is not None or fault.each is not None):
        raise ValueError(f"external_ids, each: only of faults of records ({', '.join(RECORD_KINDS)})")
    allowed = ONLY_ON.get(fault.kind)
    if allowed is not None and fault.on not in allowed:
        raise ValueError(f"on: {fault.kind} is for {', '.join(allowed)} only")
    return fault


class _Armed:
    """A fault, how many calls or records it has seen, how often it hit, and which externalIds."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.seen = self.taken = 0
        self.struck: Counter[str] = Counter()

    def hits(self, external_id: str | None) -> bool:
        """Whether it hits the call or the record that has come now; counts it if so."""
        fault = self.fault
        if external_id is not None and fault.external_ids is not None and external_id not in fault.external_ids:
            return False
        number, self.seen = self.seen, self.seen + 1
        if number < fault.after or not fault.holds(number if external_id is None else external_id):
            return False
        if external_id is not None:
            if fault.each is not None and self.struck[external_id] >= fault.each:
                return False
            self.struck[external_id] += 1
        self.taken += 1
        return True


class Faults:
    """The armed faults, first armed first served."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[_Armed] = []
        self._taken: Counter[str] = Counter()
        self._struck: dict[str, Counter[str]] = {}

    def arm(self, fault: Fault) -> None:
        """Add one."""
        with self._lock:
            self._armed.append(_Armed(fault))

    def disarm(self) -> None:
        """Remove all, and forget what they did."""
        with self._lock:
            self._armed.clear()
            self._taken.clear()
            self._struck.clear()

    def report(self) -> dict[str, Any]:
        """Those still to come, with how often each has hit; how often each kind did, and which externalIds."""
        with self._lock:
            return {
                "armed": [{**_FAULT.dump_python(one.fault, mode="json"), "taken": one.taken} for one in self._armed],
                "taken": dict(self._taken),
                "struck": {kind: dict(counts) for kind, counts in self._struck.items()},
            }

    @property
    def number(self) -> int:
        """How many are armed."""
        return len(self._armed)

    def take(self, call: str, *kinds: str) -> Fault | None:
        """The next fault of these kinds for this call, used up by one."""
        return self._take(None, kinds, lambda fault: fault.on in (call, "any"))

    def strike(self, external_id: str, *kinds: str) -> Fault | None:
        """The next fault of these kinds for this record, used up by one."""
        return self._take(external_id, kinds, lambda _: True)

    def note(self, fault: Fault, external_ids: Iterable[str]) -> None:
        """Note which records a fault of a whole call has struck."""
        with self._lock:
            self._struck.setdefault(fault.kind, Counter()).update(external_ids)

    def _take(self, external_id: str | None, kinds: tuple[str, ...], fits: Callable[[Fault], bool]) -> Fault | None:
        if not self._armed:
            return None
        with self._lock:
            for position, armed in enumerate(self._armed):
                fault = armed.fault
                if fault.kind in kinds and fits(fault) and armed.hits(external_id):
                    self._taken[fault.kind] += 1
                    if external_id is not None:
                        self._struck.setdefault(fault.kind, Counter())[external_id] += 1
                    if fault.times is not None and armed.taken >= fault.times:
                        del self._armed[position]
                    return fault
        return None
