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

from hcm_pipeline.profile import FieldSpec, Profile
from hcm_pipeline.workers.normalise import CONTROL

CONTROL_COLUMN = "control"
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
        ("digits", re.fullmatch(r"\d+", text)),
        ("date-like", re.fullmatch(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*", text)),
        ("e-mail-like", re.fullmatch(r"[^@\s]+@[^@\s]+", text)),
        ("letters", re.fullmatch(r"[^\W\d_]+", text)),
    )
    kind = next((name for name, found in kinds if found), "text")
    return f"{kind} ({len(text)})"


def contract(profile: Profile) -> pa.DataFrameSchema:
    """The schema for frames of normalised rows."""
    columns: dict[str, pa.Column] = {}
    for name, spec in profile.columns.items():
        if profile.types[name] == "string":
            columns[name] = pa.Column(nullable=not spec.required, checks=_text_checks(spec), coerce=False)
        else:
            kind = profile.types[name]
            columns[f"{name}__unreadable"] = pa.Column(checks=[pa.Check(_is_false, name=f"{kind}_unreadable")])
            if spec.required:
                columns[f"{name}__blank"] = pa.Column(checks=[pa.Check(_is_false, name="required")])
    columns[CONTROL_COLUMN] = pa.Column(checks=[pa.Check(_is_false, name="control_character")])
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
        if column == CONTROL_COLUMN:
            found += [
                Violation(place, rule, name, value_class(frame.at[place, name]), str(frame.at[place, name]))
                for name in profile.columns
                if re.search(CONTROL, str(frame.at[place, name]))
            ]
            continue
        field = str(column).partition("__")[0]
        value: Any = frame.at[place, field]
        blank = rule == "required" or pd.isna(value)
        found.append(
            Violation(place, rule, field, value_class(None if blank else value), None if blank else str(value))
        )
    return found
