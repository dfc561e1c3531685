"""Values that the target is known to refuse, and what stands in their place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from hcm_pipeline.flow.views.rows import mappings_of
from hcm_pipeline.plain_text import counted
from hcm_pipeline.warehouse import Relation, first

SHOWN = 50
PAGE = 1000
"""Rows that are read at once."""
MEANWHILE = {
    "cut": "it is cut",
    "last value stays": "the last good value stays",
    "is not sent": "the account has none",
    "waits": "the account waits",
}
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

    def sentence(self) -> str:
        """The rule that the value breaks, and what stands in its place, in words."""
        limit = (
            f" ({counted(self.length, 'character')}, at most {self.longest:,})" if self.length and self.longest else ""
        )
        others = [number for number in self.others if number != self.person_number]
        shared = f" ({', '.join(others)})" if others else ""
        return f"The value {self.rule}{limit}{shared}; {MEANWHILE[self.meanwhile]}."


@dataclass(frozen=True)
class NamedFinding(TargetFinding):
    """A finding and HR's name of the worker; None where HR no longer tells it."""

    name: str | None = None


@dataclass(frozen=True)
class FindingsToRead:
    """All findings of a plan, to be read while the block lasts in which the plan was looked at."""

    _con: duckdb.DuckDBPyConnection
    _found: Relation | None
    _workers: Relation

    def read(self) -> Iterator[NamedFinding]:
        """Every one, those who wait before all others."""
        if self._found is None:
            return
        result = self._con.execute(f"""
            select {_COLUMNS},
                coalesce(nullif(trim(concat_ws(' ', first_name, last_name)), ''), display_name) as name
            from {self._found} found left join {self._workers} worker using (person_number) {_ORDER}""")
        while rows := result.fetchmany(PAGE):
            for number, attribute, rule, length, longest, others, meanwhile, name in rows:
                yield NamedFinding(number, attribute, rule, length, longest, tuple(others or ()), meanwhile, name)


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
