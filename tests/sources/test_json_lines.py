"""JSON lines: every line is a row or a reject, and keys beside the columns say how it was come by."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.sources import format_of, json_lines, told_by
from hcm_pipeline.warehouse import scratch
from tests.budget import examples

from .build import source, written

LINES = b"""\xef\xbb\xbf{"Number": "201", "Active": true, "First": "Bo", "_told": ["entry 1", "read"]}
{"Number": 202, "Active": null, "First": "", "City": "Rome"}

not JSON
["an", "array"]
{"Number": {"nested": 1}}
{"Number": "203", "First": "xxxxxxxxx"}
"""
STAFF = source(format="json_lines", max_field_chars=8)

OBJECTS = st.dictionaries(st.text(max_size=4), st.text(max_size=12))


def staged(tmp_path: Path, data: bytes) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]], int]:
    kind, stored = format_of(STAFF), written(tmp_path, data)
    description = kind.describe(stored, STAFF, "staff.jsonl")
    with duckdb.connect() as con, scratch(con) as t:
        found = kind.stage(t, stored, description, STAFF, name="staff.jsonl", folder=tmp_path)
        assert description.records == found.records
        rows = t.rows(f"from {found.rows} order by row_no")
        return rows, t.rows(f"select row_no, rule, column_name from {found.rejects} order by row_no"), found.records


def test_every_line_is_a_row_or_a_reject(tmp_path: Path) -> None:
    for data in (LINES, gzip.compress(LINES)):
        rows, rejects, records = staged(tmp_path, data)
        assert rows == [(1, "201", "true", "Bo", None), (2, "202", None, None, "Rome")]
        assert rejects == [
            (4, "no_object", None), (5, "no_object", None), (6, "no_object", None), (7, "field_too_long", "First"),
        ]  # fmt: skip
        assert records == 6


def test_what_is_no_text_spoils_its_cell_and_lines_in_another_encoding_are_refused(tmp_path: Path) -> None:
    lines = b'{"Number": "1", "First": "B@"}\n' + 40 * b'{"Number": "2"}\n'
    for odd, sign in ((b"\xff", "\ufdd0"), (b"\\ud800", "\ufdd0"), (b"\x00", "\ufdd1"), (b"\x07", "\x07")):
        rows, rejects, _ = staged(tmp_path, lines.replace(b"@", odd))
        assert (rows[0], len(rows), rejects) == ((1, "1", f"B{sign}"), 41, [])
    with pytest.raises(ExtractRefused, match="cannot be read as utf-8"):
        staged(tmp_path, 4 * lines.replace(b"@", b"\xf6"))


def test_a_line_says_how_it_was_come_by(tmp_path: Path) -> None:
    stored = written(tmp_path, LINES)
    assert told_by(stored, 1) == ("entry 1", "read")
    assert [told_by(stored, number) for number in (2, 4, 99)] == [(), (), ()]


def test_a_file_without_an_object_or_without_lines_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for data in (b"", b"\n\n", b"{}\n", b'{"_told": []}', b"\x00" * 50, b"PK\x03\x04 no archive"):
        with pytest.raises(ExtractRefused):
            staged(tmp_path, data)
    monkeypatch.setattr(json_lines, "LONGEST_LINE", 10)
    with pytest.raises(ExtractRefused, match="does not end"):
        staged(tmp_path, b'{"Number": "a very long line"')


@settings(max_examples=examples(30))
@given(st.lists(st.one_of(OBJECTS, st.binary(max_size=12)), min_size=1, max_size=8))
def test_whatever_the_lines_no_record_is_lost(
    tmp_path_factory: pytest.TempPathFactory, lines: list[dict[str, str] | bytes]
) -> None:
    data = b"\n".join(orjson.dumps(one) if isinstance(one, dict) else one.replace(b"\n", b" ") for one in lines)
    try:
        rows, rejects, records = staged(tmp_path_factory.mktemp("lines"), data)
    except ExtractRefused:
        return
    assert len(rows) + len(rejects) == records
