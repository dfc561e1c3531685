"""Mutants of profiles: each is refused with its faults, or the days that it rules go through."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from hcm_pipeline.errors import PipelineError, ProfileError
from hcm_pipeline.flow import landing, plans, processing
from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.home import Home
from hcm_pipeline.profile import LoadedProfile
from hcm_pipeline.warehouse import Warehouse
from tests.budget import examples
from tests.mutants.files import TOKEN
from tests.mutants.profiles import bases, profile
from tests.workers.driver import PROFILE

DAY = dt.date(2026, 11, 2)
NOON = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)
ROWS = f"""Number,Active,First,Last,Department,City,Manager,Hired,Left,Country,Primary
1001,True,{TOKEN},O'{TOKEN},Sales,Ulm {TOKEN},,2020-01-02,,GB,Yes
1002,True,Ö{TOKEN},Lee {TOKEN},"R&D, {TOKEN}",,1001,2020-01-02,2026-12-31,de,
1003,maybe,{TOKEN},,Sales,,1003,yesterday,,FR,No
1004,False,{TOKEN},{TOKEN},,,9999,,2020-01-01,US,
"""
SEEDS = st.integers(0, 2**40)


def accepted(seed: int, base: str | None = None) -> LoadedProfile | None:
    """The mutant where it breaks no rule. Any error but the one that tells the faults is raised."""
    text, story = profile(seed, base)
    note(f"{story}")
    try:
        return parse_profile(text, "firm.toml")
    except ProfileError as error:
        told = error.faults
    assert told
    assert all(fault.key and fault.allowed for fault in told), told
    return None


@settings(max_examples=examples(100))
@given(SEEDS)
def test_a_mutant_of_a_profile_is_right_or_its_faults_are_told(seed: int) -> None:
    accepted(seed)


@settings(max_examples=examples(8), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SEEDS)
def test_under_a_mutant_that_is_right_a_day_is_done_or_its_error_is_one_for_people(tmp_path: Path, seed: int) -> None:
    loaded = next(filter(None, (accepted(seed + more, PROFILE) for more in range(100))))
    shutil.rmtree(tmp_path / "home", ignore_errors=True)
    warehouse = Warehouse(Home(tmp_path / "home").create())
    path = tmp_path / "people-2026-11-02.csv"
    path.write_text(ROWS, encoding="utf-8")
    said = []
    try:
        [landed] = landing.land(warehouse, loaded.profile, [path], now=lambda: NOON)
        said.append(landed.message)
        if landed.result == "taken":
            list(processing.process(warehouse, loaded, [DAY], clock=lambda: NOON))
            plans.plan(warehouse, loaded, "principal/job", clock=lambda: NOON)
    except PipelineError as error:
        said.append(str(error))
    for text in said:
        assert TOKEN not in text, text
        assert "unexpected fault" not in text, text


def test_the_profiles_that_are_changed_are_right() -> None:
    for base in bases():
        assert parse_profile(base, "firm.toml").profile.name
