"""The verb upload: what it says when something ended the upload early, and with which exit code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from hcm_pipeline.cli.main import app
from hcm_pipeline.delivery import Pause, PauseKind
from hcm_pipeline.delivery.manifest import Manifest
from hcm_pipeline.errors import UsageError
from hcm_pipeline.flow import applying
from hcm_pipeline.http import utc_now

from .conftest import Site, body_of, write

FIVE = [body_of(number) for number in range(5)]


@dataclass
class Verb:
    """The verb over a home with a manifest of five requests, the first of which the service will fail. "M" stands for its id."""

    site: Site
    manifest: Manifest

    def __call__(self, *arguments: str) -> Result:
        named = [self.manifest.manifest_id if argument == "M" else argument for argument in arguments]
        return CliRunner().invoke(app, ["upload", *named])


@pytest.fixture
def call(site_with: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> Verb:
    """The verb, with an account in the service's way."""
    site = site_with(cycle_seconds=0.1)
    monkeypatch.setenv("HCM_PIPELINE_HOME", str(site.home.path))
    for name in ("HCM_PIPELINE_SERVICE_PRINCIPAL_ID", "HCM_PIPELINE_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    # the manifest was written by hand: no plan and no snapshot stand behind it that could have moved
    monkeypatch.setattr(applying, "refuse_moved", lambda warehouse, loaded, manifest: None)
    users = [{"userPrincipalName": "worker0@contoso.com", "employeeId": "99999"}]
    site.http.post(f"{site.handle.url}/sandbox/users", json={"users": users})
    manifest = write(site.home, site.target.key, FIVE, inputs={"profile": "one"})
    site.register(manifest)
    return Verb(site, manifest)


def report_of(result: Result) -> dict[str, Any]:
    """The one report of `--json`."""
    [report] = orjson.loads(result.stdout)
    assert isinstance(report, dict)
    return report


def test_a_canary_that_failed_ends_with_three_until_a_person_lets_the_manifest_go_on(
    call: Verb,
) -> None:
    stopped = call()
    assert stopped.exit_code == 3
    assert "and stopped (the one operation that went first was not good (failure" in stopped.output
    again = call("M", "--json")
    assert (again.exit_code, report_of(again)["stopped"], report_of(again)["sent"]) == (3, True, 0)
    assert isinstance(call("--past-canary").exception, UsageError)
    gone_on = call("M", "--past-canary", "--json")
    assert (gone_on.exit_code, report_of(gone_on)["state"]) == (0, "accepted")


def test_a_wait_that_the_service_asked_for_is_told_with_its_end(call: Verb) -> None:
    site, manifest = call.site, call.manifest
    until = utc_now().replace(year=2100)
    with site.journal() as journal:
        pause = Pause(manifest.manifest_id, PauseKind.SERVICE, until, "the service asked to wait")
        journal.pauses(site.target.key).pause(pause)
    paused = call()
    assert paused.exit_code == 0
    assert "(the service asked to wait): 0 of 5 requests accepted" in paused.output
    assert f"0 refused, 0 sent now; it goes on at {until:%Y-%m-%d %H:%M}Z" in paused.output
