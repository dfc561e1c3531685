"""The service, and time: a sandbox whose clock moves only when somebody waits."""

from __future__ import annotations

import datetime as dt
import sqlite3
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx

from hcm_pipeline.sandbox import SandboxHandle, SandboxOptions, running

Account = dict[str, Any]
"""An account by the names of its attributes."""
START = dt.datetime(2030, 6, 3, 6, tzinfo=dt.UTC)


class Site:
    """A sandbox whose clock stands still unless somebody waits; emptied for every run."""

    def __init__(self, handle: SandboxHandle, http: httpx.Client) -> None:
        self.target = handle.target
        self.owed = 0.0
        """Seconds that have passed here, and that the sandbox has not heard of yet."""
        self._url = f"{handle.url}/sandbox"
        self._http = http
        self.now = START

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """Ask the control plane to do something."""
        answer = self._http.post(f"{self._url}/{path}", json=body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """Ask the control plane for something."""
        answer = self._http.get(f"{self._url}/{path}", params=query)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def begin(self, **options: Any) -> None:
        """An empty tenant at `START`."""
        self.owed = 0.0
        self.post("reset")
        self.post("options", **options)
        now = dt.datetime.fromisoformat(self.post("clock", mode="manual")["now"])
        self.now = now
        self.sleep((START - now).total_seconds())

    def clock(self) -> dt.datetime:
        """Everybody's clock."""
        return self.now + dt.timedelta(seconds=self.owed)

    def sleep(self, seconds: float) -> None:
        """Let time pass: the service runs the cycles that fall due."""
        seconds, self.owed = seconds + self.owed, 0.0
        if seconds > 0:
            self.now = dt.datetime.fromisoformat(self.post("clock", advance_seconds=seconds)["now"])

    def received(self) -> list[dict[str, Any]]:
        """The requests that the sandbox received, in order."""
        found: list[dict[str, Any]] = self.get("received", limit=1_000_000)["received"]
        return found

    def doubtful(self) -> tuple[frozenset[str], frozenset[str]]:
        """Of whom a record failed, and of whom one left the manager out: by all entries, whether the log shows or has lost them."""
        state = Path(self.target.ca_file).parents[1] / "state.sqlite"
        with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True)) as con:
            rows = con.execute(
                """SELECT source_id, status = 'failure', json_extract(CAST(facts AS TEXT), '$.unresolved') IS NOT NULL
                FROM (SELECT source_id, status, facts FROM log UNION ALL SELECT * FROM lost_log)"""
            ).fetchall()
        return frozenset(one for one, failed, _ in rows if failed), frozenset(one for one, _, unset in rows if unset)

    def disarm(self) -> None:
        """No faults any more."""
        self._http.delete(f"{self._url}/faults")

    def directory(self) -> dict[str, Account]:
        """Every account by employee id, with the manager's employee id."""
        users = self.get("users", limit=10_000)["users"]
        numbers = {user["id"]: user["employeeId"] for user in users}
        return {
            user["employeeId"]: {
                name: numbers[value] if name == "manager" else value for name, value in user.items() if name != "id"
            }
            for user in users
        }


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """A site, for as many runs as one likes."""
    with running(folder, options=SandboxOptions(quarantine_failures=None, flow_nulls=True)) as handle:
        trust = ssl.create_default_context(cafile=handle.target.ca_file)
        with httpx.Client(
            verify=trust, trust_env=False, timeout=60, headers={"Authorization": f"Bearer {handle.token}"}
        ) as http:
            yield Site(handle, http)
