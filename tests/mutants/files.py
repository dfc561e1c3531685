"""Extracts, and what can happen to them on their way: to their text, to their bytes, to the archive around them."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

COLUMNS = ("Number", "Active", "First", "Last", "Department", "City", "Manager", "Hired", "Left", "Country", "Primary")
TOKEN = "wxqz"
"""Part of every personal value: a message that holds it tells one."""
HEADER, ROWS = 1, range(3, 12)
DELIMITERS, ENDS = (",", ";", "\t", "|"), ("\n", "\r\n")
ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252", "cp1250", "iso8859-2", "mac-roman", "utf-16-le", "utf-32",
             "shift_jis", "utf-7", "cp037")  # fmt: skip
LETTERS = ("", "é", "ü", "ñ", "ß")
STRUCTURE = set('"\n\r\0\x1a\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029' + "".join(DELIMITERS))
"""Characters that may end a cell or a row, or the file."""
CHARACTERS = ('"', "'", ",", ";", "\t", "|", "\n", "\r", "\r\n", "\0", "\x01", "\x0b", "\x0c", "\x1a", "\x1b", "\x1c",
    "\x85", "\xa0", "\xad",
              "\u200b", "\u200f", "\u202e", "\u2028", "\u2029", "\ufeff", "\ufffd", "\ufffe", "\u0301", "\U0001f4a5",
              "\\", "=", "'\"'", '""', "%s",
              "{}")  # fmt: skip
CELLS = ("", " ", '"', '""', "NULL", "-", "0", "-1", "1E+05", "0x10", "9" * 40, "True", "false", "yes", "2026-13-45",
    "4712-12-31", "31.12.4712",
         "0001-01-01", "99999-01-01", "2026-11-02T25:00:00", "=cmd|' /C calc'!A0", "'; drop table workers; --", "a\nb",
         "a\r\nb", "a,b;c\td|e",
         "x" * 40_000, "\u202eabc", "\udcff", "\ufffd", "nan", "inf", "0100011", "Number", "abcd" * 20)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """The bytes of a file, the person numbers of rows that nothing has touched, and how it came about."""

    data: bytes
    untouched: tuple[str, ...]
    """Empty where a change may have touched any row."""
    story: tuple[str, ...]


def mutant(seed: int) -> Mutant:
    """The mutant of a seed: an extract, and up to four changes of it."""
    dice = random.Random(seed)
    delimiter, end = dice.choice(DELIMITERS), dice.choice(ENDS)
    made = [row(dice, number) for number in range(1, dice.choice(ROWS) + 1)]
    rows = [[_quoted(dice, cell, delimiter) for cell in cells] for cells in made]
    lines = [delimiter.join(COLUMNS), *(delimiter.join(cells) for cells in rows)]
    story = [repr(delimiter), repr(end)]
    whole = {line: str(number) for number, line in enumerate(lines[1:], 1001)}
    header, wild = lines[0], set[str]()
    for _ in range(dice.choice((0, 1, 1, 1, 2, 3))):
        change = dice.choice(TEXT)
        wild |= change(dice, lines, delimiter)
        story.append(change.__name__)
    first = (
        next((place for place, line in enumerate(lines) if line in wild), len(lines)) if lines[:1] == [header] else 0
    )
    untouched = tuple(whole[line] for line in lines[:first] if line in whole)
    encoding = dice.choice(ENCODINGS)
    data = (end.join(lines) + dice.choice((end, end, end, ""))).encode(
        encoding, "surrogateescape" if encoding == "utf-8" else "replace"
    )
    story.append(encoding)
    if dice.random() < 0.35:
        data, untouched = bytes_changed(dice, data, story), ()
    if dice.random() < 0.35:
        packing = dice.choice(PACKINGS)
        data = packing(data)
        story.append(packing.__name__)
        if dice.random() < 0.5:
            data, untouched = bytes_changed(dice, data, story), ()
    return Mutant(data, untouched, tuple(story))


def row(dice: random.Random, number: int) -> list[str]:
    """The cells of a worker, one for each of COLUMNS."""
    letter = dice.choice(LETTERS)
    given, family, city = (f"{letter}{TOKEN}{dice.choice('abcdef')}" for _ in range(3))
    department = dice.choice((f"Sales {TOKEN}", f"R&D, {TOKEN}; and more", f'The "{TOKEN}"', f"two\nlines {TOKEN}", ""))
    return [str(1000 + number), dice.choice(("True", "False")), given, family, department, city, dice.choice(("", "1001")),
            "2020-01-02", dice.choice(("", "2026-12-31")), dice.choice(("GB", "de", "UK")), ""]  # fmt: skip


def _quoted(dice: random.Random, cell: str, delimiter: str) -> str:
    if set(cell) & STRUCTURE or delimiter in cell or dice.random() < 0.05:
        return '"' + cell.replace('"', '""') + '"'
    return cell


# Changes of the text: of lines, of which the first is the header. Each gives the lines it made that may swallow those behind them.
Lines = list[str]


def insert(dice: random.Random, lines: Lines, _delimiter: str) -> set[str]:
    line, text = dice.randrange(len(lines)), dice.choice(CHARACTERS)
    place = dice.randrange(len(lines[line]) + 1)
    lines[line] = lines[line][:place] + text + lines[line][place:]
    return {lines[line]} if set(text) & STRUCTURE else set()


def delete(dice: random.Random, lines: Lines, _delimiter: str) -> set[str]:
    line = dice.randrange(len(lines))
    place = dice.randrange(len(lines[line]) + 1)
    gone = lines[line][place : place + dice.choice((1, 1, 2, 9))]
    lines[line] = lines[line][:place] + lines[line][place + len(gone) :]
    return {lines[line]} if set(gone) & STRUCTURE else set()


def cell(dice: random.Random, lines: Lines, delimiter: str) -> set[str]:
    line = dice.randrange(len(lines))
    cells, value = lines[line].split(delimiter), dice.choice(CELLS)
    cells[dice.randrange(len(cells))] = value
    gone = lines[line]
    lines[line] = delimiter.join(cells)
    return {lines[line]} if set(gone.replace(delimiter, "")) & STRUCTURE or set(value) & STRUCTURE else set()


def drop(dice: random.Random, lines: Lines, _delimiter: str) -> set[str]:
    if len(lines) > 1:
        lines.pop(dice.randrange(len(lines)))
    return set()


def repeat(dice: random.Random, lines: Lines, _delimiter: str) -> set[str]:
    lines.insert(dice.randrange(len(lines) + 1), dice.choice(lines))
    return set()


def blank(dice: random.Random, lines: Lines, _delimiter: str) -> set[str]:
    lines.insert(dice.randrange(len(lines) + 1), dice.choice(("", " ", "\t", ",,,", "\ufeff", "# a remark", "---")))
    return set()


def swap(dice: random.Random, lines: Lines, _delimiter: str) -> set[str]:
    one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return set()


def other_delimiter(dice: random.Random, lines: Lines, delimiter: str) -> set[str]:
    line, other = dice.randrange(len(lines)), dice.choice(DELIMITERS)
    lines[line] = lines[line].replace(delimiter, other)
    return {lines[line]}


TEXT: tuple[Callable[[random.Random, Lines, str], set[str]], ...] = (
    insert, insert, delete, cell, cell, cell, drop, repeat, blank, swap, other_delimiter,
)  # fmt: skip


def bytes_changed(dice: random.Random, data: bytes, story: list[str]) -> bytes:
    """The bytes after up to five changes."""
    made = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 5))):
        place = dice.randrange(len(made) + 1)
        kind = dice.choice(("set", "bit", "delete", "insert", "cut", "append", "twice", "header"))
        story.append(f"bytes: {kind}")
        if kind == "set" and made:
            made[place % len(made)] = dice.choice(
                (0, 0x0A, 0x0D, 0x22, 0x1A, 0x80, 0xE9, 0xFE, 0xFF, dice.randrange(256))
            )
        elif kind == "bit" and made:
            made[place % len(made)] ^= 1 << dice.randrange(8)
        elif kind == "delete":
            del made[place : place + dice.choice((1, 2, 30))]
        elif kind == "insert":
            made[place:place] = dice.choice(
                (
                    b"\0",
                    b"\xff\xfe",
                    b"\xef\xbb\xbf",
                    b"\x80",
                    b"\xc3",
                    b'"',
                    b"\r",
                    b"\n" * 3,
                    b"\x1f\x8b",
                    dice.randbytes(8),
                )
            )
        elif kind == "cut":
            del made[place:]
        elif kind == "append":
            made += dice.choice((b"\0" * 512, data, b"PK\x05\x06", b"\x1a", dice.randbytes(20)))
        elif kind == "twice":
            made = bytearray(bytes(made).decode("latin-1").encode())
        else:
            made[:0] = dice.choice(
                (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"PK\x03\x04", b"\x1f\x8b\x08", b"%PDF-1.7\n", b"\0\0\0\0")
            )
    return bytes(made)


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data)


def gzipped_in_two(data: bytes) -> bytes:
    return gzip.compress(data[: len(data) // 2]) + gzip.compress(data[len(data) // 2 :])


def _zipped(method: int, members: int = 1) -> Callable[[bytes], bytes]:
    def zipped(data: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as archive:
            for member in range(members):
                archive.writestr(f"people{member or ''}.csv", data)
        return out.getvalue()

    return zipped


def encrypted(data: bytes) -> bytes:
    """A ZIP that says that its member is encrypted: bit 0 of the flags, in the member's header and in the directory."""
    packed = bytearray(_zipped(zipfile.ZIP_DEFLATED)(data))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        packed[packed.rindex(mark) + place] |= 1
    return bytes(packed)


PACKINGS: tuple[Callable[[bytes], bytes], ...] = (
    gzipped,
    gzipped_in_two,
    *map(_zipped, (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)),
    _zipped(zipfile.ZIP_DEFLATED, 2),
    lambda data: gzipped(gzipped(data)),
    encrypted,
)
