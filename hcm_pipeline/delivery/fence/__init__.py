"""The fence: nothing goes out to a target that knows more than this home does, until a person says so.

Two histories of one target come about by a restored home, a copied one, a lost journal, a second home, another program. Two
things tell of it. The home's own files: its target, the name of its journal and how far that had come are written in several
places (`home_target`), and by where its files lie a home is told from its copies (`home_place`). And the target: what became of
accounts, as its entries say, against what the journal sent (`history`). A person may let it go on (`takeover`).
"""

from hcm_pipeline.delivery.fence.history import (
    Finding,
    Question,
    Sent,
    TargetReading,
    find_unexplained,
    look_at_target,
)
from hcm_pipeline.delivery.fence.home_place import whereabouts
from hcm_pipeline.delivery.fence.home_target import (
    HistoryStop,
    HomeTarget,
    JournalMark,
    journal_trouble,
    mark_of,
    read_target,
    read_targets,
    warehouse_mark,
    write_target,
)
from hcm_pipeline.delivery.fence.takeover import (
    Unsure,
    left_alone,
    newer_since,
    note_history,
    send_again,
    send_everybody,
    take_over,
    unsure,
    unsure_workers,
)

__all__ = [
    "Finding",
    "HistoryStop",
    "HomeTarget",
    "JournalMark",
    "Question",
    "Sent",
    "TargetReading",
    "Unsure",
    "find_unexplained",
    "journal_trouble",
    "left_alone",
    "look_at_target",
    "mark_of",
    "newer_since",
    "note_history",
    "read_target",
    "read_targets",
    "send_again",
    "send_everybody",
    "take_over",
    "unsure",
    "unsure_workers",
    "warehouse_mark",
    "whereabouts",
    "write_target",
]
