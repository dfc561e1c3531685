"""A statement is source, date and bytes: what is said again, taken back or said in parts counts as it is meant."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.errors import ExtractHeld, HomeError
from hcm_pipeline.extracts import Extract, decide, named
from hcm_pipeline.extracts.in_force import effective, says_nothing_new
from hcm_pipeline.flow import landing
from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.http import utc_now
from hcm_pipeline.profile import Parts
from tests.budget import examples

from . import few
from .driver import COLUMNS, PROFILE, Firm, day, worker

A = [worker(1, Department="A"), worker(2)]
B = [worker(1, Department="B"), worker(2)]
TWO = PROFILE.replace('glob = "news*"\ncontent = "changes-only"\nrows = "narrow"', 'glob = "news*"')
COUNTED = PROFILE.replace('glob = "people*"', "glob = \"people*\"\nparts = '_([0-9]+)of([0-9]+)'")
NAMED = PROFILE.replace('glob = "people*"', "glob = \"people*\"\nparts = '_(uk|us|de)'")


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    return Firm(tmp_path)


def statuses(firm: Firm, date: dt.date) -> list[str]:
    found = firm.sql("select status from extracts where business_date = ? order by extract_id", [date])
    return [status for (status,) in found]


def deliver(firm: Firm, name: str, *numbers: int, on: dt.date | None = None) -> landing.Landed:
    """Land a file of these people under a name of its own."""
    path = firm.folder / name
    lines = [worker(n) for n in numbers]
    text = [",".join(COLUMNS), *(",".join(row.get(column, "") for column in COLUMNS) for row in lines)]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return landing.land(firm.warehouse, firm.loaded.profile, [path], now=utc_now, date=on or day(2))[0]


def say(firm: Firm, decision: str, file: str) -> None:
    with firm.warehouse.write() as con:
        found = con.execute("select max(sha256) from extracts where name = ?", [file]).fetchall()[0][0]
        decide(con, named(con, found), decision, by="pat", why="HR says so", now=utc_now())


def stopped(firm: Firm) -> str:
    with pytest.raises(ExtractHeld) as caught:
        firm.run(day(2))
    return str(caught.value)


def test_the_bytes_of_an_earlier_day_say_that_it_is_again_as_it_was(firm: Firm) -> None:
    for date, rows in ((day(1), A), (day(2), B), (day(3), A)):
        firm.take(rows, date)
    assert [firm.snapshot(day(n))["1"] for n in (1, 2, 3)] == ["A", "B", "A"]
    assert firm.land(A, day(3)).result == "known"


@pytest.mark.parametrize("run_between", [True, False])
def test_a_correction_that_is_taken_back_on_the_same_day_ends_in_what_was_said_last(
    firm: Firm, *, run_between: bool
) -> None:
    firm.take(A, day(2))
    for rows in (B, A):
        assert firm.land(rows, day(2)).result == "taken"
        if run_between:
            firm.run(day(2))
    firm.run(day(2))
    assert (firm.snapshot()["1"], statuses(firm, day(2))) == ("A", ["superseded", "superseded", "applied"])
    assert firm.run(day(2))[0].unchanged
    assert firm.land(A, day(2)).result == "known"


def test_changes_are_said_in_their_order_and_one_said_twice_at_once_is_said_once(firm: Firm) -> None:
    firm.take(A, day(1))
    news = [[worker(1, Department=to)] for to in ("C", "D", "C")]
    results = [firm.land(rows, day(2), source="news").result for rows in (news[0], news[0], *news[1:], news[2])]
    assert results == ["taken", "known", "taken", "taken", "known"]
    firm.run(day(2))
    assert firm.snapshot()["1"] == "C"


def test_a_file_landed_for_a_wrong_date_lands_for_the_right_one_and_one_of_both_can_be_refused(firm: Firm) -> None:
    firm.take(A, day(1))
    landed = [firm.land(B, on) for on in (day(4), day(2))]
    assert [one.result for one in landed] == ["taken", "taken"]
    with firm.warehouse.write() as con:
        wrong = named(con, f"{str(landed[0].sha256)[:12]}@{day(4)}")
        decide(con, wrong, "refuse", by="pat", why="a slip", now=utc_now())
    firm.run(day(2), day(4))
    assert firm.sql("select business_date, status from extracts order by 1") == [
        (day(1), "applied"), (day(2), "applied"), (day(4), "refused"),
    ]  # fmt: skip
    again = firm.land(B, day(4))  # a person has refused it for that date: a sender does not bring it back
    assert (again.result, "extract accept" in again.message, f"@{day(4)}@people" in again.message) == (
        "known",
        True,
        True,
    )


def test_two_sources_may_deliver_the_same_bytes(tmp_path: Path) -> None:
    firm = Firm(tmp_path, TWO)
    assert [firm.land(A, day(2), source=of).result for of in ("people", "news", "people", "news")] == [
        "taken", "taken", "known", "known",
    ]  # fmt: skip
    firm.run(day(2))
    assert statuses(firm, day(2)) == ["applied", "applied"]


def test_a_file_that_could_not_be_read_may_be_tried_again(firm: Firm) -> None:
    landed = firm.land(A, day(2))
    firm.sql("update extracts set status = 'refused', reason = 'unreadable'")
    assert firm.land(A, day(2)).result == "taken"
    assert firm.run(day(2))[0].workers == 2
    assert len(list(firm.home.extracts.rglob(str(landed.sha256)))) == 1


def test_a_refused_landing_leaves_the_copy_that_others_refer_to(firm: Firm) -> None:
    firm.land_text("Number,Active,First,Last\n1,True,Ann,Lee\n", day(1), source="news")
    wanting = Firm.__new__(Firm)
    wanting.__dict__ = {**firm.__dict__, "loaded": parse_profile(
        PROFILE.replace('column = "Department"', 'column = "Department"\nrequired = true'), "firm.toml"
    )}  # fmt: skip
    assert wanting.land_text("Number,Active,First,Last\n1,True,Ann,Lee\n", day(2), source="news").result == "refused"
    assert firm.run(day(1))[0].stopped is None


def flip(firm: Firm) -> Path:
    """Change one bit in the only stored copy, keeping its length."""
    [stored] = [path for path in firm.home.extracts.rglob("*") if path.is_file()]
    stored.chmod(0o600)
    stored.write_bytes(stored.read_bytes().replace(b"Ann", b"Bnn"))
    return stored


def test_bytes_that_changed_in_the_store_are_not_read_until_the_file_has_landed_again(firm: Firm) -> None:
    firm.land(A, day(2))
    flip(firm)
    with pytest.raises(HomeError, match="no longer what was delivered"):
        firm.run(day(2))
    assert firm.sql("select count(*) from worker_versions") == [(0,)]
    again = firm.land(A, day(2))
    assert (again.result, "is mended" in again.message) == ("known", True)
    assert firm.run(day(2))[0].workers == 2
    flip(firm).unlink()
    firm.land(B, day(1))
    with pytest.raises(HomeError, match="is gone"):  # a rebuild reads it anew
        firm.run(day(1))


def test_files_that_share_nobody_are_no_corrections_of_each_other(firm: Firm) -> None:
    for n in (1, 2, 3):
        assert deliver(firm, f"people-{n}.csv", n * 10, n * 10 + 1).result == "taken"
    said = stopped(firm)
    assert "--part" in said
    assert "2 people of people-2.csv" in said
    assert firm.sql("select count(*) from worker_versions") == [(0,)]
    assert firm.sql("select distinct rule from extract_findings") == [("other_people",)]
    for n in (3, 2):
        say(firm, "part", f"people-{n}.csv")
    [counts] = firm.run(day(2))
    assert (counts.workers, counts.extracts, statuses(firm, day(2))) == (6, 3, ["applied"] * 3)
    assert deliver(firm, "people-1.csv", 10, 11).result == "known"


def test_a_person_may_say_that_it_is_a_correction_after_all(firm: Firm) -> None:
    for n in (1, 2, 3):
        deliver(firm, f"people-{n}.csv", n * 10, n * 10 + 1)
    stopped(firm)
    say(firm, "accept", "people-3.csv")
    assert (firm.run(day(2))[0].workers, statuses(firm, day(2))) == (2, ["superseded", "superseded", "applied"])


def test_once_more_for_some_of_the_people_is_no_correction_either(firm: Firm) -> None:
    deliver(firm, "people-1.csv", *range(9))
    deliver(firm, "people-2.csv", 1, 2)
    assert "of the 9 people of people-1.csv" in stopped(firm)
    deliver(firm, "people-3.csv", *range(1, 9))
    assert firm.run(day(2))[0].workers == 8  # a correction that says it all


def test_a_small_company_is_told_too_that_a_correction_drops_many(firm: Firm) -> None:
    deliver(firm, "people-1.csv", *range(29))
    deliver(firm, "people-2.csv", *range(14, 40))
    assert "of the 29 people of people-1.csv, an earlier full extract of the same date, it names 15" in stopped(firm)
    deliver(firm, "people-3.csv", *range(26))
    say(firm, "accept", "people-2.csv")
    assert "of the 26 people of people-2.csv" in stopped(firm)
    deliver(firm, "people-4.csv", *range(4, 40))
    say(firm, "accept", "people-3.csv")
    assert firm.run(day(2))[0].workers == 36  # four fewer are nothing out of the way


def test_a_part_said_anew_takes_the_place_of_that_part_only(tmp_path: Path) -> None:
    firm = Firm(tmp_path, COUNTED)
    deliver(firm, "people_1of3.csv", 1, 2)
    deliver(firm, "people_03of3.csv", 5)
    assert "2 of 3 parts are here: 1, 3" in stopped(firm)
    deliver(firm, "people_2of3.csv", 3, 4)
    assert firm.run(day(2))[0].workers == 5
    deliver(firm, "people_2of3.csv", 3)
    assert (firm.run(day(2))[0].absent, statuses(firm, day(2))) == (0, ["applied", "applied", "superseded", "applied"])
    assert firm.snapshot().keys() == {"1", "2", "3", "5"}
    for n in (1, 2):  # cut anew
        deliver(firm, f"people_{n}of2.csv", *range(3 * n - 2, 3 * n + 1))
    assert firm.run(day(2))[0].workers == 6
    deliver(firm, "people_whole.csv", 1, 2)
    assert "say no part" in stopped(firm)


def test_a_part_that_the_date_before_had_is_missed_where_nobody_says_how_many_there_are(tmp_path: Path) -> None:
    firm = Firm(tmp_path, NAMED)
    for name, number in (("uk", 1), ("us", 2)):
        deliver(firm, f"people_{name}.csv", number, on=day(1))
    assert firm.run(day(1))[0].workers == 2
    deliver(firm, "people_us.csv", 2)
    assert "parts are missing that the date before had: uk" in stopped(firm)
    deliver(firm, "people_uk.csv", 1)
    deliver(firm, "people_de.csv", 3)
    assert firm.run(day(2))[0].workers == 3


def test_rows_of_parts_are_counted_together(tmp_path: Path) -> None:
    whole = """[workers.whole]
fewer = { percent = 20.0, at_least = 3 }
cohorts = ["department"]
cohort = { percent = 50.0, at_least = 2 }
"""
    firm = Firm(tmp_path, COUNTED, whole)
    deliver(firm, "people_1of1.csv", *range(10), on=day(1))
    firm.run(day(1))
    deliver(firm, "people_1of2.csv", *range(5))
    deliver(firm, "people_2of2.csv", *range(5, 10))
    assert firm.run(day(2))[0].stopped is None


@pytest.mark.parametrize(
    ("pattern", "name", "part"),
    [
        ("_part([0-9]+)", "w_part02.csv", ("2", 3)),
        ("_([a-z]+)", "w_uk.csv", ("uk", 3)),
        ("_([a-z]+)", "w1.csv", ("", 3)),
    ],
)
def test_a_name_says_which_part_it_is(pattern: str, name: str, part: tuple[str, int]) -> None:
    read = Parts(pattern=pattern, count=3).read(name)
    assert (read.name, read.count) == part


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.sampled_from("ABC"), min_size=1, max_size=8), st.booleans())
def test_whatever_lands_last_is_in_force_and_landing_it_twice_adds_nothing(letters: list[str], full: bool) -> None:
    profile = parse_profile(PROFILE, "firm.toml").profile
    entered: list[Extract] = []
    for number, letter in enumerate(letters, 1):
        source, content = ("people", "full") if full else ("news", "changes-only")
        made = few.extract(number, source=source, content=content)
        made = type(made)(number, letter, source, content, made.business_date, made.name, made.description, "landed")
        if not entered or not says_nothing_new(profile, entered, made, frozenset()):
            entered.append(made)
        assert says_nothing_new(profile, entered, made, frozenset())
        used, gone = effective(profile, entered, frozenset())
        assert used[-1].sha256 == letter
        assert len(used) + len(gone) == len(entered)
    said = [one for place, one in enumerate(letters) if place == 0 or letters[place - 1] != one]
    assert [one.sha256 for one in entered] == said
