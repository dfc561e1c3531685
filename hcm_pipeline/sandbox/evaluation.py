"""The value of an expression: the documented functions, each as its page says.

Source: "Reference for writing expressions for attribute mappings in Microsoft Entra ID", and for IgnoreAttributeFlow and
IgnoreObjectFlow "Workday expression mapping functions". The page leaves open what most functions make of a null: here it stays
null. Join leaves nulls and empty texts out, as its example does; Split drops the spaces around its parts, as its example does.
"""

from __future__ import annotations

import base64
import random
import re
import string
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hcm_pipeline.sandbox.expression_dates import (
    Moment,
    add,
    difference,
    format_moment,
    from_number,
    parse_moment,
    read_moment,
    to_number,
)
from hcm_pipeline.sandbox.expression_letters import in_case, in_proper_case, without_marks
from hcm_pipeline.sandbox.expression_patterns import replace_group, replace_matches, value_of_group
from hcm_pipeline.sandbox.expressions import Attribute, Call, Comparison, Constant, Node


@dataclass(frozen=True)
class Token:
    """A result that is no value: it stops the attribute, or the object, from flowing."""

    name: str


IGNORE_ATTRIBUTE, IGNORE_OBJECT = Token("IgnoreAttributeFlow"), Token("IgnoreObjectFlow")
_TOKENS = {token.name: token for token in (IGNORE_ATTRIBUTE, IGNORE_OBJECT)}

Result = str | int | bool | Moment | list[str] | Token | None
Source = str | bool | list[str] | None
"""The value of an attribute of the source."""

MOST_RANDOM = 256
SPECIALS = "~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/"


class EvaluationFault(Exception):
    """The expression has no value for this record. The message names the function and the rule, never a value."""


class NoUniqueValue(EvaluationFault):
    """Each candidate of SelectUniqueValue is taken: the record is tried again."""


@dataclass(frozen=True)
class Setting:
    """The record that an expression is evaluated for, and the world around it.

    `now`: seconds since 1970. `taken`: whether another object of the target has a value.
    """

    attributes: Mapping[str, Source]
    now: float = 0.0
    default_domain: str = "sandbox.onmicrosoft.com"
    chance: random.Random = field(default_factory=random.Random)
    taken: Callable[[str], bool] = lambda _value: False


def evaluate(node: Node | None, setting: Setting) -> Result:
    """The value of an expression. Raises EvaluationFault."""
    if node is None:
        return None
    if isinstance(node, Attribute):
        given = setting.attributes.get(node.name)
        return str(given) if isinstance(given, bool) else given
    if isinstance(node, Constant):
        return _TOKENS.get(node.value, _number_or_word(node.value)) if node.written else node.value
    if isinstance(node, Comparison):
        return compare(node.operator, evaluate(node.left, setting), evaluate(node.right, setting))
    lazy = _LAZY.get(node.name)
    if lazy is not None:
        return lazy(node, setting)
    values = [evaluate(argument, setting) for argument in node.arguments]
    for value in values:
        if isinstance(value, Token):
            return value
    try:
        return _EAGER[node.name](setting, *values)
    except (ValueError, OverflowError, re.error) as error:
        raise EvaluationFault(f"{node.name}: {_rule(error)}") from None


def _rule(error: Exception) -> str:
    return "the pattern is no regular expression" if isinstance(error, re.error) else str(error)


def text_of(value: Result) -> str | None:
    """A value as the target and the log have it."""
    return None if value is None else str(value)


def _number_or_word(text: str) -> Result:
    if text.upper().startswith("&H"):
        return int(text[2:], 16)
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else text


# --- conditions


def compare(operator: str, left: Result, right: Result) -> bool:
    """Two values: as points of time or numbers where both are, as texts otherwise, with small and large letters apart."""
    a, b = _comparable(left), _comparable(right)
    if isinstance(a, str) or isinstance(b, str) or isinstance(a, datetime) != isinstance(b, datetime):
        a, b = str(text_of(left) or ""), str(text_of(right) or "")
    return {
        "=": a == b, "<>": a != b, ">": a > b, ">=": a >= b, "<": a < b, "<=": a <= b,  # type: ignore[operator]
    }[operator]  # fmt: skip


def _comparable(value: Result) -> str | float | datetime:
    if isinstance(value, Moment):
        return value.at
    text = text_of(value) or ""
    return float(text) if re.fullmatch(r"[+-]?\d+(\.\d+)?", text) else text


def _condition(node: Node, setting: Setting) -> bool:
    """Of IIF: an attribute without a value fails it, as its known limitations say."""
    told = isinstance(node, Call) and node.name in ("IsNull", "IsNullOrEmpty", "IsPresent")
    sides: Sequence[Node | None] = (node.left, node.right) if isinstance(node, Comparison) else (node,)
    if told:
        assert isinstance(node, Call)
        sides = node.arguments
    for side in sides:
        if isinstance(side, Attribute) and evaluate(side, setting) in (None, ""):
            raise EvaluationFault("IIF: the source attribute of its condition is null or empty")
    return _truth(evaluate(node, setting), "IIF")


def _truth(value: Result, function: str) -> bool:
    text = str(text_of(value) or "").lower()
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"[+-]?\d+(\.\d+)?", text):
        return float(text) != 0
    raise EvaluationFault(f"{function}: neither true nor false")


# --- functions that do not evaluate every argument


def _iif(call: Call, setting: Setting) -> Result:
    condition, when_true, when_false = call.arguments
    assert condition is not None
    return evaluate(when_true if _condition(condition, setting) else when_false, setting)


def _switch(call: Call, setting: Setting) -> Result:
    source, default, *pairs = call.arguments
    value = evaluate(source, setting)
    if isinstance(value, Token):
        return value
    for key, result in zip(pairs[::2], pairs[1::2], strict=True):
        if text_of(evaluate(key, setting)) == (text_of(value) or ""):
            return evaluate(result, setting)
    return evaluate(default, setting)


def _coalesce(call: Call, setting: Setting) -> Result:
    for argument in call.arguments:
        value = evaluate(argument, setting)
        if value is not None:
            return value
    return None


def _ignore_if_empty(call: Call, setting: Setting) -> Result:
    value = evaluate(call.arguments[0], setting)
    return IGNORE_ATTRIBUTE if value in (None, "", []) else value


def _unique(call: Call, setting: Setting) -> Result:
    for argument in call.arguments:
        value = evaluate(argument, setting)
        text = text_of(value)
        if text and not isinstance(value, Token) and not setting.taken(text):
            return value
    raise NoUniqueValue("SelectUniqueValue: each of the values is taken")


_LAZY: dict[str, Callable[[Call, Setting], Result]] = {
    "IIF": _iif, "Switch": _switch, "Coalesce": _coalesce, "IgnoreFlowIfNullOrEmpty": _ignore_if_empty,
    "SelectUniqueValue": _unique,
}  # fmt: skip


# --- functions of values

Function = Callable[..., Result]
_EAGER: dict[str, Function] = {}


def _function(name: str) -> Callable[[Function], Function]:
    def note(function: Function) -> Function:
        _EAGER[name] = function
        return function

    return note


def _of_text(name: str, work: Callable[..., Result]) -> None:
    """A function whose first argument is a text: a null stays null, and of several values each is worked on."""

    def function(_setting: Setting, source: Result, *more: Result) -> Result:
        if source is None:
            return None
        if isinstance(source, list):
            return [str(work(one, *more)) for one in source]
        return work(str(source), *more)

    _EAGER[name] = function


def _whole(value: Result, what: str) -> int:
    text = str(text_of(value) or "").strip()
    if not re.fullmatch(r"[+-]?\d+", text):
        raise ValueError(f"{what} must be a whole number")
    return int(text)


def _some(value: Result) -> str | None:
    return text_of(value) or None


def _moment(value: Result) -> datetime:
    if isinstance(value, Moment):
        return value.at
    if value in (None, ""):
        raise ValueError("there is no date")
    return read_moment(str(value))


def _mid(source: str, start: Result, length: Result) -> str:
    first, many = _whole(start, "start"), _whole(length, "length")
    if first < 1 or many < 0:
        raise ValueError("start is from 1, and length from 0")
    return source[first - 1 : first - 1 + many]


def _formatted(source: str, _styles: Result, read_by: Result, write_by: Result) -> str:
    return format_moment(parse_moment(source, str(read_by)), str(write_by))


_of_text("Append", lambda source, suffix: source + (text_of(suffix) or ""))
_of_text("ConvertToBase64", lambda source: base64.b64encode(source.encode("utf-16-le")).decode())
_of_text("ConvertToUTF8Hex", lambda source: source.encode().hex().upper())
_of_text("Mid", _mid)
_of_text("NormalizeDiacritics", without_marks)
_of_text("PCase", lambda source, separators=None: in_proper_case(source, _some(separators)))
_of_text("StripSpaces", lambda source: source.replace(" ", ""))
_of_text("ToLower", lambda source, culture=None: in_case(source, _some(culture), upper=False))
_of_text("ToUpper", lambda source, culture=None: in_case(source, _some(culture), upper=True))
_of_text("CStr", str)


@_function("FormatDateTime")
def _format_date_time(_setting: Setting, source: Result, styles: Result, read_by: Result, write_by: Result) -> Result:
    """A point of time that another function made needs no format to be read by."""
    if source in (None, ""):
        return None
    if isinstance(source, Moment):
        return format_moment(source.at, str(write_by))
    return _formatted(str(source), styles, read_by, write_by)


@_function("Split")
def _split(_setting: Setting, source: Result, delimiter: Result) -> Result:
    if source is None:
        return None
    if not text_of(delimiter):
        raise ValueError("the delimiter is empty")
    return [part.strip() for part in str(source).split(str(delimiter))]


@_function("Join")
def _join(_setting: Setting, separator: Result, *sources: Result) -> Result:
    parts = [part for source in sources for part in (source if isinstance(source, list) else [text_of(source)])]
    return str(text_of(separator) or "").join(part for part in parts if part)


@_function("Left")
def _left(_setting: Setting, source: Result, many: Result) -> Result:
    text, number = text_of(source) or "", _whole(many, "NumChars")
    return text if number < 0 else text[:number]


@_function("Word")
def _word(_setting: Setting, source: Result, number: Result, delimiters: Result) -> Result:
    place, text, marks = _whole(number, "WordNumber"), text_of(source) or "", text_of(delimiters) or ""
    words = [word for word in re.split("[" + re.escape(marks) + "]", text) if word] if marks else [text]
    return words[place - 1] if 1 <= place <= len(words) else ""


@_function("InStr")
def _in_str(_setting: Setting, text: Result, found: Result, start: Result = None, how: Result = None) -> Result:
    """The place of the first one from 1; 0: there is none."""
    inside, sought = text_of(text) or "", text_of(found) or ""
    if text_of(how) == "vbTextCompare":
        inside, sought = inside.lower(), sought.lower()
    return inside.find(sought, (1 if start is None else _whole(start, "start")) - 1) + 1


@_function("Item")
def _item(_setting: Setting, source: Result, index: Result) -> Result:
    place, values = _whole(index, "index"), source if isinstance(source, list) else [text_of(source)]
    if place < 1:
        raise ValueError("index is from 1")
    return values[place - 1] if place <= len(values) else None


@_function("Count")
def _count(_setting: Setting, source: Result) -> Result:
    return len(source) if isinstance(source, list) else int(source is not None)


@_function("RemoveDuplicates")
def _remove_duplicates(_setting: Setting, source: Result) -> Result:
    return list(dict.fromkeys(source)) if isinstance(source, list) else source


@_function("BitAnd")
def _bit_and(_setting: Setting, one: Result, other: Result) -> Result:
    return _whole(one, "value1") & _whole(other, "value2")


@_function("CBool")
def _cbool(_setting: Setting, source: Result) -> Result:
    return _truth(source, "CBool")


@_function("Not")
def _not(_setting: Setting, source: Result) -> Result:
    return str(text_of(source) or "").lower() != "true"


@_function("IsNull")
def _is_null(_setting: Setting, source: Result) -> Result:
    return source is None


@_function("IsNullOrEmpty")
def _is_null_or_empty(_setting: Setting, source: Result) -> Result:
    return source in (None, "", [])


@_function("IsPresent")
def _is_present(_setting: Setting, source: Result) -> Result:
    return source not in (None, "", [])


@_function("IsString")
def _is_string(_setting: Setting, source: Result) -> Result:
    return isinstance(source, str)


@_function("Redact")
@_function("SingleAppRoleAssignment")
@_function("AppRoleAssignmentsComplex")
def _as_it_is(_setting: Setting, source: Result) -> Result:
    return source


@_function("DefaultDomain")
def _default_domain(setting: Setting) -> Result:
    return setting.default_domain


@_function("Guid")
def _guid(setting: Setting) -> Result:
    return str(uuid.UUID(int=setting.chance.getrandbits(128), version=4))


@_function("Now")
def _now(setting: Setting) -> Result:
    return Moment(datetime.fromtimestamp(int(setting.now), UTC))


@_function("CDate")
def _cdate(_setting: Setting, source: Result) -> Result:
    return Moment(_moment(source))


@_function("DateAdd")
def _date_add(_setting: Setting, interval: Result, value: Result, moment: Result) -> Result:
    return Moment(add(str(interval), _whole(value, "value"), _moment(moment)))


@_function("DateDiff")
def _date_diff(_setting: Setting, interval: Result, first: Result, second: Result) -> Result:
    return difference(str(interval), _moment(first), _moment(second))


@_function("DateFromNum")
def _date_from_num(_setting: Setting, value: Result) -> Result:
    return Moment(from_number(_whole(value, "value")))


@_function("NumFromDate")
def _num_from_date(_setting: Setting, value: Result) -> Result:
    return None if value in (None, "") else to_number(_moment(value))


@_function("RandomString")
def _random_string(setting: Setting, *given: Result) -> Result:
    length, *least = (_whole(value, "a length") for value in given[:5])
    avoided = set(text_of(given[5]) or "") if len(given) > 5 else set()
    kinds = [
        [letter for letter in kind if letter not in avoided]
        for kind in (string.digits, SPECIALS, string.ascii_uppercase, string.ascii_lowercase)
    ]
    if not sum(least) <= length <= MOST_RANDOM or any(many < 0 for many in least):
        raise ValueError(f"the length is from the sum of the minimums to {MOST_RANDOM}")
    if any(many and not kind for many, kind in zip(least, kinds, strict=True)):
        raise ValueError("no character of a kind is left")
    found = [setting.chance.choice(kind) for many, kind in zip(least, kinds, strict=True) for _ in range(many)]
    rest = [letter for many, kind in zip(least, kinds, strict=True) if many for letter in kind] or kinds[3] + kinds[0]
    found += [setting.chance.choice(rest) for _ in range(length - len(found))]
    setting.chance.shuffle(found)
    return "".join(found)


@_function("Replace")
def _replace(_setting: Setting, source: Result, *given: Result) -> Result:
    if isinstance(source, list):
        return [str(_replace(_setting, one, *given)) for one in source]
    whole: list[Result] = [*given, None, None, None, None, None, None]
    old, pattern, group, new, other, template = whole[:6]
    if pattern is not None and group is not None and other is not None:
        return source if text_of(source) else value_of_group(str(pattern), str(group), text_of(other) or "")
    if source is None:
        return None
    text = str(source)
    if pattern is not None and new is not None:
        if group is None:
            return replace_matches(str(pattern), str(new), text)
        return replace_group(str(pattern), str(group), str(new), text)
    if text_of(old) and template is not None:
        return str(template).replace(str(old), text)
    if text_of(old) and new is not None:
        return text.replace(str(old), str(new))
    raise ValueError("its arguments make none of the documented forms")
