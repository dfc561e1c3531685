"""Users of Entra ID with their history: replays, removals, restores and lost links."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hcm_pipeline.directory import ContactsRead, contacts
from hcm_pipeline.home import Home
from tests.delivery.house import InMemory
from tests.delivery.tables import empty_tables
from tests.targets.oracle.town import Users

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


class Desk:
    """A tenant, and what is known of it."""

    def __init__(self, con: Any, home: Home) -> None:
        self.con, self.warehouse, self.users, self.now = con, InMemory(home, con=con), Users(), NOON

    def read(self, scope: str = "tenant") -> ContactsRead:
        self.now += dt.timedelta(hours=1)
        client: Any = self.users
        return contacts.refresh(self.warehouse, client, scope, self.now)

    def rows(self, which: str = "known_to is null") -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self.con.execute(
            f"select object_id, mail, work_phone, deleted from entra_contacts where {which} order by 1, known_from"
        ).fetchall()
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with empty_tables() as con:
        made = Desk(con, Home(tmp_path / "home").create())
        made.users.set("a", employeeId="1", mail="a@x.test", businessPhones=["1", "2"])
        made.users.set("b", employeeId="2", mail="b@x.test", businessPhones=[])
        yield made


def test_everything_is_read_once_and_then_what_has_changed(desk: Desk) -> None:
    assert desk.read() == ContactsRead("full", 2, 2)
    assert desk.rows() == [("a", "a@x.test", "1", False), ("b", "b@x.test", None, False)]
    assert desk.read() == ContactsRead("changes", 2, 0)  # an empty page
    desk.users.set("a", mail="new@x.test")
    assert desk.read() == ContactsRead("changes", 2, 1)
    assert desk.rows() == [("a", "new@x.test", "1", False), ("b", "b@x.test", None, False)]
    assert desk.rows("known_to is not null") == [("a", "a@x.test", "1", False)]


def test_a_cleared_value_is_null_and_an_unstated_one_stays(desk: Desk) -> None:
    desk.read()
    desk.users.set("a", businessPhones=[])
    desk.read()
    assert desk.rows()[0] == ("a", "a@x.test", None, False)


def test_a_deleted_user_is_kept_as_deleted_one_that_is_gone_for_good_is_not(desk: Desk) -> None:
    desk.read()
    desk.users.remove("a", "changed")
    desk.users.remove("b", "deleted")
    assert desk.read().users == 0
    assert desk.rows() == [("a", "a@x.test", "1", True)]
    desk.users.set("a", employeeId="1", mail="a@x.test", businessPhones=["1"])
    assert desk.read().users == 1
    assert desk.rows() == [("a", "a@x.test", "1", False)]


def test_a_lost_link_and_another_tenant_lead_to_a_full_reading_that_ends_whom_it_does_not_show(desk: Desk) -> None:
    desk.read()
    del desk.users.people["b"]
    desk.users.lost = True
    assert desk.read() == ContactsRead("full", 1, 1)
    assert [row[0] for row in desk.rows()] == ["a"]
    assert desk.read("another").read == "full"


def test_a_reading_that_is_cut_off_changes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.read()

    def broken(*_: Any) -> Iterator[dict[str, object]]:
        yield {"id": "a", "mail": "half@x.test"}
        raise OSError("cut off")

    monkeypatch.setattr(desk.users, "changes", broken)
    with pytest.raises(OSError, match="cut off"):
        desk.read()
    monkeypatch.undo()
    assert desk.rows()[0] == ("a", "a@x.test", "1", False)
    desk.users.set("b", mail="c@x.test")
    assert desk.read() == ContactsRead("changes", 2, 1)
