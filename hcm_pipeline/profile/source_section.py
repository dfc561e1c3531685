"""`[[sources]]`: where the data of workers come from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hcm_pipeline.profile.value_types import Identifier, Model, Regex


class BusinessDate(Model):
    """Where the day that a file speaks for comes from.

    `name`: group 1 of `pattern` (or the whole match) in the file's name, read with `format`. `given`: `--date` of the
    `land` command, and nothing else.
    """

    from_: Literal["name", "given"] = Field("name", alias="from")
    pattern: Regex = r"(\d{4}-?\d{2}-?\d{2})"
    format: str = "%Y-%m-%d"


class Source(Model):
    """A family of files: which names, which shape, and whether absence from a file says anything."""

    name: Identifier
    glob: str = Field(min_length=1)
    content: Literal["full", "changes-only"] = "full"
    business_date: BusinessDate = BusinessDate.model_validate({})
    delimiter: Literal["auto", ",", ";", "\t", "|"] = "auto"
    encoding: Literal["auto", "utf-8", "utf-16", "windows-1252", "latin-1"] = "auto"
    fallback_encoding: Literal["windows-1252", "latin-1"] = "windows-1252"
    max_bytes: int = Field(4 * 2**30, gt=0)
    """Size of the file once unpacked, in bytes; a larger one is refused (zip bombs)."""
    max_field_chars: int = Field(32_768, gt=0)
    """Characters in one field; a row with a longer one is quarantined."""
    trailer: Regex | None = None
    """What the last line looks like; group 1 is the number of records above it."""
    every: Literal["day", "weekday"] | None = None
    """On which business dates an extract is due. A changes-only one after a date without one is held."""
    sequence: Regex | None = None
    """In what order files of one business date follow each other: group 1 (or the whole match) in the name, as a number where it is
    one. None: as they arrive."""
    late: Literal["apply", "hold"] = "apply"
    """What becomes of an extract for a date before that of one which was applied."""
