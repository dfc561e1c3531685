"""XML from landing to plan and trace: what a missing tag, an empty one and a repeated one mean to a worker."""

from __future__ import annotations

from pathlib import Path

import pytest

from hcm_pipeline.errors import ExtractHeld
from hcm_pipeline.flow import plans
from hcm_pipeline.flow.processing import Audit, audit
from hcm_pipeline.flow.views.extracts import newest_extracts
from hcm_pipeline.flow.views.trace import story_of

from ..workers.driver import PROFILE, Firm, day

KEYS = 'format = "xml"\nrecord = "OUT/DG/EMP"\n'
PATHS = PROFILE.replace('column = "Department"', 'column = "ASSIGNMENT/Department"').replace(
    'glob = "news*"', f'glob = "news*"\n{KEYS}'
)
XML = PATHS.replace('glob = "people*"', f'glob = "people*"\n{KEYS}')
KNOWN = "<City>Rome</City><Manager>2</Manager><ASSIGNMENT><Department>A</Department></ASSIGNMENT>"
FIELDS = "department, city, manager"


def person(number: int, rest: str = "") -> str:
    return f"<EMP><Number>{number}</Number><Active>True</Active><First>Ann</First><Last>Lee{number}</Last>{rest}</EMP>"


def out(*people: str, more: str = "") -> str:
    return f"<?xml version='1.0' encoding='UTF-8'?><OUT>{''.join(f'<DG>{one}</DG>' for one in people)}{more}</OUT>"


def started(folder: Path, profile: str = XML) -> Firm:
    """Workers 1 and 2 are known, by a full extract of the second of November."""
    firm = Firm(folder, profile)
    landed = firm.land_text(out(person(1, KNOWN), person(2)), day(2))
    assert landed.result == "taken", landed.message
    firm.run(day(2))
    return firm


def told(firm: Firm, *people: str) -> object:
    """The values of worker 1 after a changes-only extract of the next day."""
    landed = firm.land_text(out(*people), day(3), source="news")
    assert landed.result == "taken", landed.message
    firm.run(day(3))
    return firm.snapshot(fields=FIELDS)["1"]


def test_xml_becomes_workers_and_a_plan_and_a_trace_names_file_row_and_path(tmp_path: Path) -> None:
    firm = started(tmp_path)
    assert firm.snapshot(fields=FIELDS) == {"1": ("A", "Rome", "2"), "2": (None, None, None)}
    made = plans.plan(firm.warehouse, firm.loaded, "target")
    assert made is not None
    assert made.manifest is not None
    assert made.manifest.operations == 2
    firm.warehouse.publish()
    with firm.warehouse.read() as con:
        [version] = story_of(con, firm.loaded.profile, "1", None).versions
        [extract] = newest_extracts(con)
    assert (version.file, version.row_no) == ("people-1.csv", 1)
    assert {v.field: v.column for v in version.values}["department"] == "ASSIGNMENT/Department"
    assert (extract.encoding, extract.delimiter, extract.rows) == ("utf-8", None, 2)
    with firm.warehouse.read() as con:
        assert audit(con, day(2)) == Audit(0, 0)


EMPTY = "<City/><Manager/><ASSIGNMENT><Department/></ASSIGNMENT>"


@pytest.mark.parametrize(
    ("rows", "said", "then"),
    [
        ('rows = "narrow"', "", ("A", "Rome", "2")),  # nothing is said
        ('rows = "whole"', "", ("A", "Rome", "2")),
        ("", "", ("A", "Rome", "2")),
        ('rows = "narrow"', EMPTY, ("A", None, "2")),  # a blank says nothing, but for the field that says otherwise
        ('rows = "whole"', EMPTY, (None, None, None)),
        ("", EMPTY, (None, None, None)),
        ('rows = "whole"', "<City/><Manager>3</Manager>", ("A", None, "3")),
    ],
)
def test_of_changes_a_missing_tag_says_nothing_and_an_empty_one_is_a_blank(
    tmp_path: Path, rows: str, said: str, then: tuple[str | None, ...]
) -> None:
    firm = started(tmp_path, XML.replace('rows = "narrow"', rows))
    another = person(2, "<City>Oslo</City><Manager>1</Manager><ASSIGNMENT><Department>B</Department></ASSIGNMENT>")
    assert told(firm, person(1, said), another) == then


def test_of_changes_a_record_with_the_number_and_what_changed_is_enough(tmp_path: Path) -> None:
    firm = started(tmp_path)
    assert told(firm, "<EMP><Number>1</Number><City>Oslo</City></EMP>") == ("A", "Oslo", "2")
    assert firm.reasons(day(3)) == []
    assert firm.land_text(out(), day(4), source="news").result == "taken"  # nobody has changed
    assert firm.run(day(4))[0].rows == 0
    refused = firm.land_text(out("<EMP><City>Oslo</City></EMP>"), day(5), source="news")
    assert (refused.result, "the required column Number is missing" in refused.message) == ("refused", True)


def test_of_a_full_extract_a_missing_tag_is_blank(tmp_path: Path) -> None:
    firm = started(tmp_path)
    firm.land_text(out(person(1, "<Manager>2</Manager>"), person(2, KNOWN)), day(3))
    firm.run(day(3))
    assert firm.snapshot(fields=FIELDS)["1"] == (None, None, "2")


def test_a_repeated_tag_holds_back_its_cell_and_no_exit(tmp_path: Path) -> None:
    firm = started(tmp_path)
    leaver = person(1, "<City>Oslo</City><City>Bergen</City>").replace("True", "False")
    assert told(firm, leaver) == ("A", "Rome", "2")
    assert firm.snapshot(fields="active")["1"] is False
    assert firm.reasons(day(3)) == [(1, "repeated_element", "City")]
    assert told_later(firm, person(1, "<City>Oslo</City>")) == "Oslo"


def told_later(firm: Firm, record: str) -> object:
    firm.land_text(out(record), day(4), source="news")
    firm.run(day(4))
    return firm.snapshot(fields="city")["1"]


def test_a_held_back_cell_waits_until_a_record_states_it(tmp_path: Path) -> None:
    firm = started(tmp_path)
    told(firm, person(1, "<City>a\x01b</City>"))
    open_cells = "select field from held_cells where valid_to is null"
    assert firm.sql(open_cells) == [("city",)]
    assert told_later(firm, person(1)) == "Rome"
    assert firm.sql(open_cells) == [("city",)]  # it was left out, which mends nothing, although a blank would clear
    firm.land_text(out(person(1, "<City/>")), day(5), source="news")
    firm.run(day(5))
    assert firm.sql(open_cells) == []


def test_a_total_that_counts_others_and_one_that_is_not_there_hold_the_extract(tmp_path: Path) -> None:
    firm = Firm(tmp_path, XML.replace(KEYS, f'{KEYS}total = "OUT/COUNT"\n', 1))
    for place, (more, words) in enumerate(
        (("<COUNT>7</COUNT>", "counts 7 records"), ("", "has no element OUT/COUNT")), 2
    ):
        firm.land_text(out(person(1), more=more), day(place))
        with pytest.raises(ExtractHeld, match=words):
            firm.run(day(place))
    firm.land_text(out(person(1), more="<COUNT>1</COUNT>"), day(2))
    firm.run(day(2))
    firm.warehouse.publish()
    with firm.warehouse.read() as con:
        assert audit(con, day(2)) == Audit(0, 0)


def test_damage_in_the_middle_of_a_file_applies_nothing_of_it(tmp_path: Path) -> None:
    firm = started(tmp_path)
    text = out(person(1, "<City>Oslo</City>"), person(2))
    for broken in (text[:-9], text.replace("</City>", "</Town>")):
        refused = firm.land_text(broken, day(3), source="news")
        assert (refused.result, "nothing of it is read" in refused.message) == ("refused", True)
        assert "Oslo" not in refused.message
    assert firm.snapshot(fields=FIELDS)["1"] == ("A", "Rome", "2")
