"""The register: which of a day's extracts count, in which order, and what was decided about them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from hcm_pipeline.errors import ExtractRefused, UsageError
from hcm_pipeline.extracts import (
    Description,
    Extract,
    Taken,
    choose,
    decide,
    enter,
    groups,
    is_accepted,
    last_before,
    named,
    of_day,
    step_back,
)
from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.home import Home
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Warehouse

from ..workers.driver import PROFILE, day

NOW = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)
HEADER = ("Number", "Active", "First", "Last")


class Register:
    """Extracts of the firm's sources, entered one after the other."""

    def __init__(self, con: duckdb.DuckDBPyConnection, profile: Profile) -> None:
        self.con, self.profile = con, profile

    def add(self, source: str, on: dt.date, name: str = "", *, records: int = 1, status: str = "landed") -> Extract:
        """Enter one; its bytes are those of its place in the register."""
        number = len(self.con.execute("from extracts").fetchall()) + 1
        taken = Taken(f"{number:064x}", 10, Path("stored"))
        made = enter(
            self.con, self.profile, self.profile.source_of(source), taken, Description(HEADER, records, {"own": 1}),
            name=name or f"{source}-{number}.csv", day=on, now=NOW,
        )  # fmt: skip
        self.con.execute("update extracts set status = ? where extract_id = ?", [status, made.extract_id])
        return made


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    text = PROFILE.replace('glob = "news*"', "glob = \"news*\"\nevery = 'day'\nsequence = 'no(\\d+)'")
    with Warehouse(Home(tmp_path).create()).write() as con:
        yield Register(con, parse_profile(text, "firm.toml").profile)


def names(extracts: list[Extract]) -> list[str]:
    return [extract.name for extract in extracts]


def test_an_extract_comes_back_as_it_was_entered(register: Register) -> None:
    made = register.add("people", day(2))
    assert of_day(register.con, day(2)) == [made]
    [found] = of_day(register.con, day(2))
    assert (found.columns, found.description.records, found.description.shape["own"]) == (HEADER, 1, 1)


def test_columns_that_the_profile_does_not_know_and_that_the_file_lacks_are_noted(register: Register) -> None:
    register.add("people", day(2))
    [(unknown, missing)] = register.con.execute("select unknown_columns, missing_columns from extracts").fetchall()
    assert unknown == []
    assert "Department" in missing


def test_an_extract_without_a_required_column_is_not_entered(register: Register) -> None:
    people = register.profile.source_of("people")
    with pytest.raises(ExtractRefused, match="the required column Active is missing"):
        enter(
            register.con, register.profile, people, Taken("a", 1, Path("a")), Description(("Number", "First", "Last"), 1, {}),
            name="people.csv", day=day(2), now=NOW,
        )  # fmt: skip
    assert of_day(register.con, day(2)) == []


def test_a_later_full_extract_of_a_source_supersedes_what_came_before_it(register: Register) -> None:
    for source, name in (("people", "first"), ("news", "no9"), ("people", "second"), ("news", "no10"), ("news", "no2")):
        register.add(source, day(2), name)
    used, superseded = choose(register.con, register.profile, day(2))
    assert (names(used), names(superseded)) == (["no2", "second", "no9", "no10"], ["first"])
    assert [names(group) for group in groups(used)] == [["no2"], ["second"], ["no9"], ["no10"]]


def test_full_extracts_that_follow_each_other_are_applied_together(register: Register) -> None:
    found = [register.add(source, day(2)) for source in ("people", "people", "news", "people")]
    assert [len(group) for group in groups(found)] == [2, 1, 1]


def test_the_date_before_a_monday_is_a_friday_for_a_source_of_weekdays() -> None:
    monday = dt.date(2026, 11, 2)
    assert (step_back(monday, "weekday"), step_back(monday, "day")) == (dt.date(2026, 10, 30), dt.date(2026, 11, 1))


def test_a_source_was_last_applied_by_its_own_extract_or_a_full_one(register: Register) -> None:
    newest = register.add("news", day(9))
    assert last_before(register.con, newest, day(9)) is None
    register.add("news", day(3), status="applied")
    assert last_before(register.con, newest, day(9)) == day(3)
    register.add("people", day(4), status="applied")
    register.add("people", day(5), status="stopped")
    assert last_before(register.con, newest, day(9)) == day(4)
    register.add("news", day(7), records=0, status="applied")
    assert last_before(register.con, newest, day(9)) == day(7)


def test_an_extract_after_a_gap_gives_way_to_a_later_full_one_unless_it_is_accepted(register: Register) -> None:
    late = register.add("news", day(5))
    register.add("people", day(6))
    assert choose(register.con, register.profile, day(5)) == ([], [late])
    decide(register.con, late, "accept", by="ann", why="checked", now=NOW)
    assert is_accepted(register.con, late)
    assert choose(register.con, register.profile, day(5)) == ([late], [])


def test_the_latest_decision_counts_and_a_refused_extract_is_of_no_day(register: Register) -> None:
    extract = register.add("people", day(2))
    decide(register.con, extract, "accept", by="ann", why="checked", now=NOW)
    decide(register.con, extract, "refuse", by="bob", why="cut off", now=NOW + dt.timedelta(hours=1))
    assert not is_accepted(register.con, extract)
    assert of_day(register.con, day(2)) == []
    refused = named(register.con, extract.sha256)
    assert refused.status == "refused"
    decide(register.con, refused, "accept", by="ann", why="it is whole", now=NOW + dt.timedelta(hours=2))
    assert [found.status for found in of_day(register.con, day(2))] == ["landed"]


def test_the_beginning_of_a_digest_names_one_extract_or_none(register: Register) -> None:
    register.add("people", day(2))
    register.add("people", day(3))
    for beginning, why in (("000", "2 extracts begin so"), ("f", "no extract begins so"), ("", "so")):
        with pytest.raises(UsageError, match=why):
            named(register.con, beginning)
