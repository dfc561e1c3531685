"""Failures: the class of each, the mend, and when the worker is sent again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcm_pipeline.deciders import Decider
from hcm_pipeline.delivery import UNKNOWN_CODE, FailureClass, Health, HealthState, why_plan
from hcm_pipeline.delivery.outcomes import failures, health, matching
from hcm_pipeline.delivery.plan.resend import resend
from hcm_pipeline.sandbox import log_codes
from hcm_pipeline.targets.entra.error_codes import KNOWN_CODES, mend_of
from hcm_pipeline.warehouse import Relation, scratch

from .tables import OUTCOMES, RULES, T0, TARGET, Service, empty_tables, entry_at


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Empty tables."""
    with empty_tables() as made:
        yield made


@pytest.fixture
def service(con: duckdb.DuckDBPyConnection) -> Iterator[Service]:
    """A worker's operation was accepted at T0, under the profile `one`."""
    con.begin()
    con.execute("insert into days by name select date '2026-11-01' as business_date, '' as state, 'one' as contract, 1 as extracts,"
                " 1 as rows, 0 as collapsed, 0 as passed_over, 0 as quarantined, 1 as workers, 0 as absent, 0 as manager_warnings,"
                " 0 as identities_given, 'done' as status, now() as finished_at, now() as judged_at")  # fmt: skip
    made = Service(con)
    made.accept(0, digest=7)
    yield made
    con.rollback()


def later(minutes: float) -> dt.datetime:
    return T0 + dt.timedelta(minutes=minutes)


def sent_again(service: Service, minutes: float) -> dict[str, str]:
    """The workers that a plan made so many minutes after T0 sends again, and why."""
    with scratch(service.con) as t:
        return dict(t.rows(f"from {resend(t, TARGET, *snapshot(service), later(minutes))}"))


def snapshot(service: Service) -> tuple[str, Relation]:
    """The contract of the newest snapshot, and to whom its workers' accounts refer."""
    with scratch(service.con) as t:
        row = t.first("select contract from days order by business_date desc limit 1")
    assert row is not None
    return row[0], Relation(
        "(select person_number, manager as refers_to from worker_versions where valid_to is null)", tuple
    )


def due(service: Service, minutes: float) -> tuple[str, str] | None:
    """The reason for which a plan made so many minutes after T0 would send again."""
    with scratch(service.con) as t:
        return why_plan(t, TARGET, *snapshot(service), later(minutes))


def fail(service: Service, code: str | None, at: float = 60, log_id: str = "a") -> None:
    service.log(entry_at(at, log_id, status="failure", error_code=code))


@pytest.mark.parametrize("code", sorted(KNOWN_CODES))
def test_every_documented_code_has_a_class_and_a_mend_whatever_its_case(code: str) -> None:
    assert mend_of(code) == mend_of(code.upper()) == mend_of(f"{code}-LdapErr: detail")
    assert mend_of(code) is not UNKNOWN_CODE


def test_every_code_that_the_sandbox_can_log_is_known() -> None:
    assert {code for code in log_codes.CODES if mend_of(code) is UNKNOWN_CODE} == set()


@given(st.text())
def test_a_code_that_nobody_knows_is_tried_again_and_left_to_a_person_in_the_end(code: str) -> None:
    if code.lower().partition("-")[0] not in {known.lower() for known in KNOWN_CODES}:
        assert mend_of(code) is UNKNOWN_CODE
    assert mend_of(None) is UNKNOWN_CODE


def test_what_passes_is_sent_again_after_waits_that_double_and_at_last_no_more(service: Service) -> None:
    waits, at = [], 0.0
    for attempt in range(RULES.retry_limit):
        at += 60
        fail(service, "Timeout", at, f"e{attempt}")
        [(attempts, since, next_try)] = service.rows("select attempts, since, next_try_at from failures")
        assert attempts == attempt + 1
        if next_try is None:
            break
        wait = (next_try - since).total_seconds() / 60
        waits.append(wait)
        assert sent_again(service, at / 60 + wait - 1) == {}
        assert sent_again(service, at / 60 + wait) == {"1001": "failed"}
        at += wait * 60
        service.accept(at, digest=7)
        assert sent_again(service, 10**6) == {}  # it has been sent
    assert waits == [40, 80, 160, 320, 640]
    assert sent_again(service, 10**6) == {}
    failures.decide_retry(service.con, TARGET, "1001", Decider("somebody", later(10**5)))
    assert sent_again(service, 10**6) == {"1001": "a person said so"}
    service.accept(10**7, digest=7)
    fail(service, "Timeout", 10**7 + 1, "last")
    assert service.rows("select attempts from failures") == [(1,)]  # counted anew from the person's word


def test_other_data_count_their_own_attempts(service: Service) -> None:
    fail(service, "Timeout")
    service.accept(3600, digest=8)
    fail(service, "Timeout", 3700, "b")
    assert service.rows("select attempts from failures") == [(1,)]


def test_what_needs_data_is_not_sent_again_as_it_is_unless_a_person_says_so(service: Service) -> None:
    fail(service, "Conflict")
    assert service.rows("select failure_class, next_try_at from failures") == [("needs data", None)]
    service.con.execute("update days set contract = 'two'")
    assert sent_again(service, 10**6) == {}
    assert failures.decide_retry(service.con, TARGET, "9999", Decider("somebody", later(5))) == 0
    assert failures.decide_retry(service.con, TARGET, None, Decider("somebody", later(5))) == 1
    assert sent_again(service, 10**6) == {"1001": "a person said so"}


@pytest.mark.parametrize("code", ["InsufficientRights", "SchemaAttributeNotFound"])
def test_what_needs_a_configuration_is_sent_again_when_the_profile_is_another(service: Service, code: str) -> None:
    fail(service, code)
    assert sent_again(service, 10**6) == {}
    service.con.execute("update days set contract = 'two'")
    assert sent_again(service, 1) == {"1001": "the profile has changed"}


def test_a_later_success_ends_a_failure(service: Service) -> None:
    fail(service, "Timeout")
    service.log(entry_at(2400, "b"))
    assert service.rows("select * from failures") == []


def test_who_lacks_a_manager_is_sent_again_when_the_managers_account_has_come_and_only_then(service: Service) -> None:
    service.con.execute("insert into worker_versions by name select '1001' as person_number, date '2026-11-01' as valid_from,"
                        " md5('')::uuid as digest, 1 as extract_id, 1 as row_no, '2002' as manager")  # fmt: skip
    service.log(entry_at(60, "a", unresolved=True))
    assert service.rows("select state, failure_class from failures") == [("unresolved", str(FailureClass.MANAGER))]
    assert sent_again(service, 10**6) == {}
    service.accept(100, "2002", kind="create")
    assert sent_again(service, 10**6) == {}
    service.log(entry_at(120, "m", "2002", status="failure", error_code="Conflict"))
    assert sent_again(service, 10**6) == {}
    service.log(entry_at(180, "n", "2002"))
    assert sent_again(service, 4) == {"1001": "its manager has come"}
    service.accept(300, digest=7)
    service.log(entry_at(360, "b", unresolved=True))
    assert sent_again(service, 10**6) == {}  # once, and not for ever


def test_a_reference_that_the_log_shows_as_filled_in_is_no_failure(service: Service) -> None:
    service.log(entry_at(60, "a", unresolved=True, change_id="c"))
    service.log(entry_at(61, "b", twin=True, change_id="c"))
    assert service.rows("select * from failures") == []
    assert service.rows("select reference from receipts") == [("resolved",)]


def test_what_is_missing_is_sent_again_at_once_and_then_with_patience(service: Service) -> None:
    assert matching.give_up(service.con, OUTCOMES, later(179), RULES, None) == 0
    assert matching.give_up(service.con, OUTCOMES, later(180), RULES, None) == 1
    assert matching.waiting_since(service.con, TARGET) == (0, None)
    assert sent_again(service, 180) == {"1001": "missing"}
    service.accept(190 * 60, digest=7)
    assert matching.give_up(service.con, OUTCOMES, later(400), RULES, None) == 1
    assert service.rows("select attempts from failures") == [(2,)]
    assert sent_again(service, 439) == {}
    assert sent_again(service, 440) == {"1001": "missing"}


@pytest.mark.parametrize("state", [HealthState.PAUSED, HealthState.QUARANTINE, HealthState.NOT_STARTED])
def test_nobody_is_sent_again_while_the_job_does_not_run(service: Service, state: HealthState) -> None:
    matching.give_up(service.con, OUTCOMES, later(180), RULES, None)
    health.remember(service.con, TARGET, Health(state), later(180), None)
    assert sent_again(service, 200) == {}
    health.remember(service.con, TARGET, Health(HealthState.RUNNING), later(210), later(210))
    assert sent_again(service, 210) == {"1001": "missing"}


def test_time_in_which_the_job_did_not_run_makes_nobody_missing(service: Service) -> None:
    assert matching.give_up(service.con, OUTCOMES, later(500), RULES, later(400)) == 0
    assert matching.give_up(service.con, OUTCOMES, later(580), RULES, later(400)) == 1


def test_two_requests_without_a_word_in_the_log_mean_a_silent_job_that_is_tried_again_after_a_while(
    service: Service,
) -> None:
    running = Health(HealthState.RUNNING)
    matching.give_up(service.con, OUTCOMES, later(180), RULES, None)
    assert health.with_silence(service.con, TARGET, running, RULES) == running  # one may be lost
    service.accept(10, "2002")
    matching.give_up(service.con, OUTCOMES, later(200), RULES, None)
    silent = health.with_silence(service.con, TARGET, running, RULES)
    assert silent.state is HealthState.SILENT
    assert silent.stops(later(700))
    assert not silent.stops(later(721))
    health.remember(service.con, TARGET, silent, later(200), None)
    assert sent_again(service, 700) == {}
    assert sent_again(service, 721) == {"1001": "missing", "2002": "missing"}
    service.con.execute("insert into log_reads values (?, ?, ?)", [TARGET, later(200), later(150)])
    assert health.with_silence(service.con, TARGET, running, RULES) == running  # an entry of anybody is a sign of life


def test_why_a_plan_is_due_names_no_worker_and_changes_with_the_attempt(service: Service) -> None:
    assert due(service, 10) is None
    fail(service, "Timeout")
    first = due(service, 60)
    assert first is not None
    assert first[0] == "1 worker is to be sent again: failed"
    service.accept(3700, digest=7)
    fail(service, "Timeout", 3800, "b")
    second = due(service, 1000)
    assert second is not None
    assert second[1] != first[1]
