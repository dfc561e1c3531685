"""Held-back cells: an exit always gets through, the last good value stays for a bad cell, and it is told until a row mends it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from hcm_pipeline.errors import GuardStop
from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.flow.views.trace import story_of
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Scratch
from hcm_pipeline.workers.held_back import deciding

from . import few
from .driver import COLUMNS, PROFILE, Firm, day, worker
from .test_rows import MANY, WIDE, row

BY_ROW = PROFILE.replace("[workers]\n", '[workers]\nhold_back = "row"\n')
NEWS = few.extract(source="news", content="changes-only")
GONE = {"Active": "False", "Left": "2026-11-02"}
BAD = [("Country", "Nowhere"), ("Hired", "2026-02-30"), ("First", ""), ("Last", "x" * 65), ("City", "a\x07b")]
LIFE = "active, termination_date::varchar"


@cache
def profile(text: str = PROFILE) -> Profile:
    return parse_profile(text, "firm.toml").profile


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    return Firm(tmp_path)


def held(firm: Firm) -> list[tuple[str | None, str | None, str, int, int]]:
    """The cells that are held back now: person number, field, whether the row counts, the day since, the row."""
    return firm.sql(
        "select person_number, field, held, day(since), row_no from held_cells where valid_to is null order by all"
    )


@pytest.mark.parametrize("text", [PROFILE, BY_ROW])
@pytest.mark.parametrize(("column", "value"), BAD)
@pytest.mark.parametrize("content", ["full", "changes-only"])
def test_an_exit_gets_through_whatever_else_is_wrong(
    t: Scratch, text: str, column: str, value: str, content: str
) -> None:
    of = few.extract(content=content, source="people" if content == "full" else "news")
    known = few.people(1, department="A", country="DE", city="Rome")
    found = few.judged(t, profile(text), [worker(1, **{**GONE, column: value})], known, of=of)
    says_nothing = content == "changes-only" and not value
    assert len(few.reasons(t, found)) == (0 if says_nothing else 1)
    assert few.accepted(t, profile(text), found, f"{LIFE}, country, first_name") == {
        "1": (
            False,
            "2026-11-02",
            None if column != "Country" and text == PROFILE and content == "full" else "DE",
            "Ann",
        )
    }


def test_an_exit_that_only_one_cell_tells_gets_through(t: Scratch) -> None:
    rows = [worker(1, Active="?", Left="2026-11-02"), worker(2, Active="False", Left="2026-02-30"),
            worker(3, Active="?", Left="2026-02-30"), worker(4, Active="False", Hired="soon", Left="")]  # fmt: skip
    for text in (PROFILE, BY_ROW):
        found = few.judged(t, profile(text), rows, few.people(1, 2, 3, 4, hire_date=day(1)))
        assert few.accepted(t, profile(text), found, LIFE) == {
            "1": (True, "2026-11-02"), "2": (False, None), "3": (True, None), "4": (False, None),
        }  # fmt: skip


def test_a_move_is_not_held_by_a_bad_phone_unless_the_profile_holds_rows(t: Scratch) -> None:
    rows, known = [worker(1, Department="B", Country="Nowhere")], few.people(1, department="A", country="DE")
    assert few.accepted(t, profile(), few.judged(t, profile(), rows, known), "department, country") == {
        "1": ("B", "DE")
    }
    by_row = few.judged(t, profile(BY_ROW), rows, known)
    assert few.accepted(t, profile(BY_ROW), by_row, "department, country, active") == {"1": ("A", "DE", True)}


def test_a_newcomer_waits_only_for_what_the_account_cannot_be_without(t: Scratch) -> None:
    rows = [worker(1, Country="Nowhere"), worker(2, Hired="soon"), worker(3, Left="soon"), worker(4, Active="?"),
            worker(5, First=""), worker(6, City="a\x07b"), worker(7, First="Олег", Country="Nowhere")]  # fmt: skip
    found = few.judged(t, profile(), rows)
    assert few.accepted(t, profile(), found, "country, city") == {"1": (None, None), "6": (None, None)}
    by_row = few.judged(t, profile(BY_ROW), rows)
    assert few.accepted(t, profile(BY_ROW), by_row, "country") == {}


def test_what_a_profile_decides_by_is_what_a_newcomer_waits_for() -> None:
    text = (
        MANY
        + """
[scope]
include = ["department <> 'Canteen'"]
[[scope.groups]]
clauses = [{ field = "city", operator = "IS NOT NULL" }]
"""
    )
    found = deciding(profile(text))
    assert found.row == ["relationship", "begins"]
    assert found.rank == ["active", "hire_date", "termination_date", "primary", "ends"]
    assert {"department", "city", "last_name", *found.row, *found.rank} <= {*found.newcomer}
    assert "country" not in found.newcomer


def test_a_row_with_a_bad_date_of_life_ends_and_does_not_begin(t: Scratch) -> None:
    gone = few.people(
        1, 2, 3, active=False, status_active=False, termination_date=day(1), hire_date=dt.date(2020, 1, 1)
    )
    found = few.judged(
        t, profile(),
        [worker(1, Hired="2026-13-01"), worker(2, Active="?", Hired="2026-11-01"), worker(3, Left="soon", Hired="2026-11-02")],
        gone,
    )  # fmt: skip
    assert few.accepted(t, profile(), found, LIFE) == dict.fromkeys("123", (False, "2026-11-01"))
    ahead = few.people(4, active=False, status_active=True, life_stage="prehire", hire_date=day(20))
    cancelled = few.judged(t, profile(), [worker(4, Active="False", Hired="soon")], ahead)
    assert few.accepted(t, profile(), cancelled, "active, hire_date") == {"4": (False, day(20))}


@pytest.mark.parametrize("text", [PROFILE, BY_ROW])
def test_rows_that_agree_on_the_exit_end_the_worker(t: Scratch, text: str) -> None:
    rows = [
        worker(1, **GONE, Department="A"), worker(1, **GONE, Department="B"),  # the same exit, another department
        worker(2, Active="False"), worker(2, Left="2026-11-02"),  # each in its own way
        worker(3, Left="2026-11-01"), worker(3, Left="2026-11-02"), # different days, both over
        worker(4, Left="2026-12-24"), worker(4, Left="2026-12-31"), # both ahead: not before the later
        worker(5, Active="False"), worker(5),  # no agreement
        worker(6, Left="2026-11-02"), worker(6, Left=""),
        worker(7, **GONE, First="Max", Last="Moritz"), worker(7, **GONE),  # whoever it is, the number has left
        worker(8, **GONE, Country="Nowhere"), worker(8, **GONE),  # one is better than the other
    ]  # fmt: skip
    found = few.judged(t, profile(text), rows, few.people(*range(1, 9), department="Z"))
    assert few.accepted(t, profile(text), found, LIFE) == {
        "1": (False, "2026-11-02"), "2": (False, "2026-11-02"), "3": (True, "2026-11-02"), "4": (True, "2026-12-31"),
        "5": (True, None), "6": (True, None), "7": (False, "2026-11-02"), "8": (False, "2026-11-02"),
    }  # fmt: skip
    told = few.reasons(t, found)
    assert [(n, column) for n, rule, column in told if rule == "contradicts_another_row"][:2] == [
        (2, "Department"),
        (3, "Department"),
    ]
    if text == PROFILE:
        assert len({n for n, *_ in told}) == 15  # the good one of the last two is in order


def test_newcomers_of_several_rows_wait_for_what_the_rows_contradict_if_they_need_it(t: Scratch) -> None:
    rows = [worker(1, City="Rome"), worker(1, City="Oslo"), worker(2, First="Max"), worker(2), worker(3, City="a\x07b"),
            worker(3, Hired="soon", City="a\x07b")]  # fmt: skip
    found = few.judged(t, profile(), rows)
    assert few.accepted(t, profile(), found, "city") == {"1": None}


def test_relationships_that_tie_and_are_all_over_end_the_worker(tmp_path: Path) -> None:
    firm = Firm(tmp_path, MANY)
    firm.take([row(1, "R1", Primary="Y"), row(1, "R2")], day(1), columns=WIDE)
    firm.take([row(1, "R1", **GONE, Primary="Y"), row(1, "R2", **GONE, Primary="Y")], day(3), columns=WIDE)
    assert firm.lives() == {"1": ("left", False)}
    firm.run(day(4))
    assert firm.lives() == {"1": ("left", False)}


@pytest.mark.parametrize("source", ["people", "news"])
def test_a_bad_cell_of_one_relationship_takes_what_that_relationship_had(tmp_path: Path, source: str) -> None:
    firm = Firm(tmp_path, MANY)
    firm.take([row(1, "R1", Primary="Y", Country="DE"), row(1, "R2", Country="US")], day(1), columns=WIDE)
    ended = row(1, "R1", **GONE, Primary="Y", Country="Nowhere")
    other = row(1, "R2", Country="Nowhere", Active="?", Department="B")
    firm.take([ended, other], day(3), source=source, columns=WIDE)
    assert firm.snapshot(fields="country, department, active") == {"1": ("US", "B", True)}
    assert [(field, how) for _, field, how, *_ in held(firm)] == [
        ("active", "cells"), ("country", "cells"), ("country", "cells"),
    ]  # fmt: skip


def test_a_cell_is_told_until_a_later_row_mends_it(firm: Firm) -> None:
    firm.take([worker(1, Country="DE"), worker(2)], day(1))
    firm.take([worker(1, Country="Nowhere"), worker(2)], day(2))
    assert held(firm) == [("1", "country", "cells", 2, 2)]
    firm.take([worker(2, City="Rome"), worker(1, Country="Nowhere")], day(3))
    assert held(firm) == [("1", "country", "cells", 2, 3)]
    firm.take([worker(2, City="Oslo")], day(4))  # absent: nobody mended it
    firm.run(day(5))
    assert held(firm) == [("1", "country", "cells", 2, 3)]
    firm.take([worker(1, Country="DE"), worker(2, City="Bonn")], day(6))  # says what is known
    assert held(firm) == []
    assert firm.snapshot(fields="country") == {"1": "DE", "2": None}


def test_of_a_changes_only_source_a_blank_mends_nothing(firm: Firm) -> None:
    firm.take([worker(1, Country="DE", City="Rome"), worker(2)], day(1))
    firm.take([worker(1, Country="Nowhere", City="a\x07b")], day(2), source="news")
    firm.take([worker(1, Department="B", City="Oslo")], day(3), source="news")
    assert held(firm) == [("1", "country", "cells", 2, 2)]
    assert firm.snapshot(fields="country, city, department")["1"] == ("DE", "Oslo", "B")
    few_columns = [column for column in COLUMNS if column != "Country"]
    firm.take([worker(1, Department="C")], day(4), source="news", columns=few_columns)
    assert [field for _, field, *_ in held(firm)] == ["country"]
    firm.take([worker(1, Country="US")], day(5), source="news")
    assert (held(firm), firm.snapshot(fields="country")["1"]) == ([], "US")


def test_the_exit_of_a_changes_only_row_that_never_comes_again_is_carried_out(firm: Firm) -> None:
    firm.take([worker(1, Country="DE"), worker(2)], day(1))
    firm.take([{"Number": "1", **GONE, "Country": "Nowhere"}], day(3), source="news")
    assert firm.lives()["1"] == ("left", False)
    assert held(firm) == [("1", "country", "cells", 3, 2)]


def test_a_later_file_of_the_day_mends_an_earlier_one(firm: Firm) -> None:
    firm.take([worker(1, Country="DE")], day(1))
    firm.land([worker(1, Country="Nowhere", Department="B")], day(2), source="news")
    firm.land([worker(1, Country="US")], day(2), source="news")
    firm.run(day(2))
    assert firm.snapshot(fields="country, department") == {"1": ("US", "B")}
    assert firm.sql("from held_cells") == []


def test_a_late_extract_leaves_a_held_cell_what_was_valid_on_its_day(firm: Firm) -> None:
    firm.take([worker(1, Country="DE", Department="A")], day(1))
    firm.take([worker(1, Country="US", Department="C")], day(4))
    firm.take([worker(1, Country="Nowhere", Department="B")], day(2))
    assert firm.snapshot(day(2), "country, department") == {"1": ("DE", "B")}
    assert firm.snapshot(day(4), "country, department") == {"1": ("US", "C")}
    assert firm.sql("select field, day(valid_from), day(valid_to) from held_cells") == [("country", 2, 4)]


def test_rebuilding_gives_the_same_tables(firm: Firm) -> None:
    firm.take([worker(1, Country="DE"), worker(2), worker("?!", City="x"), worker(4, Hired="soon")], day(1))
    firm.take([worker(1, Country="Nowhere"), worker(2, **GONE, First=""), worker(2, **GONE), worker("?!")], day(3))
    firm.take([worker(1, Country="Nowhere"), worker(3, Hired="soon")], day(4), source="news")
    firm.take([worker(1, Country="DE"), worker(3)], day(5), source="news")
    before = firm.everything()
    for number in (3, 1):
        firm.sql("update days set state = 'stale' where business_date = ?", [day(number)])
        firm.run(day(number))
        assert firm.everything() == before


def test_rows_that_do_not_say_whose_they_are_wait_for_the_next_full_extract(firm: Firm) -> None:
    firm.land_text("Number,Active,First,Last\n1,True,Ann,Lee\n!!,False,Ann,Lee\n1\n", day(1))
    firm.run(day(1))
    firm.take([worker(2)], day(2), source="news")
    assert [(number, field, how, row) for number, field, how, _, row in held(firm)] == [
        (None, "person_number", "row", 3), (None, None, "row", 4),
    ]  # fmt: skip
    firm.take([worker(1), worker(2)], day(3), columns=["Number", "Active", "First", "Last"])
    assert held(firm) == []


def test_a_profile_that_judges_otherwise_keeps_what_was_good_and_tells_of_it(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.take([worker(1, Country="DE"), worker(2)], day(1))
    firm.loaded = parse_profile(PROFILE.replace('"GB", "DE", "US"', '"GB"'), "firm.toml")
    for number in (2, 3, 4):  # the value that is known is the value that is bad
        firm.take([worker(1, Country="DE"), worker(2, City=str(number))], day(number))
        assert held(firm) == [("1", "country", "cells", 2, 2)]
    assert firm.snapshot(fields="country")["1"] == "DE"


def test_a_row_that_is_held_back_in_part_counts_for_the_limit_as_before(firm: Firm) -> None:
    firm.take([worker(n) for n in range(40)], day(1))
    [counts] = [firm.take([worker(n, Country="?" if n < 24 else "") for n in range(40)], day(2))]
    assert (counts.quarantined, counts.rows, len(held(firm))) == (24, 40, 24)


def test_trace_names_the_row_of_the_last_good_value(firm: Firm) -> None:
    firm.take([worker(1, Country="DE"), worker(2)], day(1))
    firm.take([worker(2), worker(1, Country="DE", Department="A")], day(2))
    firm.take([worker(1, Country="Nowhere", Department="B")], day(3), source="news")
    firm.take([worker(1, Country="Nowhere", Department="C")], day(4), source="news")
    with firm.warehouse.write() as con:
        story = story_of(con, firm.loaded.profile, "1", None)
    kept = [{value.field: value.kept_from for value in version.values if value.kept_from} for version in story.versions]
    assert kept == [{}, {}, {"country": "people-2.csv, row 3"}, {"country": "people-2.csv, row 3"}]
    assert [(cell.columns, cell.row_no) for cell in story.held_back] == [(("Country",), 2)]


def test_the_exits_of_a_date_that_has_stopped_are_known_until_it_is_done(firm: Firm) -> None:
    firm.take([worker(n) for n in range(40)], day(1))
    bad = [worker(n, Country="?") for n in range(2, 40)]
    firm.land([worker(0, **GONE), worker(1, **GONE, City="a\x07b"), *bad], day(3))
    with pytest.raises(GuardStop):
        firm.run(day(3))
    waiting = "select reason, person_number from waiting_exits order by 2"
    assert firm.sql(waiting) == [("stopped", "0"), ("stopped", "1")]
    assert held(firm) == []
    firm.take([worker(0, **GONE), *(worker(n) for n in range(1, 40))], day(3))
    assert (firm.sql(waiting), firm.lives()["0"]) == ([], ("left", False))


HEADER = "Number,Active,First,Last,Department,Left"


TORN = [
    ("1,False,Ann,Lee1,A", "left"),  # the last cell is missing
    ("2,False,Ann,Lee2,A,2026-11-02,", "left"),  # a delimiter too many behind
    ("3,False,Ann,Lee3,Sales, Ltd,2026-11-02", "left"),  # a comma that should have been quoted
    ("4,,False,Ann,Lee4,A,2026-11-02", "active"),  # torn beside the number
    ("5,False,Max,Lee9,Sales, Ltd,", "active"),  # somebody else's name
    ("6,True,Ann,Lee6,A", "active"),
    ("77,False,Ann,Lee7,A", "active"),
]
"""A line of the worker whose number is its place, and the stage that it leads to."""


def test_a_torn_row_ends_the_worker_where_number_status_and_name_are_sound(tmp_path: Path) -> None:
    firm = Firm(tmp_path, more='[workers.whole]\ncolumns = "report"\n')
    everybody = [f"{n},True,Ann,Lee{n},A," for n in range(1, 9)]
    firm.land_text("\n".join([HEADER, *everybody]), day(1))
    firm.land_text("\n".join([HEADER, *(line for line, _ in TORN), "8,True,Ann,Lee8,B,"]), day(3))
    [_, counts] = firm.run(day(1), day(3))
    stages = {str(n): stage for n, (_, stage) in enumerate(TORN, 1)} | {"8": "active"}
    assert {number: stage for number, (stage, _) in firm.lives().items()} == stages
    assert (counts.rows, counts.quarantined) == (8, 7)
    through = [stage == "left" for _, stage in TORN]
    assert sorted(held(firm), key=lambda cell: cell[4]) == [
        (str(n) if ended else None, None, "cells" if ended else "row", 3, n + 1) for n, ended in enumerate(through, 1)
    ]
    assert firm.sql("select count(*) from waiting_exits") == [(1,)]  # of the file
    before = firm.everything()
    firm.sql("update days set state = 'stale' where business_date = ?", [day(3)])
    firm.run(day(3))
    assert firm.everything() == before
    everybody = [f"{n},False,Ann,Lee{n},A,2026-11-02" for n in range(1, 8)]
    firm.land_text("\n".join([HEADER, *everybody, "8,True,Ann,Lee8,C,"]), day(4))
    firm.run(day(4))
    assert held(firm) == []
    assert firm.lives() == {**{str(n): ("left", False) for n in range(1, 8)}, "8": ("active", True)}


def test_a_torn_row_of_a_file_without_names_is_told_and_stops_nothing(tmp_path: Path) -> None:
    nameless = PROFILE.replace('column = "Last"\nrequired = true', 'column = "Last"')
    firm = Firm(tmp_path, nameless, more='[workers.whole]\ncolumns = "report"\n')
    firm.land_text(f"{HEADER}\n1,True,Ann,Lee1,A,\n2,True,Ann,Lee2,A,\n", day(1))
    firm.land_text("Number,Active,First,Left\n1,False,Ann\n2,True,Ann,\n", day(3))
    [_, counts] = firm.run(day(1), day(3))
    assert (counts.rows, counts.quarantined, firm.lives()["2"][0]) == (2, 1, "active")


def test_a_stray_byte_is_its_cells_fault_wherever_it_stands_and_exits_get_through(tmp_path: Path) -> None:
    firm = Firm(tmp_path, PROFILE.replace('glob = "people*"', 'glob = "people*"\nencoding = "utf-8"'))
    rows = [f"{n},True,Ann,Lee{n},A," for n in range(1, 60)]
    firm.land_text("\n".join([HEADER, *rows]), day(1))
    bad = ["1,F?lse,Ann,Lee1,B,2026-11-02", "2,False,Ann,Lee2,A,", "3?,False,Ann,Lee3,A,"]
    text = "\n".join([HEADER.replace("Department", "Depa?tment"), *bad, *rows[3:]])
    landed = firm.land_text(text.encode().replace(b"?", b"\xff"), day(3))
    assert (landed.result, "a damaged heading is read as Department" in landed.message) == ("taken", True)
    firm.run(day(1), day(3))
    assert sorted(number for number, (stage, _) in firm.lives().items() if stage == "left") == ["1", "2"]
    assert firm.snapshot(fields="department")["1"] == "B"
    assert {*held(firm)} == {("1", "active", "cells", 3, 2), (None, "person_number", "row", 3, 4)}


def test_an_exit_gets_through_where_line_breaks_have_broken_its_row(tmp_path: Path) -> None:
    firm = Firm(tmp_path, more='[workers.whole]\ncolumns = "report"\n')
    header = "Number,First,Last,Department,Active,Left"
    firm.land_text("\n".join([header, *(f"{n},Ann,Lee{n},A,True," for n in range(1, 8))]), day(1))
    broken = [
        "1,Ann,Lee1,Sales\nEast,False,2026-11-02",
        "2,Ann,Lee2,Sales\nNorth\nEast,False,",
        "3,Max,Lee9,Sales\nEast,False,",  # somebody else's name
        "4,Ann,Lee4,Sales\nEast,True,",
        "5,Ann,Lee5,Sales\n7,False,",  # begins like another worker's row
        "6,Ann,Lee6,Sales\nEast,False",  # a cell is missing: nobody can tell which
    ]
    firm.land_text("\n".join([header, *broken, "7,Ann,Lee7,A,True,"]), day(3))
    firm.run(day(1), day(3))
    assert sorted(number for number, (stage, _) in firm.lives().items() if stage == "left") == ["1", "2"]
    assert {cell for cell in held(firm) if cell[0]} == {("1", None, "cells", 3, 2), ("2", None, "cells", 3, 4)}


Rows = list[list[str]]


def as_csv(rows: Rows) -> str:
    return "\n".join([HEADER, *map(",".join, rows)])


def as_json(rows: Rows) -> str:
    return "\n".join(json.dumps(dict(zip(HEADER.split(","), one, strict=True))) for one in rows)


def as_xml(rows: Rows) -> str:
    tags = HEADER.split(",")
    cells = (f"<{tag}>{cell}</{tag}>" for one in rows for tag, cell in zip(tags, one, strict=True))
    return f"<R><G>{''.join(cells)}</G></R>".replace("</Left><Number>", "</Left></G><G><Number>")


def with_stray_text(rows: Rows) -> str:
    return as_xml([[*one[:4], "A", *one[5:]] for one in rows]).replace("False</Active>", "False</Active>and more")


def as_short_line(rows: Rows) -> str:
    lines = ["".join(f"{cell[:9]:<9}" for cell in one) for one in rows]
    return "\n".join(line.rstrip() if "False" in line else line for line in lines)


LAYOUT = ", ".join(f'{{ name = "{name}", length = 9 }}' for name in HEADER.split(","))
XML = 'format = "xml"\nrecord = "G"'


@pytest.mark.parametrize(
    ("keys", "written"),
    [("", as_csv), ('format = "json_lines"', as_json), (XML, as_xml), (XML, with_stray_text),
     (f'format = "fixed"\nlayout = [{LAYOUT}]', as_short_line)],
)  # fmt: skip
def test_an_exit_gets_through_in_a_record_that_is_rejected_for_another_cell(
    tmp_path: Path, keys: str, written: Callable[[Rows], str]
) -> None:
    of_source = keys if "fixed" in keys else f"{keys}\nmax_field_chars = 20"
    firm = Firm(tmp_path, PROFILE.replace('glob = "people*"', f'glob = "people*"\n{of_source}'))
    known = [[str(n), "True", "Ann", f"Lee{n}", "A", ""] for n in (1, 2, 3)]
    gone = [["1", "False", "Ann", "Lee1", "A" * 21, ""], *known[1:]]
    landed = [firm.land_text(written(rows), day(n)).result for n, rows in ((1, known), (3, gone))]
    firm.run(day(1), day(3))
    assert landed == ["taken", "taken"]
    assert {number: stage for number, (stage, _) in firm.lives().items()} == {"1": "left", "2": "active", "3": "active"}
    assert [(number, how) for number, _, how, *_ in held(firm)] == [("1", "cells")]
