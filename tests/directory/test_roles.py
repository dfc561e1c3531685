"""Roles of Microsoft Entra ID: read as assignments to users and to groups, and kept beside the users."""

from __future__ import annotations

from typing import cast

import pytest

from hcm_pipeline.directory.entra_id import _roles
from hcm_pipeline.directory.tables import keep_roles
from hcm_pipeline.entra import GraphClient
from hcm_pipeline.errors import ServiceRefused
from tests.pool import empty_warehouse

from .objects import account, fill


class Graph:
    """A service where a user and a group have roles, and another user is in the group."""

    def __init__(self, status: int | None = None) -> None:
        self.status = status

    def role_members(self) -> dict[str, list[str]]:
        if self.status:
            raise ServiceRefused("no", self.status, "Authorization_RequestDenied")
        return {"ann": ["Global Administrator"], "group": ["User Administrator"]}

    def members(self, group: str) -> list[str]:
        if group != "group":
            raise ServiceRefused("no such group", 404, "Request_ResourceNotFound")
        return ["ann", "bea"]


def test_a_users_roles_are_their_own_and_those_of_the_groups_that_they_are_in() -> None:
    assert _roles(cast(GraphClient, Graph()), []) == {
        "ann": ["Global Administrator", "User Administrator"], "bea": ["User Administrator"], "group": ["User Administrator"],
    }  # fmt: skip


def test_roles_that_may_not_be_read_are_noted_and_any_other_refusal_is_raised() -> None:
    notes: list[str] = []
    assert _roles(cast(GraphClient, Graph(403)), notes) is None
    assert "nobody is protected" in notes[0]
    with pytest.raises(ServiceRefused):
        _roles(cast(GraphClient, Graph(500)), [])


def test_a_role_that_was_taken_away_is_no_longer_known() -> None:
    con = empty_warehouse()
    fill(con, account("ann@contoso.com", object_id="ann"), account("bea@contoso.com", object_id="bea"))
    for roles in ({"ann": ["Global Administrator"]}, {"bea": ["User Administrator"]}):
        keep_roles(con, "entra", roles)
    found = con.execute("select object_id, member_of from directory_objects order by 1").fetchall()
    assert found == [("ann", None), ("bea", ["User Administrator"])]
