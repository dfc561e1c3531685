"""Workers who are sent again although the target took what should be: the one place that decides it."""

from __future__ import annotations

import datetime as dt

from hcm_pipeline.delivery.service import FailureClass
from hcm_pipeline.plain_text import counted
from hcm_pipeline.warehouse import Relation, Scratch, query


def resend(t: Scratch, target: str, contract: str, workers: Relation, now: dt.datetime) -> Relation:
    """Workers whose delivered version goes out again, as it should be by now: person_number, reason; at most one row for each.

    `contract` is the sha256 of the profile that the newest snapshot was made with, `workers` as of `Facts`, `now` the time of
    planning, for those who wait before the next try.

    A person's decision comes first. A failure that passes (and one that is missing) is sent again when its wait is over, one that
    needs a configuration when the profile is another one, and a worker who lacks a manager when the manager's account has come.
    Failures that need data are not among them: other data make another version, which the plan sends anyhow. While the job does not
    run, only a person's decision sends anybody again.
    """
    if not t.first(
        """select 1 from failures where target = $target
        union all select 1 from unknown_versions where target = $target limit 1""",
        {"target": target},
    ):
        return t.empty("resend", {"person_number": "varchar", "reason": "varchar"})
    values = {"target": target, "now": now, "contract": contract, "retry": str(FailureClass.RETRY),
              "configuration": str(FailureClass.CONFIGURATION)}  # fmt: skip
    return t.make("resend", query(__package__, "resend", workers=workers), values)


def why_plan(t: Scratch, target: str, contract: str, workers: Relation, now: dt.datetime) -> tuple[str, str] | None:
    """(what a plan made now would send again, a key that is another one for other workers or another attempt); None: nobody."""
    again = resend(t, target, contract, workers, now)
    row = t.first(query(__package__, "why_plan", again=again), [target])
    return (f"{counted(row[0], 'worker', 'are')} to be sent again: {row[1]}", row[2]) if row and row[0] else None
