"""The case of a web page that approves: the real web server behind the front, as `hcm-pipeline ui` serves it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import httpx
import pytest

from hcm_pipeline.delivery import Journal
from tests.docs.pages import DOCS, blocks

from .support import ROOT, Site, worker

CASE = ROOT.parent / "shared" / "cases" / "sec-approved-by-a-web-page" / "approve.py"
OWN_NAME = "dagster.example.org"
SECONDS = 120.0
LAUNCH = """mutation Launch($executionParams: ExecutionParams!) {
  launchRun(executionParams: $executionParams) { __typename }
}"""

pytestmark = pytest.mark.skipif(
    not CASE.exists() and "CI" not in os.environ, reason="the shared cases are not beside the project"
)


def held_home(folder: Path) -> Site:
    """A home that holds the creation of three accounts, where two are allowed."""
    text = resources.files("hcm_pipeline.profile.builtin").joinpath("oracle-hcm.toml").read_text(encoding="utf-8")
    profile = folder / "profile.toml"
    profile.write_text(f'{text}\n[[guards.limits]]\nkind = "create"\nmax = 2\n', encoding="utf-8")
    site = Site(folder / "home", str(profile))
    site.home.create()
    site.land("workers-2026-11-02.csv", *(worker(f"100{i}", "Ann", f"Lee{'abc'[i]}") for i in range(3)))
    site.run("run", code=3)
    return site


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def ui(site: Site, *options: str) -> Iterator[str]:
    """The UI over a home; its address."""
    port = free_port()
    log = site.path.parent / "ui.log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "hcm_pipeline.cli.main", "ui", "--port", str(port), *options],
            env=site.environment(), cwd=site.path.parent, stdout=said, stderr=said, start_new_session=True,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        until(lambda: process.poll() is not None or answers(f"{address}/server_info"), log)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(SECONDS)
    assert process.returncode == 0, log.read_text()


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def until(reached: Any, log: Path) -> None:
    """Look again until something is so."""
    deadline = time.monotonic() + SECONDS
    while not reached():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def test_a_web_page_approves_nothing_and_a_person_signed_in_at_the_proxy_does(tmp_path: Path) -> None:
    site = held_home(tmp_path)
    [held] = site.json("status")["waiting"]
    [shown] = [one.text for one in blocks(DOCS / "how-to" / "serve-the-ui.md") if one.value == "proxy"]
    with ui(site, *shown.split()[2:]) as address:
        port = address.rpartition(":")[2]
        page = subprocess.run(
            [sys.executable, str(CASE), port, held["manifest_id"][:2]], capture_output=True, text=True, check=False
        )
        assert page.returncode != 0
        assert "403" in page.stderr
        signed_in = {"X-Forwarded-User": "ada@example.org"}
        with httpx.Client(base_url=address, headers=signed_in, trust_env=False, timeout=SECONDS) as client:
            assert client.get("/").status_code == 200
            assert client.get("/", headers={"Host": "evil.example"}).status_code == 403
            assert client.get("/graphql?query={version}").status_code == 403
            approve(client, held["manifest_id"], held["operations"])
            with Journal(site.home.journal) as journal:
                until(journal.decisions, site.path.parent / "ui.log")
                [decision] = journal.decisions()
    assert (decision.decision, decision.decided_by, decision.how) == ("approve", "ada@example.org", "proxy")
    assert held["manifest_id"] not in [
        one["manifest_id"] for one in site.json("status")["waiting"] if one["state"] == "held"
    ]


def approve(client: httpx.Client, manifest_id: str, operations: int) -> None:
    """Launch the deciding job as the UI does, under another name in the config and in tags of the client's own."""
    launched = {
        "selector": {"repositoryLocationName": "hcm_pipeline.definitions", "repositoryName": "__repository__",
                     "jobName": "approve_manifest"},
        "runConfigData": {"ops": {"approve": {"config": {
            "manifest_id": manifest_id, "operations": operations, "by": "cfo", "why": "looks right",
        }}}},
        "mode": "default",
        "executionMetadata": {"tags": [{"key": "hcm/signed_in", "value": "cfo"}, {"key": "hcm/way", "value": "cli"}]},
    }  # fmt: skip
    body = {"query": LAUNCH, "variables": {"executionParams": launched}}
    foreign = client.post("/graphql", json=body, headers={"Origin": "http://evil.example"})
    assert foreign.status_code == 403
    found = client.post("/graphql", json=body, headers={"Origin": f"https://{OWN_NAME}"})
    assert found.json() == {"data": {"launchRun": {"__typename": "LaunchRunSuccess"}}}
