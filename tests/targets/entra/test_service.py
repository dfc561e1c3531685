"""Entra ID as delivery's service: what a status means, when a token is renewed, which entries are the job's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import cast

import pytest

from hcm_pipeline.delivery import Reception
from hcm_pipeline.entra import BUCKET_FULL, NO_CHANGE, OUT_OF_SCOPE, UNSPECIFIED, GraphClient, LogEntry, LogPage
from hcm_pipeline.http import Reply
from hcm_pipeline.targets.entra.service import EntraService, answer_of, outcome_of

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


def reply(status: int, message: str = "", retry_after: float | None = None) -> Reply:
    return Reply(status, "id", NOON, retry_after, "Code", message, "detail")


def entry(job: str = "job", **given: object) -> LogEntry:
    values: dict[str, object] = {
        "id": "e", "activity_time": NOON, "job_id": job, "cycle_id": "", "change_id": "c", "external_id": "1001",
        "action": "create", "status": "success", "error_code": None, "reason": None, "recommended_action": None,
        "unresolved_references": (), "resolves_references": False, "target_id": None, "duration_ms": 1,
    }  # fmt: skip
    return LogEntry(**(values | given))  # type: ignore[arg-type]


class Graph:
    """A client that answers with these statuses, and notes the tokens that it was given."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.tokens: list[str] = []
        self.number = 0
        self.entries: tuple[LogEntry, ...] = ()

    def sign_in(self) -> str:
        return f"token {self.number}"

    def forget_token(self) -> None:
        self.number += 1

    def bulk_upload(self, body: bytes, token: str) -> Reply:
        self.tokens.append(token)
        return reply(self.statuses.pop(0))

    def provisioning_log(self, since: dt.datetime) -> Iterator[LogPage]:
        yield LogPage(self.entries, NOON)


def service(graph: Graph) -> EntraService:
    return EntraService(cast("GraphClient", graph), "JOB")


def receptions(graph: Graph) -> list[Reception]:
    """How requests are received, one after the other."""
    live = service(graph)
    found = []
    while graph.statuses:
        live.prepare()
        found.append(live.post(0, b"").reception)
    return found


@pytest.mark.parametrize(
    ("status", "reception", "may_have_arrived"),
    [
        (202, Reception.ACCEPTED, False), (400, Reception.REFUSED, False), (409, Reception.REFUSED, False),
        (413, Reception.REFUSED, False), (422, Reception.REFUSED, False), (403, Reception.CLOSED, False),
        (404, Reception.CLOSED, False), (408, Reception.LATER, True), (429, Reception.LATER, False),
        (500, Reception.LATER, True), (503, Reception.LATER, True),
    ],
)  # fmt: skip
def test_every_status_means_one_reception(status: int, reception: Reception, may_have_arrived: bool) -> None:
    answer = service(Graph(status)).post(0, b"")
    assert (answer.reception, answer.may_have_arrived, answer.status) == (reception, may_have_arrived, status)


def test_a_full_bucket_takes_minutes_and_a_wait_is_handed_on() -> None:
    assert answer_of(reply(500, BUCKET_FULL), Reception.LATER).congested
    assert answer_of(reply(429, retry_after=17.0), Reception.LATER).wait == 17.0


def test_a_missing_permission_is_told_with_what_mends_it_and_the_services_own_words_are_not() -> None:
    answer = answer_of(reply(403), Reception.CLOSED)
    assert "SynchronizationData-User.Upload" in answer.mend
    assert answer.says == "403 Code, request-id id"
    assert "detail" not in repr(answer)


def test_a_token_is_renewed_once_in_a_row_and_again_after_something_was_taken() -> None:
    graph = Graph(401, 202, 401, 401)
    assert receptions(graph) == [Reception.AGAIN, Reception.ACCEPTED, Reception.AGAIN, Reception.CLOSED]
    assert graph.tokens == ["token 0", "token 1", "token 1", "token 2"]


def test_a_refused_body_proves_a_token_too() -> None:
    assert receptions(Graph(401, 400, 401)) == [Reception.AGAIN, Reception.REFUSED, Reception.AGAIN]


def test_requests_that_were_on_their_way_with_the_same_token_renew_it_once() -> None:
    """The second was posted before the answer to the first was read."""
    graph = Graph()
    live = service(graph)
    live.prepare()
    answers = iter([401, 401])

    def post(body: bytes, token: str) -> Reply:
        graph.tokens.append(token)
        if body == b"first":
            live.post(1, b"second")
        return reply(next(answers))

    graph.bulk_upload = post  # type: ignore[method-assign]
    assert live.post(0, b"first").reception is Reception.AGAIN
    assert (graph.tokens, graph.number) == (["token 0", "token 0"], 1)


def test_entries_of_another_job_are_left_out_and_one_that_names_none_is_not() -> None:
    graph = Graph()
    graph.entries = (entry("other", id="a"), entry("", id="b"), entry("job", id="c"))
    [page] = service(graph).outcomes(NOON)
    assert ([one.id for one in page.entries], page.service_time) == (["b", "c"], NOON)


@pytest.mark.parametrize(("skip", "good"), [(NO_CHANGE, True), (OUT_OF_SCOPE, False), (UNSPECIFIED, False)])
def test_a_skip_is_good_when_nothing_was_left_to_change(skip: str, good: bool) -> None:
    assert outcome_of(entry(status="skipped", skip=skip)).good is good


def test_a_success_is_good_and_a_warning_or_a_failure_is_not() -> None:
    assert [outcome_of(entry(status=one)).good for one in ("success", "warning", "failure")] == [True, False, False]
