"""Extracts that do not look whole are kept, explained and not applied until a person says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import orjson
import pytest

from hcm_pipeline.errors import ExtractHeld, GuardStop, ProfileError, UsageError
from hcm_pipeline.extracts import decide, named
from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.http import utc_now
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Scratch
from hcm_pipeline.workers import Finding
from hcm_pipeline.workers.completeness import Baseline, find
from hcm_pipeline.workers.staged import Staged

from . import few
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
DUE = PROFILE.replace('content = "changes-only"', 'content = "changes-only"\nevery = "weekday"')


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


@cache
def small(more: str = SMALL, profile: str = PROFILE) -> Profile:
    """A profile whose limits are as small as its firm."""
    return parse_profile(profile + more, "firm.toml").profile


EXTRACTS = {"extract_id": "integer", "source": "varchar", "content": "varchar", "status": "varchar", "business_date": "date",
            "rows": "bigint", "shape": "json"}  # fmt: skip


def found(
    t: Scratch, profile: Profile, staged: Staged, sizes: Sequence[int] = (), known: Sequence[dict[str, object]] = (),
    *, header: Sequence[str] = COLUMNS, last: dt.date | None = None, on: dt.date = few.TODAY, today: dt.date = few.TODAY,
) -> dict[str, Finding]:  # fmt: skip
    """The findings against an extract by rule. Full extracts of so many rows were applied before it, on the first days of the
    month, and workers are known of the first of them."""
    shape = orjson.dumps({"header": list(header)}).decode()
    before = [(n, "people", "full", "applied", day(n), size, shape) for n, size in enumerate(sizes, 1)]
    baseline = Baseline(
        t.of_rows("extracts", EXTRACTS, before), few.known(t, profile, known).workers,
        t.empty("absent", {"person_number": "varchar"}), last,
    )  # fmt: skip
    return {finding.rule: finding for finding in find(t, profile, staged, baseline, on, today)}


NEWS = few.extract(source="news", content="changes-only")


def test_the_number_of_rows_is_compared_with_the_median_of_those_before(t: Scratch) -> None:
    for rows, sizes, rules in (
        (9, [], set()), (20, [20], set()), (16, [20], set()), (15, [20], {"fewer_rows"}), (12, [6], set()),
        (13, [6], {"more_rows"}), (15, [20, 20, 18, 17, 16], set()),
        (13, [20, 20, 18, 17, 16, 15], {"fewer_rows"}), (14, [9, 20, 18, 17, 9], set()),
    ):  # fmt: skip
        staged = few.staged(t, small(), [], records=rows)
        assert found(t, small(), staged, sizes, on=day(9)).keys() == rules, (rows, sizes)
    assert "9 rows" in found(t, small(), few.staged(t, small(), [], records=9), [20])["fewer_rows"].message


def test_a_cohort_that_is_gone_is_found_without_being_named(t: Scratch) -> None:
    known = few.people(*range(8), country="DE") + few.people(8, 9, 10, country="US")
    rows = [*people(*range(8), Country="de"), *people(11, 12, 13, Country="UK")]
    finding = found(t, small(), few.staged(t, small(), rows), [11], known)["fewer_in_cohort"]
    assert "US" not in finding.message
    assert finding.detail == "country 'US': 0 instead of 3"
    assert found(t, small(), few.staged(t, small(), people(*range(8), Country="de")), [8], known[:8]) == {}


def test_a_changes_only_extract_that_holds_everyone_is_found(t: Scratch) -> None:
    for rows, rules in ((6, {"everyone_changed"}), (5, set())):
        staged = few.staged(t, small(), [], NEWS, records=rows)
        assert found(t, small(), staged, known=few.people(*range(10))).keys() == rules


def test_lost_columns_are_found_and_may_be_only_reported(t: Scratch) -> None:
    fewer = few.extract(header=[column for column in COLUMNS if column not in ("City", "Department")])
    staged = few.staged(t, small(), [], fewer, records=1)
    finding = found(t, small(""), staged, [1])["columns_lost"]
    assert "Department, City" in finding.message
    assert found(t, small('[workers.whole]\ncolumns = "report"\n'), staged, [1]) == {}


def test_a_correction_is_compared_with_the_extract_of_the_same_date_whose_place_it_takes(firm: Firm) -> None:
    firm.take([worker(1, City="Leeds")], day(2))
    firm.land([worker(1)], day(2), columns=[column for column in COLUMNS if column != "City"])
    with pytest.raises(ExtractHeld, match="lacks City, which the full extract before it had"):
        firm.run(day(2))
    assert firm.sql("select city from worker_versions where valid_to is null") == [("Leeds",)]


def test_any_other_columns_are_found_where_the_profile_says_so(t: Scratch) -> None:
    exact = small('[workers.whole]\ncolumns = "exact"\n')
    for header, had, rules in (
        (list(reversed(COLUMNS)), COLUMNS, set()), ([*COLUMNS, "Badge"], COLUMNS, {"columns_changed"}),
        (COLUMNS, [*COLUMNS, "Badge"], {"columns_changed"}), ([c for c in COLUMNS if c != "City"], COLUMNS, {"columns_lost"}),
    ):  # fmt: skip
        staged = few.staged(t, exact, [], few.extract(header=header), records=1)
        assert found(t, exact, staged, [1], header=had).keys() == rules
    more = few.staged(t, exact, [], few.extract(header=[*COLUMNS, "Badge"]), records=1)
    assert found(t, exact, more, [1])["columns_changed"].message == "it has Badge, unlike the full extract before it"


def test_a_date_on_which_nothing_is_due_is_found(t: Scratch) -> None:
    due = small("", DUE)
    staged = few.staged(t, due, [], NEWS, records=1)
    friday = found(t, due, staged, last=day(5), on=day(6), today=day(6))
    saturday = found(t, due, staged, last=day(6), on=day(7), today=day(7))
    ahead = found(t, due, staged, last=day(6), on=day(9), today=day(8))
    assert [list(rules) for rules in (friday, saturday, ahead)] == [[], ["unexpected_date"], ["unexpected_date"]]
    assert "lies ahead of 2026-11-08" in ahead["unexpected_date"].message


def test_a_changes_only_extract_follows_the_one_before_it(t: Scratch) -> None:
    due = small("", DUE)
    staged = few.staged(t, due, [], NEWS, records=1)
    for last, rules in ((day(5), {"gap"}), (None, {"gap"}), (day(6), set())):  # Monday after Friday
        assert found(t, due, staged, last=last, on=day(9), today=day(9)).keys() == rules


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
    firm.take([], day(4), source="news")  # the same header, and nothing below it
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
