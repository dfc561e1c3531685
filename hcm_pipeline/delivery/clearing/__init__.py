"""Clearing: whether a null clears the value that a target has, and which values stay although workers have them no more."""

from hcm_pipeline.delivery.clearing.null_flows import (
    Flow,
    Reading,
    ask_again,
    attributes_of,
    held_as,
    keep_flows,
    known_flows,
    last_reading,
    note_flows,
)
from hcm_pipeline.delivery.clearing.stale_values import (
    ByHand,
    clearable,
    cleared_by_hand,
    close_shown_empty,
    settle,
    take_over,
    with_stale_values,
)

__all__ = [
    "ByHand",
    "Flow",
    "Reading",
    "ask_again",
    "attributes_of",
    "clearable",
    "cleared_by_hand",
    "close_shown_empty",
    "held_as",
    "keep_flows",
    "known_flows",
    "last_reading",
    "note_flows",
    "settle",
    "take_over",
    "with_stale_values",
]
