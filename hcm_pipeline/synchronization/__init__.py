"""A synchronization job's schema: what Graph's JSON says, the rules that a schema breaks, and how one differs from another.

The room asks no service and knows no profile: a schema is a value.
"""

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

__all__ = [
    "Attribute",
    "AttributeMapping",
    "Clause",
    "Directory",
    "FlowType",
    "Group",
    "ObjectMapping",
    "People",
    "Rule",
    "Schema",
    "SchemaFault",
    "Scope",
    "attribute_names_in",
    "read",
]
