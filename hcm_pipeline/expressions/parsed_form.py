"""Graph's parsed form of an expression, `attributeMappingSource`, both ways.

Sources: `attributeMappingSource`, `synchronizationSchema: parseExpression` and `synchronizationSchema: functions` of the Graph
reference. There a constant is always a quoted string, an empty slot is left out, and a repeated parameter repeats its key. The
form of a comparison is not documented.
"""

from __future__ import annotations

from collections.abc import Mapping

from hcm_pipeline.expressions.catalogue import FUNCTIONS, Function, unlike
from hcm_pipeline.expressions.parsing import parse
from hcm_pipeline.expressions.syntax import (
    DEEPEST,
    Argument,
    Attribute,
    Call,
    Comparison,
    Constant,
    Expression,
    ExpressionFault,
    Operand,
)

Json = dict[str, object]


def to_source(expression: Expression) -> Json:
    """The `attributeMappingSource` of an expression: expression, name, type and parameters, in Graph's order of keys.

    Raises ExpressionFault where Graph's form is not documented: a comparison, an unknown function, too many arguments. The
    service's own parseExpression makes the form of those.
    """
    return _source(expression.root)


def _source(node: Argument) -> Json:
    match node:
        case Attribute(name):
            return {"expression": str(node), "name": name, "parameters": [], "type": "Attribute"}
        case Constant(value):
            return {"expression": str(Constant(value)), "name": value, "parameters": [], "type": "Constant"}
        case Comparison():
            raise ExpressionFault("the parsed form of a comparison is not documented; the service parses the text", 1)
        case Call(name, arguments):
            _refuse_gaps(node)
            return {
                "expression": str(node),
                "name": name,
                "parameters": [
                    {"key": key, "value": _source(each)}
                    for key, each in zip(_keys(name, len(arguments)), arguments, strict=True)
                    if each is not None
                ],
                "type": "Function",
            }


def _keys(name: str, count: int) -> list[str]:
    """The key of each of so many arguments."""
    known = FUNCTIONS.get(name)
    if known is None:
        raise ExpressionFault(f"{unlike(name)}, so its parsed form is not known", 1)
    keys = [each.key for each in known.parameters]
    if known.most is None:
        keys += [keys[-1]] * (count - len(keys))
    if count > len(keys):
        raise ExpressionFault(f"{known.form} takes {len(keys)} arguments, and there are {count}", 1)
    return keys[:count]


def _refuse_gaps(call: Call) -> None:
    """Raise ExpressionFault for an empty slot among repeated arguments: the parsed form would close the gap."""
    known = FUNCTIONS.get(call.name)
    if known is not None and known.most is None and None in _trimmed(call)[len(known.parameters) - 1 :]:
        raise ExpressionFault(f"an argument of {call.name} is empty, and its parsed form cannot say which", 1)


def from_source(source: Mapping[str, object]) -> Expression:
    """The expression of an `attributeMappingSource`. Its text counts where it says what the parsed form says.

    Raises ExpressionFault where the two disagree, and for what is no such source.
    """
    text = source.get("expression")
    written: Expression | None = None
    if isinstance(text, str) and text.strip():
        written = parse(text)
    built = _node(source, 0)
    if written is None:
        if built is None:
            raise ExpressionFault("neither a text nor a parsed form that is known", 1)
        return Expression(built)
    if built is not None and not _same(written.root, built):
        raise ExpressionFault("the text of the mapping and its parsed form say different things", 1)
    return written


def _node(source: Mapping[str, object], depth: int) -> Operand | None:
    """The parts that a parsed form has; None where it uses what is not documented."""
    if depth > DEEPEST:
        raise ExpressionFault(f"more than {DEEPEST} functions stand inside each other", 1)
    name, kind = source.get("name"), source.get("type") or "Attribute"
    if kind in ("Attribute", 0):
        return Attribute(name) if isinstance(name, str) and name else None
    if kind in ("Constant", 1):
        return Constant(name if isinstance(name, str) else "")
    if kind not in ("Function", 2) or not isinstance(name, str):
        raise ExpressionFault("the type of a mapping's source is Attribute, Constant or Function", 1)
    known, given = FUNCTIONS.get(name), source.get("parameters")
    if known is None or (not isinstance(given, list) and known.least):
        return None
    return _call(known, given if isinstance(given, list) else [], depth)


def _call(known: Function, given: list[object], depth: int) -> Call | None:
    """A function with its arguments in their slots; None where a key or a value is not documented."""
    places = {
        name.lower(): place
        for place, each in enumerate(known.parameters)
        for name in (each.key, *each.also)
    }  # fmt: skip
    slots: list[Argument | None] = [None] * sum(not each.repeats for each in known.parameters)
    rest: list[Argument | None] = []
    for pair in given:
        value = pair.get("value") if isinstance(pair, Mapping) else None
        if not isinstance(pair, Mapping) or not isinstance(value, Mapping):
            raise ExpressionFault(f"a parameter of {known.name} has no key and value", 1)
        node, place = _node(value, depth + 1), places.get(str(pair.get("key")).lower())
        if node is None or place is None:
            return None
        if place < len(slots):
            slots[place] = node
        else:
            rest.append(node)
    return Call(known.name, (*slots, *rest))


def _same(one: Argument | None, other: Argument | None) -> bool:
    """Whether two nodes mean the same: empty slots at the end do not count."""
    if not (isinstance(one, Call) and isinstance(other, Call)):
        return one == other
    a, b = _trimmed(one), _trimmed(other)
    return one.name == other.name and len(a) == len(b) and all(map(_same, a, b))


def _trimmed(call: Call) -> tuple[Argument | None, ...]:
    arguments = list(call.arguments)
    while arguments and arguments[-1] is None:
        arguments.pop()
    return tuple(arguments)
