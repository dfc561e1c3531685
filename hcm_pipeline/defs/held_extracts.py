"""The job by which a person decides about a held extract from the UI."""

import datetime as dt

import dagster as dg

from hcm_pipeline import flow
from hcm_pipeline.defs.deciding_pages import launchpad
from hcm_pipeline.defs.expected import expected
from hcm_pipeline.defs.persons import person_of
from hcm_pipeline.defs.resources import Pipeline
from hcm_pipeline.plain_text import shown

EXTRACT_JOB = "decide_extract"


def deciding_about(installation: flow.Installation, day: dt.date) -> dict[str, dg.MetadataValue]:
    """The links and commands that decide about the extracts for which a date has stopped."""
    found: dict[str, dg.MetadataValue] = {}
    for extract in flow.stopped_extracts(installation, day):
        end = f"_{extract.sha256[:12]}" if found else ""
        for decision in ("accept", "refuse"):
            intent = flow.extract_intent(installation, decision, extract.statement)
            config: dict[str, str | int] = {
                "sha256": intent.whole_id,
                "rows": intent.size,
                "decision": decision,
                "why": "",
            }
            page = launchpad(installation.profile.alerts.ui_url, EXTRACT_JOB, "extract", config)
            found[f"{decision}{end}"] = dg.MetadataValue.url(page)
            found[f"{decision}_command{end}"] = dg.MetadataValue.text(intent.command)
    return found


class ExtractDecision(dg.Config):
    """Which extract, by its sha256 and the number of its rows; `accept`, `part` or `refuse`; the person who decides, and why."""

    sha256: str
    rows: int
    decision: str
    why: str
    by: str | None = None


@dg.op(name="extract", description="Enter a decision about an extract; the next run of its date acts on it.")
@expected()
def decide_extract_op(context: dg.OpExecutionContext, config: ExtractDecision, pipeline: Pipeline) -> None:
    """Raises Failure for another word than accept, part and refuse, and UsageError when no extract begins so, or several do."""
    if config.decision not in ("accept", "part", "refuse"):
        raise dg.Failure(f"decision is {config.decision!r}; accept, part or refuse")
    who = person_of(context, config.by)
    extract = flow.decide_extract(
        pipeline.installation(context.log),
        config.sha256,
        config.decision,
        rows=config.rows,
        by=who.name,
        why=config.why,
        how=who.way,
    )
    context.log.info(shown(f"{extract.name} of {extract.business_date}: {config.decision}"))


@dg.job(
    name=EXTRACT_JOB,
    executor_def=dg.in_process_executor,
    description="Accepts or refuses an extract that does not look whole; a person starts it with its sha256.",
)
def decide_extract_job() -> None:
    """One op: see `decide_extract_op`."""
    decide_extract_op()
