"""Tables for people: whatever the width of the terminal, no word, date or id is broken."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from hcm_pipeline.cli import output

WORDS = st.text("abcdefghij-0123456789欧阳司كאש", min_size=1, max_size=30)
CELLS = st.one_of(st.none(), st.integers(0, 10_000_000), st.lists(WORDS, max_size=6).map(" ".join))


def printed(monkeypatch: pytest.MonkeyPatch, width: int, columns: list[str], rows: Sequence[Sequence[object]]) -> str:
    console = Console(file=io.StringIO(), highlight=False, soft_wrap=True, width=width)
    with monkeypatch.context() as patched:
        patched.setattr(output, "out", console)
        output.table("Title", columns, rows)
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


@given(data=st.data(), width=st.integers(20, 160), columns=st.lists(WORDS, min_size=1, max_size=8, unique=True))
def test_every_word_of_a_table_stands_whole_on_a_line(data: st.DataObject, width: int, columns: list[str]) -> None:
    rows = data.draw(st.lists(st.lists(CELLS, min_size=len(columns), max_size=len(columns)), min_size=1, max_size=4))
    with pytest.MonkeyPatch.context() as monkeypatch:
        text = printed(monkeypatch, width, columns, rows)
    shown = text.split()
    for row in rows:
        for value in row:
            for word in f"{value:,}".split() if isinstance(value, int) else str(value or "").split():
                assert word in shown


def test_a_table_that_does_not_fit_leaves_out_what_is_empty_and_then_becomes_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    columns, rows = ["manifest", "reason", "state"], [["0123456789ab", None, "ready"], ["ba9876543210", None, "held"]]
    assert printed(monkeypatch, 80, columns, rows).splitlines()[1].split() == ["manifest", "reason", "state"]
    assert printed(monkeypatch, 22, columns, rows).splitlines()[1].split() == ["manifest", "state"]
    assert printed(monkeypatch, 18, columns, rows).splitlines()[:3] == [
        "Title", "  manifest  0123456789ab", "  state     ready"]  # fmt: skip


PIECES = st.one_of(WORDS, st.lists(WORDS, min_size=1, max_size=5).map(lambda words: f"`{' '.join(words)}`"))


@given(pieces=st.lists(PIECES, min_size=1, max_size=30), width=st.integers(20, 160))
def test_a_line_is_broken_between_words_and_never_within_a_command(pieces: list[str], width: int) -> None:
    lines = output.wrapped(" ".join(pieces), width).split("\n")
    assert " ".join(lines) == " ".join(pieces)
    assert all(cell_len(line) <= width or " " not in line.strip("`") or line in pieces for line in lines)
    for piece in pieces:
        assert any(piece in line for line in lines)


def test_every_table_of_a_verb_is_printed_by_the_one_function_that_breaks_no_word() -> None:
    for module in Path(output.__file__).parent.glob("*.py"):
        text = module.read_text(encoding="utf-8")
        assert module.name == "output.py" or not re.search(r"\bTable\(|\bprint\(", text), module.name


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("  error: an upload is held", ["  error: an", "  upload is", "  held"]),
        ("  hcm-pipeline approve abc 3", ["  hcm-pipeline approve abc 3"]),
        ("  A=b .venv/bin/hcm-pipeline status", ["  A=b .venv/bin/hcm-pipeline status"]),
        ('  "displayName": "Ann of Lee"', ['  "displayName": "Ann of Lee"']),
    ],
)
def test_an_indented_sentence_keeps_its_place_and_a_command_is_left_whole(line: str, lines: list[str]) -> None:
    terminal = Console(file=io.StringIO(), width=14, force_terminal=True)
    assert output._fitted(line, terminal).plain.split("\n") == lines
