"""Faults of the Oracle HCM on demand. A share is drawn by the seed and a number or key: the same seed hits the same ones."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from hcm_pipeline.sandbox.options import checked

CALLS = ("status", "reset_before", "reset_after", "latency", "arriving_entry")
"""Faults of a call. `arriving_entry`: once a page of a feed is served, an entry comes that was not there."""
PAGES = ("broken_page",)
"""A page of workers that holds one of these people is cut off: 200, and no JSON."""
ENTRIES = (
    "duplicate_entry", "malformed_stamp", "same_stamp", "no_attributes", "doubled_id", "broken_content", "late_entry",
    "lost_entry",
)  # fmt: skip
"""Faults of an entry, when it is raised."""
PEOPLE = ("late_worker",)
"""A worker who is hired is found by the resources only `seconds` later."""

Kind = Literal[
    "status", "reset_before", "reset_after", "latency", "arriving_entry", "broken_page", "duplicate_entry",
    "malformed_stamp", "same_stamp", "no_attributes", "doubled_id", "broken_content", "late_entry", "lost_entry",
    "late_worker",
]  # fmt: skip
On = Literal[
    "any", "atom", "newhire", "empassignment", "empupdate", "termination", "cancelworkrelship", "workrelshipupdate",
    "workers", "emps", "publicWorkers", "userAccounts", "scim", "token",
]  # fmt: skip
TIMED = ("latency", "same_stamp", "late_entry", "late_worker")


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class HcmFault:
    """One armed fault. `times` None: until disarmed. `after` lets so many go by first. `on`: a feed, `atom` for all feeds, a
    resource, `token`, `any`; `person_numbers`: only entries, pages or hires of these; `status`, `retry_after`: of the answer.
    """

    kind: Kind
    on: On = "any"
    times: Annotated[int, Field(ge=1)] | None = None
    after: Annotated[int, Field(ge=0)] = 0
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    seed: int = 0
    person_numbers: frozenset[str] | None = None
    status: Annotated[int, Field(ge=400, le=599)] = 503
    retry_after: Annotated[int, Field(ge=0)] | None = None
    retry_as_date: bool = False
    """Retry-After as a date instead of seconds (RFC 9110, section 10.2.3)."""
    seconds: Annotated[float, Field(ge=0, lt=1e9)] = 0.0

    def holds(self, key: object) -> bool:
        """Whether its share holds this number or key."""
        digest = hashlib.sha256(f"{self.seed} {self.kind} {key}".encode()).digest()
        return self.share == 1.0 or int.from_bytes(digest[:8]) < self.share * 2**64


def read_fault(body: Mapping[str, object]) -> HcmFault:
    """A fault as the control plane takes it; of a call it hits once unless `times` or `share` is given. Raises ValueError."""
    given = dict(body)
    if given.get("kind") in ("status", "reset_before", "reset_after") and not given.keys() & {"times", "share"}:
        given["times"] = 1
    if given.get("kind") in TIMED and "seconds" not in given:
        raise ValueError("seconds: how long")
    return checked(HcmFault, given)


class _Armed:
    def __init__(self, fault: HcmFault) -> None:
        self.fault, self.seen, self.taken = fault, 0, 0


class HcmFaults:
    """The armed faults, first armed first served. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[_Armed] = []
        self._taken: Counter[str] = Counter()

    def arm(self, fault: HcmFault) -> None:
        """Add one."""
        with self._lock:
            self._armed.append(_Armed(fault))

    def disarm(self) -> None:
        """Remove all, and forget what they did."""
        with self._lock:
            self._armed.clear()
            self._taken.clear()

    def report(self) -> dict[str, Any]:
        """Those still to come, and how often each kind has hit."""
        adapter = TypeAdapter(HcmFault)
        with self._lock:
            armed = [{**adapter.dump_python(one.fault, mode="json"), "taken": one.taken} for one in self._armed]
            return {"armed": armed, "taken": dict(self._taken)}

    def take(self, kind: str, *names: str, people: frozenset[str] = frozenset()) -> HcmFault | None:
        """The next fault of a kind for a call of these names, or for something that concerns these people; used up by one."""
        if not self._armed:
            return None
        with self._lock:
            for position, armed in enumerate(self._armed):
                fault = armed.fault
                if fault.kind != kind or fault.on not in ("any", *names):
                    continue
                if fault.person_numbers is not None and not fault.person_numbers & people:
                    continue
                number, armed.seen = armed.seen, armed.seen + 1
                if number < fault.after or not fault.holds(number):
                    continue
                armed.taken += 1
                self._taken[kind] += 1
                if fault.times is not None and armed.taken >= fault.times:
                    del self._armed[position]
                return fault
        return None
