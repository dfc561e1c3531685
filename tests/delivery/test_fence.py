"""Which entries no request of the journal explains, and whether a journal is the one that the home was last seen with."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from hcm_pipeline.delivery import HistoryDecision, HistoryWord, Journal, OutcomePage, RequestState, SendResult
from hcm_pipeline.delivery.fence import (
    HomeTarget,
    JournalMark,
    Sent,
    find_unexplained,
    home_place,
    journal_trouble,
    mark_of,
    read_target,
    whereabouts,
    write_target,
)
from hcm_pipeline.delivery.fence.history import Question, look_at_target
from hcm_pipeline.errors import HomeError, ServiceError
from hcm_pipeline.home import Home
from hcm_pipeline.warehouse import Scratch, scratch

from .tables import T0, TARGET, Service, empty_tables, entry_at
from .test_journal import manifest
from .toy_target import PhoneBook

SKEW = 5
ENTRIES = {
    "log_id": "varchar", "logged_at": "timestamptz", "person_number": "varchar", "change_id": "varchar", "good": "boolean",
    "twin": "boolean",
}  # fmt: skip
ATTEMPTS = {"manifest_id": "varchar", "request_no": "bigint", "opens_at": "timestamptz", "attempts": "bigint"}
Entry = tuple[str, float, str, bool, bool]
"""The change's id, the second, the worker, whether it was good, and whether it only fills a reference in."""


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Empty tables; whoever writes takes it back."""
    with empty_tables() as made:
        yield made


@pytest.fixture
def service(con: duckdb.DuckDBPyConnection) -> Iterator[Service]:
    """Worker 1001 was sent one version, at second 0."""
    con.begin()
    made = Service(con)
    made.accept(0)
    yield made
    con.rollback()


def at(seconds: float) -> dt.datetime:
    return T0 + dt.timedelta(seconds=seconds)


def entry(change: str, seconds: float, number: str = "1001", *, good: bool = True, twin: bool = False) -> Entry:
    return change, seconds, number, good, twin


def unexplained(
    t: Scratch,
    *entries: Entry,
    sent: tuple[float, ...] = (0,),
    filed: tuple[tuple[str, float], ...] = (),
    since: float = -60,
) -> list[str]:
    """The changes that nothing explains. `sent`: when each attempt at the first manifest's request was made."""
    rows = [(f"{i}", at(s), number, change, good, twin) for i, (change, s, number, good, twin) in enumerate(entries)]
    attempts = [("1", 0, at(seconds - SKEW), len(sent)) for seconds in sent]
    of_files = t.of_rows(
        "filed", {"person_number": "varchar", "opens_at": "timestamptz"}, [(n, at(s)) for n, s in filed]
    )
    sent_all = Sent(t.of_rows("attempts", ATTEMPTS, attempts), of_files)
    found = find_unexplained(t, TARGET, t.of_rows("entries", ENTRIES, rows), sent_all, at(since))
    return [change for (change,) in t.rows(f"select change_id from {found} order by change_id")]


def test_nothing_is_said_of_a_target_whose_log_has_an_entry_that_cannot_be_read(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    class Unreadable(PhoneBook):
        def outcomes(self, since: dt.datetime) -> Iterator[OutcomePage]:
            for page in super().outcomes(since):
                yield replace(page, unreadable=2)

    book = Unreadable()
    with Journal(tmp_path / "delivery.sqlite", clock=lambda: T0) as journal:
        question = Question(Home(tmp_path), book, T0, dt.timedelta(hours=1))
        assert not look_at_target(con, journal, PhoneBook(), question).finding
        with pytest.raises(ServiceError, match="2 entries of the log cannot be read"):
            look_at_target(con, journal, book, question)


def test_a_finding_tells_which_values_the_records_had_that_nothing_explains(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    class Told(PhoneBook):
        def outcomes(self, since: dt.datetime) -> Iterator[OutcomePage]:
            told = [
                entry_at(10, "a", received=("name", "room")),
                entry_at(11, "b", received=("name",)),
                entry_at(12, "c", "1002", received=("name", "room")),
                entry_at(13, "d", "1002", status="failure", good=False, received=("name", "floor")),
                entry_at(14, "e", "1003"),
                entry_at(15, "f", "1003", status="skipped", good=False, received=("name", "desk")),
            ]
            yield OutcomePage(tuple(told), at(20), 0)

    with Journal(tmp_path / "delivery.sqlite", clock=lambda: T0) as journal:
        question = Question(Home(tmp_path), Told(), at(30), dt.timedelta(hours=1), whole=True)
        found = look_at_target(con, journal, Told(), question).finding
    assert found.workers == ("1001", "1002", "1003")
    had = ((("name", "room"), ("1001", "1002")), (("name",), ("1001",)), (("name", "floor"), ("1002",)))
    assert found.received == had  # one that failed may have been written in part


def test_requests_of_manifests_that_are_not_there_any_more_explain_nothing_and_are_told(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    class Told(PhoneBook):
        def outcomes(self, since: dt.datetime) -> Iterator[OutcomePage]:
            yield OutcomePage((entry_at(10, "a"),), at(20), 0)

    with Journal(tmp_path / "delivery.sqlite", clock=lambda: T0) as journal:
        journal.register(manifest("gone", 3, Told().key), Path("manifests/gone"))
        for number in range(2):
            assert journal.begin_send("gone", number)
        journal.end_send("gone", 0, SendResult(RequestState.ACCEPTED, 202, service_time=T0))
        question = Question(Home(tmp_path), Told(), at(30), dt.timedelta(hours=1))
        found = look_at_target(con, journal, Told(), question).finding
    assert (found.changes, found.gone) == (1, 2)
    assert found.sentence.endswith(", though 2 requests of it may, of manifests that are not there any more")


def test_what_a_person_accepted_is_not_told_again_within_the_second_in_which_the_target_told_of_it(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    class Told(PhoneBook):
        def outcomes(self, since: dt.datetime) -> Iterator[OutcomePage]:
            log = (entry_at(10.2, "a1", change_id="a"), entry_at(10.7, "a2", change_id="a"), entry_at(11.2, "b"))[
                : 2 if self.clock() < at(11) else 3
            ]
            yield OutcomePage(tuple(one for one in log if one.at >= since), self.clock().replace(microsecond=0), 0)

    moment = [at(10.9)]
    book = Told(clock=lambda: moment[0])
    question = Question(Home(tmp_path), book, at(30), dt.timedelta(hours=1), whole=True)
    with Journal(tmp_path / "delivery.sqlite", clock=lambda: T0) as journal:
        reading = look_at_target(con, journal, book, question)
        assert (reading.finding.changes, reading.finding.newest, reading.until) == (1, at(10.7), at(10))
        said = HistoryDecision(HistoryWord.ACCEPT, "ada", T0, "restored", reading.finding.sentence)
        journal.fence(book.key).decide(said, accepted_until=reading.told_until)
        assert not look_at_target(con, journal, book, question).finding
        moment[0] = at(12)
        assert look_at_target(con, journal, book, question).finding.changes == 1


def test_a_version_that_was_sent_explains_one_change_after_it(service: Service) -> None:
    with scratch(service.con) as t:
        assert unexplained(t, entry("a", 10)) == []
        assert unexplained(t, entry("a", 10), entry("b", 20)) == ["b"]
        assert unexplained(t, entry("a", -20), entry("b", 20)) == ["a", "b"]


def test_a_change_of_somebody_who_was_never_sent_is_not_explained(service: Service) -> None:
    with scratch(service.con) as t:
        assert unexplained(t, entry("a", 10), entry("b", 10, "1002")) == ["b"]
        assert unexplained(t, entry("a", 10), sent=()) == ["a"]


def test_a_version_of_a_manifest_that_the_warehouse_does_not_know_explains_a_change_too(service: Service) -> None:
    with scratch(service.con) as t:
        assert unexplained(t, entry("a", 10), entry("b", 10, "1002"), filed=(("1002", 5),)) == []


def test_an_entry_a_little_older_than_its_acceptance_is_that_ones(service: Service) -> None:
    with scratch(service.con) as t:
        assert unexplained(t, entry("a", -4)) == []


def test_the_filling_in_of_a_reference_is_no_change_of_its_own(service: Service) -> None:
    with scratch(service.con) as t:
        assert unexplained(t, entry("a", 10), entry("a", 12, twin=True), entry("b", 14, twin=True)) == []


def test_a_try_of_the_services_own_after_a_failure_is_explained(service: Service) -> None:
    with scratch(service.con) as t:
        assert unexplained(t, entry("a", 10, good=False), entry("b", 2500), entry("c", 2600)) == ["c"]


def test_a_request_that_was_sent_twice_explains_two_changes(service: Service) -> None:
    with scratch(service.con) as t:
        assert unexplained(t, entry("a", 10), entry("b", 20), entry("c", 30), sent=(0, 2)) == ["c"]


def test_a_version_that_was_settled_before_the_reading_explains_nothing_more(service: Service) -> None:
    service.log(entry_at(10, "a"))
    with scratch(service.con) as t:
        assert unexplained(t, entry("b", 5000), since=3600) == ["b"]


def test_a_version_that_the_log_has_not_settled_yet_may_come_late(service: Service) -> None:
    with scratch(service.con) as t:
        assert unexplained(t, entry("b", 5000), since=3600) == []
        assert unexplained(t, entry("b", 200_000), since=190_000) == ["b"]


def test_a_version_that_waits_for_its_entry_explains_one_however_long_the_job_stood_still(service: Service) -> None:
    service.read(100_000)
    with scratch(service.con) as t:
        assert unexplained(t, entry("b", 200_000), since=190_000) == []


def test_a_version_that_was_given_up_and_not_sent_again_explains_a_change_still(service: Service) -> None:
    service.con.execute("insert into missing_operations values (1, 0, 0, '1001', ?)", [at(20_000)])
    service.read(100_000)
    with scratch(service.con) as t:
        assert unexplained(t, entry("b", 200_000), since=190_000) == []


@pytest.mark.parametrize("given_up", [False, True])
def test_a_version_that_waits_for_no_entry_any_more_explains_none_after_a_day(
    con: duckdb.DuckDBPyConnection, *, given_up: bool
) -> None:
    """The log speaks of a later one, or it was given up and sent again: else another's change would pass for its own."""
    con.begin()
    try:
        service = Service(con)
        if given_up:
            service.accept(0)
            con.execute("insert into missing_operations values (1, 0, 0, '1001', ?)", [at(15_000)])
        else:
            service.send(0)
        service.accept(20_000)
        service.log(entry_at(20_010, "a"))
        service.read(100_000)
        with scratch(con) as t:
            assert unexplained(t, entry("b", 60_000), since=50_000) == []
            assert unexplained(t, entry("b", 200_000), since=190_000) == ["b"]
    finally:
        con.rollback()


def test_a_late_entry_of_a_change_that_is_known_is_explained(service: Service) -> None:
    service.log(entry_at(10, "1", change_id="a"))
    with scratch(service.con) as t:
        assert unexplained(t, entry("a", 5000), since=3600) == []


def test_a_change_after_a_failure_of_before_the_reading_is_explained(service: Service) -> None:
    service.log(entry_at(10, "a", status="failure", good=False))
    with scratch(service.con) as t:
        assert unexplained(t, entry("b", 5000), entry("c", 5100), since=3600) == ["c"]


@pytest.mark.parametrize(
    ("now", "before", "trouble"),
    [
        (JournalMark("a", 3), JournalMark("a", 3), None),
        (JournalMark("a", 4), JournalMark("a", 3), None),
        (JournalMark("a", 0), JournalMark("", 0), None),
        (JournalMark("b", 0), JournalMark("a", 0), None),
        (JournalMark("b", 9), JournalMark("a", 3), "another journal"),
        (JournalMark("a", 2), JournalMark("a", 3), "older"),
        (JournalMark("a", 2), JournalMark("", 3), "older"),
    ],
)
def test_a_journal_that_was_lost_or_is_older_is_noticed_by_its_name_and_its_number(
    now: JournalMark, before: JournalMark, trouble: str | None
) -> None:
    found = journal_trouble(now, JournalMark("", 0), before)
    assert found is None if trouble is None else trouble in str(found)


def test_the_target_of_a_home_is_kept_for_its_owner_alone_and_read_again(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    assert read_target(home) is None
    known = HomeTarget("principal/job", "tenant", False, T0, JournalMark("a", 3), "home")
    write_target(home, known)
    assert read_target(home) == known
    assert home.target.stat().st_mode & 0o777 == 0o600
    assert known.is_same("principal/job", "tenant", own_sandbox=False)
    assert not known.is_same("principal/job", "tenant", own_sandbox=True)


def test_a_home_keeps_its_place_when_it_is_renamed_and_has_another_when_it_is_copied(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    place = whereabouts(home)
    with Journal(home.journal) as journal:
        assert not journal.moved(place)
        copied = Home(shutil.copytree(home.path, tmp_path / "copied"))
        renamed = Home(home.path.rename(tmp_path / "renamed"))
        assert whereabouts(renamed) == place
        assert (journal.moved(place), journal.moved(whereabouts(copied))) == (False, True)
        journal.settle(whereabouts(copied))
        assert not journal.moved(whereabouts(copied))
    assert renamed.place.stat().st_mode & 0o777 == 0o600


def test_a_target_that_cannot_be_read_is_not_taken_for_none(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    home.target.write_text("{}", encoding="utf-8")
    with pytest.raises(HomeError, match="it names the target that this home delivers to"):
        read_target(home)


def test_a_journal_in_the_place_of_a_lost_one_counts_on_from_it(tmp_path: Path) -> None:
    with Journal(tmp_path / "delivery.sqlite") as journal:
        journal.go_on_after(7)
        assert mark_of(journal) == JournalMark(journal.journal_id(), 7)
        journal.go_on_after(3)
        assert journal.last_acceptance() == 7


def test_a_persons_word_on_a_history_is_kept_and_ends_the_stop(tmp_path: Path) -> None:
    with Journal(tmp_path / "delivery.sqlite") as journal:
        fence = journal.fence(TARGET)
        fence.stop("the log tells of more", T0)
        assert fence.known().stopped == "the log tells of more"
        said = HistoryDecision(HistoryWord.ACCEPT, "ada", T0, "restored", "the log tells of more")
        fence.decide(said, accepted_until=at(5))
        assert (fence.known().stopped, fence.known().accepted_until) == (None, at(5))
        assert fence.decisions() == [said]


@pytest.mark.parametrize("told", [True, False], ids=["a file system that keeps it", "one that does not"])
def test_another_owner_or_other_modes_are_no_other_place_where_the_time_of_making_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: bool
) -> None:
    home = Home(tmp_path / "home").create()
    if not told:
        monkeypatch.setattr(home_place, "made_at", lambda _path: None)
    elif home_place.made_at(home.path) is None:
        pytest.skip("this file system does not keep when a file was made")
    before = whereabouts(home)
    changed = home.place.stat().st_ctime_ns
    while home.place.stat().st_ctime_ns == changed:
        home.place.chmod(0o640)
        os.link(home.place, tmp_path / "backup")
        (tmp_path / "backup").unlink()
    assert (whereabouts(home) == before) is told
    home.place.chmod(0o600)
    home.place.unlink()  # restored from a backup: another file, whatever its number and its times are
    assert whereabouts(home) != before
