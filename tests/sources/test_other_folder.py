"""A folder outside the home: what is in it is read, moved and deleted as the very file that was seen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hcm_pipeline.errors import ServiceError
from hcm_pipeline.sources.places import Changed, Gone, Store, Thing, open_place

from .far import spec


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "a.csv").write_text("one")
    return folder


@pytest.fixture
def store(drop: Path) -> Store:
    return open_place(spec(f"file://{drop}"))


def only(store: Store) -> Thing:
    [thing] = store.listing()
    return thing


def test_files_are_listed_and_read_and_folders_are_not(drop: Path, store: Store) -> None:
    (drop / "done").mkdir()
    thing = only(store)
    assert (thing.name, thing.size, thing.odd, b"".join(store.read(thing))) == ("a.csv", 3, None, b"one")


def test_what_is_no_file_says_what_it_is_and_is_never_opened(drop: Path, store: Store) -> None:
    (drop / "a.csv").unlink()
    (drop / "link").symlink_to("/etc/hostname")
    os.mkfifo(drop / "pipe")
    found = {thing.name: thing for thing in store.listing()}
    assert {name: thing.odd for name, thing in found.items()} == {
        "link": "a symbolic link", "pipe": "a pipe, socket or device",
    }  # fmt: skip
    with pytest.raises(ServiceError, match="cannot be opened"):
        list(store.read(found["link"]))


@pytest.mark.parametrize("way", ["delete", "move"])
def test_another_file_under_the_name_is_neither_deleted_nor_moved(drop: Path, store: Store, way: str) -> None:
    thing = only(store)
    (drop / "new").write_text("other")
    (drop / "new").replace(drop / "a.csv")
    with pytest.raises(Changed):
        store.delete(thing) if way == "delete" else store.move(thing, "done")
    assert {path.name: path.read_text() for path in drop.iterdir()} == {"a.csv": "other"}
    (drop / "a.csv").unlink()
    with pytest.raises(Gone):
        store.delete(thing) if way == "delete" else store.move(thing, "done")


def test_a_moved_file_replaces_none_that_was_moved_before(drop: Path, store: Store) -> None:
    for text in ("one", "two!"):
        (drop / "a.csv").write_text(text)
        store.move(only(store), "old/done")
    moved = sorted((drop / "old" / "done").iterdir())
    assert [(path.name[:5], path.read_text()) for path in moved] == [("a.csv", "one"), ("a.csv", "two!")]
    assert store.listing() == []


def test_a_file_that_changed_since_the_listing_is_not_read_as_the_one_it_was(drop: Path, store: Store) -> None:
    thing = only(store)
    (drop / "a.csv").write_text("longer")
    with pytest.raises(Changed):
        list(store.read(thing))
    (drop / "a.csv").unlink()
    with pytest.raises(Gone):
        list(store.read(thing))


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="cannot be looked at: No such file or directory"):
        open_place(spec(f"file://{tmp_path}/none")).listing()
