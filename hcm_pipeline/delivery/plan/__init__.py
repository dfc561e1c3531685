"""The plan: the operations that bring a target to what it should have, which of them wait for an approval, and their order."""

from hcm_pipeline.delivery.plan.decisions import withheld
from hcm_pipeline.delivery.plan.facts import Facts, Rules, Snapshot, Task
from hcm_pipeline.delivery.plan.fitting import units_sql
from hcm_pipeline.delivery.plan.guards import OTHERS, Verdict
from hcm_pipeline.delivery.plan.planning import Plan, Preview, make_plan, preview
from hcm_pipeline.delivery.plan.resend import why_plan
from hcm_pipeline.delivery.plan.staleness import moved
from hcm_pipeline.delivery.plan.summary import attributes
from hcm_pipeline.delivery.plan.summary import read as read_summary
from hcm_pipeline.delivery.plan.undo import UNDO
from hcm_pipeline.delivery.plan.undo import ask as ask_undo

__all__ = [
    "OTHERS",
    "UNDO",
    "Facts",
    "Plan",
    "Preview",
    "Rules",
    "Snapshot",
    "Task",
    "Verdict",
    "ask_undo",
    "attributes",
    "make_plan",
    "moved",
    "preview",
    "read_summary",
    "units_sql",
    "why_plan",
    "withheld",
]
