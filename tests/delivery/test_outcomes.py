"""The outcome of an operation: entries of the provisioning log, which know neither request nor bulkId, find it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from hcm_pipeline.delivery.outcomes import matching
from hcm_pipeline.targets.entra.service import EntraJob

from .chain import new_chain
from .tables import RULES, TARGET, Service, empty_tables, entry_at

ADA = ("1001", "True", "Ada", "Byron", "", "Research")


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Empty tables; whoever writes takes it back."""
    with empty_tables() as made:
        yield made


@pytest.fixture
def service(con: duckdb.DuckDBPyConnection) -> Iterator[Service]:
    """Two workers were created and accepted at second 0."""
    con.begin()
    made = Service(con)
    for number in ("1001", "1002"):
        made.accept(0, number, kind="create")
    yield made
    con.rollback()


def waiting(service: Service) -> int:
    return matching.waiting_since(service.con, TARGET)[0]


def test_an_operation_is_accepted_until_the_log_speaks_of_it(service: Service) -> None:
    assert (service.states(), waiting(service)) == (["accepted", "accepted"], 2)
    assert service.log(entry_at(1, "a")) == 1
    assert (service.states(), waiting(service)) == (["succeeded", "accepted"], 1)


def test_the_newest_entry_decides_in_whatever_order_they_are_read(service: Service) -> None:
    change = {"1001": "ada", "1002": "ben"}
    service.log(entry_at(2, "b", change_id="ada"), entry_at(1, "a", status="failure", change_id="ada"))
    service.log(
        *(entry_at(at, name, "1002", status=status, change_id=change["1002"])
          for at, name, status in ((1, "c", "success"), (2, "d", "failure")))
    )  # fmt: skip
    assert service.states() == ["succeeded", "failed"]


def test_entries_read_twice_change_nothing(service: Service) -> None:
    entries = [entry_at(1, "a"), entry_at(1, "b", "1002", status="failure")]
    assert service.log(*entries) == 2
    before = service.rows("select * from outcomes order by all")
    assert service.log(*entries, *entries) == 0
    assert service.rows("select * from outcomes order by all") == before


def test_an_entry_from_before_the_acceptance_is_not_about_this_operation(service: Service) -> None:
    assert service.log(entry_at(-30, "a", status="failure")) == 0
    assert service.states() == ["accepted", "accepted"]


def test_an_entry_of_somebody_unknown_or_of_another_target_is_passed_over(service: Service) -> None:
    assert service.log(entry_at(1, "a", "9999"), entry_at(1, "b", "")) == 0
    assert matching.record_entries(service.con, EntraJob("another/job"), [entry_at(1, "c")], RULES) == 0
    assert service.states() == ["accepted", "accepted"]


def test_the_update_that_fills_in_a_manager_resolves_the_reference_and_is_no_outcome(service: Service) -> None:
    reference = "select reference, action from outcomes where person_number = '1002'"
    service.log(entry_at(1, "a", "1002", action="create", change_id="c", unresolved=True))
    assert service.rows(reference) == [("unresolved", "create")]
    service.log(entry_at(2, "twin", "1002", change_id="c", twin=True))
    assert service.rows(reference) == [("resolved", "create")]


def test_a_reference_resolved_in_the_same_reading_is_resolved(service: Service) -> None:
    twin = entry_at(2, "twin", "1002", change_id="c", twin=True)
    service.log(twin, entry_at(1, "a", "1002", change_id="c", unresolved=True), entry_at(1, "b", unresolved=True))
    found = service.rows("select person_number, reference from outcomes order by 1")
    assert found == [("1001", "unresolved"), ("1002", "resolved")]


def test_an_entry_belongs_to_the_last_operation_accepted_before_it(service: Service) -> None:
    service.log(entry_at(1, "a"), entry_at(1, "b", "1002"))
    service.accept(1800, kind="disable")
    service.log(entry_at(1801, "c", status="failure", action="disable"))
    assert service.states() == ["succeeded", "succeeded", "failed"]
    assert service.rows("select person_number, state from failures") == [("1001", "failed")]


def test_operations_overtaken_before_the_service_began_to_work_do_not_wait_for_ever(service: Service) -> None:
    """Cycles are 40 minutes apart: two manifests accepted between two of them are both worked off after both."""
    service.accept(600)
    service.log(entry_at(2401, "a"), entry_at(2403, "b"), entry_at(2402, "c", "1002"))
    assert waiting(service) == 0
    assert service.states() == ["succeeded"] * 3


def test_a_later_success_after_a_failure_settles_it_and_nothing_is_left_to_plan(tmp_path: Path) -> None:
    """From the extract to the next plan."""
    chain = new_chain(tmp_path)
    chain.day("2026-11-01", ADA)
    chain.accept(chain.planned())
    failed = chain.entry("1001", "failure", after=1)
    chain.log(failed)
    assert chain.receipts()["1001"] == ["failed"]
    chain.log(failed, chain.entry("1001", "success", after=60))
    assert chain.receipts()["1001"] == ["succeeded"]
    assert chain.rows("select * from failures") == []
    assert chain.plan().manifest is None
