"""Versions in two times: what was true, what was believed and when, and what is known to come."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from hcm_pipeline.flow.views.trace import story_of
from hcm_pipeline.workers.forecast import Coming, forecast

from .driver import Firm, day, worker


def at(date: dt.date, hour: int = 12) -> dt.datetime:
    return dt.datetime(date.year, date.month, date.day, hour, tzinfo=dt.UTC)


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    return Firm(tmp_path)


def believed(firm: Firm, true_on: dt.date, known_on: dt.date) -> dict[str, str | None]:
    rows = firm.sql("select person_number, department from believed(?::date, ?::date)", [true_on, known_on])
    assert len(dict(rows)) == len(rows)
    return dict(rows)


def learn(firm: Firm, date: dt.date, on: dt.date, *rows: dict[str, str], **how: str) -> None:
    """Land and process an extract for a date on a day."""
    firm.land(rows, date, **how)
    firm.run(date, at=at(on))


def test_a_late_extract_changes_what_was_true_and_not_what_was_believed(firm: Firm) -> None:
    learn(firm, day(2), day(2), worker(1, Department="A"), worker(2))
    learn(firm, day(5), day(5), worker(1, Department="C"), worker(2))
    learn(firm, day(3), day(9), worker(1, Department="B"), worker(2), worker(3, Department="N"))  # a week late
    assert firm.snapshot(day(3)) == {"1": "B", "2": None, "3": "N"}
    assert believed(firm, day(3), day(5)) == {"1": "A", "2": None}
    assert believed(firm, day(3), day(8)) == {"1": "A", "2": None}
    assert believed(firm, day(3), day(9)) == {"1": "B", "2": None, "3": "N"}
    assert believed(firm, day(6), day(1)) == {}


def test_a_day_that_comes_out_the_same_has_been_known_all_the_time_and_takes_no_room(firm: Firm) -> None:
    learn(firm, day(2), day(2), worker(1, Department="A"), worker(2))
    learn(firm, day(5), day(5), worker(1, Department="C"), worker(2))
    learn(firm, day(3), day(9), worker(1, Department="B"), worker(2))
    assert firm.sql("select person_number, day(valid_from), day(known_from) from worker_versions order by all") == [
        ("1", 2, 2), ("1", 3, 9), ("1", 5, 5), ("2", 2, 2),
    ]  # fmt: skip
    assert firm.sql("select count(*) from withdrawn_versions") == [(0,)]


def test_what_was_corrected_away_is_kept_with_the_time_until_which_it_was_believed(firm: Firm) -> None:
    learn(firm, day(2), day(2), worker(1, Department="A"))
    learn(firm, day(3), day(3), worker(1, Department="wrong"))
    learn(firm, day(3), day(4), worker(1, Department="right"))
    assert firm.sql("select department, day(known_from), day(known_to) from withdrawn_versions") == [("wrong", 3, 4)]
    assert [believed(firm, day(3), day(n))["1"] for n in (2, 3, 4)] == ["A", "wrong", "right"]


def test_a_belief_that_comes_back_does_not_cover_the_time_between(firm: Firm) -> None:
    learn(firm, day(2), day(2), worker(1, Department="A"))
    learn(firm, day(3), day(3), worker(1, Department="B"))
    with firm.warehouse.write() as con:
        con.execute("update extracts set status = 'refused' where extract_id = 2")
    firm.run(day(3), at=at(day(4)))
    with firm.warehouse.write() as con:
        con.execute("update extracts set status = 'landed' where extract_id = 2")
    firm.run(day(3), at=at(day(6)))
    assert [believed(firm, day(3), day(n))["1"] for n in (3, 4, 5, 6)] == ["B", "A", "A", "B"]


def test_who_starts_and_leaves_by_a_date_ahead_is_known_today(tmp_path: Path) -> None:
    firm = Firm(tmp_path, more='[workers.life]\nsteps = [{ stage = "moved", after_days = 5 }]\n')
    firm.take(
        [worker(1, Hired="2026-11-20"), worker(2, Left="2026-11-12"), worker(3), worker(4, Left="2026-12-24"),
         worker(5, Hired="2026-11-09", Left="2026-11-12")], day(2),
    )  # fmt: skip
    with firm.warehouse.read() if firm.home.read_copy.is_file() else firm.warehouse.write() as con:
        found = forecast(con, firm.loaded.profile, day(20))
        none = forecast(con, firm.loaded.profile, day(5))
    assert [(c.person_number, c.kind, c.stage_then, c.enabled_then, c.first_at.day) for c in found] == [
        ("1", "joiner", "active", True, 6), ("2", "leaver", "moved", False, 13), ("5", "no_show", "moved", False, 9),
    ]  # fmt: skip
    assert none == []
    assert isinstance(found[0], Coming)


def test_trace_explains_every_kind_and_what_was_believed(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    learn(firm, day(2), day(2), worker(1, Hired="2026-11-04", Department="A"))
    firm.run(day(4), at=at(day(4)))
    learn(firm, day(5), day(5), worker(1, Hired="2026-11-04", Department="B"))
    learn(firm, day(5), day(6), worker(1, Hired="2026-11-04", Left="2026-11-04", Active="False"))
    with firm.warehouse.write() as con:
        story = story_of(con, firm.loaded.profile, "1", None)
        then = story_of(con, firm.loaded.profile, "1", day(5), day(5))
    assert [(k.business_date.day, k.kind, k.why) for k in story.kinds] == [
        (2, "prehire", "unknown before, prehire now"), (4, "joiner", "waiting before, here now: the hire date has come"),
        (5, "leaver", "here before, gone now: no relationship is active any more"),
    ]  # fmt: skip
    assert [(w.life_stage, w.known_to.day) for w in story.withdrawn] == [("active", 6)]
    assert [v.known_from.day for v in story.versions] == [2, 4, 6]
    [version] = then.versions
    assert (version.life_stage, version.known_from.day) == ("active", 5)
    assert version.value("department") == "B"
