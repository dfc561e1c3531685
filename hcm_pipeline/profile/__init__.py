"""One organisation's configuration as typed values, read from TOML and checked before anything uses it."""

from hcm_pipeline.profile.alert_section import Alerts, FailureLimit, Mail
from hcm_pipeline.profile.delivery_section import Delivery, Outcomes
from hcm_pipeline.profile.directory_section import Directory
from hcm_pipeline.profile.guard_section import GuardKind, GuardLimit, Guards, GuardSeveral, GuardWindow, Protected
from hcm_pipeline.profile.identity_section import (
    AdoptBy,
    DomainFor,
    Identity,
    LeaversIn,
    PlacementFor,
    RehireBy,
    Spelling,
)
from hcm_pipeline.profile.load import BUILT_IN, LoadedProfile, built_in_names, load, parse
from hcm_pipeline.profile.mapping_section import Mapped, Scim
from hcm_pipeline.profile.model import Profile
from hcm_pipeline.profile.naming_section import NAME_PARTS, PLACEHOLDER, Naming, NamingFor
from hcm_pipeline.profile.oracle_section import FEEDS, Oracle
from hcm_pipeline.profile.own_expressions import OwnExpression, fallible
from hcm_pipeline.profile.place_section import Address, Pgp, PlaceSpec
from hcm_pipeline.profile.scope import clause_sql, scope_sql
from hcm_pipeline.profile.scope_section import Clause, Operator, Scope, ScopeGroup
from hcm_pipeline.profile.source_section import (
    NAMESPACE_END,
    BusinessDate,
    LayoutField,
    Part,
    Parts,
    Source,
    SourceField,
)
from hcm_pipeline.profile.target_section import (
    ENTERPRISE,
    AttributeFlow,
    Flow,
    LeftOut,
    Population,
    Sheet,
    Target,
    TargetKind,
    references,
)
from hcm_pipeline.profile.to_confirm import TO_CONFIRM, Mark, marks_of
from hcm_pipeline.profile.value_types import Model, date_pattern
from hcm_pipeline.profile.worker_fields import (
    CORE_FIELDS,
    IDENTITY_COLUMNS,
    LEDGER_COLUMNS,
    LIFE_COLUMNS,
    NAME_FIELDS,
    REQUIRED_FIELDS,
    STAGES,
    FieldSpec,
)
from hcm_pipeline.profile.worker_section import (
    Completeness,
    Life,
    Pick,
    QuarantineLimit,
    Share,
    Slices,
    Step,
    Workers,
    WorkerTypes,
    ZoneFor,
)
from hcm_pipeline.profile.worksheets import attribute_flows, unsent_attributes, worksheet_rows
from hcm_pipeline.profile.writeback_section import ATTRIBUTES, FIELDS, Attribute, Writeback, WrittenBack

__all__ = [
    "ATTRIBUTES",
    "BUILT_IN",
    "CORE_FIELDS",
    "ENTERPRISE",
    "FEEDS",
    "FIELDS",
    "IDENTITY_COLUMNS",
    "LEDGER_COLUMNS",
    "LIFE_COLUMNS",
    "NAMESPACE_END",
    "NAME_FIELDS",
    "NAME_PARTS",
    "PLACEHOLDER",
    "REQUIRED_FIELDS",
    "STAGES",
    "TO_CONFIRM",
    "Address",
    "AdoptBy",
    "Alerts",
    "Attribute",
    "AttributeFlow",
    "BusinessDate",
    "Clause",
    "Completeness",
    "Delivery",
    "Directory",
    "DomainFor",
    "FailureLimit",
    "FieldSpec",
    "Flow",
    "GuardKind",
    "GuardLimit",
    "GuardSeveral",
    "GuardWindow",
    "Guards",
    "Identity",
    "LayoutField",
    "LeaversIn",
    "LeftOut",
    "Life",
    "LoadedProfile",
    "Mail",
    "Mapped",
    "Mark",
    "Model",
    "Naming",
    "NamingFor",
    "Operator",
    "Oracle",
    "Outcomes",
    "OwnExpression",
    "Part",
    "Parts",
    "Pgp",
    "Pick",
    "PlaceSpec",
    "PlacementFor",
    "Population",
    "Profile",
    "Protected",
    "QuarantineLimit",
    "RehireBy",
    "Scim",
    "Scope",
    "ScopeGroup",
    "Share",
    "Sheet",
    "Slices",
    "Source",
    "SourceField",
    "Spelling",
    "Step",
    "Target",
    "TargetKind",
    "WorkerTypes",
    "Workers",
    "Writeback",
    "WrittenBack",
    "ZoneFor",
    "attribute_flows",
    "built_in_names",
    "clause_sql",
    "date_pattern",
    "fallible",
    "load",
    "marks_of",
    "parse",
    "references",
    "scope_sql",
    "unsent_attributes",
    "worksheet_rows",
]
