"""Nulls of a synchronization job: the profile's names for attributes, and what the job's schema says of columns."""

from __future__ import annotations

import datetime as dt
from typing import cast

import pytest

from hcm_pipeline.delivery import NullFlow, NullFlows
from hcm_pipeline.entra import GraphClient, SourceAttribute
from hcm_pipeline.errors import ProfileError, ServiceRefused, ServiceUnavailable
from hcm_pipeline.flow.profiles import built_in_text, load_profile, parse_profile
from hcm_pipeline.profile import Profile
from hcm_pipeline.targets.entra import EntraTarget
from hcm_pipeline.targets.entra.null_switches import MAY_NOT_READ, NO_ANSWER, flows_of, read_null_flows, shown_by

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CUSTOM = "urn:ietf:params:scim:schemas:extension:contoso:1.0:User"
NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
PHONE = 'phoneNumbers[type eq "work"].value'


def profile(delivery: str) -> Profile:
    """The usual profile with these words about delivery."""
    return parse_profile(f"{built_in_text('oracle-hcm')}\n[delivery]\n{delivery}\n", "own.toml").profile


def fault(delivery: str) -> str:
    with pytest.raises(ProfileError) as caught:
        profile(delivery)
    [found] = caught.value.faults
    return f"{found.key}: {found.allowed}"


def test_no_null_clears_anything_unless_the_profile_says_so() -> None:
    target = EntraTarget("principal/job", profile=load_profile("oracle-hcm").profile)
    assert not any(column.clears or column.instead for column in target.columns)


@pytest.mark.parametrize(("name", "column"), [
    ("department", f"{ENTERPRISE}:department"), ("{enterprise}:department", f"{ENTERPRISE}:department"),
    (f"{ENTERPRISE}:manager", f"{ENTERPRISE}:manager"), ("title", "title"), ("givenName", "name.givenName"),
    ("TermDate", f"{CUSTOM}:TermDate"), ("{custom}:TermDate", f"{CUSTOM}:TermDate"), (PHONE, PHONE), ("locality",
    'addresses[type eq "work"].locality'),
])  # fmt: skip
def test_an_attribute_is_named_as_in_the_mapping_or_by_its_last_part(name: str, column: str) -> None:
    given = profile(f"flows_nulls = ['{name}']")
    assert [c.name for c in EntraTarget("k", profile=given).columns if c.clears] == [column]


def test_a_value_in_the_place_of_null_is_a_columns() -> None:
    given = profile("[delivery.instead_of_null]\nmanager = '0000001'\nTermDate = '9999-12-31T00:00:00Z'")
    assert {c.name: c.instead for c in EntraTarget("k", profile=given).columns if c.instead} == {
        f"{ENTERPRISE}:manager": "0000001", f"{CUSTOM}:TermDate": "9999-12-31T00:00:00Z",
    }  # fmt: skip


@pytest.mark.parametrize(("text", "said"), [
    ("flows_nulls = ['boss']", "delivery.flows_nulls[0]: an attribute of scim.mapping, or its last part"),
    ("flows_nulls = ['value']", "delivery.flows_nulls[0]: an attribute of scim.mapping"),
    ("flows_nulls = ['externalId']", "delivery.flows_nulls[0]: an attribute that may be cleared"),
    ("flows_nulls = ['displayName']", "delivery.flows_nulls[0]: an attribute that may be cleared"),
    ("flows_nulls = ['']", "delivery.flows_nulls[0]: String should have at least 1 character"),
    ("null_flow_field = 'a b'", "delivery.null_flow_field: must match"),
    ("instead_of_null = { boss = 'x' }", "delivery.instead_of_null.boss: an attribute of scim.mapping"),
    ("instead_of_null = { active = 'x' }", "delivery.instead_of_null.active: an attribute that may be cleared"),
    ("instead_of_null = { TermDate = 'never' }", "delivery.instead_of_null.TermDate: a time stamp such as"),
    ("instead_of_null = { title = ' ' }", "delivery.instead_of_null.title: must match"),
    (f"instead_of_null = {{ title = '{'x' * 257}' }}", "delivery.instead_of_null.title: String should have at most 256"),
    ("instead_of_null = { department = 'x', '{enterprise}:department' = 'y' }", "delivery.instead_of_null: one value"),
])  # fmt: skip
def test_a_wrong_word_is_named(text: str, said: str) -> None:
    assert fault(text).startswith(said)


def test_a_boolean_has_no_place_for_a_text() -> None:
    assert "this one is a boolean" in fault("""instead_of_null = { 'emails[type eq "work"].primary' = 'x' }""")


def test_the_keys_count_in_the_digest_where_they_are_used() -> None:
    text = built_in_text("oracle-hcm")
    assert parse_profile(text, "own").sha256 == parse_profile(f"{text}\n[delivery]\nflows_nulls = []\n", "own").sha256
    assert (
        parse_profile(text, "own").sha256
        != parse_profile(f"{text}\n[delivery]\nflows_nulls = ['title']\n", "own").sha256
    )


def test_columns_are_found_in_the_schema_by_their_place_and_not_by_their_spelling() -> None:
    attributes = [
        SourceAttribute(f"{ENTERPRISE}:manager", True), SourceAttribute("title", True), SourceAttribute("userName", True),
        SourceAttribute(PHONE, False), SourceAttribute("of nobody", True),
    ]  # fmt: skip
    columns = (
        f"{ENTERPRISE}:manager.value",
        "urn:ietf:params:scim:schemas:core:2.0:User:title",
        "userName",
        PHONE,
        "locale",
        "room",
    )
    assert list(flows_of(columns, attributes).values()) == [
        NullFlow.FLOWS, NullFlow.FLOWS, NullFlow.STAYS, NullFlow.STAYS, NullFlow.UNUSED, NullFlow.UNUSED,
    ]  # fmt: skip


class Graph:
    """A client whose schema is this, or that cannot read it."""

    answered_at = NOON

    def __init__(self, answer: list[SourceAttribute] | Exception) -> None:
        self.answer = answer

    def source_attributes(self, field: str | None, give_up_after: float) -> list[SourceAttribute]:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_a_service_that_may_not_be_asked_says_why_and_one_that_does_not_answer_says_nothing() -> None:
    def read(answer: list[SourceAttribute] | Exception) -> NullFlows | None:
        return read_null_flows(cast("GraphClient", Graph(answer)), ["title"], None)

    refused = read(ServiceRefused("no", 403, "Authorization_RequestDenied"))
    assert refused is not None
    assert (refused.why_not, refused.by_column) == (MAY_NOT_READ, {})
    assert "Synchronization.Read.All" in MAY_NOT_READ
    for fault in (ServiceRefused("no", 404, "NotFound"), ServiceUnavailable("no")):
        assert read(fault) == NullFlows(NOON, {}, NO_ANSWER, stands=True)


def test_where_the_second_switch_is_not_known_that_is_said_of_the_attributes_of_which_the_first_is_on() -> None:
    manager = f"{ENTERPRISE}:manager"
    graph = Graph(
        [SourceAttribute("title", True, ("jobTitle",)), SourceAttribute(manager, True), SourceAttribute("city", False)]
    )

    def read(field: str | None) -> NullFlows:
        return read_null_flows(cast("GraphClient", graph), ["title", f"{manager}.value"], field)

    told = read(None)
    assert told.why_not is not None
    assert "it is on for manager.value, title;" in told.why_not
    assert "delivery.null_flow_field" in told.why_not
    assert set(told.by_column.values()) == {NullFlow.FLOWS}
    assert read("second").why_not is None
    graph.answer = [SourceAttribute("title", False, ("jobTitle",))]
    assert read(None) == NullFlows(
        NOON, {"title": NullFlow.STAYS, f"{manager}.value": NullFlow.UNUSED}, None, {"title": ("jobTitle",)}
    )


def test_the_directory_that_the_job_writes_to_shows_what_the_jobs_mappings_put_there() -> None:
    mail, title, phone = 'emails[type eq "work"].value', "title", 'phoneNumbers[type eq "mobile"].value'
    held = {mail: None, "name.familyName": ["sn"], title: ["jobTitle", "extensionAttribute1"], phone: ["mobile"], "locale": None,
            f"{ENTERPRISE}:manager": ["manager"], "userType": []}  # fmt: skip
    shown = {
        mail: ["mail"],
        "name.familyName": ["surname"],
        phone: ["has_mobile"],
        f"{ENTERPRISE}:manager": ["has_manager"],
    }
    assert shown_by("principal/API2AAD.t.g", "entra", held) == shown
    assert shown_by("principal/API2AD.t.g", "ad", held) == shown
    assert shown_by("principal/API2AAD.t.g", "entra", {title: ["jobTitle"]}) == {title: ["has_title"]}
    for target, kind in (("API2AD.t.g", "entra"), ("API2AAD.t.g", "ad"), ("API2AAD.t.g", None)):
        assert shown_by(f"principal/{target}", kind, held) == {}
