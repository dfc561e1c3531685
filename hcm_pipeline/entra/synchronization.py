"""A synchronization job's schema over Graph: read, replaced, put back to its default; and what the service says of expressions.

Sources: the Graph reference, v1.0: `synchronizationSchema: get, update, delete, parseExpression, functions, filterOperators`.
Replacing the schema replaces all of it and is harmless twice; the next cycle is a full one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hcm_pipeline.errors import ServiceError

if TYPE_CHECKING:
    from hcm_pipeline.entra.client import GraphClient  # at run time it brings httpx along

Json = Mapping[str, object]


@dataclass(frozen=True)
class Parsed:
    """The service's answer about an expression. `source`: its parsed form (`attributeMappingSource`); None: it cannot be read.

    `results` are the values that it makes of the test object; None: no test object was given, or it could not be evaluated.
    `error` is the service's own text, which may quote the test object.
    """

    source: Json | None
    results: tuple[str, ...] | None
    error: str | None


class JobSchema:
    """The schema of one job, through a client that is open. `give_up_after`: seconds of patience for reading; None: its own."""

    def __init__(self, client: GraphClient, *, give_up_after: float | None = None) -> None:
        self._client = client
        self._haste = give_up_after

    def read(self) -> Json:
        """The schema as the service has it. Raises ServiceRefused (403: Synchronization.Read.All is missing), and ServiceError."""
        return self._client.job_call("GET", "schema", give_up_after=self._haste)

    def replace(self, schema: Json) -> None:
        """Put a schema in the place of the whole one. Raises ServiceRefused (400: it breaks a rule of the service)."""
        self._client.job_call("PUT", "schema", schema)

    def reset(self) -> None:
        """Put the service's default in the place of the whole schema."""
        self._client.job_call("DELETE", "schema")

    def skips_out_of_scope(self) -> bool:
        """Whether the job leaves alone the accounts of people who leave its scope; by default it disables them.

        Source: "Skip deletion of user accounts that go out of scope" (`SkipOutOfScopeDeletions`).
        """
        return self._client.synchronization_settings().get("SkipOutOfScopeDeletions", "").lower() == "true"

    def parse_expression(self, expression: str, test: Json | None = None, target: Json | None = None) -> Parsed:
        """Ask the service to parse an expression and, with a `test` object of source attributes, to evaluate it.

        `target` is an `attributeDefinition`. Raises ServiceRefused and ServiceError.
        """
        body: dict[str, object] = {"expression": expression}
        if test is not None:
            body["testInputObject"] = {
                "definition": None,
                "properties": [{"key": name, "value": value} for name, value in test.items()],
            }
        if target is not None:
            body["targetAttributeDefinition"] = target
        told = self._client.job_call("POST", "schema/parseExpression", body)
        source, results, error = told.get("parsedExpression"), told.get("evaluationResult"), told.get("error")
        parsed = told.get("parsingSucceeded") is True and isinstance(source, dict)
        evaluated = told.get("evaluationSucceeded") is True and isinstance(results, list)
        said = error.get("message") if isinstance(error, dict) else None
        return Parsed(
            source if parsed and isinstance(source, dict) else None,
            tuple(map(str, results)) if evaluated and isinstance(results, list) else None,
            said if isinstance(said, str) else None,
        )

    def functions(self) -> dict[str, list[str]]:
        """The functions that expressions may call, each with the names of its parameters."""
        return {
            name: [str(one.get("name")) for one in _objects(each.get("parameters"))]
            for each in self._listed("schema/functions") if isinstance(name := each.get("name"), str)
        }  # fmt: skip

    def filter_operators(self) -> dict[str, list[str]]:
        """The operators of scoping filters, each with the types of attribute that it compares."""
        found: dict[str, list[str]] = {}
        for each in self._listed("schema/filterOperators"):
            types, name = each.get("supportedAttributeTypes"), each.get("name") or each.get("id")
            found[str(name)] = [str(one) for one in types] if isinstance(types, list) else []
        return found

    def _listed(self, part: str) -> list[Json]:
        told = self._client.job_call("GET", part, give_up_after=self._haste).get("value")
        if not isinstance(told, list):
            raise ServiceError(f"{part}: the answer has no list of values")
        return _objects(told)


def _objects(value: object) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
