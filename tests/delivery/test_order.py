"""The order of sending: leavers, starters, the rest; managers before their reports; nobody for ever last."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.delivery import OperationKind
from hcm_pipeline.delivery.plan.order import Urgency, note_first_planned, sort
from hcm_pipeline.warehouse import nothing, query, scratch
from tests.budget import examples
from tests.pool import for_good

from .tables import empty_tables

KINDS = tuple(OperationKind)
TODAY = dt.date(2026, 11, 23)
NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Op:
    """One operation of a plan."""

    number: str
    kind: str = "create"
    manager: str | None = None
    start: dt.date | None = dt.date(2015, 1, 1)
    waited_days: float = 0.0
    active: bool = True
    failed: bool = False


def starting(number: str, days: int, **given: object) -> Op:
    """A new account for somebody who starts so many days from today."""
    return Op(number, start=TODAY + dt.timedelta(days=days), **given)  # type: ignore[arg-type]


COLUMNS = {"person_number": "VARCHAR", "kind": "VARCHAR", "refers_to": "VARCHAR", "starts_on": "DATE", "since": "TIMESTAMPTZ",
           "enabled": "BOOLEAN", "failed": "BOOLEAN"}  # fmt: skip


def order(*ops: Op, no_later_than_days: float = 3.0, steadily: bool = False) -> list[str]:
    """Person numbers in the order of sending."""
    rows = [
        (op.number, op.kind, op.manager, op.start, NOW - dt.timedelta(days=op.waited_days), op.active, op.failed)
        for op in ops
    ]
    column = "steady_place" if steadily else "place"
    with scratch(for_good(__name__)) as t:
        placed = sort(t, t.of_rows("operations", COLUMNS, rows), Urgency(KINDS, TODAY, NOW, no_later_than_days))
        found = t.rows(f"select person_number, {column} from {placed} order by {column}")
    assert [place for _, place in found] == list(range(len(ops)))
    return [number for number, _ in found]


def test_who_leaves_goes_first_then_who_starts_then_the_rest() -> None:
    ops = [Op("1", "update"), starting("2", 3), Op("3", "disable", active=False), Op("4", "create"), Op("5", "retry")]
    assert order(*ops) == ["3", "2", "4", "1", "5"]


def test_who_starts_sooner_goes_sooner_and_who_has_started_already_before_all_of_them() -> None:
    assert order(starting("1", 30), starting("2", 1), starting("3", -2), starting("4", 0)) == ["3", "4", "2", "1"]


def test_an_account_that_comes_back_starts_like_a_new_one() -> None:
    back = Op("1", "enable", start=TODAY + dt.timedelta(days=1))
    assert order(Op("0", "update"), back) == ["1", "0"]


def test_who_started_long_ago_is_the_rest_however_long_ago() -> None:
    assert order(Op("1", start=dt.date(1960, 1, 1)), starting("2", 60), Op("3", start=None)) == ["2", "1", "3"]


@pytest.mark.parametrize(("kind", "failed"), [("retry", False), ("update", True)])
def test_a_leaver_whose_account_may_still_be_open_is_a_leaver(kind: str, failed: bool) -> None:
    assert order(starting("1", 0), Op("2", kind, active=False, failed=failed)) == ["2", "1"]


def test_who_had_left_before_and_changes_now_is_the_rest() -> None:
    assert order(starting("1", 0), Op("2", "update", active=False)) == ["1", "2"]


def test_a_new_manager_goes_before_those_who_report_to_them() -> None:
    assert order(Op("1", manager="2"), Op("2", manager="3"), Op("3"), Op("0", "update", manager="1")) == [
        "3", "2", "1", "0",
    ]  # fmt: skip


def test_a_new_manager_is_as_urgent_as_the_most_urgent_below_them() -> None:
    ops = [Op("9", manager=None), Op("8", manager="9"), starting("7", 1, manager="8"), starting("6", 2), Op("1")]
    assert order(*ops) == ["9", "8", "7", "6", "1"]


def test_a_manager_who_has_an_account_keeps_nobody_waiting() -> None:
    assert order(Op("1", manager="2"), Op("2", "update")) == ["1", "2"]


def test_a_leaver_waits_for_no_manager_and_hurries_none() -> None:
    ops = [Op("1", "disable", manager="2", active=False), Op("2"), starting("3", 5)]
    assert order(*ops) == ["1", "3", "2"]


def test_a_cycle_of_managers_is_cut_at_its_smallest_number_whatever_the_order_of_rows() -> None:
    ops = [Op("1", manager="2"), Op("2", manager="3"), Op("3", manager="1"), Op("4", manager="3")]
    assert order(*ops) == order(*reversed(ops)) == ["1", "3", "2", "4"]


def test_what_waited_too_long_goes_with_those_who_start_before_all_who_start_after_it_began_to_wait() -> None:
    ops = [Op("1", "update", waited_days=4), starting("2", -5), starting("3", -3), starting("4", 0), Op("5", "update")]
    assert order(*ops) == ["2", "1", "3", "4", "5"]
    assert order(*ops, no_later_than_days=5)[-2:] == ["1", "5"]


def test_what_is_held_keeps_its_order_from_day_to_day_with_managers_first_all_the_same() -> None:
    ops = [starting("1", 3, manager="3"), Op("2", waited_days=9), starting("3", 90), Op("4", "disable", active=False)]
    assert order(*ops, steadily=True) == ["4", "2", "3", "1"]
    assert order(*ops) == ["4", "2", "3", "1"]
    later = [starting("1", -40, manager="3"), Op("2", waited_days=0), starting("3", 0), ops[3]]
    assert order(*later, steadily=True) == ["4", "2", "3", "1"]
    assert order(*later) == ["4", "3", "2", "1"]


OPS = st.lists(
    st.tuples(
        st.sampled_from(KINDS), st.none() | st.integers(0, 11), st.none() | st.integers(-60, 60), st.floats(0, 6),
        st.booleans(),
    ),
    max_size=12,
).map(
    lambda rows: [
        Op(f"{i:02}", kind, None if manager is None else f"{manager:02}",
           None if start is None else TODAY + dt.timedelta(days=start), waited, active)
        for i, (kind, manager, start, waited, active) in enumerate(rows)
    ]
)  # fmt: skip


@settings(max_examples=examples(30), deadline=None)
@given(ops=OPS, shuffle=st.randoms(use_true_random=False))
def test_whoever_reports_to_whom_leavers_are_first_managers_above_and_rows_in_any_order_the_same(
    ops: list[Op], shuffle: object
) -> None:
    found = order(*ops)
    assert sorted(found) == [op.number for op in ops]
    shuffled = list(ops)
    shuffle.shuffle(shuffled)  # type: ignore[attr-defined]
    assert order(*shuffled) == found
    leavers = {op.number for op in ops if not op.active and op.kind in ("disable", "retry")}
    assert set(found[: len(leavers)]) == leavers
    place = {number: i for i, number in enumerate(found)}
    chain = _managers(ops, leavers)
    for number, manager in chain.items():
        if not _on_cycle(chain, number):
            assert place[manager] < place[number]


def _managers(ops: Sequence[Op], leavers: set[str]) -> dict[str, str]:
    """The workers who wait, and for whom."""
    created = {op.number for op in ops if op.kind == "create" and op.number not in leavers}
    return {
        op.number: op.manager
        for op in ops
        if op.manager in created and op.number not in leavers and op.manager != op.number and op.manager is not None
    }


def _on_cycle(chain: dict[str, str], number: str) -> bool:
    at = chain.get(number)
    for _ in chain:
        if at is None or at == number:
            break
        at = chain.get(at)
    return at == number


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Empty tables."""
    with empty_tables() as made:
        yield made


def first_planned(
    con: duckdb.DuckDBPyConnection, day: int, *numbers: str, delivered: int | None = None
) -> dict[str, int]:
    """Plan these workers on a day of November 2026; since which day each waits. The target has `a` by the plan `delivered`."""
    now = dt.datetime(2026, 11, day, tzinfo=dt.UTC)
    with scratch(con) as t:
        has = [("a", delivered)] if delivered else []
        parts = {
            "differing": t.of_rows("differing", {"person_number": "VARCHAR", "kind": "VARCHAR"}, [(n, "update") for n in numbers]),
            "delivered": t.of_rows("has", {"person_number": "VARCHAR", "plan_no": "INTEGER"}, has),
            "workers": nothing({"person_number": "VARCHAR", "starts_on": "DATE", "refers_to": "VARCHAR"}),
        }  # fmt: skip
        arranged = query(note_first_planned.__module__.rpartition(".")[0], "to_arrange", enabled="true", **parts)
        note_first_planned(t, "t", t.make("to_arrange", arranged, {"target": "t", "now": now}))
        rows = t.rows("select person_number, since from first_planned where target = 't'")
    return {number: since.astimezone(dt.UTC).day for number, since in rows}


def test_who_waits_does_so_since_the_first_plan_that_had_them_until_one_has_them_not(
    con: duckdb.DuckDBPyConnection,
) -> None:
    assert first_planned(con, 1, "a", "b") == {"a": 1, "b": 1}
    assert first_planned(con, 2, "a", "c") == {"a": 1, "c": 2}
    assert first_planned(con, 3, "a", "b") == {"a": 1, "b": 3}


def test_what_was_delivered_since_begins_to_wait_anew(con: duckdb.DuckDBPyConnection) -> None:
    assert first_planned(con, 1, "a", "b") == {"a": 1, "b": 1}
    assert first_planned(con, 2, "a", "b", delivered=7) == {"a": 2, "b": 1}
    assert first_planned(con, 3, "a", "b", delivered=7) == {"a": 2, "b": 1}
