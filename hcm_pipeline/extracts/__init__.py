"""Extracts: each delivery is taken once by its bytes, and registered. This room decides which of a day's count, in which order.

It opens no format: the description of an extract comes from the format of its source, and goes back to it.
"""

from hcm_pipeline.extracts.description import Description
from hcm_pipeline.extracts.file_names import match_source, name_fault, read_business_date
from hcm_pipeline.extracts.register import (
    Extract,
    choose,
    decide,
    enter,
    groups,
    is_accepted,
    last_before,
    named,
    note_quiet,
    of_day,
    step_back,
    with_bytes,
)
from hcm_pipeline.extracts.taking import Complete, Left, Taken, is_complete, take

__all__ = [
    "Complete",
    "Description",
    "Extract",
    "Left",
    "Taken",
    "choose",
    "decide",
    "enter",
    "groups",
    "is_accepted",
    "is_complete",
    "last_before",
    "match_source",
    "name_fault",
    "named",
    "note_quiet",
    "of_day",
    "read_business_date",
    "step_back",
    "take",
    "with_bytes",
]
