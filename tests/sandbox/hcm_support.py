"""An Oracle HCM in the test's own process: its clock stands still until it is moved, and a client is signed in without a socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx

from hcm_pipeline.sandbox.clock import MANUAL, Clock
from hcm_pipeline.sandbox.oracle import Hcm, HcmOptions
from hcm_pipeline.sandbox.oracle.control import act
from hcm_pipeline.sandbox.oracle.front import HcmTransport
from hcm_pipeline.sandbox.oracle.steering import steer
from hcm_pipeline.sandbox.state import Store

START = datetime(2031, 3, 3, 8, tzinfo=UTC)
"""The first moment, a Monday."""
URL = "https://hcm.test"
RESOURCES = "/hcmRestApi/resources/11.13.18.05"


@dataclass
class Office:
    """An Oracle HCM, its clock, and a client that is signed in with Basic."""

    hcm: Hcm
    clock: Clock
    http: httpx.Client

    @property
    def today(self) -> date:
        return self.hcm.today()

    def act(self, *actions: dict[str, Any]) -> list[str]:
        """Do actions, `{"do": "hire", "last_name": "Li", ...}`; returns person numbers."""
        return act(self.hcm, list(actions))

    def hire(self, number: str, **details: Any) -> str:
        return self.act(
            {"do": "hire", "person_number": number, "first_name": "Kim", "last_name": f"L{number}", **details}
        )[0]

    def control(
        self, name: str, method: str = "POST", *, query: dict[str, str] | None = None, **body: Any
    ) -> dict[str, Any]:
        """As `/sandbox/hcm/<name>` of a running sandbox."""
        answer = steer(self.hcm, name, method, query or {}, body)
        assert isinstance(answer, dict)
        return answer

    def extract(self, **options: Any) -> bytes:
        """A file of the people for a day: `format` csv, xml, bip or etext, `on`, and so on."""
        content = steer(self.hcm, "extract", "POST", {}, options)
        assert isinstance(content, bytes)
        return content

    def fault(self, kind: str, **details: Any) -> None:
        self.control("faults", kind=kind, **details)

    def set(self, **options: Any) -> None:
        self.control("options", **options)

    def advance(self, *, days: float = 0, hours: float = 0, seconds: float = 0) -> None:
        self.clock.move_to(self.clock.now() + days * 86400 + hours * 3600 + seconds)
        self.hcm.catch_up()

    def feed(self, name: str, **query: str) -> list[dict[str, Any]]:
        """The entries of one page; underscores in names of parameters stand for hyphens."""
        given = {key.replace("_", "-"): value for key, value in query.items()}
        answer = self.http.get(
            f"/hcmRestApi/atomservlet/employee/{name}", params=given, headers={"Accept": "application/json"}
        )
        assert answer.status_code == 200, answer.text
        entries: list[dict[str, Any]] = answer.json()["feed"].get("entries", [])
        return entries

    def get(self, path: str, version: int | None = 4, **query: str) -> httpx.Response:
        headers = {} if version is None else {"REST-Framework-Version": str(version)}
        where = path if path.startswith("https:") else RESOURCES + path
        return self.http.get(where, params=query or None, headers=headers)

    def workers(self, version: int | None = 4, **query: str) -> list[dict[str, Any]]:
        answer = self.get("/workers", version, **query)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


@contextmanager
def office(directory: Path, **options: Any) -> Iterator[Office]:
    """An empty Oracle HCM on the morning of `START`."""
    store = Store(directory / "state.sqlite")
    clock = Clock(store)
    clock.switch(MANUAL)
    clock.move_to(START.timestamp())
    hcm = Hcm(store, clock, HcmOptions(**options))
    held = hcm.sign_in.credentials
    with httpx.Client(
        base_url=URL, transport=HcmTransport(hcm, sleep=lambda _: None), auth=(held.username, held.password)
    ) as client:
        yield Office(hcm, clock, client)
    store.close()
