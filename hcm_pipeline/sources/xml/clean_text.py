"""The bytes of an XML file as UTF-8 that expat reads: in the encoding that the file declares, and without what XML cannot hold.

A byte that is not valid in the encoding becomes U+FFFD, and a control character, as it is or as a reference, U+007F: the cell that
holds one is held back by the contract of workers, and the rest of its record goes through.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.profile import Source
from hcm_pipeline.sources.encodings import BOMS, is_borne_out, is_utf8, undecodable, whole_characters

_DECLARED = re.compile(r"""\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][\w.:-]*)["']""")
_WIDE = ((b"<\0?\0", "utf-16-le"), (b"\0<\0?", "utf-16-be"), (b"<\0\0\0", "utf-32-le"), (b"\0\0\0<", "utf-32-be"))
_WIDE_BOMS = ((codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"))
_EBCDIC = b"\x4c\x6f\xa7\x94"
_CONTROLS = bytes(set(range(32)) - {9, 10, 13})
_VISIBLE = bytes.maketrans(_CONTROLS, b"\x7f" * len(_CONTROLS))
_NO_CHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")
_LONGEST_REFERENCE = 16
_NO_REFERENCE = re.compile(
    rb"&#(?:x0{0,8}(?:[0-8bcefBCEF]|1[0-9a-fA-F]|[dD][89a-fA-F][0-9a-fA-F]{2}|[fF]{3}[efEF])|0{0,8}(?:[0-8]|1[124-9]|2[0-9]|3[01]));"
)
_REPLACED = "\ufffd"
_BEGINNING = 1 << 10


@dataclass(frozen=True)
class DeclaredEncoding:
    """The encoding of a file, why it is taken for that, and the bytes of its byte order mark."""

    encoding: str
    why: str
    bom: int


def declared(first: bytes, source: Source, name: str) -> DeclaredEncoding:
    """The encoding by byte order mark, declaration and source, which must not contradict each other.

    Raises ExtractRefused: undecodable, and not_xml for what does not begin like XML.
    """
    marked = next(((mark, found) for mark, found in (*_WIDE_BOMS, *BOMS) if first.startswith(mark)), None)
    bom = len(marked[0]) if marked else 0
    wide = next((found for begins, found in _WIDE if first.startswith(begins)), None)
    by_bytes = marked[1] if marked else wide
    beginning = first[bom:_BEGINNING].decode(by_bytes or "latin-1", "replace")
    if first.startswith(_EBCDIC):
        raise ExtractRefused(name, "undecodable", "it is XML in EBCDIC; have it delivered in UTF-8")
    if not beginning.lstrip().startswith("<"):
        raise ExtractRefused(
            name, "not_xml", "it does not begin like XML; look whether the right file was delivered for this source"
        )
    found = _DECLARED.match(beginning)
    said = _named(found[1], name) if found else None
    own = None if source.encoding == "auto" else source.encoding
    for says, what in ((said, "its declaration"), (own, "the source")):
        if by_bytes and says and not _same(says, by_bytes):
            where = "byte order mark" if marked else "bytes"
            raise _contradiction(name, f"its {where} say {by_bytes}, {what} says {says}")
    if said and not by_bytes and said.startswith(("utf-16", "utf-32")):
        raise _contradiction(name, f"its declaration says {said}, and its bytes are not")
    if said and own and not _same(own, said):
        raise _contradiction(name, f"its declaration says {said}, the source says {own}")
    if by_bytes:
        return DeclaredEncoding(by_bytes, "byte order mark" if marked else "its first bytes", bom)
    if said:
        return DeclaredEncoding(said, "its declaration", bom)
    return (
        DeclaredEncoding(own, "the source", bom) if own else DeclaredEncoding("utf-8", "XML without a declaration", bom)
    )


def _named(said: str, name: str) -> str:
    try:
        found = Source.model_validate({"name": "x", "glob": "*", "encoding": said}).encoding
    except ValueError:
        found = "auto"
    if found == "auto":
        raise ExtractRefused(
            name, "undecodable", "it declares an encoding that nobody here knows; have it delivered in UTF-8"
        )
    return found


def _same(says: str, is_: str) -> bool:
    """`utf-16` fits either order of bytes."""
    return says == is_ or (says in ("utf-16", "utf-32") and is_.startswith(says))


def _contradiction(name: str, what: str) -> ExtractRefused:
    return ExtractRefused(
        name, "undecodable", f"{what}; have it delivered again, or correct the source's encoding in the profile"
    )


class Cleaner:
    """Makes clean UTF-8 of a file's chunks, and counts what had to be replaced."""

    def __init__(self, encoding: DeclaredEncoding, name: str) -> None:
        self._encoding = encoding
        self._name = name
        self._good = 0
        """Bytes that continue a valid character."""
        self._offset = 0
        self.damaged = 0
        """Bytes, or characters of another encoding than UTF-8, that were replaced."""
        self.changed = encoding.encoding != "utf-8"
        """The clean text is another one than the file's."""
        self._first_bad = 0

    def clean(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The chunks as UTF-8. Raises ExtractRefused (undecodable) behind the last one of a file that is in another encoding."""
        texts = self._utf8(chunks) if self._encoding.encoding == "utf-8" else self._decoded(chunks)
        for text in self._referring(texts):
            if _has_controls(text):
                text = text.translate(_VISIBLE)
                self.changed = True
            for wrong in _NO_CHARACTERS:
                if wrong in text:
                    text = text.replace(wrong, _REPLACED.encode())
                    self.changed = True
            yield text
        self.finish()

    def _referring(self, texts: Iterator[bytes]) -> Iterator[bytes]:
        """The texts, in which no reference stands for a character that XML cannot hold (`&#26;`); none is cut in two."""
        held = b""
        for text in texts:
            whole = held + text if held else text
            last = whole.rfind(b"&", -_LONGEST_REFERENCE)
            cut = last if last >= 0 and b";" not in whole[last:] else len(whole)
            held, whole = whole[cut:], whole[:cut]
            if b"&#" in whole:
                mended = _NO_REFERENCE.sub(b"&#127;", whole)
                self.changed = self.changed or mended != whole
                whole = mended
            if whole:
                yield whole
        if held:
            yield held

    def _utf8(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        tail = b""
        for chunk in chunks:
            if not tail and chunk.isascii():
                self._offset += len(chunk)
                yield chunk
                continue
            data = tail + chunk
            cut = whole_characters(data)
            tail = data[cut:]
            yield self._checked(data[:cut])
        if tail:
            yield self._checked(tail)

    def _checked(self, data: bytes) -> bytes:
        if is_utf8(data):
            self._good += int(np.count_nonzero(np.frombuffer(data, np.int8) < -64))
            self._offset += len(data)
            return data
        text = data.decode("utf-8", "surrogateescape")
        bad = sum("\udc80" <= letter <= "\udcff" for letter in text)
        if not self.damaged:
            self._first_bad = self._offset + next(
                len(text[:place].encode()) for place, letter in enumerate(text) if "\udc80" <= letter <= "\udcff"
            )
        self.damaged += bad
        self.changed = True
        self._good += len(data) - len(text)
        self._offset += len(data)
        return re.sub("[\udc80-\udcff]", _REPLACED, text).encode()

    def _decoded(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(self._encoding.encoding)("replace")
        for chunk in chunks:
            text = decoder.decode(chunk)
            self.damaged += text.count(_REPLACED)
            yield text.encode("utf-8", "replace")
        text = decoder.decode(b"", final=True)
        self.damaged += text.count(_REPLACED)
        yield text.encode("utf-8", "replace")

    def finish(self) -> None:
        """Judge the whole: accents of another encoding hardly ever form UTF-8, and damage leaves most characters right."""
        if self._encoding.encoding == "utf-8" and not is_borne_out(self._good, self.damaged, self._offset):
            why = self._encoding.why
            raise undecodable(
                self._name, "utf-8", f"that it is comes from {why}, and the first fault is at byte {self._first_bad:,}"
            )


def _has_controls(text: bytes) -> bool:
    """Whether there are control characters that XML does not know: all but tab, line feed and carriage return."""
    seen = np.frombuffer(text, np.uint8)
    known = np.count_nonzero(seen == 10) + text.count(b"\r") + text.count(b"\t")
    return bool(np.count_nonzero(seen < 32) != known)
