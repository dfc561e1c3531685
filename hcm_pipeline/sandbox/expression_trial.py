"""`parseExpression`: an expression read, told in its parsed form, and tried on a record.

Source: "synchronizationSchema: parseExpression", `expressionInputObject` and `parseExpressionResponse` of the Graph reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hcm_pipeline.sandbox.evaluation import EvaluationFault, Setting, Source, Token, evaluate, text_of
from hcm_pipeline.sandbox.expressions import ExpressionFault, mapping_source, read_expression

Json = dict[str, Any]


def parsed(body: Mapping[str, Any], now: float, default_domain: str) -> Json:
    """The answer to a request whose expression is a text. Without a record nothing is evaluated."""
    nothing: Json = {
        "error": None, "evaluationSucceeded": False, "evaluationResult": [], "parsedExpression": None,
        "parsingSucceeded": False,
    }  # fmt: skip
    try:
        node = read_expression(body["expression"])
    except ExpressionFault as error:
        return {**nothing, "error": _error("InvalidExpression", str(error))}
    told = {**nothing, "parsedExpression": mapping_source(node), "parsingSucceeded": True}
    if body.get("testInputObject") is None:
        return told
    try:
        value = evaluate(node, Setting(_properties(body["testInputObject"]), now, default_domain))
    except EvaluationFault as error:
        return {**told, "error": _error("ExpressionEvaluationFailed", str(error))}
    if isinstance(value, list):
        values: list[str] = value
    else:
        text = value.name if isinstance(value, Token) else text_of(value)
        values = [] if text is None else [text]
    fault = _type_fault(values, body.get("targetAttributeDefinition") or {})
    if fault is not None:
        return {**told, "error": _error("ExpressionEvaluationFailed", fault)}
    return {**told, "evaluationSucceeded": True, "evaluationResult": values}


def _properties(given: object) -> dict[str, Source]:
    pairs = given.get("properties") if isinstance(given, dict) else None
    found: dict[str, Source] = {}
    for pair in pairs if isinstance(pairs, list) else []:
        if isinstance(pair, dict) and isinstance(pair.get("key"), str):
            value = pair.get("value")
            found[pair["key"]] = value if isinstance(value, str | bool | list) or value is None else str(value)
    return found


def _type_fault(values: list[str], definition: Mapping[str, Any]) -> str | None:
    if len(values) > 1 and definition.get("multivalued") is False:
        return "the attribute holds one value"
    if definition.get("type") == "Boolean" and any(value.lower() not in ("true", "false") for value in values):
        return "the attribute is true or false"
    return None


def _error(code: str, message: str) -> Json:
    return {"code": code, "message": message, "tenantActionable": True}
