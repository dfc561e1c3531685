"""Reading users, deleted users and groups from Graph: everything once, then what has changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hcm_pipeline.directory import Read, Reading, entra_id
from hcm_pipeline.directory.entra_id import refresh
from hcm_pipeline.errors import GuardStop, PipelineError, ServiceError, ServiceRefused
from hcm_pipeline.home import Home
from hcm_pipeline.sandbox import running
from hcm_pipeline.warehouse import Warehouse
from tests.sandbox.support import trusting

from .conftest import Service, StoppedTime


class Site:
    """A sandbox's directory, and the warehouse that reads it."""

    def __init__(self, service: Service, folder: Path) -> None:
        self.service = service
        self.warehouse = Warehouse(Home(folder / "home").create())
        self.heard: list[str] = []

    def add(self, *names: str, **given: Any) -> None:
        users = [{"userPrincipalName": f"{name}@contoso.com", "displayName": "U", **given} for name in names]
        self.service.post("users", {"users": users})

    def alter(self, name: str, **values: Any) -> None:
        self.service.post("users/alter", {"userPrincipalName": f"{name}@contoso.com", "set": values})

    def delete(self, name: str, *, for_good: bool = False) -> None:
        self.service.post("users/delete", {"userPrincipalName": f"{name}@contoso.com", "for_good": for_good})

    def read(self, *, scope: str = "tenant", **given: Any) -> Read:
        self.service.time.now += dt.timedelta(minutes=1)
        with self.service.client() as client:
            reading = Reading(self.warehouse, "entra", self.service.time.now, self.heard.append, **given)
            return refresh(reading, client, scope)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with self.warehouse.read() as con:
            return con.execute(query).fetchall()

    def users(self) -> dict[str, bool]:
        """The part before the @ of every user, and whether they are deleted."""
        found = "select split_part(user_principal_name, '@', 1), deleted from directory_objects where kind = 'user'"
        return dict(self.ask(found))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One sandbox for all tests of this module: starting one takes longer than most of them."""
    directory = tmp_path_factory.mktemp("sandbox")
    with running(directory) as handle, trusting(handle) as http:
        yield Service(handle, directory, http, StoppedTime())


@pytest.fixture
def site(shared: Service, tmp_path: Path) -> Site:
    """Nobody is there yet."""
    shared.post("reset", {})
    return Site(shared, tmp_path)


def test_everything_is_read_page_by_page_with_what_was_deleted(site: Site) -> None:
    users = [{"userPrincipalName": f"user{number}@contoso.com", "displayName": "U", "employeeId": str(number),
              "onPremisesSamAccountName": f"u{number}", "mailNickname": f"user{number}"} for number in range(450)]  # fmt: skip
    site.service.post("users", {"users": users})
    site.delete("user7")
    group = {"displayName": "All", "mail": "all@contoso.com", "proxyAddresses": ["SMTP:all@contoso.com"]}
    site.service.post("groups", {"groups": [group]})
    done = site.read()
    assert (done.read, done.objects, done.changed) == ("full", 451, 451)
    kinds = site.ask("select kind, deleted, count(*) from directory_objects group by all order by all")
    assert kinds == [("group", False, 1), ("user", False, 449), ("user", True, 1)]
    assert site.ask("select user_principal_name, employee_id from directory_objects where deleted") == [
        ("user7@contoso.com", "7")]  # fmt: skip
    assert site.ask("select count(*) from directory_names where attribute = 'sam'") == [(450,)]
    assert site.ask("select attribute, key, employee_id from directory_names where kind = 'group'") == [
        ("address", "all@contoso.com", None)]  # fmt: skip
    assert list(site.warehouse.home.scratch.iterdir()) == []


def test_a_second_reading_takes_what_has_changed_and_keeps_the_rest(site: Site) -> None:
    site.add("ann", "bea", "cat", employeeId="1", onPremisesSamAccountName="x")
    site.read()
    site.alter("ann", userPrincipalName="anna@contoso.com", onPremisesSamAccountName=None)
    site.delete("bea")
    site.delete("cat", for_good=True)
    site.add("dan")
    done = site.read()
    assert (done.read, done.objects, done.changed) == ("changes", 3, 4)
    assert site.users() == {"anna": False, "bea": True, "dan": False}
    found = site.ask("""select user_principal_name, employee_id, sam_account_name, display_name from directory_objects
        where not deleted order by 1""")
    assert found == [("anna@contoso.com", "1", None, "U"), ("dan@contoso.com", None, None, "U")]
    names = site.ask("select key from directory_names where attribute in ('address', 'sam') order by 1")
    assert names == [("anna@contoso.com",), ("bea@contoso.com",), ("dan@contoso.com",), ("x",)]
    assert (site.read().changed, site.users()) == (0, {"anna": False, "bea": True, "dan": False})


def test_who_came_and_was_deleted_between_two_readings_is_known_as_deleted(site: Site) -> None:
    site.add("ann")
    site.read()
    site.add("bea")
    site.delete("bea")
    assert site.read().read == "changes"
    assert site.users() == {"ann": False, "bea": True}


def test_a_group_that_is_deleted_for_good_frees_its_names(site: Site) -> None:
    site.service.post("groups", {"groups": [{"displayName": "All", "mailNickname": "all"}]})
    site.add("ann")
    site.read()
    [(group,)] = site.ask("select object_id from directory_objects where kind = 'group'")
    site.service.post("groups/delete", {"id": group})
    site.read()
    assert site.ask("select key from directory_names where attribute = 'nickname'") == []


@pytest.mark.parametrize(
    "lose",
    [
        lambda service: service.post("delta/forget", {}),
        lambda service: service.advance(7 * 86_400 + 1),
        lambda service: service.fault("status", on="delta", status=410),
        lambda service: service.fault("status", on="delta", status=400, code="resyncRequired"),
    ],
    ids=["gone, with a place to begin at", "older than seven days", "gone", "resync required"],
)
def test_everything_is_read_again_when_the_service_cannot_tell_what_has_changed(
    site: Site, lose: Callable[[Service], None]
) -> None:
    site.add("ann")
    site.read()
    site.add("bea")
    lose(site.service)
    assert site.read().read == "full"
    assert set(site.users()) == {"ann", "bea"}
    assert any("cannot tell what has changed" in line for line in site.heard)
    assert site.read().read == "changes"


def test_another_tenant_other_properties_a_month_and_a_wish_make_a_full_reading(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.add("ann")
    assert site.read().read == "full"
    assert site.read(full=True).read == "full"
    assert site.read(scope="another tenant").read == "full"
    assert site.read(scope="another tenant").read == "changes"
    monkeypatch.setattr(
        entra_id, "_RESOURCES", [("users", "user", ("id", "mail")), ("groups", "group", ("id", "mail"))]
    )
    assert site.read(scope="another tenant").read == "full"
    assert site.read(scope="another tenant").read == "changes"
    site.service.time.now += entra_id.FULL_AFTER
    assert site.read(scope="another tenant").read == "full"


def test_a_reading_that_fails_half_way_changes_nothing_and_is_made_up_for(site: Site) -> None:
    site.add("ann")
    site.read()
    site.add("bea")
    site.service.fault("status", on="delta", status=403, times=None)
    with pytest.raises(ServiceRefused, match=r"User\.Read\.All"):
        site.read()
    assert set(site.users()) == {"ann"}
    site.service.http.delete(f"{site.service.handle.url}/sandbox/faults")
    assert site.read().read == "changes"
    assert set(site.users()) == {"ann", "bea"}


def test_a_reading_that_shows_nobody_any_more_is_not_believed_without_a_word(site: Site) -> None:
    site.add("ann", "bea")
    site.read()
    site.delete("ann", for_good=True)
    site.delete("bea", for_good=True)
    for full in (False, True):
        with pytest.raises(GuardStop, match=r"had 2 objects and now shows 0.*--accept-loss"):
            site.read(full=full)
    assert set(site.users()) == {"ann", "bea"}
    assert site.read(accept_loss=True).objects == 0


def test_a_loss_above_the_profiles_share_is_not_believed(site: Site) -> None:
    names = [f"u{number}" for number in range(30)]
    site.add(*names)
    site.read()
    for name in names[:11]:
        site.delete(name)
    with pytest.raises(GuardStop):
        site.read(max_loss_percent=36)
    assert site.read(max_loss_percent=37).read == "changes"


def test_two_readings_at_once_do_not_build_on_each_other(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add("ann")
    site.read()
    domains = entra_id._domains

    def overtaken(*given: Any) -> Any:
        monkeypatch.setattr(entra_id, "_domains", domains)
        site.read(full=True)
        return domains(*given)

    monkeypatch.setattr(entra_id, "_domains", overtaken)
    with pytest.raises(PipelineError, match="another process"):
        site.read()
    assert set(site.users()) == {"ann"}


def test_domains_are_kept_with_whether_they_are_verified(service_with: Callable[..., Service], tmp_path: Path) -> None:
    site = Site(service_with(verified_domains=frozenset({"Contoso.com"})), tmp_path)
    assert site.read().told == ()
    assert site.ask("from directory_domains order by 2") == [
        ("entra", "contoso.com", True), ("entra", "sandbox.onmicrosoft.com", True)]  # fmt: skip


def test_domains_that_may_not_be_read_are_told_and_not_known(site: Site) -> None:
    site.add("ann")
    [told] = site.read().told
    assert "Domain.Read.All" in told
    assert site.ask("from directory_domains") == []


def test_a_link_to_another_host_is_not_followed(site: Site) -> None:
    site.add("ann")
    site.read()
    with site.warehouse.write() as con:
        con.execute("update directory_links set link = 'https://elsewhere.example' || link")
    with pytest.raises(ServiceError, match=r"elsewhere\.example"):
        site.read()


def test_of_a_value_that_is_no_name_it_is_known_whether_there_is_one(site: Site) -> None:
    site.add("ann", jobTitle="Boss", telephoneNumber="1")
    site.add("bea", manager="the id of ann", jobTitle="Clerk")
    site.read()
    found = "select split_part(user_principal_name, '@', 1), has_title, has_phone, has_manager from directory_objects order by 1"
    assert site.ask(found) == [("ann", True, True, None), ("bea", True, None, True)]
    site.alter("bea", manager=None)
    site.alter("ann", jobTitle=None)
    assert site.read().read == "changes"
    assert site.ask(found) == [("ann", None, True, None), ("bea", True, None, None)]


def test_a_service_that_does_not_tell_the_manager_is_asked_without(site: Site) -> None:
    site.add("ann", jobTitle="Boss")
    site.service.post("faults", {"kind": "status", "status": 400, "on": "delta", "times": 1})
    read = site.read()
    assert (read.read, read.objects, "does not tell the manager" in " ".join(read.told)) == ("full", 1, True)
    assert site.ask("select has_title, has_manager from directory_objects") == [(True, None)]
    assert site.read().read == "changes"
