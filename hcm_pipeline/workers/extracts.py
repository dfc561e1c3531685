"""The register of extracts: every file ever taken, once, by the sha256 of its bytes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
import orjson

from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.profile.model import Profile, Source
from hcm_pipeline.sources import Shape
from hcm_pipeline.warehouse import first


@dataclass(frozen=True)
class Extract:
    """A registered extract."""

    extract_id: int
    sha256: str
    source: str
    content: str
    business_date: dt.date
    name: str
    shape: Shape
    status: str

    def stored(self, extracts: Path) -> Path:
        """The immutable copy."""
        return extracts / self.sha256[:2] / self.sha256


_COLUMNS = "extract_id, sha256, source, content, business_date, name, shape, status"


def _extract(row: Sequence[Any]) -> Extract:
    number, sha256, source, content, date, name, shape, status = row
    return Extract(number, sha256, source, content, date, name, _shape(shape), status)


def _shape(text: str) -> Shape:
    values: dict[str, Any] = orjson.loads(text)
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    return Shape(**fields)


def find(con: duckdb.DuckDBPyConnection, sha256: str) -> Extract | None:
    """The extract with these bytes, if they were ever taken."""
    row = first(con, f"select {_COLUMNS} from extracts where sha256 = ?", [sha256])
    return _extract(row) if row else None


def of_day(con: duckdb.DuckDBPyConnection, day: dt.date) -> list[Extract]:
    """The extracts of a business date in the order of their arrival, but for those that could not be read."""
    rows = con.execute(
        f"select {_COLUMNS} from extracts where business_date = ? and status <> 'refused' order by extract_id",
        [day],
    ).fetchall()
    return [_extract(row) for row in rows]


def effective(extracts: list[Extract]) -> tuple[list[Extract], list[Extract]]:
    """Which of a day's extracts are read, and which a later full one of the same source supersedes."""
    last_full = {e.source: e.extract_id for e in extracts if e.content == "full"}
    used = [e for e in extracts if e.extract_id >= last_full.get(e.source, 0)]
    return used, [e for e in extracts if e not in used]


def columns_faults(profile: Profile, shape: Shape, name: str) -> tuple[list[str], list[str]]:
    """(unknown columns, missing columns) of a header. Raises ExtractRefused when a required column is missing."""
    wanted = {spec.column: spec for spec in profile.columns.values()}
    missing = [column for column in wanted if column not in shape.header]
    required = [column for column in missing if wanted[column].required]
    if required:
        raise ExtractRefused(
            name,
            "missing_required_column",
            f"the required column{'s' if len(required) > 1 else ''} {', '.join(required)} "
            f"{'are' if len(required) > 1 else 'is'} missing; the file has {', '.join(shape.header)}. "
            "Correct the extract, or name its columns in the profile",
        )
    return [column for column in shape.header if column not in wanted], missing


def register(
    con: duckdb.DuckDBPyConnection,
    profile: Profile,
    source: Source,
    *,
    sha256: str,
    size: int,
    name: str,
    day: dt.date,
    shape: Shape,
    now: dt.datetime,
) -> Extract:
    """Enter a new extract. Raises ExtractRefused for a header that the profile cannot read."""
    unknown, missing = columns_faults(profile, shape, name)
    number = (first(con, "select coalesce(max(extract_id), 0) + 1 from extracts") or (1,))[0]
    con.execute(
        "insert into extracts values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'landed', null, null, null)",
        [number, sha256, source.name, source.content, day, name, size, now, orjson.dumps(asdict(shape)).decode(),
         unknown, missing],
    )  # fmt: skip
    return Extract(number, sha256, source.name, source.content, day, name, shape, "landed")
