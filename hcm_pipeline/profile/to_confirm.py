"""Marks in a profile's text, `# to confirm: ...`: what was proposed from a file's values and waits for a person.

A mark stands behind a key, or on lines of its own above one or above a table. It goes when somebody takes the comment away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hcm_pipeline.profile.worker_fields import REQUIRED_FIELDS

TO_CONFIRM = "to confirm:"
"""How a mark begins."""
DOMAIN = "identity.domain"
_TEXT = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'')
_TABLE = re.compile(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=")
_MARK = re.compile(rf"#\s*{TO_CONFIRM}\s*(.*)$", re.IGNORECASE)


@dataclass(frozen=True)
class Mark:
    """One mark: the key that it is about, and what is to be confirmed."""

    key: str
    what: str

    @property
    def stops(self) -> bool:
        """Whether the profile is no use before a person has decided: it is about a field that every worker needs, or about the
        order of day and month."""
        needed = any(self.key == f"fields.{name}" or self.key.startswith(f"fields.{name}.") for name in REQUIRED_FIELDS)
        return needed or self.key.endswith(".formats")

    @property
    def names(self) -> bool:
        """Whether it is about the domain of the names that are given: those are for life."""
        return self.key == DOMAIN


def marks_of(text: str) -> Iterator[Mark]:
    """The marks of a profile's text, in their order."""
    table, waiting = "", list[str]()
    for line in text.splitlines():
        code = _TEXT.sub(lambda text: "x" * len(text[0]), line).partition("#")[0]
        found = _MARK.match(line[len(code) :])
        header, key = _TABLE.match(code), _KEY.match(code)
        if header:
            table = header[1].replace('"', "")
        if header or key:
            place = table if header else f"{table}.{key[1]}" if table and key else key[1] if key else table
            yield from (Mark(place, what) for what in waiting)
            waiting = []
            if found:
                yield Mark(place, found[1].strip())
        elif found:
            waiting.append(found[1].strip())
    yield from (Mark(table or "(end)", what) for what in waiting)
