"""A rehearsal of one record: what the documentation says becomes of the account."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from hcm_pipeline.expressions import Value
from hcm_pipeline.rehearsal import (
    Account,
    Limit,
    Mark,
    NobodyTells,
    Outcome,
    Reference,
    Rehearsal,
    Rehearsed,
    Sent,
    Target,
    as_shown,
    prepare,
    source_record,
)
from hcm_pipeline.synchronization import (
    Attribute,
    AttributeMapping,
    Clause,
    Directory,
    FlowType,
    Group,
    ObjectMapping,
    Rule,
    Schema,
    Scope,
)

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
DEPARTMENT, MANAGER = f"{ENTERPRISE}:department", f"{ENTERPRISE}:manager"
NOW = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)
SOURCE = (
    Attribute("externalId", anchor=True, required=True), Attribute("userName"), Attribute("active", "Boolean"),
    Attribute("displayName"), Attribute("title", flow_nulls=True), Attribute("nickName"), Attribute(DEPARTMENT),
    Attribute(MANAGER, "Reference"), Attribute('emails[type eq "work"].value'),
)  # fmt: skip
TARGET = tuple(
    Attribute(name, kind)
    for name, kind in {
        "employeeId": "String", "userPrincipalName": "String", "accountEnabled": "Boolean", "displayName": "String",
        "jobTitle": "String", "department": "String", "manager": "Reference", "mail": "String", "mailNickname": "String",
        "employeeHireDate": "DateTime",
    }.items()
)  # fmt: skip
MAPPINGS = (
    AttributeMapping("employeeId", "[externalId]", matching_priority=1),
    AttributeMapping("userPrincipalName", "[userName]"),
    AttributeMapping("accountEnabled", "[active]"),
    AttributeMapping("displayName", "[displayName]"),
    AttributeMapping("jobTitle", "[title]", flow_nulls=True, null_flow_field="x"),
    AttributeMapping("department", f"[{DEPARTMENT}]"),
    AttributeMapping("manager", f"[{MANAGER}]"),
)
USER: dict[str, Any] = {
    "externalId": "701984", "userName": "bjensen@example.com", "active": True, "displayName": "Barbara Jensen", "title": "Guide",
    ENTERPRISE: {"department": "Tours", "manager": {"value": "89607"}},
}  # fmt: skip
NOW_THERE: dict[str, Value] = {
    "employeeid": "701984", "userprincipalname": "bjensen@example.com", "accountenabled": True, "displayname": "Barbara Jensen",
    "jobtitle": "Guide", "department": "Tours", "manager": "m1",
}  # fmt: skip


def schema(
    *more: AttributeMapping,
    scope: Scope | None = None,
    flow: str = "Add Update Delete",
    target: str = "Azure Active Directory",
) -> Schema:
    """The mappings above, with others over them or beside them."""
    over = {one.target: one for one in more}
    mappings = [over.pop(one.target, one) for one in MAPPINGS] + list(over.values())
    mapping = ObjectMapping(
        "people", True, frozenset(flow.split()), ENTERPRISE, "User", scope or Scope(), tuple(mappings)
    )
    return Schema(
        "", "", (Rule("r", "API", target, (mapping,)),),
        (Directory("API", "1", False, {ENTERPRISE: SOURCE}), Directory(target, "2", True, {"User": TARGET})),
    )  # fmt: skip


@dataclass
class Known:
    """Accounts that a test knows."""

    accounts: Sequence[Account] = ()
    people: Mapping[str, str | None] = field(default_factory=lambda: {"89607": "m1"})

    def having(self, attribute: str, values: Collection[str]) -> Mapping[str, Sequence[Account]] | None:
        found: dict[str, list[Account]] = {}
        for account in self.accounts:
            value = str(account.now(attribute) or "").lower()
            if value in {each.lower() for each in values}:
                found.setdefault(value, []).append(account)
        return found

    def referenced(self, values: Collection[str]) -> Mapping[str, str | None] | None:
        return {value: self.people[value] for value in values if value in self.people}


def there(**values: Value) -> Account:
    return Account("a1", {**NOW_THERE, **{name.lower(): value for name, value in values.items()}})


def rehearsed(
    of: Schema, user: Mapping[str, Any] = USER, accounts: Any = None, target: Target | None = None,
    meaning: Schema | None = None, **sent: Any,
) -> Rehearsed:  # fmt: skip
    rehearsal = Rehearsal(
        prepare(of),
        Known() if accounts is None else accounts,
        NOW,
        target or Target(),
        prepare(meaning) if meaning else None,
    )
    [found] = rehearsal.run([Sent("701984", user, **sent)])
    return found


def attribute(found: Rehearsed, name: str) -> Any:
    return next(one for one in found.attributes if one.attribute == name)


def user(**changed: Any) -> dict[str, Any]:
    return {**USER, **changed}


def marks(found: Rehearsed) -> dict[str, tuple[Mark, str | None]]:
    return {one.attribute: (one.mark, one.code) for one in found.attributes if one.mark is not None}


# --- who is matched, and what becomes of them


def test_nobody_matches_and_an_account_is_made_with_every_value() -> None:
    found = rehearsed(schema())
    assert (found.outcome, marks(found)) == (Outcome.CREATE, {})
    assert {one.attribute: one.then for one in found.attributes} == {
        "employeeId": "701984", "userPrincipalName": "bjensen@example.com", "accountEnabled": True,
        "displayName": "Barbara Jensen", "jobTitle": "Guide", "department": "Tours", "manager": Reference("89607", "m1"),
    }  # fmt: skip


def test_an_account_that_is_as_the_record_says_stays_and_one_that_is_not_is_changed() -> None:
    assert rehearsed(schema(), accounts=Known([there()])).outcome is Outcome.NOTHING
    found = rehearsed(schema(), user(title="Lead"), Known([there()]))
    assert (found.outcome, found.object_id) == (Outcome.UPDATE, "a1")
    assert [(one.attribute, one.now, one.then) for one in found.attributes if one.changes] == [
        ("jobTitle", "Guide", "Lead")
    ]
    assert rehearsed(schema(), user(active=False), Known([there()])).outcome is Outcome.DISABLE
    assert rehearsed(schema(), user(active=False), Known([there(accountEnabled=False)])).outcome is Outcome.NOTHING


def test_accounts_are_found_by_the_first_mapping_that_finds_one_and_several_are_none() -> None:
    two = schema(AttributeMapping("userPrincipalName", "[userName]", matching_priority=2))
    assert rehearsed(two, accounts=Known([there(employeeId=None)])).outcome is Outcome.UPDATE
    twice = Known([there(), replace(there(), object_id="a2")])
    found = rehearsed(two, accounts=twice)
    assert (found.outcome, found.code) == (Outcome.SEVERAL_MATCHES, "DuplicateTargetEntries")
    assert rehearsed(schema(), user(externalId=None)).code == "ImportSkipped"
    assert rehearsed(schema(flow="Update")).outcome is Outcome.UNMATCHED
    assert rehearsed(schema(flow="Add"), user(title="x"), Known([there()])).outcome is Outcome.NOTHING


def test_a_record_out_of_scope_is_left_out_and_its_account_may_be_disabled() -> None:
    scope = Scope((Group("g", (Clause(DEPARTMENT, "EQUALS", ("Sales",)),)), Group("h", (Clause("title", "IS NULL"),))))
    found = rehearsed(schema(scope=scope))
    assert (found.outcome, found.code) == (Outcome.OUT_OF_SCOPE, "EntrySynchronizationSkipped")
    assert rehearsed(schema(scope=scope), user(title=None)).outcome is Outcome.CREATE
    skips = [
        rehearsed(schema(scope=scope), accounts=Known([there()]), target=Target(skip_out_of_scope=skip)).why or ""
        for skip in (None, True, False)
    ]
    assert ["not known" in skips[0], "stays" in skips[1], "is disabled" in skips[2]] == [True] * 3
    unsure = Scope((Group("g", (Clause("title", "REGEX MATCH", ("ide",)),)),))
    assert rehearsed(schema(scope=unsure)).outcome is Outcome.UNKNOWN


def test_without_a_directory_the_values_that_were_delivered_last_stand_for_the_account() -> None:
    found = rehearsed(schema(), user(title="Lead"), NobodyTells(), before=USER, known=True)
    assert found.outcome is Outcome.UPDATE
    assert (attribute(found, "jobTitle").now, attribute(found, "jobTitle").then) == ("Guide", "Lead")
    assert attribute(found, "displayName").changes is False
    assert attribute(found, "manager").changes is False
    moved = user(**{ENTERPRISE: {"department": "Tours", "manager": {"value": "2"}}})
    assert attribute(rehearsed(schema(), moved, NobodyTells(), before=USER, known=True), "manager").changes is None
    assert rehearsed(schema(), accounts=NobodyTells()).outcome is Outcome.CREATE


# --- flow types, defaults and nulls


def test_a_mapping_for_creation_alone_writes_then_and_says_later_that_it_does_not() -> None:
    once = schema(AttributeMapping("userPrincipalName", "[userName]", flow_type=FlowType.OBJECT_ADD_ONLY))
    assert attribute(rehearsed(once), "userPrincipalName").then == "bjensen@example.com"
    found = rehearsed(once, accounts=Known([there(userPrincipalName="babs@example.com")]))
    assert attribute(found, "userPrincipalName").then == "babs@example.com"
    assert marks(found) == {"userPrincipalName": (Mark.IGNORED, None)}
    assert marks(rehearsed(once, accounts=Known([there()]))) == {}


def test_a_mapping_that_only_adds_an_attribute_leaves_one_that_is_there() -> None:
    adds = schema(AttributeMapping("jobTitle", "[title]", flow_type=FlowType.ATTRIBUTE_ADD_ONLY))
    assert attribute(rehearsed(adds, accounts=Known([there(jobTitle=None)])), "jobTitle").then == "Guide"
    assert marks(rehearsed(adds, accounts=Known([there(jobTitle="x")]))) == {"jobTitle": (Mark.IGNORED, None)}
    unsure = schema(AttributeMapping("jobTitle", "[title]", flow_type=FlowType.VALUE_ADD_ONLY))
    assert marks(rehearsed(unsure, accounts=Known([there(jobTitle="x")]))) == {"jobTitle": (Mark.UNKNOWN, None)}


def test_a_default_stands_in_at_creation_alone_and_a_constant_always() -> None:
    of = schema(AttributeMapping("department", f"[{DEPARTMENT}]", "none"), AttributeMapping("mailNickname", None, "x"))
    bare = user(**{ENTERPRISE: {"department": None}})
    assert attribute(rehearsed(of, bare), "department").then == "none"
    found = rehearsed(of, bare, Known([there()]))
    assert attribute(found, "department").then == "Tours"
    assert attribute(found, "mailNickname").then == "x"


def test_a_null_clears_through_two_switches_and_is_ignored_through_none() -> None:
    gone = user(title=None, **{ENTERPRISE: {"department": None, "manager": {"value": "89607"}}})
    found = rehearsed(schema(), gone, Known([there()]))
    assert (attribute(found, "jobTitle").then, attribute(found, "jobTitle").mark) == (None, None)
    assert marks(found) == {"department": (Mark.IGNORED, None)}
    assert marks(rehearsed(schema(), gone, Known([there(department=None)]))) == {}
    half = schema(AttributeMapping("jobTitle", "[title]"))
    assert marks(rehearsed(half, gone, Known([there()])))["jobTitle"] == (Mark.UNKNOWN, None)
    assert rehearsed(schema(), user(title=""), Known([there()])).outcome is Outcome.UPDATE


def test_what_is_left_out_clears_where_nulls_flow_which_undoes_what_is_meant() -> None:
    without = {name: value for name, value in USER.items() if name != "title"}
    assert marks(rehearsed(schema(), without, Known([there()]))) == {"jobTitle": (Mark.UNDONE, None)}
    without_active = {name: value for name, value in USER.items() if name != "active"}
    assert marks(rehearsed(schema(), without_active, Known([there()]))) == {"accountEnabled": (Mark.UNKNOWN, None)}


def test_an_empty_text_is_refused_by_active_directory_and_not_known_of_entra_id() -> None:
    blank = user(**{ENTERPRISE: {"department": ""}})
    assert marks(rehearsed(schema(), blank)) == {"department": (Mark.UNKNOWN, None)}
    ad = rehearsed(schema(AttributeMapping("cn", "[displayName]"), target="Active Directory"), blank)
    assert ad.outcome is Outcome.REFUSED
    assert marks(ad)["department"] == (Mark.REFUSED, "InvalidAttributeSyntax")


# --- references, types, lengths, names


def test_a_manager_whom_nobody_has_made_leaves_the_account_without() -> None:
    found = rehearsed(schema(), accounts=Known(people={}))
    assert (found.outcome, attribute(found, "manager").then) == (Outcome.CREATE, None)
    assert marks(found) == {"manager": (Mark.IGNORED, "UnableToResolveReferenceAttributeValue")}
    first = rehearsed(schema(), accounts=Known(people={"89607": None}))
    assert as_shown(attribute(first, "manager").then) == "the account of 89607"


@pytest.mark.parametrize(
    ("mapping", "target", "code"),
    [
        (AttributeMapping("department", "[displayName]"), Target({"department": Limit(5)}), "SchemaPropertyCanOnlyAcceptValue"),
        (AttributeMapping("accountEnabled", "[title]"), Target(), "SchemaPropertyCanOnlyAcceptValue"),
        (AttributeMapping("employeeHireDate", "[title]"), Target(), "SchemaPropertyCanOnlyAcceptValue"),
        (AttributeMapping("nobodysAttribute", "[title]"), Target(), "SchemaAttributeNotFound"),
        (AttributeMapping("displayName", "[nickName]"), Target(), "MandatoryFieldsMissing"),
        (AttributeMapping("department", 'Split("a,b", ",")'), Target(), "SchemaPropertyCanOnlyAcceptValue"),
        (AttributeMapping("userPrincipalName", "[title]"), Target({"userprincipalname": Limit(113, "[^@]+@[^@]+")}),
         "AzureActiveDirectoryInvalidUserPrincipalName"),
        (AttributeMapping("userPrincipalName", "[userName]"), Target(domains={"contoso.com"}), "InvalidDomain"),
    ],
)  # fmt: skip
def test_a_value_that_the_target_does_not_take_refuses_the_record_with_the_code_of_the_log(
    mapping: AttributeMapping, target: Target, code: str
) -> None:
    found = rehearsed(schema(mapping), target=target)
    assert (found.outcome, found.code) == (Outcome.REFUSED, code)
    assert found.stops


def test_a_name_that_another_account_has_or_is_given_before_is_refused() -> None:
    other = Account("a2", {"userprincipalname": "BJENSEN@example.com"})
    assert rehearsed(schema(), accounts=Known([other])).code == "Conflict"
    twice = Rehearsal(prepare(schema()), Known(), NOW)
    results = list(twice.run([Sent("1", user(externalId="1")), Sent("2", user(externalId="2"))]))
    assert [one.outcome for one in results] == [Outcome.CREATE, Outcome.REFUSED]


def test_an_account_that_a_directory_on_premises_writes_is_refused() -> None:
    account = replace(there(), mastered_elsewhere=True)
    found = rehearsed(schema(), accounts=Known([account]))
    assert found.code == "AzureActiveDirectoryCannotUpdateObjectsMasteredOnPremises"


def test_mail_of_entra_id_and_what_no_mapping_uses_are_ignored() -> None:
    sent = user(
        nickName="Babs", emails=[{"type": "home", "value": "h@x"}, {"type": "work", "value": "w@x"}], userType="x"
    )
    found = rehearsed(schema(AttributeMapping("mail", '[emails[type eq "work"].value]')), sent)
    assert marks(found) == {
        "mail": (Mark.IGNORED, None), "nickName": (Mark.IGNORED, None), 'emails[type eq "home"].value': (Mark.IGNORED, None),
        "userType": (Mark.IGNORED, None),
    }  # fmt: skip
    assert source_record(sent).values['emails[type eq "work"].value'] == "w@x"


# --- what is undone, and what is not known


def test_a_random_name_on_every_update_and_a_state_against_the_record_undo_what_is_meant() -> None:
    text = 'Join("", [externalId], RandomString(3, 3, 0, 0, 0, ), "@example.com")'
    found = rehearsed(schema(AttributeMapping("userPrincipalName", text)), accounts=Known([there()]))
    assert marks(found) == {"userPrincipalName": (Mark.UNDONE, None), "userName": (Mark.IGNORED, None)}
    assert as_shown(attribute(found, "userPrincipalName").then) == "701984‹3 random characters›@example.com"
    once = replace(AttributeMapping("userPrincipalName", text), flow_type=FlowType.OBJECT_ADD_ONLY)
    assert marks(rehearsed(schema(once), accounts=Known([there()]))) == {"userName": (Mark.IGNORED, None)}
    wrong = schema(AttributeMapping("accountEnabled", "Not([active])"))
    assert marks(rehearsed(wrong)) == {"accountEnabled": (Mark.UNDONE, None)}


def test_a_value_of_the_account_that_the_plan_does_not_mean_to_change_is_undone_by_it() -> None:
    found = rehearsed(schema(), accounts=Known([there(displayName="Barbara J.")]), before=USER)
    assert marks(found) == {"displayName": (Mark.UNDONE, None)}
    assert marks(rehearsed(schema(), accounts=Known([there(displayName="B")]), before=USER, again=True)) == {}
    assert marks(rehearsed(schema(), accounts=Known([there(displayName="B")]), before=user(displayName="B"))) == {}


def test_another_value_than_the_one_that_is_meant_is_undone_and_one_that_nothing_fills_is_ignored() -> None:
    other = schema(AttributeMapping("displayName", "[userName]"))
    assert marks(rehearsed(other, meaning=schema())) == {"displayName": (Mark.UNDONE, None)}
    same = schema(AttributeMapping("displayName", 'Join("", [displayName])'))
    assert marks(rehearsed(same, meaning=schema())) == {}
    more = schema(AttributeMapping("mailNickname", "[nickName]"))
    assert marks(rehearsed(schema(), user(nickName="babs"), meaning=more)) == {"mailNickname": (Mark.IGNORED, None)}


def test_what_is_not_known_says_why_and_keeps_the_rest() -> None:
    found = rehearsed(schema(AttributeMapping("department", "SingleAppRoleAssignment([x])")), accounts=Known([there()]))
    assert marks(found) == {"department": (Mark.UNKNOWN, None), DEPARTMENT: (Mark.IGNORED, None)}
    assert as_shown(attribute(found, "department").then) == "‹not known›"
    broken = schema(AttributeMapping("department", "tolower([title])"))
    assert "case-sensitive" in attribute(rehearsed(broken), "department").why
    assert rehearsed(broken).outcome is Outcome.CREATE


def test_case_alone_is_no_change_unless_the_attribute_looks_at_it() -> None:
    found = rehearsed(schema(), accounts=Known([there(jobTitle="GUIDE")]))
    assert (found.outcome, marks(found)) == (Outcome.NOTHING, {"jobTitle": (Mark.IGNORED, None)})


def test_a_unique_name_of_active_directory_is_the_first_that_nobody_has_or_is_given_before() -> None:
    text = 'SelectUniqueValue([nickName], Append([nickName], "2"), Append([nickName], "3"))'
    unique = AttributeMapping("sAMAccountName", text, flow_type=FlowType.OBJECT_ADD_ONLY)
    of = schema(unique, target="Active Directory")
    names = tuple(Attribute(name) for name in ("sAMAccountName", "givenName", "sn", "cn"))
    target = of.directories[1]
    of = replace(of, directories=(of.directories[0], replace(target, objects={"User": (*TARGET, *names)})))
    filled = (AttributeMapping(name, "[displayName]") for name in ("givenName", "sn", "cn"))
    mapping = of.user_mapping()
    of = of.with_user_mapping(replace(mapping, mappings=(*mapping.mappings, *filled)))
    taken = Account("a9", {"samaccountname": "ANN"})
    both = Rehearsal(prepare(of), Known([taken]), NOW)
    records = [Sent(n, user(externalId=n, userName=f"{n}@example.com", nickName="ann")) for n in ("1", "2", "3")]
    results = list(both.run(records))
    assert [one.outcome for one in results] == [Outcome.CREATE, Outcome.CREATE, Outcome.CREATE]
    assert [as_shown(attribute(one, "sAMAccountName").then) for one in results] == ["ann2", "ann3", "‹not known›"]
    unread = rehearsed(of, user(nickName="ann"), NobodyTells())
    assert "were not read" in attribute(unread, "sAMAccountName").why


@pytest.mark.parametrize(
    ("text", "then", "mark"),
    [("2026-01-02", "2026-01-02T00:00:00Z", None), ("2026-01-02T01:00:00+02:00", "2026-01-01T23:00:00Z", None),
     ("20260102", None, Mark.UNKNOWN), ("9999-12-31T23:59:59-05:00", None, Mark.REFUSED), ("soon", None, Mark.REFUSED)],
)  # fmt: skip
def test_a_date_is_written_in_utc_and_a_form_that_nobody_documents_is_not_known(
    text: str, then: Any, mark: Any
) -> None:
    found = attribute(
        rehearsed(schema(AttributeMapping("employeeHireDate", "[title]")), user(title=text)), "employeeHireDate"
    )
    assert found.mark is mark
    assert mark is Mark.UNKNOWN or found.then == then
