"""The texts of the provisioning log without what they say of people: the attribute, the length and the rule stay."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hcm_pipeline.targets.entra.attribute_rules import attribute_names

HIDDEN = "…"
LONGEST = 300
"""Characters of a text that are shown."""
_OF_PEOPLE = (
    re.compile(r"(?<![\w.])[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+"),  # addresses
    re.compile(r"(?i)(?<=\b(?:CN|OU|DC|DN)=)[^,;:'\"]+"),  # parts of distinguished names
    re.compile(r"(?i)\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"),  # ids of objects
    re.compile(r"\+?\d(?:[\d ()./-]{5,}\d)"),  # numbers of phones and people
)
_QUOTED = re.compile(r"""(["'‘’“”«»])([^"'‘’“”«»]+)(["'‘’“”«»])""")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]*")


def without_values(text: str | None, values: Iterable[str | None]) -> str | None:
    """A text of the log in which `values`, those that were sent of the worker, and whatever else looks like one are hidden."""
    if text is None:
        return None
    known = sorted({value for value in values if value and len(value) > 1}, key=len, reverse=True)
    for value in known:
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", HIDDEN, text, flags=re.IGNORECASE)
    for pattern in _OF_PEOPLE:
        text = pattern.sub(HIDDEN, text)
    text = _QUOTED.sub(_quoted, text)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + HIDDEN


def _quoted(found: re.Match[str]) -> str:
    """A text in quotes is a value, unless the directory has an attribute or a class of that name."""
    inner = found[2]
    stays = _NAME.fullmatch(inner) and inner.lower() in _SAFE
    return f"{found[1]}{inner if stays else HIDDEN}{found[3]}"


_SAFE = {name.lower() for name in (*attribute_names(), "User", "Guest", "Member", "accountEnabled", "manager")}
