"""Checks one by one: their border, and what the sandbox cannot show as a fault."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import shlex
import shutil
import threading
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hcm_pipeline.delivery import Journal
from hcm_pipeline.doctor import CHECKS, NEEDED, Check, Examined, Finding, Means, NotLookedAt, Outcome, examine
from hcm_pipeline.doctor.examination import said_by
from hcm_pipeline.doctor.finding import Said, ok
from hcm_pipeline.doctor.sign_in_checks import _secret_expiry
from hcm_pipeline.entra import EntraConnection, Json, Wire
from hcm_pipeline.errors import PipelineError, ServiceRefused
from hcm_pipeline.flow import load_profile, parse_profile
from hcm_pipeline.home import Home
from hcm_pipeline.http import utc_now
from hcm_pipeline.settings import Settings
from hcm_pipeline.sources import open_place
from hcm_pipeline.warehouse import Warehouse
from tests.budget import examples
from tests.doctor.tenants import profile_text

JOB = EntraConnection(
    "https://graph.example/v1.0", "https://login.example", "tenant", "client", "sp", "API2AAD.t.j", "hush-hush"
)
JOB_PATH = "servicePrincipals/sp/synchronization/jobs/API2AAD.t.j"
WITH_OUTBOUND = parse_profile(
    profile_text().replace("[writeback]\n", '[writeback]\noutbound_app = "out"\n', 1), "profile.toml"
)


class Told(Examined):
    """An installation of which the service's answers are told: by path, a list, an object, or an error to raise."""

    answers: Mapping[str, Any]

    def _answer(self, path: str) -> Any:
        found = self.answers.get(path, NotLookedAt("not told"))
        if isinstance(found, Exception):
            raise found
        return found

    def values(
        self, path: str, permission: str, query: Mapping[str, str] | None = None, *, beta: bool = False
    ) -> list[Json]:
        del permission, query, beta
        found: list[Json] = self._answer(path)
        return found

    def read(self, path: str, permission: str, query: Mapping[str, str] | None = None, *, beta: bool = False) -> Json:
        del permission, query, beta
        found: Json = self._answer(path)
        return found


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "the home").create()


def seen(
    home: Home, answers: Mapping[str, Any] | None = None, connection: EntraConnection = JOB, profile: str = ""
) -> Told:
    """An installation with such answers; `profile` is text behind that of a built-in one."""
    text = profile_text()
    loaded = parse_profile(text + profile, "profile.toml")
    found = Told(Settings(home, "profile.toml", connection), connection, (), Means(lambda: loaded, open_place))
    found.answers = answers or {}
    return found


def said(name: str, home_seen: Examined) -> list[Finding]:
    """The findings of one check."""
    return examine([check for check in CHECKS if check.name == name], home_seen, lambda _: None)


def outcomes(name: str, home_seen: Examined) -> list[Outcome]:
    return [one.outcome for one in said(name, home_seen)]


# --- the border


def a_check(name: str, run: Callable[[Examined], Any]) -> Check:
    return Check(name, "group", "something", run)


def test_a_check_that_throws_or_does_not_end_is_a_finding_and_the_others_go_on(home: Home) -> None:
    never = threading.Event()

    def throws(_: Examined) -> list[Said]:
        raise ValueError("hush-hush")

    def fails(_: Examined) -> list[Said]:
        raise PipelineError("what is wrong")

    def half(_: Examined) -> Iterator[Said]:
        yield ok("well")
        raise NotLookedAt("no right to it")

    checks = [
        a_check("throws", throws), a_check("fails", fails), a_check("half", half), a_check("well", lambda _: [ok("well")]),
        a_check("nothing", lambda _: []), a_check("hangs", lambda _: [ok(str(never.wait()))]),
    ]  # fmt: skip
    heard: list[str] = []
    found = examine(checks, seen(home), heard.append, longest=0.3)
    never.set()
    assert [(one.check, str(one.outcome)) for one in found] == [
        ("throws", "failed"), ("fails", "failed"), ("half", "not looked at"), ("well", "ok"), ("nothing", "not looked at"),
        ("hangs", "failed"),
    ]  # fmt: skip
    assert "ValueError" in found[0].found
    assert "hush" not in str(found)
    assert found[1].found == "what is wrong"
    assert "did not end within" in found[-1].found
    assert any("hangs" in line for line in heard)


def test_a_fact_is_found_out_once_and_its_fault_is_told_to_everybody_who_asks(home: Home) -> None:
    made = list[int]()
    given = seen(home)

    def make() -> int:
        made.append(1)
        raise NotLookedAt("why")

    for _ in range(3):
        with pytest.raises(NotLookedAt, match="why"):
            given.once("fact", make)
    assert len(made) == 1


def test_without_a_target_its_checks_say_so_and_nothing_fails(home: Home) -> None:
    settings = Settings(home, "oracle-hcm", None)
    bare = Examined(settings, None, (), Means(lambda: load_profile("oracle-hcm"), open_place))
    found = examine(CHECKS, bare, lambda _: None)
    of_target = [
        one for one in found if one.group in ("target", "job") or one.check in ("schema", "null-flow", "quota")
    ]
    assert {one.outcome for one in of_target} == {Outcome.NOT_LOOKED_AT}
    assert {one.outcome for one in found} <= {Outcome.OK, Outcome.NOT_LOOKED_AT}
    assert all(
        "HCM_PIPELINE_SERVICE_PRINCIPAL_ID" in one.found for one in found if one.check in ("reach", "sign-in", "job")
    )


def test_a_profile_that_breaks_a_rule_is_told_by_one_check(home: Home) -> None:
    broken = Examined(
        Settings(home, "profile.toml", None),
        None,
        (),
        Means(lambda: parse_profile("name = 1", "profile.toml"), open_place),
    )
    found = examine(CHECKS, broken, lambda _: None)
    assert [one.check for one in found if one.outcome is Outcome.FAILED] == ["profile"]


# --- the home


def test_room_on_the_disk_is_judged_by_what_a_run_needs(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    for mib, outcome in ((100, Outcome.FAILED), (500, Outcome.WARNING), (50_000, Outcome.OK)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=mib: usage(0, 0, free << 20))
        assert outcomes("disk", seen(home)) == [outcome]


def test_a_file_that_others_may_read_is_told_and_stays_as_it_is(home: Home) -> None:
    assert outcomes("modes", seen(home)) == [Outcome.OK]
    (home.extracts / "a.csv").write_text("x")
    (home.extracts / "a.csv").chmod(0o644)
    [found] = said("modes", seen(home))
    assert (found.outcome, shlex.split(found.mend)) == (Outcome.FAILED, ["chmod", "-R", "go=", str(home.path)])
    assert "extracts/a.csv" in found.found
    assert (home.extracts / "a.csv").stat().st_mode & 0o777 == 0o644


def test_a_warehouse_of_another_version_fails_and_is_not_migrated(home: Home) -> None:
    warehouse = Warehouse(home)
    with warehouse.write() as con:
        con.execute("update meta set value = '99' where key = 'schema'")
        con.execute("checkpoint")
    shutil.copyfile(home.warehouse, home.read_copy)
    before = home.read_copy.read_bytes()
    [found] = said("warehouse", seen(home))
    assert (found.outcome, "schema 99" in found.found) == (Outcome.FAILED, True)
    assert home.read_copy.read_bytes() == before
    home.read_copy.write_bytes(b"no database at all")
    assert outcomes("warehouse", seen(home)) == [Outcome.FAILED]


def test_a_lock_is_told_with_its_holder_and_tried_without_a_trace(home: Home) -> None:
    path = home.locks / "warehouse.lock"
    path.write_text(f"{os.getpid()}\n")
    assert [one.found for one in said("locks", seen(home))] == ["nobody holds a lock"]
    with path.open("r+") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        assert [one.found for one in said("locks", seen(home))] == [
            f"warehouse.lock is held by process {os.getpid()}, which works"
        ]
        path.write_text("999999999\n")
        assert outcomes("locks", seen(home)) == [Outcome.WARNING]


def test_calls_of_the_day_are_counted_by_the_journal_beside_its_writer(home: Home) -> None:
    limited = seen(home, profile="[delivery]\ndaily_quota = 10\n")
    assert outcomes("quota", limited) == [Outcome.OK]
    with Journal(home.journal) as journal:
        calls = journal.calls(JOB.tenant, JOB.key)
        for _ in range(8):
            calls.end(calls.begin(utc_now()), utc_now())
        for _ in range(8):
            calls.end(calls.begin(utc_now() - dt.timedelta(days=2)), utc_now() - dt.timedelta(days=2))
        [found] = said("quota", seen(home, profile="[delivery]\ndaily_quota = 10\n"))
    assert (found.outcome, found.found) == (Outcome.WARNING, "8 of 10 calls of the last 24 hours are used")
    assert outcomes("quota", seen(home)) == [Outcome.OK]


# --- what the sandbox cannot show


def test_a_certificate_of_the_service_that_ends_soon_is_told(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    now = utc_now()
    for days, outcome in ((100, Outcome.OK), (5, Outcome.WARNING)):
        lines = (
            Wire("login.example", ends=now + dt.timedelta(days=400)),
            Wire("graph.example", ends=now + dt.timedelta(days=days)),
        )
        monkeypatch.setattr(Examined, "wires", lambda _, lines=lines: lines)
        assert outcomes("certificates", seen(home))[1] is outcome


def test_a_line_that_fails_through_a_proxy_names_the_proxys_variables(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = Wire("login.example"), Wire("graph.example", fault="graph.example cannot be reached (ProxyError)")
    monkeypatch.setattr(Examined, "wires", lambda _: lines)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    well, broken = said("reach", seen(home))
    assert (well.outcome, broken.outcome) == (Outcome.OK, Outcome.FAILED)
    assert "through the proxy of HTTPS_PROXY" in well.found
    assert "NO_PROXY" in broken.mend


def test_the_accounts_of_a_tenant_are_counted_where_no_directory_has_been_read(home: Home) -> None:
    warehouse = Warehouse(home)
    with warehouse.write() as con:
        con.execute(
            "insert into worker_versions (person_number, valid_from, digest, extract_id, row_no)"
            " values ('1', date '2026-01-01', uuid(), 1, 1)"
        )
    warehouse.publish()
    users = [{"employeeId": "1"}, {"employeeId": " 1 "}, {"employeeId": None}, {}]
    found = [one for one in said("matching", seen(home, {"users": users})) if "the tenant" in one.found]
    assert [(one.outcome, one.found) for one in found] == [
        (Outcome.FAILED, "the tenant: 1 person number that several accounts have")
    ]
    assert Outcome.FAILED not in outcomes("matching", seen(home, {"users": users[1:]}))


AGENTS = "onPremisesPublishingProfiles/provisioning/agents"
TO_AD = replace(JOB, job_id="API2AD.t.j")


@pytest.mark.parametrize(
    ("agents", "outcome", "words"),
    [
        ([{"status": "active"}, {"status": "inactive"}], Outcome.OK, "one provisioning agent is active"),
        ([{"status": "active"}] * 2, Outcome.OK, "2 provisioning agents are active"),
        ([{"status": "inactive"}], Outcome.FAILED, "none of 1 provisioning agents"),
        ([], Outcome.FAILED, "no provisioning agent is registered"),
        (ServiceRefused("no such path", 404, ""), Outcome.NOT_LOOKED_AT, "does not list the agents"),
        (NotLookedAt("the app may not read it"), Outcome.NOT_LOOKED_AT, "may not read"),
    ],
)
def test_the_agents_of_active_directory(home: Home, agents: Any, outcome: Outcome, words: str) -> None:
    [found] = said("agent", seen(home, {AGENTS: agents}, TO_AD))
    assert (found.outcome, words in found.found) == (outcome, True)


@pytest.mark.parametrize(
    ("quarantine", "words"),
    [
        ({"reason": "IngestionInterrupted"}, "broke off"),
        ({"reason": "SomethingNew", "error": {"code": "NewCode", "message": "hush-hush"}}, "NewCode"),
        ({}, "does not say why"),
    ],
)
def test_a_quarantine_is_told_with_its_code_and_without_its_text(home: Home, quarantine: Json, words: str) -> None:
    job = {"status": {"code": "Quarantine", "quarantine": quarantine}, "schedule": {"state": "Active"}}
    given = seen(home, {"servicePrincipals/sp/synchronization/jobs/API2AAD.t.j": job})
    [found] = said("job-state", given)
    assert found.outcome is Outcome.FAILED
    assert words in found.found
    assert "hush" not in str(found)
    assert "40 minutes" in found.mend


@pytest.mark.parametrize("template", ["API2AAD", "40d8f01e-b0d7-4b4f-938b-05190712e598", "API2AAD.10.0.0.0"])
def test_a_template_is_known_by_its_name_its_id_or_the_beginning_of_the_jobs_id(home: Home, template: str) -> None:
    path = "servicePrincipals/sp/synchronization/jobs/API2AAD.t.j"
    assert outcomes("job", seen(home, {path: {"templateId": template}})) == [Outcome.OK]
    other = replace(JOB, job_id="customappsso.t.j")
    alien = seen(home, {path.replace("API2AAD", "customappsso"): {"templateId": "customappsso"}}, other)
    [found] = said("job", alien)
    assert "takes no bulk uploads" in found.found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab.@*{}[]\"", max_size=6),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["id", "status", "schedule", "code", "state", "quarantine", "reason", "error", "key", "value", "templateId",
             "isVerified", "prepaidUnits", "enabled", "servicePlans", "synchronizationRules", "objects", "employeeId",
             "passwordCredentials", "keyCredentials", "customKeyIdentifier", "hint", "endDateTime"]
        ),
        inner, max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip
OBJECTS = st.dictionaries(
    st.sampled_from(["id", "status", "schedule", "key", "value", "servicePlans", "employeeId"]), JSON, max_size=5
)
ASKED = (
    "job",
    "job-state",
    "notification",
    "agent",
    "schema",
    "matching",
    "domains",
    "null-flow",
    "licences",
    "outbound-app",
)


class Anything(Told):
    """Every path is answered with the same, whatever it is."""

    one: Json
    several: list[Json]

    def _answer(self, path: str) -> Any:
        return self.one if path.endswith(("schema", ".t.j", "sp")) else self.several


@settings(max_examples=examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=OBJECTS, several=st.lists(OBJECTS, max_size=3), to_ad=st.booleans())
def test_no_check_stumbles_over_what_a_service_answers(home: Home, one: Any, several: Any, to_ad: bool) -> None:
    connection = TO_AD if to_ad else JOB
    means = Means(lambda: WITH_OUTBOUND, open_place)
    told = Anything(Settings(home, "profile.toml", connection), connection, (), means)
    told.one, told.several = one, several
    for check in CHECKS:
        if check.name in ASKED:
            found = said_by(check, told)
            assert found
            assert not [each for each in found if "unexpected fault" in each.found], (check.name, found)
    assert list(_secret_expiry(one, "hush-hush", utc_now()))


def test_a_token_without_any_permission_has_no_claim_of_them(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = Wire("login.example"), Wire("graph.example")
    monkeypatch.setattr(Examined, "wires", lambda _: lines)
    for claims, missing in (({"aud": "graph"}, True), ({"aud": "graph", "roles": [one.name for one in NEEDED]}, False)):
        monkeypatch.setattr(Examined, "_sign_in", lambda _, claims=claims: jwt.encode(claims, "k" * 32))
        assert (Outcome.FAILED in outcomes("permissions", seen(home))) is missing
    monkeypatch.setattr(Examined, "_sign_in", lambda _: "no JWT at all")
    assert outcomes("permissions", seen(home)) == [Outcome.NOT_LOOKED_AT]


def test_a_service_that_refuses_to_tell_is_no_failure(home: Home) -> None:
    job = {"status": {"code": "Active"}, "schedule": {"state": "Active"}}
    refused = ServiceRefused("synchronization/secrets: 405", 405, "")
    paths = {JOB_PATH: job, "servicePrincipals/sp/synchronization/secrets": refused}
    [found] = said("notification", seen(home, paths))
    assert (found.outcome, "refused to tell" in found.found) == (Outcome.NOT_LOOKED_AT, True)


def test_a_managed_identity_needs_no_line_to_the_authority(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = Wire("login.example", fault="login.example cannot be reached"), Wire("graph.example")
    monkeypatch.setattr(Examined, "wires", lambda _: lines)
    managed = replace(JOB, client_secret=None, managed_identity=True)
    assert outcomes("reach", seen(home)) == [Outcome.FAILED, Outcome.OK]
    assert outcomes("reach", seen(home, connection=managed)) == [Outcome.OK]


OUTBOUND = "servicePrincipals/out/synchronization/jobs"


def outbound(home: Home, jobs: Any, flow_types: str = "Update") -> list[Finding]:
    rules = [{"objectMappings": [{"enabled": True, "flowTypes": flow_types}, {"enabled": False, "flowTypes": "Add"}]}]
    text = profile_text().replace("[writeback]\n", '[writeback]\noutbound_app = "out"\n', 1)
    loaded = parse_profile(text, "profile.toml")
    given = Told(Settings(home, "profile.toml", JOB), JOB, (), Means(lambda: loaded, open_place))
    given.answers = {OUTBOUND: jobs, f"{OUTBOUND}/j/schema": {"synchronizationRules": rules}}
    return said("outbound-app", given)


def test_the_outbound_app_is_there_started_and_updates_alone(home: Home) -> None:
    active, paused = {"id": "j", "status": {"code": "Active"}}, {"id": "j", "status": {"code": "Paused"}}
    assert [one.outcome for one in outbound(home, [active])] == [Outcome.OK, Outcome.OK]
    assert [one.outcome for one in outbound(home, [paused])] == [Outcome.FAILED, Outcome.OK]
    assert [one.outcome for one in outbound(home, [])] == [Outcome.FAILED]
    found = outbound(home, [active], "Add, Update, Delete")
    assert [one.outcome for one in found] == [Outcome.OK, Outcome.WARNING]
    assert "add and delete" in found[1].found


def test_nobody_is_signed_in_for_a_check_that_needs_no_service(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    given = seen(home)
    monkeypatch.setattr(Examined, "_sign_in", lambda _: pytest.fail("nobody asked for it"))
    assert outcomes("disk", given) == [Outcome.OK]
    given.close()
