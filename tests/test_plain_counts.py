"""Numbers of things, as people say them."""

from __future__ import annotations

import pytest

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
