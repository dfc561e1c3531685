"""A new home: what `init` writes, and where its business dates begin."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hcm_pipeline.cli.main import app
from hcm_pipeline.home import Home


def begin(folder: Path, *options: str) -> str:
    """Make a home there; the `start_date` of its profile, or nothing."""
    done = CliRunner().invoke(app, ["init", str(folder), *options], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found = re.search(r'^start_date = "(.*?)"', (folder / "profile.toml").read_text(encoding="utf-8"), flags=re.M)
    return found[1] if found else ""


@pytest.mark.parametrize(
    ("files", "options", "begins"),
    [
        ([], [], ""),
        (["workers-2026-03-03.csv", "workers-2026-03-02.csv.gz", "notes.txt"], [], "2026-03-02"),
        (["workers-2026-03-03.csv"], ["--since", "2026-01-01"], "2026-01-01"),
    ],
)
def test_business_dates_begin_with_the_earliest_file_unless_a_date_is_given(
    tmp_path: Path, files: list[str], options: list[str], begins: str
) -> None:
    (tmp_path / "home" / "landing").mkdir(parents=True)
    for name in files:
        (tmp_path / "home" / "landing" / name).touch()
    assert begin(tmp_path / "home", *options) == begins


def test_every_home_keeps_itself_out_of_repositories_and_a_folder_of_others_is_left_alone(tmp_path: Path) -> None:
    Home(tmp_path / "new").create()
    assert (tmp_path / "new" / ".gitignore").read_text(encoding="utf-8").endswith("\n*\n")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "mine").touch()
    Home(tmp_path / "old").create()
    assert not (tmp_path / "old" / ".gitignore").exists()
    begin(tmp_path / "old")
    assert (tmp_path / "old" / ".gitignore").exists()
