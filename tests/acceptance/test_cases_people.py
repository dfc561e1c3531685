"""People see whom they decide about: from a plan that is held to the decision, each command a process of its own."""

from __future__ import annotations

import csv
import io
import stat
from pathlib import Path

import pytest

from hcm_pipeline.sandbox import running

from .support import Site, worker

STAFF = [worker(f"{1001 + n}", f"First{n}", f"Last{n}", Mobile_Phone_Number="+1 555 0100") for n in range(45)]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A home under the built-in profile."""
    return Site(tmp_path / "home")


def test_a_held_plan_names_people_goes_to_hr_and_is_decided_with_its_number(site: Site, tmp_path: Path) -> None:
    site.land("workers-2026-11-10.csv", *STAFF)
    with running(site.home.sandbox):
        site.run("run")
        site.run("upload")
        gone = [{**row, "Account Status": "False", "Termination Date": "2026-11-10"} for row in STAFF[:14]]
        odd = {**STAFF[20], "Job Name": '=HYPERLINK("http://x.example")', "Mobile Phone Number": ""}
        site.land("workers-2026-11-11.csv", *gone, *STAFF[14:20], odd, *STAFF[21:])
        held = site.run("run", code=3)
        page, table = tmp_path / "plan.html", tmp_path / "plan.csv"
        shown = site.run("plan", "--html", page, "--csv", table, code=3)
        found = site.json("plan", code=3)
    [manifest] = [one for one in found["manifests"] if one["state"] == "held"]
    command = f"hcm-pipeline approve {manifest['manifest_id']} 14"
    assert command in held
    assert command in shown
    assert (
        "15 accounts: 14 would be disabled, 1 would keep a value that HR has cleared. 14 of these wait for a decision."
        in shown
    )
    sentence = next(guard["sentence"] for guard in found["guards"] if guard.get("verdict") == "tripped")
    assert sentence.startswith("14 of 45 accounts would be disabled (31 %); the limit is ")
    assert sentence.endswith(" Held.")
    assert shown.index("Those who lose something") < shown.index("First0 Last0") < shown.index("First20 Last20")
    assert (found["people_in_all"], found["losing"], len(found["people"])) == (15, 15, 15)
    first = found["people"][0]
    assert (first["person_number"], first["name"], first["held_for"]) == ("1001", "First0 Last0", "disable")
    assert sentence in first["why"]
    change = {"attribute": "active", "from": first["changes"][0]["from"], "old": "true", "new": "false"}
    assert any(found.items() >= change.items() for found in first["changes"])
    for path in (page, table):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = page.read_text(encoding="utf-8")
    assert sentence in text
    assert "<script" not in text
    assert "=HYPERLINK(&#34;http://x.example&#34;)" in text
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8-sig"))))
    assert [row["new"] for row in rows if "HYPERLINK" in row["new"]] == ['\'=HYPERLINK("http://x.example")']
    assert [row["old"] for row in rows if row["old"].endswith("555 0100")] == ["'+1 555 0100"]

    for wrong in ((), ("13",)):
        refused = site.run("approve", manifest["manifest_id"], *wrong, code=2)
        assert command in refused
    assert command in site.run("approve", manifest["manifest_id"][:6], "14", code=2)
    assert "is ready until" in site.run("approve", manifest["manifest_id"], "14")
    assert "is rejected" in site.run("reject", manifest["manifest_id"][:12], "--operations", "14")
