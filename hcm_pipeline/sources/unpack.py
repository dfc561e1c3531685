"""Reads the bytes of a delivered file as they were before packing, a chunk at a time, and never more than asked for."""

from __future__ import annotations

import errno
import gzip
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal, Protocol

from hcm_pipeline.errors import ExtractRefused

CHUNK = 1 << 20
"""Bytes read at once."""

Compression = Literal["none", "gzip", "zip"]


class _Reads(Protocol):
    def read(self, size: int, /) -> bytes: ...


_NO_TEXT = (
    *((b"BZh%d1AY&SY" % level, "packed with bzip2") for level in range(1, 10)),
    (b"\xfd7zXZ\0", "packed with xz"), (b"7z\xbc\xaf\x27\x1c", "packed with 7-Zip"),
    (b"Rar!\x1a\x07", "packed with RAR"), (b"\x28\xb5\x2f\xfd", "packed with zstd"), (b"\x04\x22\x4d\x18", "packed with lz4"),
    (b"\x1f\x9d", "packed with compress"), (b"\x1f\x8b", "packed twice"), (b"PK\x03\x04", "packed twice"),
    (b"PK\x07\x08", "a part of a split archive"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    (b"%PDF-", "a PDF document"), (b"\x89PNG\r\n", "a picture"), (b"SQLite format 3\0", "a database"),
    (b"PAR1\x15", "a Parquet file"),
)  # fmt: skip
"""Files that are no text, by their first bytes; those of an archive count inside of another."""
_TAR = slice(257, 262)
_OF_THE_DISK = (errno.EIO, errno.EACCES, errno.ENOENT, errno.ESTALE)


@contextmanager
def unpacked(path: Path, name: str, max_bytes: int | None = None) -> Iterator[tuple[Compression, Iterator[bytes]]]:
    """Open `path` and yield its compression (by its first bytes, not its name) and its unpacked chunks.

    Every chunk but the last holds exactly CHUNK bytes. Raises ExtractRefused: broken_archive, several_members,
    encrypted_archive, unsafe_member, not_text, unpacked_too_large (as soon as `max_bytes` is passed).
    """
    with path.open("rb", buffering=CHUNK) as file:
        magic = file.read(4)
        file.seek(0)
        if magic[:2] == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=file, mode="rb") as unzipped:
                yield "gzip", _chunks(unzipped, name, max_bytes)
        elif magic in (b"PK\x03\x04", b"PK\x05\x06"):
            with _archive(file, name) as archive:
                with _damage(name):
                    member = _only_member(archive, name, max_bytes)
                    stream = archive.open(member)
                with stream:
                    yield "zip", _chunks(stream, name, max_bytes)
        else:
            yield "none", _chunks(file, name, max_bytes)


def _chunks(stream: _Reads, name: str, max_bytes: int | None) -> Iterator[bytes]:
    total = 0
    while True:
        parts: list[bytes] = []
        wanted = CHUNK
        with _damage(name):
            while wanted and (part := stream.read(wanted)):
                parts.append(part)
                wanted -= len(part)
        if wanted == CHUNK:
            return
        if not total:
            _require_text(parts[0], name)
        total += CHUNK - wanted
        if max_bytes is not None and total > max_bytes:
            raise _too_large(name, max_bytes)
        yield parts[0] if len(parts) == 1 else b"".join(parts)


def _require_text(first: bytes, name: str) -> None:
    kind = next((kind for begins, kind in _NO_TEXT if first.startswith(begins)), None)
    if kind is None and first[_TAR] == b"ustar" and b"\0" in first[:257]:
        kind = "a tar archive"
    if kind is not None:
        raise ExtractRefused(
            name, "not_text", f"this is {kind}; deliver it as text, by itself or packed once with gzip or zip"
        )


@contextmanager
def _damage(name: str) -> Iterator[None]:
    """Whatever a library of archives raises over the bytes of one is damage: each has errors of its own, and some have bugs."""
    try:
        yield
    except ExtractRefused:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
            raise
        raise ExtractRefused(
            name,
            "broken_archive",
            "the archive is damaged or cut short and cannot be unpacked to its end; have the file delivered again",
        ) from error


def _archive(file: BinaryIO, name: str) -> zipfile.ZipFile:
    with _damage(name):
        return zipfile.ZipFile(file)


def _only_member(archive: zipfile.ZipFile, name: str, max_bytes: int | None) -> zipfile.ZipInfo:
    names = archive.namelist()
    if "[Content_Types].xml" in names:
        raise ExtractRefused(
            name, "several_members", "this is an Office document, not a delimited file; export it as CSV (UTF-8)"
        )
    members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
    if not members:
        raise ExtractRefused(name, "empty_file", "the archive holds no file; have the extract delivered again")
    if len(members) > 1:
        raise ExtractRefused(
            name,
            "several_members",
            f"the archive holds {len(members)} files and must hold exactly one; land the files one by one",
        )
    member = members[0]
    inside = PurePosixPath(member.filename.replace("\\", "/"))
    if inside.is_absolute() or ".." in inside.parts or ":" in member.filename:
        raise ExtractRefused(
            name, "unsafe_member", "the archive's file has a path that leaves its folder; pack the file by itself again"
        )
    if member.flag_bits & 0x1:
        raise ExtractRefused(
            name, "encrypted_archive", "the archive is protected by a password; deliver it without one, or unpack it"
        )
    if max_bytes is not None and member.file_size > max_bytes:
        raise _too_large(name, max_bytes)
    return member


def _too_large(name: str, max_bytes: int) -> ExtractRefused:
    return ExtractRefused(
        name,
        "unpacked_too_large",
        f"unpacked it is larger than the {max_bytes:,} bytes that the source allows; "
        "if the file is right, raise max_bytes of the source in the profile",
    )
