"""Limits over a week and a month: what goes out a little every day, by what it changes and in which group."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.deciders import Decider
from hcm_pipeline.delivery import Manifest, Plan, ask_undo
from hcm_pipeline.delivery.plan.guard_counts import Census, Scene, grouped
from hcm_pipeline.delivery.plan.guard_windows import Windows
from hcm_pipeline.delivery.plan.guards import Group, judge_window
from hcm_pipeline.profile import GuardKind, GuardLimit, GuardWindow
from hcm_pipeline.warehouse import scratch
from tests.budget import examples

from .house import House, Row, crowd, new_house
from .tables import empty_tables
from .toy_target import PhoneBook


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A fresh home."""
    with new_house(tmp_path) as made:
        yield made


def tripped(made: Plan) -> list[tuple[str, str | None, str | None, int, int, str]]:
    """(kind, attribute, group, operations, base, rule) of every verdict that holds something."""
    return [(v.kind, v.attribute, v.value, v.operations, v.base, v.rule) for v in made.verdicts if v.tripped]


def with_rooms(rows: list[Row], room: str, places: range) -> list[Row]:
    """The same workers when some of them have another room, or none."""
    return [(*row[:5], room, *row[6:]) if place in places else row for place, row in enumerate(rows)]


def delivered(house: House, rows: list[Row], day: int = 1) -> Plan:
    """A plan of one day of November, all of which is free and taken."""
    house.day(f"2026-11-{day:02}", *rows)
    made = house.planned()
    assert tripped(made) == []
    house.accept(made)
    return made


def approve(house: House, manifest: Manifest) -> None:
    """A person lets it go, and the book takes it."""
    with house.journal() as journal:
        journal.approve(manifest.manifest_id, by="ada", why=None, until=house.now + dt.timedelta(hours=1))
    house.accept_all(manifest)


def test_an_attribute_that_a_few_lose_every_day_is_held_until_a_person_has_seen_the_sum(house: House) -> None:
    rows = crowd(45)
    delivered(house, rows)
    rows = with_rooms(rows, "", range(4))
    delivered(house, rows, 2)
    rows = with_rooms(rows, "", range(4, 8))
    house.day("2026-11-03", *rows)
    made = house.plan()
    assert tripped(made) == [("clear", "room", None, 8, 45, "7 days")]
    [held] = made.held
    assert house.users(held).keys() == {"2004", "2005", "2006", "2007"}
    assert "8 of 45 accounts would lose their room within 7 days" in next(
        v for v in made.verdicts if v.tripped
    ).describe(values=False)
    approve(house, held)
    rows = with_rooms(rows, "", range(8, 12))
    delivered(house, rows, 4)  # what the person saw counts no more
    house.day("2026-11-05", *with_rooms(rows, "", range(12, 16)))
    assert tripped(house.plan()) == [("clear", "room", None, 8, 45, "7 days")]


def test_what_comes_back_counts_once_and_what_an_undo_took_back_not_at_all(house: House) -> None:
    rows = crowd(45)
    delivered(house, rows)
    wrong = delivered(house, with_rooms(rows, "", range(4)), 2)
    delivered(house, rows, 3)
    delivered(house, with_rooms(rows, "", range(4)), 4)
    more = with_rooms(rows, "", range(3, 7))
    delivered(house, more, 5)
    assert wrong.manifest is not None
    house.day("2026-11-06", *with_rooms(more, "", range(7, 9)))
    assert tripped(house.plan()) == [("clear", "room", None, 9, 45, "7 days")]
    [last] = house.rows("select manifest_id from manifests where business_date = '2026-11-05'")
    ask_undo(house.con, house.target.key, last[0], Decider("ada", house.now))
    house.day("2026-11-06", *more)
    [back] = [manifest for manifest in house.plan().held if manifest.undoes]
    approve(house, back)
    house.day("2026-11-07", *with_rooms(with_rooms(rows, "Legal", range(3, 7)), "", range(7, 10)))
    assert tripped(house.plan()) == []


def test_the_same_of_the_same_workers_twice_on_one_date_counts_once(house: House) -> None:
    rows = crowd(45)
    delivered(house, rows)
    for some in (with_rooms(rows, "", range(4)), rows, with_rooms(rows, "", range(4))):
        delivered(house, some, 2)
    house.day("2026-11-02", *with_rooms(rows, "", range(30)))
    assert ("clear", "room", None, 30, 45) in [verdict[:5] for verdict in tripped(house.plan())]


def test_a_cohort_whose_rooms_move_over_days_is_held(house: House) -> None:
    fjord, rest = crowd(30, 9000, employer="Fjord AS"), crowd(300)
    house.ruled('[guards]\nlimits = [{ kind = "change", per = "cohort", percent = 75, at_least = 20 }]')
    delivered(house, fjord + rest)
    for day in range(3):
        fjord = with_rooms(fjord, "Legal", range(8 * day, 8 * day + 8))
        delivered(house, fjord + rest, 2 + day)
    house.day("2026-11-05", *with_rooms(fjord, "Legal", range(24, 30)), *with_rooms(rest, "Legal", range(5)))
    made = house.planned()
    assert tripped(made) == [("change", "room", "Fjord AS", 30, 30, "7 days")]
    assert house.sends(made).keys() == {str(2000 + i) for i in range(5)}


def test_a_slow_reorganisation_is_held_once_and_its_groups_not_again(house: House) -> None:
    rows = crowd(20, employer="Fjord AS") + crowd(20, 3000)
    house.ruled(
        "[guards]\nlimits = [{ kind = 'change', percent = 25, at_least = 10 },"
        " { kind = 'change', per = 'legal_employer', percent = 60, at_least = 5 }]"
    )
    delivered(house, rows)
    held = []
    for day in range(5):
        rows = [
            (*row[:5], "Legal", *row[6:]) if place % 20 in range(4 * day, 4 * day + 4) else row
            for place, row in enumerate(rows)
        ]
        house.day(f"2026-11-{day + 2:02}", *rows)
        made = house.plan()
        held += [(day, *one) for one in tripped(made)]
        for manifest in made.held:
            approve(house, manifest)
        if made.manifest is not None:
            house.accept_all(made.manifest)
    assert held == [(2, "change", "room", None, 24, 40, "7 days")]


def test_a_pilot_before_the_first_load_disables_no_judgement_and_stops_nothing_ordinary(house: House) -> None:
    rows = crowd(100)
    delivered(house, rows[:6])
    delivered(house, rows, 2)
    rows = with_rooms(rows, "Legal", range(20))
    delivered(house, rows, 3)
    rows = with_rooms(rows, "Legal", range(20, 40))
    delivered(house, rows, 4)
    house.day("2026-11-05", *with_rooms(rows, "Legal", range(40, 60)))
    assert ("change", "room", None, 60, 100, "7 days") in tripped(house.plan())


@pytest.mark.parametrize(
    ("percent", "factor", "base", "floor", "allowed"),
    [(75, 4, 60, 50, 54), (50, 4, 40, 10, 30), (25, 4, 1000, 100, 625)],
)
def test_no_window_allows_a_group_to_change_as_a_whole(
    percent: float, factor: float, base: int, floor: int, allowed: int
) -> None:
    limit = GuardLimit(kind=GuardKind.CHANGE, percent=percent)
    assert judge_window(limit, GuardWindow(days=30, factor=factor), Group(None, 1, base, None), floor)[0] == allowed


def test_a_limit_that_is_a_share_of_all_workers_counts_over_days_too(house: House) -> None:
    """As those of writeback are: a part of the workers has been written."""
    house.ruled('[guards]\nlimits = [{ kind = "update", max = 6 }]')
    house.rules = replace(house.rules, share_of=60)
    rows = crowd(20)
    delivered(house, rows)
    for day in range(2):
        rows = with_rooms(rows, "Legal", range(6 * day, 6 * day + 6))
        delivered(house, rows, 2 + day)
    house.day("2026-11-04", *with_rooms(rows, "Legal", range(12, 14)))
    assert tripped(house.plan()) == [("update", None, None, 14, 60, "7 days")]


# --- what is sent again


def test_what_may_have_arrived_is_judged_by_what_it_may_have_done(house: House) -> None:
    """A plan for many leavers that a person let go, of which nobody knows whether it arrived; then HR takes it back."""
    house.ruled("[delivery]\ncanary = 0")
    rows = crowd(60)
    delivered(house, rows)
    house.day("2026-11-02", *((row[0], "False", *row[2:]) for row in rows[:12]))
    [held] = house.plan().held
    with house.journal() as journal:
        journal.approve(held.manifest_id, by="ada", why=None, until=house.now + dt.timedelta(hours=1))
        journal.start(held.manifest_id)
        assert journal.begin_send(held.manifest_id, 0)
    made = house.plan()
    assert tripped(made) == []  # the same once more is not asked about again
    assert [manifest.operations for manifest in made.approved] == [12]
    house.day("2026-11-03", *rows)
    made = house.plan()
    assert made.counts == {"retry": 12}
    assert [(kind, operations) for kind, _, _, operations, _, _ in tripped(made)] == [("enable", 12)]


def test_of_several_versions_that_may_have_arrived_each_is_judged_by(house: House) -> None:
    """Of the leavers and of those who came back nobody knows; the next record changes a room, and may open accounts by that."""
    house.ruled("[delivery]\ncanary = 0")
    rows = crowd(60)
    delivered(house, rows)
    for day, status in (("2026-11-02", "False"), ("2026-11-03", "True")):
        house.day(day, *((row[0], status, *row[2:]) for row in rows[:12]))
        [held] = house.plan().held
        with house.journal() as journal:
            journal.approve(held.manifest_id, by="ada", why=None, until=house.now + dt.timedelta(hours=1))
            journal.start(held.manifest_id)
            assert journal.begin_send(held.manifest_id, 0)
    house.day("2026-11-04", *with_rooms(rows, "Legal", range(12)))
    made = house.plan()
    assert ("enable", 12) in [(kind, operations) for kind, _, _, operations, _, _ in tripped(made)]


def test_records_for_accounts_of_which_the_target_has_another_version_are_held_unless_they_are_few(
    house: House,
) -> None:
    rows = crowd(60)
    delivered(house, rows)
    others = """insert into unknown_versions by name
        select ? as target, person_number, now() as since from delivered order by 2 limit ?"""
    house.con.execute(others, [house.target.key, 5])
    few = house.planned()
    assert (few.counts, tripped(few)) == ({"retry": 5}, [])
    house.con.execute("delete from unknown_versions")
    house.con.execute(others, [house.target.key, 12])
    made = house.plan()
    assert tripped(made) == [("resend", None, None, 12, 60, "percent")]
    assert [(m.held_for, m.operations) for m in made.held] == [("resend", 12)]


def test_a_disabled_record_that_a_person_let_go_is_sent_again_without_another_word(house: House) -> None:
    rows = crowd(60)
    delivered(house, rows)
    house.day("2026-11-02", *((row[0], "False", *row[2:]) for row in rows[:12]))
    [held] = house.plan().held
    approve(house, held)
    house.con.execute(
        "insert into unknown_versions by name select target, person_number, now() as since from delivered where printed = 'no'",
        [],
    )
    made = house.planned()
    assert (made.counts, tripped(made)) == ({"retry": 12}, [])


# --- a property: windows count what a plain count does


@dataclass(frozen=True)
class Sent:
    """A plan of days ago: the workers whose room it changes (True: it clears it)."""

    ago: int
    changes: dict[int, bool]
    held: bool
    accepted: bool
    undone: bool


SENT = st.builds(
    Sent, st.integers(0, 40), st.dictionaries(st.integers(0, 9), st.booleans(), min_size=1, max_size=4),
    st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip
DAY = dt.date(2026, 11, 30)
DAYS = (7, 30)


@settings(max_examples=examples(6))
@given(st.lists(SENT, max_size=6), st.dictionaries(st.integers(0, 9), st.booleans(), max_size=4))
def test_windows_count_the_workers_that_a_plain_count_does(sent: list[Sent], today: dict[int, bool]) -> None:
    target = PhoneBook()
    with empty_tables() as con, scratch(con) as t:
        con.begin()
        try:
            for number, plan in enumerate(sent, 1):
                _enter(con, target.key, number, plan)
            delivered = t.of_rows(
                "delivered", dict.fromkeys(("person_number", "name", "room", "printed"), "VARCHAR") | {"plan_no": "INTEGER"},
                [(f"w{i}", "n", "old", "yes", 0) for i in range(10)],
            )  # fmt: skip
            operations = t.of_rows(
                "operations", dict.fromkeys(("person_number", "name", "room", "printed", "kind"), "VARCHAR"),
                [(f"w{i}", "n", None if cleared else "new", "yes", "update") for i, cleared in today.items()],
            )  # fmt: skip
            groups = t.of_rows(
                "groups", {"person_number": "VARCHAR", "valid_from": "DATE", "valid_to": "DATE", "country": "VARCHAR"},
                [(f"w{i}", dt.date(2020, 1, 1), None, "NO" if i < 4 else "DE") for i in range(10)],
            )  # fmt: skip
            scene = Scene(target, DAY, operations, delivered, groups, ("country",), ("room",))
            judged = grouped(t, scene)
            census = Census(t, scene, judged, 30, DAYS)
            windows = Windows(t, scene, judged, census, DAYS)
            for days in DAYS:
                for kind in (GuardKind.CHANGE, GuardKind.CLEAR):
                    for field, value, members in ((None, None, range(10)), ("country", "NO", range(4))):
                        before = _counted(sent, kind, days, members)
                        both = before.keys() | _chosen(today, kind, members)
                        found = windows.count(kind, "room", field, value, days)
                        assert found.operations == len(both)
                        assert found.base == len(members)
                        at_most = windows.at_most(field, value, f"{kind} room", days)
                        assert at_most >= len(before)
                        tally = census.tally(field)
                        alone = _counted([one for one in sent if one.ago == 0], kind, days, members)
                        assert tally.operations(value, f"{kind} room") == alone.total() + len(
                            _chosen(today, kind, members)
                        )
        finally:
            con.rollback()


def _chosen(changes: dict[int, bool], kind: GuardKind, members: range) -> set[int]:
    return {i for i, cleared in changes.items() if i in members and (cleared or kind is GuardKind.CHANGE)}


def _counted(sent: list[Sent], kind: GuardKind, days: int, members: range) -> Counter[int]:
    """How often each worker counts."""
    free = [one for one in sent if one.accepted and not one.held and not one.undone and one.ago < days]
    return Counter(i for one in free for i in _chosen(one.changes, kind, members))


def _enter(con: object, target: str, number: int, plan: Sent) -> None:
    """A plan in the warehouse, as planning and taking over leave it; an undone one with its undo."""
    run = con.execute  # type: ignore[attr-defined]
    date = DAY - dt.timedelta(days=plan.ago)
    manifest = "insert into manifests values (?, ?, ?, ?, 1, 1, ?, ?, ?)"
    run(
        manifest,
        [
            f"m{number}",
            number,
            date,
            target,
            dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
            "change" if plan.held else None,
            None,
        ],
    )
    counts = {(kind, value): len(_chosen(plan.changes, kind, members)) for kind in (GuardKind.CHANGE, GuardKind.CLEAR)
              for value, members in ((None, range(10)), ("NO", range(4)), ("DE", range(4, 10)))}  # fmt: skip
    for (kind, value), count in counts.items():
        if count and not plan.held:
            run(
                "insert into plan_counts values (?, ?, 'room', ?, ?, ?)",
                [number, kind, value and "country", value, count],
            )
    for i, cleared in plan.changes.items():
        run("insert into operations values (?, 0, ?, ?, 'update', md5('')::uuid)", [number, i, f"w{i}"])
        for kind in (GuardKind.CHANGE, *([GuardKind.CLEAR] if cleared else [])):
            if not plan.held:
                run("insert into counted_changes values (?, 0, ?, ?, 'room')", [number, f"w{i}", kind])
    if plan.accepted:
        run("insert into accepted_requests values (?, 0, now(), 0)", [number])
    if plan.accepted and plan.undone:
        undo = number + 100
        run(manifest, [f"m{undo}", undo, DAY, target, dt.datetime(2026, 11, 1, tzinfo=dt.UTC), "undo", f"m{number}"])
        for i in plan.changes:
            run("insert into operations values (?, 0, ?, ?, 'update', md5('')::uuid)", [undo, i, f"w{i}"])
        run("insert into accepted_requests values (?, 0, now(), 0)", [undo])
