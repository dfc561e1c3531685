"""The rules of a synchronization schema, judged without any service: over any schema that was exported or generated.

Each rule yields findings: where in the JSON, which attribute, what is wrong, and the mend. Sources: [8.3] the checks that the
fact sheet recommends for a validator, and the pages of Microsoft's documentation that `described` names for each rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hcm_pipeline.synchronization import mapping_rules, name_rules, service_rules, value_rules
from hcm_pipeline.synchronization.judged import Judged, Said, Severity
from hcm_pipeline.synchronization.schema_model import Schema, SchemaFault
from hcm_pipeline.synchronization.target_kind import kind_of


@dataclass(frozen=True)
class Finding:
    """One broken rule. `path`: where in the JSON; `attribute`: of the account or, where there is none, of the source.

    `severity`: an error loses, refuses or rewrites something; a warning may, by what is sent.
    """

    rule: str
    severity: Severity
    path: str
    attribute: str
    sentence: str
    mend: str


Check = Callable[[Judged], Iterator[Said]]


@dataclass(frozen=True)
class SchemaRule:
    """A rule: its name, what it asks for in one sentence, and the source that asks for it."""

    name: str
    asks: str
    source: str
    check: Check


def findings(schema: Schema) -> tuple[Finding, ...]:
    """Every rule that a schema breaks, in the order of the rules. Without one mapping of people that alone is said."""
    try:
        people = schema.people
    except SchemaFault as fault:
        mend = "map the SCIM user to the account in one enabled object mapping, as the job's template does"
        return (Finding(ONE_MAPPING, "error", fault.path, "", f"{fault.allowed}", mend),)
    judged = Judged(schema, people, kind_of(schema))
    return tuple(Finding(rule.name, *said) for rule in RULES for said in rule.check(judged))


def described() -> Iterator[SchemaRule]:
    """The rules in their order, for the reference page."""
    yield SchemaRule(ONE_MAPPING, "One enabled object mapping makes people.", "[8.3]", lambda _: iter(()))
    yield from RULES


ONE_MAPPING = "one_mapping_of_people"
_FUNCTIONS = "functions-for-customizing-application-data"
RULES: tuple[SchemaRule, ...] = (
    SchemaRule("mapping_enabled", "The mapping of people is switched on.", "objectMapping", mapping_rules.enabled),
    SchemaRule("actions", "The mapping carries out Add and Update.", "objectMapping, flowTypes", mapping_rules.actions),
    SchemaRule("directories", "Both directories and their objects are defined.",
               "[8.3], directoryDefinition", mapping_rules.directories),
    SchemaRule("matching_chain", "One chain of matching attributes, each with a source and a precedence of its own; none of"
               " extensionAttribute1 to 15.", "[8.3], known-issues", mapping_rules.matching),
    SchemaRule("one_mapping_each", "One mapping fills an attribute.", "azure-docs issue 20635", mapping_rules.one_mapping_each),
    SchemaRule("source_exists", "The source directory has every attribute that a mapping reads.",
               "[8.3]", mapping_rules.sources_exist),
    SchemaRule("target_exists", "The target directory has every attribute that is mapped.", "[8.3]", mapping_rules.targets_exist),
    SchemaRule("target_writable", "No mapping writes what is ReadOnly, and none rewrites what is Immutable.",
               "[8.3], attributeDefinition", mapping_rules.targets_writable),
    SchemaRule("required_filled", "A mapping fills what no account can be without.",
               "hr-user-creation-issues", mapping_rules.required_filled),
    SchemaRule("types_fit", "An attribute takes every value of the attribute that flows to it as it is.",
               "[8.3]", value_rules.types_fit),
    SchemaRule("manager_direct", "A reference is mapped directly, from a reference.",
               "hr-manager-update-issues", value_rules.manager),
    SchemaRule("expression_form", "An expression can be read, calls documented functions, and its parsed form says the same.",
               _FUNCTIONS, value_rules.expression_form),
    SchemaRule("expression_length", "An expression has at most 10,000 characters.", _FUNCTIONS, value_rules.expression_length),
    SchemaRule("create_only", "userPrincipalName, sAMAccountName and random values are written when the account is made alone.",
               "[8.3], inbound provisioning FAQ", value_rules.create_only),
    SchemaRule("select_unique", "SelectUniqueValue is the outermost function, for Active Directory, of no matching attribute.",
               _FUNCTIONS, value_rules.select_unique),
    SchemaRule("mail_not_writable", "No mapping fills mail of Entra ID.", "hr-user-update-issues", service_rules.mail),
    SchemaRule("work_entries", "A mapping reads the entries of type work alone.",
               "inbound-provisioning-api-issues", service_rules.work_entries),
    SchemaRule("status_direction", "The account is open for those who are active, and closed for those who are not.",
               "inbound provisioning FAQ, Oracle tutorial (worksheet 4)", service_rules.status),
    SchemaRule("null_switches", "Both switches of null flow are on, or both off; never for a matching, required or multi-valued"
               " attribute.", "clear-attribute-values", service_rules.nulls),
    SchemaRule("scope_attributes", "Scoping filters judge attributes that exist and that they can judge, by operators of their"
               " type.", "define-conditional-rules-for-provisioning-user-accounts, known-issues", service_rules.scope),
    SchemaRule("custom_attributes", "A custom attribute has one value, and refers to nothing.",
               "inbound-provisioning-api-custom-attributes", name_rules.custom_attributes),
    SchemaRule("misprints", "No name has a misprint of the tutorial: COMPANYAME, a URN split by a blank, the user name as display"
               " name.", "Oracle tutorial (worksheets 2 and 6)", name_rules.misprints),
)  # fmt: skip
