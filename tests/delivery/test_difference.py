"""Desired minus delivered, and what is held, left over or put back of it: each on a few rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import duckdb
import pytest

from hcm_pipeline.delivery import OperationKind
from hcm_pipeline.delivery.plan import decisions, guards, splitting, undo
from hcm_pipeline.delivery.plan.difference import differ
from hcm_pipeline.profile import Guards
from hcm_pipeline.warehouse import Relation, Scratch, scratch

from .tables import empty_tables
from .toy_target import PhoneBook

BOOK = PhoneBook()
NUMBER = {"person_number": "VARCHAR"}
VERSION = {**NUMBER, "name": "VARCHAR", "room": "VARCHAR", "printed": "VARCHAR", "digest": "UUID"}
DESIRED = {**VERSION, "basis": "UUID"}
DELIVERED = {**VERSION, "plan_no": "INTEGER"}
WITHHELD = {**NUMBER, "digest": "UUID", "reason": "VARCHAR"}
Entry = tuple[object, ...]


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Empty tables."""
    with empty_tables() as made:
        yield made


@pytest.fixture
def t(con: duckdb.DuckDBPyConnection) -> Iterator[Scratch]:
    """Relations for one test; what it writes is taken back."""
    con.begin()
    with scratch(con) as made:
        yield made
    con.rollback()


def digest_no(number: int) -> UUID:
    """The digest of one content, by number."""
    return UUID(int=number)


def entry(number: str, name: str = "Ada", room: str | None = "1", printed: str = "yes", digest: int = 1) -> Entry:
    """One version of a worker."""
    return number, name, room, printed, digest_no(digest)


def versions(t: Scratch, *entries: Entry) -> Relation:
    """The versions that the target has, all by the plan with number 5."""
    return t.of_rows("delivered", DELIVERED, [(*each, 5) for each in entries])


def compared(
    t: Scratch, desired: list[Entry], delivered: list[Entry], again: str = "", doubtful: int | None = None,
    withheld: list[Entry] | None = None,
) -> dict[str, str]:  # fmt: skip
    """Kinds of operation by person number. `doubtful`: a plan with that number may have reached everybody."""
    numbers = {each[0] for each in delivered}
    found = differ(
        t, BOOK,
        t.of_rows("desired", DESIRED, [(*each, digest_no(0)) for each in desired]),
        versions(t, *delivered),
        t.of_rows("again", NUMBER, [(number,) for number in again.split()]),
        t.of_rows("doubtful", {**NUMBER, "plan_no": "INTEGER"}, [(n, doubtful) for n in numbers if doubtful is not None]),
        t.of_rows("withheld", WITHHELD, withheld or []),
    )  # fmt: skip
    return dict(t.rows(f"select person_number, kind from {found}"))


def test_where_the_target_has_what_differs_by_now_nothing_is_sent_for_what_is_only_noted(t: Scratch) -> None:
    """`there` says that the target has the name that is wanted: what is left is a room, which is part of the version or noted."""
    delivered = versions(t, entry("1", name="Ada", room="1"))
    desired = t.of_rows("desired", DESIRED, [(*entry("1", name="Eve", room="2", digest=2), digest_no(0))])
    nobody = t.of_rows("nobody", {**NUMBER, "plan_no": "INTEGER"}, [])
    there = t.of_rows("there", {**NUMBER, "attribute": "VARCHAR"}, [("1", "name")])
    for noted, sent in ((False, 1), (True, 0)):
        book = PhoneBook()
        book.columns = tuple(replace(one, noted=noted and one.name == "room") for one in BOOK.columns)  # type: ignore[assignment]
        withheld = t.of_rows("withheld", WITHHELD, [])
        assert t.count(differ(t, book, desired, delivered, nobody, nobody, withheld, there)) == sent


def test_each_kind_of_difference_has_its_kind_of_operation(t: Scratch) -> None:
    desired = [entry("1"), entry("2", digest=2, name="Eve"), entry("3", digest=2, room="9"),
               entry("4", digest=2, printed="no", room="9"), entry("5")]  # fmt: skip
    delivered = [entry("2"), entry("3"), entry("4"), entry("5")]
    assert compared(t, desired, delivered) == {"1": "create", "2": "rename", "3": "update", "4": "disable"}


def test_what_is_as_delivered_is_sent_again_only_when_that_is_due_or_doubtful(t: Scratch) -> None:
    both = [entry("1"), entry("2")]
    assert compared(t, both, both) == {}
    assert compared(t, both, both, again="2") == {"2": "retry"}
    assert compared(t, both, both, doubtful=5) == {"1": "retry", "2": "retry"}
    assert compared(t, both, both, doubtful=4) == {}  # a later plan was taken


def test_a_version_that_is_withheld_is_not_sent_and_another_one_of_the_worker_is(t: Scratch) -> None:
    desired = [entry("1", digest=2), entry("2", digest=3)]
    withheld: list[Entry] = [("1", digest_no(2), "rejected"), ("2", digest_no(2), "rejected")]
    assert compared(t, desired, [], withheld=withheld) == {"2": "create"}


def test_a_version_is_withheld_while_it_is_desired_and_not_delivered(t: Scratch) -> None:
    rows: list[Entry] = [(number, digest_no(2), "rejected") for number in ("1", "2", "3")]
    desired = t.of_rows("desired", VERSION, [entry("1", digest=2), entry("2", digest=3), entry("3", digest=2)])
    kept = decisions.still_withheld(
        t, t.of_rows("withheld", WITHHELD, rows), desired, versions(t, entry("3", digest=2))
    )
    assert t.rows(f"select person_number from {kept}") == [("1",)]
    assert decisions.count(t, kept) == {"rejected": 1}


def manifest(t: Scratch, plan_no: int, *operations: tuple[str, str, int]) -> None:
    """A manifest m<plan_no> of these operations: person number, kind, digest."""
    t.run(
        "insert into manifests by name select ? as manifest_id, ? as plan_no, date '2026-11-01' as business_date,"
        " 'phone book' as target, 1 as requests, 1 as operations, now() as planned_at",
        [f"m{plan_no}", plan_no],
    )
    for place, (number, kind, digest) in enumerate(operations):
        t.run("insert into operations values (?, 0, ?, ?, ?, ?)", [plan_no, place, number, kind, digest_no(digest)])


def test_an_undo_puts_back_what_was_there_before_and_says_of_whom_it_puts_nothing_back(t: Scratch) -> None:
    manifest(t, 5, ("1", "update", 1), ("2", "create", 1), ("3", "update", 1), ("4", "update", 1), ("5", "update", 1))
    delivered = versions(t, *(entry(number, room="9") for number in "12345"))
    t.run(f"update {delivered} set plan_no = 6 where person_number = '3'")
    t.run(f"delete from {delivered} where person_number = '4'")
    before = t.of_rows("before", {**VERSION, "replaced_by": "INTEGER"}, [(*entry("1", room="1", digest=7), 5)])
    wanted = t.of_rows("wanted", {"manifest_id": "VARCHAR"}, [("m5",)])
    made = undo.make(t, BOOK, wanted, delivered, before, t.of_rows("differing", VERSION, []))
    assert set(t.rows(f"select undoes, person_number, kind, room, printed from {made.operations}")) == {
        ("m5", "1", "update", "1", "yes"), ("m5", "2", "disable", "9", "no"),
    }  # fmt: skip
    assert made.left_out == {"m5": {"delivered_since": 1, "never_accepted": 1, "not_kept": 1}}
    assert made.manifests(t) == ["m5"]


def test_a_plan_is_split_into_what_is_free_what_is_held_what_is_left_and_what_is_put_back(t: Scratch) -> None:
    manifest(t, 4, ("3", "create", 3), ("1", "create", 9))  # approved, and begun: of 1 it said something else
    rows = [(*entry(number, digest=int(number)), digest_no(0), "create") for number in "12345"]
    differing = t.of_rows("differing", {**DESIRED, "kind": "VARCHAR"}, rows)
    back = t.of_rows(
        "back", {"undoes": "VARCHAR", **DESIRED, "kind": "VARCHAR"}, [("m1", *entry("5"), digest_no(0), "update")]
    )
    undone, begun = undo.UndoPlan(back, {}), {"m4": "create"}
    rests = splitting.find_rests(t, differing, begun, undone)
    assert t.rows(f"from {rests}") == [("3", "m4")]
    held_back = t.of_rows("held_back", {**NUMBER, "held_for": "VARCHAR"}, [("2", "create")])
    assigned = splitting.assign(t, differing, undone, rests, guards.Judged((), held_back))
    parts = splitting.split(t, differing, assigned, undone, begun)
    found = [(part.held_for, part.rest_of, part.undoes, numbers_of(t, part)) for part in parts]
    assert found == [
        (None, None, None, ["1", "4"]), ("create", None, None, ["2"]), ("create", "m4", None, ["3"]), ("undo", None, "m1", ["5"]),
    ]  # fmt: skip
    assert [part.counts for part in parts] == [{"create": 2}, {"create": 1}, {"create": 1}, {"update": 1}]


def numbers_of(t: Scratch, part: splitting.Part) -> list[str]:
    return [number for (number,) in t.rows(f"select person_number from ({part.operations}) order by 1")]


def test_a_guard_holds_the_workers_of_the_group_that_loses_everybody(t: Scratch) -> None:
    manifest(t, 5)
    delivered = versions(t, *(entry(number) for number in "12345"))
    leaving = [(*entry(number, printed="no", digest=2), digest_no(0), "disable") for number in "12"]
    operations = t.of_rows("operations", {**DESIRED, "kind": "VARCHAR"}, leaving)
    day = dt.date(2026, 11, 1)
    columns = {**NUMBER, "valid_from": "DATE", "valid_to": "DATE", "country": "VARCHAR"}
    groups = t.of_rows("groups", columns, [(number, day, None, "NO" if number in "12" else "DE") for number in "12345"])
    rules = Guards.model_validate({"whole_cohort": 2, "limits": [], "cohorts": ["country", "not_mapped"]})
    judged = guards.evaluate(t, BOOK, rules, day, operations, delivered, groups)
    assert [(v.cohort, v.value, v.operations, v.base, v.tripped) for v in judged.verdicts] == [
        ("country", "NO", 2, 2, True)
    ]
    assert set(t.rows(f"from {judged.held_back}")) == {("1", OperationKind.DISABLE), ("2", OperationKind.DISABLE)}
