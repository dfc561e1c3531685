"""Broken tenants, one fault each, after the documentation's troubleshooting and what users complain of: the doctor names each by
its own check, nothing else fails, and nothing at all on a healthy one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hcm_pipeline.doctor import DagsterState, Outcome
from hcm_pipeline.profile import TargetKind
from tests.doctor.tenants import ALIVE, Json, Tenant, bad, healthy_tenant, mapping_of, mappings, source_attributes

Breaks = Callable[[Tenant], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    with healthy_tenant(tmp_path_factory.mktemp("tenant")) as found:
        yield found


def schema(change: Callable[[Json], object]) -> Breaks:
    """The job's schema after a change."""
    return lambda tenant: tenant.changed_schema(lambda given: (change(given), None)[1])


def options(**changes: object) -> Breaks:
    return lambda tenant: tenant.options(**changes)


def job(**wanted: object) -> Breaks:
    return lambda tenant: tenant.job(**wanted)


def target(**changes: Any) -> Breaks:
    return lambda tenant: tenant.connected(**changes)


def warehouse(sql: str) -> Breaks:
    return lambda tenant: tenant.warehouse(sql)


def hcm(**changes: object) -> Breaks:
    return lambda tenant: tenant.hcm(**changes)


def by_expression(given: Json) -> None:
    """The manager goes through a function."""
    mapping = mapping_of(given, "manager")
    name = mapping["source"]["name"]
    mapping["source"] = {
        "expression": f"ToLower([{name}], )", "name": "ToLower", "type": "Function",
        "parameters": [
            {"key": "source", "value": {"expression": f"[{name}]", "name": name, "type": "Attribute", "parameters": []}}
        ],
    }  # fmt: skip


def mail_mapped(given: Json) -> None:
    mapping = dict(mapping_of(given, "jobTitle"))
    mappings(given).append({**mapping, "targetAttributeName": "mail"})


def without_custom(given: Json) -> None:
    """A custom attribute was never added."""
    source_attributes(given)[:] = [one for one in source_attributes(given) if not one["name"].endswith(":HireDate")]
    without("employeeHireDate")(given)


def without(name: str) -> Callable[[Json], None]:
    def change(given: Json) -> None:
        mappings(given)[:] = [one for one in mappings(given) if one["targetAttributeName"] != name]

    return change


def no_nulls(given: Json) -> None:
    for one in source_attributes(given):
        one["flowNullValues"] = False


def second_match(given: Json) -> None:
    mapping_of(given, "employeeId")["matchingPriority"] = 0


def object_mapping(given: Json) -> Json:
    found: Json = given["synchronizationRules"][0]["objectMappings"][0]
    return found


STALE = """
insert into clearings (target, person_number, attribute, "value", cleared_at, plan_no, request_no, op_no, sent_at)
values ('{target}', '1', 'urn:ietf:params:scim:schemas:extension:contoso:1.0:User:Retired', 'x', now(), 1, 1, 1, now())
"""
HIRES = '\'{custom}:HireDate\' = { field = "hire_date", time = "00:00:00", zone = "UTC" }'
LEAVES = '\'{custom}:TermDate\' = { field = "termination_date", time = "23:59:59", zone = "UTC" }'
CASES: dict[str, tuple[Breaks, str, str, Outcome]] = {
    # --- sign-in and permissions
    "a wrong secret": (target(client_secret="nonsense"), "sign-in", r"AADSTS7000215", Outcome.FAILED),
    "an unknown tenant": (
        target(tenant_id="00000000-0000-0000-0000-000000000000"), "sign-in", r"does not know the tenant", Outcome.FAILED,
    ),
    "an app that the tenant does not know": (target(client_id="somebody"), "sign-in", r"AADSTS700016", Outcome.FAILED),
    "a secret that has expired": (options(secret_days=-1), "sign-in", r"AADSTS7000222", Outcome.FAILED),
    "a secret that expires soon": (options(secret_days=10), "sign-in", r"client secret expires in (9|10) days", Outcome.WARNING),
    "a certificate that has expired": (
        lambda tenant: tenant.certificate(-1), "sign-in", r"AADSTS1000502.*has expired", Outcome.FAILED
    ),
    "a certificate that expires soon": (
        lambda tenant: tenant.certificate(10), "sign-in", r"the certificate expires in (9|10) days", Outcome.WARNING
    ),
    "another way that does not sign in": (
        lambda tenant: tenant.set(other_sign_ins=(replace(tenant.connection, client_secret="other"),)), "sign-in",
        r"client secret is set up besides and does not sign in", Outcome.WARNING,
    ),
    "no consent to upload": (
        options(withheld_permissions=["SynchronizationData-User.Upload"]), "permissions",
        r"SynchronizationData-User.Upload.* is missing", Outcome.FAILED,
    ),
    "no consent to read the log": (
        options(withheld_permissions=["ProvisioningLog.Read.All"]), "permissions", r"ProvisioningLog.Read.All", Outcome.FAILED,
    ),
    "more permissions than are used": (
        options(further_permissions=["Directory.ReadWrite.All"]), "permissions", r"more than it uses: Directory", Outcome.WARNING,
    ),
    # --- the lines
    "a host that cannot be reached": (
        target(graph_url="https://127.0.0.1:9/v1.0"), "reach", r"127.0.0.1:9 cannot be reached", Outcome.FAILED
    ),
    "a certificate that is not trusted": (target(ca_file=None), "certificates", r"not trusted", Outcome.FAILED),
    "a CA file without a certificate": (
        lambda tenant: tenant.connected(ca_file=tenant.spoilt_file()), "certificates", r"holds no certificate", Outcome.FAILED
    ),
    "a private key that others may read": (
        lambda tenant: tenant.open_key(), "sign-in", r"other accounts may read it", Outcome.WARNING
    ),
    "a clock that is an hour wrong": (options(clock_skew_seconds=3600), "clock", r"3,[56]\d\d seconds behind", Outcome.FAILED),
    # --- the job
    "a job that is not there": (target(job_id="API2AAD.x.y"), "job", r"there is no job", Outcome.FAILED),
    "an app that is not there": (target(service_principal_id="nobody"), "job", r"no service principal", Outcome.FAILED),
    "a job of the other kind": (
        lambda tenant: tenant.meant_for(TargetKind.ACTIVE_DIRECTORY), "job", r"provisions to Entra ID", Outcome.FAILED
    ),
    "a job that is paused": (job(status="Paused"), "job-state", r"is paused", Outcome.FAILED),
    "a job that was never started": (job(status="NotRun"), "job-state", r"was never started", Outcome.FAILED),
    "a job that is switched off": (job(status="Active", disabled=True), "job-state", r"switched off", Outcome.FAILED),
    "too many deletions": (
        job(status="Quarantine", reason="TooManyDeletes"), "job-state", r"TooManyDeletes.*more accounts", Outcome.FAILED,
    ),
    "records that keep failing": (
        job(status="Quarantine", reason="EncounteredEscrowProportionThreshold"), "job-state", r"over 40 %", Outcome.FAILED,
    ),
    "nobody to notify": (options(notification_email=False), "notification", r"no address to notify", Outcome.FAILED),
    "202, and nothing in the log": (
        warehouse("insert into job_states values ('{target}', 'silent', 'two requests', now(), now(), null, null)"),
        "silence", r"gone silent", Outcome.FAILED,
    ),
    # --- the schema
    "a custom attribute that was never added": (schema(without_custom), "schema", r"HireDate", Outcome.FAILED),
    "a name that is rewritten on every update": (
        schema(lambda given: mapping_of(given, "userPrincipalName").update(flowType="Always")), "schema",
        r"userPrincipalName is written on every change", Outcome.FAILED,
    ),
    "mail of Entra ID mapped": (schema(mail_mapped), "schema", r"mail_not_writable", Outcome.WARNING),
    "a manager through a function": (schema(by_expression), "schema", r"manager", Outcome.FAILED),
    "active that nothing maps": (schema(without("accountEnabled")), "schema", r"accountEnabled", Outcome.FAILED),
    "updates switched off": (
        schema(lambda given: object_mapping(given).update(flowTypes="Add")), "schema", r"Update is off", Outcome.FAILED
    ),
    "no matching attribute": (schema(second_match), "matching", r"match", Outcome.FAILED),
    "nulls that do not flow": (schema(no_nulls), "null-flow", r"nulls do not flow for \d+ attributes", Outcome.WARNING),
    "a cleared value that stays": (warehouse(STALE), "null-flow", r"1 account keeps a value that HR has cleared", Outcome.FAILED),
    "a leave date that nothing maps": (
        lambda tenant: tenant.profile("", LEAVES), "workflows", r"employeeLeaveDateTime: no attribute", Outcome.WARNING
    ),
    "a hire date without a time of its own": (
        lambda tenant: tenant.profile("'{custom}:HireDate' = { field = \"hire_date\" }", HIRES), "workflows",
        r"employeeHireDate.* no time of day of its own", Outcome.WARNING,
    ),
    # --- both sides of the matching attribute, and domains
    "two accounts with one number": (
        warehouse(
            "insert into directory_objects (directory, object_id, kind, deleted, employee_id)"
            " values ('entra', '9', 'user', false, '1')"
        ),
        "matching", r"1 person number that several accounts have", Outcome.FAILED,
    ),
    "an account without its number": (
        warehouse("update directory_objects set employee_id = null where object_id = '2'"), "matching",
        r"1 account that a worker's user name names", Outcome.WARNING,
    ),
    "a number that lost its zeros": (
        warehouse("update worker_versions set person_number = '01' where person_number = '1'"), "matching",
        r"leading zeros", Outcome.WARNING,
    ),
    "a number that is too long": (
        warehouse("update worker_versions set person_number = repeat('9', 17) where person_number = '3'"), "matching",
        r"longer than 16", Outcome.FAILED,
    ),
    "a domain that nobody verified": (
        options(verified_domains=["fabrikam.com"], unverified_domains=["contoso.com"]), "domains",
        r"contoso.com is not verified.*3 user names",
        Outcome.FAILED,
    ),
    "a domain that is not the tenant's": (
        options(verified_domains=["fabrikam.com"]), "domains", r"contoso.com is no domain of the tenant", Outcome.FAILED
    ),
    # --- limits
    "no licence": (options(license="none"), "licences", r"no licence", Outcome.FAILED),
    "fewer seats than people": (options(license_seats=2), "licences", r"licences for 2, and 3 workers", Outcome.FAILED),
    "a quota that the licence does not have": (
        lambda tenant: tenant.profile("[delivery]\ndaily_quota = 6000\n"), "licences", r"6,000", Outcome.FAILED
    ),
    # --- Oracle, Dagster, places
    "a password that Oracle does not take": (
        lambda tenant: tenant.oracle(password="nonsense"), "oracle-sign-in", r"did not sign us in", Outcome.FAILED
    ),
    "no privilege for workers": (hcm(refused=["workers"]), "oracle-workers", r"PER_REST_SERVICE_ACCESS_WORKERS", Outcome.FAILED),
    "phones withheld": (hcm(withheld_children=["phones"]), "oracle-workers", r"no phones", Outcome.WARNING),
    "a feed that is switched off": (
        hcm(disabled_feeds=["termination"]), "oracle-feeds", r"termination is not there", Outcome.FAILED
    ),
    "no privilege for feeds": (hcm(refused=["newhire"]), "oracle-feeds", r"Use ATOM Feed", Outcome.FAILED),
    "no way to write names back": (
        hcm(refused=["userAccounts", "scim"]), "oracle-writeback", r"no way of writing user names", Outcome.FAILED
    ),
    "a place that is not there": (
        lambda tenant: tenant.places("/nowhere/at/all"), "places", r"place drop cannot be listed", Outcome.FAILED
    ),
    "an outbound app that is not there": (
        lambda tenant: tenant.profile('[writeback]\noutbound_app = "nobody"\n', "[writeback]\n"), "outbound-app",
        r"nobody is not there", Outcome.FAILED,
    ),
    "a daemon that is dead": (lambda tenant: tenant.beats(ALIVE(3600)), "daemon", r"last sign of life", Outcome.WARNING),
    "no daemon ever": (lambda tenant: tenant.beats(DagsterState()), "daemon", r"has never run", Outcome.WARNING),
    "a sensor that is off": (
        lambda tenant: tenant.beats(ALIVE(arrival=False)), "automation", r"switched off: arrival", Outcome.WARNING
    ),
}  # fmt: skip


def test_nothing_is_wrong_with_a_healthy_tenant(tenant: Tenant) -> None:
    assert bad(tenant.examine()) == []


@pytest.mark.parametrize("name", CASES)
def test_a_broken_tenant_is_named_by_its_own_check_and_nothing_else_fails(tenant: Tenant, name: str) -> None:
    breaks, check, words, outcome = CASES[name]
    with breaks(tenant):
        found = bad(tenant.examine())
    assert {one.check for one in found} == {check}, [(one.check, one.found) for one in found]
    named = [one for one in found if re.search(words, one.found)]
    assert [one.outcome for one in named[:1]] == [outcome], [(one.outcome, one.found) for one in found]
    assert all(one.means and one.mend for one in found)


def test_at_least_twenty_five_tenants_are_broken_and_all_is_well_again_afterwards(tenant: Tenant) -> None:
    assert len(CASES) >= 25
    assert bad(tenant.examine()) == []


def tree(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Every file and folder: mode, time of change, and a digest."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mode, path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        )
        for path in sorted(folder.rglob("*"))
        if "sandbox" not in path.relative_to(folder).parts[:1]
    }  # fmt: skip


def test_the_doctor_writes_nothing_here_and_posts_nothing_but_the_sign_in(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    import httpx
    import requests

    asked = list[tuple[str, str]]()
    one, other = httpx.Client.send, requests.Session.send

    def sent(self: httpx.Client, request: httpx.Request, **given: Any) -> httpx.Response:
        asked.append((request.method, request.url.path))
        return one(self, request, **given)

    def posted(self: requests.Session, request: requests.PreparedRequest, **given: Any) -> requests.Response:
        asked.append((str(request.method), str(request.path_url)))
        return other(self, request, **given)

    monkeypatch.setattr(httpx.Client, "send", sent)
    monkeypatch.setattr(requests.Session, "send", posted)
    before = tree(tenant.home.path)
    with tenant.set(other_sign_ins=(replace(tenant.connection, client_secret="other"),)):
        found = tenant.examine()
    assert tree(tenant.home.path) == before
    assert {method for method, path in asked if not path.endswith("/oauth2/v2.0/token")} == {"GET"}
    assert {method for method, path in asked if path.endswith("/oauth2/v2.0/token")} == {"POST"}
    assert [one.check for one in bad(found)] == ["sign-in"], "the other way does not sign in"
    assert "other" not in bad(found)[0].mend
