"""XML extracts and lines of fixed length, and what can happen to them on their way."""

from __future__ import annotations

import random
from collections.abc import Callable
from xml.sax.saxutils import escape

from tests.mutants.files import (
    CHARACTERS,
    COLUMNS,
    ENDS,
    PACKINGS,
    ROWS,
    TOKEN,
    Mutant,
    bytes_changed,
    delete,
    drop,
    insert,
    repeat,
    row,
    swap,
)

Change = Callable[[random.Random, list[str], str], set[str]]
WIDTHS = (6, 6, 10, 10, 32, 10, 6, 10, 10, 3, 2)
KEYS = {
    "xml": 'format = "xml"\nrecord = "OUT/EMP"\n',
    "fixed": "format = 'fixed'\nlayout = [{}]\n".format(
        ", ".join(f"{{ name = '{column}', length = {width} }}" for column, width in zip(COLUMNS, WIDTHS, strict=True))
    ),
}
"""Format to its keys in a profile."""
MARKS = (
    "<", ">", "&", "</", "/>", "<!--", "-->", "<![CDATA[", "]]>", "<?x?>", "&#0;", "&#7;", "&eacute;", "&lt;", "<a/>", "<a>",
    "</a>", "<EMP>", "</EMP>", "<EMP/>", "<City>", "</City>", "<City/>", "<City a='b'/>", "a='", "<!DOCTYPE a>", "<x:y/>",
    "<City>x</City>", "<OUT>", "</OUT>",
)  # fmt: skip
DECLARED = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": "windows-1252",
    "latin-1": "ISO-8859-1",
}


def xml_mutant(seed: int) -> Mutant:
    """The XML of a seed, and up to three changes of it."""
    dice = random.Random(seed)
    records = [row(dice, number) for number in range(1, dice.choice(ROWS) + 1)]
    encoding = dice.choice(list(DECLARED))
    head = dice.choice(("", '<?xml version="1.0"?>', f'<?xml version="1.0" encoding="{DECLARED[encoding]}"?>'))
    lines = [
        f"{head}<OUT>",
        *(f"<EMP>{''.join(_tag(dice, *pair) for pair in zip(COLUMNS, one, strict=True))}</EMP>" for one in records),
    ]
    lines.append("</OUT>")
    whole = {line: str(number) for number, line in enumerate(lines[1:-1], 1001)}
    return _sent(dice, lines, whole, "\n", encoding, [f"{head!r}"], _marked)


def fixed_mutant(seed: int) -> Mutant:
    """The lines of fixed length of a seed, and up to three changes of them."""
    dice = random.Random(seed)
    lines = [
        "".join(
            f"{cell.replace(chr(10), ' ')[:width]:{width}}"
            for cell, width in zip(row(dice, number), WIDTHS, strict=True)
        )
        for number in range(1, dice.choice(ROWS) + 1)
    ]
    whole = {line: str(number) for number, line in enumerate(lines, 1001)}
    return _sent(dice, lines, whole, dice.choice(ENDS), dice.choice(list(DECLARED)), [], insert)


def _tag(dice: random.Random, column: str, value: str) -> str:
    if not value:
        return dice.choice(("", f"<{column}/>", f"<{column}></{column}>"))
    if dice.random() < 0.05 and "]]>" not in value:
        return f"<{column}><![CDATA[{value}]]></{column}>"
    return f"<{column}>{escape(value)}</{column}>"


def _marked(dice: random.Random, lines: list[str], _delimiter: str) -> set[str]:
    line, text = dice.randrange(len(lines)), dice.choice((*MARKS, *MARKS, *CHARACTERS))
    place = dice.randrange(len(lines[line]) + 1)
    lines[line] = lines[line][:place] + text + lines[line][place:]
    return {lines[line]}


def _sent(
    dice: random.Random, lines: list[str], whole: dict[str, str], end: str, encoding: str, story: list[str], put: Change
) -> Mutant:
    changed = False
    for _ in range(dice.choice((0, 1, 1, 1, 2, 3))):
        change = dice.choice((put, put, delete, drop, repeat, swap))
        if lines:
            change(dice, lines, ",")
        changed = changed or change not in (drop, repeat, swap)
        story.append(change.__name__)
    untouched = tuple(whole[line] for line in lines if line in whole and (end == "\n" or not changed))
    data = (end.join(lines) + dice.choice((end, end, ""))).encode(encoding, "replace")
    if dice.random() < 0.3:
        data, untouched = bytes_changed(dice, data, story), ()
    if dice.random() < 0.3:
        data = dice.choice(PACKINGS)(data)
        story.append("packed")
    return Mutant(data, untouched, (*story, encoding, TOKEN))
