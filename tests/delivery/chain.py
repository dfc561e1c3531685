"""Business dates, plans, acceptances and log entries without a service: what plan and outcomes are tested on."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import orjson

from hcm_pipeline.delivery import (
    Journal,
    Manifest,
    OutcomeEntry,
    Plan,
    RequestState,
    SendResult,
    bodies,
    folder_of,
    make_plan,
)
from hcm_pipeline.delivery.outcomes import matching
from hcm_pipeline.delivery.state.journal_sync import sync
from hcm_pipeline.flow import landing, plans, processing
from hcm_pipeline.flow.plan_facts import task_of
from hcm_pipeline.flow.profiles import load_profile
from hcm_pipeline.home import Home
from hcm_pipeline.profile import LoadedProfile
from hcm_pipeline.targets.entra import EntraTarget
from hcm_pipeline.targets.entra.service import EntraJob
from hcm_pipeline.warehouse import Warehouse, scratch

TARGET = "principal/job"
COLUMNS = ("Person Number", "Account Status", "First Name", "Last Name", "Manager", "Department Name", "Legal Employer",
           "Country", "Delivered")  # fmt: skip
NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


@dataclass
class Chain:
    """A home of which the tests play the service. `now` is the clock of everybody."""

    home: Home
    now: dt.datetime = NOON
    loaded: LoadedProfile = field(default_factory=lambda: load_profile("oracle-hcm"))
    operations: int = 50

    def copied(self, folder: Path) -> Chain:
        """The same in a home of its own, below `folder`."""
        shutil.copytree(self.home.path, folder / "home")
        return Chain(Home(folder / "home"), self.now, self.loaded, self.operations)

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.home)

    def clock(self) -> dt.datetime:
        return self.now

    def journal(self) -> Journal:
        return Journal(self.home.journal, clock=self.clock)

    def day(self, date: str, *rows: tuple[str, ...]) -> None:
        """Deliver and process an extract: rows of the first of `COLUMNS`; the rest is blank."""
        path = self.home.scratch / f"workers-{date}-{len(list(self.home.extracts.rglob('*')))}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow(COLUMNS)
            out.writerows((*row, *[""] * (len(COLUMNS) - len(row) - 1), date) for row in rows)
        [landed] = landing.land(self.warehouse, self.loaded.profile, [path], now=self.clock)
        assert landed.result == "taken", landed
        list(processing.process(self.warehouse, self.loaded, [dt.date.fromisoformat(date)], clock=self.clock))

    @property
    def target(self) -> EntraTarget:
        """The target under the chain's profile, with requests of `operations`."""
        made = EntraTarget(TARGET, profile=self.loaded.profile)
        return replace(made, limits=replace(made.limits, operations=self.operations))

    def plan(self) -> Plan:
        if self.operations == EntraTarget.limits.operations:
            made = plans.plan(self.warehouse, self.loaded, TARGET, clock=self.clock)
        else:
            with self.warehouse.write() as con, self.journal() as journal:
                made = self.plan_on(con, journal)
        assert made is not None
        return made

    def plan_on(self, con: duckdb.DuckDBPyConnection, journal: Journal) -> Plan | None:
        """Plan on an open warehouse, without names for those who have none."""
        with scratch(con) as t:
            task = task_of(t, self.loaded, self.target, self.now)
            return make_plan(con, task, self.home, journal) if task else None

    def planned(self) -> Plan:
        """Plan what must not be empty."""
        made = self.plan()
        assert made.manifest is not None
        return made

    def sends(self, made: Plan) -> dict[str, dict[str, Any]]:
        """The SCIM users of a plan's bulk requests, by externalId."""
        assert made.manifest is not None
        return self.users(made.manifest)

    def users(self, manifest: Manifest) -> dict[str, dict[str, Any]]:
        """The SCIM users of a manifest's bulk requests, by externalId."""
        users: dict[str, dict[str, Any]] = {}
        for _, body in bodies(folder_of(self.home.manifests, manifest)):
            for operation in orjson.loads(body)["Operations"]:
                user = operation["data"]
                assert user["externalId"] not in users, "sent twice in one manifest"
                users[user["externalId"]] = user
        return users

    def bytes_of(self, made: Plan) -> bytes:
        assert made.manifest is not None
        return (folder_of(self.home.manifests, made.manifest) / "bulk.ndjson").read_bytes()

    def begin(self, made: Plan, request: int = 0) -> None:
        """A request leaves; whether it arrives is not known yet."""
        assert made.manifest is not None
        with self.journal() as journal:
            journal.start(made.manifest.manifest_id)
            assert journal.begin_send(made.manifest.manifest_id, request)

    def answer(self, made: Plan, state: RequestState = RequestState.ACCEPTED, request: int = 0) -> None:
        """The service's answer to a request that has left, a second later."""
        assert made.manifest is not None
        self.now += dt.timedelta(seconds=1)
        status = {RequestState.ACCEPTED: 202, RequestState.REFUSED: 400}.get(state)
        with self.journal() as journal:
            journal.end_send(
                made.manifest.manifest_id, request, SendResult(state, status=status, service_time=self.now)
            )
            journal.finish(made.manifest.manifest_id)

    def accept(self, made: Plan) -> None:
        """The service takes what no guard stopped of a plan, and the warehouse hears of it."""
        assert made.manifest is not None
        self.accept_all(made.manifest)

    def accept_all(self, manifest: Manifest) -> None:
        """The service takes every request of a manifest that waits, and the warehouse hears of it."""
        with self.journal() as journal:
            journal.start(manifest.manifest_id)
            for request in range(manifest.requests):
                self.now += dt.timedelta(seconds=1)
                assert journal.begin_send(manifest.manifest_id, request)
                outcome = SendResult(RequestState.ACCEPTED, status=202, service_time=self.now)
                journal.end_send(manifest.manifest_id, request, outcome)
            assert journal.finish(manifest.manifest_id) == "accepted"
        self.sync()

    def sync(self) -> int:
        with self.warehouse.write() as con, self.journal() as journal, scratch(con) as t:
            return sync(t, journal)

    def log(self, *entries: OutcomeEntry, target: str = TARGET) -> int:
        """Read these entries of the provisioning log; how many operations were settled."""
        with self.warehouse.write() as con:
            return matching.record_entries(con, EntraJob(target), entries, self.loaded.profile.outcomes)

    def entry(self, number: str, status: str = "success", *, after: float = 0.5, **given: Any) -> OutcomeEntry:
        """An entry `after` seconds from now."""
        moment = self.now + dt.timedelta(seconds=after)
        values: dict[str, Any] = {
            "id": f"{number}-{moment.isoformat()}", "at": moment, "change_id": f"change-{number}", "person_number": number,
            "action": "create", "status": status, "good": status == "success",
            "error_code": "Conflict" if status == "failure" else None,
        }  # fmt: skip
        return OutcomeEntry(**(values | given))

    def receipts(self) -> dict[str, list[str]]:
        """States of every operation by person number, oldest plan first."""
        found: dict[str, list[str]] = {}
        query = "select person_number, state from receipts join manifests using (manifest_id) order by plan_no, op_no"
        for number, state in self.rows(query):
            found.setdefault(number, []).append(state)
        return found

    def waiting(self) -> int:
        with self.warehouse.write() as con:
            return matching.waiting_since(con, TARGET)[0]

    def rows(self, query: str, values: Iterable[object] = ()) -> list[tuple[Any, ...]]:
        with self.warehouse.write() as con:
            return self._all(con, query, values)

    @staticmethod
    def _all(con: duckdb.DuckDBPyConnection, query: str, values: Iterable[object]) -> list[tuple[Any, ...]]:
        return con.execute(query, list(values)).fetchall()


def new_chain(folder: Path) -> Chain:
    """A chain in a fresh home."""
    return Chain(Home(folder / "home").create())
