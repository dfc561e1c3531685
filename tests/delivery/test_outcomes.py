"""What became of an operation: entries of the provisioning log, which know neither request nor bulkId, find it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .chain import Chain, new_chain

ADA = ("1001", "True", "Ada", "Byron", "", "Research")
BEN = ("1002", "True", "Ben", "Okri", "1001", "Research")


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """A home in which two workers were planned and accepted."""
    made = new_chain(tmp_path)
    made.day("2026-11-01", ADA, BEN)
    made.accept(made.planned())
    return made


def test_an_operation_is_accepted_until_the_log_speaks_of_it(chain: Chain) -> None:
    assert chain.receipts() == {"1001": ["accepted"], "1002": ["accepted"]}
    assert chain.waiting() == 2
    assert chain.log(chain.entry("1001")) == 1
    assert chain.receipts() == {"1001": ["succeeded"], "1002": ["accepted"]}
    assert chain.waiting() == 1


def test_the_newest_entry_decides_in_whatever_order_they_are_read(chain: Chain) -> None:
    failure, success = chain.entry("1001", "failure", after=1), chain.entry("1001", "success", after=2)
    chain.log(success, failure)
    chain.log(chain.entry("1002", "success", after=1), chain.entry("1002", "failure", after=2))
    assert chain.receipts() == {"1001": ["succeeded"], "1002": ["failed"]}


def test_a_later_success_after_a_failure_settles_it(chain: Chain) -> None:
    failed = chain.entry("1001", "failure", after=1)
    chain.log(failed)
    assert chain.receipts()["1001"] == ["failed"]
    chain.log(failed, chain.entry("1001", "success", after=60))
    assert chain.receipts()["1001"] == ["succeeded"]
    assert chain.rows("select * from failures") == []
    assert chain.plan().manifest is None


def test_entries_read_twice_change_nothing(chain: Chain) -> None:
    entries = [chain.entry("1001"), chain.entry("1002", "failure")]
    assert chain.log(*entries) == 2
    before = chain.rows("select * from outcomes order by all")
    assert chain.log(*entries, *entries) == 0
    assert chain.rows("select * from outcomes order by all") == before


def test_an_entry_from_before_the_acceptance_is_not_about_this_operation(chain: Chain) -> None:
    assert chain.log(chain.entry("1001", "failure", after=-30)) == 0
    assert chain.receipts()["1001"] == ["accepted"]


def test_an_entry_of_somebody_unknown_or_of_another_target_is_passed_over(chain: Chain) -> None:
    assert chain.log(chain.entry("9999"), chain.entry("")) == 0
    assert chain.log(chain.entry("1001"), target="another/job") == 0
    assert chain.receipts() == {"1001": ["accepted"], "1002": ["accepted"]}


def test_the_update_that_fills_in_a_manager_resolves_the_reference_and_is_no_outcome(chain: Chain) -> None:
    reference = "select reference, action from outcomes where person_number = '1002'"
    chain.log(chain.entry("1002", unresolved=True))
    assert chain.rows(reference) == [("unresolved", "create")]
    twin = chain.entry("1002", after=2, action="update", twin=True, id="twin")
    chain.log(twin)
    assert chain.rows(reference) == [("resolved", "create")]


def test_a_reference_resolved_in_the_same_reading_is_resolved(chain: Chain) -> None:
    twin = chain.entry("1002", after=2, action="update", twin=True, id="twin")
    chain.log(twin, chain.entry("1002", unresolved=True))
    chain.log(chain.entry("1001", unresolved=True))
    found = chain.rows("select person_number, reference from outcomes order by 1")
    assert found == [("1001", "unresolved"), ("1002", "resolved")]


def test_an_entry_belongs_to_the_last_operation_accepted_before_it(chain: Chain) -> None:
    chain.log(chain.entry("1001"), chain.entry("1002"))
    chain.now = chain.now.replace(minute=30)
    chain.day("2026-11-02", ("1001", "False", *ADA[2:]), BEN)
    chain.accept(chain.planned())
    chain.log(chain.entry("1001", "failure", action="disable"))
    assert chain.receipts() == {"1001": ["succeeded", "failed"], "1002": ["succeeded"]}
    assert chain.rows("select person_number, state from failures") == [("1001", "failed")]


def test_operations_overtaken_before_the_service_began_to_work_do_not_wait_for_ever(chain: Chain) -> None:
    """Cycles are 40 minutes apart: two manifests accepted between two of them are both worked off after both."""
    chain.now = chain.now.replace(minute=10)
    chain.day("2026-11-02", ("1001", "True", "Ada", "Byron", "", "Sales"), BEN)
    chain.accept(chain.planned())
    chain.now = chain.now.replace(minute=40)
    chain.log(
        chain.entry("1001", after=1), chain.entry("1001", after=3, action="update", id="second"), chain.entry("1002")
    )
    assert chain.waiting() == 0
    assert chain.receipts()["1001"] == ["succeeded", "succeeded"]


def test_a_request_accepted_twice_is_one_operation(chain: Chain) -> None:
    made = chain.rows("select count(*) from accepted_requests")
    assert chain.sync() == 0
    assert chain.rows("select count(*) from accepted_requests") == made
