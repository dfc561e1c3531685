"""The extracts say what the truth says, in each format, as far as the format can say it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hcm_pipeline.sandbox.oracle.truth import HEADINGS

from .hcm_support import Office, office

Rows = list[dict[str, str]]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as one:
        one.control("company", people=30, seed=2, events_a_day=15)
        one.advance(days=20)
        yield one


def truth(here: Office, on: str) -> Rows:
    rows: Rows = here.control("truth", "GET", query={"on": on})["rows"]
    assert len(rows) > 30
    return rows


@pytest.mark.parametrize("on", ["2031-03-03", "2031-03-23"])
def test_each_format_says_what_the_truth_says(here: Office, on: str) -> None:
    rows = truth(here, on)
    text = here.extract(on=on).decode()
    assert list(csv.DictReader(io.StringIO(text, newline=""))) == rows
    native = ElementTree.fromstring(here.extract(on=on, format="xml"))
    assert [
        _cells(record, lambda name: name.replace(" ", "")) for record in native.iterfind("MAIN_DG/EMPLOYEE_REC")
    ] == rows
    report = ElementTree.fromstring(here.extract(on=on, format="bip"))
    assert [_cells(record, lambda name: name.replace(" ", "_").upper()) for record in report.iterfind("G_1")] == rows
    lines = here.extract(on=on, format="etext").decode().splitlines()
    assert [dict(zip(HEADINGS, line.split("|"), strict=True)) for line in lines[1:]] == rows


def _cells(record: ElementTree.Element, tag: object) -> dict[str, str]:
    assert callable(tag)
    return {name: record.findtext(tag(name)) or "" for name in HEADINGS}


def test_an_extract_has_the_faults_of_real_ones(here: Office) -> None:
    assert here.extract(bom=True).startswith(b"\xef\xbb\xbfPerson Number")
    assert here.extract(empty=True).decode().splitlines() == [",".join(HEADINGS)]
    assert b"<MiddleName/>" not in here.extract(format="xml", omit_blank=True)
    upper = here.extract(format="etext", upper=True, cut=True, encoding="iso-8859-1", date_format="%m/%d/%Y").decode(
        "latin-1"
    )
    record = upper.splitlines()[1].split("|")
    assert record == [value.upper()[:20] for value in record]
    with pytest.raises(ValueError, match="format"):
        here.extract(format="pdf")
