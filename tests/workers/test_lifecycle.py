"""The stage of a worker when a date comes: through whole days, and against a plain reading of the rules."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.errors import ProfileError
from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.profile import Life
from hcm_pipeline.warehouse import DUCKDB_TYPES, Scratch, memory, scratch
from hcm_pipeline.workers.lifecycle import circumstances_of, moment_of, with_lifecycle
from tests.budget import examples

from . import few
from .driver import PROFILE, Firm, day, worker

STAGED = """
[workers.life]
prehire_days = 5
grace_days = 1
steps = [{ stage = "moved", after_days = 3 }, { stage = "hidden", after_days = 6 }]
"""

NAMED = True


def firm_with(folder: Path, more: str) -> Firm:
    return Firm(folder, more=more)


def test_a_hire_is_known_ahead_named_in_the_window_and_starts_on_its_day_without_another_extract(
    tmp_path: Path,
) -> None:
    firm = firm_with(tmp_path, STAGED)
    counts = firm.take([worker(1, Hired="2026-11-10"), worker(2)], day(3))
    assert (counts.changes, counts.identities_given) == ({"joiner": 1, "future_hire": 1}, 1)
    assert firm.lives()["1"] == ("future", False)
    [four] = firm.run(day(4))
    assert (four.changes, four.identities_given) == ({}, 0)
    [five] = firm.run(day(5))
    assert (five.extracts, five.changes, five.identities_given) == (0, {"prehire": 1}, 1)
    assert firm.lives()["1"] == ("prehire", False)
    [ten] = firm.run(day(10))
    assert (ten.changes, firm.lives()["1"]) == ({"joiner": 1}, ("active", True))


def test_a_last_day_is_a_working_day_and_what_follows_comes_by_itself(t: Scratch, tmp_path: Path) -> None:
    stages = {number: lived(t, STAGED, day(number), {"termination_date": day(4)})["1"] for number in range(4, 12)}
    assert stages == {4: ("active", True), 5: ("grace", True), 6: ("left", False), 7: ("moved", False), 8: ("moved", False),
                      9: ("moved", False), 10: ("hidden", False), 11: ("hidden", False)}  # fmt: skip
    firm = firm_with(tmp_path, STAGED)
    firm.take([worker(1, Left="2026-11-04")], day(3))
    firm.run(day(4), day(5), day(6), day(8))
    kinds = firm.sql("select day(business_date), kind from changes order by 1")
    assert kinds == [(3, "joiner"), (5, "leaver"), (6, "offboarding"), (8, "offboarding")]


def test_days_that_nobody_ran_are_made_up_for_by_the_next_one(tmp_path: Path) -> None:
    firm = firm_with(tmp_path, STAGED)
    firm.take([worker(1, Left="2026-11-04"), worker(2, Hired="2026-11-28")], day(3))
    [counts] = firm.run(day(29))
    assert counts.changes == {"joiner": 1, "leaver": 1}
    assert firm.lives() == {"1": ("hidden", False), "2": ("active", True)}


def test_a_reversed_termination_a_hire_put_off_and_a_no_show_each_have_their_kind(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.take([worker(1, Left="2026-11-20"), worker(2, Hired="2026-11-10"), worker(3, Hired="2026-11-10")], day(3))
    firm.take([worker(1), worker(2, Hired="2026-11-12"), worker(3, Hired="2026-11-10", Active="False")], day(4))
    assert firm.kinds(day(4)) == {"1": "reversed_termination", "2": "correction", "3": "no_show"}
    firm.run(day(12), day(21))
    assert firm.lives() == {"1": ("active", True), "2": ("active", True), "3": ("left", False)}


def test_a_back_dated_termination_ends_today_and_not_the_past(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.take([worker(1)], day(3))
    firm.take([worker(1, Active="False", Left="2026-10-15")], day(4))
    assert firm.kinds(day(4)) == {"1": "leaver"}
    assert firm.snapshot(day(3), "active") == {"1": True}


ZONES = """
[extra_fields.zone]
column = "Zone"
[workers.life]
zone_field = "zone"
zones = [{ when = "country = 'US'", zone = "Pacific/Honolulu" }]
"""


def test_the_last_day_ends_at_midnight_where_the_worker_is_and_a_later_run_of_the_day_sees_it(tmp_path: Path) -> None:
    firm = firm_with(tmp_path, ZONES)
    columns = ["Number", "Active", "First", "Last", "Left", "Country", "Zone"]
    rows = [worker(1, Left="2026-11-04", Zone="Pacific/Auckland"), worker(2, Left="2026-11-04"),
            worker(3, Left="2026-11-04", Country="US"), worker(4, Left="2026-11-04", Zone="Nowhere/Atlantis")]  # fmt: skip
    firm.land(rows, day(4), columns=columns)

    def gone(date: dt.date, hour: int) -> tuple[set[str], bool]:
        [counts] = firm.run(date, at=dt.datetime(date.year, date.month, date.day, hour, tzinfo=dt.UTC))
        return {number for number, (stage, _) in firm.lives().items() if stage == "left"}, counts.unchanged

    assert gone(day(4), 10) == (set(), False)
    assert gone(day(4), 12) == ({"1"}, False)  # midnight in Auckland was at 11:00 UTC
    assert gone(day(4), 13) == ({"1"}, True)
    assert gone(day(5), 1) == ({"1", "2", "4"}, False)
    assert gone(day(5), 9) == ({"1", "2", "4"}, True)
    assert gone(day(5), 11) == ({"1", "2", "3", "4"}, False)  # midnight in Honolulu was at 10:00 UTC
    assert firm.kinds(day(4)) == {"1": "former", "2": "joiner", "3": "joiner", "4": "joiner"}


def test_a_date_is_judged_at_its_own_time(tmp_path: Path) -> None:
    noon = dt.datetime(2026, 11, 10, 12, tzinfo=dt.UTC)
    assert moment_of(day(10), noon, "UTC") == noon
    assert moment_of(day(9), noon, "UTC") == dt.datetime(2026, 11, 9, 23, 59, 59, tzinfo=dt.UTC)
    assert moment_of(day(11), noon, "Asia/Tokyo") == dt.datetime(2026, 11, 10, 15, tzinfo=dt.UTC)


def lived(
    t: Scratch, more: str, today: dt.date, *workers: dict[str, object], missing: tuple[str, ...] = ()
) -> dict[str, object]:
    """Person number to stage and whether the account is enabled at noon, under a profile with more in it."""
    profile = parse_profile(PROFILE + more, "firm.toml").profile
    columns = few.columns_of(profile, {})
    rows = [{"person_number": str(number), "active": True} | each for number, each in enumerate(workers, 1)]
    facts = t.of_rows("facts", columns, [[row.get(name) for name in columns] for row in rows])
    gone = [(number, "missing", None) for number in missing]
    absences = t.of_rows("absences", {"person_number": "varchar", "status": "varchar", "valid_to": "date"}, gone)
    around = circumstances_of(t, profile.workers.life, absences)
    select = (
        f"select person_number, life_stage, active from {with_lifecycle(profile, str(facts), few.noon(today), around)}"
    )
    return {number: (stage, enabled) for number, stage, enabled in t.rows(select)}


def test_a_prehire_account_is_enabled_where_the_profile_says_so(t: Scratch) -> None:
    hired: dict[str, object] = {"hire_date": day(10)}
    assert lived(t, "", day(3), hired) == {"1": ("prehire", False)}
    assert lived(t, "[workers.life]\nprehire_active = true\n", day(3), hired) == {"1": ("prehire", True)}


def test_an_earlier_last_day_does_not_end_a_later_employment(t: Scratch) -> None:
    left = dt.date(2025, 1, 31)
    found = lived(t, "", day(3), {"hire_date": dt.date(2026, 10, 1), "termination_date": left},
                  {"hire_date": day(10), "termination_date": left})  # fmt: skip
    assert found == {"1": ("active", True), "2": ("prehire", False)}


def test_a_status_that_yields_to_dates_counts_only_where_no_date_speaks(t: Scratch) -> None:
    workers: list[dict[str, object]] = [
        {"termination_date": day(20)}, {"hire_date": day(10)}, {"hire_date": dt.date(2020, 1, 1)}, {},
    ]  # fmt: skip
    found = lived(
        t, '[workers.life]\nstatus = "yields-to-dates"\n', day(3), *({"active": False} | each for each in workers)
    )
    assert found == {"1": ("active", True), "2": ("prehire", False), "3": ("left", False), "4": ("left", False)}


def test_absence_ends_a_worker_only_where_the_profile_says_so(t: Scratch) -> None:
    assert lived(t, "", day(3), {}, {}, missing=("2",)) == {"1": ("active", True), "2": ("active", True)}
    assert lived(t, ABSENT, day(3), {}, {}, missing=("2",)) == {"1": ("active", True), "2": ("missing", False)}


ABSENT = '[workers.life]\nmissing = "disable"\n'


def test_two_complete_absences_in_a_row_make_a_worker_missing_until_they_are_back(tmp_path: Path) -> None:
    firm = firm_with(tmp_path, ABSENT)
    firm.take([worker(1), worker(2)], day(3))
    firm.take([worker(1, City="A")], day(4))
    assert firm.lives()["2"] == ("active", True)
    firm.take([worker(1)], day(5), source="news")
    firm.take([worker(1, City="B")], day(7))
    assert firm.lives()["2"] == ("missing", False)
    firm.take([worker(1, City="C"), worker(2)], day(8))
    assert firm.lives()["2"] == ("active", True)
    assert firm.sql("select status, day(valid_from), day(valid_to) from absences order by 2") == [
        ("absent", 4, 7), ("missing", 7, 8),
    ]  # fmt: skip
    assert firm.sql("select day(business_date), kind from changes where person_number = '2' order by 1") == [
        (3, "joiner"), (7, "missing"), (8, "found"),
    ]  # fmt: skip


def test_another_profile_judges_every_life_again(tmp_path: Path) -> None:
    Firm(tmp_path).take([worker(1, Left="2026-11-04"), worker(2, Hired="2026-11-18")], day(5))
    firm = firm_with(tmp_path, "[workers.life]\ngrace_days = 5\nprehire_days = 2\n")
    assert firm.take([worker(1, Left="2026-11-04"), worker(2, Hired="2026-11-18"), worker(3)], day(6)).changes == {
        "future_hire": 1, "joiner": 1, "offboarding": 1,
    }  # fmt: skip
    assert firm.lives() == {"1": ("grace", True), "2": ("future", False), "3": ("active", True)}
    assert firm.sql("select day(next_at) from worker_versions where valid_to is null order by person_number") == [
        (10,), (16,), (None,),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("life", "key"),
    [
        ('steps = [{ stage = "left", after_days = 3 }]', "workers.life.steps[0].stage"),
        ('grace_days = 3\nsteps = [{ stage = "moved", after_days = 3 }]', "workers.life.steps[0].after_days"),
        ('zone_field = "hire_date"', "workers.life.zone_field"),
        ("on_leave = \"life_stage = 'left'\"", "workers.life.on_leave"),
        ('zones = [{ when = "country", zone = "UTC" }]', "workers.life.zones[0].when"),
    ],
)
def test_a_life_that_makes_no_sense_is_refused_by_key(life: str, key: str) -> None:
    with pytest.raises(ProfileError) as refused:
        parse_profile(f"{PROFILE}\n[workers.life]\n{life}\n", "firm.toml")
    assert [fault.key for fault in refused.value.faults] == [key]


START = dt.date(2026, 1, 1)
DATES = st.none() | st.integers(-9, 25).map(lambda n: START + dt.timedelta(days=n))
STEPS = ({"stage": "moved", "after_days": 4}, {"stage": "hidden", "after_days": 9})
LIVES = st.builds(
    Life,
    status=st.sampled_from(["must-agree", "yields-to-dates"]),
    prehire_days=st.none() | st.integers(0, 6),
    grace_days=st.integers(0, 3),
    steps=st.integers(0, 2).map(lambda n: STEPS[:n]),
)  # fmt: skip


def stage_of(life: Life, active: bool, hire: dt.date | None, end: dt.date | None, today: dt.date) -> str:
    """A plain reading of the table in workers/lifecycle.py."""
    last = end if hire is None or (end is not None and end >= hire) else None
    ahead = hire is not None and hire > today
    heard = active if life.status == "must-agree" else active or last is not None or ahead
    if ahead and not heard:
        return "left" if end is not None and hire is not None and end < hire else "no_show"
    if ahead and hire is not None:
        far = life.prehire_days is not None and (hire - today).days > life.prehire_days
        return "future" if far else "prehire"
    gone = (today - last).days if last is not None else None
    if gone is not None:
        for step in reversed(life.steps):
            if gone >= step.after_days:
                return step.stage
        if gone > life.grace_days:
            return "left"
        if life.grace_days and (gone > 0 or not heard):
            return "grace"
    return "active" if heard else "left"


@settings(max_examples=examples(8), deadline=None)
@given(life=LIVES, people=st.lists(st.tuples(st.booleans(), DATES, DATES), min_size=30, max_size=60))
def test_stages_are_those_of_the_table_on_every_day_and_change_only_when_their_moment_comes(
    life: Life, people: list[tuple[bool, dt.date | None, dt.date | None]]
) -> None:
    profile = parse_profile(PROFILE, "firm.toml").profile
    profile = profile.model_copy(update={"workers": profile.workers.model_copy(update={"life": life})})
    with memory() as con, scratch(con) as t:
        absences = t.empty("absences", {"person_number": "varchar", "status": "varchar", "valid_to": "date"})
        around = circumstances_of(t, life, absences)
        columns = {name: DUCKDB_TYPES[kind] for name, kind in profile.types.items()}
        facts = t.of_rows(
            "facts", columns, [[fact(name, str(n), person) for name in columns] for n, person in enumerate(people)]
        )
        due: dict[str, dt.datetime | None] = {}
        stages: dict[str, str] = {}
        for number in range(-10, 40):
            today = START + dt.timedelta(days=number)
            moment = dt.datetime.combine(today, dt.time(12), dt.UTC)
            lived = with_lifecycle(profile, str(facts), moment, around)
            for who, stage, next_at in t.rows(f"select person_number, life_stage, next_at from {lived}"):
                assert stage == stage_of(life, *people[int(who)], today)
                at = due.get(who)
                came = who not in stages or (at is not None and at <= moment)
                assert came == (stages.get(who) != stage), (people[int(who)], today)
                stages[who], due[who] = stage, next_at


def fact(field: str, number: str, person: tuple[bool, dt.date | None, dt.date | None]) -> object:
    active, hired, left = person
    facts = {"person_number": number, "active": active, "hire_date": hired, "termination_date": left}
    return facts.get(field)
