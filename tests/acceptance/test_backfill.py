"""A backfill launched through the GraphQL of the UI and carried out by the daemon's own functions, followed to the end.

Web server, code location, daemon and runs are in this process: what `hcm-pipeline ui` starts as processes of their own is shown by
`test_cases_front.py` and, clicked, by `test_browser.py`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import pytest
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.test_utils import freeze_time
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.backfill import execute_backfill_iteration
from dagster._daemon.run_coordinator import QueuedRunCoordinatorDaemon
from dagster._daemon.sensor import execute_sensor_iteration
from dagster._time import get_current_datetime
from dagster_shared.error import SerializableErrorInfo

from hcm_pipeline.defs.web_server import LOCATION, create_app
from hcm_pipeline.front import Front

from .support import Site, worker

OF_DATES = ("extracts", "workers", "quarantined_rows", "changes", "identities")
OF_THE_PLAN = ("desired_users", "manifest")
DATES = ("2026-11-02", "2026-11-03", "2026-11-04")
LAUNCH = """mutation($b: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $b) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
FOLLOW = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status runs(limit: 20) { id status } } } }"""
MATERIALIZED = """query($key: AssetKeyInput!) { assetOrError(assetKey: $key) { ... on Asset {
    assetMaterializations(limit: 50) { partition runId } } } }"""

INSTANCE = """telemetry: {enabled: false}
run_launcher: {module: dagster._core.launcher.sync_in_memory_run_launcher, class: SyncInMemoryRunLauncher}
"""
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:dagster")  # Dagster reads what it deprecates itself
PORT = 3000
SOON = timedelta(seconds=30)
TICKS = 10
"""So often the daemon looks before the test gives up."""


class Dagster:
    """The web server's application, and the daemon's work, over one code location."""

    def __init__(self, process: WorkspaceProcessContext) -> None:
        self._process, self._app, self._log = process, create_app(process, Front(PORT)), logging.getLogger(__name__)
        self._queue = QueuedRunCoordinatorDaemon(interval_seconds=1)

    def ask(self, query: str, **variables: Any) -> Any:
        answer = asyncio.run(self._post({"query": query, "variables": variables}))
        found = answer.json()
        assert "errors" not in found, found
        return found["data"]

    async def _post(self, body: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, client=("127.0.0.1", 50000))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://127.0.0.1:{PORT}") as client:
            return await client.post("/graphql", json=body, timeout=60)

    def tick(self, work: Callable[[WorkspaceProcessContext, logging.Logger], Iterable[object]]) -> None:
        """One round of the daemon's work, and the runs that wait in its queue."""
        for each in (work, lambda process, _: self._queue.run_iteration(process)):
            faults = [fault for fault in each(self._process, self._log) if isinstance(fault, SerializableErrorInfo)]
            assert faults == []


def sensors(process: WorkspaceProcessContext, log: logging.Logger) -> Iterable[object]:
    """Each sensor that runs by itself looks once."""
    yield from execute_sensor_iteration(process, log, None, None)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path / "home")
    site.land("workers-2026-11-02.csv", worker("1001", "Ada", "Byron"), worker("1002", "Ben", "Okri"))
    site.land("workers-2026-11-03.csv", worker("1001", "Ada", "Byron"), worker("1002", "Ben", "Okri", Job_Name="Lead"))
    site.land(
        "workers-2026-11-04.csv",
        worker("1001", "Ada", "Byron", Account_Status="False"),
        worker("1003", "Cy", "Twombly"),
    )
    (site.path / "dagster.yaml").write_text(INSTANCE, encoding="utf-8")
    return site


@pytest.fixture
def dagster(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dagster]:
    for name, value in site.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delitem(sys.modules, LOCATION, raising=False)  # it reads the environment when it is imported
    umask = os.umask(0o077)
    origin = InProcessCodeLocationOrigin(
        LoadableTargetOrigin(executable_path=sys.executable, module_name=LOCATION), location_name=LOCATION
    )
    try:
        with (
            dg.DagsterInstance.from_config(str(site.path)) as instance,
            WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(origin)) as process,
        ):
            yield Dagster(process)
    finally:
        os.umask(umask)
        sys.modules.pop(LOCATION, None)


def test_a_backfill_from_the_ui_commits_day_by_day_in_one_run_then_plans_once_and_is_delivered(
    site: Site, dagster: Dagster
) -> None:
    launched = dagster.ask(
        LAUNCH, b={"assetSelection": [{"path": [name]} for name in (*OF_DATES, *OF_THE_PLAN)], "partitionNames": list(DATES),
           "title": "three days"},
    )["launchPartitionBackfill"]  # fmt: skip
    assert launched["__typename"] == "LaunchBackfillSuccess", launched

    backfill: dict[str, Any] = {}
    for _ in range(TICKS):
        dagster.tick(execute_backfill_iteration)
        backfill = dagster.ask(FOLLOW, id=launched["backfillId"])["partitionBackfillOrError"]
        if backfill["status"] not in {"REQUESTED", "COMPLETING"}:
            break
    assert backfill["status"] in {"COMPLETED", "COMPLETED_SUCCESS"}, backfill
    assert [run["status"] for run in backfill["runs"]] == ["SUCCESS", "SUCCESS"], backfill
    runs = {run["id"] for run in backfill["runs"]}
    told = {}
    for name in (*OF_DATES, *OF_THE_PLAN):
        found = dagster.ask(MATERIALIZED, key={"path": [name]})["assetOrError"]["assetMaterializations"]
        told[name] = {(m["partition"], m["runId"]) for m in found if m["runId"] in runs}
    [of_dates] = {run for name in OF_DATES for _, run in told[name]}
    assert {name: {date for date, _ in told[name]} for name in OF_DATES} == {name: set(DATES) for name in OF_DATES}
    [of_the_plan] = runs - {of_dates}
    assert {name: told[name] for name in OF_THE_PLAN} == {name: {(None, of_the_plan)} for name in OF_THE_PLAN}

    dagster.tick(sensors)  # what is planned is sent
    for _ in range(TICKS):
        with freeze_time(get_current_datetime() + SOON):  # sensors rest between two looks
            dagster.tick(sensors)
        status = site.json("status")
        states = {receipt["state"] for receipt in status["receipts"] if receipt["business_date"] == DATES[-1]}
        if states == {"succeeded"}:
            break
    assert states == {"succeeded"}
    assert [day["business_date"] for day in status["days"]] == list(DATES)
    assert {number: account["accountEnabled"] for number, account in site.accounts().items()} == {
        "1001": False, "1002": True, "1003": True,
    }  # fmt: skip
