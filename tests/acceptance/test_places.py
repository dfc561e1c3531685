"""Files of a place outside the home reach the plan by the commands alone; a place that fails is told and stops nothing."""

from __future__ import annotations

import os
from pathlib import Path

from hcm_pipeline.flow.profiles import built_in_text

from .support import Site, extract, worker

PLACES = """
[[places]]
name = "drop"
url = "file://{drop}"
glob = "workers*"
after = "move"
move_to = "done"
[[places]]
name = "away"
url = "sftp://ann@127.0.0.1:1/in"
host_key = ["SHA256:{key}"]
patience_seconds = 0
"""


def delivered(folder: Path, name: str, *rows: dict[str, str]) -> None:
    path = extract(folder, name, *rows)
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 7200))


def test_land_and_run_fetch_from_every_place_and_status_shows_what_waits(tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    profile = tmp_path / "profile.toml"
    text = built_in_text("oracle-hcm").replace("[[sources]]\n", '[[sources]]\nplace = "drop"\n', 1)
    other = '[[sources]]\nname = "others"\nglob = "others*"\nplace = "away"\n'
    profile.write_text(text + other + PLACES.format(drop=drop, key="A" * 43))
    site = Site(tmp_path / "home", str(profile))
    ada, ben = worker("1", "Ada", "Lovelace"), worker("2", "Ben", "Okri")
    delivered(drop, "workers-2026-03-02.csv", ada)

    assert "--date and --source are about files that are named" in site.run("land", "--date", "2026-03-02", code=2)
    said = site.run("land", code=1)
    assert "drop: workers-2026-03-02.csv: taken for 2026-03-02" in said
    assert "away: unreachable: place away: 127.0.0.1 cannot be reached" in said
    assert "1 place could not be fetched from; see above" in said
    assert [path.name for path in drop.iterdir()] == ["done"]

    delivered(drop, "workers-2026-03-03.csv", ada, ben)
    delivered(drop, "workers.csv", ada)
    delivered(drop, "notes.txt", ada)
    made = site.json("run", code=1)
    assert [(day["business_date"], day["workers"]) for day in made["days"]] == [("2026-03-02", 1), ("2026-03-03", 2)]
    assert made["manifest"]["operations"] == 2
    assert {one["name"]: one["result"] for one in made["landed"]} == {
        "workers-2026-03-03.csv": "taken", "workers.csv": "refused", "away": "unreachable",
    }  # fmt: skip

    shown = site.run("status")
    assert f"place drop (file://{drop}), looked at " in shown
    assert "Z: workers.csv" in shown
    assert "Z: place away: 127.0.0.1 cannot be reached" in shown
