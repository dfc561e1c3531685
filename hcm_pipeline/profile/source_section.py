"""`[[sources]]`: where the data of workers come from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from hcm_pipeline.profile.extract_paths import EnclosingPath, OldPattern, RecordPath, TagPath
from hcm_pipeline.profile.value_types import (
    BYTES,
    COUNT,
    ColumnName,
    DateFormat,
    Encoding,
    FallbackEncoding,
    Identifier,
    IsoDate,
    Model,
    NameFormat,
    Regex,
)
from hcm_pipeline.profile.worker_fields import FieldSpec, Normaliser


class BusinessDate(Model):
    """Where the day that a file speaks for comes from.

    `name`: group 1 of `pattern` (or the whole match) in the file's name, read with `format`. `given`: `--date` of the
    `land` command, and nothing else.
    """

    from_: Literal["name", "given"] = Field("name", alias="from")
    pattern: Regex = r"(\d{4}-?\d{2}-?\d{2})"
    format: NameFormat = "%Y-%m-%d"


class SourceField(Model):
    """How one source writes a worker field. A key that is not given is as `[fields]` has it; the contract is everybody's."""

    column: ColumnName | None = None
    blank: tuple[str, ...] | None = None
    placeholders: tuple[str, ...] | None = None
    no_name: tuple[str, ...] | None = None
    damage: Literal["hold", "take"] | None = None
    replace: dict[str, str] | None = None
    normalise: tuple[Normaliser, ...] | None = None
    formats: tuple[DateFormat, ...] | None = Field(None, min_length=1)
    two_digit_years: int | None = Field(None, ge=1900, le=2101)
    decimal_separator: Literal[".", ","] | None = None
    thousands_separator: Literal["", ".", ",", "'", " "] | None = None
    blank_in_changes: Literal["unchanged", "cleared"] | None = None
    open_end: tuple[IsoDate, ...] | None = None
    true_values: tuple[str, ...] | None = Field(None, min_length=1)
    false_values: tuple[str, ...] | None = Field(None, min_length=1)

    def over(self, spec: FieldSpec) -> FieldSpec:
        """`spec` with what this source says put over it."""
        return spec.model_copy(update={key: getattr(self, key) for key in self.model_fields_set})


def _column_name(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


@dataclass(frozen=True)
class Part:
    """One file of several that speak for a date together: its name among them, and how many there are (None: nobody says)."""

    name: str
    count: int | None


class Parts(Model):
    """Full files of one business date are parts of a whole, where their names say which.

    Group 1 of `pattern` is the part, group 2 (where there is one) the number of parts; or `count` is, for every date.
    """

    pattern: Regex
    count: int | None = Field(None, ge=2, le=100_000)

    def read(self, name: str) -> Part:
        """The part that a file is by its name; an empty one where the pattern does not fit."""
        found = re.search(self.pattern, name)
        if found is None or found[1] is None:
            return Part("", self.count)
        number = found[2] if found.re.groups > 1 else None
        count = int(number) if number and number.isdecimal() else self.count
        return Part(str(int(found[1])) if found[1].isdecimal() else found[1], count)


def _pattern(value: object) -> object:
    return {"pattern": value} if isinstance(value, str) else value


class LayoutField(Model):
    """A column of lines of fixed length: where it begins (the first character is 1), and how long it is, in characters."""

    name: ColumnName
    start: int | None = Field(None, ge=1, le=COUNT)
    """None: behind the column before it."""
    length: int = Field(ge=1, le=COUNT)


NAMESPACE_END = ":"
"""Stands between a source's namespace and the person number. No namespace holds it."""
LATER_KEYS = (
    "format", "namespace", "fields", "parts", "rows", "quote", "record", "tags", "enclosing", "old_values", "repeated", "total",
    "namespaces", "wrappers", "layout", "record_lines", "other_lines", "header_lines",
    "place",
)  # fmt: skip
"""Keys that came after the first profiles: they count in a profile's digest only where they are used."""


class Source(Model):
    """A family of extracts: which names, which format, and whether absence from one says anything."""

    name: Identifier
    glob: str = Field(min_length=1)
    format: Identifier = "delimited"
    """The format of its extracts, by a name in `sources.FORMATS`."""
    namespace: str = Field("", pattern=r"^([a-z][a-z0-9]{0,7})?$")
    """Stands before this source's person numbers (`uk:0100011`), those of managers among them. Two sources with the same numbers
    for different people have different ones."""
    fields: dict[Identifier, Annotated[SourceField, BeforeValidator(_column_name)]] = Field({})
    """Worker field to the column that this source has it in (a string), or to a table; other fields are as the profile has them."""
    place: Identifier | None = None
    """The `[[places]]` that its files are delivered to, by name. None: the landing folder of the home, which takes them all."""
    content: Literal["full", "changes-only"] = "full"
    rows: Literal["whole", "narrow"] | None = None
    """Of a changes-only source: `whole`, a row states every value of its worker, and a blank clears one; `narrow`, it states what
    changed, and a blank says nothing. None: a row that leaves nothing blank that is required is whole, another one is narrow."""
    business_date: BusinessDate = BusinessDate.model_validate({})
    delimiter: Literal["auto", ",", ";", "\t", "|"] = "auto"
    quote: Literal['"', "none"] = '"'
    """The character that encloses cells which hold the delimiter; `none`: every character is data (EText quotes nothing)."""
    encoding: Encoding = "auto"
    fallback_encoding: FallbackEncoding = "windows-1252"
    """The encoding of a file that is not UTF-8, for `auto`. Where it is not named, a file that does not look like it is held."""
    max_bytes: int = Field(4 * 2**30, gt=0, le=BYTES)
    """Size of the file once unpacked, in bytes; a larger one is refused (zip bombs)."""
    max_field_chars: int = Field(32_768, gt=0, le=COUNT)
    """Characters in one field; a row with a longer one is quarantined."""
    trailer: Regex | None = None
    """A pattern of the last line; group 1 is the number of records above it."""
    record: RecordPath | None = None
    """Of XML: the elements that are records, by the last names of their path, or the whole path with / before it."""
    tags: tuple[TagPath, ...] | None = Field(None, min_length=1)
    """Of XML: the columns, by their path below a record. None: every one that occurs."""
    enclosing: tuple[EnclosingPath, ...] = ()
    """Of XML: columns whose tags stand in a group around the record."""
    old_values: tuple[OldPattern, ...] = ()
    """Of XML: elements and attributes that hold what was; they are read as if they were not there."""
    repeated: dict[TagPath, Literal["first", "last"]] = Field({})
    """Of XML: the value that counts where a record has several of a tag. One that is not named here is held back."""
    total: RecordPath | None = None
    """Of XML: the element that holds the number of records."""
    namespaces: dict[Identifier, Annotated[str, Field(min_length=1, max_length=1000)]] = Field({})
    """Of XML: prefix to address. Names in one of these are written with the prefix; of all others the local name counts."""
    wrappers: tuple[str, ...] = ("FILE_FRAGMENT",)
    """Of XML: elements that a path leaves out."""
    layout: tuple[LayoutField, ...] = ()
    """Of lines of fixed length: their columns."""
    record_lines: str | None = Field(None, min_length=1, max_length=100)
    """Of lines of fixed length: the text with which records begin. None: every line that does not begin like another one."""
    other_lines: tuple[Annotated[str, Field(min_length=1, max_length=100)], ...] = ()
    """Of lines of fixed length: the texts with which headers and trailers begin."""
    header_lines: int = Field(0, ge=0, le=1000)
    """Of lines of fixed length: the number of lines before the first record."""
    every: Literal["day", "weekday"] | None = None
    """On which business dates an extract is due. A changes-only one after a date without one is held."""
    sequence: Regex | None = None
    """In what order files of one business date follow each other: group 1 (or the whole match) in the name, as a number where it is
    one. None: as they arrive."""
    parts: Annotated[Parts | None, BeforeValidator(_pattern)] = None
    """Files of one date speak together, each for a part of the people; a date stops while one is missing. A string is the pattern.
    None: a later full file takes the place of those before it."""
    late: Literal["apply", "hold"] = "apply"
    """The fate of an extract for a date before that of one which was applied."""

    @property
    def blank_clears(self) -> bool | None:
        """Whether a blank of a changes-only row is a cleared value; None: of a whole row it is, and each row tells what it is."""
        return None if self.rows is None else self.rows == "whole"

    @property
    def prefix(self) -> str:
        """Stands before each person number of this source; empty without a namespace."""
        return f"{self.namespace}{NAMESPACE_END}" if self.namespace else ""
