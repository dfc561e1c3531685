"""Cleared values: whether a null takes effect, which values stay until when, and what stands in the place of null."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hcm_pipeline.deciders import Decider
from hcm_pipeline.delivery import (
    ByHand,
    Manifest,
    NullFlow,
    NullFlows,
    ask_undo,
    bodies,
    cleared_by_hand,
    close_shown_empty,
    folder_of,
    preview,
    read_summary,
    send_again,
    why_read,
)
from hcm_pipeline.profile import Outcomes
from hcm_pipeline.warehouse import scratch

from .house import House, Row, new_house

ANN: Row = ("2001", "True", "Ann", "Lee", "", "Sales")
BEN: Row = ("2002", "True", "Ben", "Okri", "", "Lab")


def without_room(row: Row) -> Row:
    return (*row[:5], "")


def columns(house: House, *, clears: bool = False, instead: str | None = None) -> None:
    """The profile's words about the room: whether nulls flow, and what stands in the place of null."""
    house.target.columns = tuple(
        replace(column, clears=clears, instead=instead) if column.name == "room" else column
        for column in house.target.columns
    )  # type: ignore[assignment]


def told(house: House, flow: NullFlow, why_not: str | None = None) -> str | None:
    """The service says what becomes of nulls in the room; the news that nobody may ask."""
    house.sleep(60)
    house.target.nulls = NullFlows(house.now, {} if why_not else {"name": NullFlow.STAYS, "room": flow}, why_not)
    return house.read().flows_unread


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A book of two entries in which nulls clear no room, until somebody says otherwise."""
    with new_house(tmp_path) as made:
        columns(made)
        made.day("2026-11-01", ANN, BEN)
        made.accept(made.planned())
        made.read()
        yield made


def stale(house: House) -> list[tuple[str, str, str, bool]]:
    return house.rows('select person_number, attribute, "value", clearable from stale_values order by all')


def closed(house: House) -> list[tuple[str, str]]:
    return house.rows("select person_number, closed_by from clearings where closed_at is not null order by all")


def cleared(house: House) -> Manifest:
    """HR clears a room, and the book takes the record without it."""
    house.day("2026-11-02", without_room(ANN))
    made = house.planned()
    assert made.manifest is not None
    house.accept(made)
    house.sleep(1)
    house.read()
    return made.manifest


def test_a_plan_says_which_clearings_will_not_take_effect(house: House) -> None:
    house.day("2026-11-02", without_room(ANN))
    with scratch(house.con) as t, house.journal() as journal:
        assert preview(t, house.task(t), journal).stays == {"room"}
    made = house.planned()
    assert made.stays == {"room": 1}
    assert made.manifest is not None
    [room] = read_summary(folder_of(house.home.manifests, made.manifest))["attributes"]
    assert room == {"attribute": "room", "from": "room", "changed": 1, "cleared": 1, "stays": 1}


def test_a_cleared_value_stays_as_long_as_nothing_takes_it_away(house: House) -> None:
    cleared(house)
    assert stale(house) == [("2001", "room", "Sales", False)]
    house.day("2026-11-03", ("2001", "True", "Ann", "Poe", "", ""))
    house.accept(house.planned())
    house.read()
    assert stale(house) == [("2001", "room", "Sales", False)]
    assert house.plan().manifests == ()


def test_where_nulls_flow_a_clearing_takes_effect_and_nothing_is_found(house: House) -> None:
    told(house, NullFlow.FLOWS)
    house.day("2026-11-02", without_room(ANN))
    made = house.planned()
    assert made.stays == {}
    house.accept(made)
    assert stale(house) == []
    house.sleep(1)
    house.read()
    assert (stale(house), closed(house)) == ([], [("2001", "null")])


def test_a_clearing_is_not_closed_before_the_service_says_that_the_record_was_good(house: House) -> None:
    told(house, NullFlow.FLOWS)
    house.target.barred = frozenset({"2001"})
    cleared(house)
    assert closed(house) == []
    house.target.barred = frozenset()
    house.day("2026-11-03", ("2001", "True", "Ann", "Poe", "", ""))
    house.accept(house.planned())
    house.read()
    assert closed(house) == [("2001", "null")]


def test_a_value_that_has_come_again_stays_no_more(house: House) -> None:
    cleared(house)
    house.day("2026-11-03", ANN)
    house.accept(house.planned())
    assert (stale(house), closed(house)) == ([], [("2001", "value")])


def test_when_nulls_begin_to_flow_an_ordinary_update_clears_what_stays(house: House) -> None:
    cleared(house)
    told(house, NullFlow.FLOWS)
    assert stale(house) == [("2001", "room", "Sales", True)]
    made = house.planned()
    assert made.counts == {"update": 1}
    assert house.sends(made)["2001"]["room"] is None
    assert made.stays == {}
    house.accept(made)
    house.sleep(1)
    house.read()
    assert (stale(house), closed(house)) == ([], [("2001", "null")])
    assert house.plan().manifests == ()


def test_a_plan_shows_the_value_that_an_update_takes_away(house: House) -> None:
    cleared(house)
    told(house, NullFlow.FLOWS)
    with scratch(house.con) as t, house.journal() as journal:
        found = preview(t, house.task(t), journal)
        assert t.rows(f"select person_number, room from {found.delivered} order by 1") == [
            ("2001", "Sales"),
            ("2002", "Lab"),
        ]
        assert t.rows(f"select person_number, kind, room from {found.operations}") == [("2001", "update", None)]


def test_a_guard_counts_what_an_update_takes_away(house: House) -> None:
    rows: list[Row] = [(f"{3000 + i}", "True", "A", f"B{i}", "", "Sales") for i in range(20)]
    house.day("2026-11-02", *rows)
    house.accept(house.planned())
    house.ruled('[[guards.limits]]\nkind = "clear"\nmax = 100')
    house.day("2026-11-03", *map(without_room, rows))
    house.accept(house.planned())
    house.ruled('[[guards.limits]]\nkind = "clear"\nmax = 5')
    told(house, NullFlow.FLOWS)
    made = house.plan()
    [held] = made.held
    assert (held.held_for, held.operations) == ("clear", 20)
    with house.journal() as journal:
        journal.reject(held.manifest_id, by="ada", why="they are to keep it")
    made = house.plan()
    assert (made.manifests, made.withheld) == ((), {"rejected": 20})


def test_the_profile_may_say_that_nulls_flow_where_the_service_does_not_tell(house: House) -> None:
    cleared(house)
    columns(house, clears=True)
    made = house.planned()
    assert house.sends(made)["2001"]["room"] is None
    house.accept(made)
    house.sleep(1)
    house.read()
    assert stale(house) == []


def test_the_services_word_goes_before_the_profiles(house: House) -> None:
    columns(house, clears=True)
    house.plan()
    told(house, NullFlow.STAYS)
    assert cleared(house)
    assert stale(house) == [("2001", "room", "Sales", False)]


def test_where_nobody_may_ask_that_is_told_once_and_the_profile_stands(house: House) -> None:
    columns(house, clears=True)
    house.plan()
    told(house, NullFlow.STAYS)
    assert told(house, NullFlow.STAYS, "the app may not read it") == "the app may not read it"
    assert told(house, NullFlow.STAYS, "the app may not read it") is None
    cleared(house)
    assert stale(house) == []
    told(house, NullFlow.FLOWS)
    house.target.nulls = NullFlows(house.now, {}, "no answer", stands=True)  # what was known stays
    assert (house.read().flows_unread, house.read().flows_unread) == ("no answer", None)
    assert house.rows("select distinct by_service from null_flows where attribute = 'room'") == [("flows",)]
    house.target.nulls = None
    house.read()
    assert house.rows("select why_not from null_flow_reads") == [("no answer",)]


def test_of_an_attribute_that_the_service_does_not_use_nothing_stays(house: House) -> None:
    told(house, NullFlow.UNUSED)
    cleared(house)
    assert (stale(house), closed(house)) == ([], [])


def test_when_nulls_cease_to_flow_what_was_sent_before_the_outcome_is_not_taken_for_cleared(house: House) -> None:
    house.target.at_once = False
    told(house, NullFlow.FLOWS)
    house.day("2026-11-02", without_room(ANN))
    house.accept(house.planned())
    told(house, NullFlow.STAYS)
    assert stale(house) == [("2001", "room", "Sales", False)]


@pytest.mark.parametrize("made", [False, True], ids=["never made", "made by a retry that the log does not tell of"])
def test_an_account_that_the_service_could_not_make_keeps_nothing_unless_there_is_one(
    tmp_path: Path, made: bool
) -> None:
    with new_house(tmp_path) as house:
        columns(house)
        house.target.barred = frozenset({"2001"})
        house.day("2026-11-01", ANN, BEN)
        house.accept(house.planned())
        house.read()
        house.target.at_once = False
        house.day("2026-11-02", without_room(ANN))
        house.accept(house.planned())
        assert stale(house) == []
        if made:
            house.target.log[-1] = replace(house.target.log[-1], action="update")
        house.sleep(1)
        house.read()
        assert stale(house) == ([("2001", "room", "Sales", False)] if made else [])


def test_a_person_says_that_a_value_is_gone(house: House) -> None:
    cleared(house)
    for number, attribute, count in (("2002", None, 0), ("2001", "name", 0), ("2001", "room", 1), ("2001", "room", 0)):
        said = ByHand(number, attribute, "in the portal", Decider("ada", house.now))
        assert cleared_by_hand(house.con, house.target.key, said) == count
    assert (stale(house), closed(house)) == ([], [("2001", "person")])
    [decision] = house.rows('select person_number, attribute, "values", decided_by, why, how from clearing_decisions')
    assert decision == ("2001", "room", 1, "ada", "in the portal", "cli")


@pytest.mark.parametrize(("number", "attribute", "later", "gone"), [
    ("2001", "room", 5, True), ("2001", "room", -5, False), ("2002", "room", 5, False), ("2001", "name", 5, False),
])  # fmt: skip
def test_a_directory_that_was_read_after_the_outcome_shows_it_empty(
    house: House, number: str, attribute: str, later: int, gone: bool
) -> None:
    cleared(house)
    [(logged,)] = house.rows("select max(logged_at) from outcomes where person_number = '2001'")
    with scratch(house.con) as t:
        kinds = {"person_number": "varchar", "attribute": "varchar", "read_at": "timestamptz"}
        shown = t.of_rows("shown", kinds, [(number, attribute, logged + dt.timedelta(seconds=later))])
        assert close_shown_empty(t, house.target.key, shown) == int(gone)
    assert closed(house) == ([("2001", "directory")] if gone else [])


def test_the_service_is_asked_again_after_a_day_while_something_stays(house: House) -> None:
    rules = Outcomes.model_validate({})
    told(house, NullFlow.STAYS)
    cleared(house)
    house.sleep(3600)
    told(house, NullFlow.STAYS)
    assert why_read(house.con, house.target, rules, house.now) is None
    house.sleep(24 * 3600)
    assert "1 cleared value stays in accounts" in (why_read(house.con, house.target, rules, house.now) or "")


# --- what stands in the place of null


def test_a_value_of_the_profile_stands_in_the_place_of_null_and_stays(house: House) -> None:
    columns(house, instead="N/A")
    house.day("2026-11-02", without_room(ANN))
    with scratch(house.con) as t, house.journal() as journal:
        assert t.rows(f"from {preview(t, house.task(t), journal).replaced}") == [("2001", "room")]
    made = house.planned()
    assert house.sends(made)["2001"]["room"] == "N/A"
    assert made.manifest is not None
    [room] = read_summary(folder_of(house.home.manifests, made.manifest))["attributes"]
    assert (room["changed"], room["cleared"], room["replaced"]) == (1, 0, 1)
    house.accept(made)
    assert (stale(house), house.plan().manifests) == ([], ())
    house.day("2026-11-03", ("2001", "True", "Ann", "Poe", "", ""))
    made = house.planned()
    assert house.sends(made)["2001"]["room"] == "N/A"
    house.accept(made)
    assert house.plan().manifests == ()


def test_a_new_account_gets_nothing_in_the_place_of_null(house: House) -> None:
    columns(house, instead="N/A")
    house.day("2026-11-02", ("2003", "True", "Cat", "King", "", ""))
    made = house.planned()
    assert house.sends(made)["2003"]["room"] is None
    house.accept(made)
    assert house.plan().manifests == ()


def test_a_value_of_the_profile_takes_the_place_of_what_stays(house: House) -> None:
    cleared(house)
    columns(house, instead="N/A")
    made = house.planned()
    assert house.sends(made)["2001"]["room"] == "N/A"
    house.accept(made)
    assert (stale(house), closed(house), house.plan().manifests) == ([], [("2001", "value")], ())


def test_without_the_profiles_value_the_null_is_sent_and_that_value_stays(house: House) -> None:
    columns(house, instead="N/A")
    cleared(house)
    columns(house)
    made = house.planned()
    assert house.sends(made)["2001"]["room"] is None
    house.accept(made)
    assert stale(house) == [("2001", "room", "N/A", False)]


def approved(house: House, undone: Manifest) -> None:
    """The undo of a manifest goes out, by a person's approval."""
    ask_undo(house.con, house.target.key, undone.manifest_id, Decider("ada", house.now))
    [undo] = house.plan().held
    with house.journal() as journal:
        journal.approve(undo.manifest_id, by="ada", why=None, until=house.now + dt.timedelta(hours=1))
    house.accept_all(undo)


@pytest.mark.parametrize("flows", [False, True], ids=["nulls stay", "nulls flow by now"])
def test_a_clearing_is_taken_back_like_any_other_change(house: House, flows: bool) -> None:
    manifest = cleared(house)
    if flows:
        told(house, NullFlow.FLOWS)
    approved(house, manifest)
    assert house.target.entries["2001"]["room"] == "Sales"
    assert (stale(house), closed(house)) == ([], [("2001", "value")])
    made = house.plan()
    assert (made.manifests, made.withheld) == ((), {"undone": 1})


def test_a_value_in_the_place_of_null_is_taken_back(house: House) -> None:
    columns(house, instead="N/A")
    approved(house, cleared(house))
    assert house.target.entries["2001"]["room"] == "Sales"
    made = house.plan()
    assert (made.manifests, made.withheld) == ((), {"undone": 1})


def test_an_undo_that_would_clear_a_value_puts_the_profiles_in_its_place(tmp_path: Path) -> None:
    with new_house(tmp_path) as house:
        columns(house, instead="N/A")
        house.day("2026-11-01", without_room(ANN))
        house.accept(house.planned())
        house.day("2026-11-02", ANN)
        made = house.planned()
        house.accept(made)
        assert made.manifest is not None
        approved(house, made.manifest)
        assert house.target.entries["2001"]["room"] == "N/A"
        assert house.plan().manifests == ()


# --- what nobody knows for certain


@pytest.mark.parametrize(("known", "then"), [(True, None), (False, None), (False, "planned"), (True, "lost, too")])
def test_a_value_that_may_have_arrived_is_a_clearing_like_any_other(
    house: House, known: bool, then: str | None
) -> None:
    """A request sets a room and is heard of no more, and the next record takes the room away.

    `known`: of an account, or of one that is perhaps not made yet. `then`: the next plan is planned only, or may be lost, too.
    """
    cat: Row = ("2003", "True", "Cat", "King", "", "")
    if known:
        house.day("2026-11-02", cat)
        house.accept(house.planned())
    house.day("2026-11-03", (*cat[:5], "Attic"))
    lost = house.planned()
    house.begin(lost)  # the process dies here
    house.day("2026-11-04", cat)
    made = house.planned()
    if then:
        if then == "lost, too":
            house.begin(made)
        house.day("2026-11-05", (*cat[:3], "Queen", "", ""))
        made = house.planned()
    house.target.at_once = False
    house.accept(made)
    assert stale(house) == [("2003", "room", "Attic", False)]
    house.plan()
    assert stale(house) == [("2003", "room", "Attic", False)]


@pytest.mark.parametrize(("arrived", "tells", "again", "after"), [
    (False, True, False, [("2003", "made")]), (False, True, True, [("2003", "made")]), (False, False, False, []),
    (True, True, False, []),
], ids=["it never arrived", "read after another record", "nothing is told", "it arrived"])  # fmt: skip
def test_an_account_that_was_made_of_a_record_without_the_value_keeps_none(
    house: House, arrived: bool, tells: bool, again: bool, after: list[tuple[str, str]]
) -> None:
    """A create with a room is heard of no more, and the next record has none; of the two, the log has one entry."""
    house.target.at_once = False
    cat: Row = ("2003", "True", "Cat", "King", "", "")
    house.day("2026-11-02", (*cat[:5], "Attic"))
    lost = house.planned()
    house.begin(lost)  # the process dies here
    house.day("2026-11-03", cat)
    made = house.planned()
    if arrived:
        assert lost.manifest is not None
        house.now += dt.timedelta(seconds=1)
        [(_, body)] = bodies(folder_of(house.home.manifests, lost.manifest))
        house.target.post(0, body)
    house.accept(made)
    if arrived:
        house.target.log.pop()  # the log loses the entry of the second
    if again:
        house.day("2026-11-04", (*cat[:3], "Queen", "", ""))
        house.accept(house.planned())
        house.target.log.pop()
    [left] = [entry for entry in house.target.log if entry.person_number == "2003"]
    had = ("number", "name", "printed", *(["room"] if arrived else []))
    house.target.log = [replace(left, action="create", received=had if tells else None)]
    house.sleep(1)
    house.read()
    assert closed(house) == after
    assert stale(house) == ([] if after else [("2003", "room", "Attic", False)])


def test_a_value_that_arrived_before_the_next_record_is_heard_of_with_that(house: House) -> None:
    """The answer comes while another process plans, and its own dies: both acceptances are taken over at once."""
    house.target.at_once = False
    cat: Row = ("2003", "True", "Cat", "King", "", "")
    house.day("2026-11-02", cat)
    house.accept(house.planned())
    house.day("2026-11-03", (*cat[:5], "Attic"))
    early = house.planned()
    house.begin(early)
    house.day("2026-11-04", cat)
    made = house.planned()
    house.answer(early)
    house.accept(made)
    assert stale(house) == [("2003", "room", "Attic", False)]
    assert house.plan().manifests == ()


# --- what another home has sent


@pytest.mark.parametrize(("known", "flows", "ends"), [
    (True, NullFlow.STAYS, [("2001", "room", "(not known)", False)]), (False, NullFlow.FLOWS, []),
], ids=["of an account", "of one that this home never made"])  # fmt: skip
def test_a_value_that_another_home_has_sent_is_cleared_like_any_other(
    tmp_path: Path, known: bool, flows: NullFlow, ends: list[tuple[str, str, str, bool]]
) -> None:
    with new_house(tmp_path) as house:
        columns(house)
        house.day("2026-11-01", BEN, *([without_room(ANN)] if known else []))
        house.accept(house.planned())
        told(house, flows)
        with scratch(house.con) as t:
            both: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ((("name", "ROOM."), ("2001", "2002")),)
            for received in (((("name",), ("2001",)),), both, ()):  # told on three days
                send_again(t, house.target.key, ["2001", "2002"], house.now, received)
        house.day("2026-11-02", without_room(ANN))
        made = house.planned()
        assert {number: entry["room"] for number, entry in house.sends(made).items()} == {"2001": None, "2002": "Lab"}
        house.accept(made)
        house.sleep(1)
        house.read()
        assert stale(house) == ends
        assert house.plan().manifests == ()


def test_what_is_cleared_before_it_is_known_that_nulls_flow_is_sent_when_it_comes_again(house: House) -> None:
    """Nobody knows whether the null has cleared the room: that HR has the same room again is an update."""
    cleared(house)
    told(house, NullFlow.FLOWS)
    house.day("2026-11-03", ANN)
    made = house.planned()
    assert house.sends(made)["2001"]["room"] == "Sales"
    house.accept(made)
    assert (stale(house), closed(house), house.plan().manifests) == ([], [("2001", "value")], ())
