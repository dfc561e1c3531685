"""A second format, as somebody would add it: a JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import orjson

from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.extracts import Description
from hcm_pipeline.profile import Source
from hcm_pipeline.sources import REJECT_COLUMNS, ROW_NO, FileFormat, StagedExtract, unpacked
from hcm_pipeline.warehouse import Scratch


class JsonLines(FileFormat):
    """Every key of any object is a column. A line that is no object is a reject; a blank one is nothing."""

    keys: ClassVar = frozenset({"max_field_chars"})

    def describe(self, stored: Path, source: Source, name: str) -> Description:
        """Columns in the order in which they first come. Raises ExtractRefused (empty_file)."""
        columns: dict[str, None] = {}
        records = 0
        for _, line in _lines(stored, source.max_bytes):
            records += 1
            columns |= dict.fromkeys(_object(line) or {})
        if not columns:
            raise ExtractRefused(name, "empty_file", "holds no JSON object; have the extract delivered again")
        return Description(tuple(columns), records, {"lines": "json"})

    def summary(self, description: Description) -> str:
        """How many keys and lines."""
        return f"JSON lines, {len(description.columns)} keys, {description.records:,} lines"

    def stage(
        self, t: Scratch, stored: Path, description: Description, source: Source, *, name: str, folder: Path
    ) -> StagedExtract:
        """Rows and rejects, by line."""
        del name, folder
        rows: list[list[object]] = []
        rejects: list[list[object]] = []
        for number, line in _lines(stored, source.max_bytes):
            found = _object(line)
            raw = line.decode(errors="replace")
            if found is None:
                rejects.append([number, "no_object", None, f"{len(raw)} characters", raw])
                continue
            long = [column for column, value in found.items() if len(_text(value) or "") > source.max_field_chars]
            if long:
                rejects.append([number, "field_too_long", long[0], "too many characters", raw])
            else:
                rows.append([number, *(_text(found.get(column)) for column in description.columns)])
        columns = {ROW_NO: "bigint", **dict.fromkeys(description.columns, "varchar")}
        return StagedExtract(
            t.of_rows("rows", columns, rows), t.of_rows("rejects", REJECT_COLUMNS, rejects), len(rows) + len(rejects)
        )


def _lines(stored: Path, max_bytes: int) -> Iterator[tuple[int, bytes]]:
    with unpacked(stored, stored.name, max_bytes) as (_, chunks):
        for number, line in enumerate(b"".join(chunks).splitlines(), 1):
            if line.strip():
                yield number, line


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _text(value: object) -> str | None:
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else orjson.dumps(value).decode()
