"""A reading as an extract: JSON lines that lie in the landing folder when they are complete, and not before."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

import orjson

from hcm_pipeline.feeds.columns import NOT_READ, NUMBER
from hcm_pipeline.home import private
from hcm_pipeline.sources import TOLD

UNFINISHED = ".part"
"""Behind the name of a file that is not complete; landing leaves such a file."""


class ExtractFile:
    """One extract that is being written. `place` is the path that it gets at the end; `columns` are there in any case.

    `full`: a cell that some row lacks would be a cleared value, and so says that it could not be read. Of changes it says nothing.
    """

    def __init__(self, place: Path, columns: Sequence[str] = (), *, full: bool = False) -> None:
        self.place, self._columns, self._full = place, frozenset(columns), full
        self._path = place.with_name(place.name + UNFINISHED)
        self._out = open(private(self._path), "wb")  # noqa: SIM115 - closed by `finish` and `drop`
        self.rows = 0
        self._keys: set[str] = set()
        self._gaps = False

    def add(self, row: Mapping[str, str], told: Sequence[str]) -> None:
        """A worker as read, and how that was come by."""
        keys = set(row)
        self._gaps |= bool(self.rows) and keys != self._keys
        self._keys |= keys
        self._out.write(orjson.dumps({**row, TOLD: list(told)}, option=orjson.OPT_APPEND_NEWLINE))
        self.rows += 1

    def add_unreadable(self, number: str, columns: Sequence[str], told: Sequence[str]) -> None:
        """A worker of whom nothing could be read but the number: every cell is held back."""
        self.add({**dict.fromkeys(columns, NOT_READ), NUMBER: number}, told)

    def finish(self) -> Path | None:
        """Let it lie in the landing folder, on the disk; None when it has no rows, and there is none.

        A column that no row has is no column.
        """
        self._out.close()
        if not self.rows:
            self._path.unlink()
            return None
        missing = self._columns - self._keys
        if self._full and self._gaps:
            self._fill_gaps(self._keys | missing)
        elif missing:
            self._fill_gaps(missing)
        with open(self._path, "rb") as made:
            os.fsync(made.fileno())
        self._path.replace(self.place)
        folder = os.open(self.place.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return self.place

    def drop(self) -> None:
        """Leave nothing behind."""
        self._out.close()
        self._path.unlink(missing_ok=True)

    def _fill_gaps(self, columns: AbstractSet[str]) -> None:
        whole = dict.fromkeys(sorted(columns), NOT_READ)
        filled = self._path.with_name(f"{self.place.name}.filled{UNFINISHED}")
        try:
            with open(self._path, "rb") as made, open(private(filled), "wb") as out:
                for line in made:
                    row = orjson.loads(line)
                    if not columns <= row.keys():
                        line = orjson.dumps({**whole, **row}, option=orjson.OPT_APPEND_NEWLINE)
                    out.write(line)
            filled.replace(self._path)
        finally:
            filled.unlink(missing_ok=True)
