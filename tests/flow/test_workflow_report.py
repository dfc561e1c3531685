"""Lifecycle workflows: how the two dates are mapped, and whom a workflow would pass over without a word."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from hcm_pipeline import flow
from hcm_pipeline.flow import Installation, load_profile, parse_profile
from hcm_pipeline.settings import Settings
from hcm_pipeline.targets.entra import Missed, compile_mapping, date_mappings
from tests.workers.driver import PROFILE, Firm, day, worker

DATES = """
'{custom}:HireDate' = { field = "hire_date", time = "06:00:00", zone = "Europe/Oslo" }
'{custom}:TermDate' = { field = "termination_date", time = "23:00:00", zone = "Europe/Oslo" }
"""
NOW = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)


def here(folder: Path, more: str = DATES) -> tuple[Firm, Installation]:
    """A firm whose profile maps the dates so."""
    (folder / "firm.toml").write_text(PROFILE + more, encoding="utf-8")
    firm = Firm(folder, PROFILE, more)
    return firm, Installation(Settings(firm.home, str(folder / "firm.toml"), None), clock=lambda: NOW)


def missed(firm: Firm, at: Installation) -> set[tuple[str, str, bool]]:
    """Person number, why, and whether there is time to mend it."""
    flow.plan(firm.warehouse, firm.loaded, at.target, clock=at.clock)
    firm.warehouse.publish()
    return {(one.person_number, one.why, one.coming) for one in flow.workflows(at).workers}


def test_whom_a_workflow_would_miss_is_told_with_the_reason_and_whether_there_is_time(tmp_path: Path) -> None:
    firm, at = here(tmp_path)
    firm.take([
        worker(1, Hired="2026-11-20", Manager="2"), worker(2, Hired="2020-01-01"), worker(3), worker(4, Hired="2026-11-20"),
        worker(5, Hired="2026-10-31", Manager="2"), worker(6, Active="False", Hired="2020-01-01"),
        worker(7, Hired="2020-01-01", Left="2026-12-01", Manager="2"), worker(8, Hired="2020-01-01", Left="2026-12-01"),
    ], day(2))  # fmt: skip
    assert missed(firm, at) == {
        ("2", Missed.HIRE_PAST, False), ("3", Missed.NO_HIRE_DATE, True), ("4", Missed.NO_MANAGER, True),
        ("6", Missed.NO_LEAVE_DATE, False), ("7", Missed.HIRE_PAST, True), ("8", Missed.HIRE_PAST, True),
        ("8", Missed.NO_MANAGER, True),
    }  # fmt: skip
    said = flow.outlook(at).workflows or ""
    assert "1 no hire date" in said
    assert "2 hire date was past when the account came" in said
    report = flow.workflows(at, shown=1)
    assert (len(report.workers), report.findings) == (1, ())
    assert {one.why: (one.workers, one.coming) for one in report.missed}[Missed.HIRE_PAST] == (3, 2)


def test_a_leave_date_that_hr_cleared_and_that_stays_in_the_account_is_told(tmp_path: Path) -> None:
    firm, at = here(tmp_path)
    firm.take([worker(1, Hired="2026-11-20", Manager="2"), worker(2, Hired="2026-11-20", Manager="1")], day(2))
    column = compile_mapping(firm.loaded.profile).leaves[-1].column
    firm.sql(
        "insert into clearings (target, person_number, attribute, value, cleared_at, plan_no, request_no, op_no, sent_at)"
        " values (?, '1', ?, '2026-12-01T22:00:00Z', ?, 1, 0, 0, ?)",
        [at.target, column, NOW, NOW],
    )
    assert ("1", Missed.LEAVE_STAYS, True) in missed(firm, at)


@pytest.mark.parametrize(
    ("hire", "wrong"),
    [
        ("{ sql = \"strftime(hire_date, '%Y%m%d060000.0Z')\" }", True),
        ("{ sql = \"strftime(hire_date, '%d.%m.%Y')\" }", True),
        ("{ sql = \"strftime(hire_date, '%Y-%m-%dT06:00:00+01:00')\" }", False),
    ],
)
def test_a_date_in_a_form_that_no_workflow_reads_is_told(tmp_path: Path, hire: str, wrong: bool) -> None:
    firm, at = here(tmp_path, f"'{{custom}}:HireDate' = {hire}\n")
    firm.take([worker(1, Hired="2026-11-20", Manager="2"), worker(2, Hired="2026-11-20", Manager="1")], day(2))
    assert (("1", Missed.HIRE_FORM) in {(number, why) for number, why, _ in missed(firm, at)}) == wrong


def test_a_date_that_nothing_stands_for_or_that_has_no_time_of_its_own_is_a_finding() -> None:
    text = PROFILE + "'{custom}:Start' = \"hire_date\"\n"
    profile = parse_profile(text, "firm.toml").profile
    found = date_mappings(profile, compile_mapping(profile))
    assert [one.attribute for one in found.values()] == [f"{profile.scim.custom_schema}:Start", None]
    hire, leave = (one.finding or "" for one in found.values())
    assert "no time of day of its own, so that it is 00:00:00 UTC" in hire
    assert "no attribute of scim.mapping stands for it" in leave
    built_in = load_profile("oracle-hcm").profile
    assert [one.finding for one in date_mappings(built_in, compile_mapping(built_in)).values()] == [None, None]
