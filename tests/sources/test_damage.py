"""Archives with changed bytes: damage is told as damage, whatever a library of archives raises over it."""

from __future__ import annotations

import gzip
import io
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.sources import unpacked
from tests.budget import examples

DATA = ("Person Number,Account Status\n" + "".join(f"{number},True\n" for number in range(200))).encode()


def zipped(method: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("wörkers.csv", DATA)
    return out.getvalue()


METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
ARCHIVES = (gzip.compress(DATA), *map(zipped, METHODS))
CHANGES = st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=6)


def read(path: Path) -> bytes:
    with unpacked(path, path.name, 1 << 30) as (_, chunks):
        return b"".join(chunks)


@settings(max_examples=examples(100), deadline=None)
@given(st.sampled_from(ARCHIVES), CHANGES, st.integers(0, 4000))
def test_changed_bytes_of_an_archive_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, archive: bytes, changes: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(archive)
    for place, value in changes:
        data[place % len(data)] = value
    path = tmp_path_factory.getbasetemp() / "w.csv.zip"
    path.write_bytes(data[: -(cut % len(data)) or None] if cut % 3 == 0 else data)
    with suppress(ExtractRefused):
        read(path)


def test_a_whole_archive_of_each_method_is_read(tmp_path: Path) -> None:
    for archive in ARCHIVES:
        (tmp_path / "w").write_bytes(archive)
        assert read(tmp_path / "w") == DATA


@pytest.mark.parametrize(
    "error", [IndexError("x"), UnicodeDecodeError("utf-8", b"x", 0, 1, "y"), MemoryError(), OSError("bzip2")]
)
def test_whatever_a_library_raises_over_an_archive_is_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(*_: object) -> None:
        raise error

    (tmp_path / "w").write_bytes(ARCHIVES[1])
    monkeypatch.setattr(zipfile.ZipFile, "infolist", broken)
    with pytest.raises(ExtractRefused, match="damaged") as caught:
        read(tmp_path / "w")
    assert caught.value.rule == "broken_archive"
