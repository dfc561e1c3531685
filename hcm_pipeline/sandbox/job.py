"""The synchronization job's state: started, paused, quarantined, and when a quarantine is judged anew.

Sources: "Application provisioning in quarantine status" and `synchronizationQuarantine` of the Graph reference.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from pydantic import TypeAdapter

HOUR, DAY = 3600, 86_400
RETRY_HOURS = (6, 12, 24)
"""From one judgement of a quarantine to the next; the last one goes on."""
QUARANTINE_DAYS = 28
"""After which the job is disabled."""

Status = Literal["NotConfigured", "NotRun", "Active", "Paused", "Quarantine"]
Reason = Literal[
    "EncounteredBaseEscrowThreshold", "EncounteredTotalEscrowThreshold", "EncounteredEscrowProportionThreshold",
    "EncounteredQuarantineException", "Unknown", "QuarantinedOnDemand", "TooManyDeletes", "IngestionInterrupted",
]  # fmt: skip


@dataclass(frozen=True)
class Quarantine:
    """Why and since when. Moments are seconds since 1970; `count` judgements so far left it in effect.

    `lasts`: how many more will; None: it lasts until somebody starts or restarts the job. `next_attempt` None: the job
    is disabled.
    """

    reason: Reason
    began: float
    current: float
    next_attempt: float | None
    count: int = 0
    lasts: int | None = None
    code: str = ""
    message: str = ""


@dataclass(frozen=True)
class Execution:
    """One cycle that had something to do."""

    cycle_id: str
    began: float
    ended: float
    imported: int
    exported: int
    escrowed: int

    @property
    def state(self) -> str:
        """`synchronizationTaskExecutionResult`."""
        if not self.escrowed:
            return "Succeeded"
        return "EntryLevelErrors" if self.escrowed < self.imported else "Failed"


@dataclass(frozen=True)
class Job:
    """The job as it is kept. `started`: its schedule runs, though a quarantine may hold it up."""

    status: Status = "Active"
    started: bool = True
    quarantine: Quarantine | None = None
    last: Execution | None = None
    last_success: Execution | None = None
    last_exports: Execution | None = None
    failed_in_a_row: int = 0

    @classmethod
    def from_json(cls, text: str) -> Job:
        """Read what `TypeAdapter(Job)` wrote."""
        return _JOB.validate_json(text)

    def to_json(self) -> str:
        """To be kept."""
        return _JOB.dump_json(self).decode()

    @property
    def runs(self) -> bool:
        """Whether a cycle would take records, as far as the job goes."""
        return self.started and self.status in ("Active", "NotRun")

    @property
    def schedule(self) -> str:
        """`synchronizationScheduleState`: Active, Disabled or Paused."""
        if self.status == "Paused" and self.started:
            return "Paused"
        return "Active" if self.started else "Disabled"

    def set_to(self, status: Status, *, disabled: bool = False) -> Job:
        """Another status, by somebody's hand; a job that has not run is not started either."""
        started = status not in ("NotRun", "NotConfigured") and not disabled
        return replace(self, status=status, started=started, quarantine=None)

    def begun(self) -> Job:
        """Started or restarted: one that never ran is Active only after its first cycle."""
        status: Status = "NotRun" if self.status in ("NotRun", "NotConfigured") else "Active"
        return replace(self, status=status, started=True, quarantine=None)

    def paused(self) -> Job:
        """Held by somebody."""
        return replace(self, status="Paused", started=True, quarantine=None)

    def quarantined(
        self, reason: Reason, now: float, *, lasts: int | None = None, code: str = "", message: str = ""
    ) -> Job:
        """Put into quarantine: judged anew after 6 hours."""
        held = Quarantine(reason, now, now, now + RETRY_HOURS[0] * HOUR, lasts=lasts, code=code, message=message)
        return replace(self, status="Quarantine", started=True, quarantine=held)

    def judged(self, now: float) -> Job:
        """The job after a judgement that is due: its quarantine is lifted, stays, or disables the job (after four weeks)."""
        held = self.quarantine
        if held is None or held.next_attempt is None or now < held.next_attempt:
            return self
        if held.lasts == 0:
            return replace(self, status="Active", quarantine=None)
        if now >= held.began + QUARANTINE_DAYS * DAY:
            return replace(self, started=False, quarantine=replace(held, next_attempt=None))
        count = held.count + 1
        wait = RETRY_HOURS[min(count, len(RETRY_HOURS) - 1)] * HOUR
        left = None if held.lasts is None else held.lasts - 1
        return replace(self, quarantine=replace(held, current=now, next_attempt=now + wait, count=count, lasts=left))

    def first_run(self) -> Job:
        """After any cycle, even one without records."""
        return replace(self, status="Active") if self.status == "NotRun" and self.started else self

    def ran(self, execution: Execution) -> Job:
        """After a cycle that had something to do."""
        failed = execution.state == "Failed"
        return replace(
            self,
            last=execution,
            last_success=execution if execution.state == "Succeeded" else self.last_success,
            last_exports=execution if execution.exported else self.last_exports,
            failed_in_a_row=self.failed_in_a_row + 1 if failed else 0,
        )


_JOB = TypeAdapter(Job)
