"""An entry of a feed is read in every shape that pods send, and kept raw whatever it says."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcm_pipeline.oracle import Entry
from hcm_pipeline.oracle.feed_answers import UnreadableFeed, entries_of
from hcm_pipeline.oracle.feed_content import Said, entries_about, entry_of
from hcm_pipeline.oracle.stamps import day, moment, written

CONTEXT = {
    "PersonId": "300000000100007", "PersonNumber": "0004711", "PeriodOfServiceId": "300000000200007", "PeriodType": "E",
    "EffectiveStartDate": "2031-04-01", "EffectiveDate": "2031-04-02", "DMLOperation": "insert", "Assignment Id": "9",
}  # fmt: skip
RELATED = (
    "https://hcm.test:443/hcmRestApi/resources/11.13.18.05/emps?q=PersonId=300000000100007&effectiveDate=2031-04-01"
)


def said(content: object, **given: Any) -> Said:
    usual = {"id": "atomservlet:newhire:EMP300000000900100", "updated": "2031-04-01T00:00:00.000Z",
             "published": "2031-03-20T08:00:00Z", "links": (("related", RELATED),), "raw": b"raw"}  # fmt: skip
    return Said(**{**usual, "content": content, **given})


def read(content: object, **given: Any) -> Entry:
    return entry_of("newhire", said(content, **given))


def of_json(*entries: object) -> bytes:
    return json.dumps(
        {"feed": {"id": "urn:uuid:1", "links": [], "entries": list(entries)}}, ensure_ascii=False
    ).encode()


def of_xml(content: str, extra: str = "") -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom"><id>urn:uuid:1</id>'
        f'<entry><id>atomservlet:newhire:EMP300000000900100</id><updated>2031-04-01T00:00:00Z</updated>{extra}'
        f'<link rel="related" href="{escape(RELATED)}"/><content type="text">{escape(content)}</content></entry></feed>'
    ).encode()  # fmt: skip


@pytest.mark.parametrize(
    "wrap", [json.dumps, dict, lambda one: json.dumps(json.dumps(one))], ids=["text", "object", "twice"]
)
@pytest.mark.parametrize("many", [lambda one: [one], lambda one: one], ids=["list", "one"])
def test_content_says_the_same_as_text_or_object_with_contexts_in_a_list_or_not(wrap: Any, many: Any) -> None:
    entry = read(wrap({"Context": many(CONTEXT)}))
    assert (entry.person_id, entry.person_number, entry.dml, entry.period_type) == (
        "300000000100007",
        "0004711",
        "INSERT",
        "E",
    )
    assert entry.period_of_service_id == "300000000200007"
    assert entry.effective_dates == (dt.date(2031, 4, 1), dt.date(2031, 4, 2))
    assert entry.fault is None


@pytest.mark.parametrize("key", ["Person Id", "PersonId", "PERSON_ID", "personid"])
def test_a_key_may_have_blanks_and_any_case(key: str) -> None:
    assert read({"context": [{key: 300000000100007}]}).person_id == "300000000100007"


@pytest.mark.parametrize(
    "changed",
    [
        [{"ActualTerminationDate": {"old": "", "new": "2032-01-31"}}],
        [{"ActualTerminationDate": {"old": None, "new": "2032-01-31"}}],
        [{"ActualTerminationDate": {"new": "2032-01-31"}}],
        [{"ActualTerminationDate": "2032-01-31"}],
        {"ActualTerminationDate": "2032-01-31", "ProjectedEndDate": "4712-12-31", "DateOfBirth": "1990-01-01"},
        [{"LastName": {"old": "2001-01-01", "new": "X"}}, {"DateStart": "2032-01-31T00:00:00.000+00:00"}],
    ],
)
def test_dates_of_changed_attributes_count_in_each_form_but_no_open_end_and_no_birthday(changed: object) -> None:
    assert read({"Context": [{"PersonId": "1"}], "Changed Attributes": changed}).effective_dates == (
        dt.date(2032, 1, 31),
    )


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ('{"Context": [{"PersonId": "3000', "the content is not JSON"), ("", "the content is blank"),
        (None, "the entry has no content"), ({"Changed Attributes": []}, "the content has no context"),
        (["x", "y"], "the content is no object"), ("NaN", "the content is not JSON"), ("[" * 3000, "the content is not JSON"),
    ],
)  # fmt: skip
def test_a_content_that_cannot_be_read_is_told_and_its_link_names_the_worker(content: object, fault: str) -> None:
    entry = read(content)
    assert (entry.fault, entry.person_id, entry.raw) == (fault, "300000000100007", b"raw")


def test_a_broken_content_without_a_link_names_the_worker_by_a_whole_id_only() -> None:
    assert read('{"PersonId" : "300000000100007", "x": ', links=()).person_id == "300000000100007"
    cut = read('{"PersonId" : "30000000010', links=())
    assert (cut.person_id, cut.person_number) == (None, None)
    assert read({"Context": []}, links=(("workers", "/workers?q=PersonNumber%3D'O''X'"),)).person_number == "O'X"
    assert (
        read({"Context": []}, links=(("emps", "https://x.test/emps/300000000100007"),)).person_id == "300000000100007"
    )
    assert read({"Context": [{}]}, links=(("edit", RELATED),)).fault == "the entry names no worker"


def test_an_entry_that_names_several_workers_is_one_for_each() -> None:
    others = [{"PersonNumber": "1"}, {"PersonId": "300000000100007"}, {"PersonId": "2"}, {"PersonNumber": "1"}, {}]
    found = list(entries_about("newhire", said({"Context": [CONTEXT, *others]})))
    assert [(one.person_id, one.person_number) for one in found] == [
        ("300000000100007", "0004711"), (None, "1"), ("2", None)]  # fmt: skip
    assert len({one.entry_id for one in found}) == 3
    assert {(one.raw, one.effective_dates) for one in found} == {(found[0].raw, found[0].effective_dates)}


def test_control_characters_within_the_content_do_no_harm() -> None:
    entry = read('{"Context": [{"PersonId": "7", "PersonName": "a\n\tb\x08"}]}')
    assert (entry.person_id, entry.fault) == ("7", None)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("atomservlet:newhire:EMP300000000900100", "atomservlet:newhire:EMP300000000900100"),
        ("atomservlet:newhire:atomservlet:newhire:EMP300000000900100", "atomservlet:newhire:EMP300000000900100"),
        ("https://hcm.test/hcmCoreApi/atomservlet/employee/newhire/hcmCoreApi/atomservlet/employee/newhire/EMP7",
         "atomservlet:newhire:EMP7"),
        ("urn:uuid:00000000-0000-4000-8000-00000000e000", "urn:uuid:00000000-0000-4000-8000-00000000e000"),
        ("tag:x,2031:update", "tag:x,2031:update"),
    ],
)  # fmt: skip
def test_an_id_is_one_however_often_its_path_is_printed(text: str, wanted: str) -> None:
    assert read({}, id=text).entry_id == wanted


def test_an_entry_without_an_id_has_the_one_of_its_link_or_of_its_bytes() -> None:
    assert read({}, id=" ", links=(("edit", "/x/newhire/EMP5"),)).entry_id == "atomservlet:newhire:EMP5"
    ids = {read({}, id="", links=(), raw=raw).entry_id for raw in (b"a", b"b", b"a")}
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2031-03-04T09:15:02.117Z", (9, 15, 2, 117000)), ("2031-03-04T09:15:02Z", (9, 15, 2, 0)),
        ("2031-03-04T09:15:02+00:00", (9, 15, 2, 0)), ("2031-03-04T10:15:02.5+01:00", (9, 15, 2, 500000)),
        ("2031-03-04T18:00:00000Z", (18, 0, 0, 0)), (" 2031-03-04T09:15:02 ", (9, 15, 2, 0)), ("2031-03-04T09:15Z", (9, 15, 0, 0)),
        ("2031-03-04", (0, 0, 0, 0)),
    ],
)  # fmt: skip
def test_a_stamp_is_read_in_each_form(text: str, wanted: tuple[int, int, int, int]) -> None:
    hour, minute, second, micro = wanted
    assert moment(text) == dt.datetime(2031, 3, 4, hour, minute, second, micro, tzinfo=dt.UTC)


@given(st.one_of(st.none(), st.integers(), st.text(), st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.{0,8}Z?")))
def test_what_is_no_stamp_is_none_and_never_an_error(text: object) -> None:
    found, date = moment(text), day(text)
    assert found is None or (isinstance(text, str) and written(found)[:4].isdigit())
    assert date is None or isinstance(text, str)


def test_a_moment_is_asked_for_in_milliseconds_of_utc_rounded_down() -> None:
    at = dt.datetime(2031, 3, 4, 10, 0, 0, 1999, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    assert written(at) == "2031-03-04T09:00:00.001Z"


# --- the answers


def test_json_and_xml_of_an_entry_say_the_same_and_keep_their_own_bytes() -> None:
    content = json.dumps({"Context": [{**CONTEXT, "PersonName": "Zoë <Núñez> & Co"}]}, ensure_ascii=False)
    as_json = of_json(
        {"id": "atomservlet:newhire:EMP300000000900100", "content": content, "updated": "2031-04-01T00:00:00Z"}
    )
    as_xml = of_xml(content)
    [one], [other] = entries_of(as_json, ""), entries_of(as_xml, "")
    first, second = entry_of("newhire", one), entry_of("newhire", other)
    assert first.content_sha256 == second.content_sha256
    assert (first.entry_id, first.updated, first.effective_dates) == (
        second.entry_id,
        second.updated,
        second.effective_dates,
    )
    assert first.raw in as_json
    assert json.loads(first.raw)["content"] == content
    assert second.raw in as_xml
    assert (second.raw[:7], second.raw[-8:]) == (b"<entry>", b"</entry>")


@pytest.mark.parametrize(
    "body",
    [
        b'{"feed": {"id": "x"}}', b'{"feed": {"entries": []}}', b'\xef\xbb\xbf {"entries": null}', b"{}", b"[]",
        b'<feed xmlns="http://www.w3.org/2005/Atom"><id>x</id></feed>', b"<feed/>",
    ],
)  # fmt: skip
def test_a_feed_without_entries_is_empty(body: bytes) -> None:
    assert entries_of(body, "application/json") == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"  ", b"Service is busy", b'{"feed": {"entries": [{"id": "1"}', b'{"feed": {"entries": [{"id": "1"}]}', b'{"a": 1} x',
        b"<html><body>Sign in</body></html>", b"<feed><entry></feed>", b"[" * 5000, b'{"feed": {"entries": [1 2]}}', b"\xff\xff{",
        b'<?xml version="1.0" encoding="no-such"?><feed/>',
    ],
)  # fmt: skip
def test_an_answer_that_is_no_feed_is_never_taken_for_an_empty_one(body: bytes) -> None:
    with pytest.raises(UnreadableFeed):
        entries_of(body, "text/html")


BOMB = '<!DOCTYPE f [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE f [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "doctype", [BOMB, OUTSIDE, '<!DOCTYPE f SYSTEM "http://attacker.test/x.dtd">', "<!DOCTYPE feed>"]
)
def test_entities_are_refused_before_they_are_looked_at(doctype: str) -> None:
    with pytest.raises(UnreadableFeed, match="DTD"):
        entries_of(f'<?xml version="1.0"?>{doctype}<feed><entry><id>&b;&x;</id></entry></feed>'.encode(), "")


@pytest.mark.parametrize("sign", ["\x08", "\x1f", "&#8;", "&#x1F;", "&#0;"])
def test_control_characters_that_xml_does_not_have_do_no_harm(sign: str) -> None:
    body = of_xml(json.dumps({"Context": [CONTEXT]})).replace(
        b"</updated>", b"</updated><title>a" + sign.encode() + b"b</title>"
    )
    [one] = entries_of(body, "")
    assert entry_of("newhire", one).person_number == "0004711"


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "utf-16"])
def test_xml_is_read_in_the_encoding_that_it_names(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><feed><entry><id>é1</id></entry></feed>'
    [one] = entries_of(text.encode(encoding), "application/xml")
    assert one.id == "é1"
    assert one.raw.startswith("<entry>".encode(encoding.replace("utf-16", "utf-16-le")))
    assert one.raw in text.encode(encoding)


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=20)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-(2**60), 2**60), TEXTS)
CONTEXTS = st.dictionaries(st.sampled_from([*CONTEXT, "Extra"]), VALUES, max_size=6)


@given(st.lists(CONTEXTS, max_size=3), st.sampled_from(["text", "object"]))
def test_no_entry_is_lost_and_none_fails_whatever_its_context_says(
    contexts: list[Mapping[str, Any]], form: str
) -> None:
    entries = [{"id": f"x:{number}", "content": json.dumps({"Context": [one]}) if form == "text" else {"Context": [one]}}
               for number, one in enumerate(contexts)]  # fmt: skip
    body = of_json(*entries)
    found = [entry_of("empupdate", one) for one in entries_of(body, "")]
    assert [json.loads(one.raw)["id"] for one in found] == [one["id"] for one in entries]
    assert all(one.raw in body and len(one.content_sha256) == 64 for one in found)
    assert all(one.person_id or one.person_number or one.fault for one in found)


@given(
    st.recursive(
        VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8
    )
)
def test_an_element_that_is_no_entry_is_kept_all_the_same(value: Any) -> None:
    [one] = entries_of(of_json(value), "")
    entry = entry_of("empupdate", one)
    assert json.loads(entry.raw) == value
    assert entry.fault
