"""The description of an extract: what every format tells, and what only its own format reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson


@dataclass(frozen=True)
class Description:
    """What a stored extract is, as its format found it."""

    columns: tuple[str, ...]
    """Headings, in their order, each once."""
    records: int | None
    """Records in the extract, counted independently of any reader; None when they cannot be counted so."""
    shape: Mapping[str, object]
    """What the format needs to read it again: plain JSON values. Nobody else opens it."""

    def to_json(self) -> str:
        """As the register keeps it: the keys of `shape`, beside `header` and `records`."""
        return orjson.dumps({**self.shape, "header": self.columns, "records": self.records}).decode()

    @classmethod
    def from_json(cls, text: str) -> Description:
        """What `to_json` made a text of."""
        values = orjson.loads(text)
        return cls(tuple(values["header"]), values["records"], values)
