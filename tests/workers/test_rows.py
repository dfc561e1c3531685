"""One worker from many rows: relationships, assignments and slices of time, in full and in changes-only extracts.

SailPoint documents its Oracle connector's delta as partial or absent for conversions, several relationships, non-workers and
back-dated changes; each has its test here, as a full load and as changes.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from hcm_pipeline.errors import GuardStop, ProfileError
from hcm_pipeline.flow import landing
from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.flow.views.trace import story_of
from hcm_pipeline.http import utc_now
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Scratch
from hcm_pipeline.workers.normalise import DIGEST_TYPE
from hcm_pipeline.workers.primary_assignment import ranked_sql

from . import few
from .driver import COLUMNS, PROFILE, Firm, day, worker

ROWS = """
[fields.worker_type]
column = "Type"
[fields.legal_employer]
column = "Employer"
[extra_fields.relationship]
column = "Relationship"
[extra_fields.begins]
column = "From"
type = "date"
[extra_fields.ends]
column = "To"
type = "date"
[workers]
quarantine_limit = { percent = 50.0, at_least = 25 }
row_key = ["relationship"]
slices = { from = "begins", to = "ends" }
[[workers.pick]]
field = "primary"
prefer = "Y"
"""
MANY = PROFILE.replace("[workers]\nquarantine_limit = { percent = 50.0, at_least = 25 }\n", ROWS)
WIDE = (*COLUMNS, "Type", "Employer", "Relationship", "From", "To")
FACTS = "department, life_stage, active"


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    """A firm whose workers have several rows, with the first of three known since the second."""
    return Firm(tmp_path, MANY)


def row(number: int, relationship: str, **fields: str) -> dict[str, str]:
    return worker(number, Relationship=relationship, **fields)


def take(firm: Firm, date: int, *rows: dict[str, str], source: str = "people") -> dict[str, str]:
    """Land and run a date; kinds of change by person number."""
    counts = firm.take(rows, day(date), source=source, columns=WIDE)
    assert counts.quarantined == 0, counts.reasons
    return firm.kinds(day(date))


def others(firm: Firm) -> list[tuple[str, str]]:
    """The departments of the rows that did not win, by person number."""
    return firm.sql("select person_number, department from other_rows where valid_to is null order by all")


@pytest.mark.parametrize("source", ["people", "news"])
def test_several_relationships_a_person_leaves_only_when_no_relationship_is_active(firm: Firm, source: str) -> None:
    first, second = row(1, "R1", Primary="Y", Department="A"), row(1, "R2", Primary="N", Department="B")
    assert take(firm, 2, first, second) == {"1": "joiner"}
    assert (firm.snapshot(), others(firm)) == ({"1": "A"}, [("1", "B")])
    first |= {"Active": "False", "Left": "2026-11-02"}
    assert take(firm, 3, *([first] if source == "news" else [first, second]), source=source) == {"1": "mover"}
    assert firm.snapshot(fields=FACTS) == {"1": ("B", "active", True)}
    assert others(firm) == [("1", "A")]
    second |= {"Active": "False", "Left": "2026-11-03"}
    kinds = take(firm, 4, *([second] if source == "news" else [first, second]), source=source)
    assert kinds == {"1": "leaver"}
    assert firm.lives() == {"1": ("left", False)}


def test_a_relationship_that_ends_by_its_date_hands_over_without_an_extract(firm: Firm) -> None:
    take(firm, 2, row(1, "R1", Primary="Y", Department="A", Left="2026-11-04"), row(1, "R2", Department="B"))
    firm.run(day(4))
    assert firm.snapshot(fields=FACTS) == {"1": ("A", "active", True)}
    [counts] = firm.run(day(5))
    assert (counts.extracts, counts.changes) == (0, {"mover": 1})
    assert firm.snapshot(fields=FACTS) == {"1": ("B", "active", True)}


@pytest.mark.parametrize("source", ["people", "news"])
def test_conversion_from_contingent_to_employee_and_back(firm: Firm, source: str) -> None:
    contingent = row(1, "C1", Type="Contingent Worker", Hired="2025-01-01", Department="A")
    take(firm, 2, contingent)
    over, employee = (
        contingent | {"Active": "False", "Left": "2026-11-02"},
        row(1, "E1", Type="Employee", Hired="2026-11-03"),
    )
    assert take(firm, 3, over, employee, source=source) == {"1": "conversion"}
    assert firm.snapshot(fields="worker_type, active") == {"1": ("Employee", True)}
    ended, back = employee | {"Active": "False", "Left": "2026-11-03"}, row(1, "C2", Type="C", Hired="2026-11-04")
    rows = [ended, back] if source == "news" else [over, ended, back]
    assert take(firm, 4, *rows, source=source) == {"1": "conversion"}
    assert firm.lives() == {"1": ("active", True)}


@pytest.mark.parametrize("source", ["people", "news"])
def test_global_transfer_ends_one_relationship_and_the_person_stays(firm: Firm, source: str) -> None:
    take(firm, 2, row(1, "R1", Employer="Contoso DE", Hired="2020-01-01"))
    old = row(1, "R1", Employer="Contoso DE", Hired="2020-01-01", Left="2026-11-02", Active="False")
    new = row(1, "R2", Employer="Contoso US", Hired="2026-11-03")
    assert take(firm, 3, old, new, source=source) == {"1": "global_transfer"}
    assert firm.lives() == {"1": ("active", True)}


@pytest.mark.parametrize("source", ["people", "news"])
def test_non_workers_and_pending_workers_are_workers_like_any_other(firm: Firm, source: str) -> None:
    take(
        firm, 2, row(1, "N1", Type="Nonworker", Department="A"), row(2, "P1", Type="Pending Worker", Hired="2026-11-09")
    )
    assert firm.kinds(day(2)) == {"1": "joiner", "2": "prehire"}
    kinds = take(firm, 3, row(1, "N1", Type="Nonworker", Department="B"), row(2, "E1", Type="Employee", Hired="2026-11-09"),
                 *([row(2, "P1", Type="Pending Worker", Active="False")] if source == "news" else []), source=source)  # fmt: skip
    assert kinds == {"1": "mover", "2": "pending_hired"}


@pytest.mark.parametrize("source", ["people", "news"])
def test_back_dated_changes_correct_what_is_now(firm: Firm, source: str) -> None:
    take(firm, 2, row(1, "R1", Department="A", From="2026-01-01"))
    closed = row(1, "R1", Department="A", From="2026-01-01", To="2026-09-30")
    take(firm, 3, closed, row(1, "R1", Department="B", From="2026-10-01"), source=source)
    assert firm.snapshot() == {"1": "B"}
    assert firm.snapshot(day(2)) == {"1": "A"}


def test_a_slice_ahead_becomes_true_on_its_day_without_an_extract(firm: Firm) -> None:
    now, ahead = (
        row(1, "R1", Department="A", From="2026-01-01", To="2026-11-04"),
        row(1, "R1", Department="B", From="2026-11-05"),
    )
    take(firm, 2, now, ahead, row(2, "R1"))
    assert (firm.snapshot()["1"], others(firm)) == ("A", [("1", "B")])
    assert firm.run(day(4))[0].changes == {}
    assert firm.run(day(5))[0].changes == {"mover": 1}
    assert (firm.snapshot()["1"], others(firm)) == ("B", [("1", "A")])
    assert take(firm, 6, row(2, "R1", Department="C"), source="news") == {"2": "mover"}
    assert firm.snapshot()["1"] == "B"
    with firm.warehouse.write() as con:
        story = story_of(con, firm.loaded.profile, "1", None)
    assert [(v.valid_from.day, v.row_no) for v in story.versions] == [(2, 2), (5, 3)]
    assert [(o.valid_from.day, o.valid_to and o.valid_to.day, o.row_no) for o in story.other_rows] == [
        (2, 5, 3), (5, None, 2),
    ]  # fmt: skip


def test_a_changes_only_row_is_completed_from_the_row_with_its_key(firm: Firm) -> None:
    take(firm, 2, row(1, "R1", Primary="Y", Department="A"), row(1, "R2", Department="B", City="Rome"))
    take(firm, 3, {"Number": "1", "Relationship": "R2", "Primary": "Y", "City": "Oslo"},
         {"Number": "1", "Relationship": "R1", "Primary": "N"}, source="news")  # fmt: skip
    assert firm.snapshot(fields="relationship, department, city") == {"1": ("R2", "B", "Oslo")}


@cache
def many() -> Profile:
    return parse_profile(MANY, "firm.toml").profile


def test_the_rows_of_a_worker_are_ranked_by_slice_then_relationship_then_the_steps_of_the_profile(t: Scratch) -> None:
    today: dict[str, object] = {"active": True}
    cases: list[tuple[dict[str, object], dict[str, object]]] = [  # the first of each wins
        (today, {"begins": day(4)}),
        ({"begins": day(1)}, {"begins": day(1), "ends": day(2), "primary": "Y"}),
        ({"begins": day(1), "ends": day(2)}, {"begins": day(4)}),
        (today, {"hire_date": day(4), "primary": "Y"}),
        ({"hire_date": day(4)}, {"active": False, "primary": "Y"}),
        ({"primary": "N"}, {"termination_date": day(2), "primary": "Y"}),
        ({"primary": "N", "hire_date": day(3), "termination_date": day(2)}, {"active": False, "primary": "Y"}),
        ({"primary": "Y"}, {"primary": "N"}),
        ({"begins": day(2)}, {"begins": day(1)}),
    ]
    columns = few.columns_of(
        many(),
        {"digest": DIGEST_TYPE, "extract_id": "integer", "row_no": "bigint", "known": "boolean", "chosen": "boolean"},
    )
    rows = [
        {"person_number": str(n), "active": True, "row_no": place, "known": False, "chosen": False, **facts}
        for n, case in enumerate(cases)
        for place, facts in enumerate(case, 1)
    ]
    candidates = t.of_rows("candidates", columns, [[each.get(name) for name in columns] for each in rows])
    ranked = t.make("ranked", ranked_sql(many(), str(candidates), day(3)))
    assert t.rows(f"select person_number from {ranked} where place <> row_no or ties <> 1 order by all") == []


def test_rows_that_the_rules_cannot_rank_tie(t: Scratch) -> None:
    rows = [row(1, "R1", Primary="Y"), row(1, "R2", Primary="Y"), row(2, "R1", Primary="Y"), row(2, "R2")]
    found = few.judged(t, many(), rows, of=few.extract(header=WIDE))
    assert {number for number, *_ in few.reasons(t, found)} == {2, 3}
    assert few.accepted(t, many(), found, "relationship") == {"2": "R1"}


def test_rows_that_the_rules_cannot_rank_are_held_back_and_the_worker_stays(firm: Firm) -> None:
    take(firm, 2, row(1, "R1", Department="A"))
    counts = firm.take([row(1, "R2", Department="B"), row(1, "R3", Department="C")], day(3), columns=WIDE)
    assert counts.reasons == {"contradicts_another_row in Department": 2, "contradicts_another_row in Relationship": 2}
    counts = firm.take([row(1, "R4", Department="D")], day(4), source="news", columns=WIDE)
    assert counts.reasons == {"contradicts_another_row in Department": 1, "contradicts_another_row in Relationship": 1}
    assert firm.snapshot() == {"1": "A"}


def test_a_losing_row_with_a_bad_cell_wins_without_it_when_the_other_ends(firm: Firm) -> None:
    bad = row(1, "R2", Country="Nowhere")
    counts = firm.take([row(1, "R1", Primary="Y", Left="2026-11-03"), bad], day(2), columns=WIDE)
    assert (counts.quarantined, counts.passed_over, counts.workers) == (1, 1, 1)
    firm.run(day(4))
    assert firm.lives() == {"1": ("active", True)}


@pytest.mark.parametrize("source", ["people", "news"])
def test_a_row_whose_key_cannot_be_read_ends_no_other_one_and_keeps_nobody(tmp_path: Path, source: str) -> None:
    firm = Firm(tmp_path, MANY.replace('column = "Relationship"', 'column = "Relationship"\npattern = "R[0-9]"'))
    take(firm, 2, row(1, "R1", Primary="Y"), row(2, "R1"))
    rows = [row(1, "R1", Primary="Y", Left="2026-11-03"), row(1, "?", Active="False"), row(2, "R1"), row(2, "?")]
    counts = firm.take(rows, day(3), source=source, columns=WIDE)
    assert counts.reasons == {"pattern in Relationship": 2, "contradicts_another_row in Number": 2}
    assert firm.lives() == {"1": ("active", True), "2": ("active", True)}
    assert firm.run(day(4))[0].changes == {"leaver": 1}


def test_a_stopped_day_decides_nothing_about_the_rows_of_a_worker(firm: Firm) -> None:
    take(firm, 2, *(row(n, r, Primary=p) for n in range(40) for r, p in (("R1", "Y"), ("R2", "N"))))
    before = firm.everything()["other_rows"]
    active = {n: "?" if n < 30 else "True" for n in range(40)}
    firm.land(
        [row(n, r, Primary=p, Active=active[n], City="A") for n in range(40) for r, p in (("R1", "N"), ("R3", "Y"))],
        day(3), columns=WIDE,
    )  # fmt: skip
    with pytest.raises(GuardStop):
        firm.run(day(3))
    assert firm.everything()["other_rows"] == before


def test_rows_that_stay_the_same_take_no_room(firm: Firm) -> None:
    rows = [row(n, r, Primary=p, Department=r) for n in range(5) for r, p in (("R1", "Y"), ("R2", "N"))]
    take(firm, 2, *rows)
    for date in (3, 4):
        assert take(firm, date, *rows, row(9, f"R{date}")) == ({"9": "joiner"} if date == 3 else {"9": "update"})
    assert firm.sql("select count(*) from other_rows") == [(5,)]
    before = firm.everything()
    firm.sql("update days set state = '' where business_date = ?", [day(3)])
    firm.run(day(3), day(4))
    assert firm.everything() == before


def test_keys_and_slices_are_checked_with_the_profile() -> None:
    for was, wrong, key in (
        ('row_key = ["relationship"]', 'row_key = ["begins"]', "workers.row_key[0]"),
        ('from = "begins"', 'from = "primary"', "workers.slices.from"),
        ('to = "ends"', 'to = "unheard_of"', "workers.slices.to"),
    ):
        with pytest.raises(ProfileError) as refused:
            parse_profile(MANY.replace(was, wrong), "firm.toml")
        assert [fault.key for fault in refused.value.faults] == [key]


@pytest.mark.parametrize("encoding", ["auto", "utf-8"])
def test_bytes_that_are_no_text_are_one_cells_fault_and_an_exit_beside_them_is_carried_out(
    tmp_path: Path, encoding: str
) -> None:
    named = PROFILE.replace('name = "people"\n', f'name = "people"\nencoding = "{encoding}"\n')
    firm = Firm(tmp_path, named)
    firm.take([worker(n, Last="Lée", Department="A") for n in range(1, 6)], day(1))
    rows = [
        worker(1, First="A~n", Last="Lée", Active="False", Department="B"), worker(2, Last="L^e", Department="B"),
        worker(3, Last="Lée", Department="B~"), worker(4, Last="Lée", Active="~", Department="A"),
        worker(5, Last="Lée", Department="A"),
        worker("6~", Last="Lée"), worker(7, Last="Lée", City="~", Primary="^"),
    ]  # fmt: skip
    lines = [",".join(COLUMNS), *(",".join(row.get(column, "") for column in COLUMNS) for row in rows)]
    path = tmp_path / "people-news.csv"
    path.write_bytes("\n".join([*lines, ""]).encode().replace(b"~", b"\xc3").replace(b"^", b"\0"))
    assert landing.land(firm.warehouse, firm.loaded.profile, [path], now=utc_now, date=day(2))[0].result == "taken"
    firm.run(day(2))
    found = firm.snapshot(fields="department, last_name, active")
    assert found == {
        "1": ("B", "Lée", False), "2": ("B", "Lée", True), "3": ("A", "Lée", True), "4": ("A", "Lée", True),
        "5": ("A", "Lée", True), "7": (None, "Lée", True),
    }  # fmt: skip
    told = {(row, rule, column) for row, rule, column in firm.reasons(day(2)) if rule in ("undecodable", "nul_byte")}
    assert told == {
        (2, "undecodable", "First"), (3, "nul_byte", "Last"), (4, "undecodable", "Department"), (5, "undecodable", "Active"),
        (7, "undecodable", "Number"), (8, "undecodable", "City"), (8, "nul_byte", "Primary"),
    }  # fmt: skip
    waiting = firm.sql("select person_number from held_back where exit_may_wait order by 1")
    assert ("4",) in waiting


@pytest.mark.parametrize("source", ["people", "news"])
def test_a_torn_row_ends_the_row_whose_key_it_names_and_the_worker_when_no_other_is_active(
    firm: Firm, source: str
) -> None:
    both = [row(1, "R1", Primary="Y", From="2026-10-01"), row(1, "R2", Primary="N", From="2026-10-01", Department="B")]
    alone = [row(n, "R1", Primary="Y", From="2026-10-01") for n in (2, 3, 4)]
    take(firm, 2, *both, *alone, row(9, "R1"))
    ended = [row(n, "R1", Active="False", Primary="Y", From="2026-10-01") for n in (1, 2)]
    other = row(3, "R7", Active="False", Primary="Y", From="2026-10-01")  # a relationship that nobody knows
    stays = row(4, "R1", Primary="Y", From="2026-10-01")
    lines = [",".join(one.get(column, "") for column in WIDE) for one in [*ended, other, stays]]
    text = "\n".join(
        [
            ",".join(WIDE),
            *(f"{line},," for line in lines[1:]),
            lines[0].replace(",,", ",Sales, Ltd,", 1),
            ",".join(row(9, "R1").get(c, "") for c in WIDE),
            "",
        ]
    )
    firm.land_text(text, day(3), source=source)
    [counts] = firm.run(day(3))
    assert counts.quarantined == 4
    stages = {number: (department, active) for number, (department, _, active) in firm.snapshot(fields=FACTS).items()}
    assert stages == {"1": ("B", True), "2": (None, False), "3": (None, True), "4": (None, True), "9": (None, True)}


@pytest.mark.parametrize("source", ["people", "news"])
def test_a_torn_slice_that_is_new_ends_the_relationship_that_it_is_of_once_it_has_begun(
    firm: Firm, source: str
) -> None:
    take(firm, 2, *(row(n, "R1", Primary="Y", From="2026-10-01") for n in (1, 2, 3, 4, 9)))
    ended = {"Active": "False", "Primary": "Y", "From": "2026-11-03"}
    torn = [
        row(1, "R1", **ended),
        row(2, "R1", **ended),
        row(3, "R1", **{**ended, "From": "2026-11-09"}),
        row(4, "R7", **ended),
    ]
    good = [row(2, "R1", Primary="Y", From="2026-10-01", To="2026-11-02"), row(9, "R1", Primary="Y", From="2026-10-01")]
    lines = [",".join(one.get(column, "") for column in WIDE) for one in (*torn, *good)]
    firm.land_text(
        "\n".join([",".join(WIDE), *(f"{line},," for line in lines[:4]), *lines[4:], ""]), day(3), source=source
    )
    firm.run(day(3))
    assert firm.snapshot(fields="active, begins::varchar") == {
        "1": (False, "2026-11-03"), "2": (False, "2026-11-03"), **dict.fromkeys("349", (True, "2026-10-01")),
    }  # fmt: skip
    before = firm.everything()
    firm.sql("update days set state = 'stale' where business_date = ?", [day(3)])
    firm.run(day(3))
    assert firm.everything() == before
    firm.run(day(10))
    assert firm.snapshot(fields="active") == {"1": False, "2": False, "3": True, "4": True, "9": True}


@pytest.mark.parametrize("source", ["people", "news"])
def test_a_new_inactive_slice_ends_its_own_relationship_once_it_has_begun_and_no_other(firm: Firm, source: str) -> None:
    known = [row(n, "R1", Primary="Y", From="2026-10-01") for n in (1, 2, 3, 4, 5)]
    known.append(row(4, "R2", Primary="N", From="2026-10-01"))
    take(firm, 2, *known)
    ended = {"Active": "False", "Primary": "Y", "From": "2026-11-03"}
    new = [
        row(1, "R1", **ended),
        row(2, "R2", **ended),  # a second assignment that is over
        row(3, "R1", **{**ended, "From": "2026-11-09"}),
        row(4, "R1", **ended),  # the second assignment goes on
        row(5, "R1", **{**ended, "From": "2026-01-01"}),  # of the past, said late
    ]
    take(firm, 3, *([*known, *new] if source == "people" else new), source=source)
    assert firm.snapshot(fields="active, relationship") == {
        "1": (False, "R1"), **dict.fromkeys("235", (True, "R1")), "4": (True, "R2"),
    }  # fmt: skip
    firm.run(day(10))
    assert firm.snapshot(fields="active") == {"1": False, "3": False, **dict.fromkeys("245", True)}


@pytest.mark.parametrize("source", ["people", "news"])
def test_a_torn_exit_of_one_row_beside_a_whole_row_of_another_is_carried_out_and_not_beside_one_of_its_own(
    firm: Firm, source: str
) -> None:
    def both(number: int, *states: str) -> list[dict[str, str]]:
        return [row(number, name, Active=active, Primary="Y" if name == "R1" else "N", From="2026-10-01")
                for name, active in zip(("R1", "R2"), states, strict=True)]  # fmt: skip

    take(firm, 2, *(one for n in (1, 2, 3) for one in both(n, "True", "True")))
    torn = [both(n, "False", "True")[0] for n in (1, 2, 3)]
    good = [both(1, "True", "False")[1], both(2, "True", "True")[1], both(3, "True", "True")[0]]
    lines = [",".join(one.get(column, "") for column in WIDE) for one in (*torn, *good)]
    firm.land_text(
        "\n".join([",".join(WIDE), *(f"{line},," for line in lines[:3]), *lines[3:], ""]), day(3), source=source
    )
    firm.run(day(3))
    assert firm.snapshot(fields="active") == {"1": False, "2": True, "3": True}
    assert firm.sql("select person_number from quarantined_rows where held = 'cells' order by 1") == [("1",), ("2",)]
