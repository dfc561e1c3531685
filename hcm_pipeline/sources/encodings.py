"""The encoding of a file: by its byte order mark, by the source, or by what speaks for and against UTF-8."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from hcm_pipeline.characters import NUL, UNDECODABLE
from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.profile import Source

AS_BYTES = ("utf-8", "windows-1252", "latin-1")
"""Encodings of which the structure is counted on the bytes as they are; files in any other are turned into UTF-8 first."""
BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDEST_BOMS = ((codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"))
"""Before `BOMS`: that of UTF-16 is the beginning of one of them."""
_IS_UNDEFINED_IN_1252 = np.isin(np.arange(256), list(b"\x81\x8d\x8f\x90\x9d"))
_ESCAPED = re.compile("[\udc80-\udcff]")
LONE = re.compile("[\ud800-\udfff]")
"""A byte without a meaning, or half of a UTF-16 pair, after decoding."""
_ESCAPED_BYTES = 3
"""Bytes of the lone surrogate that stands for a byte without a meaning, once the text is written as UTF-8."""
_STRAYS = 3
"""Bytes without a meaning that any file may hold. More of them than of the others beyond ASCII speak of another encoding."""
_BYTES_FOR_A_STRAY, _BYTES_FOR_ONE_MORE = 1 << 8, 100_000
"""A file that says it is UTF-8 may hold three stray bytes, once it has 256 bytes for each, or one in 100,000."""


def assume(first: bytes, source: Source, name: str) -> tuple[str, str, int]:
    """Encoding to scan with, why, and the length of the byte order mark."""
    widest = next((encoding for mark, encoding in _WIDEST_BOMS if first.startswith(mark)), None)
    if widest and source.encoding in ("auto", "utf-32", widest):
        return widest, "byte order mark" if source.encoding == "auto" else "fixed by the source", 4
    marked = next(((len(mark), encoding) for mark, encoding in BOMS if first.startswith(mark)), None)
    if source.encoding == "auto":
        if marked:
            return marked[1], "byte order mark", marked[0]
        wide = _wide(first)
        if wide:
            return wide, "every other byte is NUL", 0
        return "utf-8", "valid throughout", 0
    why = "fixed by the source"
    if source.encoding.startswith("utf-32"):
        return "utf-32-le" if source.encoding == "utf-32" else source.encoding, why, 0
    family = "utf-16" if marked and marked[1] != "utf-8" else "utf-8" if marked else None
    if family is not None and not (marked and source.encoding in (family, marked[1])):
        raise ExtractRefused(
            name,
            "undecodable",
            f"its byte order mark says {family}, the source says {source.encoding}; "
            "correct the source's encoding in the profile, or set it to auto",
        )
    if source.encoding == "utf-16":
        encoding = marked[1] if marked else _wide(first)
        if encoding is None:
            raise undecodable(name, "utf-16", "it has no byte order mark and does not look like it")
        return encoding, why, marked[0] if marked else 0
    return source.encoding, why, marked[0] if marked else 0


def _wide(first: bytes) -> str | None:
    """UTF-16 without a mark: nearly all of one half of the bytes are NUL, and hardly any of the other."""
    sample = first[: 1 << 12]
    pairs = len(sample) // 2
    if not pairs:
        return None
    even, odd = sample[0 : 2 * pairs : 2].count(0), sample[1 : 2 * pairs : 2].count(0)
    if odd > 0.6 * pairs and even < 0.1 * pairs:
        return "utf-16-le"
    if even > 0.6 * pairs and odd < 0.1 * pairs:
        return "utf-16-be"
    return None


def as_utf8(chunks: Iterable[bytes], encoding: str, name: str) -> Iterator[bytes]:
    """The chunks, in UTF-8 unless the encoding is one of AS_BYTES. A byte without a meaning there has none in UTF-8.

    Nor has half a character at the end. Raises ExtractRefused (undecodable) where nobody can tell where the next one begins.
    """
    if encoding in AS_BYTES:
        yield from (chunk for chunk in chunks if chunk)
        return
    decoder = decoder_of(encoding)
    unit, done, tail = _UNITS.get(encoding), 0, b""
    for chunk in chunks:
        try:
            text = decoder.decode(chunk)
        except UnicodeError as error:
            at = f"the first fault is within {len(chunk):,} bytes behind byte {done:,}"
            raise undecodable(name, encoding, at) from error
        if unit and not done and len(LONE.findall(text[:_TAIL])) * 2 > len(text[:_TAIL]):
            raise undecodable(name, encoding, "most of its beginning has no meaning there")
        if unit:  # from a whole unit on
            tail = (tail + chunk)[max(0, len(tail + chunk) - _TAIL) // _TAIL * _TAIL :]
        done += len(chunk)
        if text:
            yield text.encode("utf-8", "surrogatepass")
    if unit and _has_lost_bytes(tail, unit):
        raise undecodable(name, encoding, "bytes of it are lost, and what stands behind them cannot be told")
    rest = decoder.decode(b"", final=True)
    if rest:
        yield rest.encode("utf-8", "surrogatepass")


_UNITS: dict[str, np.dtype[Any]] = {
    f"utf-{8 * size}-{order}": np.dtype(f"{sign}u{size}")
    for size in (2, 4)
    for order, sign in (("le", "<"), ("be", ">"))
}
"""Forms of Unicode whose characters are of units of several bytes."""
_TAIL = 1 << 12


def _has_lost_bytes(tail: bytes, unit: np.dtype[Any]) -> bool:
    """Whether the end of a file that does not end with a whole unit reads better in units that do; else its end is cut."""
    over = len(tail) % unit.itemsize
    if not over:
        return False
    cut, lost = (int(np.count_nonzero(np.frombuffer(text, unit) < 0x80)) for text in (tail[:-over], tail[over:]))
    return lost > cut


_STRAY_UNITS = "stray_units"


def _stray_unit(error: UnicodeError) -> tuple[str, int]:
    """One lone surrogate for a unit without a meaning: a byte, half of a UTF-16 pair, four bytes of UTF-32, a cut end."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    unit = error.object[error.start : error.end]
    if error.encoding.startswith(("utf-16", "utf16")) and len(unit) == 2:
        order = "big" if "be" in error.encoding else "little"
        return chr(int.from_bytes(unit, order)), error.end  # type: ignore[arg-type]
    byte = next((byte for byte in unit if byte > 0x7F), 0xFF)
    return chr(0xDC00 + byte), error.end


codecs.register_error(_STRAY_UNITS, _stray_unit)


def decoder_of(encoding: str) -> codecs.IncrementalDecoder:
    """A decoder that makes lone surrogates of what has no meaning."""
    return codecs.getincrementaldecoder(encoding)("surrogateescape" if encoding in AS_BYTES else _STRAY_UNITS)


def decide(assumed: str, why: str, evidence: Evidence, source: Source, name: str) -> tuple[str, str, bool]:
    """Encoding, the reason for it, and whether some rows are damaged."""
    fixed = source.encoding != "auto"
    if strays := _strays(assumed, evidence):
        if strays > max(evidence.others(assumed), _STRAYS):
            raise undecodable(name, assumed, f"it holds {strays:,} bytes that have no meaning there")
        return assumed, f"{why}; {strays:,} bytes without a meaning", True
    if not _is_unicode(assumed) or not evidence.bad:
        if assumed == "utf-8" and not fixed and why != "byte order mark" and not evidence.good:
            why = "plain ASCII"
        return assumed, why, False
    wide = assumed != "utf-8"
    strays = evidence.bad // _ESCAPED_BYTES if wide else evidence.bad
    borne_out = is_borne_out(evidence.good, strays, evidence.total)
    if (fixed and not borne_out) or (wide and strays * _ESCAPED_BYTES * 2 > evidence.total):
        raise undecodable(name, source.encoding, f"the first fault is at byte {evidence.first_bad:,}")
    # Accents of a single-byte encoding hardly ever form UTF-8 by chance. Where many did, the file is UTF-8 with damaged
    # rows (cut in the middle of a character, two files joined): a fallback would silently garble every right name. A few
    # bytes that windows-1252 does not define are no accents of anybody.
    right = evidence.good * 4 >= strays or (borne_out and evidence.undefined and _falls_back_to_1252(source))
    if fixed or wide or why == "byte order mark" or right:
        return assumed, f"{why}; {strays:,} damaged characters", True
    reason = f"not UTF-8 (first fault at byte {evidence.first_bad:,}): fallback of the source"
    if source.fallback_encoding == "windows-1252" and evidence.undefined:
        return "latin-1", f"{reason}, and bytes that windows-1252 does not define", False
    return source.fallback_encoding, reason, False


def _falls_back_to_1252(source: Source) -> bool:
    return source.fallback_encoding == "windows-1252" and "fallback_encoding" not in source.model_fields_set


def is_borne_out(good: int, strays: int, total: int) -> bool:
    """Whether a file that says it is UTF-8 (or UTF-16) is: `good` bytes of its characters beyond ASCII, or all of ASCII, outweigh
    the stray ones. Each accent of a file in another encoding is a stray."""
    few = max(min(_STRAYS, total // _BYTES_FOR_A_STRAY), total // _BYTES_FOR_ONE_MORE)
    return good * 4 >= strays or strays <= few


def _strays(assumed: str, evidence: Evidence) -> int:
    """The bytes without a meaning in a named encoding that is no form of Unicode."""
    if assumed == "windows-1252":
        return evidence.undefined
    return 0 if _is_unicode(assumed) else evidence.bad // _ESCAPED_BYTES


def _is_unicode(encoding: str) -> bool:
    return encoding == "utf-8" or encoding.startswith(("utf-16", "utf-32"))


def undecodable(name: str, encoding: str, what: str) -> ExtractRefused:
    """The refusal of a file that is not in this encoding; `what` says how that shows."""
    return ExtractRefused(
        name,
        "undecodable",
        f"it cannot be read as {encoding}: {what}; "
        "have it delivered again, or correct the source's encoding in the profile",
    )


class Evidence:
    """The evidence for and against UTF-8: valid characters of several bytes, and bytes that belong to none."""

    def __init__(self) -> None:
        self.good = 0
        """Bytes that continue a valid character."""
        self.bad = 0
        """Bytes that belong to no valid character."""
        self.first_bad = 0
        self.undefined = 0
        """Bytes that windows-1252 does not define."""
        self._beyond = 0
        self._tail = b""
        self._offset = 0

    def feed(self, chunk: bytes) -> None:
        """Count a chunk."""
        if not self._tail and chunk.isascii():
            self._offset += len(chunk)
            return
        data = self._tail + chunk
        cut = whole_characters(data)
        self._tail = data[cut:]
        self._judge(data[:cut])

    @property
    def total(self) -> int:
        """Bytes that were counted."""
        return self._offset

    def others(self, encoding: str) -> int:
        """Bytes beyond ASCII that have a meaning in a named encoding."""
        return self._beyond - self.undefined if encoding == "windows-1252" else self.good

    def finish(self) -> None:
        """Count the last character; call it behind the last chunk."""
        self._judge(self._tail)
        self._tail = b""

    def _judge(self, data: bytes) -> None:
        if not data:
            return
        raw = np.frombuffer(data, np.uint8)
        beyond = raw[np.flatnonzero(raw > 0x7F)]  # a few of a hundred: they are counted without the others
        self.undefined += int(np.count_nonzero(_IS_UNDEFINED_IN_1252[beyond]))
        self._beyond += int(beyond.size)
        if is_utf8(data):
            self.good += int(np.count_nonzero(beyond < 0xC0))
        else:
            text = data.decode("utf-8", "surrogateescape")
            bad = _ESCAPED.findall(text)
            if not self.bad:
                self.first_bad = self._offset + len(text[: text.index(bad[0])].encode("utf-8"))
            self.bad += len(bad)
            self.good += len(data) - len(text)
        self._offset += len(data)


def marked(text: str) -> str:
    """The text with a sign for each byte that is no text: its cell breaks a rule of the contract then, and the row counts."""
    return LONE.sub(UNDECODABLE, text).replace("\0", NUL)


def visible(text: str) -> str:
    """The text with an escape for each byte that could not be decoded (`\\xff`), half of a UTF-16 pair and NUL."""
    return LONE.sub(_escape, text.replace("\0", "\N{SYMBOL FOR NULL}"))


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def is_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8 from their first to their last."""
    offsets = pa.py_buffer(np.array([0, len(data)], np.int32))
    try:
        pa.StringArray.from_buffers(1, offsets, pa.py_buffer(data)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def whole_characters(data: bytes) -> int:
    """Length without a UTF-8 character that goes on behind the end."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:
            size = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(data) - back if size > back else len(data)
    return len(data)
