"""The contract that every worker row keeps, as a pandera schema made from the profile.

Validation is lazy: every rule that a row violates is found in one pass. Frames are bounded chunks, with text as text; typed
fields come with a flag that says whether their text could be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pandas as pd
import pandera.pandas as pa

from hcm_pipeline.characters import BLANKS, CONTROL, INVISIBLE, NUL, SEVERAL, UNDECODABLE
from hcm_pipeline.profile import FieldSpec, Profile
from hcm_pipeline.workers.damage import damage_of
from hcm_pipeline.workers.normalise import EXCEL_TEXT, name_fields, names_that_may_lack

CONTROL_COLUMN, FORMULA_COLUMN = "control", "formula"
LONGEST_MATCHED = 1024
"""Characters of a value that a pattern is held against in any case; a value beyond this and its max_length is refused unread."""


@dataclass(frozen=True)
class Violation:
    """One rule that one row violates. `position` is the row's place in the frame; `value` stays in the warehouse."""

    position: int
    rule: str
    field: str
    value_class: str
    value: str | None


def value_class(value: object) -> str:
    """The class of a value, without the value: fit for logs and metadata."""
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return "blank"
    text = str(value)
    kinds = (
        ("control characters", re.search(CONTROL, text)),
        ("invisible characters", re.search(INVISIBLE, text)),
        ("digits", re.fullmatch(r"\d+", text)),
        ("date-like", re.fullmatch(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*", text)),
        ("e-mail-like", re.fullmatch(r"[^@\s]+@[^@\s]+", text)),
        ("letters", re.fullmatch(r"[^\W\d_]+", text)),
    )
    kind = next((name for name, found in kinds if found), "text")
    return f"{kind} ({len(text)})"


def _class_for(rule: str, value: str | None) -> str:
    """The class of a value; of a number or date that is written in another way than the profile says, with the keys that say so."""
    kind = value_class(value)
    if rule in ("integer_unreadable", "decimal_unreadable") and re.search(rf"\d[.,'\u2019{BLANKS}]\d", value or ""):
        return f"{kind}: see decimal_separator, thousands_separator"
    if rule == "date_unreadable" and re.fullmatch(r"\d{1,2}\D[0-9A-Za-z]{1,9}\D\d{2}", value or ""):
        return f"{kind}: a year of two digits, see two_digit_years"
    return kind


def contract(profile: Profile) -> pa.DataFrameSchema:
    """The schema for frames of normalised rows."""
    columns: dict[str, pa.Column] = {}
    for name, spec in profile.columns.items():
        if profile.types[name] == "string":
            may_lack = name in names_that_may_lack(profile)
            columns[name] = pa.Column(nullable=may_lack or not spec.required, checks=_text_checks(spec), coerce=False)
            if may_lack:
                columns[f"{name}__blank"] = pa.Column(checks=[pa.Check(_is_false, name="required")])
        else:
            kind = profile.types[name].partition("(")[0]
            columns[f"{name}__unreadable"] = pa.Column(checks=[pa.Check(_is_false, name=f"{kind}_unreadable")])
            if spec.required:
                columns[f"{name}__blank"] = pa.Column(checks=[pa.Check(_is_false, name="required")])
    columns[CONTROL_COLUMN] = pa.Column(checks=[pa.Check(_is_false, name="in_doubt")])
    columns[FORMULA_COLUMN] = pa.Column(checks=[pa.Check(_is_false, name="excel_text")])
    return pa.DataFrameSchema(columns, strict=False)


def _is_false(flags: pd.Series[bool]) -> pd.Series[bool]:
    return ~flags.astype(bool)


def _text_checks(spec: FieldSpec) -> list[pa.Check]:
    checks = [pa.Check.str_length(max_value=spec.max_length, name="too_long")]
    if spec.pattern is not None:
        checks.append(pa.Check(_matcher(spec.pattern, max(spec.max_length, LONGEST_MATCHED)), name="pattern"))
    if spec.allowed is not None:
        checks.append(pa.Check.isin(list(spec.allowed), name="not_allowed"))
    return checks


def _matcher(pattern: str, longest: int) -> Callable[[pd.Series[str]], pd.Series[bool]]:
    compiled = re.compile(pattern)

    def matches(values: pd.Series[str]) -> pd.Series[bool]:
        # distinct values only: what has a pattern (codes, numbers) repeats, and Python's engine is the profile's
        wrong = [
            value for value in values.unique().tolist() if len(value) <= longest and compiled.fullmatch(value) is None
        ]
        return ~values.isin(wrong)

    return matches


@lru_cache(maxsize=4)
def _schema(text: str) -> pa.DataFrameSchema:
    return contract(Profile.model_validate_json(text))


def violations_in(profile: Profile, frame: pd.DataFrame) -> list[Violation]:
    """Every rule that every row of `frame` violates. The frame has fields as text and the flags of `contract`."""
    schema = _schema(profile.model_dump_json(by_alias=True))
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
    else:
        return []
    found: list[Violation] = []
    for column, check, position in zip(cases["column"], cases["check"], cases["index"], strict=True):
        place = int(position)
        rule = "required" if check == "not_nullable" else str(check)
        rule = "too_long" if rule.startswith("str_length") else "not_allowed" if rule.startswith("isin") else rule
        if column in (CONTROL_COLUMN, FORMULA_COLUMN):
            found += _flagged(profile, frame, place, str(column))
            continue
        field = str(column).partition("__")[0]
        value: Any = frame.at[place, field]
        shown = None if rule == "required" or pd.isna(value) else str(value)
        found.append(Violation(place, rule, field, _class_for(rule, shown), shown))
    return found


def _flagged(profile: Profile, frame: pd.DataFrame, place: int, column: str) -> list[Violation]:
    """The violations of a row that has the flag: each cell is judged by itself, and often none breaks a rule."""
    found, names = [], name_fields(profile)
    for name, spec in profile.columns.items():
        value: Any = frame.at[place, name]
        if pd.isna(value):
            continue
        text = str(value)
        if column == FORMULA_COLUMN:
            if re.search(EXCEL_TEXT, text):
                found.append(Violation(place, "excel_text", name, value_class(text), text))
        elif fault := _doubt(spec, text, is_name=name in names):
            found.append(Violation(place, fault[0], name, fault[1], text))
    return found


def _doubt(spec: FieldSpec, text: str, *, is_name: bool) -> tuple[str, str] | None:
    """The rule that a text breaks by its characters, and the class of the value."""
    if SEVERAL in text:
        return "repeated_element", f"{text.count(SEVERAL) + 1} values"
    if UNDECODABLE in text:
        return "undecodable", f"bytes that are not valid in the file's encoding ({len(text)})"
    if NUL in text:
        return "nul_byte", f"NUL byte ({len(text)})"
    if re.search(CONTROL, text):
        return "control_character", value_class(text)
    if re.search(INVISIBLE, text):
        return "invisible_character", value_class(text)
    if spec.damage == "take" or text in spec.replace.values():
        return None
    how = damage_of(text, is_name=is_name)
    return ("damaged_text", f"{how} ({len(text)})") if how else None
