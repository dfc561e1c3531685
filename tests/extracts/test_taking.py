from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.extracts import Complete, Left, is_complete, let_go, take
from tests.sources.build import written


class Place(NamedTuple):
    landing: Path
    extracts: Path
    scratch: Path


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path / "landing", tmp_path / "extracts", tmp_path / "scratch")
    for folder in made:
        folder.mkdir()
    return made


def settled(path: Path) -> Complete | Left:
    """The state of a file an hour after its last change."""
    return is_complete(path, 60, path.lstat().st_mtime + 3600)


def reason(found: Complete | Left) -> str:
    assert isinstance(found, Left)
    return found.reason


def taken_while(place: Place, monkeypatch: pytest.MonkeyPatch, path: Path, act: Callable[[], object]) -> ExtractRefused:
    """The refusal when `act` happens after the first bytes were read."""
    real = os.read
    acted: list[object] = []

    def read(handle: int, size: int) -> bytes:
        data = real(handle, size)
        if not acted:
            acted.append(act())
        return data

    monkeypatch.setattr("hcm_pipeline.extracts.taking.os.read", read)
    with pytest.raises(ExtractRefused) as caught:
        take(path, place.extracts, place.scratch)
    assert [*place.scratch.iterdir(), *place.extracts.iterdir()] == []
    return caught.value


def test_a_file_is_stored_under_its_digest_for_reading_only(place: Place) -> None:
    data = b"a,b\n1,2\n" * 300_000
    taken = take(written(place.landing, data), place.extracts, place.scratch)
    digest = hashlib.sha256(data).hexdigest()
    assert (taken.sha256, taken.size) == (digest, len(data))
    assert taken.stored == place.extracts / digest[:2] / digest
    assert taken.stored.read_bytes() == data
    assert taken.stored.stat().st_mode & 0o777 == 0o400
    assert list(place.scratch.iterdir()) == []


def test_taking_the_same_bytes_again_changes_nothing(place: Place) -> None:
    first = take(written(place.landing, "a,b\n"), place.extracts, place.scratch)
    before = first.stored.stat()
    assert take(written(place.landing, "a,b\n", "other.csv"), place.extracts, place.scratch) == first
    assert first.stored.stat() == before
    assert list(place.scratch.iterdir()) == []


def test_a_file_that_grows_while_it_is_read_is_not_taken(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(place.landing, "a,b\n")

    def grow() -> None:
        with path.open("a") as file:
            file.write("1,2\n")

    assert taken_while(place, monkeypatch, path, grow).rule == "still_written"


def test_a_file_that_is_replaced_while_it_is_read_is_not_taken(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(place.landing, "a,b\n")
    other = written(place.landing, "a,c\n", "other")
    refused = taken_while(place, monkeypatch, path, lambda: other.replace(path))
    assert (refused.rule, "replaced" in str(refused)) == ("still_written", True)


def test_a_file_that_goes_away_while_it_is_read_is_not_taken(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(place.landing, "a,b\n")
    assert taken_while(place, monkeypatch, path, path.unlink).rule == "still_written"


def test_what_is_no_file_is_not_taken(place: Place) -> None:
    (place.landing / "folder").mkdir()
    (place.landing / "link").symlink_to(written(place.landing, "a"))
    os.mkfifo(place.landing / "fifo")
    for name, kind in (("folder", "a folder"), ("link", "a symbolic link"), ("fifo", "a pipe, socket or device")):
        assert kind in reason(settled(place.landing / name))
        with pytest.raises(ExtractRefused, match=kind) as caught:
            take(place.landing / name, place.extracts, place.scratch)
        assert caught.value.rule == "not_a_file"


def test_a_file_that_may_not_be_read_is_left_with_a_reason(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(place.landing, "a,b\n")

    def forbidden(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("hcm_pipeline.extracts.taking.os.open", forbidden)
    assert "Permission denied" in reason(settled(path))
    with pytest.raises(ExtractRefused, match="Permission denied") as caught:
        take(path, place.extracts, place.scratch)
    assert caught.value.rule == "unreadable"


def test_a_settled_file_is_complete(place: Place) -> None:
    assert settled(written(place.landing, "a,b\n")) == Complete(4)


@pytest.mark.parametrize(
    "name", [".w.csv", "~w.csv", "w.csv.part", "w.TMP", "w.csv.filepart", "w.partial", "w.crdownload"]
)
def test_a_name_that_marks_a_file_as_unfinished_is_left(place: Place, name: str) -> None:
    assert "unfinished" in reason(settled(written(place.landing, "a,b\n", name)))


def test_a_file_that_changed_a_moment_ago_is_left_until_it_settles(place: Place) -> None:
    path = written(place.landing, "a,b\n")
    changed = path.stat().st_mtime
    found = is_complete(path, 60, changed + 59)
    assert isinstance(found, Left)
    assert found.settles
    assert is_complete(path, 60, changed + 60) == Complete(4)


def test_a_time_far_in_the_future_does_not_keep_a_file_out_for_ever(place: Place) -> None:
    path = written(place.landing, "a,b\n")
    assert is_complete(path, 60, path.stat().st_mtime - 3600) == Complete(4)


def test_a_file_that_is_gone_is_left(place: Place) -> None:
    assert "gone" in reason(is_complete(place.landing / "none.csv", 60, 0))


@pytest.mark.skipif(sys.platform != "linux", reason="leases are Linux's")
def test_a_file_that_another_process_holds_open_for_writing_is_left(place: Place) -> None:
    path = written(place.landing, "a,b\n")
    program = f"import sys; held = open({str(path)!r}, 'a'); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        found = settled(path)
        writer.communicate("")
    assert "another process" in reason(found)
    assert isinstance(found, Left)
    assert found.settles
    assert settled(path) == Complete(4)


def test_where_the_kernel_grants_no_lease_the_other_signs_decide(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: object) -> int:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr("hcm_pipeline.extracts.taking.fcntl.fcntl", unsupported)
    assert settled(written(place.landing, "a,b\n")) == Complete(4)


def test_only_the_very_file_that_was_taken_goes_away(place: Place) -> None:
    path = written(place.landing, "a,b\n")
    taken = take(path, place.extracts, place.scratch)
    assert taken.seen is not None
    written(place.landing, "a,c\n", "other").replace(path)
    assert not let_go(path, taken.seen)
    again = take(path, place.extracts, place.scratch)
    assert again.seen is not None
    with path.open("a") as file:
        file.write("1,2\n")
    assert not let_go(path, again.seen)
    assert path.read_text() == "a,c\n1,2\n"
    last = take(path, place.extracts, place.scratch)
    assert last.seen is not None
    assert let_go(path, last.seen)
    assert let_go(path, last.seen)
    assert list(place.landing.iterdir()) == []


@pytest.mark.parametrize("third", [False, True])
def test_a_file_that_comes_between_the_look_and_the_deletion_stays(
    place: Place, monkeypatch: pytest.MonkeyPatch, *, third: bool
) -> None:
    path = written(place.landing, "a,b\n")
    taken = take(path, place.extracts, place.scratch)
    real = Path.rename

    def rename(self: Path, target: Path) -> Path:
        written(place.landing, "a,c\n", "other").replace(path)
        moved = real(self, target)
        if third:
            written(place.landing, "a,d\n", "third").replace(path)
        return moved

    monkeypatch.setattr(Path, "rename", rename)
    assert taken.seen is not None
    assert not let_go(path, taken.seen)
    assert {found.read_text() for found in place.landing.iterdir()} == ({"a,c\n", "a,d\n"} if third else {"a,c\n"})
    assert all(found.suffix == ".csv" for found in place.landing.iterdir())


def test_taking_a_file_mends_a_stored_copy_of_other_bytes(place: Place) -> None:
    path = written(place.landing, "a,b\n")
    first = take(path, place.extracts, place.scratch)
    first.stored.chmod(0o600)
    first.stored.write_text("a,c\n")
    again = take(path, place.extracts, place.scratch)
    assert (again.mended, again.stored.read_text(), again.stored.stat().st_mode & 0o777) == (True, "a,b\n", 0o400)
    assert not take(path, place.extracts, place.scratch).mended
