"""Oracle HCM and its follower over simulated months: the state after the feeds is that of everybody's truth, each day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hcm_pipeline.errors import ServiceRefused
from hcm_pipeline.feeds import NUMBER, FeedState
from hcm_pipeline.flow.feeding import Hcm, drain, reading_rules
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.http import Patience
from hcm_pipeline.oracle import OracleClient, OracleConnection
from hcm_pipeline.profile import FEEDS, Oracle
from hcm_pipeline.sandbox.oracle.front import HcmTransport
from tests import budget
from tests.sandbox.hcm_support import START, URL, Office, office

from .simulated import home_of, known_of

PATIENCE = Patience(sleep=lambda _: None)
FAULTS = (
    ("duplicate_entry", {"share": 0.2}), ("malformed_stamp", {"share": 0.1}), ("same_stamp", {"seconds": 3600}),
    ("no_attributes", {"share": 0.3}), ("doubled_id", {"share": 0.2}), ("broken_content", {"share": 0.1}),
    ("late_entry", {"seconds": 7200, "share": 0.3}), ("status", {"on": "workers", "status": 503, "share": 0.1}),
    ("status", {"on": "atom", "status": 429, "retry_after": 1, "share": 0.1}), ("reset_before", {"on": "any", "share": 0.05}),
    ("reset_after", {"on": "any", "share": 0.05}), ("arriving_entry", {"on": "atom", "share": 0.3}),
)  # fmt: skip
"""Every fault that loses nothing at the service."""


@dataclass
class Followed:
    """A company, and a home that follows it. `known`: as the extracts tell it."""

    office: Office
    home: Installation
    known: dict[str, dict[str, str]] = field(default_factory=dict)

    @contextmanager
    def opened(self, installation: Installation) -> Iterator[Hcm]:
        held = self.office.hcm.sign_in.credentials
        connection = OracleConnection(URL, username=held.username, password=held.password)
        rules = reading_rules(Oracle.model_validate({"concurrency": 2}), PATIENCE)
        wire = HcmTransport(self.office.hcm, sleep=lambda _: None)
        with OracleClient(connection, rules, clock=self.office_time, wire=wire) as client:
            yield client

    def office_time(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.office.clock.now(), dt.UTC)

    def drain(self, *, full: bool = False) -> int:
        """Poll, and take what lies in the landing folder; how many events were missed."""
        done = drain(self.home, full=full, opened=self.opened)
        self.known = known_of(self.home.home.landing, self.known)
        return done.missed

    def differences(self) -> list[str]:
        """Persons and columns that are known otherwise than they are."""
        rows = self.office.control("truth", "GET")["rows"]
        ahead = {
            row[NUMBER] for row in rows if self.known.get(row[NUMBER], {}).get("Hire Date", "") > str(self.office.today)
        }
        return [
            f"{row[NUMBER]} {column}: {self.known.get(row[NUMBER], {}).get(column)!r} is {value!r}"
            for row in rows
            if row[NUMBER] not in ahead
            for column, value in row.items()
            if self.known.get(row[NUMBER], {}).get(column) != value
            and (column, value) != ("Manager", "")  # nothing tells of a manager whose own hire was taken back
        ]


@contextmanager
def followed(path: Path, **options: object) -> Iterator[Followed]:
    with office(path / "hcm", **options) as here:
        yield Followed(here, home_of(path / "home", now=START))


DAYS = 12 * budget.examples(1)


@pytest.mark.parametrize(("seed", "ahead"), [(1, -240.0), (2, 300.0)])
def test_following_ends_each_day_in_the_truth_with_every_fault_on(tmp_path: Path, seed: int, ahead: float) -> None:
    (tmp_path / "hcm").mkdir()
    with followed(tmp_path, page_size_cap=10, clock_ahead_seconds=ahead) as company:
        company.office.control("company", people=30, seed=seed, events_a_day=6)
        company.drain(full=True)
        assert company.differences() == []
        for kind, details in FAULTS:
            company.office.fault(kind, seed=seed, **details)
        for _ in range(DAYS):
            for hours in (8, 8, 5.5):
                company.office.advance(hours=hours)
                company.drain()
            fresh = set(company.differences())
            company.office.advance(hours=2.5)  # what is late is visible by then
            company.drain()
            assert fresh & set(company.differences()) == set()


def kept(company: Followed) -> int:
    """How many entries the pipeline has."""
    with FeedState(company.home.home.feeds) as state:
        return sum(feed.entries for feed in state.standings(FEEDS))


def test_a_naive_reader_loses_what_the_pipeline_does_not(tmp_path: Path) -> None:
    """It asks for what is newer than the moment of its last call, by `updated`, and reads pages until one is short."""
    (tmp_path / "hcm").mkdir()
    with followed(tmp_path, page_size_cap=10) as company:
        company.office.control("company", people=30, seed=3, events_a_day=12)
        company.drain(full=True)
        mark, at_first = company.office_time(), kept(company)
        company.office.fault("late_entry", seconds=7200, share=0.3)
        naive: set[str] = set()
        for _ in range(6):
            company.office.advance(hours=8)
            company.drain()
            for feed in FEEDS:
                since = f"{mark:%Y-%m-%dT%H:%M:%S}.000Z"
                naive |= {entry["id"] for entry in company.office.feed(feed, updated_min=since, page_size="25")}
            mark = company.office_time()
        company.office.advance(hours=2.5)
        company.drain()
        there = kept(company) - at_first
        assert len(naive) < there * 0.9
        assert company.differences() == []


def test_a_part_that_a_privilege_withholds_is_told_and_never_read_as_empty(tmp_path: Path) -> None:
    (tmp_path / "hcm").mkdir()
    with followed(tmp_path) as company:
        company.office.control("company", people=5, seed=1, events_a_day=0)
        company.drain(full=True)
        before = {number: row["Phone Number"] for number, row in company.known.items()}
        for children, column in ((["phones"], "Phone Number"), (["workRelationships"], "Account Status")):
            company.office.set(withheld_children=children)
            number = sorted(company.known)[0]
            known = dict(company.known[number])
            company.office.act({"do": "touch", "person_number": number})
            company.office.advance(hours=1)
            done = drain(company.home, opened=company.opened)
            company.known = known_of(company.home.home.landing, company.known)
            assert company.known[number][column] == known[column]
            assert done.gaps == {"phones": 1} if column == "Phone Number" else done.unread == 1
        assert {number: row["Phone Number"] for number, row in company.known.items()} == before


def test_a_feed_that_is_switched_off_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "hcm").mkdir()
    with followed(tmp_path) as company:
        company.office.control("company", people=5, seed=1, events_a_day=0)
        company.drain(full=True)
        company.office.set(disabled_feeds=["newhire"])
        company.office.act({"do": "touch", "person_number": sorted(company.known)[0]})
        company.office.advance(hours=1)
        done = drain(company.home, opened=company.opened)
        assert (done.workers, [fault.partition(":")[0] for fault in done.faults]) == (1, ["newhire"])
        assert "oracle.feeds" in done.faults[0]


def test_a_privilege_that_is_missing_ends_the_poll_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "hcm").mkdir()
    with followed(tmp_path) as company:
        company.office.control("company", people=5, seed=1, events_a_day=0)
        company.drain(full=True)
        company.office.set(refused=["empassignment"])
        with pytest.raises(ServiceRefused, match="ATOM"):
            drain(company.home, opened=company.opened)
        company.office.set(refused=[])
        assert drain(company.home, opened=company.opened).faults == ()
