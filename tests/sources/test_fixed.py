"""Lines of fixed length, and EText with a delimiter that quotes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hcm_pipeline.errors import ExtractRefused, ProfileError
from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.profile import Source
from tests.budget import examples

from ..workers.driver import PROFILE
from .build import source, staged
from .staging import Read, read

LAYOUT = [{"name": "Number", "length": 5}, {"name": "Name", "length": 6}, {"name": "City", "start": 14, "length": 4}]


def fixed(folder: Path, data: bytes | str, later: Source | None = None, **given: Any) -> Read:
    """A file of lines with the layout of these tests, described and staged."""
    return read(folder, data, later, **{"format": "fixed", "layout": LAYOUT, **given})


def test_columns_stand_where_the_layout_says_without_their_padding(tmp_path: Path) -> None:
    found = fixed(tmp_path, "00012LEE   xxROME\r\n\r\n00013   AB xx    \n")
    assert found.columns == ("Number", "Name", "City")
    assert found.rows == {1: ("00012", "LEE", "ROME"), 3: ("00013", "AB", None)}
    assert found.summary == "utf-8, lines of 17 characters, 3 columns, 2 records"


def test_headers_and_trailers_are_told_by_their_beginning_and_the_trailer_counts(tmp_path: Path) -> None:
    layout = [{"name": "Kind", "length": 1}, {"name": "Number", "length": 3}]
    text = "EXTRACT OF TODAY\nH20261102\nD001\nX002\nD003\nD00\nT0000002\n"
    keys: dict[str, Any] = {
        "layout": layout,
        "header_lines": 1,
        "record_lines": "D",
        "other_lines": ["H", "T"],
        "trailer": r"^T(\d+)",
    }
    found = fixed(tmp_path, text, **keys)
    assert found.rows == {3: ("D", "001"), 5: ("D", "003")}
    assert found.rejects == [(4, "unknown_line", None), (6, "line_length", None)]
    assert found.total == 2
    last = fixed(tmp_path, "D001\nTOTAL 1\n", layout=layout, trailer=r"TOTAL (\d+)")
    assert (last.total, list(last.rows), last.rejects) == (1, [1], [])


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b"00012LEE   xxROM", "line_length"),
        (b"00012LEE   xxROME ", "line_length"),
        (b"00012L\0E    xxROME", "nul_byte"),
    ],
)
def test_a_line_of_another_length_or_with_a_nul_is_a_reject(tmp_path: Path, line: bytes, rule: str) -> None:
    found = fixed(tmp_path, line + b"\n00013LEE   xxROME\n")
    assert (found.rejects, list(found.rows)) == ([(1, rule, None)], [2])


def test_encodings_are_as_for_delimited_files(tmp_path: Path) -> None:
    text = "00012Zo\u00eb   xxR\u00d3ME\n" * 3
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "windows-1252"):
        found = fixed(tmp_path, text.encode(encoding))
        assert (found.values("City"), found.guessed) == (
            ["R\u00d3ME"] * 3, "windows-1252" if encoding == "windows-1252" else None,
        )  # fmt: skip
    assert fixed(tmp_path, text.encode("cp1250"), encoding="windows-1250").values("Name") == ["Zo\u00eb"] * 3
    later = source(format="fixed", layout=LAYOUT, fallback_encoding="cp850")
    assert fixed(tmp_path, text.encode("cp1252"), later).values("Name") != ["Zo\u00eb"] * 3
    damaged = text.encode() * 3 + b"00012Zo\xff   xxROME\n"
    assert fixed(tmp_path, damaged).rows[10] == (
        "00012",
        "Zo\ufdd0",
        "ROME",
    )  # a rule of the contract holds back the cell
    assert fixed(tmp_path, damaged.replace(b"\xff", b"\xff\xff")).rejects == [(10, "undecodable", None)]
    with pytest.raises(ExtractRefused, match="cannot be read as utf-8"):
        fixed(tmp_path, text.encode("cp1252"), encoding="utf-8")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExtractRefused) as caught:
        fixed(tmp_path, "")
    assert caught.value.rule == "empty_file"


@pytest.mark.parametrize(
    ("layout", "fault"),
    [
        ("[]", "sources[1].layout = []"),
        ('[{ name = "A", length = 0 }]', "sources[1].layout[0].length = 0"),
        ('[{ name = "A", start = 0, length = 1 }]', "sources[1].layout[0].start = 0"),
        ('[{ name = "A", length = 4 }, { name = "B", start = 4, length = 1 }]', "no overlap: A is 1 to 4"),
        ('[{ name = "A", start = 4, length = 2 }, { name = "B", start = 1, length = 4 }]', "no overlap: A is 4 to 5"),
        ('[{ name = "A", length = 1 }, { name = "a", length = 1 }]', "names that differ"),
        ('[{ name = "row_no", length = 1 }]', "names that differ"),
        ('[{ name = "A", length = 2000000 }]', "at most 2,000 of them"),
        ('[{ name = "A", length = 1 }]\nother_lines = ["D1"]\nrecord_lines = "D"', "can be told from 'D'"),
        ('[{ name = "A", length = 1 }]\ndelimiter = ";"', "no key of the format fixed"),
    ],
)
def test_a_layout_that_cannot_be_is_a_fault_of_the_profile(layout: str, fault: str) -> None:
    text = PROFILE.replace('name = "news"\nglob', f'name = "news"\nformat = "fixed"\nlayout = {layout}\nglob')
    with pytest.raises(ProfileError) as caught:
        parse_profile(text, "firm.toml")
    assert fault in str(caught.value)


letters = st.text(st.sampled_from("aBc\u00e9\u4e2d\"',|"), max_size=6)


@settings(max_examples=examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(letters, letters), min_size=1, max_size=6), st.sampled_from(["\n", "\r\n", "\r"]))
def test_every_value_of_a_line_is_read_as_it_was_written(
    tmp_path: Path, cells: list[tuple[str, str]], end: str
) -> None:
    lines = [f"{number:05}{one:6}..{other[:4]:4}" for number, (one, other) in enumerate(cells, 1)]
    found = fixed(tmp_path, end.join(lines), encoding="utf-8")
    assert list(found.rows.values()) == [
        (f"{number:05}", one or None, other[:4] or None) for number, (one, other) in enumerate(cells, 1)
    ]


# --- EText with a delimiter


def test_without_quoting_a_quote_is_a_character_wherever_it_stands(tmp_path: Path) -> None:
    text = 'A|B|C\n"a|b"|c\n"JJ" Jan|""|"\n1|2|3|4\n'
    found = staged(tmp_path, text, quote="none")
    assert found.rows == [(2, '"a', 'b"', "c"), (3, '"JJ" Jan', '""', '"')]
    assert [(row[0], row[1]) for row in found.rejects] == [(4, "ragged_row")]
    regular = staged(tmp_path, 'A|B\n"a|"\nx|""\n', quote="none")
    assert (regular.counts.path, regular.rows) == ("fast", [(2, '"a', '"'), (3, "x", '""')])


def test_quotes_that_are_characters_since_then_are_read_so(tmp_path: Path) -> None:
    for before, after, value in (('"', "none", '"a"'), ("none", '"', "a")):
        assert read(tmp_path, 'A|B\n"a"|b\n', source(quote=after), quote=before).values("A") == [value]


cells = st.text(st.sampled_from('ab"|\u00e9'), max_size=5)


@settings(max_examples=examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=5))
def test_without_quoting_each_delimiter_delimits(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    text = "A|B\n" + "".join(f"x{one}|{other}\n" for one, other in rows)
    found = staged(tmp_path, text, quote="none", delimiter="|")
    whole = [row for row in text.splitlines()[1:] if row.count("|") == 1]
    assert [row[1:] for row in found.rows] == [tuple(cell or None for cell in row.split("|")) for row in whole]
    assert len(found.rejects) == len(rows) - len(whole)
