"""A backfill launched through the real GraphQL endpoint, as the UI does, followed to the end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .support import Site, environment, worker

OF_DATES = ("extracts", "workers", "quarantined_rows", "changes", "identities")
OF_THE_PLAN = ("desired_users", "manifest")
DATES = ("2026-11-02", "2026-11-03", "2026-11-04")
LAUNCH = """mutation($b: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $b) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
LOADED = """{ workspaceOrError { ... on Workspace { locationEntries { loadStatus
    locationOrLoadError { __typename } } } } }"""
FOLLOW = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status runs(limit: 20) { id status } } } }"""
MATERIALIZED = """query($key: AssetKeyInput!) { assetOrError(assetKey: $key) { ... on Asset {
    assetMaterializations(limit: 50) { partition runId } } } }"""


class Dagster:
    """A running `dagster dev`."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/graphql"

    def ask(self, query: str, **variables: Any) -> Any:
        answer = httpx.post(self.url, json={"query": query, "variables": variables}, trust_env=False, timeout=30)
        found = answer.json()
        assert "errors" not in found, found
        return found["data"]


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
    (site.path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return site


@pytest.fixture
def dagster(site: Site) -> Iterator[Dagster]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "dagster",
        "dev",
        "-m",
        "hcm_pipeline.definitions",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    log = (site.path.parent / "dagster.log").open("wb")
    # the arrival sensor would start the same runs by itself, day by day; here a person does it from the UI
    process = subprocess.Popen(
        command, env=environment(site.path, DAGSTER_HOME=str(site.path)), cwd=site.path, stdout=log,
        stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        server = Dagster(port)
        for _ in range(120):
            try:
                entries = server.ask(LOADED)["workspaceOrError"]["locationEntries"]
            except (httpx.TransportError, ValueError):
                entries = []
            if [entry["loadStatus"] for entry in entries] == ["LOADED"]:
                break
            time.sleep(0.5)
        yield server
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # it takes its time over any other end
        process.wait()
        log.close()


def until(seconds: float, check: Any) -> Any:
    """Ask again and again until there is an answer."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(2)
    raise AssertionError(f"nothing within {seconds} s")


def test_a_backfill_from_the_ui_commits_day_by_day_in_one_run_then_plans_once_and_is_delivered(
    site: Site, dagster: Dagster
) -> None:
    launched = dagster.ask(
        LAUNCH, b={"assetSelection": [{"path": [name]} for name in (*OF_DATES, *OF_THE_PLAN)], "partitionNames": list(DATES),
           "title": "three days"},
    )["launchPartitionBackfill"]  # fmt: skip
    assert launched["__typename"] == "LaunchBackfillSuccess", launched

    def ended() -> Any:
        found = dagster.ask(FOLLOW, id=launched["backfillId"])["partitionBackfillOrError"]
        return found if found["status"] not in {"REQUESTED", "COMPLETING"} else None

    backfill = until(200, ended)
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

    def settled() -> Any:
        status = site.json("status")
        states = {receipt["state"] for receipt in status["receipts"] if receipt["business_date"] == DATES[-1]}
        return status if states == {"succeeded"} else None

    status = until(150, settled)
    assert [day["business_date"] for day in status["days"]] == list(DATES)
    assert {number: account["accountEnabled"] for number, account in site.accounts().items()} == {
        "1001": False, "1002": True, "1003": True,
    }  # fmt: skip
