"""Change tracking and domains over TLS, as Graph's reference describes them."""

from __future__ import annotations

from typing import Any

import pytest

from hcm_pipeline.sandbox import delta

from .conftest import TenantWith
from .support import Tenant


def walk(tenant: Tenant, url: str, **headers: str) -> tuple[list[dict[str, Any]], str]:
    """Every entry from an address on, and the link for the changes to come."""
    found: list[dict[str, Any]] = []
    while True:
        answer = tenant.http.get(url, headers=headers)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["value"]
        if "@odata.deltaLink" in page:
            return found, page["@odata.deltaLink"]
        url = page["@odata.nextLink"]


def add(tenant: Tenant, *names: str, **given: Any) -> None:
    users = [{"userPrincipalName": f"{name}@x.com", "displayName": name, **given} for name in names]
    tenant.control("users", users=users)


def test_everything_comes_first_then_what_has_changed(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta, "PAGE", 2)
    add(tenant, "a", "b", "c", mail="m@x.com")
    everything, link = walk(tenant, f"{tenant.graph}/users/delta?$select=displayName,mail,employeeId")
    assert [sorted(entry) for entry in everything] == [["displayName", "id", "mail"]] * 3  # employeeId was never set
    assert walk(tenant, link)[0] == []
    tenant.control("users/alter", userPrincipalName="a@x.com", set={"mail": None, "jobTitle": "Boss"})
    tenant.control("users/alter", userPrincipalName="b@x.com", set={"jobTitle": "Boss"})
    tenant.control("users/delete", userPrincipalName="c@x.com")
    add(tenant, "d", "e")
    tenant.control("users/delete", userPrincipalName="e@x.com", for_good=True)
    changes, later = walk(tenant, link)
    ids = {entry["displayName"]: entry["id"] for entry in everything}
    assert [entry for entry in changes if entry["id"] in ids.values()] == [
        {"id": ids["a"], "displayName": "a", "mail": None},  # what b changed was not selected
        {"id": ids["c"], "@removed": {"reason": "changed"}},
    ]
    new, gone = [entry for entry in changes if entry["id"] not in ids.values()]
    assert (new["displayName"], gone["@removed"]) == ("d", {"reason": "deleted"})
    assert walk(tenant, later)[0] == []
    minimal, _ = walk(tenant, link, Prefer="return=minimal")
    assert {"id": ids["a"], "mail": None} in minimal


def test_a_link_can_begin_now_without_telling_what_there_is(tenant: Tenant) -> None:
    add(tenant, "a")
    found, link = walk(tenant, f"{tenant.graph}/users/delta?$select=displayName&$deltatoken=latest")
    assert found == []
    add(tenant, "b")
    assert [entry["displayName"] for entry in walk(tenant, link)[0]] == ["b"]


def test_groups_are_tracked_apart_from_users(tenant: Tenant) -> None:
    add(tenant, "a")
    tenant.control("groups", groups=[{"displayName": "All", "mail": "all@x.com"}])
    [group], link = walk(tenant, f"{tenant.graph}/groups/delta?$select=mail")
    assert group["mail"] == "all@x.com"
    tenant.control("groups/delete", id=group["id"])
    assert walk(tenant, link)[0] == [{"id": group["id"], "@removed": {"reason": "deleted"}}]
    assert tenant.http.get(link.replace("groups", "users")).status_code == 400


def test_a_token_is_refused_when_it_is_forgotten_or_seven_days_old(tenant: Tenant) -> None:
    _, link = walk(tenant, f"{tenant.graph}/users/delta")
    tenant.control("delta/forget")
    answer = tenant.http.get(link)
    assert (answer.status_code, answer.headers["Location"]) == (410, f"{tenant.graph}/users/delta?$deltatoken=")
    _, link = walk(tenant, answer.headers["Location"])
    tenant.advance(7 * 86_400 - 1)
    assert tenant.http.get(link).status_code == 200
    tenant.advance(2)
    answer = tenant.http.get(link)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "syncStateNotFound")


@pytest.mark.parametrize("query", ["$top=5", "$filter=id eq '1'", "$select=nothing", "$deltatoken=x", "$skiptoken=x"])
def test_what_delta_queries_do_not_take_is_a_bad_request(tenant: Tenant, query: str) -> None:
    assert tenant.http.get(f"{tenant.graph}/users/delta?{query}").status_code == 400


def test_domains_are_listed_where_the_tenant_has_a_list(tenant_with: TenantWith) -> None:
    tenant = tenant_with(verified_domains=frozenset({"contoso.com"}))
    listed = tenant.http.get(f"{tenant.graph}/domains").json()["value"]
    assert [(one["id"], one["isVerified"], one["isInitial"]) for one in listed] == [
        ("contoso.com", True, False), ("sandbox.onmicrosoft.com", True, True)]  # fmt: skip


def test_a_tenant_that_takes_any_domain_has_no_list_of_them(tenant: Tenant) -> None:
    assert tenant.http.get(f"{tenant.graph}/domains").status_code == 403
