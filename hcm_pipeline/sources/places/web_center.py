"""Content of Oracle WebCenter (UCM) that a search finds: where HCM Extracts deliver to when no server is named.

The protocol is GenericSoap over HTTPS (Oracle Fusion Middleware Services Reference Guide for Universal Content Management:
GET_SEARCH_RESULTS, GET_FILE). Answers are XML, or multipart with the XML first and the file behind it. All that is not documented
is read leniently: prefixes, the order of fields, a file inside of the XML or behind it. Never tried against a pod.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from xml.parsers import expat
from xml.sax.saxutils import escape

import httpx

from hcm_pipeline.errors import ServiceError, SignInFailed
from hcm_pipeline.http import TryAgain, trust
from hcm_pipeline.profile import PlaceSpec
from hcm_pipeline.sources.places.far_store import Gone, Thing
from hcm_pipeline.sources.places.opening import OracleSignIn

PAGE = 200
"""Results asked for at once."""
MOST_PAGES = 500
LONGEST_XML = 32 << 20
"""Bytes of XML in an answer, beside a file."""
_ACTION = "urn:GenericSoap/GenericSoapOperation"
_ENVELOPE = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ucm="http://www.oracle.com/UCM">'
    '<soapenv:Body><ucm:GenericRequest webKey="cs"><ucm:Service IdcService="{service}"><ucm:Document>{fields}</ucm:Document>'
    "</ucm:Service></ucm:GenericRequest></soapenv:Body></soapenv:Envelope>"
)


class WebCenter:
    """A store that is what a search finds. A revision of a content item is a thing; it never changes.

    Names are those that the files had, with the id of the revision before the ending (`workers~4711.csv`): two items may have one
    name, and each is a delivery.
    """

    def __init__(self, spec: PlaceSpec, oracle: OracleSignIn, transport: httpx.BaseTransport | None = None) -> None:
        self._spec = spec
        self._oracle = oracle
        timeout = httpx.Timeout(60.0, read=300.0)
        self._client = httpx.Client(
            base_url=oracle.url,
            timeout=timeout,
            transport=transport,
            verify=trust(oracle.ca_file),
            follow_redirects=False,
        )

    def listing(self) -> Sequence[Thing]:
        """See `Store`."""
        found: dict[str, Thing] = {}
        for page in range(MOST_PAGES):
            fields = {
                "QueryText": self._spec.search or "", "ResultCount": str(PAGE), "StartRow": str(page * PAGE + 1),
                "SortField": "dInDate", "SortOrder": "Asc",
            }  # fmt: skip
            with self._asked("GET_SEARCH_RESULTS", fields) as answer:
                rows = answer.rows
            new = [thing for row in rows if (thing := _thing(row)) and thing.mark not in found]
            if not new:
                break
            found |= {thing.mark: thing for thing in new}
        return list(found.values())

    def read(self, thing: Thing) -> Iterator[bytes]:
        """See `Store`. A file whose search result tells no size is read to the end of the answer."""
        with self._asked("GET_FILE", {"dID": thing.mark, "Rendition": "Primary"}) as answer:
            yield from answer.file()

    def delete(self, thing: Thing) -> None:
        """Content is left where it is; the profile allows nothing else."""
        raise ServiceError(f"{thing.name}: content of WebCenter is not deleted")

    def move(self, thing: Thing, folder: str) -> None:
        """See `delete`."""
        raise ServiceError(f"{thing.name}: content of WebCenter is not moved to {folder}")

    def close(self) -> None:
        """See `Store`."""
        self._client.close()

    @contextmanager
    def _asked(self, service: str, fields: Mapping[str, str]) -> Iterator[_Answer]:
        inside = "".join(f'<ucm:Field name="{name}">{escape(value)}</ucm:Field>' for name, value in fields.items())
        content = _ENVELOPE.format(service=service, fields=inside).encode()
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": _ACTION, **self._oracle.headers()}
        host = self._client.base_url.host
        try:
            with self._client.stream("POST", self._spec.service_path, content=content, headers=headers) as response:
                if response.status_code in (401, 403):
                    raise SignInFailed(
                        f"{host} refused the sign-in to WebCenter Content ({response.status_code}); give the account of"
                        " ORACLE_HCM_* the right to read the security group and the account of the files"
                    )
                if response.status_code == 429 or response.status_code >= 500:
                    raise TryAgain(f"{host} answered {response.status_code}")
                if response.status_code != 200:
                    raise ServiceError(f"{host} answered {response.status_code}; check service_path")
                answer = _Answer(response.headers.get("content-type", ""), response.iter_bytes(1 << 18))
                answer.require(host)
                yield answer
        except httpx.HTTPError as error:
            raise TryAgain(f"{host} cannot be reached or broke off ({type(error).__name__})") from error
        except expat.ExpatError as error:
            raise ServiceError(f"{host} answered something that is no XML; check service_path") from error
        except binascii.Error as error:
            raise TryAgain(f"{host} answered with a file that is no base64 (RFC 4648, 4)") from error


class _Answer:
    """An answer: its XML, read at once up to the file in it, and the file."""

    def __init__(self, content_type: str, chunks: Iterator[bytes]) -> None:
        boundary = re.search(r'multipart/[^;]+;.*?boundary="?([^";]+)"?', content_type, re.IGNORECASE)
        self._parts = _Parts(chunks, boundary[1].encode()) if boundary else None
        self._xml = _Xml()
        self._rest = self._parts.part() if self._parts else chunks
        self._read_xml()
        self.rows = self._xml.rows

    def _read_xml(self) -> None:
        size = 0
        for chunk in self._rest:
            size += len(chunk)
            self._xml.feed(chunk)
            if self._xml.content:  # a file begins inside of it
                return
            if size > LONGEST_XML:
                raise ServiceError("an answer of WebCenter Content is too long; narrow the search")
        self._xml.end()

    def require(self, host: str) -> None:
        """Raise Gone for content that is no longer there, ServiceError for any other refusal."""
        code, message = self._xml.fields.get("StatusCode", "0"), self._xml.fields.get("StatusMessage", "")
        if self._xml.fault:
            raise ServiceError(f"{host} answered with a fault: {self._xml.fault[:200]}")
        if code.lstrip("-").isdigit() and int(code) < 0:
            if int(code) == -16:  # the item does not exist (IdcServer's csResourceNotFound)
                raise Gone
            raise ServiceError(f"{host} answered {code}: {message[:200]}")

    def file(self) -> Iterator[bytes]:
        """The bytes of the file: inside of the XML in base64, or behind it; none of one that is in neither place."""
        if not self._xml.content:
            if self._parts and self._parts.next():
                yield from self._parts.part()
            return
        yield from self._xml.decoded()
        for chunk in self._rest:
            self._xml.feed(chunk)
            yield from self._xml.decoded()
        self._xml.end()
        yield from self._xml.decoded(last=True)


class _Xml:
    """A SOAP answer as it comes: fields, rows of the search, a fault, and the text of a file. No DTD is accepted (SOAP 1.1, 3)."""

    def __init__(self) -> None:
        self.rows: list[dict[str, str]] = []
        self.fields: dict[str, str] = {}
        self.fault = ""
        self.content: list[str] = []
        self._path: list[str] = []
        self._sets: list[str] = []
        self._name = ""
        self._text: list[str] = []
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, data: bytes) -> None:
        self._parser.Parse(data, False)

    def end(self) -> None:
        self._parser.Parse(b"", True)

    def decoded(self, *, last: bool = False) -> Iterator[bytes]:
        """The bytes of the file that came so far."""
        text = "".join("".join(self.content).split())
        whole = len(text) if last else len(text) // 4 * 4
        self.content[:] = [text[whole:]] if whole < len(text) or not last else []
        if whole:
            yield base64.b64decode(text[:whole])

    def _doctype(self, *_: object) -> None:
        raise ServiceError(
            "an answer of WebCenter Content holds a DTD, which no SOAP answer does; nothing of it is read"
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        local = tag.rpartition(" ")[2]
        self._path.append(local)
        self._text = []
        if local == "ResultSet":
            self._sets.append(attributes.get("name", ""))
        elif local == "Row" and self._sets[-1:] == ["SearchResults"]:
            self.rows.append({})
        elif local == "Field":
            self._name = attributes.get("name", "")

    def _end(self, _tag: str) -> None:
        local = self._path.pop()
        text = "".join(self._text)
        if local == "Field" and self._sets[-1:] == ["SearchResults"] and self.rows:
            self.rows[-1][self._name] = text
        elif local == "Field" and not self._sets:
            self.fields[self._name] = text
        elif local == "ResultSet":
            self._sets.pop()
        elif local == "faultstring":
            self.fault = text
        self._text = []

    def _characters(self, text: str) -> None:
        if self._path[-1:] == ["Contents"]:
            if text.strip():
                self.content.append(text)
        else:
            self._text.append(text)


class _Parts:
    """The parts of a multipart body (RFC 2046, 5.1), one after the other, some bytes at a time."""

    def __init__(self, chunks: Iterator[bytes], boundary: bytes) -> None:
        self._chunks = chunks
        self._end = b"\r\n--" + boundary
        self._buffer = b"\r\n"
        self._ended = False
        self._skip()
        self.next()

    def next(self) -> bool:
        """Go to the next part, past its headers. False: there is none."""
        if self._ended:
            return False
        while len(self._buffer) < 2 and self._more():
            pass
        if self._buffer.startswith(b"--"):
            return False
        while b"\r\n\r\n" not in self._buffer and self._more():
            pass
        _, found, self._buffer = self._buffer.partition(b"\r\n\r\n")
        return bool(found)

    def part(self) -> Iterator[bytes]:
        """The bytes of the part. Raises TryAgain when the body ends before it does."""
        while True:
            at = self._buffer.find(self._end)
            if at >= 0:
                piece, self._buffer = self._buffer[:at], self._buffer[at + len(self._end) :]
                if piece:
                    yield piece
                return
            keep = len(self._end) - 1
            if len(self._buffer) > keep:
                piece, self._buffer = self._buffer[:-keep], self._buffer[-keep:]
                yield piece
            if not self._more():
                self._ended = True
                raise TryAgain("an answer of WebCenter Content broke off")

    def _skip(self) -> None:
        for _ in self.part():
            pass

    def _more(self) -> bool:
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        self._buffer += chunk
        return True


def _thing(row: Mapping[str, str]) -> Thing | None:
    revision = row.get("dID", "").strip()
    if not revision.isdigit():
        return None
    name = row.get("dOriginalName") or row.get("dDocTitle") or row.get("dDocName") or "content"
    path = PurePosixPath(name.replace("/", "_"))
    size = next((row[key] for key in ("VaultFileSize", "dFileSize") if row.get(key, "").isdigit()), None)
    return Thing(f"{path.stem}~{revision}{path.suffix}", revision, int(size) if size else None)
