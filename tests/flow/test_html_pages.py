"""Templates of pages: values are text, dates stay on one line, commands are code."""

from __future__ import annotations

import datetime as dt

import pytest

from hcm_pipeline.flow.html_pages import html_environment


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (dt.date(2026, 11, 2), "<time>2026-11-02</time>"),
        ("<b>on 2026-11-02 07:40Z", "&lt;b&gt;on <time>2026-11-02 07:40Z</time>"),
        ("a & b", "a &amp; b"),
        (7, "7"),
    ],
)
def test_a_value_is_text_in_which_no_date_breaks(value: object, written: str) -> None:
    assert html_environment().from_string("{{ value }}").render(value=value) == written


def test_commands_in_a_sentence_are_code_and_all_else_is_text() -> None:
    page = html_environment().from_string("{{ said|commands }} {{ 1|counted('request', 'wait') }}")
    assert page.render(said="`plan <x>` \u202esays 2026-11-02") == (
        "<code>plan &lt;x&gt;</code> \\u202esays <time>2026-11-02</time> 1 request waits"
    )
