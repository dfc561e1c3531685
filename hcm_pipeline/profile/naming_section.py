"""`[identity.user_principal_name]` and its like: how unique names are formed."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from hcm_pipeline.profile.value_types import Model

NAME_PARTS = {"first": "first_name", "preferred": "preferred_name", "middle": "middle_name", "last": "last_name",
              "number": "person_number"}  # fmt: skip
"""The parts of a name as templates call them, and the worker fields they come from."""
PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)(?::([a-z0-9]+))?\}")
"""`{first}`, `{first:2}` (so many characters), `{first:initials}`, `{last:part1}` (of a double name)."""
_MODIFIER = re.compile(r"[1-9]\d?|initials|part[1-9]")
_LITERAL = re.compile(r"[A-Za-z0-9._ -]*")


def _template(value: str) -> str:
    found = PLACEHOLDER.findall(value)
    if not found or not _LITERAL.fullmatch(PLACEHOLDER.sub("", value)):
        raise ValueError(
            "must be placeholders such as {first}, {preferred:1}, {middle:initials} or {last:part1} and, between them, "
            "letters, digits, dots, hyphens, underscores or spaces"
        )
    for _, modifier in found:
        if modifier and not _MODIFIER.fullmatch(modifier):
            raise ValueError(f"{modifier} behind the colon must be a number, initials, or part1 to part9")
    return value


Template = Annotated[str, AfterValidator(_template)]


class Naming(Model):
    """How one unique attribute is formed: the first candidate that nobody holds, otherwise the first one and a number."""

    candidates: tuple[Template, ...]
    """Over first, preferred (first where blank), middle, last, number (the person number) or any text field. A
    candidate with a blank placeholder is passed over, unless all its worker has is one name."""
    case: Literal["lower", "upper", "keep"] = "lower"
    keep: str = Field("", pattern=r"^[ '-]*$")
    """Which of space, apostrophe and hyphen stay in a part of a name."""
    number_from: int = Field(2, ge=0, le=100)
    """The first number that is put behind the first candidate."""
    number_separator: Literal["", " ", ".", "-", "_"] = ""


class NamingFor(Model):
    """Other candidates for some workers: the first of these whose condition holds."""

    when: str = Field(min_length=1)
    """SQL condition over worker fields."""
    user_principal_name: tuple[Template, ...] = ()
    sam_account_name: tuple[Template, ...] = ()
    common_name: tuple[Template, ...] = ()
