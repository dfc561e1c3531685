"""The sample of Microsoft's CSV2SCIM, 1,000 rows that none of us wrote, through the whole chain."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest

from .support import ROOT, Site

SAMPLE = ROOT.parent / "shared" / "data" / "microsoft-csv-with-1000-records.csv"
LEGAL_UPN = re.compile(r"[a-z0-9](?:[a-z0-9._'-]{0,62}[a-z0-9])?@woodgrove\.com")


@pytest.mark.skipif(not SAMPLE.is_file(), reason=f"{SAMPLE.name} is not beside the project")
def test_the_sample_goes_through_the_whole_chain(tmp_path: Path) -> None:
    site = Site(tmp_path / "home", "microsoft-csv2scim")
    site.run("land", SAMPLE, "--date", "2026-11-02")
    report = site.json("run")
    [day] = report["days"]
    assert (day["rows"], day["quarantined"], day["workers"], day["manager_warnings"]) == (1000, 641, 359, 213)
    assert day["changes"] == {"former": 189, "joiner": 170}
    assert {reason["rule"] for reason in day["quarantine"]} == {"contradicts_another_row"}
    bodies = (Path(report["manifest"]["folder"]) / "bulk.ndjson").read_bytes().splitlines()
    users = [operation["data"] for body in bodies for operation in orjson.loads(body)["Operations"]]
    assert len(users) == 359
    assert [user["userName"] for user in users if not LEGAL_UPN.fullmatch(user["userName"])] == []
    assert "UK" not in {user["addresses"][0]["country"] for user in users}
    site.run("upload")
    outcomes = site.json("outcomes", "--wait", "60")
    assert outcomes["waiting"] == 0
    assert [(r["kind"], r["state"], r["operations"]) for r in outcomes["receipts"]] == [("create", "succeeded", 359)]
    assert len(site.accounts()) == 359
    assert site.json("plan")["operations"] == {}
