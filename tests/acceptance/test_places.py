"""Files of a place outside the home reach the plan by the commands alone; a place that fails is told and stops nothing."""

from __future__ import annotations

import os
import re
from pathlib import Path

from hcm_pipeline.flow.profiles import built_in_text
from tests.docs.pages import DOCS, blocks
from tests.docs.runner import run

from .support import Site, extract, worker

PAGE = DOCS / "how-to" / "take-files-from-places.md"
[SHOWN] = [one.text for one in blocks(PAGE) if one.value == "places.toml"]
AWAY = """
[[places]]
name = "away"
url = "sftp://ann@127.0.0.1:1/in"
host_key = ["SHA256:{key}"]
patience_seconds = 0
[[sources]]
name = "others"
glob = "others*"
place = "away"
"""


def delivered(folder: Path, name: str, *rows: dict[str, str]) -> None:
    path = extract(folder, name, *rows)
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 7200))


def test_land_and_run_fetch_from_every_place_and_status_shows_what_waits(tmp_path: Path) -> None:
    """The page is followed with a folder in the place of its server; then a second place fails."""
    drop = tmp_path / "drop"
    profile = tmp_path / "profile.toml"
    own = re.sub(r"(?m)^url = .*$", f'url = "file://{drop}"', SHOWN)
    fields = built_in_text("oracle-hcm").partition("[fields.person_number]")
    profile.write_text('name = "placed"\n' + own + "".join(fields[1:]))
    site = Site(tmp_path / "home", str(profile))
    ada, ben = worker("1", "Ada", "Lovelace"), worker("2", "Ben", "Okri")
    delivered(drop, "workers-2026-03-02.csv", ada)
    run(PAGE, "places", tmp_path, variables=site.environment())
    assert [path.name for path in drop.iterdir()] == ["taken"]
    assert "--date and --source are about files that are named" in site.run("land", "--date", "2026-03-02", code=2)

    profile.write_text(profile.read_text() + AWAY.format(key="A" * 43))
    delivered(drop, "workers-2026-03-03.csv", ada, ben)
    delivered(drop, "workers.csv", ada)
    delivered(drop, "notes.txt", ada)
    made = site.json("run", code=1)
    assert [(day["business_date"], day["workers"]) for day in made["days"]] == [("2026-03-03", 2)]
    assert made["manifest"]["operations"] == 2
    assert {one["name"]: one["result"] for one in made["landed"]} == {
        "workers-2026-03-03.csv": "taken", "workers.csv": "refused", "away": "unreachable",
    }  # fmt: skip
    said = site.run("land", code=1)
    assert "away: unreachable: place away: 127.0.0.1 cannot be reached" in said
    assert "1 place could not be fetched from; see above" in said

    shown = site.run("status")
    assert f"place oracle (file://{drop}), looked at " in shown
    assert "Z: workers.csv" in shown
    assert "Z: place away: 127.0.0.1 cannot be reached" in shown
