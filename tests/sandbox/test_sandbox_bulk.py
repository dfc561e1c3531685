"""Which bulk requests are taken, as a function of their bytes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from hcm_pipeline.sandbox.bulk import BULK_REQUEST, CORE, ENTERPRISE, InvalidDataFormat, read_bulk
from hcm_pipeline.sandbox.options import SandboxOptions

from .support import SCIM, operation, record

STRICT, LENIENT = SandboxOptions(), SandboxOptions(strict=False)

REFERENCE_EXAMPLE: dict[str, Any] = {
    "schemas": [BULK_REQUEST],
    "Operations": [
        {
            "method": "POST",
            "bulkId": "897401c2-2de4-4b87-a97f-c02de3bcfc61",
            "path": "/Users",
            "data": {
                "schemas": [CORE, ENTERPRISE],
                "externalId": "701984",
                "userName": "bjensen@example.com",
                "active": True,
                "name": {"familyName": "Jensen", "givenName": "Barbara"},
                ENTERPRISE: {"department": "Tour Operations", "manager": {"value": "89607"}},
            },
        }
    ],
    "failOnErrors": None,
}


def changed(change: Callable[[dict[str, Any], dict[str, Any]], object]) -> bytes:
    """The reference's example after a change to its root or its operation."""
    root = copy.deepcopy(REFERENCE_EXAMPLE)
    change(root, root["Operations"][0])
    return orjson.dumps(root)


def test_the_example_of_the_reference_is_taken() -> None:
    [read] = read_bulk(SCIM, orjson.dumps(REFERENCE_EXAMPLE), STRICT)
    assert (read.bulk_id, read.external_id) == ("897401c2-2de4-4b87-a97f-c02de3bcfc61", "701984")


def test_parameters_of_the_content_type_do_not_matter() -> None:
    assert read_bulk("application/scim+json; charset=utf-8", orjson.dumps(REFERENCE_EXAMPLE), STRICT)


@pytest.mark.parametrize("content_type", [None, "", "application/json", "text/plain; application/scim+json"])
def test_another_content_type_is_invalid_data(content_type: str | None) -> None:
    with pytest.raises(InvalidDataFormat, match="Invalid Data Format"):
        read_bulk(content_type, orjson.dumps(REFERENCE_EXAMPLE), LENIENT)


INVALID: dict[str, tuple[str, Callable[[dict[str, Any], dict[str, Any]], object]]] = {
    "another root schema": ("schemas", lambda root, _: root.update(schemas=[BULK_REQUEST, CORE])),
    "no operations": ("Operations", lambda root, _: root.update(Operations=[])),
    "operations in lower case": ("Operations", lambda root, _: root.update(operations=root.pop("Operations"))),
    "failOnErrors as text": ("failOnErrors", lambda root, _: root.update(failOnErrors="1")),
    "an operation that is no object": ("Operations[1]", lambda root, _: root["Operations"].append("x")),
    "PUT": ("method", lambda _, op: op.update(method="PUT")),
    "another path": ("path", lambda _, op: op.update(path="/Groups")),
    "no bulkId": ("bulkId", lambda _, op: op.pop("bulkId")),
    "no data": ("data", lambda _, op: op.pop("data")),
    "no externalId": ("externalId", lambda _, op: op["data"].pop("externalId")),
    "a blank externalId": ("externalId", lambda _, op: op["data"].update(externalId=" ")),
    "a number as externalId": ("externalId", lambda _, op: op["data"].update(externalId=701984)),
    "a collection that is no array": ("emails", lambda _, op: op["data"].update(emails={"value": "x"})),
    "a number as department": ("department", lambda _, op: op["data"][ENTERPRISE].update(department=1)),
    "a manager that is no object": ("manager", lambda _, op: op["data"][ENTERPRISE].update(manager="89607")),
}


@pytest.mark.parametrize("case", INVALID)
def test_a_broken_rule_is_named_with_its_place(case: str) -> None:
    place, change = INVALID[case]
    for rules in (STRICT, LENIENT):
        with pytest.raises(InvalidDataFormat) as refused:
            read_bulk(SCIM, changed(change), rules)
        assert place in str(refused.value)
        assert "701984" not in str(refused.value)


DEVIATIONS: dict[str, Callable[[dict[str, Any], dict[str, Any]], object]] = {
    "the same bulkId twice": lambda root, op: root["Operations"].append(op),
    "a path in lower case": lambda _, op: op.update(path="/users"),
    "only the core URN": lambda _, op: op["data"].update(schemas=[CORE]),
    "a custom URN that is not declared": lambda _, op: op["data"].update({"urn:contoso:employee": {"HireDate": "x"}}),
    "active as text": lambda _, op: op["data"].update(active="True"),
    "DELETE": lambda _, op: op.update(method="DELETE"),
}


@pytest.mark.parametrize("case", DEVIATIONS)
def test_deviations_of_official_samples_are_taken_only_when_lenient(case: str) -> None:
    body = changed(DEVIATIONS[case])
    with pytest.raises(InvalidDataFormat):
        read_bulk(SCIM, body, STRICT)
    assert read_bulk(SCIM, body, LENIENT)


def test_fifty_operations_are_taken_and_fifty_one_are_not() -> None:
    def request(count: int) -> bytes:
        operations = [operation(record(str(number))) for number in range(count)]
        return orjson.dumps({"schemas": [BULK_REQUEST], "Operations": operations})

    assert len(read_bulk(SCIM, request(50), STRICT)) == 50
    with pytest.raises(InvalidDataFormat, match="1 to 50"):
        read_bulk(SCIM, request(51), STRICT)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"name":"John Doe"}', b"[" * 100_000])
def test_what_is_no_bulk_request_is_invalid_data(body: bytes) -> None:
    with pytest.raises(InvalidDataFormat):
        read_bulk(SCIM, body, LENIENT)


def test_lenient_reading_puts_names_and_flags_right() -> None:
    body = changed(lambda _, op: op["data"].update(username=op["data"].pop("userName"), active="False"))
    [read] = read_bulk(SCIM, body, LENIENT)
    assert (read.data["userName"], read.data["active"]) == ("bjensen@example.com", False)


def test_a_lenient_delete_is_taken_and_ignored() -> None:
    [read] = read_bulk(SCIM, changed(DEVIATIONS["DELETE"]), LENIENT)
    assert read.ignored
