"""Values that the target is known to refuse, and what stands in their place."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from hcm_pipeline.flow.views.rows import mappings_of
from hcm_pipeline.warehouse import Relation, first

SHOWN = 50
_COLUMNS = 'person_number, attribute, "rule", length, longest, others, meanwhile'
_ORDER = "order by meanwhile = 'waits' desc, attribute, person_number, \"rule\""


@dataclass(frozen=True)
class TargetFinding:
    """One value that the target would refuse. `length` and `longest` in UTF-16 code units; `longest` is null where no length is
    known, and `others` are all who have the same value."""

    person_number: str
    attribute: str
    rule: str
    length: int | None
    longest: int | None
    others: tuple[str, ...]
    meanwhile: str


@dataclass(frozen=True)
class TargetFindings:
    """The first of them, those who wait before all others, and how many there are."""

    findings: tuple[TargetFinding, ...] = ()
    in_all: int = 0


NO_FINDINGS = TargetFindings()


def findings_in(con: duckdb.DuckDBPyConnection, found: Relation | None, number: str | None = None) -> TargetFindings:
    """Those in a relation, of everybody or of one worker. `found` as of `Preview.findings`."""
    return NO_FINDINGS if found is None else _read(con, str(found), {"number": number})


def findings_of(con: duckdb.DuckDBPyConnection, target: str) -> TargetFindings:
    """Those of the last plan for a target."""
    return _read(con, "(from target_findings where target = $target)", {"number": None, "target": target})


def _read(con: duckdb.DuckDBPyConnection, source: str, values: dict[str, object]) -> TargetFindings:
    where = "where $number is null or person_number = $number"
    rows = mappings_of(con, f"select {_COLUMNS} from {source} {where} {_ORDER} limit {SHOWN}", values)
    if not rows:
        return NO_FINDINGS
    [in_all] = first(con, f"select count(*) from {source} {where}", values) or (0,)
    return TargetFindings(tuple(TargetFinding(**{**row, "others": tuple(row["others"] or ())}) for row in rows), in_all)
