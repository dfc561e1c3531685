"""Worksheet 2 and the tutorial's example as SCIM users."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import duckdb
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import create_model
from scim2_models import BulkRequest, EnterpriseUser, Extension, Required, User
from scim2_models.urn import URN

from hcm_pipeline.flow.profiles import load_profile
from hcm_pipeline.profile import Profile
from hcm_pipeline.targets.entra import EntraTarget, columns_of, compile_mapping
from hcm_pipeline.targets.entra.scim_schema import CORE, ENTERPRISE
from hcm_pipeline.warehouse import memory, quote, scratch

CUSTOM = "urn:ietf:params:scim:schemas:extension:contoso:1.0:User"
ORACLE = load_profile("oracle-hcm").profile
Row = Mapping[str, object]
FULL: Row = {
    "person_number": "00123", "active": True, "first_name": "Ann", "middle_name": "May", "last_name": "O\"Lee\\",
    "username": "Ann O'Lee", "email": "ann@example.com", "worker_type": "Employee", "company": "Contoso",
    "division": "Sales", "department": "North", "job_code": "J1", "job_name": "Seller", "manager": "00007",
    "manager_external_id": "00007", "street_address": "1 Main St", "city": "Rome", "state": "RM", "postal_code": "00100",
    "country": "IT", "work_address": "1 Main St\nRome", "work_phone": "+39 1", "mobile_phone": "+39 2",
    "hire_date": dt.date(2020, 1, 31), "termination_date": dt.date(2027, 6, 30),
    "user_principal_name": "ann.olee@contoso.com", "sam_account_name": "aolee", "common_name": "Ann O'Lee",
    "mail_nickname": "ann.olee", "parent_distinguished_name": None,
}  # fmt: skip
LEAST: Row = {"person_number": "5", "active": False, "first_name": "李", "last_name": "💥",
                            "user_principal_name": "li.boom@contoso.com", "sam_account_name": "lboom"}  # fmt: skip


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB as the pipeline opens it."""
    with memory() as made:
        yield made


def user_json(con: duckdb.DuckDBPyConnection, values: Row, profile: Profile = ORACLE) -> str:
    """The SCIM user of a worker as it would be sent."""
    mapping = compile_mapping(profile)
    columns = columns_of(profile)
    given_values = ", ".join(f"?::{kind} as {quote(name)}" for name, kind in columns.items())
    query = f"select {mapping.user_json} from (select {mapping.select} from (select {given_values}))"
    return str(con.execute(query, [values.get(name) for name in columns]).fetchall()[0][0])


def user(con: duckdb.DuckDBPyConnection, values: Row, profile: Profile = ORACLE) -> dict[str, Any]:
    """The same, parsed."""
    parsed: dict[str, Any] = orjson.loads(user_json(con, values, profile))
    return parsed


def test_worksheet_2_is_complete(con: duckdb.DuckDBPyConnection) -> None:
    assert user(con, FULL) == {
        "schemas": [CORE, ENTERPRISE, CUSTOM],
        "externalId": "00123",
        "userName": "ann.olee@contoso.com",
        "active": True,
        "displayName": 'Ann O"Lee\\',
        "name": {"givenName": "Ann", "middleName": "May", "familyName": 'O"Lee\\'},
        "title": "Seller",
        "userType": "Employee",
        "emails": [{"type": "work", "value": "ann@example.com", "primary": True}],
        "phoneNumbers": [{"type": "work", "value": "+39 1"}, {"type": "mobile", "value": "+39 2"}],
        "addresses": [{"type": "work", "streetAddress": "1 Main St", "locality": "Rome", "region": "RM",
                       "postalCode": "00100", "country": "IT", "formatted": "1 Main St\nRome", "primary": True}],
        ENTERPRISE: {"employeeNumber": "00123", "department": "North", "division": "Sales", "organization": "Contoso",
                     "manager": {"value": "00007"}},
        CUSTOM: {"JobCode": "J1", "HireDate": "2020-01-31T00:00:00Z", "TermDate": "2027-06-30T23:59:59Z",
                 "SamAccountName": "aolee"},
    }  # fmt: skip


def test_the_attributes_of_the_tutorials_example_are_all_there(con: duckdb.DuckDBPyConnection) -> None:
    found = user(con, FULL)
    # seeds/oracle-hcm-provisioning-tutorial.md, "SCIM bulk request"; the manager's display name is read-only in RFC 7643
    assert found.keys() >= {"schemas", "externalId", "userName", "name", "displayName", "emails", "addresses",
                            "phoneNumbers", "userType", "title", "active", ENTERPRISE}  # fmt: skip
    assert found["name"].keys() == {"familyName", "givenName", "middleName"}
    assert found["addresses"][0].keys() >= {
        "type",
        "streetAddress",
        "locality",
        "region",
        "postalCode",
        "country",
        "primary",
    }
    assert found[ENTERPRISE].keys() >= {"employeeNumber", "division", "department", "manager"}


def keys_of(value: Any) -> Any:
    """The shape of a user: everything but the values."""
    if isinstance(value, dict):
        return {key: keys_of(part) for key, part in value.items()}
    return [keys_of(part) for part in value] if isinstance(value, list) else None


def test_what_is_not_known_is_an_explicit_null_and_nothing_is_left_out(con: duckdb.DuckDBPyConnection) -> None:
    least = user(con, LEAST)
    assert keys_of(least) == keys_of(user(con, FULL))
    assert least["active"] is False
    assert least["title"] is None
    assert least[ENTERPRISE]["manager"] == {"value": None}
    assert least[CUSTOM]["TermDate"] is None
    assert least["displayName"] == "李 💥"


def test_work_entries_stand_first_whatever_the_order_of_the_mapping(con: duckdb.DuckDBPyConnection) -> None:
    mapping = dict(reversed(ORACLE.scim.mapping.items()))
    profile = ORACLE.model_copy(
        update={"scim": ORACLE.scim.model_copy(update={"mapping": mapping}), "name": "reversed"}
    )
    assert [entry["type"] for entry in user(con, FULL, profile)["phoneNumbers"]] == ["work", "mobile"]


def test_a_local_time_becomes_utc(con: duckdb.DuckDBPyConnection) -> None:
    text = ORACLE.model_dump(mode="json", by_alias=True)
    text["name"] = "berlin"
    text["scim"]["mapping"]["{custom}:HireDate"] = {"field": "hire_date", "time": "00:00:00", "zone": "Europe/Berlin"}
    profile = Profile.model_validate(text)
    assert user(con, {**FULL, "hire_date": dt.date(2026, 7, 1)}, profile)[CUSTOM]["HireDate"] == "2026-06-30T22:00:00Z"
    assert user(con, {**FULL, "hire_date": dt.date(2026, 1, 1)}, profile)[CUSTOM]["HireDate"] == "2025-12-31T23:00:00Z"


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@given(TEXT)
def test_strings_are_escaped_so_that_they_come_back(con: duckdb.DuckDBPyConnection, value: str) -> None:
    text = user_json(con, {**LEAST, "job_name": value})
    assert orjson.loads(text)["title"] == value
    plain = "".join(character for character in value if character.isprintable())
    assert f'"title":{orjson.dumps(plain).decode()},' in user_json(con, {**LEAST, "job_name": plain})


def custom_extension() -> type[Extension]:
    """The organisation's own schema as scim2-models has them."""
    fields: dict[str, Any] = dict.fromkeys(
        ("JobCode", "HireDate", "TermDate", "SamAccountName"), (Annotated[str | None, Required.false], None)
    )
    made = create_model("Contoso", __base__=Extension, **fields)
    made.__schema__ = URN(CUSTOM)
    return made


def test_a_bulk_request_is_valid_for_an_independent_implementation(con: duckdb.DuckDBPyConnection) -> None:
    mapping = compile_mapping(ORACLE)
    columns = columns_of(ORACLE)
    names = ", ".join(f"?::{kind} as {quote(name)}" for name, kind in columns.items())
    rows = " union all ".join(f"select {names}" for _ in range(2))
    values = [worker.get(name) for worker in (FULL, LEAST) for name in columns]
    form = EntraTarget("t", profile=ORACLE).form
    with scratch(con) as t:
        planned = t.make(
            "planned",
            f"select person_number, (2::uhugeint ** 127)::uhugeint::uuid as digest, {mapping.select} from ({rows})",
            values,
        )
        operations = [text.encode() for (text,) in t.rows(f"select {form.operation} from {planned}")]
    body = form.head + b"".join(operations).removesuffix(form.separator) + form.tail
    kind: Any = BulkRequest[User[EnterpriseUser | custom_extension()]]  # type: ignore[misc]
    request = kind.model_validate(orjson.loads(body))
    assert [operation.bulk_id for operation in request.operations] == ["00123-800000000000", "5-800000000000"]
    first, second = (operation.data for operation in request.operations)
    assert (first.user_name, first.active, second.active) == ("ann.olee@contoso.com", True, False)
    assert first[EnterpriseUser].manager.value == "00007"
    assert first.phone_numbers[0].type == "work"
