"""Sign-in to the Oracle HCM, over HTTPS and in the process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hcm_pipeline.sandbox import HcmOptions, SandboxOptions, running

from .hcm_support import RESOURCES, Office, office
from .support import trusting


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as one:
        yield one


def test_over_https_three_ways_sign_in_and_a_stranger_gets_a_page_of_html(tmp_path: Path) -> None:
    with running(tmp_path) as handle, trusting(handle) as client:
        source = handle.hcm
        where = f"{source.url}/hcmRestApi/atomservlet/employee/newhire"
        basic = httpx.BasicAuth(source.username, source.password)
        assert client.get(where, auth=basic).status_code == 200
        assert client.get(where, headers={"Authorization": f"Bearer {source.token}"}).status_code == 200
        form = {"grant_type": "client_credentials", "scope": source.scope}
        issued = client.post(source.token_url, data=form, auth=httpx.BasicAuth(source.client_id, source.client_secret))
        token = issued.json()["access_token"]
        assert client.get(where, headers={"Authorization": f"Bearer {token}"}).status_code == 200
        stranger = client.get(where)
        assert (stranger.status_code, stranger.headers["content-type"]) == (401, "text/html; charset=UTF-8")
        act = {"actions": [{"do": "hire", "last_name": "Li", "person_number": "7"}]}
        assert client.post(f"{source.url}/sandbox/hcm/act", json=act).json() == {"person_numbers": ["7"]}
        assert client.get(f"{source.url}{RESOURCES}/workers", auth=basic).json()["items"][0]["PersonNumber"] == "7"


def test_over_https_a_connection_is_cut_a_company_lives_and_a_restart_forgets_none_of_it(tmp_path: Path) -> None:
    with running(tmp_path, hcm=HcmOptions(page_size_cap=3)) as handle, trusting(handle) as client:
        where, auth = (
            f"{handle.url}/hcmRestApi/atomservlet/employee/empassignment",
            (handle.hcm.username, handle.hcm.password),
        )
        steer = f"{handle.url}/sandbox"
        client.post(f"{steer}/hcm/company", json={"people": 20, "events_a_day": 40})
        client.post(f"{steer}/clock", json={"mode": "manual", "advance_seconds": 10 * 86400})
        client.post(f"{steer}/hcm/faults", json={"kind": "reset_before", "on": "atom"})
        with pytest.raises(httpx.TransportError):
            client.get(where, auth=auth)
        feed = client.get(where, auth=auth, headers={"Accept": "application/json"}).json()["feed"]
        assert len(feed["entries"]) == 3
        truth = client.get(f"{steer}/hcm/truth").json()
        assert client.get(f"{handle.url}/?token={(handle.page or '').partition('=')[2]}").text.count("Oracle HCM") == 1
    with running(tmp_path) as handle, trusting(handle) as client:
        assert client.get(f"{handle.url}/sandbox/hcm/truth?on={truth['on']}").json() == truth


def test_a_fresh_directory_may_begin_with_a_company(tmp_path: Path) -> None:
    for _ in range(2):
        with running(tmp_path, options=SandboxOptions(company=7)) as handle, trusting(handle) as client:
            assert client.get(f"{handle.url}/sandbox/hcm/state").json()["people"] == 7


def token(here: Office, **changed: str) -> httpx.Response:
    held = here.hcm.sign_in.credentials
    form = {
        "grant_type": "client_credentials", "client_id": held.client_id, "client_secret": held.client_secret,
        "scope": held.scope,
    }  # fmt: skip
    return here.http.post("/oauth2/v1/token", data={**form, **changed}, auth=_nobody)


def _nobody(request: httpx.Request) -> httpx.Request:
    return request


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [({"client_secret": "x"}, 401, "invalid_client"), ({"scope": "other"}, 400, "invalid_scope"),
     ({"scope": ""}, 400, "invalid_scope"), ({"grant_type": "password"}, 400, "unsupported_grant_type")],
)  # fmt: skip
def test_a_token_request_that_is_wrong_is_refused_in_the_words_of_the_rfc(
    here: Office, changed: dict[str, str], status: int, error: str
) -> None:
    answer = token(here, **changed)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_a_token_ends_with_its_lifetime_on_oracles_clock(here: Office) -> None:
    held = token(here).json()
    headers = {"Authorization": f"Bearer {held['access_token']}"}

    def status() -> int:
        return here.http.get(f"{RESOURCES}/workers", headers=headers, auth=_nobody).status_code

    assert status() == 200
    here.advance(seconds=held["expires_in"] + 1)
    assert status() == 401


def test_a_missing_privilege_is_403_for_its_feed_or_resource_alone(here: Office) -> None:
    here.set(refused=["empupdate", "userAccounts"])
    feeds = {
        name: here.http.get(f"/hcmRestApi/atomservlet/employee/{name}").status_code for name in ("empupdate", "newhire")
    }
    assert feeds == {"empupdate": 403, "newhire": 200}
    assert (here.get("/userAccounts").status_code, here.get("/workers").status_code) == (403, 200)


def test_the_credentials_survive_a_restart_and_a_reset(tmp_path: Path) -> None:
    with running(tmp_path) as handle:
        first = handle.hcm
        with trusting(handle) as client:
            client.post(f"{handle.url}/sandbox/reset")
    with running(tmp_path) as handle:
        assert (handle.hcm.password, handle.hcm.token) == (first.password, first.token)
