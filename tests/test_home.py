"""A home is its owner's only, whatever the umask and however it was made."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from hcm_pipeline.errors import HomeError
from hcm_pipeline.flow import Installation
from hcm_pipeline.home import Home
from hcm_pipeline.settings import Settings
from hcm_pipeline.warehouse import Warehouse


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """Paths with which group or others may do something."""
    found = [folder, *folder.rglob("*")]
    return [str(path.relative_to(folder)) for path in found if stat.S_IMODE(path.lstat().st_mode) & 0o077]


def test_all_that_a_process_makes_is_private_while_it_writes(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.path.mkdir(mode=0o755)
    with Warehouse(home).write() as con:
        con.execute("create table t as select range as n from range(100000)")
        assert (home.path / "warehouse.duckdb.wal").exists()
        assert open_to_others(home.path) == []
    Warehouse(home).publish()
    with Installation(Settings(home, "oracle-hcm", None)).journal():
        assert len(list(home.path.glob("delivery.sqlite*"))) == 3
        assert open_to_others(home.path) == []


def test_a_home_that_others_may_enter_is_told_and_closed(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    inside = home.extracts / "aa" / "file"
    for path in (inside, home.path / "warehouse.duckdb.wal", home.path / "history" / "runs.db", tmp_path / "beside"):
        path.parent.mkdir(exist_ok=True)
        path.touch(0o644)
        path.chmod(0o644)
    (home.path / "link").symlink_to(tmp_path / "beside")
    home.path.chmod(0o755)
    home.landing.chmod(0o777)
    told: list[str] = []
    Installation(Settings(home, "oracle-hcm", None), told.append).existing()
    assert told == [
        f"{home.path} was open to others (mode 0755); now only its owner may enter or read it",
        f"{home.landing} was open to others (mode 0777); now only its owner may enter or read it",
    ]
    assert open_to_others(home.path) == ["link"]
    assert stat.S_IMODE((tmp_path / "beside").stat().st_mode) == 0o644
    assert home.close_to_others() == []


def test_files_that_dagster_makes_by_its_own_umask_are_closed(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    runs = home.path / "history" / "runs"
    runs.mkdir(parents=True, mode=0o755)
    (runs / "index.db").touch(0o644)
    (runs / "index.db").chmod(0o644)
    assert home.close_to_others() == []
    assert open_to_others(home.path) == []


def test_a_landing_folder_elsewhere_that_anybody_may_write_to_is_told_and_left(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    (tmp_path / "drop").mkdir()
    (tmp_path / "drop").chmod(0o777)
    home.landing.rmdir()
    home.landing.symlink_to(tmp_path / "drop")
    [sentence] = home.close_to_others()
    assert "anybody may write to" in sentence
    assert stat.S_IMODE((tmp_path / "drop").stat().st_mode) == 0o777


def test_a_folder_that_many_share_is_no_home(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    with pytest.raises(HomeError, match="many share"):
        Home(tmp_path).create()
    assert list(tmp_path.iterdir()) == []
