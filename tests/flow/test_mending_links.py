"""Severing of links: a plan that a person approves by its id and number, and never of a protected account without its own word."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hcm_pipeline import flow
from hcm_pipeline.entra import ObjectConnection
from hcm_pipeline.errors import ServiceError, UsageError
from hcm_pipeline.flow import Installation, mending_links
from hcm_pipeline.flow.mending_links import plan_severing, sever
from hcm_pipeline.settings import Settings
from tests.directory.objects import NOW
from tests.workers.driver import PROFILE, Firm, day, worker

DIRECTORY = '\n[identity.directories.people]\nkind = "csv"\n'
ACCOUNTS = """objectId,userPrincipalName,employeeId,displayName
id-b,bo@firm.example,2,Bo Quist
id-p,adm-cy@firm.example,3,Cy Ma
"""


class Links:
    """A service with links, which is paused or not."""

    def __init__(self, **links: str) -> None:
        self.links, self.paused = links, True

    def get(self, source: str) -> ObjectConnection | None:
        """The link of a record."""
        account = self.links.get(f"n{source}")
        return ObjectConnection(source, account) if account else None

    def sever(self, source: str) -> None:
        """Delete it."""
        if not self.paused:
            raise ServiceError("pause it")
        self.links.pop(f"n{source}", None)


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """Worker 1's operations went to the account of 2, and those of 4 to the protected one of 3."""
    (tmp_path / "firm.toml").write_text(PROFILE + DIRECTORY, encoding="utf-8")
    (tmp_path / "accounts.csv").write_text(ACCOUNTS, encoding="utf-8")
    firm = Firm(tmp_path, PROFILE, DIRECTORY)
    made = Installation(Settings(firm.home, str(tmp_path / "firm.toml"), None))
    firm.take(
        [worker(1, Last="Lee"), worker(2, First="Bo", Last="Quist"), worker(3, Last="Ma"), worker(4, Last="Ng")], day(2)
    )
    flow.read_directory(made, "people", flow.Wish(tmp_path / "accounts.csv"))
    for number, account in (("1", "id-b"), ("4", "id-p")):
        firm.sql(
            "insert into log_entries (target, log_id, logged_at, person_number, change_id, status, action, unresolved, twin,"
            " landed_on) values (?, ?, ?, ?, 'c', 'success', 'update', false, false, ?)",
            [made.target, number, NOW, number, account],
        )
    firm.warehouse.publish()
    return made


def serve(monkeypatch: pytest.MonkeyPatch, links: Links) -> None:
    """This service answers."""

    @contextmanager
    def connections(*_: object) -> Iterator[Links]:
        yield links

    monkeypatch.setattr(mending_links, "_connections", connections)


def test_a_link_is_severed_after_an_approval_and_both_sides_are_planned_anew(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = Links(n1="ID-B")
    serve(monkeypatch, links)
    planned = plan_severing(here, ["1"], started_by="jo")
    assert planned.held
    assert planned.manifest is not None
    for wrong in (None, 2):
        with pytest.raises(UsageError, match="1 link;"):
            sever(here, planned.manifest, wrong, by="jo")
    with pytest.raises(UsageError, match="not enough of an id"):
        sever(here, planned.manifest[:6], 1, by="jo")
    links.paused = False
    with pytest.raises(ServiceError, match="pause it"):
        sever(here, planned.manifest, 1, by="jo", why="Bo is Bo")
    assert links.links
    links.paused = True
    done = sever(here, planned.manifest, 1, by="jo")
    assert (done.state, done.sent_again, links.links) == ("accepted", ("1", "2"), {})
    with here.journal() as journal:
        assert [(one.decision, one.decided_by, one.why) for one in journal.decisions()] == [
            ("approve", "jo", "Bo is Bo")
        ]
    with here.warehouse.read() as con:
        assert con.execute("select person_number from unknown_versions order by 1").fetchall() == [("1",), ("2",)]
    assert sever(here, planned.manifest, 1, by="jo").sent_again == ()


def test_a_protected_account_needs_its_own_word_and_a_link_elsewhere_is_left_alone(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = Links(n1="id-z", n4="id-p")
    serve(monkeypatch, links)
    with pytest.raises(UsageError, match="--protected"):
        plan_severing(here, ["1", "4"])
    with pytest.raises(UsageError, match="no wrong link is known"):
        plan_severing(here, ["2"])
    planned = plan_severing(here, ["1", "4"], protected=True)
    assert (planned.missing, [one.person_number for one in planned.links]) == (("1",), ["4"])
    assert planned.manifest is not None
    links.links["n4"] = "id-q"  # the service has another link by now
    sever(here, planned.manifest, 1, by="jo")
    assert links.links == {"n1": "id-z", "n4": "id-q"}
    assert plan_severing(here, ["1"]).manifest is None
