"""The report on lifecycle workflows: how their two dates are mapped, and whom one would miss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.plan_facts import facts_of
from hcm_pipeline.targets.entra import (
    MEANING,
    DateMapping,
    Missed,
    MissedWorker,
    compile_mapping,
    date_mappings,
    find_missed,
)
from hcm_pipeline.warehouse import Scratch, scratch


@dataclass(frozen=True)
class MissedCount:
    """One reason. `coming`: of so many workers there is still time to mend it."""

    why: str
    means: str
    workers: int
    coming: int


@dataclass(frozen=True)
class WorkflowReport:
    """`mappings`: by the account's attribute; `findings`: faults of the mapping, in sentences; `missed`: by reason; `workers`:
    whom, those of whom there is still time first, not more than were asked for."""

    mappings: Mapping[str, DateMapping]
    findings: tuple[str, ...]
    missed: tuple[MissedCount, ...]
    workers: tuple[MissedWorker, ...]

    @property
    def coming(self) -> int:
        """Findings of which there is still time to mend them."""
        return sum(one.coming for one in self.missed)


def workflow_words(con: duckdb.DuckDBPyConnection, installation: Installation) -> str | None:
    """The finding of a plan in a sentence: workers whom a workflow would miss while there is time to mend it; None: nobody."""
    with scratch(con) as t:
        found = workflow_report(t, installation, 0)
    if not found.coming:
        return None
    reasons = ", ".join(f"{one.coming:,} {one.why}" for one in found.missed if one.coming)
    return f"lifecycle workflows would miss workers ({reasons}), and there is time to mend it: `hcm-pipeline plan --workflows`"


def workflows(installation: Installation, *, shown: int | None = None) -> WorkflowReport:
    """The report on the newest snapshot. `shown`: name no more workers than that (None: all)."""
    with installation.warehouse.read() as con, scratch(con) as t:
        return workflow_report(t, installation, shown)


def workflow_report(t: Scratch, installation: Installation, shown: int | None) -> WorkflowReport:
    """The same on an open connection."""
    profile = installation.profile
    mapping = compile_mapping(profile)
    mappings = date_mappings(profile, mapping)
    findings = tuple(one.finding for one in mappings.values() if one.finding)
    facts = facts_of(t, profile, split=installation.split)
    if facts is None or all(one.attribute is None for one in mappings.values()):
        return WorkflowReport(mappings, findings, (), ())
    missed = find_missed(t, profile, mapping, facts.sources, installation.target, installation.clock())
    counts = {
        why: (workers, coming)
        for why, workers, coming in t.rows(f"select why, count(*), count(*) filter (coming) from {missed} group by 1")
    }
    limit = "" if shown is None else f" limit {shown}"
    workers = t.rows(
        f"""select person_number, name, why, date, coming from {missed}
        order by not coming, list_position({[one.value for one in Missed]!r}, why), person_number{limit}"""
    )
    return WorkflowReport(
        mappings, findings,
        tuple(MissedCount(one, MEANING[one], *counts[one]) for one in Missed if one in counts),
        tuple(MissedWorker(*row) for row in workers),
    )  # fmt: skip
