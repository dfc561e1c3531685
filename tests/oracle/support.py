"""A client of the sandbox's Oracle HCM in one process, and services made of a few answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson

from hcm_pipeline.http import Patience
from hcm_pipeline.oracle import OracleClient, OracleConnection, ReadingRules, Window
from hcm_pipeline.sandbox.oracle.front import HcmTransport
from tests.sandbox.hcm_support import START, URL, Office, office

FEEDS = ("newhire", "empassignment", "empupdate", "termination", "cancelworkrelship", "workrelshipupdate")
BASIC = OracleConnection(URL, username="reader", password="hush-hush")
TODAY = START.date()


@dataclass
class StoppedTime:
    """A clock that only sleeping moves."""

    now: dt.datetime = START
    slept: list[float] = field(default_factory=list)

    def clock(self) -> dt.datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += dt.timedelta(seconds=seconds)


def rules(time: StoppedTime | None = None, **given: Any) -> ReadingRules:
    """Rules whose patience takes no time."""
    sleep = (time or StoppedTime()).sleep
    return ReadingRules(**{"patience": Patience(sleep=sleep, give_up_after=600.0), "concurrency": 1, **given})


@dataclass
class Site:
    """The sandbox's Oracle HCM and how to be its client."""

    office: Office
    time: StoppedTime = field(default_factory=StoppedTime)
    wire: httpx.BaseTransport | None = None

    def connection(self, way: str = "password") -> OracleConnection:
        held = self.office.hcm.sign_in.credentials
        if way == "token":
            return OracleConnection(URL, token=held.token)
        if way == "client":
            return OracleConnection(
                URL, token_url=f"{URL}/oauth2/v1/token", client_id=held.client_id, client_secret=held.client_secret,
                scope=held.scope,
            )  # fmt: skip
        return OracleConnection(URL, username=held.username, password=held.password)

    def client(self, way: str | OracleConnection = "password", **given: Any) -> OracleClient:
        connection = way if isinstance(way, OracleConnection) else self.connection(way)
        wire = self.wire or HcmTransport(self.office.hcm, sleep=lambda _: None)
        return OracleClient(connection, rules(self.time, **given), clock=self.time.clock, wire=wire)

    def truth(self, on: dt.date) -> dict[str, dict[str, str]]:
        rows = self.office.control("truth", "GET", query={"on": on.isoformat()})["rows"]
        return {row["Person Number"]: row for row in rows}


@contextmanager
def site(directory: Path, **options: Any) -> Iterator[Site]:
    """An empty Oracle HCM on the morning of `START`."""
    with office(directory, **options) as here:
        yield Site(here)


Answer = httpx.Response | tuple[int, Any] | Mapping[str, Any] | list[Any] | bytes


@contextmanager
def service(
    answer: Callable[[httpx.Request], Answer], way: OracleConnection = BASIC, **given: Any
) -> Iterator[OracleClient]:
    """A client of a service that one function is."""
    time = given.pop("time", None) or StoppedTime()

    def handle(request: httpx.Request) -> httpx.Response:
        said = answer(request)
        if isinstance(said, httpx.Response):
            return said
        status, body = said if isinstance(said, tuple) else (200, said)
        return httpx.Response(status, content=body if isinstance(body, bytes) else orjson.dumps(body))

    wire = httpx.MockTransport(handle)
    with OracleClient(way, rules(time, **given), clock=time.clock, wire=wire) as client:
        yield client


def window(feed: str = "empupdate", **given: Any) -> Window:
    """A window of a day up to `START`."""
    usual = {"clock": "published", "since": START - dt.timedelta(days=1), "until": START}
    return Window(feed, **{**usual, **given})
