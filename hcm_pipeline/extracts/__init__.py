"""Extracts: each delivery is registered by source, business date and bytes. This room decides which of a day's count, in which
order.

It opens no format: the description of an extract comes from the format of its source, and goes back to it.
"""

from hcm_pipeline.extracts.beside import beside
from hcm_pipeline.extracts.description import Description, with_headings
from hcm_pipeline.extracts.extract import Extract
from hcm_pipeline.extracts.file_names import match_source, name_fault, read_business_date
from hcm_pipeline.extracts.in_force import groups, parts_of
from hcm_pipeline.extracts.register import (
    choose,
    decide,
    doubtful,
    enter,
    entered_since,
    in_use,
    is_accepted,
    last_before,
    named,
    newest_id,
    of_day,
    reference,
    said_before,
    step_back,
)
from hcm_pipeline.extracts.taking import (
    UNFINISHED,
    Complete,
    Left,
    Seen,
    Taken,
    is_complete,
    is_marked_unfinished,
    is_whole,
    keep,
    let_go,
    put_back,
    take,
)

__all__ = [
    "UNFINISHED",
    "Complete",
    "Description",
    "Extract",
    "Left",
    "Seen",
    "Taken",
    "beside",
    "choose",
    "decide",
    "doubtful",
    "enter",
    "entered_since",
    "groups",
    "in_use",
    "is_accepted",
    "is_complete",
    "is_marked_unfinished",
    "is_whole",
    "keep",
    "last_before",
    "let_go",
    "match_source",
    "name_fault",
    "named",
    "newest_id",
    "of_day",
    "parts_of",
    "put_back",
    "read_business_date",
    "reference",
    "said_before",
    "step_back",
    "take",
    "with_headings",
]
