"""The fields of a worker: those that every warehouse has, those that are made of them, and how a profile maps one to a column."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from pydantic import Field, model_validator

from hcm_pipeline.profile.value_types import COUNT, ColumnName, DateFormat, IsoDate, Model, Regex

CORE_FIELDS: dict[str, str] = {
    "person_number": "string",
    "active": "boolean",
    "first_name": "string",
    "middle_name": "string",
    "last_name": "string",
    "preferred_name": "string",
    "display_name": "string",
    "username": "string",
    "email": "string",
    "worker_type": "string",
    "legal_employer": "string",
    "company": "string",
    "division": "string",
    "department": "string",
    "cost_center": "string",
    "job_code": "string",
    "job_name": "string",
    "location": "string",
    "manager": "string",
    "street_address": "string",
    "city": "string",
    "state": "string",
    "postal_code": "string",
    "country": "string",
    "work_address": "string",
    "work_phone": "string",
    "mobile_phone": "string",
    "hire_date": "date",
    "termination_date": "date",
}
"""Worker fields that every warehouse has, and their types. A profile maps columns to them and may add its own."""

NAME_FIELDS = ("first_name", "middle_name", "last_name", "preferred_name")
"""The parts of a person's name."""
REQUIRED_FIELDS = ("person_number", "active", "first_name", "last_name")
"""Worksheet 1 of the tutorial: Mandatory."""

IDENTITY_COLUMNS = (
    "user_principal_name",
    "sam_account_name",
    "common_name",
    "mail_nickname",
    "parent_distinguished_name",
)
"""The columns that the ledger holds for a worker."""

LEDGER_COLUMNS = (*IDENTITY_COLUMNS, "proxy_addresses")
"""Columns for mapping expressions, beside the worker's fields: these, and the worker's own and former addresses as one text."""

LIFE_COLUMNS = {"status_active": "boolean", "life_stage": "string"}
"""Columns that are made of the facts for a date, and may be used wherever worker fields may: what HR's status says, and the stage
of the worker's life. `active` is then whether the account is to be enabled. Sources and the conditions of `workers.life` know facts
only."""

STAGES = ("erased", "missing", "no_show", "future", "prehire", "grace", "left", "on_leave", "active")
"""Values of `life_stage`, but for those that `workers.life.steps` adds."""

RESERVED_COLUMNS = frozenset(
    {*LEDGER_COLUMNS, *LIFE_COLUMNS, "manager_external_id", "manager_status", "valid_from", "valid_to", "next_at", "known_from",
     "known_to", "digest", "row_no", "extract_id", "extract_sha256", "source", "business_date", "as_read",
     "in_scope", "enabled", "control", "formula"}
)  # fmt: skip

FieldType = Literal["string", "boolean", "date", "integer", "decimal"]
LATER_FIELD_KEYS = ("two_digit_years", "decimal_separator", "thousands_separator", "damage", "placeholders", "no_name",
                    "decimals")  # fmt: skip
"""Keys that count in a profile's digest only where they are used."""
Normaliser = Literal[
    "excel_text", "upper", "lower", "title", "collapse_spaces", "phone", "digits", "nfc", "strip_leading_zeros"
]


@lru_cache(maxsize=256)
def _in_lower_case(texts: tuple[str, ...], without: tuple[str, ...]) -> tuple[str, ...]:
    """The texts in lower case, once each, without those that stand in the others."""
    meant = {text.lower() for text in without}
    return tuple(dict.fromkeys(text for text in map(str.lower, texts) if text not in meant))


class FieldSpec(Model):
    """A worker field: the column it comes from, its type and the rules its values keep."""

    column: ColumnName
    type: FieldType = "string"
    required: bool = False
    """The column must exist and no row may leave it blank. Another column may be missing from a file: what is known of
    it is then kept, never cleared."""
    pattern: Regex | None = None
    allowed: tuple[str, ...] | None = Field(None, min_length=1)
    max_length: int = Field(1024, gt=0, le=COUNT)
    blank: tuple[str, ...] = ()
    """Values that mean nothing was entered, besides the empty one."""
    placeholders: tuple[str, ...] | None = None
    """Texts in any case that stand where nothing was entered, in place of those of `workers.placeholders`."""
    no_name: tuple[str, ...] | None = None
    """Of a name: texts in any case that say that the person has none, in place of those of `workers.no_name`."""
    replace: dict[str, str] = Field({})
    """Exact values to put right, before the rules are judged (`UK` to `GB`). A value that stands here is taken as it is written."""
    damage: Literal["hold", "take"] = "hold"
    """Text that looks damaged (read in another encoding, question marks inside words, entities) is held back, or taken."""
    normalise: tuple[Normaliser, ...] = ()
    formats: tuple[DateFormat, ...] = Field(("%Y-%m-%d",), min_length=1)
    """strptime formats of a date, tried in order, each as strict as it is written: `%Y` is four digits, `%d` and `%m` are two,
    `%-d` and `%-m` one or two. A time behind an ISO date (`T00:00:00.000Z`) is cut off."""
    two_digit_years: int | None = Field(None, ge=1900, le=2101)
    """The first of the hundred years that `%y` stands for."""
    decimal_separator: Literal[".", ","] = "."
    """The character before the decimals of a number."""
    decimals: int | None = Field(None, ge=0, le=18)
    """How many decimals of a decimal are kept, of 18 digits; one with more is unreadable. None: four."""
    thousands_separator: Literal["", ".", ",", "'", " "] = ""
    """The character between the thousands of a number. A blank is any blank, an apostrophe either one."""
    blank_in_changes: Literal["unchanged", "cleared"] | None = None
    """The meaning of a blank in a row of a changes-only source. None: as the source's `rows` say."""
    open_end: tuple[IsoDate, ...] = ("4712-12-31", "9999-01-01", "9999-12-31")
    """Dates (ISO) that mean: no end."""
    true_values: tuple[str, ...] = Field(("True", "TRUE", "true", "Y", "Yes", "1"), min_length=1)
    false_values: tuple[str, ...] = Field(("False", "FALSE", "false", "N", "No", "0"), min_length=1)

    @property
    def kind(self) -> str:
        """The type, of a decimal with its decimals where it says how many are kept: `decimal(2)`."""
        return self.type if self.decimals is None else f"{self.type}({self.decimals})"

    @property
    def stands_for_nothing(self) -> tuple[str, ...]:
        """`placeholders` and `no_name` in lower case, without what the field has as a value."""
        meant = *self.replace, *(self.allowed or ()), *self.true_values, *self.false_values
        return _in_lower_case((*(self.placeholders or ()), *(self.no_name or ())), meant)

    @model_validator(mode="after")
    def _required_columns_exist(self) -> FieldSpec:
        overlap = set(self.true_values) & set(self.false_values)
        if overlap:
            raise ValueError(f"true_values and false_values share {sorted(overlap)}")
        for wrong in self.clashes():
            raise ValueError(wrong)
        return self

    def clashes(self) -> list[str]:
        """Keys that do not go together in the way in which dates and numbers are written."""
        found = []
        if self.type == "decimal" and self.decimal_separator == self.thousands_separator:
            found.append(f"decimal_separator and thousands_separator are both {self.decimal_separator!r}")
        if self.decimals is not None and self.type != "decimal":
            found.append(f"decimals goes with type decimal, and the type is {self.type}")
        if self.two_digit_years is None and any(re.search("%-?y", form) for form in self.formats):
            found.append("formats with %y need two_digit_years, the first of the hundred years that it stands for")
        return found
