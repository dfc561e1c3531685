"""Sign-in and calls: repeated while a failure passes, ended at once by a refusal, and no secret is ever shown."""

from __future__ import annotations

import base64
import datetime as dt
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from hcm_pipeline.errors import PipelineError, ServiceError, ServiceUnavailable, SignInFailed, causes
from hcm_pipeline.oracle import OracleConnection, OracleRefused, Person
from tests.oracle.support import BASIC, TODAY, Answer, Site, StoppedTime, service, window
from tests.oracle.test_entries import of_json
from tests.sandbox.hcm_support import RESOURCES, START, URL

TOKENS = OracleConnection(
    URL, token_url="https://idcs.test/oauth2/v1/token", client_id="client", client_secret="hush-hush/+ü", scope="urn:x"
)
EMPTY = {"items": [], "count": 0, "hasMore": False}


def after(*first: Answer, then: Answer = EMPTY) -> Callable[[httpx.Request], Answer]:
    """A service that gives these answers first."""
    left = list(first)
    return lambda _: left.pop(0) if left else then


def raising(error: type[httpx.TransportError]) -> Callable[[httpx.Request], Answer]:
    left = [True]

    def answer(request: httpx.Request) -> Answer:
        if left:
            left.pop()
            raise error("hush-hush", request=request)
        return EMPTY

    return answer


def asked(client: Any) -> list[str]:
    return [one.outcome for one in client.read([Person("1", None)], TODAY)]


@pytest.mark.parametrize("way", ["password", "token", "client"])
def test_each_way_of_signing_in_is_taken_by_the_sandbox(hcm: Site, way: str) -> None:
    hcm.office.hire("7")
    with hcm.client(way) as client:
        assert [one.outcome for one in client.read([Person(None, "7")], TODAY)] == ["found"]


def test_basic_sends_user_and_password_in_utf_8() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> Answer:
        seen.append(request.headers["Authorization"])
        return EMPTY

    with service(answer, OracleConnection(URL, username="jürgen", password="pä:ss")) as client:
        asked(client)
    assert set(seen) == {"Basic " + base64.b64encode("jürgen:pä:ss".encode()).decode()}


class Domain:
    """An identity domain whose tokens are numbered, before a service that takes the newest."""

    def __init__(self, time: StoppedTime, **answer: Any) -> None:
        self.time, self.answer, self.issued = time, answer, 0
        self.forms: list[dict[str, list[str]]] = []
        self.signed: list[str] = []
        self.revoked: set[int] = set()

    def __call__(self, request: httpx.Request) -> Answer:
        if request.url.host == "idcs.test":
            self.forms.append(parse_qs(request.read().decode()))
            self.signed.append(request.headers.get("Authorization", ""))
            self.issued += 1
            return {"access_token": f"t{self.issued}", "token_type": "Bearer", "expires_in": 3600, **self.answer}
        held = int(request.headers["Authorization"].removeprefix("Bearer t"))
        return (401, b"") if held in self.revoked or held != self.issued else EMPTY


def test_a_token_is_asked_for_once_and_again_before_it_expires() -> None:
    time = StoppedTime()
    domain = Domain(time)
    with service(domain, TOKENS, time=time) as client:
        for _ in range(3):
            asked(client)
        assert domain.issued == 1
        time.now += dt.timedelta(seconds=3545)
        asked(client)
    assert domain.issued == 2
    assert domain.forms[0] == {"grant_type": ["client_credentials"], "scope": ["urn:x"]}
    pair = base64.b64decode(domain.signed[0].removeprefix("Basic ")).decode()
    assert pair == "client:hush-hush%2F%2B%C3%BC"  # RFC 6749, 2.3.1


@pytest.mark.parametrize("life", [None, "120", "soon", 0, -5, 1e30])
def test_a_life_that_makes_no_sense_is_an_hour(life: object) -> None:
    time = StoppedTime()
    domain = Domain(time, expires_in=life)
    with service(domain, TOKENS, time=time) as client:
        asked(client)
        time.now += dt.timedelta(seconds=100)
        asked(client)
        assert domain.issued == 1
        time.now += dt.timedelta(seconds=3600)
        asked(client)
        assert domain.issued == 2


def test_a_token_that_is_refused_before_its_time_is_renewed_once() -> None:
    domain = Domain(StoppedTime())
    domain.revoked = {1}
    with service(domain, TOKENS) as client:
        assert asked(client) == ["absent"]
        domain.revoked = {1, 2, 3, 4}
        with pytest.raises(OracleRefused, match="ORACLE_HCM_SCOPE"):
            asked(client)
    assert domain.issued == 3


def test_a_domain_that_takes_the_client_in_the_body_only_gets_it_there() -> None:
    bodies: list[dict[str, list[str]]] = []

    def answer(request: httpx.Request) -> Answer:
        if request.url.host != "idcs.test":
            return EMPTY
        bodies.append(parse_qs(request.read().decode()))
        return {"access_token": "t"} if "client_secret" in bodies[-1] else (401, {"error": "invalid_client"})

    with service(answer, TOKENS) as client:
        asked(client)
    assert bodies[1]["client_secret"] == ["hush-hush/+ü"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((400, {"error": "invalid_scope", "error_description": "hush-hush"}), "400 invalid_scope: check ORACLE_HCM_CLIENT_ID"),
        ((401, b"<html>hush-hush"), "refused the client: 401"),
        (httpx.Response(302, headers={"Location": "https://x.test/"}), "redirect"),
        ({"token": "t"}, "without a token"), ({"access_token": "a\nb"}, "without a token"), (b"hush-hush", "without a token"),
        ([], "without a token"),
    ],
)  # fmt: skip
def test_a_sign_in_that_fails_says_why_and_is_final(answer: Answer, words: str) -> None:
    calls: list[str] = []

    def domain(request: httpx.Request) -> Answer:
        calls.append(request.url.host)
        return answer

    with service(domain, TOKENS) as client:
        for _ in range(2):
            with pytest.raises(SignInFailed, match=words) as caught:
                asked(client)
            assert "hush" not in str(caught.value)
    assert set(calls) == {"idcs.test"}


def test_a_domain_that_is_busy_is_waited_for() -> None:
    time = StoppedTime()
    left = [httpx.Response(429, headers={"Retry-After": "9"}), httpx.Response(503)]

    def answer(request: httpx.Request) -> Answer:
        return EMPTY if request.url.host != "idcs.test" else left.pop(0) if left else {"access_token": "t"}

    with service(answer, TOKENS, time=time) as client:
        assert asked(client) == ["absent"]
    assert time.slept[0] == 9.0


# --- calls


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_failure_that_passes_is_repeated(status: int) -> None:
    with service(after((status, b"x"), (status, b"x"))) as client:
        assert asked(client) == ["absent"]


def test_a_pause_that_the_service_asks_for_is_kept() -> None:
    time = StoppedTime()
    with service(after(httpx.Response(429, headers={"Retry-After": "42"})), time=time) as client:
        asked(client)
    assert sum(time.slept) == 42.0


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError])
def test_a_connection_that_breaks_is_made_again(error: type[httpx.TransportError]) -> None:
    with service(raising(error)) as client:
        assert asked(client) == ["absent"]


def test_patience_runs_out_with_a_clear_error() -> None:
    with (
        service(lambda _: (503, b"hush-hush")) as client,
        pytest.raises(ServiceUnavailable, match="gave up: 503") as caught,
    ):
        asked(client)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("way", [BASIC, OracleConnection(URL, token="hush-hush")])
def test_401_ends_everything_at_once_so_that_no_account_is_locked(way: OracleConnection) -> None:
    calls: list[httpx.Request] = []

    def answer(request: httpx.Request) -> Answer:
        calls.append(request)
        return 401, b"<html>hush-hush</html>"

    with service(answer, way, concurrency=4, batch=1) as client:
        with pytest.raises(OracleRefused, match="ORACLE_HCM_") as caught:
            list(client.read([Person(str(number), None) for number in range(50)], TODAY))
        called = len(calls)
        with pytest.raises(OracleRefused):
            list(client.walk(window()))
        assert len(calls) == called
    assert caught.value.status == 401
    assert 1 <= len(calls) <= 5  # those under way when the first answer came


@pytest.mark.parametrize(
    ("what", "privilege"),
    [
        ("walk", "Use ATOM Feed: Employees Workspace"),
        ("read", "PER_REST_SERVICE_ACCESS_WORKERS"),
        ("time", "Use ATOM Feed"),
    ],
)
def test_403_names_the_privilege_and_the_resource_and_nothing_follows(what: str, privilege: str) -> None:
    calls: list[str] = []

    def answer(request: httpx.Request) -> Answer:
        calls.append(request.url.path)
        return 403, {"title": "hush-hush", "o:errorDetails": [{"detail": "hush-hush", "o:errorCode": "FND-9"}]}

    with service(answer) as client:
        work: dict[str, Callable[[], object]] = {
            "walk": lambda: list(client.walk(window())), "read": lambda: asked(client), "time": client.service_time,
        }  # fmt: skip
        for _ in range(2):
            with pytest.raises(OracleRefused, match=privilege) as caught:
                work[what]()
    assert caught.value.privilege
    assert caught.value.code == "FND-9"
    assert calls[0] in str(caught.value)
    assert "hush" not in str(caught.value)
    assert len(calls) == 1


def test_the_sandbox_refuses_by_resource(hcm: Site) -> None:
    hcm.office.set(refused=["empupdate", "workers"])
    with hcm.client() as client, pytest.raises(OracleRefused, match="empupdate: 403"):
        list(client.walk(window()))
    with hcm.client() as client, pytest.raises(OracleRefused, match="workers: 403"):
        list(client.read_everybody(TODAY))


def test_no_redirect_is_followed_and_nothing_goes_elsewhere() -> None:
    hosts: list[str] = []

    def answer(request: httpx.Request) -> Answer:
        hosts.append(request.url.host)
        return httpx.Response(302, headers={"Location": "https://login.test/hush-hush"})

    with service(answer) as client, pytest.raises(ServiceError, match="redirect") as caught:
        asked(client)
    assert hosts == ["hcm.test"]
    assert "hush" not in str(caught.value)


def test_an_answer_beyond_all_measure_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hcm_pipeline.oracle.transport.LARGEST", 1000)
    with service(lambda _: b" " * 2000) as client, pytest.raises(ServiceError, match="larger than"):
        asked(client)


def test_what_is_sent_is_what_the_facts_have() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> Answer:
        seen.append(request)
        return EMPTY if "atomservlet" not in request.url.path else {"feed": {}}

    with service(answer, framework_version=3) as client:
        list(client.read([Person("1", None), Person("2", None), Person(None, "O'Neil")], TODAY))
        list(client.walk(window()))
    first = seen[0].url.params
    assert seen[0].url.path == f"{RESOURCES}/workers"
    assert first["q"] == "PersonId=1 or PersonId=2"
    assert "PersonNumber='O''Neil'" in [request.url.params.get("q") for request in seen]
    assert first["effectiveDate"] == "2031-03-03"
    assert first["expand"] == "names,emails,phones,addresses,workRelationships.assignments.managers"
    assert not {"fields", "onlyData"} & set(first)
    assert {one.headers["REST-Framework-Version"] for one in seen[:2]} == {"3"}
    assert "+" not in str(seen[0].url)
    feed = seen[-1].url.params
    assert (feed["published-min"], feed["published-max"]) == ("2031-03-02T08:00:00.000Z", "2031-03-03T08:00:00.000Z")
    assert (feed["page"], feed["page-size"], feed["orderBy"]) == ("1", "100", "published:asc")


@pytest.mark.parametrize(
    "way", [BASIC, OracleConnection(URL, token="hush-hush"), TOKENS], ids=["basic", "token", "client"]
)
@pytest.mark.parametrize("status", [401, 403, 404, 418, 500, 200])
def test_no_secret_is_in_a_repr_or_an_error(way: OracleConnection, status: int) -> None:
    def answer(request: httpx.Request) -> Answer:
        return {"access_token": "hush-hush"} if request.url.host == "idcs.test" else (status, b"hush-hush")

    with service(answer, way) as client:
        with pytest.raises(PipelineError) as caught:
            list(client.walk(window()))
        assert "hush" not in " ".join(map(str, causes(caught.value)))
        assert "hush" not in repr(way) + repr(client)


def test_the_clock_of_the_service_is_ours_where_it_sends_none() -> None:
    with service(lambda _: of_json()) as client:
        assert client.service_time() == START


def test_a_pause_of_days_is_nobodys_patience_and_delays_no_later_call() -> None:
    time = StoppedTime()
    with service(after(httpx.Response(503, headers={"Retry-After": "90000"})), time=time) as client:
        with pytest.raises(ServiceUnavailable):
            asked(client)
        assert asked(client) == ["absent"]
    assert time.slept == []


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><html>", b"\n<HTML><body>Maintenance", b"<!-- x --> <html>"])
def test_a_page_for_people_is_no_answer_about_anybody(page: bytes) -> None:
    with service(after(page)) as client:
        assert asked(client) == ["absent"]
    for work in (asked, lambda client: list(client.walk(window()))):
        with service(lambda _: page) as client, pytest.raises(ServiceUnavailable, match="page for people"):
            work(client)


def test_no_more_calls_are_under_way_than_the_rules_say() -> None:
    lock, now, most = threading.Lock(), [0], [0]

    def answer(request: httpx.Request) -> Answer:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        for _ in range(200):
            pass
        with lock:
            now[0] -= 1
        return EMPTY

    with service(answer, concurrency=3, batch=1) as client:
        list(client.read([Person(str(number), None) for number in range(60)], TODAY))
    assert most[0] <= 3
