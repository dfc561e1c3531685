"""How commands talk: tables and progress for people, JSON for programs, one line for an error."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hcm_pipeline.plain_text import json_for, shown
from hcm_pipeline.verdicts import Verdict

out = Console(highlight=False, soft_wrap=True)
if not out.is_terminal:
    out = Console(highlight=False, soft_wrap=True, width=200)  # a file or a pipe has no width to fit into
err = Console(stderr=True, highlight=False, soft_wrap=True)


def printable() -> None:
    """Have both streams print an escape for what their encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def plain(text: str) -> Text:
    """The text as it is shown: nothing in it drives the terminal, and nothing is taken for markup or the code of an emoji."""
    return Text(shown(text))


def say(*lines: str) -> None:
    """Lines for people, on standard output; an empty one without any."""
    for line in lines or ("",):
        out.print(_fitted(line, out))


def note(*lines: str) -> None:
    """Lines beside the result, on standard error."""
    for line in lines:
        err.print(_fitted(line, err))


def _fitted(line: str, console: Console) -> Text:
    """A line as a terminal shows it: broken between words. An indented command, which is to be pasted, and JSON are left whole."""
    text = shown(line)
    if console.is_terminal and not _PASTED.match(text):
        text = wrapped(text, console.width)
    return Text(text)


_PASTED = re.compile(r" {4}| +(?:[^A-Za-z` ]|(?:\S+=\S+ )*\S*hcm-pipeline )")
BLANK = "\N{NO-BREAK SPACE}"
"""Stands for a blank at which a line is not broken, while it is."""


def wrapped(text: str, width: int) -> str:
    """A line broken between words, where it is longer than the width; what stands in backticks is to be pasted, and stays whole."""
    if cell_len(text) <= width or BLANK in text:
        return text
    kept = re.sub("`[^`]*`", lambda quoted: quoted[0].replace(" ", BLANK), text)
    words = kept.lstrip(" ")
    indent = kept[: len(kept) - len(words)]
    return "\n".join(lines_of(words, width, indent, indent)).replace(BLANK, " ")


def lines_of(text: str, width: int, first: str = "", then: str = "") -> list[str]:
    """Words in lines of so many columns, behind what the first line and each later one begin with.

    A sign of East Asia takes two columns. A word that is wider than a line stands on one of its own.
    """
    lines: list[str] = []
    line, room = first, False
    for word in text.split(" "):
        if room and cell_len(line) + 1 + cell_len(word) > width:
            lines.append(line)
            line, room = then, False
        line = f"{line} {word}" if room else f"{line}{word}"
        room = room or bool(word)
    return [*lines, line]


GAP = 2
"""Blanks between two columns of a table."""


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table; numbers to the right. No word, date or id in it is broken.

    Where the terminal is too narrow for the widest word of each column side by side, columns that hold nothing are left out and, if
    that is not enough, every row is a block of lines. Nothing is printed of a table without rows.
    """
    listed = [list(row) for row in rows]
    if not listed:
        return
    cells = [[plain(_cell(value)) for value in row] for row in listed]
    least = _least_widths(columns, cells)
    if sum(least) + GAP * (len(columns) - 1) > out.width:
        held = [i for i in range(len(columns)) if any(row[i].plain for row in cells)]
        columns, listed, cells = (
            [columns[i] for i in held], [[row[i] for i in held] for row in listed], [[row[i] for i in held] for row in cells],
        )  # fmt: skip
        least = _least_widths(columns, cells)
    if sum(least) + GAP * (len(columns) - 1) > out.width:
        _blocks(title, columns, cells)
        return
    drawn = Table(
        title=plain(title) if title else None,
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, GAP, 0, 0),
    )
    for i, name in enumerate(columns):
        numeric = all(isinstance(row[i], int) for row in listed)
        drawn.add_column(plain(name), justify="right" if numeric else "left", overflow="fold", min_width=least[i])
    for row in cells:
        drawn.add_row(*row)
    out.print(drawn)
    say()


def _least_widths(columns: Sequence[str], cells: Sequence[Sequence[Text]]) -> list[int]:
    """The width of each column that breaks no word."""
    return [max(_longest_word(text) for text in column) for column in zip(map(plain, columns), *cells, strict=True)]


def _longest_word(text: Text) -> int:
    return max(map(cell_len, text.plain.split()), default=0)


def _blocks(title: str, columns: Sequence[str], rows: Sequence[Sequence[Text]]) -> None:
    """Each row as a block: a line for each cell that holds something, its column's name before it."""
    if title:
        out.print(Text(shown(title), style="bold"))
    wide = max(map(len, columns))
    for row in rows:
        for name, value in zip(columns, row, strict=True):
            if value.plain:
                space = max(20, out.width - wide - 4)
                lines = lines_of(" ".join(value.plain.split()), space)
                say(f"  {name:<{wide}}  {lines[0]}", *(f"  {'':<{wide}}  {line}" for line in lines[1:]))
        say()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return str(value)


def show_verdicts(title: str, found: Iterable[Verdict]) -> None:
    """Print what rules found, the same for every rule: its name, whether it tripped, and what it found."""
    table(title, ("guard", "verdict", "why"), [[one.rule, one.outcome, _found(one)] for one in found])


def _found(verdict: Verdict) -> str:
    detail = verdict.figures.get("detail")
    return verdict.sentence if detail is None else f"{verdict.sentence}: {detail}"


def dump(value: object) -> None:
    """JSON on standard output. A dataclass is an object of its fields, without the underscore behind a Python keyword."""
    option = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS
    try:
        text = orjson.dumps(value, default=_plain, option=option).decode()
    except TypeError:  # half a character, in the name of a file, or a number beyond 64 bits
        text = json.dumps(value, default=_plain, indent=2)
    sys.stdout.write(json_for(text, sys.stdout.encoding or "utf-8") + "\n")


@cache
def _keys(of: type[Any]) -> list[tuple[str, str]]:
    """The keys of a dataclass in JSON, each with the name of its field."""
    return [(field.name.rstrip("_"), field.name) for field in fields(of)]


def _plain(value: Any) -> object:
    if hasattr(value, "as_json"):
        return value.as_json()
    if is_dataclass(value) and not isinstance(value, type):
        return {key: getattr(value, name) for key, name in _keys(type(value))}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, Path | frozenset):
        return str(value) if isinstance(value, Path) else sorted(value)
    return str(value)


class Progress:
    """Progress of what takes over two seconds, on standard error: a moving line for a terminal, else a line now and then.

    A count of which a line was printed comes to its end: the last of its messages is printed, too, before another is told.
    """

    def __init__(self) -> None:
        self._status = err.status("") if err.is_terminal else None
        self._last = time.monotonic()
        self._printed = ""
        self._kept: str | None = None

    def __call__(self, message: str) -> None:
        """Tell of progress."""
        if self._status is not None:
            self._status.update(plain(message))
            return
        if _count_of(message) != self._printed:
            self._end()
        if time.monotonic() - self._last >= 2.0:
            self._last, self._printed, self._kept = time.monotonic(), _count_of(message), None
            note(f"  {message}")
        elif _count_of(message) == self._printed:
            self._kept = message

    def _end(self) -> None:
        if self._kept is not None:
            note(f"  {self._kept}")
            self._kept = None

    @contextmanager
    def shown(self) -> Iterator[Progress]:
        """For the time of a `with` block."""
        if self._status is None:
            yield self
            self._end()
            return
        with self._status:
            yield self


def _count_of(message: str) -> str:
    """The message without its numbers, and without what follows its first comma: two of one count have the same."""
    return re.sub(r"\d[\d,]*", "", message).partition(",")[0]
