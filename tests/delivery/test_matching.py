"""Which entry belongs to which operation: the rules of delivery/outcomes/matching.py and of Entra ID's log_matching.py."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hcm_pipeline.delivery.outcomes import matching
from tests.budget import examples

from .tables import OUTCOMES, RULES, T0, TARGET, Service, empty_tables, entry_at


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Empty tables; whoever writes takes it back."""
    with empty_tables() as made:
        yield made


@pytest.fixture
def service(con: duckdb.DuckDBPyConnection) -> Iterator[Service]:
    """A worker's operations were accepted at second 0 and at second 60."""
    con.begin()
    made = Service(con)
    made.accept(0)
    made.accept(60)
    yield made
    con.rollback()


def test_two_changes_after_two_acceptances_settle_one_operation_each(service: Service) -> None:
    service.log(entry_at(61, "a", status="failure"))
    assert service.states() == ["failed", "accepted"]
    service.log(entry_at(62, "b"))
    assert service.states() == ["failed", "succeeded"]


def test_one_change_never_settles_an_operation_that_was_lost(service: Service) -> None:
    service.log(entry_at(61, "a"))
    assert service.states() == ["succeeded", "accepted"]
    assert matching.waiting_since(service.con, TARGET) == (1, T0 + dt.timedelta(seconds=60))


def test_an_entry_that_comes_late_for_the_earlier_operation_is_that_ones(service: Service) -> None:
    service.log(entry_at(65, "b"))
    service.log(entry_at(30, "a", status="failure"))
    assert service.states() == ["failed", "succeeded"]


def test_a_retry_by_the_service_under_the_same_change_is_no_second_change(service: Service) -> None:
    service.log(entry_at(30, "1", change_id="a", status="failure"), entry_at(70, "2", change_id="a"))
    assert service.states() == ["succeeded", "accepted"]


def test_a_retry_by_the_service_under_a_new_change_belongs_to_the_operation_served_last(service: Service) -> None:
    service.log(entry_at(30, "a"), entry_at(65, "b", status="failure"))
    assert service.states() == ["succeeded", "failed"]
    service.log(entry_at(2460, "c"))
    assert service.states() == ["succeeded", "succeeded"]


@pytest.mark.parametrize(("hours", "second"), [(1, "accepted"), (5, "succeeded")])
def test_an_echo_of_an_attempt_without_an_answer_settles_no_later_operation(
    con: duckdb.DuckDBPyConnection, hours: int, second: str
) -> None:
    con.begin()
    try:
        service, later = Service(con), hours * 3600
        service.accept(0, perhaps=1)
        service.accept(later)  # of which the service says 202, and forgets it
        service.log(entry_at(30, "a"), entry_at(later + 1, "b", action="update"))
        assert service.states() == ["succeeded", second]  # after a long time it is no echo any more
        service.log(entry_at(later + 2, "c", status="failure"))
        assert service.states() == ["succeeded", "failed"]
    finally:
        con.rollback()


@pytest.mark.parametrize(
    ("hours", "digest", "states"),
    [
        (1, None, ["succeeded", "accepted"]),
        (1, 1, ["superseded", "succeeded"]),  # the same content: the account is as it should be
        (5, None, ["superseded", "succeeded"]),
    ],
)
def test_what_a_request_in_doubt_did_settles_no_later_operation_of_other_content(
    con: duckdb.DuckDBPyConnection, hours: int, digest: int | None, states: list[str]
) -> None:
    con.begin()
    try:
        service, later = Service(con), hours * 3600
        service.send(0, attempts=1)  # no answer comes, and a newer plan takes its place
        service.accept(later, digest=digest)  # of which the service says 202
        service.log(entry_at(later + 30, "a"))
        assert service.states() == states
        service.log(entry_at(later + 31, "b", status="failure"))
        assert service.states()[1] == "failed"
    finally:
        con.rollback()


def test_an_entry_a_few_seconds_older_than_its_acceptance_is_still_its_own(service: Service) -> None:
    service.log(entry_at(30, "a"), entry_at(57, "b", status="failure"))
    assert service.states() == ["succeeded", "failed"]


def test_entries_of_nobody_who_was_sent_are_not_kept(service: Service) -> None:
    assert service.log(entry_at(2, "b", "9999"), entry_at(3, "c")) == 1
    assert service.rows("select log_id from log_entries") == [("c",)]


def test_a_status_that_nobody_knows_settles_nothing(service: Service) -> None:
    assert service.log(entry_at(61, "a", status="unknownfuturevalue")) == 0
    assert service.states() == ["accepted", "accepted"]


def test_an_update_that_only_exports_is_an_outcome_when_no_entry_of_its_change_came_before(service: Service) -> None:
    service.log(entry_at(61, "a", twin=True))
    assert service.states() == ["succeeded", "accepted"]


def test_an_acceptance_that_becomes_known_after_its_entry_was_read_is_settled_by_the_next_reading(
    service: Service,
) -> None:
    service.log(entry_at(30, "a"), entry_at(61, "b"), entry_at(90, "c", status="failure"))
    service.accept(85)
    assert service.log() == 1
    assert service.states() == ["succeeded", "succeeded", "failed"]


def test_what_happens_after_a_worker_was_sent_again_does_not_serve_what_was_given_up(service: Service) -> None:
    service.log(entry_at(30, "a"))
    assert matching.give_up(service.con, OUTCOMES, T0 + dt.timedelta(hours=4), RULES, None) == 1
    assert service.rows("select state, attempts from failures") == [("missing", 1)]
    service.accept(14500)
    service.log(entry_at(14510, "c"))
    assert service.states() == ["succeeded", "missing", "succeeded"]
    service.log(entry_at(62, "b", status="failure"))  # and it had come late after all
    assert service.states() == ["succeeded", "failed", "succeeded"]


def test_a_skip_says_why_and_out_of_scope_has_a_mend(service: Service) -> None:
    service.log(
        entry_at(30, "a", status="skipped", skip="no change"), entry_at(61, "b", status="skipped", skip="out of scope")
    )
    assert service.rows("select state, reason, failure_class from receipts order by accepted_at") == [
        ("skipped", "no change", None),
        ("skipped", "out of scope", "needs configuration"),
    ]
    assert service.rows("select state, next_try_at from failures") == [("skipped", None)]


def test_a_first_skip_that_does_not_say_why_is_taken_for_out_of_scope_only_of_a_create(service: Service) -> None:
    service.accept(0, "2002", kind="create")
    service.log(entry_at(5, "a", "2002", status="skipped", skip="unspecified"))
    service.log(entry_at(5, "b", status="skipped", skip="unspecified"))
    assert service.rows("select person_number, failure_class from outcomes order by 1") == [
        ("1001", None),
        ("2002", "needs configuration"),
    ]


def test_what_forgotten_entries_settled_stays_settled(service: Service) -> None:
    service.log(entry_at(30, "a"), entry_at(61, "b", status="failure"))
    matching.forget_old(service.con, TARGET, T0 + dt.timedelta(days=61))
    assert service.rows("select count(*) from log_entries") == [(0,)]
    service.accept(6e6)
    service.log(entry_at(6e6 + 1, "c"))
    assert service.states() == ["succeeded", "failed", "succeeded"]


# --- what always holds


def reference(accepted: list[float], entries: list[tuple[float, str, str, str]]) -> list[str | None]:
    """The status that decides each operation, by a queue: the rule as the module's first lines tell it.

    `accepted`: seconds, ascending. `entries`: seconds, id, changeId, status.
    """
    skew = matching.SKEW.total_seconds()
    last: dict[str, tuple[str, list[tuple[float, str, str, str]]]] = {}
    changes: list[list[tuple[float, str, str, str]]] = []
    for entry in sorted(entries):
        _, _, change, status = entry
        if change in last and last[change][0] == "failure":
            last[change][1].append(entry)
            last[change] = (status, last[change][1])
        else:
            changes.append([entry])
            last[change] = (status, changes[-1])
    served: list[list[tuple[float, str, str, str]]] = []
    for group in changes:
        if group[0][0] < accepted[0] - skew:
            continue
        if len(served) < len(accepted) and accepted[len(served)] - skew <= group[0][0]:
            served.append(list(group))
        else:
            served[-1].extend(group)
    return [max(group)[3] for group in served] + [None] * (len(accepted) - len(served))


TIMES = st.integers(0, 40).map(float)
ENTRIES = st.lists(
    st.tuples(TIMES, st.sampled_from("abcde"), st.sampled_from(["success", "failure", "skipped"])), max_size=7
)
WORDS = {"succeeded": "success", "failed": "failure", "skipped": "skipped"}


WORKERS = st.lists(st.tuples(st.lists(TIMES, min_size=1, max_size=4, unique=True), ENTRIES), min_size=8, max_size=12)


@settings(max_examples=examples(12), deadline=None, phases=[Phase.explicit, Phase.generate])
@given(WORKERS, st.integers(0, 2**16), st.integers(1, 3))
def test_outcomes_are_those_of_the_queue_however_the_log_is_cut_into_readings(
    con: duckdb.DuckDBPyConnection,
    workers: list[tuple[list[float], list[tuple[float, str, str]]]],
    seed: int,
    readings: int,
) -> None:
    chance, log, expected = random.Random(seed), [], {}
    con.begin()
    try:
        service = Service(con)
        for number, (accepted, told) in enumerate(workers):
            entries = [(at + 0.001 * i, f"{number}-{i}", change, status) for i, (at, change, status) in enumerate(told)]
            log += [entry_at(at, key, str(number), change_id=c, status=s) for at, key, c, s in entries]
            for at, outcome in zip(sorted(accepted), reference(sorted(accepted), entries), strict=True):
                service.accept(at, str(number))
                expected[service.plans] = outcome
        for _ in range(readings - 1):
            service.log(*(entry for entry in chance.sample(log, len(log)) if chance.random() < 0.6))
        service.log(*chance.sample(log, len(log)))
        found = dict(service.rows("select plan_no, outcome from outcomes"))
    finally:
        con.rollback()
    assert {plan: WORDS[found[plan]] if plan in found else None for plan in expected} == expected


def test_a_large_load_is_settled_in_batches_and_nobody_is_left_out(con: duckdb.DuckDBPyConnection) -> None:
    count = 20_000
    con.begin()
    try:
        Service(con).accept(0)
        con.execute(
            "insert into operations select 1, i // 50 + 1, i % 50, i::varchar, 'create', md5(i::varchar)::uuid from range(?) r(i)",
            [count],
        )
        con.execute(
            "insert into accepted_requests by name select 1 as plan_no, i + 1 as request_no, ? as accepted_at from range(?) r(i)",
            [T0, count // 50],
        )
        settled = 0
        for start in range(0, count, 10_000):
            batch = [entry_at(60 + i / 1000, f"e{i}", str(i), status="success" if i % 10 else "failure")
                     for i in range(start, start + 10_000)]  # fmt: skip
            settled += matching.record_entries(con, OUTCOMES, batch, RULES)
        assert settled == count
        counts = con.execute("select outcome, count(*) from outcomes group by 1 order by 1").fetchall()
        assert counts == [("failed", 2_000), ("succeeded", 18_000)]
    finally:
        con.rollback()
