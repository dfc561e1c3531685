"""A synchronization job's schema: what Graph's JSON says, the rules that a schema breaks, and how one differs from another.

The room asks no service and knows no profile: a schema is a value.
"""

from hcm_pipeline.synchronization.comparison import Difference, DifferenceKind, compare, same_source, scope_text, shown
from hcm_pipeline.synchronization.rules import Finding, SchemaRule, described, findings
from hcm_pipeline.synchronization.schema_model import (
    Attribute,
    AttributeMapping,
    Clause,
    Directory,
    FlowType,
    Group,
    ObjectMapping,
    People,
    Rule,
    Schema,
    SchemaFault,
    Scope,
    attribute_names_in,
    read,
)
from hcm_pipeline.synchronization.target_kind import ACTIVE_DIRECTORY, ENTRA, Kind, kind_of
from hcm_pipeline.synchronization.value_rules import FITS

__all__ = [
    "ACTIVE_DIRECTORY",
    "ENTRA",
    "FITS",
    "Attribute",
    "AttributeMapping",
    "Clause",
    "Difference",
    "DifferenceKind",
    "Directory",
    "Finding",
    "FlowType",
    "Group",
    "Kind",
    "ObjectMapping",
    "People",
    "Rule",
    "Schema",
    "SchemaFault",
    "SchemaRule",
    "Scope",
    "attribute_names_in",
    "compare",
    "described",
    "findings",
    "kind_of",
    "read",
    "same_source",
    "scope_text",
    "shown",
]
