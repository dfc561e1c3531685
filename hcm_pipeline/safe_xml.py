"""XML from outside: read by expat, without document types, without entities of its own or parts from elsewhere.

A document is refused as soon as it begins a document type: nothing that one could declare is ever expanded or fetched. Depth and
the length of one token are bounded. Messages tell line, column and the kind of a fault, and quote nothing of the document.

As a program it needs nothing but the standard library: it reads a document of UTF-8 from its input, and tells whether that is
well-formed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

NAMESPACE_END = "}"
"""Stands between the address of a namespace and a local name, as expat tells them: `uri}local`."""
LONGEST_TOKEN = 1 << 26
"""Bytes of one tag, text or comment; expat holds it whole, and reads it anew with each chunk."""
DEEPEST = 256
"""Elements that may be open at once."""
_CHUNK = 1 << 20
_E = expat.errors
_OF_ENCODINGS = ("unknown encoding", "multi-byte encodings")
_CUT_SHORT = frozenset(
    expat.errors.codes[text]
    for text in (_E.XML_ERROR_NO_ELEMENTS, _E.XML_ERROR_UNCLOSED_TOKEN, _E.XML_ERROR_PARTIAL_CHAR,
                 _E.XML_ERROR_UNCLOSED_CDATA_SECTION)
)  # fmt: skip


class XmlFault(ValueError):
    """A document that is not read. `rule` is its kind: xml_document_type, xml_broken, xml_cut_short, xml_too_deep, xml_too_long,
    xml_encoding."""

    def __init__(self, rule: str, message: str) -> None:
        self.rule = rule
        self.message = message
        super().__init__(message)


class Parser:
    """An expat parser that is fed UTF-8 (or `encoding`; None: as the document says) and told elements by handlers.

    `expat` takes the handlers StartElementHandler, EndElementHandler and CharacterDataHandler; names are `uri}local`, or `local`.
    """

    def __init__(self, encoding: str | None = "utf-8") -> None:
        self.expat = expat.ParserCreate(encoding, NAMESPACE_END)
        self.expat.buffer_text = True
        self.expat.buffer_size = 1 << 16
        self.expat.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.expat.StartDoctypeDeclHandler = _document_type
        self.expat.EntityDeclHandler = _document_type
        self.expat.ExternalEntityRefHandler = _document_type
        self._fed = 0

    def feed(self, chunk: bytes) -> None:
        """Read a chunk. Raises XmlFault, and whatever a handler raises."""
        try:
            self.expat.Parse(chunk, False)
        except expat.ExpatError as error:
            raise _broken(error, cut_short=False) from None
        except (LookupError, ValueError) as error:
            if isinstance(error, XmlFault) or not str(error).startswith(_OF_ENCODINGS):
                raise
            raise XmlFault("xml_encoding", "it declares an encoding that nobody here knows, or not by itself") from None
        self._fed += len(chunk)
        if self._fed - self.expat.CurrentByteIndex > LONGEST_TOKEN:
            raise XmlFault("xml_too_long", f"a tag, text or comment is longer than {LONGEST_TOKEN:,} bytes")

    def finish(self) -> None:
        """Call it behind the last chunk. Raises XmlFault."""
        try:
            self.expat.Parse(b"", True)
        except expat.ExpatError as error:
            raise _broken(error, cut_short=error.code in _CUT_SHORT) from None


def tree(data: bytes | Iterable[bytes], encoding: str | None = None) -> Element:
    """The document as a tree, for small ones: names are `{uri}local`, comments and instructions are left out.

    `encoding`: of the bytes, where it is known better than the document says. Raises XmlFault.
    """
    parser = Parser(encoding)
    builder = TreeBuilder()
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise too_deep()
        builder.start(_clark(name), {_clark(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_clark(name))

    parser.expat.StartElementHandler = start
    parser.expat.EndElementHandler = end
    parser.expat.CharacterDataHandler = builder.data
    for chunk in (data[at : at + _CHUNK] for at in range(0, len(data), _CHUNK)) if isinstance(data, bytes) else data:
        parser.feed(chunk)
    parser.finish()
    return builder.close()


def too_deep() -> XmlFault:
    """The fault of a document with too many elements open at once."""
    return XmlFault("xml_too_deep", f"more than {DEEPEST} elements are open at once")


def _clark(name: str) -> str:
    return "{" + name if NAMESPACE_END in name else name


def _document_type(*_: object) -> int:
    raise XmlFault(
        "xml_document_type",
        "it has a document type (<!DOCTYPE>), which can declare entities and name files; no such document is read",
    )


def _broken(error: expat.ExpatError, *, cut_short: bool) -> XmlFault:
    if cut_short:
        return XmlFault("xml_cut_short", f"it ends in line {error.lineno}, before its elements are closed")
    kind = expat.ErrorString(error.code)
    return XmlFault(
        "xml_broken", f"it is not well-formed XML: {kind}, in line {error.lineno}, column {error.offset + 1}"
    )


def told(size: int) -> bytes:
    """The output of this module, as a program, about a well-formed document of so many bytes."""
    return b"well-formed: %d bytes" % size


def main() -> None:
    """Read a document from the input, and tell that it is well-formed; exit 1 for another one."""
    parser, size = Parser(), 0
    try:
        while chunk := sys.stdin.buffer.read(_CHUNK):
            parser.feed(chunk)
            size += len(chunk)
        parser.finish()
    except XmlFault:
        sys.exit(1)
    sys.stdout.buffer.write(told(size))


if __name__ == "__main__":
    main()
