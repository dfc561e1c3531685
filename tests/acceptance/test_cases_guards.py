"""The given cases of guards that know people and time, by the commands of their `expected.md`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from hcm_pipeline.profile import BUILT_IN

from .support import ROOT, Site

CASES = ROOT.parent / "shared" / "cases"
there = pytest.mark.skipif(
    not CASES.is_dir() and not os.environ.get("CI"), reason="the shared cases are not beside the project"
)


def profile(folder: Path, *guards: str) -> str:
    """The built-in profile with a directory that is a file, and more below it."""
    text = (ROOT.joinpath(*BUILT_IN.split(".")) / "oracle-hcm.toml").read_text(encoding="utf-8")
    domain = 'domain = "contoso.com"\n'
    assert text.count(domain) == 1
    directory = 'directories = { f = { kind = "csv", file = "dir.csv" } }\n'
    path = folder / "profile.toml"
    path.write_text("\n".join([text.replace(domain, domain + directory), *guards]), encoding="utf-8")
    return str(path)


@there
def test_an_administrator_is_not_adopted_and_nothing_of_theirs_goes_out_without_an_approval(tmp_path: Path) -> None:
    case = CASES / "sec-privileged-accounts"
    protected = '[[guards.protected]]\nnames = ["globaladmin*"]'
    site = Site(tmp_path / "home", profile(tmp_path, protected))
    site.path.mkdir()
    shutil.copy(case / "dir.csv", site.path)
    site.run("identity", "directory", "f")
    site.run("land", case / "w-2026-11-12.csv")
    site.run("run")
    [asked] = site.json("identity", "review")["accounts"]
    assert (asked["person_number"], asked["reason"]) == ("9999", "protected account")
    plan = site.json("plan")
    assert plan["reviews"] == {"protected account": 1}
    assert plan["operations"] == {"create": 1}
    site.run("identity", "review", "9999", "--accept")
    site.run("run", code=3)
    plan = site.json("plan", code=3)
    assert (plan["operations"], plan["held"]) == ({"create": 2}, {"protected": 1})


@there
def test_an_account_of_another_name_is_not_adopted_although_nobody_protects_it(tmp_path: Path) -> None:
    case = CASES / "sec-privileged-accounts"
    site = Site(tmp_path / "home", profile(tmp_path))
    site.path.mkdir()
    shutil.copy(case / "dir.csv", site.path)
    site.run("identity", "directory", "f")
    site.run("land", case / "w-2026-11-12.csv")
    site.run("run")
    assert site.json("plan")["reviews"] == {"nothing else agrees": 1}


@there
def test_nine_a_day_of_forty_five_are_held(tmp_path: Path) -> None:
    case = CASES / "sec-slow-drip"
    site = Site(tmp_path / "home")
    for day in (10, 11):
        site.run("land", case / f"w-2026-11-{day}.csv")
        site.run("run", code=0 if day == 10 else 3)
        if day == 10:
            site.run("upload")
    plan = site.json("plan", code=3)
    assert plan["held"] == {"disable": 9}
    assert [(g["operations"], g["base"], g["rule"]) for g in plan["guards"] if g["verdict"] == "tripped"] == [
        (9, 45, "small")
    ]
