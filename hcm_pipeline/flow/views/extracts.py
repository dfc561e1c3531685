"""Extracts: what they are, the findings about them, and what was decided about them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from hcm_pipeline.extracts import named
from hcm_pipeline.flow import verdict_table
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.views.rows import mappings_of, values_of
from hcm_pipeline.verdicts import Verdict


@dataclass(frozen=True)
class Extract:
    """One file that was taken, and how it was read. A value is None where the format has none: JSON has no delimiter."""

    business_date: dt.date
    name: str
    source: str
    sha256: str
    status: str
    rows: int | None
    quarantined: int | None
    encoding: str | None
    delimiter: str | None
    newline: str | None
    compression: str | None
    unknown_columns: list[str]
    missing_columns: list[str]
    reason: str | None


@dataclass(frozen=True)
class Finding:
    """One finding about an extract. `detail` may hold values of cohorts."""

    rule: str
    message: str
    detail: str | None


@dataclass(frozen=True)
class ExtractDecision:
    """A decision about an extract."""

    decision: str
    decided_by: str
    decided_at: dt.datetime
    why: str
    how: str


@dataclass(frozen=True)
class ExtractStory:
    """One extract with the findings about it and what was decided, oldest decision first."""

    business_date: dt.date
    name: str
    source: str
    content: str
    sha256: str
    status: str
    rows: int | None
    control_total: int | None
    quarantined: int | None
    landed_at: dt.datetime
    reason: str | None
    findings: tuple[Finding, ...]
    decisions: tuple[ExtractDecision, ...]

    @property
    def statement(self) -> str:
        """The name of what it says: its sha256, date and source."""
        return f"{self.sha256}@{self.business_date}@{self.source}"

    def verdicts(self) -> list[Verdict]:
        """Its findings in the shape of every rule's."""
        trips = self.status == "stopped"
        return [
            verdict_table.of_finding(
                self.statement,
                found.rule,
                found.message,
                found.detail,
                tripped=trips,
            )
            for found in self.findings
        ]


@dataclass(frozen=True)
class RunExtract:
    """One file of a business date, as a run tells of it. `encoding` and `delimiter`: as in `Extract`."""

    sha256: str
    source: str
    name: str
    size_bytes: int
    encoding: str | None
    delimiter: str | None
    status: str


def newest_extracts(con: duckdb.DuckDBPyConnection, limit: int = 14) -> list[Extract]:
    """The newest extracts, oldest first."""
    return values_of(
        con,
        Extract,
        """select business_date, name, source, sha256, status, "rows", quarantined, shape->>'encoding' as encoding,
            shape->>'delimiter' as delimiter, shape->>'newline' as newline, shape->>'compression' as compression,
            unknown_columns, missing_columns, reason
        from extracts order by business_date desc, extract_id desc limit ?""",
        [limit],
    )[::-1]


def extract_stories(installation: Installation, sha256: str | None, limit: int = 30) -> list[ExtractStory]:
    """One extract, by the beginning of its sha256, or the newest ones, oldest first.

    Raises UsageError when no extract, or several, begin so.
    """
    with installation.warehouse.read() as con:
        only = _meant(con, sha256) if sha256 else None
        found = mappings_of(
            con,
            """select extract_id, business_date, name, source, content, sha256, status, "rows", control_total, quarantined,
                landed_at, reason from extracts where ? is null or list_contains(?::integer[], extract_id)
            order by business_date desc, extract_id desc limit ?""",
            [only, only, limit],
        )
        return [_story(con, row.pop("extract_id"), row) for row in reversed(found)]


def _meant(con: duckdb.DuckDBPyConnection, beginning: str) -> list[int]:
    """The extracts of the one file that is meant, for whatever dates and sources it was taken; or only the one that is named so."""
    sha256, at, _ = beginning.partition("@")
    if at:
        return [named(con, beginning).extract_id]
    rows = con.execute(
        "select extract_id, sha256 from extracts where starts_with(sha256, ?)", [sha256.lower()]
    ).fetchall()
    return (
        [number for number, _ in rows] if len({found for _, found in rows}) == 1 else [named(con, beginning).extract_id]
    )


def _story(con: duckdb.DuckDBPyConnection, extract_id: int, row: dict[str, object]) -> ExtractStory:
    findings = values_of(
        con, Finding, "select rule, message, detail from extract_findings where extract_id = ? order by 1", [extract_id]
    )
    decisions = values_of(
        con,
        ExtractDecision,
        "select decision, decided_by, decided_at, why, how from extract_decisions where extract_id = ? order by decided_at",
        [extract_id],
    )
    return ExtractStory(**row, findings=tuple(findings), decisions=tuple(decisions))  # type: ignore[arg-type]


def stopped_extracts(installation: Installation, day: dt.date) -> list[ExtractStory]:
    """The extracts for which a business date has stopped: a person decides about them."""
    found = extract_stories(installation, None, limit=100)
    return [story for story in found if story.business_date == day and story.status == "stopped"]


def extracts_of(installation: Installation, days: Sequence[dt.date]) -> dict[dt.date, list[RunExtract]]:
    """The extracts of business dates, from the warehouse itself: what was just landed is not published yet."""
    with installation.warehouse.write() as con:
        return {
            day: values_of(
                con,
                RunExtract,
                """select sha256, source, name, size_bytes, shape->>'encoding' as encoding, shape->>'delimiter' as delimiter, status
                from extracts where business_date = ? order by extract_id""",
                [day],
            )
            for day in days
        }


def left_out(installation: Installation) -> dict[int, str]:
    """Why extracts that were taken could not be read: a sentence each, by the extract's number."""
    with installation.warehouse.read_or_empty() as con:
        rows = con.execute(
            """select extract_id, reason from extracts where status = 'refused'
            and extract_id not in (select extract_id from extract_decisions) order by 1"""
        ).fetchall()
    return dict(rows)


def taken_digests(installation: Installation) -> set[str]:
    """The sha256 of every file ever taken."""
    with installation.warehouse.write() as con:
        return {digest for (digest,) in con.execute("select sha256 from extracts").fetchall()}
