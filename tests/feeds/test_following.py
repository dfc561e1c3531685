"""Following Oracle HCM: whatever HR does and whatever fails, the extracts tell what is so."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.errors import GuardStop, ServiceUnavailable, UsageError
from hcm_pipeline.feeds import NUMBER, STATUS, FeedState
from hcm_pipeline.flow.feeding import drain, replay
from hcm_pipeline.flow.views.feeds import feed_status
from tests.budget import examples

from .simulated import HOUR, START, Simulated, home_of, known_of

DAY = dt.timedelta(days=1)
TODAY = START.date()


def landed(here: Path) -> dict[str, dict[str, str]]:
    return known_of(here / "landing")


def test_a_full_reading_tells_everybody_and_those_who_are_still_to_come(tmp_path: Path) -> None:
    hcm = Simulated()
    hcm.hire("100", TODAY - 400 * DAY)
    hcm.hire("101", TODAY + 20 * DAY)
    done = drain(home_of(tmp_path), full=True, opened=hcm.opened)
    assert (done.workers, done.missed, done.unread) == (2, 0, 0)
    assert landed(tmp_path) == hcm.truth(TODAY)


def test_only_those_are_read_whom_a_new_entry_names(tmp_path: Path) -> None:
    hcm, home = Simulated(), home_of(tmp_path)
    for number in ("100", "101", "102"):
        hcm.hire(number, TODAY - 400 * DAY)
    drain(home, full=True, opened=hcm.opened)
    known = landed(tmp_path)
    hcm.now += HOUR
    hcm.move("101", "Legal", TODAY)
    done = drain(home, opened=hcm.opened)
    assert (done.new_entries, done.workers) == (1, 1)
    assert known_of(tmp_path / "landing", known) == hcm.truth(TODAY)
    again = drain(home, opened=hcm.opened)
    assert (again.new_entries, again.workers, again.files) == (0, 0, ())


def test_a_change_that_lies_ahead_is_read_on_its_day(tmp_path: Path) -> None:
    hcm, home = Simulated(), home_of(tmp_path)
    hcm.hire("100", TODAY - 400 * DAY)
    drain(home, full=True, opened=hcm.opened)
    known = landed(tmp_path)
    hcm.move("100", "Legal", TODAY + 3 * DAY)
    for _ in range(4):
        drain(home, opened=hcm.opened)
        known = known_of(tmp_path / "landing", known)
        assert known == hcm.truth(hcm.now.date())
        hcm.now += DAY
    assert known["100"]["Department Name"] == "Legal"


def test_a_termination_that_is_reversed_without_an_entry_is_found_before_it_counts(tmp_path: Path) -> None:
    hcm, home = Simulated(), home_of(tmp_path)
    hcm.hire("100", TODAY - 400 * DAY)
    drain(home, full=True, opened=hcm.opened)
    hcm.end("100", TODAY + 2 * DAY)
    drain(home, opened=hcm.opened)
    known = landed(tmp_path)
    assert known["100"]["Termination Date"] == str(TODAY + 2 * DAY)
    hcm.end("100", None, silent=True)
    hcm.now += 3 * DAY
    drain(home, opened=hcm.opened)
    assert known_of(tmp_path / "landing", known)["100"]["Termination Date"] == ""


def test_a_hire_that_is_taken_back_ends_and_one_that_cannot_be_seen_waits(tmp_path: Path) -> None:
    hcm, home = Simulated(), home_of(tmp_path)
    hcm.hire("100", TODAY + 5 * DAY)
    hcm.hire("101", TODAY + 5 * DAY)
    drain(home, full=True, opened=hcm.opened)
    known = landed(tmp_path)
    assert {row[STATUS] for row in known.values()} == {"True"}
    hcm.take_back("100")
    hcm.people["101"].hidden = True
    hcm.tell("empupdate", "101")
    done = drain(home, opened=hcm.opened)
    after = known_of(tmp_path / "landing", known)
    assert after["100"][STATUS] == "False"
    assert after["101"] == known["101"]
    assert (done.unread, done.waiting) == (1, 1)
    told = feed_status(home)
    assert told is not None
    assert [(one.who, one.reason) for one in told.unread] == [("101", "is not shown")]
    assert drain(home, opened=hcm.opened).files == (), "it is told once a day"
    hcm.people["101"].hidden = False
    assert drain(home, opened=hcm.opened).waiting == 0


def test_a_hire_that_nobody_was_told_of_needs_no_end(tmp_path: Path) -> None:
    hcm, home = Simulated(), home_of(tmp_path)
    hcm.hire("100", TODAY + 5 * DAY)
    hcm.take_back("100")
    done = drain(home, opened=hcm.opened)
    assert (done.files, done.waiting) == ((), 0)


def test_a_rehire_to_come_is_told_before_its_day(tmp_path: Path) -> None:
    hcm, home = Simulated(), home_of(tmp_path)
    hcm.hire("100", TODAY - 400 * DAY)
    hcm.end("100", TODAY - 100 * DAY)
    drain(home, full=True, opened=hcm.opened)
    assert landed(tmp_path)["100"][STATUS] == "False"
    hcm.hire("100", TODAY + 10 * DAY)
    drain(home, opened=hcm.opened)
    row = landed(tmp_path)["100"]
    assert (row[STATUS], row["Hire Date"]) == ("True", str(TODAY + 10 * DAY))


def test_entries_that_become_visible_after_their_stamp_are_met(tmp_path: Path) -> None:
    hcm, home = Simulated(lag=dt.timedelta(hours=20)), home_of(tmp_path)
    hcm.hire("100", TODAY - 400 * DAY)
    drain(home, full=True, opened=hcm.opened)
    known = landed(tmp_path)
    hcm.move("100", "Legal", TODAY)
    for _ in range(21):
        hcm.now += HOUR
        drain(home, opened=hcm.opened)
    assert known_of(tmp_path / "landing", known)["100"]["Department Name"] == "Legal"


def test_a_clock_that_was_weeks_ahead_at_one_poll_hides_nothing_of_what_comes_after(tmp_path: Path) -> None:
    hcm, home = Simulated(), home_of(tmp_path)
    hcm.hire("100", TODAY - 400 * DAY)
    drain(home, full=True, opened=hcm.opened)
    right = hcm.now
    hcm.now += 30 * DAY
    drain(home, opened=hcm.opened)
    hcm.now = right + HOUR
    hcm.move("100", "Legal", TODAY)
    done = drain(home, opened=hcm.opened)
    assert (done.new_entries, done.workers) == (1, 1)
    assert "Legal" in (tmp_path / "landing" / done.files[0]).read_text(encoding="utf-8")
    told = feed_status(home)
    assert told is not None
    assert {one.published for one in told.feeds} == {hcm.now}


def test_silent_changes_are_found_by_a_share_a_day_and_counted(tmp_path: Path) -> None:
    hcm, home = Simulated(), home_of(tmp_path)
    for number in range(100, 150):
        hcm.hire(str(number), TODAY - 400 * DAY)
    drain(home, full=True, opened=hcm.opened)
    known = landed(tmp_path)
    hcm.move("120", "Legal", TODAY, silent=True)
    found, reads = 0, 0
    for _ in range(50):
        hcm.now += DAY
        done = drain(home, opened=hcm.opened)
        assert done.workers <= 1
        found, reads = found + done.missed, reads + done.workers
        known = known_of(tmp_path / "landing", known)
    assert (found, reads) == (1, 50)
    assert known == hcm.truth(hcm.now.date())
    with FeedState(home.home.feeds) as state:
        assert [(one.number, one.columns) for _, one in state.missed_since(TODAY)] == [("120", ("Department Name",))]


def test_after_a_longer_pause_than_entries_are_kept_only_a_full_reading_helps(tmp_path: Path) -> None:
    hcm, home = Simulated(), home_of(tmp_path)
    hcm.hire("100", TODAY - 400 * DAY)
    drain(home, full=True, opened=hcm.opened)
    hcm.now += 91 * DAY
    with pytest.raises(GuardStop, match=r"feed drain --full"):
        drain(home, opened=hcm.opened)
    assert drain(home, full=True, opened=hcm.opened).workers == 1
    assert drain(home, opened=hcm.opened).faults == ()


def test_a_replay_reads_again_whom_kept_entries_name(tmp_path: Path) -> None:
    hcm, home = Simulated(), home_of(tmp_path)
    hcm.hire("100", TODAY - 400 * DAY)
    hcm.hire("101", TODAY - 400 * DAY)
    drain(home, full=True, opened=hcm.opened)
    hcm.now += HOUR
    hcm.move("101", "Legal", TODAY)
    drain(home, opened=hcm.opened)
    landed(tmp_path)
    walked = hcm.calls["feed"]
    assert replay(home, START + HOUR, opened=hcm.opened).workers == 1
    assert set(landed(tmp_path)) == {"101"}
    assert hcm.calls["feed"] == walked
    with pytest.raises(UsageError, match="the profile's feeds are newhire"):
        replay(home, START, ["payupdate"], opened=hcm.opened)


def test_a_profile_for_files_follows_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="oracle-hcm-live"):
        drain(home_of(tmp_path, "oracle-hcm"), opened=Simulated().opened)


NUMBERS = st.sampled_from(["100", "101", "102"])
DAYS = st.integers(0, 5)
HR = st.one_of(
    st.tuples(st.just("hire"), NUMBERS, DAYS),
    st.tuples(st.just("end"), NUMBERS, DAYS),
    st.tuples(st.just("keep"), NUMBERS, DAYS),
    st.tuples(st.just("back"), NUMBERS, DAYS),
    st.tuples(st.just("move"), NUMBERS, DAYS),
    st.tuples(st.just("wait"), NUMBERS, st.integers(1, 60)),
)


def act(hcm: Simulated, what: str, number: str, days: int) -> None:
    """What HR does, where it can be done."""
    one, date = hcm.people.get(number), hcm.now.date() + days * DAY
    last = one.employments[-1] if one and one.employments else None
    over = last is None or (last.last is not None and last.last < date)
    if what == "wait":
        hcm.now += days * HOUR
    elif what == "hire" and over:
        hcm.hire(number, date)
    elif what == "end" and last and last.start <= date:
        hcm.end(number, date)
    elif what == "keep" and last and last.last and last.last >= hcm.now.date():
        hcm.end(number, None)
    elif what == "back" and last and last.start > hcm.now.date():
        hcm.take_back(number)
    elif what == "move" and last:
        hcm.move(number, f"Department {hcm.now:%d%H}{days}", max(date, last.start))


@settings(max_examples=examples(20))
@given(
    st.lists(HR, min_size=4, max_size=14),
    st.integers(1, 3),
    st.sampled_from([0, 3, 20]),
    st.frozensets(st.integers(1, 80), max_size=4),
)
def test_whatever_hr_does_and_whatever_fails_the_extracts_tell_what_is_so(
    doings: list[tuple[str, str, int]], page_size: int, lag: int, fails: frozenset[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        hcm = Simulated(page_size=page_size, lag=lag * HOUR, fails=fails)
        home, known = home_of(Path(folder)), dict[str, dict[str, str]]()

        def poll(*, full: bool = False) -> None:
            nonlocal known
            for _ in range(8):
                try:
                    drain(home, full=full, opened=hcm.opened)
                    break
                except ServiceUnavailable:
                    continue
            known = known_of(Path(folder) / "landing", known)

        poll(full=True)
        for what, number, days in doings:
            act(hcm, what, number, days)
            if what == "wait":
                poll()
        for _ in range(8):  # until the last coming date has come
            poll()
            hcm.now += DAY
        poll()
        today = hcm.now.date()
        truth = hcm.truth(today)
        assert {number: row for number, row in known.items() if number in truth} == truth
        gone = {number for number in known if number not in truth}
        assert {known[number][STATUS] for number in gone} <= {"False"}
        assert all(row[NUMBER] == number for number, row in known.items())
