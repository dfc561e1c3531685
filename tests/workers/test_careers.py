"""Delta equals full: however the facts of working lives are told, in whatever files and order, the same accounts come of it.

Careers are generated: hires entered ahead and late, moves, terminations ahead, late, corrected and reversed, conversions and
rehires in a second relationship. The same truth is told day by day, in another order with late files, and in one full load.
"""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.flow import plans
from hcm_pipeline.profile import Life
from tests.budget import examples

from .driver import COLUMNS, Firm, day, worker
from .test_lifecycle import stage_of
from .test_rows import MANY

PROFILE = (
    MANY.replace('slices = { from = "begins", to = "ends" }\n', "")
    .replace('column = "Left"', 'column = "Left"\nblank_in_changes = "cleared"')
    .replace('glob = "news*"', "glob = \"news*\"\nsequence = 'no(\\d+)'")
    + '[workers.life]\nprehire_days = 2\ngrace_days = 1\nsteps = [{ stage = "moved", after_days = 3 }]\n'
)
NAMED = True
LIFE = Life.model_validate({"prehire_days": 2, "grace_days": 1, "steps": [{"stage": "moved", "after_days": 3}]})
WIDE = (*COLUMNS, "Type", "Relationship")
DAYS, PEOPLE = 6, 45
Rows = dict[tuple[int, str], dict[str, str]]
"""Rows of an extract by worker and relationship."""


def near(chance: random.Random, today: dt.date) -> str:
    return (today + dt.timedelta(days=chance.randint(-4, 4))).isoformat()


def live(chance: random.Random, rows: Rows, number: int, today: dt.date) -> None:
    """Something is entered about a worker: about now, ahead or in arrears."""
    mine = {relationship: row for (who, relationship), row in rows.items() if who == number}
    if not mine:
        rows[number, "R1"] = worker(
            number, Relationship="R1", Primary="Y", Type="Employee", Department="A", Hired=near(chance, today)
        )
        return
    row = mine[max(mine)]
    event = chance.choice(["move", "end", "status", "reverse", "correct", "again", "convert"])
    if event == "move":
        row["Department"] = chance.choice("ABCDE")
    elif event == "end":
        row["Left"] = near(chance, today)
    elif event == "status":
        row["Active"] = "False" if row.get("Left", "9") < today.isoformat() else "True"
    elif event == "reverse":
        row |= {"Left": "", "Active": "True"}
    elif event == "correct":
        row["Hired"] = near(chance, today)
    elif "R2" not in mine:
        row |= {"Left": (today - dt.timedelta(days=1)).isoformat(), "Active": chance.choice(["True", "False"])}
        kind = "Contingent Worker" if event == "convert" else "Employee"
        rows[number, "R2"] = worker(
            number, Relationship="R2", Primary="N", Type=kind, Department="Z", Hired=near(chance, today)
        )


def tell(seed: int) -> tuple[list[tuple[dt.date, str, list[dict[str, str]]]], dict[dt.date, Rows]]:
    """Files (date, source, rows) that tell the careers of `seed`, and what is told by the end of each date."""
    chance, rows, told = random.Random(seed), Rows(), Rows()
    files: list[tuple[dt.date, str, list[dict[str, str]]]] = []
    known: dict[dt.date, Rows] = {}
    for number in range(1, DAYS + 1):
        today = day(number)
        for who in range(PEOPLE):
            for _ in range(chance.choice([0, 0, 1, 1, 2])):
                live(chance, rows, who, today)
        way = "full" if number == 1 else chance.choice(["full", "changes", "split", "nothing"])
        way = "changes" if number == DAYS and way == "nothing" else way
        news = [(key, dict(row)) for key, row in rows.items() if told.get(key) != row]
        if way == "full":
            files.append((today, f"people-{number}", [dict(row) for row in rows.values()]))
        elif way == "changes" and news:
            files.append((today, f"news-{number}-no1", [row for _, row in news]))
        elif way == "split" and news:
            early = [{**row, "Department": "early"} if chance.random() < 0.5 else row for _, row in news[::2]]
            files.append((today, f"news-{number}-no10", [row for _, row in news]))
            files.append((today, f"news-{number}-no9", early))
        if way != "nothing":
            told = {key: dict(row) for key, row in rows.items()}
        known[today] = told
    return files, known


def plain(rows: Rows, today: dt.date) -> dict[str, tuple[Any, ...]]:
    """Every worker on a day by a plain reading of all rows: department, type, stage, enabled."""
    found = {}
    for number in {who for who, _ in rows}:
        ranked = []
        for (who, relationship), row in rows.items():
            if who == number:
                hired, left = (dt.date.fromisoformat(row[c]) if row.get(c) else None for c in ("Hired", "Left"))
                over = left is not None and left < today and (hired is None or left >= hired)
                standing = 2 if row["Active"] == "False" or over else 1 if hired is not None and hired > today else 0
                ranked.append((standing, row["Primary"] != "Y", relationship, row, hired, left))
        _, _, _, row, hired, left = min(ranked)
        stage = stage_of(LIFE, row["Active"] == "True", hired, left, today)
        found[str(number)] = (row["Department"], row["Type"], stage, stage in ("active", "grace"))
    return found


def put(firm: Firm, files: list[tuple[dt.date, str, list[dict[str, str]]]]) -> None:
    for date, source, rows in files:
        assert firm.land(rows, date, source=source, columns=WIDE).result == "taken"


def desired(firm: Firm) -> dict[str, int]:
    """Person number to the digest of the SCIM user that the worker should be."""
    made = plans.plan(firm.warehouse, firm.loaded, "t/j")
    assert made is not None
    return dict(firm.sql("select person_number, digest from planned"))


FIELDS = "department, worker_type, life_stage, active"


@settings(max_examples=examples(2), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_told_in_any_files_and_order_the_same_lives_give_the_same_accounts(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    files, known = tell(seed)
    last, chance = max(known), random.Random(seed + 1)
    in_order, late, at_once = (Firm(tmp_path_factory.mktemp(name), PROFILE) for name in ("in_order", "late", "at_once"))

    put(in_order, files)
    assert not any(counts.quarantined for counts in in_order.run(*known))
    for date, rows in known.items():
        assert in_order.snapshot(date, FIELDS) == plain(rows, date)

    shuffled = chance.sample(files, len(files))
    put(late, shuffled[: len(files) // 2])
    late.run(*{date for date, _, _ in shuffled[: len(files) // 2]}, last)
    put(late, shuffled[len(files) // 2 :])
    late.run(*known)
    for date in known:
        assert late.snapshot(date, FIELDS) == in_order.snapshot(date, FIELDS)

    put(at_once, [(last, "people-all", list(known[last].values()))])
    at_once.run(last)
    assert at_once.snapshot(fields=FIELDS) == in_order.snapshot(fields=FIELDS)
    wanted = desired(at_once)
    assert wanted.keys() <= in_order.snapshot().keys()
    for other in (in_order, late):
        accounts = desired(other)
        # who had an account once keeps it, though the hire was put off beyond the window
        assert {number: accounts[number] for number in wanted} == wanted
        stages = other.snapshot(fields="life_stage")
        assert {stages[number] for number in accounts.keys() - wanted.keys()} <= {"future"}


def test_the_careers_hold_what_they_promise() -> None:
    files, known = tell(7)
    kinds = {source.partition("-")[0] for _, source, _ in files}
    assert kinds == {"people", "news"}
    stages = {stage for date, rows in known.items() for _, _, stage, _ in plain(rows, date).values()}
    assert stages >= {"future", "prehire", "active", "grace", "left", "moved"}
    assert any(relationship == "R2" for _, relationship in known[max(known)])
