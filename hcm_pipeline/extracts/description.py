"""The description of an extract: what every format tells, and what only its own format reads."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import orjson

_LOST = "\ufffd"


@dataclass(frozen=True)
class Description:
    """A stored extract as its format found it."""

    columns: tuple[str, ...]
    """Headings, in their order, each once."""
    records: int | None
    """Records in the extract, counted independently of any reader; None when they cannot be counted so."""
    shape: Mapping[str, object]
    """All that the format needs to read it again: plain JSON values. Nobody else opens it."""

    is_open: bool = False
    """The columns are those that happen to occur, as in XML: another day may have more, and an extract of
    changes has few."""

    def values(self) -> dict[str, object]:
        """As the register keeps it: the keys of `shape`, beside `header`, `records` and, where it is so, `is_open`."""
        is_open = {"is_open": True} if self.is_open else {}
        return {**self.shape, "header": self.columns, "records": self.records, **is_open}

    def to_json(self) -> str:
        """The values as JSON."""
        return orjson.dumps(self.values()).decode()

    @classmethod
    def from_json(cls, text: str) -> Description:
        """The description that `to_json` made a text of."""
        values = orjson.loads(text)
        is_open = bool(values.pop("is_open", False))
        return cls(tuple(values.pop("header")), values.pop("records"), values, is_open)


def with_headings(description: Description, wanted: Iterable[str]) -> tuple[Description, list[str]]:
    """The description with each damaged heading as the wanted column that it fits, and these columns; U+FFFD is a lost byte.

    A heading fits the one missing column whose other characters are its own; where it fits several, or several fit one, it stays.
    """
    missing = [column for column in wanted if column not in description.columns]
    fits = {
        heading: [column for column in missing if _fits(heading, column)]
        for heading in description.columns
        if _LOST in heading
    }
    told = Counter(column for columns in fits.values() for column in columns)
    taken = {heading: found[0] for heading, found in fits.items() if len(found) == 1 and told[found[0]] == 1}
    if not taken:
        return description, []
    return replace(description, columns=tuple(taken.get(each, each) for each in description.columns)), [*taken.values()]


def _fits(heading: str, column: str) -> bool:
    """A lost byte stood for a character, for a part of one, or for none; two thirds of the column's name must be there."""
    parts = re.split(f"({_LOST}+)", heading)
    pattern = "".join(f".{{0,{len(part)}}}" if part[:1] == _LOST else re.escape(part) for part in parts)
    return 3 * (len(heading) - heading.count(_LOST)) >= 2 * len(column) and re.fullmatch(pattern, column) is not None
