"""The job's schema by the command line: compared, approved, applied, read back; a change by hand found, mended, and all undone."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hcm_pipeline.entra import GraphClient, JobSchema
from hcm_pipeline.sandbox import SandboxHandle, running
from hcm_pipeline.targets.entra.connection import to_sandbox
from tests.docs.pages import DOCS
from tests.docs.runner import run

from .support import Site, extract, worker


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxHandle]:
    with running(Site(tmp_path / "home").home.sandbox) as handle:
        yield handle


def test_a_schema_is_applied_read_back_and_put_back_and_a_change_by_hand_is_found(
    tmp_path: Path, sandbox: SandboxHandle
) -> None:
    site = Site(tmp_path / "home")
    site.run("init", site.path)
    exported = tmp_path / "before.json"
    site.run("target", "export", exported)

    differing = site.json("target", "diff")["changes"]
    assert differing
    planned = site.json("target", "apply", code=3)
    assert (planned["operations"], planned["applied"]) == (len(differing), False)
    [waiting] = site.json("status")["waiting"]
    assert (waiting["manifest_id"], waiting["operations"]) == (planned["manifest"], planned["operations"])
    site.run("target", "apply", "--approve", planned["manifest"], "--changes", "1", code=2)
    site.run("approve", planned["manifest"], str(planned["operations"]), "--why", "seen")
    applied = site.json("target", "apply")
    assert applied["applied"]
    assert site.json("target", "diff")["changes"] == []

    people = worker("100", "Ann", "Silva"), worker("101", "Bob", "Okoro", Manager="100")
    site.plan(dt.date(2026, 11, 20), extract(tmp_path, "2026-11-20.csv", *people))
    site.send()
    made = site.accounts()["101"]
    assert (made["manager"], made["mailNickname"], made["accountEnabled"]) == ("100", "bob.okoro", True)

    with GraphClient(to_sandbox(sandbox.target)) as client:  # somebody clicks in the portal
        job = JobSchema(client)
        changed: Any = json.loads(json.dumps(dict(job.read())))
        mappings = changed["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"]
        next(one for one in mappings if one["targetAttributeName"] == "userPrincipalName")["flowType"] = "Always"
        job.replace(changed)
    [found] = site.json("target", "diff")["changes"]
    assert (found["kind"], found["attribute"]) == ("create-only missing", "userPrincipalName")

    held: dict[str, str] = {}

    def manifest() -> str:
        [one] = site.json("status")["waiting"]
        held["N"] = str(one["operations"])
        return str(one["manifest_id"])

    run(DOCS / "how-to" / "set-the-target-up.md", "schema", tmp_path, variables=site.environment(),
        filled={"MANIFEST": manifest, "N": lambda: held["N"], "BACKUP": lambda: str(exported)})  # fmt: skip
    assert site.json("target", "diff")["changes"] == differing
    assert {one["rule"] for one in site.json("target", "check", exported, code=1)["findings"]} >= {"create_only"}
    shown = site.json("target", "show", "--kind", "active_directory")
    ours = tmp_path / "ad.json"
    ours.write_text(json.dumps(shown), encoding="utf-8")
    assert site.json("target", "check", ours)["findings"] == []
