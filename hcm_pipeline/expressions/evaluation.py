"""An expression on a record: compiled once, evaluated for each. The result is the documented one, or that it is not known.

Of Switch, IIF and Coalesce only the arguments are evaluated that the result needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hcm_pipeline.expressions import text_functions as of
from hcm_pipeline.expressions.catalogue import FUNCTIONS, unlike
from hcm_pipeline.expressions.syntax import Argument, Attribute, Call, Comparison, Constant, Expression
from hcm_pipeline.expressions.values import NotKnown, Surroundings, Unknown, Value, as_text, is_random, needed

Record = Mapping[str, Value]
"""The source's values by attribute; an attribute that is not there has none."""
Step = Callable[[Record, Surroundings], Value]

STRICT: dict[str, Callable[..., Value]] = {
    "Append": of.append, "BitAnd": of.bit_and, "CBool": of.to_bool, "CDate": of.to_date, "ConvertToBase64": of.to_base64,
    "ConvertToUTF8Hex": of.to_utf8_hex, "Count": of.count, "CStr": of.to_text, "DateAdd": of.date_add, "DateDiff": of.date_diff,
    "DateFromNum": of.date_from_number, "FormatDateTime": of.format_date, "IgnoreFlowIfNullOrEmpty": of.ignore_flow,
    "InStr": of.in_string, "IsNull": of.is_null, "IsNullOrEmpty": of.is_null_or_empty, "IsPresent": of.is_present,
    "IsString": of.is_string, "Item": of.item, "Join": of.join, "Left": of.left, "Mid": of.mid,
    "NormalizeDiacritics": of.normalize, "Not": of.negate, "NumFromDate": of.number_from_date, "PCase": of.proper_case,
    "Prepend": of.prepend, "Redact": of.redact, "RemoveDuplicates": of.remove_duplicates, "Replace": of.replace,
    "Split": of.split, "StripSpaces": of.strip_spaces, "ToLower": of.lower, "ToUpper": of.upper, "Word": of.word,
}  # fmt: skip
"""Functions of values."""
AROUND: dict[str, Callable[..., Value]] = {
    "DefaultDomain": of.default_domain, "Guid": of.guid, "Now": of.now, "RandomString": of.random_string,
}  # fmt: skip
"""Functions that ask the surroundings first."""
LETS_RANDOM_BY = frozenset(
    ("Append", "CStr", "IgnoreFlowIfNullOrEmpty", "IsNull", "IsNullOrEmpty", "IsPresent", "Join", "Left", "Mid", "Prepend",
     "Redact")
)  # fmt: skip
"""Functions that do with a random text what they do with any other; the others look at its characters."""
NOT_HERE = frozenset(("AppRoleAssignments", "AppRoleAssignmentsComplex", "SingleAppRoleAssignment", "IsNothing"))
PRESENCE = frozenset(("IsNull", "IsNullOrEmpty", "IsPresent"))


@dataclass(frozen=True)
class Compiled:
    """An expression, ready for records. `never`: why no record has a result that is known; None: some may."""

    expression: Expression
    step: Step
    never: str | None = None

    def evaluate(self, record: Record, around: Surroundings) -> Value | Unknown:
        """The value for a record. An attribute that the record has not is null."""
        try:
            return self.step(record, around)
        except NotKnown as not_known:
            return Unknown(not_known.why)


def compiled(expression: Expression) -> Compiled:
    """An expression, ready for records; what is wrong with it as a whole is each record's result."""
    try:
        return Compiled(expression, _root(expression))
    except NotKnown as not_known:
        return Compiled(expression, _failing(not_known.why), not_known.why)


def evaluate(expression: Expression, record: Record, around: Surroundings) -> Value | Unknown:
    """The value of an expression for one record."""
    return compiled(expression).evaluate(record, around)


def _failing(why: str) -> Step:
    def fail(record: Record, around: Surroundings) -> Value:  # noqa: ARG001
        raise NotKnown(why)

    return fail


def _root(expression: Expression) -> Step:
    root = expression.root
    if isinstance(root, Call) and root.name == "SelectUniqueValue":
        return _unique(root)
    return _step(root)


def _step(node: Argument) -> Step:
    match node:
        case Attribute(name):
            return lambda record, _: record.get(name)
        case Constant(value):
            return lambda *_: value
        case Comparison(operator, left, right):
            one, other, fixed = _step(left), _step(right), (isinstance(left, Constant), isinstance(right, Constant))
            return lambda record, around: _compared(operator, one(record, around), other(record, around), fixed)
        case Call():
            return _call(node)


def _compared(operator: str, one: Value, other: Value, fixed: tuple[bool, bool]) -> Value:
    """`fixed`: whether each side is a constant, which may be empty; the values of attributes may not."""
    if (of.empty(one) and not fixed[0]) or (of.empty(other) and not fixed[1]):
        raise NotKnown("a condition on no value fails, says the documentation, and not what comes out")
    if is_random(one) or is_random(other):
        raise NotKnown("a random value is compared")
    return of.compare(operator, one, other)


def _call(node: Call) -> Step:
    name = node.name
    known = FUNCTIONS.get(name)
    if known is None:
        raise NotKnown(unlike(name))
    if name in NOT_HERE:
        raise NotKnown(f"{name} is not evaluated: {known.evaluated.removeprefix('no: ')}")
    if name == "SelectUniqueValue":
        raise NotKnown("SelectUniqueValue stands inside another function, which the documentation forbids")
    given = list(node.arguments)
    if known.most is not None and len(given) > known.most and any(given[known.most :]):
        raise NotKnown(f"{known.form}: there are {len(given)} arguments")
    if len(given) < known.least or any(
        each.required and (place >= len(given) or given[place] is None) for place, each in enumerate(known.parameters)
    ):
        raise NotKnown(f"{known.form}: an argument that it needs is missing")
    if known.most is not None:
        given = (given + [None] * known.most)[: known.most]
    special = {"IIF": _iif, "Switch": _switch, "Coalesce": _coalesce}.get(name)
    return special(node) if special else _strict(name, [None if each is None else _step(each) for each in given])


def _strict(name: str, steps: list[Step | None]) -> Step:
    """A function all of whose arguments are evaluated."""
    if name in AROUND:
        draw = AROUND[name]
        return lambda record, around: draw(around, *(each and each(record, around) for each in steps))
    function, blind = STRICT[name], name not in LETS_RANDOM_BY

    def run(record: Record, around: Surroundings) -> Value:
        values = [None if each is None else each(record, around) for each in steps]
        if blind and around.random is None and any(map(is_random, values)):
            raise NotKnown(f"{name} depends on a random value")
        return function(*values)

    return run


def _iif(node: Call) -> Step:
    asked, *rest = node.arguments
    assert asked is not None
    condition, (yes, no) = _step(asked), [None if each is None else _step(each) for each in rest[:2]]
    presence = _of_presence(asked)

    def run(record: Record, around: Surroundings) -> Value:
        if presence is not None and of.empty(presence(record, around)):
            raise NotKnown("the documentation lists a condition on an attribute without a value as unsupported in IIF")
        said = as_text(condition(record, around))
        if said not in ("True", "False"):
            raise NotKnown("the condition of IIF is neither True nor False")
        chosen = yes if said == "True" else no
        return None if chosen is None else chosen(record, around)

    return run


def _of_presence(asked: Argument) -> Step | None:
    """The value of which a condition asks whether it is there; None for other conditions."""
    if isinstance(asked, Call) and asked.name == "Not" and asked.arguments:
        inner = asked.arguments[0]
        return None if inner is None else _of_presence(inner)
    if isinstance(asked, Call) and asked.name in PRESENCE and asked.arguments and asked.arguments[0] is not None:
        return _step(asked.arguments[0])
    return None


def _switch(node: Call) -> Step:
    source, default, *pairs = (*node.arguments, None)[: max(2, len(node.arguments))]
    if pairs and pairs[-1] is None and len(pairs) % 2:
        pairs.pop()
    if len(pairs) % 2:
        raise NotKnown("Switch takes its keys and values in pairs, and here one is left over")
    if isinstance(source, Call) and source.name in PRESENCE:
        raise NotKnown(f"the documentation says not to use {source.name} as the source of Switch")
    if source is None:
        raise NotKnown("Switch has no source")
    switched, otherwise = _step(source), None if default is None else _step(default)
    steps = [None if each is None else _step(each) for each in pairs]
    cases = list(zip(steps[::2], steps[1::2], strict=True))

    def run(record: Record, around: Surroundings) -> Value:
        text = as_text(switched(record, around)) or ""
        if around.random is None and is_random(text):
            raise NotKnown("Switch depends on a random value")
        for key, value in cases:
            if text == ((as_text(key(record, around)) or "") if key else ""):
                return None if value is None else value(record, around)
        return None if otherwise is None else otherwise(record, around)

    return run


def _coalesce(node: Call) -> Step:
    steps = [_step(each) for each in node.arguments if each is not None]

    def run(record: Record, around: Surroundings) -> Value:
        for each in steps:
            value = each(record, around)
            if value is not None:
                return value
        return None

    return run


def _unique(node: Call) -> Step:
    """The first candidate that no account has; it stands at the top, and is for Active Directory alone."""
    steps = [_step(each) for each in node.arguments if each is not None]
    if len(steps) < 2:
        raise NotKnown("SelectUniqueValue takes at least two rules")

    def run(record: Record, around: Surroundings) -> Value:
        if around.taken is None:
            raise NotKnown("which values are taken is not known: the accounts of the directory were not read")
        for each in steps:
            candidate = needed(each(record, around), "SelectUniqueValue")
            if not is_random(candidate) and not candidate.isascii():
                raise NotKnown("the search of SelectUniqueValue fails on letters with marks, says the documentation")
            if not around.taken(candidate):
                return candidate
        raise NotKnown("every candidate is taken: the service leaves the record and tries again later")

    return run
