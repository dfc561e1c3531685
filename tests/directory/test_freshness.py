"""Findings about the directories, for which no name is given."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest

from hcm_pipeline.directory import Finding, directory_findings, keep_domains, require_none
from hcm_pipeline.errors import GuardStop
from hcm_pipeline.flow.profiles import load_profile
from hcm_pipeline.profile import Profile
from hcm_pipeline.verdicts import Kind
from tests.directory.objects import NOW, fill
from tests.pool import empty_warehouse


def profile(**identity: Any) -> Profile:
    """The built-in profile with other rules of names."""
    made = load_profile("oracle-hcm").profile.model_dump(mode="json", by_alias=True)
    made["identity"] = {"domain": "contoso.com", **identity}
    return Profile.model_validate(made)


def hours(count: float) -> dt.datetime:
    """So many hours before now."""
    return NOW - dt.timedelta(hours=count)


@pytest.mark.parametrize(
    ("read", "sentences"),
    [
        ({}, ["the directory entra was never read, so a new name may be taken",
              "the directory files was never read, so a new name may be taken"]),
        ({"entra": 0}, ["the directory files was never read, so a new name may be taken"]),
        ({"entra": 11, "files": 50}, []),
        ({"entra": 13, "files": 101}, ["the directory entra was read 13 hours ago, and the profile allows 12",
                                       "the directory files was read 101 hours ago, and the profile allows 100"]),
    ],
    ids=["never read", "one never read", "young enough, each by its own hours", "too old"],
)  # fmt: skip
def test_every_directory_of_the_profile_must_be_young_enough(read: dict[str, float], sentences: list[str]) -> None:
    several = {"entra": {"kind": "entra"}, "files": {"kind": "csv", "max_age_hours": 100}}
    con = empty_warehouse()
    for name, age in read.items():
        fill(con, directory=name, at=hours(age))
    found = directory_findings(con, profile(directory_max_age_hours=12, directories=several), NOW)
    assert [(finding.rule, finding.sentence) for finding in found] == [("directory_age", said) for said in sentences]


def test_a_directory_without_hours_need_not_be_read() -> None:
    assert directory_findings(empty_warehouse(), profile(directories={"files": {"kind": "csv"}}), NOW) == []


@pytest.mark.parametrize(
    ("domains", "unverified"),
    [
        (None, ""),
        ({"CONTOSO.com": True, "contoso.de": True, "x.onmicrosoft.com": True}, ""),
        ({"contoso.com": True}, "contoso.de"),
        ({"x.onmicrosoft.com": True}, "contoso.com, contoso.de"),
        ({"contoso.com": False, "contoso.de": True, "x.onmicrosoft.com": True}, "contoso.com"),
    ],
    ids=["not known", "verified", "of some workers only", "not the tenant's", "not verified yet"],
)
def test_every_domain_of_the_profile_must_be_verified_where_domains_are_known(
    domains: dict[str, bool] | None, unverified: str
) -> None:
    con = empty_warehouse()
    keep_domains(con, "entra", domains)
    found = directory_findings(con, profile(domains=[{"when": "country = 'DE'", "domain": "contoso.de"}]), NOW)
    assert [(one.rule, one.sentence.partition(":")[0]) for one in found] == (
        [("unverified_domain", unverified)] if unverified else [])  # fmt: skip


def test_findings_stop_with_every_sentence_and_each_mend_once() -> None:
    require_none([], Kind.DIRECTORY)
    found = [
        Finding("a", "one is old", "read it"),
        Finding("a", "two is old", "read it"),
        Finding("b", "c is wrong", "mend it"),
    ]
    with pytest.raises(GuardStop, match=re.escape("one is old; two is old; read it; c is wrong; mend it")):
        require_none(found, Kind.DIRECTORY)
