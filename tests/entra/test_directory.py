"""Reading users, deleted users and groups from Graph."""

from __future__ import annotations

from pathlib import Path

import pytest

from hcm_pipeline.errors import ServiceRefused
from hcm_pipeline.home import Home
from hcm_pipeline.identity.directory.graph import refresh
from hcm_pipeline.warehouse import Warehouse

from .conftest import Service


def test_the_directory_is_read_page_by_page_with_what_was_deleted(service: Service, tmp_path: Path) -> None:
    users = [{"userPrincipalName": f"user{number}@contoso.com", "displayName": "U", "employeeId": str(number),
              "onPremisesSamAccountName": f"u{number}", "mailNickname": f"user{number}"} for number in range(1200)]  # fmt: skip
    service.post("users", {"users": users})
    service.post("users/delete", {"userPrincipalName": "user7@contoso.com"})
    service.post(
        "groups",
        {"groups": [{"displayName": "All", "mail": "all@contoso.com", "proxyAddresses": ["SMTP:all@contoso.com"]}]},
    )
    warehouse = Warehouse(Home(tmp_path / "home").create())
    heard: list[str] = []
    with service.client() as client:
        assert refresh(warehouse, client, clock=service.time.clock, progress=heard.append) == 1201
    with warehouse.read() as con:
        kinds = con.execute(
            "select kind, deleted, count(*) from directory_objects group by all order by all"
        ).fetchall()
        deleted = con.execute("select user_principal_name, employee_id from directory_objects where deleted").fetchall()
        names = con.execute("select count(*) from directory_names where attribute = 'sam'").fetchall()
        group = con.execute("select attribute, key, employee_id from directory_names where kind = 'group'").fetchall()
    assert kinds == [("group", False, 1), ("user", False, 1199), ("user", True, 1)]
    assert deleted == [("user7@contoso.com", "7")]
    assert names == [(1200,)]
    assert group == [("address", "all@contoso.com", None)]
    assert list((tmp_path / "home" / ".scratch").iterdir()) == []


def test_a_read_that_fails_half_way_changes_nothing(service: Service, tmp_path: Path) -> None:
    service.post("users", {"users": [{"userPrincipalName": "a@contoso.com", "displayName": "A"}]})
    warehouse = Warehouse(Home(tmp_path / "home").create())
    with service.client() as client:
        refresh(warehouse, client, clock=service.time.clock, progress=print)
        service.fault("status", on="users", status=403, times=None)
        with pytest.raises(ServiceRefused, match=r"User\.Read\.All"):
            refresh(warehouse, client, clock=service.time.clock, progress=print)
    with warehouse.read() as con:
        assert con.execute("select count(*) from directory_objects").fetchall() == [(1,)]
