"""Worksheets as text, Markdown, CSV and a page that can be printed and signed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path

from hcm_pipeline.flow.filled_sheets import Worksheet, Worksheets
from hcm_pipeline.flow.html_pages import html_environment, seen
from hcm_pipeline.flow.sign_off import cell, replace_file

FORMATS = ("table", "markdown", "csv", "html")
BY_ENDING = {".md": "markdown", ".csv": "csv", ".html": "html", ".htm": "html", ".txt": "table"}
"""The format that the end of a file's name asks for."""
CSV_COLUMNS = ("worksheet", "left", "right", "terms", "value", "remark")
_SIGN = ("HR administrator", "IT administrator")


def written(made: Worksheets, form: str) -> str:
    """The worksheets in one of FORMATS."""
    makers = {"table": _table, "markdown": _markdown, "csv": _csv, "html": _html}
    return makers[form](made)


def write_text(path: Path, text: str, form: str) -> None:
    """Write a file that its owner alone may read, whole or not at all. Raises UsageError when it cannot be written."""
    replace_file(path, "utf-8-sig" if form == "csv" else "utf-8", lambda out: out.write(text))


def _heads(made: Worksheets, sheet: Worksheet) -> tuple[str, ...]:
    return (sheet.left, sheet.right, "Terms", *(("Value",) if made.sample else ()), "Remark")


def _cells(made: Worksheets, sheet: Worksheet) -> Iterator[tuple[str, ...]]:
    for row in sheet.rows:
        sample = (seen(row.sample),) if made.sample else ()
        yield (seen(row.left), seen(row.right), row.terms, *sample, seen(row.note))


def _title(sheet: Worksheet) -> str:
    return f"Worksheet {sheet.number}: {sheet.title}" + (
        "" if sheet.applies is not False else " (not this profile's target)"
    )


def _about(made: Worksheets) -> str:
    target = ", ".join(made.kinds) or "not said"
    whose = (
        f"values of worker {made.sample.person_number} on {made.sample.business_date}"
        if made.sample
        else "no worker's values"
    )
    return f"Profile {made.profile} ({made.sha256[:12]}), target: {target}; {seen(whose)}."


def _table(made: Worksheets) -> str:
    """Columns as wide as their widest cell, up to a width that a page has."""
    out = [_about(made), ""]
    for sheet in made.sheets:
        rows = [_heads(made, sheet), *_cells(made, sheet)]
        widths = [min(60, max(len(row[i]) for row in rows)) for i in range(len(rows[0]) - 1)]
        out.append(_title(sheet))
        out += [
            "  ".join([*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
            for row in rows
        ]
        out.append("")
    out += [f"{who}: ______________________  date: ____________" for who in _SIGN]
    return "\n".join(out) + "\n"


def _markdown(made: Worksheets) -> str:
    out = [f"# Worksheets of {_escaped(made.profile)}", "", _escaped(_about(made)), ""]
    for sheet in made.sheets:
        heads = _heads(made, sheet)
        out += [f"## {_title(sheet)}", "", _line(heads), _line(["---"] * len(heads))]
        out += [_line([_code(row[0]), _code(row[1]), *map(_escaped, row[2:])]) for row in _cells(made, sheet)]
        out.append("")
    out += [
        "## Signed",
        "",
        "| Role | Name | Date | Signature |",
        "|---|---|---|---|",
        *(f"| {who} | | | |" for who in _SIGN),
    ]
    return "\n".join(out) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """Text that Markdown takes for nothing else, in the cell of a table."""
    marks = "\\`*_{}[]<>#|"
    return "".join(f"\\{sign}" if sign in marks else sign for sign in text).replace("\n", " ")


def _code(text: str) -> str:
    """Code in the cell of a table, whatever ticks it has."""
    if not text:
        return ""
    fence = "`" * (1 + max((len(run) for run in "".join(c if c == "`" else " " for c in text).split()), default=0))
    inner = text.replace("|", "\\|").replace("\n", " ")
    return f"{fence} {inner} {fence}" if "`" in text else f"{fence}{inner}{fence}"


def _csv(made: Worksheets) -> str:
    out = io.StringIO()
    rows = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    rows.writerow(CSV_COLUMNS)
    for sheet in made.sheets:
        for row in sheet.rows:
            rows.writerow(
                [str(sheet.number), *(cell(text) for text in (row.left, row.right, row.terms, row.sample, row.note))]
            )
    for who in _SIGN:
        rows.writerow(["signed", who, "", "", "", ""])
    return out.getvalue()


def _html(made: Worksheets) -> str:
    environment = html_environment()
    template = resources.files("hcm_pipeline.flow").joinpath("worksheets.html").read_text(encoding="utf-8")
    return environment.from_string(template).render(made=made)
