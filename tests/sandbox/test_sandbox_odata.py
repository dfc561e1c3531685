"""Filters, orders and page positions, without a server."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcm_pipeline.sandbox.log_service import JobFacts, log_fields
from hcm_pipeline.sandbox.odata import (
    BadQuery,
    Comparison,
    parse_filter,
    parse_order,
    parse_top,
    read_skip_token,
    skip_token,
)

FIELDS = log_fields(JobFacts("tenant", "principal", "job"))


def test_comparisons_are_joined_by_and() -> None:
    text = "jobid eq 'job' and statusInfo/status eq 'failure' and activityDateTime ge 2022-10-10T09:47:34Z"
    assert parse_filter(text, FIELDS) == [
        Comparison("jobid", "eq", "job"),
        Comparison("statusInfo/status", "eq", "failure"),
        Comparison("activityDateTime", "ge", 1_665_395_254_000_000),
    ]


@given(st.text())
def test_any_text_survives_quoting(text: str) -> None:
    quoted = text.replace("'", "''")
    assert parse_filter(f"sourceIdentity/id eq '{quoted}'", FIELDS)[0].value == text


REFUSED = [
    "", "jobid", "jobid eq", "jobid eq job", "jobid eq 'job' or id eq 'x'", "(jobid eq 'job')", "jobid eq 'job' and",
    "contains(jobid,'x')", "colour eq 'x'", "jobid gt 'x'", "jobid like 'x'", "activityDateTime ge '2022-10-10'",
    "activityDateTime ge yesterday", "jobid eq 'job", "'jobid' eq 'job'", "not jobid eq 'job'",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadQuery):
        parse_filter(text, FIELDS)


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    with suppress(BadQuery):
        parse_filter(text, FIELDS)


@pytest.mark.parametrize(("text", "descending"), [(None, True), ("t", False), ("t asc", False), ("t desc", True)])
def test_the_order_is_newest_first_unless_told_otherwise(text: str | None, descending: bool) -> None:
    assert parse_order(text, "t") is descending


@pytest.mark.parametrize("text", ["0", "1001", "-1", "x", ""])
def test_a_page_size_out_of_bounds_is_refused(text: str) -> None:
    with pytest.raises(BadQuery):
        parse_top(text, 100, 1000)


def test_a_skip_token_gives_its_position_back() -> None:
    assert read_skip_token(skip_token(1_700_000_000_000_000, 42), 2) == (1_700_000_000_000_000, 42)


@pytest.mark.parametrize("text", ["", "x", "====", "é", skip_token(1)])
def test_a_damaged_skip_token_is_refused(text: str) -> None:
    with pytest.raises(BadQuery):
        read_skip_token(text, 2)
