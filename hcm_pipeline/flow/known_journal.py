"""Whether the journal is the one that a home was last seen with: by what is kept beside it and in the warehouse."""

from __future__ import annotations

from hcm_pipeline.delivery import (
    HistoryStop,
    Journal,
    JournalMark,
    journal_trouble,
    mark_of,
    read_targets,
    warehouse_mark,
    whereabouts,
)
from hcm_pipeline.home import Home
from hcm_pipeline.http import Clock
from hcm_pipeline.plain_text import counted
from hcm_pipeline.warehouse import Warehouse

MEND = (
    "Restore the journal from where it is newest, or let a person go on without it: land the extracts that are missing,"
    " and `hcm-pipeline upload --accept-history REASON` (docs/how-to/recover.md)"
)


def open_journal(home: Home, clock: Clock) -> Journal:
    """The journal of a home, for a `with` block; where the home lay when the journal was first opened is noted in it."""
    journal = Journal(home.journal, clock=clock)
    journal.moved(whereabouts(home))
    return journal


def require_known_journal(warehouse: Warehouse, journal: Journal) -> None:
    """Raises HistoryStop when the journal is not the one that the home was last seen with."""
    trouble = journal_trouble(mark_of(journal), *marks_of(warehouse))
    if trouble is not None:
        raise HistoryStop(f"nothing was sent: {trouble}. {MEND}")


def refuse_lost_journal(warehouse: Warehouse) -> None:
    """Raises HistoryStop where an empty journal would take the place of a lost one.

    By what is kept beside it alone, for the warehouse may be open; before anything is sent, that is asked too.
    """
    path = warehouse.home.journal
    if path.is_file() and path.stat().st_size:
        return
    noted = max(
        (one.journal.accept_seq for one in read_targets(warehouse.home) if one.journal.journal_id), default=None
    )
    if noted is not None:
        raise HistoryStop(f"delivery.sqlite is lost: it had noted {counted(noted, 'accepted request')}. {MEND}")


def marks_of(warehouse: Warehouse) -> list[JournalMark]:
    """How far the journal had come by what else the home knows."""
    known = read_targets(warehouse.home)
    with warehouse.read_or_empty() as con:
        return [*(one.journal for one in known), warehouse_mark(con)]
