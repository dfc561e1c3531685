"""Text of others is data: on a terminal, in a log, in Markdown and in JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcm_pipeline.errors import ExtractRefused, PipelineError, ProfileError, ProfileFault
from hcm_pipeline.plain_text import json_for, markdown, shown

DIRECTIONS = [chr(number) for number in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("w\x1b]0;pwned\x07\x1b[2J.csv", r"w\x1b]0;pwned\x07\x1b[2J.csv"),
        ("one\r\ntwo\tthree", r"one\r\ntwo\tthree"),
        ("\x9b2J", r"\x9b2J"),
        ("fdp\u202eexe", r"fdp\u202eexe"),
        ("\udcff.csv", r"\udcff.csv"),
        ("a\U000e0041b", r"a\U000e0041b"),
        (r"\[/x]Boss :warning: Zoë 中 🙂", r"\[/x]Boss :warning: Zoë 中 🙂"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # a non-joiner is how Persian is spelled
    ],
)
def test_what_is_obeyed_or_not_seen_is_shown_and_the_rest_stays(text: str, line: str) -> None:
    assert shown(text) == line


@given(st.text(st.characters() | st.sampled_from(DIRECTIONS)))
def test_no_text_drives_a_terminal_and_what_is_shown_stays(text: str) -> None:
    line = shown(text)
    assert not any(ord(sign) < 0x20 or 0x7F <= ord(sign) < 0xA0 or sign in DIRECTIONS for sign in line)
    assert len(line.splitlines()) <= 1
    assert shown(line) == line


@given(
    st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(DIRECTIONS)),
    st.sampled_from(["utf-8", "ascii", "cp1252"]),
)
def test_json_keeps_its_values_in_every_encoding(text: str, encoding: str) -> None:
    written = json_for(json.dumps({"value": text}, ensure_ascii=False, indent=2), encoding)
    assert json.loads(written.encode(encoding).decode(encoding)) == {"value": text}
    assert not any(sign in written for sign in (*DIRECTIONS, "\x9b", "\x7f"))


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("[click](https://evil.example)", r"\[click\](https://evil.example)"),
        ("<img src=x>", r"\<img src=x\>"),
        ("**all is well**", r"\*\*all is well\*\*"),
        ("&lt;b&gt; R&D", "&amp;lt;b&amp;gt; R&D"),
        ("# 1. of - these", r"\# 1. of - these"),
        ("1. first", r"1\. first"),
        ("-5 of 1.5 %", "-5 of 1.5 %"),
        ("one\n\n# two", r"one\\n\\n# two"),
    ],
)
def test_markdown_shows_text_as_it_is(text: str, source: str) -> None:
    assert markdown(text) == source


def test_an_error_has_one_line_whatever_it_quotes() -> None:
    assert str(PipelineError("a\nb\x1b[2J")) == r"a\nb\x1b[2J"
    refused = ExtractRefused("w\n\x1b.csv", "no_source", "fits no source")
    assert (str(refused), refused.message) == (r"w\n\x1b.csv: fits no source", "fits no source")
    faults = [ProfileFault("fields.a\nb", "'x'", "no such key"), ProfileFault("name", "''", "a name")]
    assert ProfileError("p.toml", faults).lines == (
        r"p.toml: fields.a\nb = 'x': no such key",
        "p.toml: name = '': a name",
    )
