"""Those of whom nobody knows what the target has, since a person let a home go on whose history is not the target's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from hcm_pipeline.delivery import note_history, send_again, send_everybody, unsure, unsure_workers
from hcm_pipeline.warehouse import Scratch, scratch

from .house import House, crowd, new_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A book of four entries."""
    with new_house(tmp_path) as made:
        made.day("2026-11-01", *crowd(4))
        made.accept(made.planned())
        made.read()
        yield made


@pytest.fixture
def t(house: House) -> Iterator[Scratch]:
    with scratch(house.con) as made:
        yield made


def who(house: House) -> list[str]:
    found, numbers = unsure(house.con, house.target.key), unsure_workers(house.con, house.target.key)
    assert (found.workers if found else 0) == len(numbers)
    return numbers


def test_whom_the_log_does_not_name_is_told_until_the_target_takes_another_record(house: House, t: Scratch) -> None:
    key = house.target.key
    assert who(house) == []
    send_again(t, key, ["2000"], house.now)
    t.run("insert into withheld select ?, '2001', uuid(), 'history', null, ?", [key, house.now])
    house.sleep(1)
    note_history(t, key, house.now - dt.timedelta(hours=1), house.now)
    assert who(house) == ["2002", "2003"]
    found = unsure(house.con, key)
    assert found is not None
    assert (found.since, found.newest) == (house.now, house.now - dt.timedelta(hours=1))
    assert found.sentence.startswith("2 workers are not named by the log")

    house.sleep(60)
    t.run("delete from withheld")
    house.day("2026-11-02", ("2002", "True", "First2", "Other", "", "Sales"))
    house.accept(house.planned())  # and 2000 goes out again with it
    assert who(house) == ["2001", "2003"]
    house.sleep(1)
    note_history(t, key, None, house.now)
    assert who(house) == ["2000", "2001", "2002", "2003"]
    again = unsure(house.con, key)
    assert again is not None
    assert again.newest == found.newest


def test_a_person_has_everybody_sent_again(house: House, t: Scratch) -> None:
    house.sleep(1)
    note_history(t, house.target.key, None, house.now)
    send_again(t, house.target.key, ["2000"], house.now)
    assert send_everybody(t, house.target.key, house.now) == 3
    assert (who(house), send_everybody(t, house.target.key, house.now)) == ([], 0)
    house.sleep(60)
    made = house.planned()
    assert sorted(house.sends(made)) == ["2000", "2001", "2002", "2003"]
    house.accept(made)
    assert (who(house), house.plan().manifests) == ([], ())
