"""Faults on demand: what a client must survive, armed for a number of calls of one kind."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

KINDS = ("status", "reset_before", "reset_after", "latency", "bucket_full", "revoke_tokens")
CALLS = ("bulkUpload", "log", "users", "jobs", "token", "any")
BUCKET_FULL = (
    "The bucket that stores the ingested data is full, please wait for the synchronization service to process the "
    "ingested data and retry this request."
)


@dataclass(frozen=True)
class Fault:
    """One armed fault. `times` None: until disarmed."""

    kind: str
    on: str = "bulkUpload"
    times: int | None = 1
    status: int = 500
    code: str = ""
    message: str = ""
    retry_after: int | None = None
    seconds: float = 0.0


def read_fault(body: dict[str, object]) -> Fault:
    """A fault as the control plane takes it. Raises ValueError with what is allowed."""
    unknown = sorted(set(body) - set(Fault.__dataclass_fields__))
    if unknown:
        raise ValueError(f"{unknown[0]}: not known; allowed: {', '.join(Fault.__dataclass_fields__)}")
    if body.get("kind") not in KINDS:
        raise ValueError(f"kind: one of {', '.join(KINDS)}")
    if body.get("on", "bulkUpload") not in CALLS:
        raise ValueError(f"on: one of {', '.join(CALLS)}")
    for name, kinds in (("times", int), ("status", int), ("retry_after", int), ("seconds", (int, float))):
        value = body.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, kinds)):
            raise ValueError(f"{name}: a number")
    if body["kind"] == "status" and "status" not in body:
        raise ValueError("status: the HTTP status to answer")
    if body["kind"] == "latency" and "times" not in body:
        body = {**body, "times": None}
    if body["kind"] == "bucket_full":
        body = {"code": "InternalServerError", "message": BUCKET_FULL, **body, "kind": "status", "status": 500}
    return Fault(**body)  # type: ignore[arg-type]


class Faults:
    """The armed faults, first armed first served."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[Fault] = []

    def arm(self, fault: Fault) -> None:
        """Add one."""
        with self._lock:
            self._armed.append(fault)

    def disarm(self) -> None:
        """Remove all."""
        with self._lock:
            self._armed.clear()

    def armed(self) -> list[Fault]:
        """Those still to come."""
        with self._lock:
            return list(self._armed)

    def take(self, call: str, *kinds: str) -> Fault | None:
        """The next fault of these kinds for this call, used up by one."""
        with self._lock:
            for position, fault in enumerate(self._armed):
                if fault.kind in kinds and fault.on in (call, "any"):
                    left = None if fault.times is None else fault.times - 1
                    if left == 0:
                        del self._armed[position]
                    else:
                        self._armed[position] = replace(fault, times=left)
                    return fault
        return None
