"""A confirmed list: a CSV file of person numbers and accounts, with the name of the person who signs for each row."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from hcm_pipeline.characters import trimmed
from hcm_pipeline.errors import UsageError

COLUMNS = ("person_number", "account", "confirmed_by")
"""Of the file, in any order and among others. `account`: a userPrincipalName or an object id; blank: the worker is new."""
MOST = 1_000_000
"""Rows; a longer file is no list that somebody has looked through."""


@dataclass(frozen=True)
class Listed:
    """One row. `account` None: none of the directory's, the worker is new."""

    row: int
    person_number: str
    account: str | None
    confirmed_by: str


@dataclass(frozen=True)
class RefusedLine:
    """A row that is not taken. `row` counts from 1, the header; the reason holds no value."""

    file: str
    row: int
    column: str
    rule: str
    reason: str


def read_list(path: Path) -> tuple[list[Listed], list[RefusedLine]]:
    """The rows of a list, and those that cannot be taken. Raises UsageError for a file that is none."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is no UTF-8; save it as CSV UTF-8") from None
    delimiter = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = [trimmed(name).lower().replace(" ", "_") for name in next(rows, [])]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise UsageError(f"{path}: has no column {', '.join(missing)}; it needs {', '.join(COLUMNS)}")
    places = {name: header.index(name) for name in COLUMNS}
    found: list[Listed] = []
    refused: list[RefusedLine] = []
    try:
        for number, row in enumerate(rows, 2):
            if not any(map(trimmed, row)):
                continue
            cells = {name: trimmed(_plain(row[place])) if place < len(row) else "" for name, place in places.items()}
            blank = next((name for name in ("person_number", "confirmed_by") if not cells[name]), None)
            if len(row) < len(header):
                refused.append(RefusedLine(path.name, number, "", "ragged_row", "has fewer cells than the header"))
            elif blank:
                why = "names no worker" if blank == "person_number" else "nobody signs for it"
                refused.append(RefusedLine(path.name, number, blank, "blank", why))
            else:
                found.append(Listed(number, cells["person_number"], cells["account"] or None, cells["confirmed_by"]))
            if number > MOST:
                raise UsageError(f"{path}: has more than {MOST:,} rows")
    except csv.Error:
        raise UsageError(f"{path}: cannot be read as CSV") from None
    return _once(path.name, found, refused)


def _plain(cell: str) -> str:
    """A cell as it is meant: an apostrophe before what a spreadsheet would compute is not part of it."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@") else cell


def _once(file: str, found: list[Listed], refused: list[RefusedLine]) -> tuple[list[Listed], list[RefusedLine]]:
    """Without the rows of workers, and of accounts, that the list names twice: which of them is meant is not to be guessed."""
    workers = Counter(listed.person_number for listed in found)
    accounts = Counter(listed.account.lower() for listed in found if listed.account)
    kept = []
    for listed in found:
        if workers[listed.person_number] > 1:
            refused.append(
                RefusedLine(file, listed.row, "person_number", "repeated", "the list names this worker twice")
            )
        elif listed.account and accounts[listed.account.lower()] > 1:
            refused.append(RefusedLine(file, listed.row, "account", "repeated", "the list names this account twice"))
        else:
            kept.append(listed)
    return kept, sorted(refused, key=lambda one: one.row)
