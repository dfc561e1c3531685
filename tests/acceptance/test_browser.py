"""The UI as people use it: in a browser, by clicking. Chromium is driven without a window, and waits for what it should see.

Skipped without Debian's `chromium`, without Playwright (a development requirement; it brings no browser), and in CI.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

import httpx
import orjson
import pytest

from .support import Site, extract, forking, worker

CHROMIUM = shutil.which("chromium")
api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif("CI" in os.environ, reason="browsers are not driven in CI"),
]
PATIENCE = 300_000
"""Milliseconds that a page has to show what is waited for."""
FIRST, HELD = "2026-11-02", "2026-11-03"
LATER = ("2026-11-04", "2026-11-05", "2026-11-06")
PEOPLE = [worker(str(1001 + i), f"First{i}", f"Last{i}") for i in range(5)]
LIMIT = '\n[[guards.limits]]\nkind = "create"\nmax = 2\n'
JOBS = "/locations/__repository__@hcm_pipeline.definitions/jobs"
LOADED = """{ workspaceOrError { ... on Workspace { locationEntries { loadStatus
    locationOrLoadError { __typename } } } } }"""
BACKFILLS = "{ partitionBackfillsOrError { ... on PartitionBackfills { results { status numPartitions } } } }"


class Dagster:
    """The GraphQL of a running UI."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/graphql"

    def ask(self, query: str, **variables: Any) -> Any:
        answer = httpx.post(self.url, json={"query": query, "variables": variables}, trust_env=False, timeout=30)
        found = answer.json()
        assert "errors" not in found, found
        return found["data"]


def until(check: Callable[[], Any]) -> Any:
    """Ask again and again until there is an answer."""
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.5)
    raise AssertionError(f"nothing within {PATIENCE / 1000} s")


@dataclass
class Browser:
    """A page of the UI over a home."""

    site: Site
    dagster: Dagster
    page: Any

    def open(self, path: str) -> None:
        """Go to a path of the UI."""
        self.page.goto(f"{self.dagster.url.removesuffix('/graphql')}{path}")

    def shows(self, pattern: str) -> re.Match[str]:
        """Wait until the text of the page has this, and load it again now and then: Dagster's pages do not all follow; where."""
        deadline, looked = time.monotonic() + PATIENCE / 1000, 0
        while not (found := re.search(pattern, self.page.inner_text("body"))):
            assert time.monotonic() < deadline, f"{pattern} is not in:\n{self.page.inner_text('body')}"
            self.page.wait_for_timeout(500)
            looked += 1
            if looked % 30 == 0:
                self.page.reload()
        return found

    def missing(self) -> int:
        """The number of dates that no run has made, by the page of the job's partitions. It shows none before it has looked."""
        found = self.shows(r"[1-9][\d,]*\s+Total partitions\s+([\d,]+)\s+Missing partitions")
        return int(found[1].replace(",", ""))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A home with a manifest of five accounts that waits for a decision, and extracts of three dates that no run has taken up."""
    folder = tmp_path_factory.mktemp("browser")
    profile = folder / "profile.toml"
    built_in = resources.files("hcm_pipeline.profile.builtin").joinpath("oracle-hcm.toml").read_text(encoding="utf-8")
    named = re.sub(r"^(name = .*\n)", rf'\1start_date = "{FIRST}"\n', built_in, count=1, flags=re.M)
    profile.write_text(named + LIMIT, encoding="utf-8")
    site = Site(folder / "home", str(profile))
    site.land(f"workers-{FIRST}.csv", *PEOPLE[:2])
    site.land(f"workers-{HELD}.csv", *PEOPLE)
    site.run("run", "--from", FIRST, "--to", HELD, code=3)
    later = [
        extract(folder / "later", f"workers-{day}.csv", *({**one, "Job Name": day} for one in PEOPLE)) for day in LATER
    ]
    site.run("land", *later)
    return site


@pytest.fixture(scope="module")
def dagster(site: Site) -> Iterator[Dagster]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (site.path.parent / "ui.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hcm_pipeline.cli.main", "ui", "--port", str(port)],
            env=forking(site.environment()), cwd=site.path.parent, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        server = Dagster(port)

        def loaded() -> bool:
            try:
                entries = server.ask(LOADED)["workspaceOrError"]["locationEntries"]
            except (httpx.TransportError, ValueError):
                return False
            return [entry["loadStatus"] for entry in entries] == ["LOADED"]

        try:
            until(loaded)
            yield server
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        )
        yield started
        started.close()


@pytest.fixture
def browser(site: Site, dagster: Dagster, chromium: Any) -> Iterator[Browser]:
    with chromium.new_context(viewport={"width": 1400, "height": 1000}) as context:
        context.set_default_timeout(PATIENCE)
        yield Browser(site, dagster, context.new_page())


def test_a_backfill_is_clicked_and_every_date_is_shown_as_it_is(browser: Browser) -> None:
    browser.open(f"{JOBS}/daily_delta/partitions")
    before = browser.missing()
    browser.open(f"{JOBS}/daily_delta")
    page = browser.page
    page.get_by_role("button", name="Materialize all").first.click()
    page.get_by_role("button", name="Confirm").click()  # the directory was never read
    dates = page.get_by_role("dialog").get_by_role("textbox").first
    dates.fill(f"[{LATER[0]}...{LATER[-1]}]")
    dates.press("Tab")
    launch = page.get_by_role("button", name="Launch backfill")
    launch.click()
    launch.wait_for(state="hidden")
    assert until(lambda: _ended(browser.dagster)) == [3]
    browser.open(f"{JOBS}/daily_delta/partitions")
    assert browser.missing() == before - len(LATER)
    for day in LATER:
        browser.open(f"/assets/workers?view=partitions&partition={day}")
        browser.shows(r"Materialized\s+Latest materialization")
        browser.shows(r"rows_read\s+5\b")


def _ended(dagster: Dagster) -> list[int]:
    """The numbers of dates of the backfills, once none of them goes on."""
    found = dagster.ask(BACKFILLS)["partitionBackfillsOrError"]["results"]
    over = all(one["status"] not in ("REQUESTED", "COMPLETING", "CANCELING") for one in found)
    return [one["numPartitions"] for one in found] if over else []


def test_a_held_manifest_is_decided_from_its_link_and_goes_out(browser: Browser) -> None:
    browser.open("/assets/manifest")
    browser.shows("5 accounts would be created, where there are none; the limit is 2. Held.")
    link = browser.page.get_by_role("link", name=re.compile("approve_manifest")).first
    with browser.page.expect_popup() as opened:
        link.click()
    launchpad = opened.value
    launchpad.set_default_timeout(PATIENCE)
    launchpad.get_by_text("No errors").wait_for()  # the config is filled in, and good
    launchpad.get_by_role("button", name="Launch Run").click()
    state = browser.site.home.sandbox / "state.sqlite"  # the sandbox, and the five in its directory
    until(lambda: state.is_file() and len(browser.site.accounts()) == len(PEOPLE))


def test_the_way_from_an_extract_to_its_payload_and_back_is_walked(browser: Browser) -> None:
    page = browser.page
    day = max(day["business_date"] for day in browser.site.json("status")["days"])
    browser.open(f"/assets/extracts?view=partitions&partition={day}")
    sha256 = browser.shows(rf"\b([0-9a-f]{{64}})\s+workers\s+workers-{day}\.csv")[1]
    page.locator('a[href^="/runs/"]').first.click()
    page.get_by_role("button", name="View tags and config").click()
    tags = page.get_by_role("dialog")
    tags.get_by_text(f"hcm/extract/{sha256[:12]}").first.wait_for()
    manifest = re.search(r"hcm/manifest\S*: ([0-9a-f]{64})", tags.inner_text())
    assert manifest is not None
    [folder] = browser.site.home.manifests.glob(f"*/{manifest[1]}")
    browser.open("/assets/manifest")
    browser.shows(rf"manifest_id\s[\s\S]{{0,40}}\s{manifest[1]}")
    browser.shows(re.escape(str(folder / "bulk.ndjson")))
    browser.shows(rf"workers-{day}\.csv\s+{sha256[:12]}\s+{len(PEOPLE)}\b")
    [request] = (folder / "bulk.ndjson").read_bytes().splitlines()
    assert len(orjson.loads(request)["Operations"]) == len(PEOPLE)
