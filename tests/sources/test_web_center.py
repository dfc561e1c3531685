"""Content of WebCenter is found by search, page after page, and read whether its file stands inside of the answer or behind it."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcm_pipeline.errors import ServiceError, SignInFailed
from hcm_pipeline.home import Home
from hcm_pipeline.http import TryAgain
from hcm_pipeline.sources.places import Gone, OracleSignIn, Thing, open_place
from hcm_pipeline.sources.places.web_center import WebCenter

from .far import Clock, fresh, place, spec

SEARCH = "dDocTitle <starts> `workers` <and> dSecurityGroup <matches> `HR&D`"


def envelope(inside: str, status: str = "0", message: str = "") -> bytes:
    """An answer, with a prefix that no other one has."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Header/>'
        '<env:Body><ns2:GenericResponse xmlns:ns2="http://www.oracle.com/UCM"><ns2:Service IdcService="X"><ns2:Document>'
        f'{inside}<ns2:Field name="StatusCode">{status}</ns2:Field><ns2:Field name="StatusMessage">{message}</ns2:Field>'
        "</ns2:Document></ns2:Service></ns2:GenericResponse></env:Body></env:Envelope>"
    ).encode()


def results(*rows: dict[str, str]) -> bytes:
    body = "".join(
        "<ns2:Row>" + "".join(f'<ns2:Field name="{k}">{v}</ns2:Field>' for k, v in row.items()) + "</ns2:Row>"
        for row in rows
    )
    other = '<ns2:ResultSet name="Other"><ns2:Row><ns2:Field name="dID">1</ns2:Field></ns2:Row></ns2:ResultSet>'
    return envelope(f'{other}<ns2:ResultSet name="SearchResults">{body}</ns2:ResultSet>')


def multipart(*parts: bytes, end: bytes = b"--") -> httpx.Response:
    body = b"".join(
        b"\r\n--the(b)\r\nContent-Type: x\r\nContent-ID: <%d>\r\n\r\n" % i + part for i, part in enumerate(parts)
    )
    kind = 'multipart/related; type="application/xop+xml"; boundary="the(b)"; start="<0>"'
    return httpx.Response(200, content=body + b"\r\n--the(b)" + end, headers={"Content-Type": kind})


def plain(content: bytes, status: int = 200) -> httpx.Response:
    return httpx.Response(status, content=content, headers={"Content-Type": "text/xml;charset=utf-8"})


def center(answer: Callable[[str], httpx.Response]) -> WebCenter:
    """A store over a pod that answers so to the XML of a call."""

    def handle(request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == "Basic eA=="
        assert str(request.url) == "https://pod.example/idcws/GenericSoapPort"
        return answer(request.content.decode())

    sign_in = OracleSignIn("https://pod.example", lambda: {"Authorization": "Basic eA=="})
    return WebCenter(spec("ucm://content", search=SEARCH), sign_in, httpx.MockTransport(handle))


def read(response: httpx.Response) -> bytes:
    return b"".join(center(lambda _: response).read(Thing("a.csv", "7")))


def test_a_search_is_walked_to_its_end_and_each_revision_is_a_thing_of_its_own() -> None:
    asked = []

    def answer(call: str) -> httpx.Response:
        asked.append(call)
        start = int(re.findall(r'name="StartRow">(\d+)<', call)[0])
        row = {
            "dID": str(start),
            "dOriginalName": "workers_2026-11-02.csv",
            "VaultFileSize": "9",
            "dDocName": f"D{start}",
        }
        pages = {
            1: multipart(results(row, {"dDocTitle": "no id"})),
            201: plain(results({**row, "dOriginalName": "", "dDocTitle": "t/x", "VaultFileSize": ""})),
        }
        return pages.get(start, plain(results()))

    found = center(answer).listing()
    assert [(thing.name, thing.mark, thing.size) for thing in found] == [
        ("workers_2026-11-02~1.csv", "1", 9), ("t_x~201", "201", None),
    ]  # fmt: skip
    assert len(asked) == 3
    assert "dSecurityGroup &lt;matches&gt; `HR&amp;D`" in asked[0]


def test_without_a_sign_in_to_oracle_the_place_says_what_is_missing() -> None:
    where = spec("ucm://content", search=SEARCH)
    with pytest.raises(ServiceError, match="set ORACLE_HCM_URL and its account"):
        open_place(where)
    assert isinstance(open_place(where, OracleSignIn("https://pod.example", dict)), WebCenter)


def test_an_item_that_a_service_tells_again_on_each_page_ends_the_walk() -> None:
    same = results({"dID": "5", "dOriginalName": "a.csv"})
    assert len(center(lambda _: plain(same)).listing()) == 1


@given(st.binary(max_size=200))
def test_a_file_behind_the_answer_or_inside_of_it_comes_byte_by_byte(data: bytes) -> None:
    text = base64.encodebytes(data).decode()
    inside = f'<ns2:File name="primaryFile"><ns2:Contents>{text}</ns2:Contents></ns2:File>'
    include = '<ns2:File name="primaryFile"><ns2:Contents><Include href="cid:1"/></ns2:Contents></ns2:File>'
    assert read(multipart(envelope(include), data)) == data
    assert read(plain(envelope(inside))) == data
    assert read(multipart(envelope(inside))) == data


def test_a_large_file_is_read_in_pieces_on_either_way() -> None:
    data = bytes(range(256)) * 8000
    inside = f"<ns2:File><ns2:Contents>{base64.b64encode(data).decode()}</ns2:Contents></ns2:File>"
    for response in (multipart(envelope("<ns2:File/>"), data), plain(envelope(inside))):
        pieces = list(center(lambda _, response=response: response).read(Thing("a.csv", "7")))  # type: ignore[misc]
        assert (b"".join(pieces) == data, len(pieces) > 3, max(map(len, pieces)) <= 1 << 19) == (True, True, True)


def test_an_answer_that_breaks_off_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(TryAgain, match="broke off"):
        read(httpx.Response(200, content=multipart(envelope(""), b"abc").content[:-12], headers=multipart().headers))
    with pytest.raises(ServiceError, match="no XML"):
        read(plain(envelope("<ns2:File><ns2:Contents>YWJj</ns2:Contents></ns2:File>")[:-30]))
    with pytest.raises(TryAgain, match="no base64"):
        read(plain(envelope("<ns2:File><ns2:Contents>YWJjZ</ns2:Contents></ns2:File>")))


@pytest.mark.parametrize(
    ("response", "kind", "said"),
    [
        (plain(b"", 401), SignInFailed, "give the account of ORACLE_HCM_. the right to read"),
        (plain(b"", 403), SignInFailed, "refused the sign-in"),
        (plain(b"", 503), TryAgain, "answered 503"),
        (plain(b"", 404), ServiceError, "check service_path"),
        (plain(b"<html>sign in", 200), ServiceError, "is no XML"),
        (plain(envelope("", "-1", "no such service")), ServiceError, "answered -1: no such service"),
        (plain(envelope("", "-16", "not there")), Gone, "^$"),
        (plain(b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'), ServiceError, "holds a DTD"),
        (plain(b"<e><Fault><faultstring>bad token</faultstring></Fault></e>"), ServiceError, "a fault: bad token"),
    ],
)  # fmt: skip
def test_refusals_are_told_apart(response: httpx.Response, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        center(lambda _: response).listing()


def test_a_revision_is_taken_once_and_the_next_one_of_the_same_name_too(tmp_path: Path) -> None:
    files = {"7": b"one", "8": b"two"}

    def answer(call: str) -> httpx.Response:
        if "GET_FILE" in call:
            return multipart(envelope(""), files[re.findall(r'name="dID">(\d+)<', call)[0]])
        return plain(results(*({"dID": key, "dOriginalName": "w.csv", "dFileSize": "3"} for key in files)))

    home = Home(tmp_path / "home").create()
    store = center(answer)
    with fresh(home) as memory:
        at = place(store, memory, Clock(), url="ucm://content", search=SEARCH)
        for expected in ([b"one", b"two"], [], [b"three"[:3]]):
            found = []
            for each in at.look(None).waiting:
                taken = at.take(each, home)
                at.remove(each, taken)
                found.append(taken.stored.read_bytes())
            assert found == expected
            if not expected:
                files["9"] = b"thr"
