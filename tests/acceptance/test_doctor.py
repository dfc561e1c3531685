"""The doctor and the set-up as commands: a tenant is set up by the environment, looked at, broken, and looked at again."""

from __future__ import annotations

from pathlib import Path

import orjson

from hcm_pipeline.home import Home
from hcm_pipeline.sandbox import SandboxOptions, running
from tests import warm

from .support import control, environment


def test_a_tenant_is_set_up_looked_at_broken_and_looked_at_again(tmp_path: Path) -> None:
    owner = frozenset({"Application.ReadWrite.OwnedBy"})
    home = Home(tmp_path / "home").create()
    options = SandboxOptions(set_up=False, notification_email=False, further_permissions=owner)
    with running(tmp_path / "tenant", options=options) as handle:
        to = handle.target
        here = environment(
            home.path, AZURE_TENANT_ID=to.tenant_id, AZURE_CLIENT_ID=to.client_id, AZURE_CLIENT_SECRET=to.client_secret,
            HCM_PIPELINE_GRAPH_URL=to.graph_url, AZURE_AUTHORITY_HOST=to.authority_host, SSL_CERT_FILE=str(to.ca_file),
            NO_PROXY="127.0.0.1", no_proxy="127.0.0.1",
        )  # fmt: skip
        asked = ["target", "setup", "--notify", "hr-it@contoso.com", "--start", "--yes", "--json"]
        code, out, err = warm.command(asked, here, tmp_path, 120)
        assert code == 0, err
        done = orjson.loads(out)
        assert {step["name"]: step["state"] for step in done["steps"]} == {
            "registration": "there already", "permissions": "there already", "app": "done", "job": "done", "schema": "by hand",
            "notification": "done", "start": "done",
        }  # fmt: skip
        here |= done["environment"]
        job = ["doctor", "--only", "job", "--only", "job-state", "--only", "notification", "--only", "sign-in"]
        code, out, err = warm.command(job, here, tmp_path, 120)
        assert (code, "nothing is wrong with what was looked at" in out) == (0, True), out + err
        control(handle, "job", status="Paused")
        code, out, _ = warm.command(job, here, tmp_path, 120)
        assert code == 1
        assert "FAILED    job-state: the job is paused" in out
        assert all(len(line) <= 80 or " " not in line for line in out.splitlines()), "a path is not broken"
    made = {".gitignore", *(path.name for path in home.folders[1:])}
    assert {path.name for path in home.path.iterdir()} == made, "looking and setting up leave nothing in a home"
