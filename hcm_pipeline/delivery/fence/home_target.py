"""The target of a home, and how far its journal had come: kept beside the journal and in the warehouse.

A journal that was lost, emptied, or replaced by an older copy is noticed by that alone, without asking the target.
"""

from __future__ import annotations

import datetime as dt
import os
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import orjson

from hcm_pipeline.delivery.state import DeliveryState
from hcm_pipeline.delivery.state.journal_sync import ACCEPT_SEQ, JOURNAL_ID
from hcm_pipeline.errors import GuardStop, HomeError
from hcm_pipeline.home import Home, private
from hcm_pipeline.plain_text import counted
from hcm_pipeline.warehouse import first


class HistoryStop(GuardStop):
    """Nothing was sent: this home and its target do not know the same history."""


@dataclass(frozen=True)
class JournalMark:
    """A journal, by its name, and the number of its newest acceptance."""

    journal_id: str
    accept_seq: int


@dataclass(frozen=True)
class HomeTarget:
    """The target that a home delivers to, since its first delivery there. `own_sandbox`: it is the home's sandbox."""

    target: str
    tenant: str
    own_sandbox: bool
    since: dt.datetime
    journal: JournalMark
    home_id: str = ""

    def is_same(self, target: str, tenant: str, *, own_sandbox: bool) -> bool:
        """Whether that is this target."""
        return (self.target, self.tenant, self.own_sandbox) == (target, tenant, own_sandbox)


def read_target(home: Home, name: str = "") -> HomeTarget | None:
    """The target that the home knows, of several the one of that name; None before its first delivery.

    Raises HomeError when the file cannot be read.
    """
    return _read(home.target_of(name))


def read_targets(home: Home) -> list[HomeTarget]:
    """All targets that the home knows. Raises HomeError when a file cannot be read."""
    return [found for path in home.targets if (found := _read(path)) is not None]


def _read(path: Path) -> HomeTarget | None:
    try:
        found = orjson.loads(path.read_bytes())
        return HomeTarget(
            found["target"],
            found["tenant"],
            bool(found["own_sandbox"]),
            dt.datetime.fromisoformat(found["since"]),
            JournalMark(found["journal"]["journal_id"], int(found["journal"]["accept_seq"])),
            found["home_id"],
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HomeError(
            f"{path}: cannot be read ({type(error).__name__}): it names the target that this home delivers to;"
            " restore it from a backup, or say anew which it is: `hcm-pipeline upload --adopt-target REASON`"
        ) from error


def write_target(home: Home, known: HomeTarget, name: str = "") -> None:
    """Keep the target, of several under its name, atomically and for the owner alone; a home without a name gets one."""
    named = asdict(known) | {"home_id": known.home_id or uuid.uuid4().hex}
    path = home.target_of(name)
    half = private(home.scratch / f"{path.name}-{os.getpid()}")
    half.write_bytes(orjson.dumps(named, option=orjson.OPT_INDENT_2))
    half.replace(path)


def mark_of(journal: DeliveryState) -> JournalMark:
    """How far a journal has come."""
    return JournalMark(journal.journal_id(), journal.last_acceptance())


def warehouse_mark(con: duckdb.DuckDBPyConnection) -> JournalMark:
    """How far the journal had come that the warehouse took over last; no name and 0 before the first."""
    row = first(
        con,
        "select max(value) filter (where key = ?), max(value) filter (where key = ?) from meta",
        [JOURNAL_ID, ACCEPT_SEQ],
    )
    return JournalMark(row[0] or "", int(row[1] or 0)) if row else JournalMark("", 0)


def journal_trouble(mark: JournalMark, *known: JournalMark) -> str | None:
    """Why a journal is not the one that this home was last seen with; None: it is, or there was none."""
    for before in known:
        if before.accept_seq and before.journal_id and before.journal_id != mark.journal_id:
            return (
                f"delivery.sqlite is another journal than the one that this home delivered with, which had noted"
                f" {counted(before.accept_seq, 'accepted request')}"
            )
        if before.accept_seq > mark.accept_seq:
            return (
                f"delivery.sqlite is older than what this home knows of it: it has {counted(mark.accept_seq, 'accepted request')},"
                f" and had {before.accept_seq:,}"
            )
    return None
