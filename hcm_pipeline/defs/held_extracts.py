"""The job by which a person decides about a held extract from the UI."""

import dagster as dg

from hcm_pipeline.defs.resources import Pipeline
from hcm_pipeline.extracts import decide, named
from hcm_pipeline.flow.processing import utc_now

EXTRACT_JOB = "decide_extract"


class ExtractDecision(dg.Config):
    """Which extract, by the beginning of its sha256; `accept` or `refuse`; who says so, and why."""

    sha256: str
    decision: str
    by: str
    why: str


@dg.op(name="extract", description="Enter a person's word about an extract; the next run of its date acts on it.")
def decide_extract_op(context: dg.OpExecutionContext, config: ExtractDecision, pipeline: Pipeline) -> None:
    """Raises Failure for another word than accept and refuse, and what `named` raises."""
    if config.decision not in ("accept", "refuse"):
        raise dg.Failure(f"decision is {config.decision!r}; accept or refuse")
    warehouse = pipeline.warehouse(context.log)
    with warehouse.write() as con:
        extract = named(con, config.sha256)
        decide(con, extract, config.decision, by=config.by, why=config.why, now=utc_now())
    warehouse.publish()
    context.log.info(f"{extract.name} of {extract.business_date}: {config.decision}")


@dg.job(
    name=EXTRACT_JOB,
    executor_def=dg.in_process_executor,
    description="Accepts or refuses an extract that does not look whole; a person starts it with its sha256.",
)
def decide_extract_job() -> None:
    """One op: see `decide_extract_op`."""
    decide_extract_op()
