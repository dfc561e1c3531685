"""A place is looked into, and what waits there is taken and removed by its name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hcm_pipeline.errors import HomeError
from hcm_pipeline.extracts import Complete, Left
from hcm_pipeline.home import Home
from hcm_pipeline.sources import Folder, Waiting

from .build import written


def test_a_folder_shows_everything_that_lies_in_it_by_name(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", ".hidden"):
        written(tmp_path, "a,b\n", name)
    looked = Folder(tmp_path).look(None)
    assert [each.name for each in looked.waiting] == [".hidden", "a.csv", "b.csv"]
    assert looked.cursor is None


def test_a_folder_that_is_not_there_shows_nothing(tmp_path: Path) -> None:
    assert Folder(tmp_path / "none").look(None).waiting == ()


def test_the_mark_of_a_file_is_another_one_when_it_changed(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\n")
    folder = Folder(tmp_path)
    [before] = folder.look(None).waiting
    assert folder.look(None).waiting == (before,)
    os.utime(path, ns=(1, 1))
    [later] = folder.look(None).waiting
    assert (later.name, later.mark != before.mark) == (before.name, True)


def test_what_waits_is_taken_into_the_home_and_removed_from_the_folder(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    written(home.landing, "a,b\n1,2\n")
    folder, each = Folder(home.landing), Waiting("workers.csv", "")
    assert folder.state(each, 0, 0) == Complete(8)
    taken = folder.take(each, home)
    assert taken.stored.read_text() == "a,b\n1,2\n"
    assert folder.remove(each, taken)
    assert folder.remove(each, taken)  # it is gone already
    assert list(home.landing.iterdir()) == []
    assert isinstance(folder.state(each, 0, 0), Left)


def test_a_folder_that_may_not_be_looked_at_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_: Path) -> list[Path]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", forbidden)
    with pytest.raises(HomeError, match="cannot be looked at: Permission denied"):
        Folder(tmp_path).look(None)
