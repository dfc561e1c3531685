"""A source is a protocol: a format that the product does not know is landed, described and staged like delimited files."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pytest

from hcm_pipeline.cli.status import read_as
from hcm_pipeline.errors import ExtractRefused, ProfileError
from hcm_pipeline.extracts import Description
from hcm_pipeline.flow import landing, plans
from hcm_pipeline.flow.arrivals import find_arrivals
from hcm_pipeline.flow.processing import Audit, audit
from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.flow.views.extracts import newest_extracts
from hcm_pipeline.http import utc_now
from hcm_pipeline.sources import FORMATS, Shape, examine, format_of
from hcm_pipeline.warehouse import scratch

from ..workers.driver import PROFILE, Firm, day, worker
from .build import source, written
from .jsonl_source import JsonLines

LINES = """{"Number": "201", "Active": true, "First": "Bo", "Last": "Ek", "Department": "IT"}
{"Number": "202", "Active": "Y", "First": "Cy", "Last": "Day", "Manager": "101"}

not JSON
["an", "array"]
{"Number": "203", "Active": false, "First": "", "Last": "Fox"}
"""
STAFF = '[[sources]]\nname = "staff"\nglob = "staff*"\nformat = "jsonl"\n'


@pytest.fixture(autouse=True)
def _jsonl(monkeypatch: pytest.MonkeyPatch) -> None:
    """The format is there for the time of a test."""
    monkeypatch.setitem(FORMATS, "jsonl", JsonLines())


def with_staff(profile: str = PROFILE) -> str:
    """The firm's profile with a source of JSON lines behind its delimited ones."""
    return profile.replace("[fields.person_number]", STAFF + "[fields.person_number]", 1)


def test_a_format_stages_rows_and_rejects_under_its_headings(tmp_path: Path) -> None:
    staff = source(format="jsonl")
    kind = format_of(staff)
    for data in (LINES.encode(), gzip.compress(LINES.encode())):
        stored = written(tmp_path, data)
        description = kind.describe(stored, staff, "staff.jsonl")
        assert description.columns == ("Number", "Active", "First", "Last", "Department", "Manager")
        assert (description.records, kind.summary(description)) == (5, "JSON lines, 6 keys, 5 lines")
        with duckdb.connect() as con, scratch(con) as t:
            staged = kind.stage(t, stored, description, staff, name="staff.jsonl", folder=tmp_path)
            rows = t.rows(f'select row_no, "Number", "Active", "First", "Manager" from {staged.rows} order by row_no')
            rejects = t.rows(f"select row_no, rule from {staged.rejects} order by row_no")
        assert rows == [(1, "201", "true", "Bo", None), (2, "202", "Y", "Cy", "101"), (6, "203", "false", None, None)]
        assert rejects == [(4, "no_object"), (5, "no_object")]
        assert (staged.records, staged.total) == (5, None)


def test_a_description_comes_back_from_the_register_as_it_went_in() -> None:
    for records, shape in ((3, {"lines": "json"}), (None, {"delimiter": ",", "irregular": ["quotes"]})):
        made = Description(("a", "b"), records, shape)
        assert Description.from_json(made.to_json()) == made


def test_the_shape_of_a_delimited_file_comes_back_from_the_register_as_it_went_in(tmp_path: Path) -> None:
    for text in ("a;b\n1;2\n", 'a,b\n1,"x"y\n\n2\n'):
        shape = examine(written(tmp_path, text), source())
        assert Shape.of(Description.from_json(shape.described().to_json())) == shape


def test_json_lines_and_a_delimited_file_become_workers_and_a_plan(tmp_path: Path) -> None:
    firm = Firm(tmp_path, with_staff())
    assert firm.land([worker("101", First="Al")], day(2)).result == "taken"
    landed = firm.land_text(LINES, day(2), source="staff")
    assert (landed.result, landed.source, landed.message) == ("taken", "staff", "JSON lines, 6 keys, 5 lines")
    [counts] = firm.run(day(2))
    assert (counts.rows, counts.quarantined, counts.workers) == (6, 3, 3)
    assert firm.snapshot(fields="active, department, manager") == {
        "101": (True, None, None),
        "201": (True, "IT", None),
        "202": (True, None, "101"),
    }
    assert firm.reasons(day(2)) == [
        (4, "no_object", None),
        (5, "no_object", None),
        (6, "required", "First"),
    ]
    made = plans.plan(firm.warehouse, firm.loaded, "target")
    assert made is not None
    assert made.manifest is not None
    assert made.manifest.operations == 3
    assert [extract.source for extract in made.manifest.extracts] == ["people", "staff"]
    firm.warehouse.publish()
    with firm.warehouse.read() as con:
        people, staff = newest_extracts(con)
    assert (people.encoding, people.delimiter, read_as(people)) == ("utf-8", ",", "utf-8, comma, lf")
    assert (staff.encoding, staff.delimiter, read_as(staff)) == (None, None, "")  # what a format lacks is not shown


def test_what_a_format_refuses_is_not_taken(tmp_path: Path) -> None:
    firm = Firm(tmp_path, with_staff())
    refused = firm.land_text("[1]\n", day(2), source="staff")
    assert (refused.result, refused.message) == (
        "refused", "holds no JSON object; have the extract delivered again"
    )  # fmt: skip
    assert [path for path in firm.home.extracts.rglob("*") if path.is_file()] == []


def test_what_lies_in_the_landing_folder_is_taken_by_the_format_of_its_source(tmp_path: Path) -> None:
    firm = Firm(tmp_path, with_staff())
    (firm.home.landing / "staff-2026-11-02.jsonl").write_text(LINES)
    (firm.home.landing / "people-2026-11-03.csv").write_text("Number,Active,First,Last\n101,Y,Al,Lee\n")
    (firm.home.landing / "letter.txt").write_text("hello")
    names = [each.name for each in landing.waiting(firm.home, firm.loaded.profile)]
    assert names == ["letter.txt", "people-2026-11-03.csv", "staff-2026-11-02.jsonl"]
    found = find_arrivals(firm.home, firm.loaded.profile, settle=0)
    assert list(found.dates) == [day(2).isoformat(), day(3).isoformat()]
    assert found.reasons == ("letter.txt: it fits no source of the profile",)
    results = landing.land(firm.warehouse, firm.loaded.profile, None, now=utc_now, settle=0)
    assert [result.result for result in results] == ["refused", "taken", "taken"]
    assert [path.name for path in firm.home.landing.iterdir()] == ["letter.txt"]


def test_a_delimited_file_keeps_its_trailer_to_itself(tmp_path: Path) -> None:
    people = source(trailer=r"TRAILER\D*(\d+)")
    for text, total, rows in (
        ("a,b\n1,2\n3,4\nTRAILER,2\n", 2, 2),
        ("a,b\n1,2\nTRAILER 7\n", 7, 1),
        ("a,b\n1,2\n3,4\n", None, 2),
    ):
        stored = written(tmp_path, text)
        kind = format_of(people)
        description = kind.describe(stored, people, "people.csv")
        with duckdb.connect() as con, scratch(con) as t:
            staged = kind.stage(t, stored, description, people, name="people.csv", folder=tmp_path)
            assert (staged.total, staged.records, t.count(staged.rows), t.count(staged.rejects)) == (
                total,
                rows,
                rows,
                0,
            )


def test_a_trailer_is_no_lost_row(tmp_path: Path) -> None:
    firm = Firm(tmp_path, PROFILE.replace('glob = "people*"', "glob = 'people*'\ntrailer = 'T(\\d+)'"))
    firm.land_text("Number,Active,First,Last\n101,Y,Al,Lee\nT1\n", day(2))
    firm.run(day(2))
    firm.warehouse.publish()
    with firm.warehouse.read() as con:
        assert audit(con, day(2)) == Audit(0, 0)


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ('format = "parquet"', "sources[2].format = 'parquet': one of delimited, fixed, json_lines, jsonl, xml"),
        ('format = "jsonl"\ndelimiter = ";"', "sources[2].delimiter = ';': no key of the format jsonl"),
    ],
)
def test_a_format_that_is_not_there_and_keys_of_another_one_are_faults_of_the_profile(key: str, fault: str) -> None:
    with pytest.raises(ProfileError) as caught:
        parse_profile(with_staff().replace('format = "jsonl"', key), "firm.toml")
    assert fault in str(caught.value)


def test_a_damaged_archive_is_refused_by_every_format(tmp_path: Path) -> None:
    stored = written(tmp_path, gzip.compress(LINES.encode())[:-9])
    for kind in ("delimited", "jsonl"):
        with pytest.raises(ExtractRefused, match="damaged"):
            format_of(source(format=kind)).describe(stored, source(format=kind), "staff.gz")
