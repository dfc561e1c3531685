"""Microsoft Entra ID as a target: the SCIM user of a worker, how a synchronization job is sent it, and how its log is read."""

from hcm_pipeline.targets.entra.attribute_rules import limits_of, rule_faults
from hcm_pipeline.targets.entra.connection import (
    describe,
    found_target,
    fresh_sandbox,
    known_target,
    open_target,
    own_sandbox,
    pace_of,
    target_key,
    tenant_of,
    to_sandbox,
)
from hcm_pipeline.targets.entra.directory_attributes import attribute_of
from hcm_pipeline.targets.entra.flow_rules import flow_faults, target_notes
from hcm_pipeline.targets.entra.generated_schema import Aside, GeneratedSchema, generated_schema, kind_of_job
from hcm_pipeline.targets.entra.job_health import describe_health
from hcm_pipeline.targets.entra.log_text import without_values
from hcm_pipeline.targets.entra.null_switches import flows_of, null_faults, shown_by
from hcm_pipeline.targets.entra.scim_mapping import carriers, columns_of, compile_mapping, mapping_faults
from hcm_pipeline.targets.entra.scim_schema import written_by
from hcm_pipeline.targets.entra.service import EntraJob, EntraLive, live
from hcm_pipeline.targets.entra.target import EntraTarget
from hcm_pipeline.targets.entra.workflow_dates import (
    MEANING,
    DateMapping,
    Missed,
    MissedWorker,
    date_mappings,
    find_missed,
)

__all__ = [
    "MEANING",
    "Aside",
    "DateMapping",
    "EntraJob",
    "EntraLive",
    "EntraTarget",
    "GeneratedSchema",
    "Missed",
    "MissedWorker",
    "attribute_of",
    "carriers",
    "columns_of",
    "compile_mapping",
    "date_mappings",
    "describe",
    "describe_health",
    "find_missed",
    "flow_faults",
    "flows_of",
    "found_target",
    "fresh_sandbox",
    "generated_schema",
    "kind_of_job",
    "known_target",
    "limits_of",
    "live",
    "mapping_faults",
    "null_faults",
    "open_target",
    "own_sandbox",
    "pace_of",
    "rule_faults",
    "shown_by",
    "target_key",
    "target_notes",
    "tenant_of",
    "to_sandbox",
    "without_values",
    "written_by",
]
