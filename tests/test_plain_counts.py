"""Numbers of things, as people say them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import hcm_pipeline
from hcm_pipeline.plain_text import counted


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [
        (0, "row", "0 rows"),
        (1, "row", "1 row"),
        (1201, "request", "1,201 requests"),
        (1, "entry", "1 entry"),
        (2, "entry", "2 entries"),
        (2, "identity", "2 identities"),
        (3, "person", "3 people"),
    ],
)
def test_one_is_one_and_several_are_several(number: int, noun: str, said: str) -> None:
    assert counted(number, noun) == said


@pytest.mark.parametrize(
    ("number", "verb", "said"),
    [
        (1, "are", "1 row is"),
        (2, "are", "2 rows are"),
        (1, "have", "1 row has"),
        (1, "wait", "1 row waits"),
        (0, "were", "0 rows were"),
    ],
)
def test_the_verb_goes_with_the_number(number: int, verb: str, said: str) -> None:
    assert counted(number, "row", verb) == said


SEVERAL = (
    "accounts|attributes|bytes|calls|cells|changes|columns|entries|extracts|fields|files|links|manifests|mappings|names|"
    "operations|parts|places|records|requests|rows|values|workers"
)
ONE_OR_MANY = re.compile(rf"(?<!of ){{(?![A-Z_.]+\b[:}}]|counted)[^{{}}]+}} (?:{SEVERAL})\b")
MANY = (
    "accounts are offered", "accounts have the value by which", "extracts begin so", "files and must hold exactly one",
    "operations, where the others hold", "bytes behind byte", "bytes that the source allows; ", "accounts of the tenant",
    'columns"', "fields\"", "insert into", "calls in 24 hours", "the one operation", "The one row", "values can be read as",
    "+ 1} values",
)  # fmt: skip
"""In these lines it is never one, as is seen before, or the one has words of its own."""


def test_no_sentence_counts_one_thing_as_several() -> None:
    """A number before a plural goes through `counted`, unless it is a limit (in capitals) or cannot be one."""
    package = Path(hcm_pipeline.__file__).parent
    found = [
        f"{path.relative_to(package)}: {line.strip()}"
        for path in package.rglob("*.py")
        if "sandbox" not in path.parts
        for line in path.read_text(encoding="utf-8").splitlines()
        if 'f"' in line and ONE_OR_MANY.search(line) and not any(many in line for many in MANY)
    ]
    assert found == []
