"""Extracts of the people for a day, with the rows of the truth: delimited, native XML, BI Publisher XML and EText."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Literal
from xml.sax.saxutils import escape

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hcm_pipeline.sandbox.oracle.truth import HEADINGS

Rows = Sequence[dict[str, str]]
BOM = b"\xef\xbb\xbf"
WIDTH = 20
"""The most characters of an EText field, in a popular template."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class ExtractOptions:
    """How an extract is written. `upper`, `cut`: EText in capitals, fields cut to 20 characters. `empty`: no rows. `date_format`:
    of strftime."""

    on: date | None = None
    format: Literal["csv", "xml", "bip", "etext"] = "csv"
    delimiter: Annotated[str, Field(pattern=r"^[,;|\t]$")] | None = None
    encoding: Literal["utf-8", "cp1252", "iso-8859-1"] = "utf-8"
    bom: bool = False
    upper: bool = False
    cut: bool = False
    empty: bool = False
    date_format: str = "%Y-%m-%d"
    omit_blank: bool = False
    """XML: an element that would be empty is missing."""


def extract(rows: Rows, options: ExtractOptions) -> bytes:
    """The file. A character that the encoding does not have becomes a question mark, as Oracle's conversion does."""
    dated = [] if options.empty else [_dated(row, options.date_format) for row in rows]
    text = WRITERS[options.format](dated, options)
    return (BOM if options.bom and options.encoding == "utf-8" else b"") + text.encode(options.encoding, "replace")


def _dated(row: dict[str, str], form: str) -> dict[str, str]:
    days = {
        name: date.fromisoformat(row[name]).strftime(form) for name in ("Hire Date", "Termination Date") if row[name]
    }
    return {**row, **days}


def _csv(rows: Rows, options: ExtractOptions) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADINGS, delimiter=options.delimiter or ",", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _etext(rows: Rows, options: ExtractOptions) -> str:
    """Nothing is quoted: a value that holds the delimiter shifts its row, as it does in real life."""
    delimiter = options.delimiter or "|"
    lines = [delimiter.join(HEADINGS)]
    for row in rows:
        values = [row[name][:WIDTH] if options.cut else row[name] for name in HEADINGS]
        lines.append(delimiter.join(value.upper() if options.upper else value for value in values))
    return "".join(f"{line}\n" for line in lines)


def _element(name: str, value: str, options: ExtractOptions) -> str:
    if not value:
        return "" if options.omit_blank else f"<{name}/>"
    return f"<{name}>{escape(value)}</{name}>"


def _native(rows: Rows, options: ExtractOptions) -> str:
    out = [f'<?xml version="1.0" encoding="{options.encoding.upper()}"?>\n<EMP_MASTER_OUT>\n']
    for row in rows:
        cells = "".join(_element(name.replace(" ", ""), row[name], options) for name in HEADINGS)
        out.append(f"<MAIN_DG><EMPLOYEE_REC>{cells}</EMPLOYEE_REC></MAIN_DG>\n")
    return "".join((*out, "</EMP_MASTER_OUT>\n"))


def _bip(rows: Rows, options: ExtractOptions) -> str:
    out = [f'<?xml version="1.0" encoding="{options.encoding.upper()}"?>\n<DATA_DS>\n']
    for row in rows:
        cells = "".join(_element(name.replace(" ", "_").upper(), row[name], options) for name in HEADINGS)
        out.append(f"<G_1>{cells}</G_1>\n")
    return "".join((*out, "</DATA_DS>\n"))


WRITERS: dict[str, Callable[[Rows, ExtractOptions], str]] = {
    "csv": _csv, "etext": _etext, "xml": _native, "bip": _bip,
}  # fmt: skip
