"""Setting a target up: every step is looked at first, done at most once and only by right, and printed as commands otherwise."""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
import stat
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline import flow
from hcm_pipeline.entra import certificate_facts
from hcm_pipeline.errors import UsageError
from hcm_pipeline.flow import set_up_commands as commands
from hcm_pipeline.flow.setting_up import StepState
from hcm_pipeline.home import Home
from hcm_pipeline.profile import TargetKind
from hcm_pipeline.sandbox import SandboxHandle, SandboxOptions, running
from hcm_pipeline.settings import Settings
from tests.budget import examples
from tests.sandbox.support import trusting

OWNER = "Application.ReadWrite.OwnedBy"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHandle]:
    """A tenant without app and job, whose client may only what the pipeline uses."""
    options = SandboxOptions(set_up=False, notification_email=False)
    with running(tmp_path_factory.mktemp("tenant") / "sandbox", options=options) as handle:
        yield handle


def environment(handle: SandboxHandle, home: Path, **more: str) -> dict[str, str]:
    to = handle.target
    return {
        "HCM_PIPELINE_HOME": str(home), "AZURE_TENANT_ID": to.tenant_id, "AZURE_CLIENT_ID": to.client_id,
        "AZURE_CLIENT_SECRET": to.client_secret, "HCM_PIPELINE_GRAPH_URL": to.graph_url,
        "AZURE_AUTHORITY_HOST": to.authority_host, "SSL_CERT_FILE": str(to.ca_file), **more,
    }  # fmt: skip


def walk(given: dict[str, str], asked: list[str] | None = None, answer: bool = True, **wishes: Any) -> flow.SetUp:
    """One run; `asked` collects the questions."""

    def ask(what: str) -> bool:
        if asked is not None:
            asked.append(what)
        return answer

    return flow.set_up(flow.Installation(Settings.for_setup(given)), flow.Wishes(**wishes), ask)


def states(found: flow.SetUp) -> dict[str, str]:
    return {step.name: str(step.state) for step in found.steps}


def test_a_tenant_is_set_up_step_by_step_and_a_second_run_does_nothing(fresh: SandboxHandle, tmp_path: Path) -> None:
    given, asked = environment(fresh, tmp_path), list[str]()
    first = walk(given, asked)
    assert states(first)["app"] == StepState.BY_HAND, "nothing is run without the right to it"
    assert asked == []
    [hand] = next(step for step in first.steps if step.name == "app").by_hand
    assert "40d8f01e-b0d7-4b4f-938b-05190712e598/instantiate" in hand.graph
    with trusting(fresh) as http:
        allowed = {"further_permissions": [OWNER], "notification_email": False}
        assert http.post(f"{fresh.url}/sandbox/options", json=allowed).status_code == 200
        declined = walk(given, asked, answer=False)
        assert len(asked) == 1
        assert states(declined)["app"] == StepState.DECLINED
        assert _made(http, fresh) == 0, "a no makes nothing"
        second = walk(given, asked, notify="hr-it@contoso.com", start=True)
        assert {name for name, state in states(second).items() if state == StepState.DONE} == {
            "app",
            "job",
            "notification",
            "start",
        }
        asked.clear()
        third = walk(given | dict(second.environment), asked, notify="hr-it@contoso.com", start=True)
        assert asked == []
        assert {state for name, state in states(third).items() if name != "schema"} == {StepState.THERE}
        assert third.environment == second.environment
        assert Settings.from_env(given | dict(third.environment)).target is not None
        unseen = {
            "withheld_permissions": ["Application.Read.All", "Synchronization.ReadWrite.All"],
            "further_permissions": [],
        }
        assert http.post(f"{fresh.url}/sandbox/options", json=unseen).status_code == 200
        blind = walk(given, asked)
        assert asked == [], "what cannot be seen might be there already"
        assert states(blind)["app"] == states(blind)["permissions"] == StepState.BY_HAND


def _made(http: httpx.Client, handle: SandboxHandle) -> int:
    """How many apps of the gallery template there are."""
    form = {
        "grant_type": "client_credentials", "client_id": handle.target.client_id, "client_secret": handle.target.client_secret,
        "scope": "https://graph.microsoft.com/.default",
    }  # fmt: skip
    token = http.post(f"{handle.url}/{handle.target.tenant_id}/oauth2/v2.0/token", data=form).json()["access_token"]
    query = {"$filter": "applicationTemplateId eq '40d8f01e-b0d7-4b4f-938b-05190712e598'"}
    answer = http.get(
        f"{handle.target.graph_url}/servicePrincipals", params=query, headers={"Authorization": f"Bearer {token}"}
    )
    return len(answer.json()["value"])


def test_permissions_are_given_by_right_and_the_commands_carry_the_tenants_own_ids(tmp_path: Path) -> None:
    lacking = SandboxOptions(
        withheld_permissions=frozenset({"Domain.Read.All"}),
        further_permissions=frozenset({"AppRoleAssignment.ReadWrite.All"}),
    )
    with running(tmp_path / "sandbox", options=lacking) as handle:
        given, asked = environment(handle, tmp_path / "home"), list[str]()
        declined = next(step for step in walk(given, asked, answer=False).steps if step.name == "permissions")
        assert asked == ["give the pipeline's app Domain.Read.All"]
        [hand] = declined.by_hand
        assert "dbb9058a-0e50-45d7-ae91-66909b5d4664" in hand.graph
        assert "<" not in hand.graph
        assert json.loads(hand.graph.splitlines()[1])["appRoleId"] == "dbb9058a-0e50-45d7-ae91-66909b5d4664"
        given_now = next(step for step in walk(given).steps if step.name == "permissions")
        assert given_now.state is StepState.DONE


def test_without_anybody_to_sign_in_every_step_is_printed_for_whoever_holds_the_right(tmp_path: Path) -> None:
    found = walk(
        {"HCM_PIPELINE_HOME": str(tmp_path / "none")}, kind=TargetKind.ACTIVE_DIRECTORY, secret=True, outbound=True
    )
    assert set(states(found).values()) == {StepState.BY_HAND, StepState.WAITS}
    assert not (tmp_path / "none").exists(), "nothing is made"
    assert all(step.by_hand or step.lines for step in found.steps if step.name != "schema")
    app = next(step for step in found.steps if step.name == "app")
    assert "ec7c5431-5d84-453f-80d3-e3385e284eef" in app.by_hand[0].powershell
    text = "\n".join(next(step for step in found.steps if step.name == "outbound app").lines)
    assert re.search(
        r"/hcmRestApi/scim/[\s\S]*Secret Token[\s\S]*Update alone[\s\S]*userName[\s\S]*Provision on demand", text
    )


def test_a_certificate_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    pem, given = tmp_path / "app.pem", {"HCM_PIPELINE_HOME": str(tmp_path / "home")}
    declined = walk(given, answer=False, certificate=pem)
    assert states(declined)["certificate"] == StepState.DECLINED
    assert not pem.exists()
    made = walk(given, certificate=pem)
    assert states(made)["certificate"] == StepState.DONE
    assert stat.S_IMODE(pem.stat().st_mode) == 0o600
    assert b"PRIVATE" not in pem.with_suffix(".cer").read_bytes()
    assert certificate_facts(pem).not_after - dt.datetime.now(dt.UTC) > dt.timedelta(days=700)
    assert made.environment == {"AZURE_CLIENT_CERTIFICATE_PATH": str(pem)}
    before = pem.read_bytes()
    assert states(walk(given, certificate=pem))["certificate"] == StepState.THERE
    assert pem.read_bytes() == before


@pytest.mark.parametrize(
    "wishes",
    [
        {"name": 'x"; rm -rf /'},
        {"name": "x'y"},
        {"notify": "nobody"},
        {"notify": "a@b.c'"},
        {"federation": ("https://i/$(x)", "s")},
    ],
)
def test_a_text_that_a_shell_would_read_its_own_way_is_wrong_usage(tmp_path: Path, wishes: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="--"):
        walk({"HCM_PIPELINE_HOME": str(tmp_path)}, **wishes)


PLAIN = st.text("abcXYZ09 ._-+@:/", min_size=1, max_size=30)
HANDS: list[Callable[[str], commands.ByHand]] = [
    lambda text: commands.instantiate("https://graph/v1.0", "template", text),
    lambda text: commands.create_job("https://graph/v1.0", "principal", "API2AAD"),
    lambda text: commands.notify("https://graph/v1.0", "principal", text),
    lambda text: commands.federation("client", text, text),
    lambda text: commands.grant("https://graph/v1.0", "client", "us", "graph", {"User.Read.All": "id"}),
]


@settings(max_examples=examples(20))
@given(PLAIN)
def test_every_body_in_a_command_is_json_and_every_command_of_the_shell_can_be_read(text: str) -> None:
    for make in HANDS:
        hand = make(text)
        for line in hand.graph.splitlines():
            if line.startswith("{"):
                assert isinstance(json.loads(line), dict)
        for line in hand.azure_cli.splitlines():
            words = shlex.split(line)
            assert words[0] == "az"
            for option, body in pairwise(words):
                if option in ("--body", "--parameters"):
                    assert isinstance(json.loads(body), dict)


def test_the_home_of_a_set_up_is_not_made(tmp_path: Path) -> None:
    assert not Home(tmp_path / "home").made
    walk({"HCM_PIPELINE_HOME": str(tmp_path / "home")})
    assert not (tmp_path / "home").exists()
