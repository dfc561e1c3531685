"""Extracts that do not look whole are kept, explained and not applied until a person says so."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from hcm_pipeline.errors import ExtractHeld, GuardStop, ProfileError, UsageError
from hcm_pipeline.extracts.register import decide, named
from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.http import utc_now

from .driver import COLUMNS, PROFILE, Firm, day, worker

SMALL = """
[workers.whole]
fewer = { percent = 20.0, at_least = 3 }
more = { percent = 100.0, at_least = 5 }
cohorts = ["country"]
cohort = { percent = 50.0, at_least = 2 }
changes = { percent = 50.0, at_least = 5 }
"""
MONDAY = 2  # November 2026


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    """A firm whose guards are as small as it is."""
    return Firm(tmp_path, more=SMALL)


def people(*numbers: int, **fields: str) -> list[dict[str, str]]:
    return [worker(n, **fields) for n in numbers]


def held(firm: Firm, date: dt.date) -> set[str]:
    """Rules that hold the extracts of a date, which must not have been applied."""
    before = firm.everything()["worker_versions"]
    with pytest.raises(ExtractHeld, match="extract accept"):
        firm.run(date)
    assert firm.everything()["worker_versions"] == before
    assert firm.sql("select distinct status from extracts where business_date = ?", [date]) == [("stopped",)]
    found = firm.sql(
        "select rule from extract_findings join extracts using (extract_id) where business_date = ?", [date]
    )
    return {rule for (rule,) in found}


def say(firm: Firm, date: dt.date, decision: str, why: str = "HR says so") -> None:
    with firm.warehouse.write() as con:
        sha256 = con.execute("select max(sha256) from extracts where business_date = ?", [date]).fetchall()[0][0]
        decide(con, named(con, sha256[:8]), decision, by="pat", why=why, now=utc_now())


def test_a_full_extract_with_far_fewer_rows_is_held_and_nobody_is_absent(firm: Firm) -> None:
    firm.take(people(*range(20)), day(2))
    firm.land(people(*range(9), City="A"), day(3))
    assert held(firm, day(3)) == {"fewer_rows", "fewer_in_cohort"}
    assert firm.sql("select count(*) from absences") == [(0,)]
    assert "9 rows" in firm.sql("select reason from extracts where business_date = ?", [day(3)])[0][0]


def test_an_accepted_extract_is_applied_as_it_is_and_the_word_is_kept(firm: Firm) -> None:
    firm.take(people(*range(20)), day(2))
    firm.land(people(*range(9), City="A"), day(3))
    held(firm, day(3))
    say(firm, day(3), "accept", "the branch was sold")
    [counts] = firm.run(day(3))
    assert (counts.stopped, counts.absent, counts.changes) == (None, 11, {"update": 9})
    assert firm.sql("select decision, decided_by, why from extract_decisions") == [
        ("accept", "pat", "the branch was sold")
    ]
    assert firm.sql("select count(*) from extract_findings") == [(2,)]
    assert firm.run(day(3))[0].unchanged


def test_a_refused_extract_is_left_out_and_the_day_carried_forward(firm: Firm) -> None:
    firm.take(people(*range(20)), day(2))
    firm.land(people(*range(10)), day(3))
    held(firm, day(3))
    say(firm, day(3), "refuse")
    [counts] = firm.run(day(3))
    assert (counts.extracts, counts.workers, counts.absent) == (0, 20, 0)
    assert firm.sql("select status, reason from extracts where business_date = ?", [day(3)]) == [
        ("refused", "refused by pat: HR says so")
    ]


def test_an_applied_extract_that_is_refused_later_is_taken_back_with_what_followed(firm: Firm) -> None:
    firm.take([worker(1, Department="A")], day(2))
    firm.take([worker(1, Department="B")], day(3))
    firm.take([worker(1, Department="B", City="X")], day(4))
    say(firm, day(3), "refuse")
    assert [counts.business_date for counts in firm.run(day(4))] == [day(3), day(4)]
    assert firm.snapshot(day(3)) == {"1": "A"}
    assert firm.snapshot() == {"1": "B"}
    say(firm, day(3), "accept")
    firm.run(day(4))
    assert firm.snapshot(day(3)) == {"1": "B"}


def test_a_full_extract_with_far_more_rows_is_held(firm: Firm) -> None:
    firm.take(people(*range(6)), day(2))
    firm.land(people(*range(13)), day(3))
    assert held(firm, day(3)) == {"more_rows"}


def test_what_is_usual_is_the_median_of_those_before(firm: Firm) -> None:
    for number, size in enumerate(
        [20, 20, 18, 17, 16, 15], 2
    ):  # no step of a fifth, and in the end less than the median allows
        firm.land(people(*range(size), City=str(number)), day(number))
        if number == 7:
            assert held(firm, day(number)) == {"fewer_rows"} if size < 15 else firm.run(day(number))
        else:
            firm.run(day(number))
    firm.land(people(*range(13)), day(8))
    assert held(firm, day(8)) == {"fewer_rows"}


def test_a_cohort_that_is_gone_holds_an_extract_of_the_usual_size_without_naming_it(firm: Firm) -> None:
    firm.take([*people(*range(8), Country="DE"), *people(8, 9, 10, Country="US")], day(2))
    firm.land([*people(*range(8), Country="DE"), *people(11, 12, 13, Country="GB")], day(3))
    assert held(firm, day(3)) == {"fewer_in_cohort"}
    [(message, detail)] = firm.sql("select message, detail from extract_findings")
    assert "US" not in message
    assert detail == "country 'US': 0 instead of 3"


def test_a_changes_only_extract_that_holds_everyone_is_held(firm: Firm) -> None:
    firm.take(people(*range(10)), day(2))
    firm.land(people(*range(6), City="A"), day(3), source="news")
    assert held(firm, day(3)) == {"everyone_changed"}


def test_lost_columns_hold_a_full_extract_and_may_be_only_reported(firm: Firm, tmp_path: Path) -> None:
    fewer = [column for column in COLUMNS if column not in ("City", "Department")]
    firm.take([worker(1, City="A")], day(2))
    firm.land([worker(1)], day(3), columns=fewer)
    assert held(firm, day(3)) == {"columns_lost"}
    assert "Department, City" in firm.sql("select message from extract_findings")[0][0]
    (tmp_path / "b").mkdir()
    lenient = Firm(tmp_path / "b", more='[workers.whole]\ncolumns = "report"\n')
    lenient.take([worker(1, City="A")], day(2))
    assert lenient.take([worker(1)], day(3), columns=fewer).changes == {}


def test_any_other_columns_hold_a_full_extract_where_the_profile_says_so(tmp_path: Path) -> None:
    exact = Firm(tmp_path, more='[workers.whole]\ncolumns = "exact"\n')
    exact.take([worker(1)], day(2))
    assert exact.take([worker(1)], day(3), columns=list(reversed(COLUMNS))).changes == {}
    exact.land([{**worker(1), "Badge": "7"}], day(4), columns=[*COLUMNS, "Badge"])
    assert held(exact, day(4)) == {"columns_changed"}
    assert exact.sql("select message from extract_findings") == [
        ("it has Badge, unlike the full extract before it",),
    ]
    say(exact, day(4), "accept")
    exact.run(day(4))
    exact.land([worker(1, City="A")], day(5))
    assert held(exact, day(5)) == {"columns_changed"}
    say(exact, day(5), "accept")
    exact.run(day(5))
    exact.land([worker(1)], day(6), columns=[column for column in COLUMNS if column != "City"])
    assert held(exact, day(6)) == {"columns_lost"}


TRAILED = PROFILE.replace('glob = "people*"', "glob = \"people*\"\ntrailer = '^TRAILER\\|0*(\\d+)'")


@pytest.mark.parametrize(
    ("end", "rules"),
    [("TRAILER|2\n", set()), ("TRAILER|0002,,,\n", set()), ("TRAILER|3\n", {"control_total"}), ("", {"no_trailer"})],
)
def test_a_trailer_counts_the_records_and_is_none_itself(tmp_path: Path, end: str, rules: set[str]) -> None:
    firm = Firm(tmp_path, TRAILED)
    firm.land_text(f"Number,Active,First,Last\n1,True,Ann,Lee\n2,True,Bea,Lee\n{end}", day(2))
    if rules:
        assert held(firm, day(2)) == rules
    else:
        [counts] = firm.run(day(2))
        assert (counts.rows, counts.quarantined, counts.workers) == (2, 0, 2)
        assert firm.sql('select "rows", control_total from extracts') == [(2, 2)]


DUE = PROFILE.replace('content = "changes-only"', 'content = "changes-only"\nevery = "weekday"')


def test_a_changes_only_extract_after_a_missing_one_waits_for_a_full_one(tmp_path: Path) -> None:
    firm = Firm(tmp_path, DUE)
    firm.take([worker(1), worker(2)], day(MONDAY))
    firm.take([worker(1, Department="A")], day(3), source="news")
    firm.land([worker(1, Department="C")], day(5), source="news")  # that of the fourth is missing
    assert held(firm, day(5)) == {"gap"}
    firm.land([worker(1, Department="D")], day(6), source="news")
    assert held(firm, day(6)) == {"gap"}
    firm.land([worker(1, Department="F"), worker(2, City="X")], day(6))  # and with it that of the sixth is held no more
    assert [counts.stopped for counts in firm.run(day(5), day(6))] == [None, None]
    assert firm.snapshot() == {"1": "F", "2": None}
    assert firm.sql("select status from extracts where source = 'news' order by business_date") == [
        ("applied",), ("superseded",), ("superseded",),
    ]  # fmt: skip
    firm.take([worker(2, Department="G")], day(9), source="news")  # Monday after Friday: no gap
    assert firm.snapshot() == {"1": "F", "2": "G"}


def test_days_on_which_nothing_changed_are_no_gap(tmp_path: Path) -> None:
    firm = Firm(tmp_path, DUE)
    firm.take([worker(1)], day(MONDAY))
    firm.take([], day(3), source="news")
    assert firm.land([], day(4), source="news").result == "known"  # the same header, and nothing below it
    firm.take([worker(1, Department="B")], day(5), source="news")
    assert firm.snapshot() == {"1": "B"}


def test_the_missing_extract_may_still_come(tmp_path: Path) -> None:
    firm = Firm(tmp_path, DUE)
    firm.take([worker(1), worker(2)], day(MONDAY))
    firm.land([worker(1, Department="B")], day(4), source="news")
    held(firm, day(4))
    firm.land([worker(2, Department="A")], day(3), source="news")
    firm.run(day(3), day(4))
    assert firm.snapshot() == {"1": "B", "2": "A"}


def test_a_date_on_which_nothing_is_due_holds_an_extract(tmp_path: Path) -> None:
    firm = Firm(tmp_path, DUE)
    firm.take([worker(1)], day(6))
    firm.land([worker(1, City="A")], day(7), source="news")
    assert held(firm, day(7)) == {"unexpected_date"}  # a Saturday
    firm.land([worker(1, City="B")], day(9), source="news")
    with pytest.raises(ExtractHeld, match="lies ahead of 2026-11-08"):
        firm.run(day(9), at=dt.datetime(2026, 11, 8, 12, tzinfo=dt.UTC))


def test_an_older_extract_after_a_newer_one_is_held_where_the_profile_says_so(tmp_path: Path) -> None:
    firm = Firm(tmp_path, PROFILE.replace('glob = "people*"', 'glob = "people*"\nlate = "hold"'))
    firm.take([worker(1, City="B")], day(3))
    firm.land([worker(1, City="A")], day(2))
    assert held(firm, day(2)) == {"older"}


def test_acceptance_passes_the_limit_of_quarantine_as_well(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.land([worker(n, Active="?" if n < 25 else "True") for n in range(40)], day(2))
    with pytest.raises(GuardStop):
        firm.run(day(2))
    say(firm, day(2), "accept")
    [counts] = firm.run(day(2))
    assert (counts.quarantined, counts.workers) == (25, 15)


def test_an_extract_is_named_by_the_beginning_of_its_sha256(firm: Firm) -> None:
    firm.land(people(1), day(2))
    with firm.warehouse.write() as con:
        for wrong in ("", "xyz"):
            with pytest.raises(UsageError):
                named(con, wrong)


def test_cohorts_and_trailers_are_checked_with_the_profile() -> None:
    for more, key in (
        ('[workers.whole]\ncohorts = ["hire_date"]\n', "workers.whole.cohorts[0]"),
        ("[[sources]]\nname = 'x'\nglob = 'x'\ntrailer = 'END'\n", "sources[2].trailer"),
    ):
        with pytest.raises(ProfileError) as refused:
            parse_profile(PROFILE + more, "firm.toml")
        assert [fault.key for fault in refused.value.faults] == [key]
