"""Stale values between the rooms: a plan is made for them when nulls flow, a directory closes them, a person's word is exact."""

from __future__ import annotations

from pathlib import Path

import pytest

from hcm_pipeline import flow
from hcm_pipeline.errors import UsageError
from hcm_pipeline.flow import Installation
from hcm_pipeline.flow.directories import _close_clearings
from hcm_pipeline.settings import Settings
from tests.workers.driver import PROFILE, Firm, day, worker

MAIL, TITLE = 'emails[type eq "work"].value', "urn:x:title"


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """A firm whose first date is planned, and two people of which values stay in accounts."""
    (tmp_path / "firm.toml").write_text(PROFILE, encoding="utf-8")
    firm = Firm(tmp_path, PROFILE)
    installation = Installation(Settings(firm.home, str(firm.folder / "firm.toml"), None))
    firm.take([worker(1)], day(2))
    flow.plan(installation.warehouse, installation.loaded, installation.target)
    with installation.warehouse.write() as con:
        con.execute("delete from null_flows")
        for place, (number, attribute) in enumerate((("1", MAIL), ("1", TITLE), ("2", MAIL))):
            con.execute(
                "insert into clearings by name select ? as target, ? as person_number, ? as attribute, 'old' as \"value\","
                " timestamptz '2026-11-02 12:00Z' as cleared_at, 7 as plan_no, 0 as request_no, ? as op_no,"
                " timestamptz '2026-11-02 12:00Z' as sent_at",
                [installation.target, number, attribute, place],
            )
            con.execute(
                "insert into null_flows select ?, ?, 'stays', null, 'stays', timestamptz '1970-01-01', true, null where not exists"
                " (from null_flows where attribute = ?)",
                [installation.target, attribute, attribute],
            )
            con.execute(
                "insert into outcomes by name select 7 as plan_no, 0 as request_no, ? as op_no, ? as person_number,"
                " 'succeeded' as outcome, 'update' as action, 'l' as log_id, timestamptz '2026-11-02 12:05Z' as logged_at",
                [place, number],
            )
    installation.warehouse.publish()
    return installation


def stale(here: Installation) -> list[tuple[str, str]]:
    with here.warehouse.write() as con:
        return con.execute("select person_number, attribute from stale_values order by all").fetchall()


@pytest.mark.parametrize(
    ("of", "held_as", "somebody", "closed"),
    [
        ("entra", None, True, [("1", MAIL)]),
        ("entra", ["jobTitle"], True, [("1", MAIL), ("1", TITLE)]),
        ("entra", ["jobTitle"], None, [("1", MAIL)]),
        ("entra", ["jobTitle", "extensionAttribute1"], True, [("1", MAIL)]),
        ("ad", ["jobTitle"], True, []),
        (None, ["jobTitle"], True, []),
    ],
    ids=[
        "a mapping that is not told",
        "a mapping that is told",
        "nobody has one: it may not be told",
        "in two places, of which one is unread",
        "another directory",
        "a file that does not tell whose it is",
    ],
)
def test_a_directory_closes_what_it_shows_empty_where_it_tells(
    here: Installation, of: str | None, held_as: list[str] | None, somebody: bool | None, closed: list[tuple[str, str]]
) -> None:
    with here.warehouse.write() as con:
        con.execute("update null_flows set held_as = ? where attribute = ?", [held_as, TITLE])
        for number, mail, title in (("1", None, None), ("2", "still@firm.example", somebody)):
            con.execute(
                "insert into directory_objects by name select 'd' as directory, ? as object_id, 'user' as kind, false as deleted,"
                " ? as employee_id, ? as mail, ? as has_title",
                [number, number, mail, title],
            )
        con.execute("insert into directory_reads values ('d', timestamptz '2026-11-03 12:00Z', 2)")
    _close_clearings(here, "d", of)
    assert stale(here) == [one for one in (("1", MAIL), ("1", TITLE), ("2", MAIL)) if one not in closed]


def test_a_plan_is_made_again_when_nulls_flow_for_values_that_stay(here: Installation) -> None:
    with here.journal() as journal:
        [made] = journal.manifests()
        journal.close_planned_before(here.target, here.clock(), "by the test")
    assert made.state == "ready"
    assert flow.plan_again(here) == "nobody is to be sent again now"
    with here.warehouse.write() as con:
        con.execute("update null_flows set flow = 'flows', since = now() where attribute = ?", [MAIL])
    here.warehouse.publish()
    due = flow.plan_again(here)
    assert isinstance(due, flow.PlanAgain)
    assert due.why == "nulls flow by now for 2 cleared values that stay in accounts"


def test_a_persons_word_is_about_so_many_values(here: Installation) -> None:
    for said, values in ((flow.Cleared("1"), 1), (flow.Cleared(attribute="title"), 2), (flow.Cleared("3"), 1)):
        with pytest.raises(UsageError):
            flow.cleared_values(here, said, values, by="Ada")
    assert flow.cleared_values(here, flow.Cleared(attribute="title", why="by hand"), 1, by="Ada") == 1
    assert stale(here) == [("1", MAIL), ("2", MAIL)]
    assert flow.cleared_values(here, flow.Cleared(), 2, by="Ada") == 2
    assert stale(here) == []
