"""Work that runs were started for and that none has done yet, kept where commands can read it that know nothing of Dagster.

The sensors write it at every look, and it stands in the file of the outbox: the warehouse may be what a run failed on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from hcm_pipeline.alerts.outbox import SCHEMA
from hcm_pipeline.sqlite_state import StateFile, moment_of, text_of


@dataclass(frozen=True)
class FailedWork:
    """Work of which the newest run failed, was cancelled or was killed.

    `work` names it, `tries` are the runs that ended so far, `cause` is a sentence fit for a message. `next_try_at` None: it was
    given up, and a person starts it.
    """

    work: str
    business_date: dt.date
    tries: int
    failed_at: dt.datetime
    cause: str
    next_try_at: dt.datetime | None


class FailedWorkRecords:
    """One connection, for the time of a `with` block."""

    def __init__(self, path: Path) -> None:
        self._file = StateFile(path, SCHEMA)

    def __enter__(self) -> FailedWorkRecords:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def all(self) -> list[FailedWork]:
        """All of it, oldest business date first."""
        rows = self._file.db.execute("SELECT * FROM failed_work ORDER BY business_date, work").fetchall()
        return [
            FailedWork(
                row["work"], dt.date.fromisoformat(row["business_date"]), row["tries"],
                dt.datetime.fromisoformat(row["failed_at"]), row["cause"], moment_of(row["next_try_at"]),
            )
            for row in rows
        ]  # fmt: skip

    def replace(self, sensor: str, found: Sequence[FailedWork]) -> None:
        """The failed work that one sensor knows of is now this; nothing is written when it was so before."""
        before = {one for one in self.all() if one.work.startswith(f"{sensor}:")}
        if before == set(found):
            return
        with self._file.transaction() as db:
            db.execute("DELETE FROM failed_work WHERE substr(work, 1, ?) = ?", (len(sensor) + 1, f"{sensor}:"))
            db.executemany(
                "INSERT INTO failed_work (work, business_date, tries, failed_at, cause, next_try_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (one.work, one.business_date.isoformat(), one.tries, text_of(one.failed_at), one.cause,
                     text_of(one.next_try_at) if one.next_try_at else None)
                    for one in found
                ],
            )  # fmt: skip
