"""The schema over Graph: read, replaced, put back; refusals say which permission is missing, and what passes is tried again."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from hcm_pipeline.entra import JobSchema, Parsed
from hcm_pipeline.entra.client import GraphClient
from hcm_pipeline.errors import ServiceError, ServiceRefused

from .conftest import Service


def test_a_schema_is_read_replaced_and_put_back_to_the_services_default(service: Service) -> None:
    with service.client() as client:
        job = JobSchema(client)
        before = copy.deepcopy(dict(job.read()))
        wanted: Any = copy.deepcopy(before)
        mappings = wanted["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"]
        mappings[0]["flowBehavior"] = "FlowAlways"
        service.fault("status", status=503, on="jobs", times=1)
        job.replace(wanted)
        told: Any = job.read()
        assert (
            told["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"][0]["flowBehavior"] == "FlowAlways"
        )
        assert len(service.time.slept) == 1
        with pytest.raises(ServiceRefused, match="400"):
            job.replace({"id": "x"})
        job.reset()
        assert job.read() == before
        operators = job.filter_operators()
        assert {"EQUALS", "IS TRUE", "ENDS_WITH"} <= operators.keys()
        assert "Boolean" in operators["IS TRUE"]
        assert job.functions()["Switch"]
        assert not job.skips_out_of_scope()


class Answering(GraphClient):
    """A client that answers by itself, and keeps what it was asked."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer, self.asked = answer, list[tuple[str, str, Any]]()

    def job_call(self, method: Any, part: str, body: object = None, *, give_up_after: float | None = None) -> Any:
        self.asked.append((method, part, json.loads(json.dumps(body))))
        return self.answer


def test_an_expression_is_parsed_and_evaluated_by_the_service() -> None:
    parsed = {"expression": "[title]", "name": "title", "type": "Attribute", "parameters": []}
    client = Answering({
        "parsingSucceeded": True, "evaluationSucceeded": True, "evaluationResult": ["a", 1], "parsedExpression": parsed,
        "error": None,
    })  # fmt: skip
    told = JobSchema(client).parse_expression("[title]", {"title": "a"}, {"name": "jobTitle"})
    assert told == Parsed(parsed, ("a", "1"), None)
    [(method, part, body)] = client.asked
    assert (method, part) == ("POST", "schema/parseExpression")
    assert body == {
        "expression": "[title]", "targetAttributeDefinition": {"name": "jobTitle"},
        "testInputObject": {"definition": None, "properties": [{"key": "title", "value": "a"}]},
    }  # fmt: skip


def test_an_expression_that_the_service_cannot_read_has_its_reason() -> None:
    client = Answering({"parsingSucceeded": False, "error": {"code": "x", "message": "no such function"}})
    assert JobSchema(client).parse_expression("Shout([a])") == Parsed(None, None, "no such function")
    assert "testInputObject" not in client.asked[0][2]


def test_a_catalogue_that_is_none_is_an_error_of_the_service() -> None:
    with pytest.raises(ServiceError, match="no list"):
        JobSchema(Answering({"value": None})).functions()
