"""Delivery knows no service: a phone book goes through plan, guard, approval, upload, crash, outcomes and undo."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from hcm_pipeline.deciders import Decider
from hcm_pipeline.delivery import (
    Answer,
    Canary,
    Manifest,
    ManifestState,
    RequestState,
    UploadReport,
    ask_undo,
    bodies,
    folder_of,
    preview,
)
from hcm_pipeline.errors import GuardStop, ServiceRefused
from hcm_pipeline.warehouse import scratch

from . import toy_target
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


def test_a_target_takes_a_hundred_lines() -> None:
    assert len(Path(toy_target.__file__).read_text(encoding="utf-8").splitlines()) <= 100


def test_a_first_plan_writes_every_entry_in_requests_of_the_targets_own_form(house: House) -> None:
    assert house.target.entries["2000"] == {"number": "2000", "name": "First0 Last0", "room": "Sales", "printed": "yes"}
    assert printed(house) == NUMBERS
    [folder] = house.home.manifests.glob("*/*")
    lines = (folder / "bulk.ndjson").read_bytes().splitlines()
    assert [line.count(b'"number"') for line in lines] == [5, 7, 7, 7, 7, 7]  # the canary's five go first
    assert all(line.startswith(b"[{") and line.endswith(b"}]") for line in lines)


class Killed(BaseException):
    """Stands for the end of the process at one instruction."""


def dies_at(house: House, monkeypatch: pytest.MonkeyPatch, nth: int, *, arrives: bool) -> list[tuple[int, bytes]]:
    """The requests that are posted from now on. The process ends with the nth of them, before or after it `arrives`."""
    posted, post = list[tuple[int, bytes]](), house.target.post

    def deadly(number: int, body: bytes) -> Answer:
        posted.append((number, body))
        if len(posted) == nth and not arrives:
            raise Killed
        answer = post(number, body)
        if len(posted) == nth:
            raise Killed
        return answer

    monkeypatch.setattr(house.target, "post", deadly)
    return posted


def states(house: House, manifest: Manifest) -> list[RequestState]:
    with house.journal() as journal:
        return [request.state for request in journal.requests(manifest.manifest_id)]


def outcomes(house: House) -> list[tuple[str, str, int]]:
    """Kind and state of what is known of all operations, and of how many."""
    return house.rows("select kind, state, count(*) from receipts group by all order by all")


@pytest.mark.parametrize("at_once", [True, False], ids=["answers say what became of it", "the log says it later"])
@pytest.mark.parametrize("arrives", [True, False], ids=["the last request arrived", "the last request was lost"])
def test_the_book_goes_through_plan_guard_approval_upload_crash_outcomes_and_undo(
    house: House, monkeypatch: pytest.MonkeyPatch, at_once: bool, arrives: bool
) -> None:
    house.target.at_once = at_once
    house.read()
    house.day("2026-11-02", *left(crowd(40), 19), ("5000", "True", "New", "Comer", "", "Sales"))
    made = house.planned()
    [held] = made.held
    assert (made.counts, held.held_for, held.requests) == ({"create": 1, "disable": 19}, "disable", 3)

    house.accept(made)
    assert printed(house) == {*NUMBERS, "5000"}
    with pytest.raises(GuardStop, match="is held"):
        house.upload(held)
    approve(house, held)
    posted = dies_at(house, monkeypatch, 2, arrives=arrives)
    with pytest.raises(Killed):
        house.upload(held)
    assert states(house, held) == [RequestState.ACCEPTED, RequestState.SENDING]
    report = house.upload(held)
    assert (report.state, report.sent) == (ManifestState.ACCEPTED, 2)
    planned = list(bodies(folder_of(house.home.manifests, held)))
    assert posted == [planned[0], planned[1], *planned[1:]]  # nothing is lost, and the one in doubt alone goes twice
    assert len(printed(house)) == 41 - 19

    house.sleep(10)
    read = house.read()
    assert (read.settled, read.waiting, read.missing) == (0 if at_once else 20, 0, 0)
    assert outcomes(house) == [("create", "succeeded", 41), ("disable", "succeeded", 19)]
    assert house.plan().manifests == ()

    house.sleep(5 * 3600)  # sooner, an entry could be the echo of the request that went twice
    ask_undo(house.con, house.target.key, held.manifest_id, Decider("ada", house.now))
    [undo] = house.plan().held
    assert (undo.undoes, undo.counts) == (held.manifest_id, {"enable": 19})
    approve(house, undo)
    house.accept_all(undo)
    assert printed(house) == {*NUMBERS, "5000"}
    house.read()
    assert outcomes(house)[-1] == ("enable", "succeeded", 19)
    assert house.plan().withheld == {"undone": 19}


def test_an_upload_is_settled_by_its_answers_alone(house: House) -> None:
    house.target.barred = frozenset({"6001"})
    house.day("2026-11-02", *crowd(3, first=6000))
    made = house.planned()
    house.accept(made)
    assert set(house.target.entries) == {*NUMBERS, "6000", "6002"}
    assert house.read().waiting == 0
    found = house.rows("select person_number, state from receipts where person_number >= '6' order by all")
    assert found == [("6000", "succeeded"), ("6001", "failed"), ("6002", "succeeded")]
    assert house.rows("select person_number, error_code, mend from failures") == [("6001", "Barred", "ask the mayor")]
    before = house.rows("from outcomes order by all")
    house.read()
    assert house.rows("from outcomes order by all") == before


def upload_with_a_canary(house: House) -> UploadReport:
    house.day("2026-11-02", *crowd(10, first=6000))
    made = house.planned()
    assert made.manifest is not None
    return house.upload(made.manifest, Canary(operations=5))


def test_a_canary_is_judged_by_the_answer_at_once(house: House) -> None:
    assert upload_with_a_canary(house).state is ManifestState.ACCEPTED
    assert house.slept == []


def test_a_bad_canary_stops_the_rest(house: House) -> None:
    house.target.barred = frozenset(str(6000 + i) for i in range(10))
    report = upload_with_a_canary(house)
    assert (report.stopped, report.accepted) == (True, 1)
    assert report.reason is not None
    assert "failure Barred: 600" in report.reason


def test_a_service_that_takes_nothing_says_what_mends_it_and_the_upload_can_go_on_later(house: House) -> None:
    house.target.closed = True
    with pytest.raises(ServiceRefused, match="closed for today; come back tomorrow"):
        upload_with_a_canary(house)
    house.target.closed = False
    [ready] = house.plan().manifests
    assert house.upload(ready).state is ManifestState.ACCEPTED


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
