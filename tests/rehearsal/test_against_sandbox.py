"""A rehearsal's result equals what the sandbox's cycle then does, attribute by attribute, over generated schemas and people.

The two were written apart, each from the documentation, and the sandbox imports nothing of the product. A result that a rehearsal
calls unknown is not compared: the documentation leaves it open, and the sandbox had to choose.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from hcm_pipeline.expressions import as_text, parse, to_source
from hcm_pipeline.flow.profiles import load_profile
from hcm_pipeline.rehearsal import (
    Account,
    Limit,
    Mark,
    Outcome,
    Reference,
    Rehearsal,
    Rehearsed,
    Sent,
    Target,
    Untold,
    prepare,
)
from hcm_pipeline.sandbox.ad_accounts import NAMES, ad_attributes
from hcm_pipeline.sandbox.default_schema import default_schema
from hcm_pipeline.sandbox.mapping_program import program_of
from hcm_pipeline.sandbox.options import SandboxOptions
from hcm_pipeline.sandbox.provision import Account as Theirs
from hcm_pipeline.sandbox.provision import Directory
from hcm_pipeline.sandbox.provision import Outcome as TheirOutcome
from hcm_pipeline.synchronization import kind_of, read
from hcm_pipeline.targets.entra import limits_of
from tests.budget import examples

Json = dict[str, Any]
LIMITS = {
    name: {
        each: Limit(rule.longest, rule.form) for each, rule in limits_of(load_profile("oracle-hcm").profile, of).items()
    }
    for name, of in (("entra", "entra"), ("active_directory", "ad"))
}
URN = "urn:ietf:params:scim:schemas:extension:contoso:1.0:User"
INSIDE = {theirs: ours for ours, theirs in NAMES.items()}
"""The names under which the sandbox keeps what an account of Active Directory has, by Active Directory's."""
NOW = dt.datetime(2026, 11, 28, 12, 30, tzinfo=dt.UTC)
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MANAGERS = {"9": "object-9"}
SOURCES = ("title", "nickName", "displayName", "userType", "name.givenName", "name.familyName", f"{ENTERPRISE}:department",
           f"{ENTERPRISE}:division", 'addresses[type eq "work"].locality', "active")  # fmt: skip
TARGETS = {
    "API2AAD": ("jobTitle", "department", "city", "displayName", "givenName", "extensionAttribute1", "extensionAttribute4",
                "accountEnabled", "employeeHireDate", "userPrincipalName"),
    "API2AD": ("title", "department", "l", "displayName", "givenName", "extensionAttribute1", "extensionAttribute4",
               "accountDisabled", "userPrincipalName"),
}  # fmt: skip
TEXTS = (
    st.sampled_from(["", "x", "Ann", "ANN", "a b", "Zoë", "Sales", "2026-01-02", "True", "0012", "w" * 70, "o'neil"])
    | st.none()
)
CASE = "it differs in case alone, and the attribute does not look at case (caseExact)"
"""By the reference of ToLower such a value is not written; the sandbox writes it."""
WORDS = ('"x"', '"Ann"', '""', '"Sales"', '"a"', '","', '" "')


def attributes() -> st.SearchStrategy[str]:
    return st.sampled_from(SOURCES).map(lambda name: f"[{name}]")


def calls(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Functions as mappings use them, over other expressions."""
    word, few = st.sampled_from(WORDS), st.integers(0, 4).map(str)
    return st.one_of(
        st.builds("Append({}, {})".format, inner, word),
        st.builds("Join({}, {}, {})".format, word, inner, inner),
        st.builds(
            "{}({})".format,
            st.sampled_from(["ToLower", "ToUpper", "StripSpaces", "NormalizeDiacritics", "PCase"]),
            inner,
        ),
        st.builds("{}({})".format, st.sampled_from(["Not", "IgnoreFlowIfNullOrEmpty", "ConvertToUTF8Hex"]), inner),
        st.builds("Left({}, {})".format, inner, few),
        st.builds("Mid({}, {}, {})".format, inner, st.integers(1, 4).map(str), few),
        st.builds("Switch({}, {}, {}, {}, {}, {})".format, inner, word, word, inner, word, word),
        st.builds("Switch({}, , {}, {})".format, inner, word, inner),
        st.builds("Coalesce({}, {})".format, inner, inner),
        st.builds("IIF({} = {}, {}, {})".format, inner, word, inner, inner),
        st.builds("Replace({}, {}, , , {}, , )".format, inner, st.sampled_from(['"a"', '"x"']), word),
        st.builds('Replace({}, , "[a-z]+", , {}, , )'.format, inner, word),
        st.builds('Replace({}, , "(?<one>^.)", "one", {}, , )'.format, inner, word),
        st.builds('FormatDateTime({}, , "yyyy-MM-dd", "yyyyMMdd")'.format, inner),
        st.builds('DateAdd("d", 1, CDate({}))'.format, inner),
        st.builds('IIF(DateDiff("d", Now(), CDate({})) > 5, "a", "b")'.format, inner),
        st.builds('Word({}, {}, " ")'.format, inner, few),
        st.builds("NumFromDate({})".format, inner),
    )


EXPRESSIONS = st.recursive(attributes(), calls, max_leaves=3)
CLAUSES = st.builds(
    lambda name, operator, word: {
        "sourceOperandName": name, "operatorName": operator, "targetOperand": {"values": [word]},
    },
    st.sampled_from(SOURCES[:-1]),
    st.sampled_from(["EQUALS", "NOT EQUALS", "IS NULL", "IS NOT NULL", "Includes", "ENDS_WITH", "REGEX MATCH", "NOT REGEX MATCH"]),
    st.sampled_from(["Ann", "x", "Sales", "n"]),
)  # fmt: skip
SCOPES = st.none() | st.lists(st.lists(CLAUSES, min_size=1, max_size=2), min_size=1, max_size=2).map(
    lambda groups: {"groups": [{"name": f"g{i}", "clauses": clauses} for i, clauses in enumerate(groups)],
                    "inputFilterGroups": [], "categoryFilterGroups": []}
)  # fmt: skip


@st.composite
def schemas(draw: st.DrawFn, kind: str) -> Json:
    """A job's schema: the default one, with other mappings, switches of null flow, and a scope."""
    schema = default_schema(kind, "job", _options(kind))
    [mapping] = schema["synchronizationRules"][0]["objectMappings"]
    over = draw(st.dictionaries(st.sampled_from(TARGETS[kind]), EXPRESSIONS, max_size=4))
    kept = [one for one in mapping["attributeMappings"] if one["targetAttributeName"] not in over]
    mapping["attributeMappings"] = kept + [
        {
            "targetAttributeName": target, "source": _source(text),
            "defaultValue": draw(st.sampled_from([None, None, "default"])), "matchingPriority": 0,
            "flowType": draw(st.sampled_from(["Always", "Always", "ObjectAddOnly", "AttributeAddOnly"])),
            "flowBehavior": "FlowWhenChanged",
        }
        for target, text in over.items()
    ]  # fmt: skip
    for one in mapping["attributeMappings"]:
        one["flowNullValues"] = draw(st.booleans())
    for one in schema["directories"][0]["objects"][0]["attributes"]:
        one["flowNullValues"] = draw(st.booleans()) and not one["anchor"] and not one["required"]
    mapping["scope"] = draw(SCOPES)
    mapping["flowTypes"] = draw(st.sampled_from(["Add, Update, Delete"] * 4 + ["Add", "Update"]))
    return schema


def _source(text: str) -> Json:
    parsed = parse(text)
    if "IIF" in parsed.functions:  # the parsed form of a comparison is not documented
        return {"expression": text, "name": None, "type": "Function", "parameters": []}
    return to_source(parsed)


@st.composite
def people(draw: st.DrawFn) -> Json:
    """A worker's record, with values that are null, empty, too long or left out."""
    record: Json = {
        "schemas": [CORE, ENTERPRISE, URN], "externalId": "1", "displayName": "Ann Lee", "active": draw(st.booleans()),
        "userName": draw(st.sampled_from(["ann@contoso.com", "bob@contoso.com"])),
        "name": {"givenName": "Ann", "familyName": "Lee"}, URN: {"SamAccountName": "ann", "CommonName": "Ann Lee"},
    }  # fmt: skip
    for name in ("title", "nickName", "displayName", "userType"):
        if draw(st.booleans()):
            record[name] = draw(TEXTS)
    record[ENTERPRISE] = {name: draw(TEXTS) for name in ("department", "division") if draw(st.booleans())}
    if draw(st.booleans()):
        record[ENTERPRISE]["manager"] = {"value": draw(st.sampled_from(["9", "8"]))}
    if draw(st.booleans()):
        record["addresses"] = [{"type": draw(st.sampled_from(["work", "home"])), "locality": draw(TEXTS)}]
    return record


@st.composite
def accounts(draw: st.DrawFn, kind: str) -> Json:
    """An account that was there before, in part as the record says."""
    entra = kind == "API2AAD"
    account: Json = {
        "employeeId" if entra else "employeeID": "1",
        "userPrincipalName": "ann@contoso.com",
        "displayName": "Ann Lee",
    }
    account["accountEnabled" if entra else "accountDisabled"] = draw(st.booleans())
    if not entra:
        account |= {"cn": "Ann Lee", "givenName": "Ann", "sn": "Lee", "sAMAccountName": "ann",
                    "parentDistinguishedName": "OU=Users,DC=contoso,DC=com",
                    "distinguishedName": "CN=Ann Lee,OU=Users,DC=contoso,DC=com"}  # fmt: skip
    for name in TARGETS[kind][:3] + TARGETS[kind][4:7]:
        value = draw(TEXTS)
        if value:
            account[name] = value[:60]
    if draw(st.booleans()):
        account["manager"] = draw(st.sampled_from(["object-9", "object-7"]))
    return account


@dataclass(frozen=True)
class Known:
    """One account, or none."""

    account: Account | None

    def having(self, attribute: str, values: Collection[str]) -> Mapping[str, Sequence[Account]] | None:
        value = "" if self.account is None else str(self.account.now(attribute) or "").lower()
        found = self.account is not None and value in {each.lower() for each in values}
        return {value: [self.account]} if found and self.account is not None else {}

    def referenced(self, values: Collection[str]) -> Mapping[str, str | None] | None:
        return {value: MANAGERS[value] for value in values if value in MANAGERS}


def _options(kind: str) -> SandboxOptions:
    return SandboxOptions(
        target="ad" if kind == "API2AD" else "entra", mail="ignored", map_mobile=False, omission_clears=True, flow_nulls=True
    )  # fmt: skip


def rehearsed(schema: Json, record: Json, account: Json | None) -> Rehearsed:
    there = None if account is None else Account("object-1", {name.lower(): value for name, value in account.items()})
    rehearsal = Rehearsal(
        prepare(read(schema, "flowNullValues")),
        Known(there),
        NOW,
        Target(LIMITS[kind_of(read(schema)) or "entra"], default_domain="contoso.com", skip_out_of_scope=True),
    )
    [found] = rehearsal.run([Sent("1", record)])
    return found


def done(schema: Json, kind: str, record: Json, account: Json | None) -> TheirOutcome:
    made = program_of(schema, _options(kind), "contoso.com", skips_out_of_scope=True)
    directory = Directory(lambda _name: None, MANAGERS.get)
    current = None if account is None else Theirs("object-1", _inside(account) if kind == "API2AD" else account)
    found = made.apply(current, linked=account is not None, record=record, directory=directory, now=NOW.timestamp())
    return replace(found, attributes=ad_attributes(found.attributes)) if kind == "API2AD" else found


def _inside(account: Json) -> Json:
    kept = {INSIDE.get(name, name): value for name, value in account.items() if name != "accountDisabled"}
    return {**kept, "accountEnabled": not account["accountDisabled"]}


def differences(ours: Rehearsed, theirs: TheirOutcome, account: Json | None) -> list[str]:
    """Everything in which the two disagree, in words; of what is unknown to the rehearsal nothing."""
    unknown = {one.attribute for one in ours.attributes if one.mark is Mark.UNKNOWN}
    if ours.outcome is Outcome.UNKNOWN:
        return []
    if ours.outcome in (Outcome.OUT_OF_SCOPE, Outcome.UNMATCHED) or (
        ours.outcome is Outcome.NOTHING and not ours.attributes
    ):
        return [] if theirs.status == "skipped" else [f"{ours.outcome}: the cycle {theirs.action} {theirs.status}"]
    if ours.outcome is Outcome.REFUSED or theirs.status == "failure":
        if theirs.status != "failure" and not unknown:
            shown = [(one.attribute, one.by) for one in ours.attributes if one.mark is Mark.REFUSED]
            return [f"refused ({ours.code}, {ours.why}, {shown}), and the cycle {theirs.action} {theirs.status}"]
        if ours.outcome is not Outcome.REFUSED:
            return [] if unknown else [f"{ours.outcome}, and the cycle failed: {theirs.failure}"]
        codes = {one.code for one in ours.attributes if one.mark is Mark.REFUSED}
        said = theirs.failure.code if theirs.failure else None
        return [] if unknown or said in codes else [f"refused as {codes}, and the cycle as {said}"]
    found = []
    for one in ours.attributes:
        if one.attribute in unknown or one.by is None or one.why == CASE:
            continue
        then = one.then.object_id if isinstance(one.then, Reference) else one.then
        there = theirs.attributes.get(one.attribute)
        if isinstance(then, Untold) or _plain(then) != _plain(there):
            found.append(f"{one.attribute}: {then!r}, and the cycle {there!r} ({one.by}; {one.why})")
    if not unknown and not found:
        action = (
            "create"
            if account is None
            else {Outcome.DISABLE: "disable", Outcome.NOTHING: "other"}.get(ours.outcome, "update")
        )
        if theirs.action != action:
            found.append(f"{ours.outcome}, and the cycle {theirs.action} {theirs.status} {theirs.changes}")
    return found


def _plain(value: Any) -> str | None:
    return as_text(value) or None if isinstance(value, str | bool | int) else (value or None)


@pytest.mark.parametrize("kind", ["API2AAD", "API2AD"])
def test_a_rehearsal_says_what_the_cycle_then_does(kind: str) -> None:
    @given(schemas(kind), people(), st.none() | accounts(kind))
    @settings(max_examples=examples(100))
    def compare(schema: Json, record: Json, account: Json | None) -> None:
        ours = rehearsed(schema, record, account)
        theirs = done(schema, kind, record, account)
        event(f"{ours.outcome}, {sum(one.mark is Mark.UNKNOWN for one in ours.attributes)} unknown")
        assert differences(ours, theirs, account) == []

    compare()
