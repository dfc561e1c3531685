"""The Graph client over TLS: what it sends, how it reads pages, and how patiently."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import replace

import httpx
import orjson
import pytest

from hcm_pipeline.entra import LOG_RATE, GraphClient
from hcm_pipeline.errors import ServiceError, ServiceRefused, ServiceUnavailable
from hcm_pipeline.http import NoAnswer, Patience, TryAgain

from .conftest import Service

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def bulk(*numbers: int) -> bytes:
    """A bulk request, with spaces that a client which parsed it would lose."""
    operations = [
        {
            "method": "POST",
            "path": "/Users",
            "bulkId": f"b{number}",
            "data": {
                "schemas": [CORE, ENTERPRISE],
                "externalId": f"{number:05}",
                "userName": f"worker{number}@contoso.com",
                "displayName": f"Worker {number}",
                "active": True,
                ENTERPRISE: {},
            },
        }
        for number in numbers
    ]
    root = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    return orjson.dumps(root, option=orjson.OPT_INDENT_2)


def start_of(service: Service) -> dt.datetime:
    return service.time.now - dt.timedelta(hours=1)


def test_exactly_the_given_bytes_arrive_as_scim(service: Service) -> None:
    body = bulk(1, 2)
    with service.client() as client:
        answer = client.bulk_upload(body, client.sign_in())
    assert answer.accepted
    assert answer.status == 202  # a strict sandbox answers 400 to any other content type
    assert answer.request_id
    assert [call["sha256"] for call in service.received()] == [hashlib.sha256(body).hexdigest()]


def test_an_upload_is_never_repeated_by_the_client(service: Service) -> None:
    service.fault("status", status=429, retry_after=9)
    with service.client() as client:
        answer = client.bulk_upload(bulk(1), client.sign_in())
    assert (answer.status, answer.retry_after, answer.code) == (429, 9.0, "TooManyRequests")
    assert len(service.received()) == 1
    assert service.time.slept == []


@pytest.mark.parametrize("kind", ["reset_before", "reset_after"])
def test_a_connection_lost_under_way_may_have_arrived(service: Service, kind: str) -> None:
    service.fault(kind)
    with service.client() as client, pytest.raises(NoAnswer) as caught:
        client.bulk_upload(bulk(1), client.sign_in())
    assert caught.value.sent


def test_a_connection_that_was_never_made_has_not_arrived(service: Service) -> None:
    target = replace(service.target, graph_url="https://127.0.0.1:9/v1.0")
    with service.client(target) as client, pytest.raises(NoAnswer, match="cannot be reached") as caught:
        client.bulk_upload(bulk(1), client.sign_in())
    assert not caught.value.sent


def test_the_log_is_read_over_all_its_pages(service_with: Callable[..., Service]) -> None:
    service = service_with(log_calls_per_10s=1000)
    with service.client() as client:
        for start in range(0, 200, 50):
            assert client.bulk_upload(bulk(*range(start, start + 50)), client.sign_in()).accepted
        service.advance(60)
        entries = [entry for page in client.provisioning_log(start_of(service)) for entry in page.entries]
    assert {entry.external_id for entry in entries} == {f"{number:05}" for number in range(200)}
    assert {(entry.action, entry.status) for entry in entries} == {("create", "success")}
    assert {entry.job_id for entry in entries} == {service.target.job_id}


@pytest.mark.parametrize("page", ["60", "5000"])
def test_the_log_is_read_in_pages_of_any_size_that_the_service_takes(
    service_with: Callable[..., Service], monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.setattr("hcm_pipeline.entra.client.LOG_PAGE", page)  # the sandbox refuses the larger one
    service = service_with(log_calls_per_10s=1000)
    with service.client() as client:
        for start in range(0, 150, 50):
            assert client.bulk_upload(bulk(*range(start, start + 50)), client.sign_in()).accepted
        service.advance(60)
        pages = [read.entries for read in client.provisioning_log(start_of(service))]
    assert len(pages) == (3 if page == "60" else 2)  # its own page holds a hundred
    assert len({entry.id for entries in pages for entry in entries}) == 150


def test_the_log_begins_at_the_given_time(service: Service) -> None:
    with service.client() as client:
        client.bulk_upload(bulk(1), client.sign_in())
        service.advance(60)
        [page] = client.provisioning_log(service.time.now + dt.timedelta(hours=1))
        assert page.entries == ()


def test_the_log_is_asked_no_oftener_than_five_times_in_ten_seconds(service_with: Callable[..., Service]) -> None:
    service = service_with(log_calls_per_10s=1000)
    with service.client() as client:
        for _ in range(LOG_RATE.calls):
            list(client.provisioning_log(start_of(service)))
        assert service.time.slept == []
        list(client.provisioning_log(start_of(service)))
    assert service.time.slept == [10.0]


def test_a_throttled_log_is_asked_again_after_the_time_it_names(service: Service) -> None:
    service.fault("status", status=429, retry_after=7, on="log")
    with service.client() as client:
        assert [page.entries for page in client.provisioning_log(start_of(service))] == [()]
    assert service.time.slept == [7.0]


@pytest.mark.parametrize(("kind", "given"), [("status", {"status": 503}), ("reset_before", {})])
def test_a_failing_log_is_asked_again(service: Service, kind: str, given: dict[str, int]) -> None:
    service.fault(kind, times=3, on="log", **given)
    with service.client() as client:
        assert [page.entries for page in client.provisioning_log(start_of(service))] == [()]
    assert len(service.time.slept) == 3


def test_patience_with_the_log_has_an_end(service: Service) -> None:
    service.fault("status", status=503, times=None, on="log")
    impatient = Patience(give_up_after=300, sleep=service.time.sleep)
    with (
        GraphClient(service.target, patience=impatient, clock=service.time.clock) as client,
        pytest.raises(ServiceUnavailable, match="gave up: 503"),
    ):
        list(client.provisioning_log(start_of(service)))
    assert 240 < sum(service.time.slept) <= 300


def test_a_token_revoked_under_way_is_renewed_once(service: Service) -> None:
    with service.client() as client:
        client.job_status()
        service.fault("revoke_tokens")
        assert client.job_status().schedule == "Active"
    assert service.time.slept == []


def test_a_fresh_token_that_is_refused_too_ends_it(service: Service) -> None:
    service.fault("status", status=401, times=2, on="jobs")
    with service.client() as client, pytest.raises(ServiceRefused, match="401 InvalidAuthenticationToken") as caught:
        client.job_status()
    assert caught.value.status == 401


def test_a_missing_permission_is_named(service_with: Callable[..., Service]) -> None:
    service = service_with(withheld_permissions=frozenset({"ProvisioningLog.Read.All"}))
    with service.client() as client, pytest.raises(ServiceRefused, match=r"needs the permission ProvisioningLog\.Read"):
        list(client.provisioning_log(start_of(service)))


def test_an_unknown_job_is_refused_at_once(service: Service) -> None:
    with (
        service.client(replace(service.target, job_id="API2AAD.none")) as client,
        pytest.raises(ServiceRefused) as caught,
    ):
        client.job_status()
    assert (caught.value.status, caught.value.code) == (404, "Request_ResourceNotFound")


def test_users_are_read_by_filter_and_selection(service: Service) -> None:
    with service.client() as client:
        client.bulk_upload(bulk(1, 2, 3), client.sign_in())
        service.advance(60)
        users = list(client.users(["employeeId", "userPrincipalName"], "employeeId eq '00002'"))
        everyone = list(client.users(["employeeId"]))
    assert [user["userPrincipalName"] for user in users] == ["worker2@contoso.com"]
    assert len(everyone) == 3


def answering(
    service: Service, pages: Callable[[httpx.Request], httpx.Response], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Have Graph, not the authority, answered by a function: for what a well-behaved service never does."""
    made = httpx.Client

    def client(**given: object) -> httpx.Client:
        return made(transport=httpx.MockTransport(pages), follow_redirects=bool(given.get("follow_redirects")))

    monkeypatch.setattr("hcm_pipeline.entra.client.httpx.Client", client)


@pytest.mark.parametrize(
    "link", ["https://evil.example/v1.0/users?$skiptoken=x", "http://127.0.0.1/", "//evil.example"]
)
def test_a_next_page_on_another_host_is_not_followed(
    service: Service, monkeypatch: pytest.MonkeyPatch, link: str
) -> None:
    answering(service, lambda _: httpx.Response(200, json={"value": [], "@odata.nextLink": link}), monkeypatch)
    with service.client() as client, pytest.raises(ServiceError, match="on another host"):
        list(client.users(["id"]))


def test_pages_that_lead_in_a_circle_end(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    page = {"value": [], "@odata.nextLink": f"{service.target.graph_url}/users?$skiptoken=same"}
    answering(service, lambda _: httpx.Response(200, json=page), monkeypatch)
    with service.client() as client, pytest.raises(ServiceError, match="circle"):
        list(client.users(["id"]))


def test_an_answer_that_is_not_json_is_an_error(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(service, lambda _: httpx.Response(200, text="<html>jane</html>"), monkeypatch)
    with service.client() as client, pytest.raises(ServiceError, match="not JSON") as caught:
        list(client.users(["id"]))
    assert "jane" not in str(caught.value)


def waits(patience: Patience, failure: TryAgain) -> list[float]:
    """How long is waited between attempts that all fail alike."""
    slept: list[float] = []

    def attempt() -> None:
        raise failure

    with pytest.raises(TryAgain):
        replace(patience, sleep=slept.append).attempts()(attempt)
    return slept


def test_waits_grow_with_jitter_and_stay_within_patience() -> None:
    slept = waits(Patience(give_up_after=600), TryAgain("503"))
    assert all(0.5 <= seconds <= 60 for seconds in slept)
    assert slept[0] <= 1
    assert 540 < sum(slept) <= 600


def test_congestion_is_waited_for_in_minutes() -> None:
    assert waits(Patience(give_up_after=2000), TryAgain("500", congested=True)) == [300, 600, 600]


def test_the_services_word_goes_before_our_own_reckoning() -> None:
    assert waits(Patience(give_up_after=100), TryAgain("429", 40.0)) == [40, 40]
    assert waits(Patience(give_up_after=3), TryAgain("429", 0.0)) == [1, 1, 1]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("place", ["http://127.0.0.1:9/other", "https://evil.example/other", "/v1.0/other"])
def test_a_redirect_of_graph_is_not_followed_with_the_token(
    service: Service, monkeypatch: pytest.MonkeyPatch, status: int, place: str
) -> None:
    heard: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request.url.path)
        return httpx.Response(status, headers={"Location": place})

    answering(service, answer, monkeypatch)
    with service.client() as client:
        with pytest.raises(ServiceError):
            list(client.users(["id"]))
        assert not client.bulk_upload(bulk(1), client.sign_in()).accepted
    assert {path.rpartition("/")[2] for path in heard} == {"users", "bulkUpload"}
