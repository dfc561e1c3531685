"""Reading what became of the operations that were sent, and when it is worth reading."""

from __future__ import annotations

from dataclasses import dataclass

from hcm_pipeline import delivery
from hcm_pipeline.delivery import HealthState
from hcm_pipeline.delivery import OutcomeReport as OutcomeReport
from hcm_pipeline.flow.fencing import require_known_target
from hcm_pipeline.flow.installation import Counted, Installation, Progress, named, quiet, uncounted
from hcm_pipeline.flow.known_journal import refuse_lost_journal
from hcm_pipeline.targets.entra import describe, describe_health, live, open_target
from hcm_pipeline.warehouse import first

SANDBOX_INTERVAL = 2.0
"""Seconds between two readings of the sandbox's log, which does not lag."""


def read_outcomes(
    installation: Installation, *, wait_seconds: float, interval: float, announce: Progress = quiet,
    progress: Counted = uncounted,
) -> OutcomeReport:  # fmt: skip
    """Read the log until no accepted operation waits or `wait_seconds` are over, at most `interval` seconds apart.

    `announce` is told of the target, `progress` of how many operations are settled and how many wait. Raises SignInFailed,
    ServiceRefused and ServiceUnavailable; the same call goes on from there. Raises HistoryStop when the environment names another
    target than the home's, or its journal is lost.
    """
    require_known_target(installation)
    refuse_lost_journal(installation.warehouse)
    with open_target(installation.settings) as connection, installation.journal() as journal:
        announce(named(installation, describe(connection)))
        return delivery.read_outcomes(
            installation.warehouse,
            live(connection, journal=journal, null_flow_field=installation.profile.delivery.null_flow_field),
            installation.profile.outcomes,
            wait_seconds=wait_seconds,
            interval=SANDBOX_INTERVAL if connection.sandbox else interval,
            now=installation.clock,
            progress=progress,
        )


def job_warning(report: OutcomeReport) -> str | None:
    """The sentence that people should read about the synchronization job; None: it runs, or was not asked."""
    health = report.health
    return describe_health(health) if health is not None and health.state is not HealthState.RUNNING else None


@dataclass(frozen=True)
class WorthReading:
    """Whether the log is worth reading: `why`, None when nothing can be learnt; `accepted`: whether anything ever was."""

    why: str | None
    accepted: bool


def worth_reading(installation: Installation) -> WorthReading:
    """Decide whether a reading of the log could tell anything, by the journal and the read copy."""
    newest = _last_acceptance(installation)
    if not installation.home.read_copy.is_file():
        return WorthReading("something was accepted" if newest else None, bool(newest))
    with installation.warehouse.read() as con:
        row = first(con, "select value from meta where key = 'accept_seq'")
        if newest > (int(row[0]) if row else 0):
            return WorthReading("something was accepted", True)
        whys = [
            delivery.why_read(con, one.known_target, one.profile.outcomes, one.clock()) for one in installation.targets
        ]
        why = next((one for one in whys if one is not None), None)
    return WorthReading(why, bool(newest))


def _last_acceptance(installation: Installation) -> int:
    """The sequence number of the newest acceptance in the journal; 0 when nothing was accepted."""
    if not installation.home.journal.is_file():
        return 0
    with installation.journal() as journal:
        return journal.last_acceptance()
