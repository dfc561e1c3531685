"""The documented functions that take values and give one: texts, numbers, lists. Each raises NotKnown where the documentation is
silent, or where its words and its examples disagree."""

from __future__ import annotations

import base64
import datetime as dt
import re
import unicodedata
from functools import lru_cache

from hcm_pipeline.expressions.diacritics import without_marks
from hcm_pipeline.expressions.dotnet_dates import add, difference, from_steps, moment, reformat, steps_to
from hcm_pipeline.expressions.dotnet_patterns import translated
from hcm_pipeline.expressions.values import (
    GUID_CHARACTER,
    LONGEST_TEXT,
    RANDOM_CHARACTER,
    Between,
    Dropped,
    NotKnown,
    Surroundings,
    Value,
    as_text,
    needed,
    whole,
)

OWN_RULES = ("tr", "az", "lt", "el")
"""Languages whose rules of case are not those of all others."""
ODD_CASE = frozenset("İıſKÅ")
"""Letters whose other case is not the same everywhere."""
SPECIAL = "'-!\"#$%&()*,./:;?@[]^_`{|}~+<=>"
"""The characters of passwords that count as special (Windows: "Password must meet complexity requirements")."""
DIGITS, CAPITALS, SMALL = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"


def append(source: Value, suffix: Value) -> Value:
    return short(needed(source, "Append") + needed(suffix, "Append"))


def prepend(prefix: Value, source: Value) -> Value:
    return short(needed(prefix, "Prepend") + needed(source, "Prepend"))


def bit_and(one: Value, other: Value) -> Value:
    return whole(one, "BitAnd") & whole(other, "BitAnd")


def to_bool(value: Value) -> Value:
    if isinstance(value, bool):
        return value
    return whole(value, "CBool") != 0


def to_date(value: Value) -> Value:
    return value if isinstance(value, dt.datetime) else moment(needed(value, "CDate"))


def to_base64(source: Value) -> Value:
    return base64.b64encode(_encoded(needed(source, "ConvertToBase64"), "utf-16-le")).decode()


def to_utf8_hex(source: Value) -> Value:
    return _encoded(needed(source, "ConvertToUTF8Hex"), "utf-8").hex().upper()


def _encoded(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        raise NotKnown("the text has half a character, which nothing encodes") from None


def count(attribute: Value) -> Value:
    if isinstance(attribute, tuple):
        return len(attribute)
    raise NotKnown("Count is documented for attributes of several values alone")


def to_text(value: Value) -> Value:
    return needed(value, "CStr")


def date_add(interval: Value, number: Value, when: Value) -> Value:
    return add(needed(interval, "DateAdd"), whole(number, "DateAdd"), _date(when, "DateAdd"))


def date_diff(interval: Value, one: Value, other: Value) -> Value:
    return difference(needed(interval, "DateDiff"), _date(one, "DateDiff"), _date(other, "DateDiff"))


def _date(value: Value, function: str) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return value
    raise NotKnown(f"{function} takes a date, which CDate makes of a text")


def date_from_number(value: Value) -> Value:
    return from_steps(whole(value, "DateFromNum"))


def number_from_date(value: Value) -> Value:
    return steps_to(value if isinstance(value, dt.datetime) else moment(needed(value, "NumFromDate")))


def format_date(source: Value, styles: Value, read_as: Value, write_as: Value) -> Value:
    if as_text(styles):
        raise NotKnown("the styles of dates of .NET are not read here")
    text = needed(source, "FormatDateTime")
    return reformat(text, needed(read_as, "FormatDateTime"), needed(write_as, "FormatDateTime"))


def ignore_flow(value: Value) -> Value:
    return Dropped() if empty(value) else value


def in_string(text: Value, found: Value, start: Value, how: Value) -> Value:
    within, what = needed(text, "InStr"), needed(found, "InStr")
    first, compare = 1 if start is None else whole(start, "InStr"), as_text(how)
    if first < 1 or not what or compare not in (None, "vbTextCompare", "vbBinaryCompare"):
        raise NotKnown("the documentation does not say what InStr makes of this")
    exact, folded = within.find(what, first - 1) + 1, _lower(within).find(_lower(what), first - 1) + 1
    if compare is None and exact != folded:
        raise NotKnown("the documentation does not say whether InStr compares case when it is not told")
    place = folded if compare == "vbTextCompare" else exact
    if not place:
        raise NotKnown("the documentation does not say what InStr makes of a text that is not found")
    return place


def is_null(value: Value) -> Value:
    return value is None


def is_null_or_empty(value: Value) -> Value:
    return empty(value)


def is_present(value: Value) -> Value:
    return not empty(value)


def is_string(value: Value) -> Value:
    if isinstance(value, str):
        return True
    raise NotKnown("the documentation does not say what IsString makes of what is no text")


def item(attribute: Value, index: Value) -> Value:
    place = whole(index, "Item")
    if not isinstance(attribute, tuple) or not 1 <= place <= len(attribute):
        raise NotKnown("the documentation says of Item how it counts from the first value to the last, and no more")
    return attribute[place - 1]


def join(separator: Value, *sources: Value) -> Value:
    """Values that are empty, or none, take no separator: so the documentation's example "Doe, John" has it."""
    between = needed(separator, "Join")
    texts: list[str] = []
    for source in sources:
        texts += [each for each in (source if isinstance(source, tuple) else (as_text(source),)) if each]
    return short(between.join(texts))


def left(text: Value, characters: Value) -> Value:
    number, whole_text = whole(characters, "Left"), as_text(text)
    return "" if whole_text is None else whole_text if number < 0 else whole_text[:number]


def mid(source: Value, start: Value, length: Value) -> Value:
    text, first, many = needed(source, "Mid"), whole(start, "Mid"), whole(length, "Mid")
    if first < 1 or many < 0 or first > len(text) + 1:
        raise NotKnown("the documentation does not say what Mid makes of a start or a length outside of the text")
    return text[first - 1 : first - 1 + many]


def normalize(source: Value) -> Value:
    return without_marks(needed(source, "NormalizeDiacritics"))


def negate(source: Value) -> Value:
    text = as_text(source)
    if text is not None and text != "True" and text.lower() == "true":
        raise NotKnown("Not is documented for True and False, written so")
    return text != "True"


def proper_case(source: Value, separators: Value) -> Value:
    text, given = needed(source, "PCase"), as_text(separators)
    if given is None and re.search(r"\w['’]\w", text):
        raise NotKnown(
            "the documentation counts an apostrophe as the end of a word, and the .NET function that it names does not"
        )
    begins, out = True, []
    for character in text:
        out.append(_upper(character) if begins else _lower(character))
        begins = character in given if given is not None else _separates(character)
    return "".join(out)


def _separates(character: str) -> bool:
    return character in " \n" or unicodedata.category(character) in (
        "Cc", "Cf", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp",
    )  # fmt: skip


def redact(source: Value) -> Value:
    """The value flows; only the log hides it."""
    return source


def remove_duplicates(attribute: Value) -> Value:
    if not isinstance(attribute, tuple):
        raise NotKnown("RemoveDuplicates is documented for attributes of several values alone")
    once = tuple(dict.fromkeys(attribute))
    if len({_lower(each) for each in once}) < len(once):
        raise NotKnown("the documentation does not say whether values that differ in case alone are duplicates")
    return once


def replace(
    source: Value, old: Value, pattern: Value, group: Value, new: Value, other: Value, template: Value
) -> Value:  # fmt: skip
    """The five documented ways, told apart by the arguments that are there."""
    given = tuple(each is not None for each in (old, pattern, group, new, other, template))
    text, before = as_text(source), needed("" if old is None else old, "Replace")
    match given:
        case (False, True, True, False, True, False):
            if text:
                return text
            return translated(needed(pattern, "Replace")).extract(needed(other, "Replace"), needed(group, "Replace"))
        case (False, True, True, False, False, False) if text:
            return text  # the attribute to take instead has no value, and is not needed
        case (True, False, False, True, False, False) | (True, False, False, False, False, True) if not before:
            raise NotKnown("the documentation does not say what Replace makes of an empty text to replace")
        case (True, False, False, True, False, False):
            return short(needed(source, "Replace").replace(before, needed(new, "Replace")))
        case (True, False, False, False, False, True):
            return short(needed(template, "Replace").replace(before, needed(source, "Replace")))
        case (False, True, False, True, False, False):
            found = translated(needed(pattern, "Replace"))
            return short(found.substitute(needed(source, "Replace"), needed(new, "Replace")))
        case (False, True, True, True, False, False):
            found = translated(needed(pattern, "Replace"))
            return short(
                found.substitute_group(needed(source, "Replace"), needed(group, "Replace"), needed(new, "Replace"))
            )
    raise NotKnown("the documentation has no way of Replace with these arguments")


def split(source: Value, delimiter: Value) -> Value:
    text, at = needed(source, "Split"), needed(delimiter, "Split")
    parts = [each.strip(" ") for each in text.split(at)] if len(at) == 1 else []
    if not all(parts) or not parts:
        raise NotKnown("the documentation says nothing of an empty part, nor of a delimiter that is not one character")
    return tuple(parts)


def strip_spaces(source: Value) -> Value:
    return needed(source, "StripSpaces").replace(" ", "")


def lower(source: Value, culture: Value) -> Value:
    return _lower(_of_culture(source, culture, "ToLower"))


def upper(source: Value, culture: Value) -> Value:
    return _upper(_of_culture(source, culture, "ToUpper"))


def _of_culture(source: Value, culture: Value, function: str) -> str:
    text, named = needed(source, function), (as_text(culture) or "").partition("-")[0].lower()
    if named in OWN_RULES:
        raise NotKnown("the rules of case of that language are not read here")
    return text


def _lower(text: str) -> str:
    return text.lower() if text.isascii() else "".join(map(_one_lower, text))


def _upper(text: str) -> str:
    return text.upper() if text.isascii() else "".join(map(_one_upper, text))


@lru_cache(maxsize=1024)
def _one_lower(character: str) -> str:
    return _alone(character, character.lower())


@lru_cache(maxsize=1024)
def _one_upper(character: str) -> str:
    return _alone(character, character.upper())


def _alone(character: str, other: str) -> str:
    """The other case of a character, which in .NET is one character; where it is none, the character stays."""
    if character in ODD_CASE:
        raise NotKnown("the case of a letter is not sure to be the same here as in .NET")
    return other if len(other) == 1 else character


def word(text: Value, number: Value, delimiters: Value) -> Value:
    place, within, between = whole(number, "Word"), as_text(text), needed(delimiters, "Word")
    if place < 1 or within is None:
        return ""
    parts = re.split(f"[{re.escape(between)}]", within) if between else [within]
    if len(parts) == 1:
        return ""  # no words identified by delimiters
    if not all(parts):
        raise NotKnown("the documentation does not say whether there is a word between two delimiters in a row")
    return parts[place - 1] if place <= len(parts) else ""


# --- what is drawn, and what the surroundings have


def guid(around: Surroundings) -> Value:
    if around.random is None:
        return GUID_CHARACTER
    drawn = f"{around.random.getrandbits(128):032x}"
    return "-".join((drawn[:8], drawn[8:12], f"4{drawn[13:16]}", drawn[16:20], drawn[20:]))


def random_string(around: Surroundings, *given: Value) -> Value:
    *numbers, avoided = given
    length, *least = (whole(each, "RandomString") for each in numbers)
    avoid = as_text(avoided) or ""
    if not 0 < length <= 256 or sum(least) > length or min(least) < 0:
        raise NotKnown("the documentation does not allow these numbers of RandomString")
    if around.random is None:
        return RANDOM_CHARACTER * length
    sets = ["".join(each for each in kind if each not in avoid) for kind in (DIGITS, SPECIAL, CAPITALS, SMALL)]
    every = "".join(kind for kind, many in zip(sets, least, strict=True) if many) or sets[3]
    drawn = [around.random.choice(kind) for kind, many in zip(sets, least, strict=True) for _ in range(many)]
    drawn += [around.random.choice(every) for _ in range(length - len(drawn))]
    around.random.shuffle(drawn)
    return "".join(drawn)


def now(around: Surroundings) -> Value:
    return around.now


def default_domain(around: Surroundings) -> Value:
    if around.default_domain is None:
        raise NotKnown("the default domain of the tenant is not known here")
    return around.default_domain


# --- shared


def empty(value: Value) -> bool:
    return value is None or value in ("", ())


def short(text: str) -> str:
    """A text that is not too long to be one. Raises NotKnown for a longer one."""
    if len(text) > LONGEST_TEXT:
        raise NotKnown(f"the result has more than {LONGEST_TEXT:,} characters")
    return text


def compare(operator: str, left_value: Value, right_value: Value) -> bool:
    """Whether a comparison holds. Raises NotKnown where the documentation leaves it open."""
    if isinstance(left_value, dt.datetime) or isinstance(right_value, dt.datetime):
        raise NotKnown("the documentation does not say how dates are compared")
    a, b = _bounds(left_value), _bounds(right_value)
    if operator in ("=", "<>"):
        return _equal(left_value, right_value, a, b) is (operator == "=")
    if a is None or b is None:
        raise NotKnown("the documentation does not say how texts are compared by size")
    held = {_holds(operator, x, y) for x in a for y in b}
    if len(held) > 1:
        raise NotKnown("the documentation does not say whether a part of an interval counts")
    return held.pop()


def _bounds(value: Value) -> tuple[int, int] | None:
    if isinstance(value, Between):
        return value.low, value.high
    text = as_text(value) or ""
    return (int(text), int(text)) if re.fullmatch(r"-?[0-9]{1,19}", text) else None


def _equal(one: Value, other: Value, a: tuple[int, int] | None, b: tuple[int, int] | None) -> bool:
    if isinstance(one, Between) or isinstance(other, Between):
        if a is None or b is None or a[0] > b[1] or b[0] > a[1]:
            return False
        raise NotKnown("the documentation does not say whether a part of an interval counts")
    left_text, right_text = as_text(one) or "", as_text(other) or ""
    if left_text == right_text:
        return True
    if _lower(left_text) == _lower(right_text):
        raise NotKnown("the documentation does not say whether a condition compares case")
    if a is not None and a == b:
        raise NotKnown("the documentation does not say whether a condition compares numbers or their digits")
    return False


def _holds(operator: str, x: int, y: int) -> bool:
    return {">": x > y, ">=": x >= y, "<": x < y, "<=": x <= y}[operator]
