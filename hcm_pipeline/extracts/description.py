"""The description of an extract: what every format tells, and what only its own format reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson


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
