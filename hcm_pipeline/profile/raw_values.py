"""Values of a profile that no key may have: numbers that nothing can count with, text that drives whatever it is printed to."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from hcm_pipeline.errors import ProfileFault
from hcm_pipeline.plain_text import shown

MOST = 2**53
"""The whole numbers that JSON and every reader of it keep."""
OF_LINES = frozenset(
    {"sql", "when", "include", "on_leave", "erased", "description", "value", "replace", "blank", "allowed"}
)
"""Keys whose text may have several lines: SQL, words for people, and values as a file has them."""


def raw_faults(values: object, key: str = "", lines: bool = False) -> Iterator[ProfileFault]:
    """Every such value of a profile as TOML has it, by its key. `lines`: line breaks are allowed here."""
    if isinstance(values, dict):
        for name, value in values.items():
            yield from _text_faults(name, key or "(a key)", lines)
            yield from raw_faults(value, f"{key}.{shown(name)}" if key else shown(name), lines or name in OF_LINES)
    elif isinstance(values, list):
        for number, value in enumerate(values):
            yield from raw_faults(value, f"{key}[{number}]", lines)
    else:
        yield from _value_faults(values, key, lines)


def _value_faults(value: Any, key: str, lines: bool) -> Iterator[ProfileFault]:
    if isinstance(value, float) and not math.isfinite(value):
        yield ProfileFault(key, repr(value), "a finite number")
    elif isinstance(value, int) and abs(value) > MOST:
        text = f"a number of {value.bit_length():,} bits" if value.bit_length() > 200 else str(value)
        yield ProfileFault(key, text, f"a whole number from -{MOST} to {MOST}, and within the key's own bounds")
    elif isinstance(value, str):
        yield from _text_faults(value, key, lines)


def _text_faults(text: str, key: str, lines: bool) -> Iterator[ProfileFault]:
    """Tabs delimit files; a text without tabs and, where there may be some, line breaks is shown as it is."""
    rest = text.replace("\t", " ")
    if lines:
        rest = rest.replace("\r\n", " ").replace("\n", " ")
    if shown(rest) != rest:
        allowed = "text without control characters" if lines else "text without line breaks and control characters"
        short = text if len(text) <= 80 else f"{text[:77]}..."
        yield ProfileFault(key, repr(short), allowed)
