"""Values that the target takes, and names as it compares them: the shared cases, by the commands of their `expected.md`."""

from __future__ import annotations

import csv
import io
import os
import shutil
from pathlib import Path

import pytest

from .support import ROOT, Site

CASES = ROOT.parent / "shared" / "cases"
pytestmark = pytest.mark.skipif(
    not CASES.is_dir() and "CI" not in os.environ, reason="the shared cases are not beside the project"
)


def test_11_longer_than_the_target_takes(tmp_path: Path) -> None:
    site = Site(tmp_path / "home")
    site.run("land", CASES / "11-longer-than-the-target-takes" / "workers-2026-11-16.csv")
    site.run("run")
    planned = site.json("plan")
    told = {
        f["person_number"]: (f["attribute"].rpartition(":")[2].rpartition(".")[2], f["length"], f["longest"])
        for f in planned["refused"]["findings"]
    }
    assert told == {
        "6001": ("department", 65, 64), "6002": ("title", 129, 128), "6003": ("organization", 65, 64),
        "6004": ("locality", 129, 128),
    }  # fmt: skip
    assert planned["operations"] == {"create": 10}
    assert "Known before it is sent" in site.run("plan", "--worker", "6001")
    site.run("upload")
    site.run("outcomes")  # waits until the target has worked it off
    accounts = site.accounts()
    assert sorted(accounts) == [*(f"600{n}" for n in range(1, 5)), *(f"601{n}" for n in range(6))]
    assert [accounts["6001"].get("department"), accounts["6001"]["jobTitle"]] == [None, "Clerk"]
    known = site.json("status")
    assert (known["refused"]["in_all"], known["failures"]) == (4, [])


def test_09_diacritics_in_the_directory(tmp_path: Path) -> None:
    case = CASES / "09-diacritics-in-the-directory"
    site = Site(tmp_path / "home", profile=str(case / "profile.toml"))
    site.home.create()
    shutil.copy(case / "legacy.csv", site.path)
    site.run("identity", "directory", "legacy")
    site.run("land", case / "workers-2026-11-16.csv")
    site.run("run")
    exported = {row["person_number"]: row for row in csv.DictReader(io.StringIO(site.run("identity", "export", "-")))}
    given = {number: (row["sam_account_name"], row["common_name"]) for number, row in exported.items()}
    assert given["5003"] == ("iholm", "Ida Holm")
    assert not {"pmuller", "Peter Muller"} & {*given["5001"]}
    assert not {"ameissner", "Anna Meissner"} & {*given["5002"]}
    assert exported["5001"]["user_principal_name"] != "peter.muller@contoso.com"
    assert "user of legacy" in site.run("identity", "show", "5001")
