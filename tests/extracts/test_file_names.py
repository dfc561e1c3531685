from __future__ import annotations

from datetime import date

import pytest

from hcm_pipeline.extracts import match_source, read_business_date
from hcm_pipeline.profile import Source
from tests.sources.build import source


def day_of(name: str, of: Source) -> date | None:
    """The day that the name gives."""
    return read_business_date(name, of)[0]


def test_the_first_source_that_matches_wins() -> None:
    sources = [source(name="delta", glob="workers_delta_*.csv"), source(name="full", glob="workers_*.csv")]
    found = [match_source(name, sources) for name in ("workers_delta_1.csv", "Workers_2.CSV", "jobs.csv")]
    assert [one and one.name for one in found] == ["delta", "full", None]


@pytest.mark.parametrize(
    ("name", "glob", "matches"),
    [
        ("w.csv.gz", "w*.csv", True),
        ("w.csv.ZIP", "w*.csv", True),
        ("w.csv.gz", "w*.csv.gz", True),
        ("w.csv", "w*.csv.gz", False),
        ("w.csv.gz.gz", "w*.csv.gz", False),
        ("w.csv.bz2", "w*.csv", False),
    ],
)
def test_the_ending_of_a_packed_file_counts_only_when_the_glob_mentions_it(name: str, glob: str, matches: bool) -> None:
    assert (match_source(name, [source(glob=glob)]) is not None) == matches


@pytest.mark.parametrize("name", ["workers_2026-11-01.csv", "workers_20261101T0300.csv", "20261101.csv.gz"])
def test_the_day_is_read_from_the_name(name: str) -> None:
    assert day_of(name, source()) == date(2026, 11, 1)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("workers.csv", "no date"),
        ("w_20261301.csv", "20261301 is no date"),
        ("w_2026-02-30_20261101.csv", "2026-02-30"),
    ],
)
def test_a_name_without_a_possible_day_gives_none_and_says_why(name: str, why: str) -> None:
    found, reason = read_business_date(name, source())
    assert found is None
    assert why in reason


def test_a_pattern_and_a_format_of_the_profile_are_used() -> None:
    told = {"from": "name", "pattern": r"_(\d{2}\.\d{2}\.\d{4})", "format": "%d.%m.%Y"}
    assert day_of("20250101_01.11.2026.csv", source(business_date=told)) == date(2026, 11, 1)
    assert day_of("w_2026-11-01.csv", source(business_date=told)) is None


def test_a_given_day_is_never_read_from_the_name() -> None:
    found, reason = read_business_date("w_20261101.csv", source(business_date={"from": "given"}))
    assert (found, "--date" in reason) == (None, True)
