"""Delivery knows no service: a phone book of seventy lines goes through plan, guard, approval and undo."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from hcm_pipeline.delivery import Manifest, ManifestState, ask_undo, preview
from hcm_pipeline.warehouse import scratch

from .house import House, crowd, left, new_house

NUMBERS = {str(2000 + i) for i in range(40)}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A book with the entries of 40 workers, in requests of at most 7."""
    with new_house(tmp_path) as made:
        made.sized(7).day("2026-11-01", *crowd(40))
        made.accept(made.planned())
        yield made


def approve(house: House, manifest: Manifest) -> None:
    with house.journal() as journal:
        journal.approve(manifest.manifest_id, by="ada", why=None, until=house.now + dt.timedelta(hours=1))


def printed(house: House) -> set[str]:
    """The numbers of the entries that are printed."""
    return {number for number, entry in house.target.entries.items() if entry["printed"] == "yes"}


def test_a_first_plan_writes_every_entry_in_requests_of_the_targets_own_form(house: House) -> None:
    assert house.target.entries["2000"] == {"number": "2000", "name": "First0 Last0", "room": "Sales", "printed": "yes"}
    assert printed(house) == NUMBERS
    [folder] = house.home.manifests.glob("*/*")
    lines = (folder / "bulk.ndjson").read_bytes().splitlines()
    assert [line.count(b'"number"') for line in lines] == [5, 7, 7, 7, 7, 7]  # the canary's five go first
    assert all(line.startswith(b"[{") and line.endswith(b"}]") for line in lines)


def test_a_guard_holds_its_operations_until_they_are_approved_and_an_undo_puts_them_back(house: House) -> None:
    house.day("2026-11-02", *left(crowd(40), 12), ("5000", "True", "New", "Comer", "", "Sales"))
    made = house.planned()
    [held] = made.held
    assert (made.counts, held.held_for) == ({"create": 1, "disable": 12}, "disable")
    house.accept(made)
    assert printed(house) == {*NUMBERS, "5000"}
    with house.journal() as journal:
        assert journal.get(held.manifest_id).state is ManifestState.HELD
    approve(house, held)
    house.accept_all(held)
    assert len(printed(house)) == 29
    assert house.plan().manifests == ()

    ask_undo(house.con, house.target.key, held.manifest_id, "ada", house.now)
    [undo] = house.plan().held
    assert (undo.undoes, undo.counts) == (held.manifest_id, {"enable": 12})
    approve(house, undo)
    house.accept_all(undo)
    assert printed(house) == {*NUMBERS, "5000"}
    assert house.plan().withheld == {"undone": 12}


def test_a_preview_is_the_plan_with_nothing_written(house: House) -> None:
    house.day("2026-11-02", *left(crowd(40), 12), ("5000", "True", "New", "Comer", "", "Sales"))
    made = house.planned()
    with house.journal() as journal:
        journal.reject(made.held[0].manifest_id, by="ben", why=None)  # no plan has heard of it yet
    house.day("2026-11-03", ("2020", "True", "Other", "Name", "", "Sales"))
    state = {name: house.rows(f"from {name}") for (name,) in house.rows("select table_name from duckdb_tables()")}
    with scratch(house.con) as t, house.journal() as journal:
        found = preview(t, house.task(t), journal)
        operations = set(t.rows(f"select person_number, kind, held_for, name from {found.operations}"))
    assert state == {name: house.rows(f"from {name}") for name in state}
    assert operations == {("5000", "create", None, "New Comer"), ("2020", "rename", None, "Other Name")}
    assert (found.requests, found.held, found.withheld) == (1, {}, {"rejected": 12})
    made = house.planned()
    assert (made.counts, made.withheld) == (found.counts, found.withheld)
    assert made.manifest is not None
    assert made.manifest.requests == found.requests


def test_a_preview_tells_what_is_held_and_in_how_many_requests(house: House) -> None:
    house.day("2026-11-02", *left(crowd(40), 12), ("5000", "True", "New", "Comer", "", "Sales"))
    with scratch(house.con) as t, house.journal() as journal:
        found = preview(t, house.task(t), journal)
    made = house.planned()
    assert (found.counts, found.verdicts, found.held) == (made.counts, made.verdicts, {"disable": 12})
    assert found.requests == sum(manifest.requests for manifest in made.manifests)
