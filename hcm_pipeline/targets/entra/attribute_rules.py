"""The rules of the directory for each attribute that a mapping fills: lengths, forms, what must be there and be unique.

One table for each kind of directory that a job writes to, by the SCIM path. A job may map a path to another attribute than
Microsoft's worksheets do: `delivery.longest` of the profile says what that one takes.

Sources: [user] Microsoft Graph v1.0, resource type user (department 64, companyName 64, jobTitle 128 ... "Maximum length is");
[upn] `directory/name_limits.py`; [ad] rangeUpper of the attribute in Microsoft's schema of Active Directory
(AD DS Attributes, Windows Server 2016); [rfc] RFC 5321, section 4.5.3.1.3 (a path has 256 octets with its brackets);
[map] the matching attribute of the job (worksheet 6): two records with one value match one account.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hcm_pipeline.delivery import Mending
from hcm_pipeline.errors import ProfileFault
from hcm_pipeline.profile import IDENTITY_COLUMNS, Profile, TargetKind
from hcm_pipeline.targets.entra.attribute_names import by_name, columns_named, filled, unknown_name
from hcm_pipeline.targets.entra.flow_rules import own_limits
from hcm_pipeline.targets.entra.scim_mapping import Leaf, Mapping, compile_mapping
from hcm_pipeline.targets.entra.scim_schema import ENTERPRISE, Path, parse_path, written_by
from hcm_pipeline.warehouse import may_hold_no_text

WORK, MOBILE = '[type eq "work"]', '[type eq "mobile"]'
ADDRESS = r"[^@\s]+@[^@\s]+"
_LOCAL, _DOMAIN = "A-Za-z0-9'_!#^~-", "A-Za-z0-9"
USER_NAME = rf"[{_LOCAL}]([.{_LOCAL}]{{0,62}}[{_LOCAL}])?@[{_DOMAIN}]([{_DOMAIN}.-]{{0,46}}[{_DOMAIN}])?"
_NO_SAM = r"""\x00-\x1f\x7f-\x{10FFFF}"/\\\[\]:;|=,+*?<>'@"""
SAM_NAME = rf"([^ {_NO_SAM}][^{_NO_SAM}]*)?[^. {_NO_SAM}]"
"""The limits of `directory/name_limits.py` as forms of a whole name."""


@dataclass(frozen=True)
class Rule:
    """The rules of one attribute. `attribute` is its name in the directory; `longest` counts UTF-16 code units, as both do.

    `form`: a regular expression of the whole value (RE2). `required`: no account is made without it. `unique`: no two accounts
    have it, as the directory compares. `blank`: an empty text is refused, and not taken for nothing. `made`: an expression may make
    control characters, which no value holds.
    """

    attribute: str
    source: str
    longest: int | None = None
    form: str | None = None
    required: bool = False
    unique: bool = False
    blank: bool = False
    made: bool = False


_EITHER: dict[str, Rule] = {
    "externalId": Rule("employeeId", "[user] [ad] [map]", 16, required=True, unique=True),
    "userName": Rule("userPrincipalName", "[upn]", 113, USER_NAME, required=True, unique=True),
    "displayName": Rule("displayName", "[user] [ad]", 256, required=True),
    "name.givenName": Rule("givenName", "[user] [ad]", 64),
    "name.familyName": Rule("surname", "[user] [ad]", 64),
    "title": Rule("jobTitle", "[user] [ad]", 128),
    f"emails{WORK}.value": Rule("mail", "[rfc] [ad]", 256, ADDRESS),
    f"phoneNumbers{WORK}.value": Rule("telephoneNumber", "[ad]", 64),
    f"phoneNumbers{MOBILE}.value": Rule("mobile", "[user] [ad]", 64),
    f"addresses{WORK}.streetAddress": Rule("streetAddress", "[user] [ad]", 1024),
    f"addresses{WORK}.locality": Rule("city", "[user] [ad]", 128),
    f"addresses{WORK}.region": Rule("state", "[user] [ad]", 128),
    f"addresses{WORK}.postalCode": Rule("postalCode", "[user] [ad]", 40),
    f"addresses{WORK}.country": Rule("country", "[user] [ad]", 128),
    f"addresses{WORK}.formatted": Rule("physicalDeliveryOfficeName", "[ad]", 128),
    f"{ENTERPRISE}:department": Rule("department", "[user] [ad]", 64),
    f"{ENTERPRISE}:organization": Rule("companyName", "[user] [ad]", 64),
}
_AD_ALONE: dict[str, Rule] = {
    "userType": Rule("employeeType", "[ad]", 256),
    "name.middleName": Rule("middleName", "[ad]", 64),
    f"{ENTERPRISE}:division": Rule("division", "[ad]", 256),
    f"{ENTERPRISE}:employeeNumber": Rule("employeeNumber", "[ad]", 512),
}
_CUSTOM: dict[str, Rule] = {
    "samaccountname": Rule("sAMAccountName", "[upn]", 20, SAM_NAME, required=True, unique=True),
    "commonname": Rule("cn", "[ad]", 64, required=True),
    "mailnickname": Rule("mailNickname", "[user]", 64),
}
"""By the last part of the name in lower case, whatever an organisation calls its URN. Active Directory alone asks for the
first two; the length of all holds where they are mapped."""

TABLES: dict[str, dict[str, Rule]] = {"entra": _EITHER, "ad": _EITHER | _AD_ALONE}
"""By the kind of directory, the rules by SCIM path."""


@dataclass(frozen=True)
class Ruled:
    """A mapped value and the rule of its attribute. `mending`: what becomes of a value that breaks it."""

    leaf: Leaf
    rule: Rule
    mending: Mending


def ruled(profile: Profile, mapping: Mapping, target: str) -> tuple[Ruled, ...]:
    """The mapped values that could break a rule of the directory that the job writes to, each with the rules that it could break.

    The names of the ledger keep them by themselves, and so does a field whose values the profile keeps as short.
    """
    kind = written_by(target)
    cut = columns_named(profile, mapping.leaves, profile.delivery.cut)
    own = own_limits(profile, TargetKind.ACTIVE_DIRECTORY if kind == "ad" else TargetKind.ENTRA)
    longest = own | {
        column: most
        for name, most in profile.delivery.longest.items()
        for column in columns_named(profile, mapping.leaves, (name,))
    }
    found = []
    for leaf in mapping.leaves:
        rule = rule_of(leaf.path, kind) or Rule(leaf.column, "")
        rule = replace(rule, blank=kind == "ad", longest=longest.get(leaf.column, rule.longest))
        left = _that_may_break(profile, leaf, rule)
        if left is not None:
            found.append(Ruled(leaf, left, _mending(leaf, left, cut)))
    return tuple(found)


def rule_of(path: Path, kind: str) -> Rule | None:
    """The rule for a place in the SCIM user; None: there is none."""
    if path.free:
        rule = _CUSTOM.get(path.keys[-1].lower())
        return replace(rule, required=False) if rule is not None and kind != "ad" else rule
    return _BY_PATH[kind].get(path)


_BY_PATH = {kind: {parse_path(text): rule for text, rule in table.items()} for kind, table in TABLES.items()}


def _that_may_break(profile: Profile, leaf: Leaf, rule: Rule) -> Rule | None:
    """The rule without what this value cannot break; None when nothing is left."""
    if leaf.json == "raw" or leaf.origin in IDENTITY_COLUMNS or leaf.origin.startswith("value:"):
        return None
    spec = profile.columns.get(leaf.origin)
    if spec is not None:
        kept = rule.longest is not None and profile.types[leaf.origin] == "string" and spec.max_length <= rule.longest
        rule = replace(
            rule,
            longest=None if kept or profile.types[leaf.origin] != "string" else rule.longest,
            form=None if profile.types[leaf.origin] != "string" else rule.form,
            required=rule.required and leaf.origin != "person_number",
            blank=False,  # a field is never an empty text
        )
    else:
        rule = replace(rule, made=may_hold_no_text(leaf.origin))
    judged = rule.made or rule.longest or rule.form or rule.required or rule.unique or rule.blank
    return rule if judged else None


def _mending(leaf: Leaf, rule: Rule, cut: frozenset[str]) -> Mending:
    if leaf.column in cut:
        return Mending.CUT
    if leaf.path.keys == ("displayName",) and leaf.path.urn is None:
        return Mending.CUT_AT_FIRST
    return Mending.NEEDED if rule.required or rule.unique else Mending.HELD


def rule_faults(profile: Profile) -> list[ProfileFault]:
    """Every rule that the profile's words about lengths break. The mapping has no faults."""
    delivery = profile.delivery
    if not (delivery.cut or delivery.longest):
        return []
    named = by_name(compile_mapping(profile).leaves)
    faults: list[ProfileFault] = []
    for i, name in enumerate(delivery.cut):
        where = f"delivery.cut[{i}]"
        faults += unknown_name(profile, named, where, name)
        if not faults and not _may_be_cut(named[filled(profile, name)]):
            faults.append(
                ProfileFault(where, repr(name), "a text that stays true when it is shorter: no name, number or date")
            )
    for name in delivery.longest:
        faults += unknown_name(profile, named, f"delivery.longest.{name}", name)
    return faults


def _may_be_cut(leaf: Leaf) -> bool:
    """Whether a value is still what it says when its end is missing: people are not found by a part of their address or number."""
    rule = rule_of(leaf.path, "ad")
    exact = rule is not None and (
        rule.unique or rule.form is not None or rule.attribute in ("telephoneNumber", "mobile")
    )
    return (
        leaf.json == "string"
        and not exact
        and not leaf.value.startswith("strftime(")
        and leaf.path.keys[-1] != "manager"
    )


def described() -> Iterator[tuple[str, str, Rule]]:
    """Kind of directory, SCIM path and rule, in the order of the tables: for the reference page."""
    for kind, table in TABLES.items():
        for path, rule in table.items():
            yield kind, path, rule
    for name, rule in _CUSTOM.items():
        yield "custom", name, rule


_IN_AD = {"employeeId": "employeeID", "surname": "sn", "city": "l", "state": "st", "country": "co", "jobTitle": "title",
          "companyName": "company"}  # fmt: skip
"""Names of the tables as Active Directory has them."""


def limits_of(profile: Profile, kind: str) -> dict[str, Rule]:
    """The rules by the attribute of the directory in lower case. `kind`: entra or ad; the profile's own lengths go before."""
    found: dict[str, Rule] = {}
    for path, rule in [*_BY_PATH[kind].items(), *((None, one) for one in _CUSTOM.values())]:
        name = _IN_AD.get(rule.attribute, rule.attribute) if kind == "ad" else rule.attribute
        own = next((most for text, most in _own_lengths(profile) if text == path), None) if path is not None else None
        found[name.lower()] = replace(rule, longest=own or rule.longest)
    return found


def _own_lengths(profile: Profile) -> Iterator[tuple[Path, int]]:
    leaves = {leaf.column: leaf.path for leaf in compile_mapping(profile).leaves}
    for name, most in profile.delivery.longest.items():
        for column in columns_named(profile, compile_mapping(profile).leaves, (name,)):
            yield leaves[column], most


def attribute_names() -> Iterator[str]:
    """The names that the directories have for the attributes of the tables: nothing of a person."""
    for _, path, rule in described():
        yield rule.attribute
        yield path
    yield from ("mobilePhone", "businessPhones", "officeLocation", "proxyAddresses", "employeeNumber", "usageLocation", "l", "st",
                "c", "co", "sn", "title", "company", "employeeHireDate", "employeeLeaveDateTime", "parentDistinguishedName",
                "extensionAttribute1", "employeeOrgData")  # fmt: skip
