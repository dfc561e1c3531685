"""A walk over a feed is the entries between its bounds, each of them, however the service pages."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcm_pipeline.errors import ServiceError, ServiceRefused, ServiceUnavailable
from hcm_pipeline.oracle import OracleClient, Page, Window
from tests.oracle.support import FEEDS, Answer, Site, StoppedTime, service, window
from tests.oracle.test_entries import of_json
from tests.sandbox.hcm_support import START

MINUTE = dt.timedelta(minutes=1)


def entry(number: int, at: dt.datetime = START) -> dict[str, Any]:
    stamp = at.isoformat().replace("+00:00", "Z")
    content = json.dumps({"Context": [{"PersonId": str(number)}]})
    return {"id": f"atomservlet:empupdate:EMP{number:012}", "updated": stamp, "published": stamp, "content": content}


def stamp(query: httpx.QueryParams, name: str) -> dt.datetime | None:
    return dt.datetime.fromisoformat(query[name]) if name in query else None


class Feed:
    """A feed of entries with stamps, as the facts have it; `cap` bounds its pages, `order` is what it keeps to."""

    def __init__(self, stamps: list[dt.datetime], cap: int = 10, order: str = "asked") -> None:
        self.entries = [entry(number + 1, at) for number, at in enumerate(stamps)]
        self.cap, self.order = cap, order
        self.asked: list[httpx.Request] = []
        self.before: Callable[[int], None] = lambda page: None

    def __call__(self, request: httpx.Request) -> Answer:
        self.asked.append(request)
        query = request.url.params
        page = int(query.get("page", "1"))
        self.before(page)
        least, most = stamp(query, "published-min"), stamp(query, "published-max")
        assert most is not None
        held = [one for one in self.entries if (not least or at(one) > least) and at(one) <= most]
        held.sort(key=at, reverse=self.order == "newest" or "orderBy" not in query)
        size = min(self.cap, int(query.get("page-size", "10")))
        shown = held[(page - 1) * size : page * size]
        return json.loads(of_json(*shown)) if shown else {"feed": {"id": "x"}}


def at(one: dict[str, Any]) -> dt.datetime:
    return dt.datetime.fromisoformat(one["published"])


def numbers(pages: list[Page]) -> list[int]:
    return [int(one.person_id or 0) for page in pages for one in page.entries]


STAMPS = st.lists(st.integers(-8, 3).map(lambda minutes: START + minutes * MINUTE), max_size=40)


@given(STAMPS, st.integers(1, 12), st.sampled_from(["asked", "newest"]), st.none() | st.integers(-9, 0))
def test_a_walk_is_the_entries_between_its_bounds_whatever_the_page_size_ties_and_order(
    stamps: list[dt.datetime], cap: int, order: str, since: int | None
) -> None:
    feed = Feed(stamps, cap, order)
    least = None if since is None else START + since * MINUTE
    with service(feed) as client:
        found = numbers(list(client.walk(window(since=least))))
    wanted = [number + 1 for number, one in enumerate(stamps) if one <= START and (least is None or one > least)]
    assert sorted(found) == wanted
    assert len({(ask.url.params.get("published-min"), ask.url.params["published-max"]) for ask in feed.asked}) == 1


@given(st.integers(1, 30), st.integers(1, 7), st.randoms(use_true_random=False), st.sampled_from(["asked", "newest"]))
def test_nothing_is_lost_though_entries_arrive_take_effect_or_leave_between_pages(
    size: int, cap: int, chance: random.Random, order: str
) -> None:
    feed = Feed([START - (size - number) * MINUTE for number in range(size)], cap, order)
    events = ["arrive", "late", *(["leave"] if order == "asked" else [])]

    def before(page: int) -> None:
        event = chance.choice([*events, "", ""]) if budget else ""
        if event:
            budget.pop()
        if event == "arrive":  # above the window
            feed.entries.append(entry(1000 + len(feed.entries), START + MINUTE))
        elif event == "late":  # within it, seen after its stamp
            feed.entries.append(entry(2000 + len(feed.entries), START - chance.randrange(size) * MINUTE))
        elif event == "leave" and feed.entries:
            feed.entries.remove(min(feed.entries, key=at))

    budget = [1, 2, 3]
    feed.before = before
    with service(feed) as client:
        found = set(numbers(list(client.walk(window(since=None)))))
    stayed = {int(json.loads(one["content"])["Context"][0]["PersonId"]) for one in feed.entries if at(one) <= START}
    assert {number for number in stayed if number < 1000} <= found


def test_a_page_size_that_is_refused_is_lowered_and_remembered() -> None:
    feed = Feed([START] * 30, cap=100)

    def strict(request: httpx.Request) -> Answer:
        return (400, b"page-size") if int(request.url.params.get("page-size", "0")) > 25 else feed(request)

    with service(strict, page_size=500) as client:
        assert sorted(numbers(list(client.walk(window())))) == list(range(1, 31))
        calls = client.calls["feed"]
        list(client.walk(window()))
        assert client.calls["feed"] == 2 * calls - 1  # one that was refused


def test_a_service_without_an_order_is_asked_without_one() -> None:
    feed = Feed([START - number * MINUTE for number in range(30)])

    def plain(request: httpx.Request) -> Answer:
        return (400, {"title": "bad"}) if "orderBy" in request.url.params else feed(request)

    with service(plain) as client:
        assert sorted(numbers(list(client.walk(window())))) == list(range(1, 31))


def test_a_question_that_is_refused_in_every_form_is_told() -> None:
    with service(lambda _: (400, b"no")) as client, pytest.raises(ServiceRefused, match="empupdate: 400"):
        list(client.walk(window()))


@pytest.mark.parametrize("size", [1, 7, 300])
def test_a_service_that_ignores_the_page_is_noticed(size: int) -> None:
    with (
        service(lambda _: json.loads(of_json(*(entry(number) for number in range(1, size + 1))))) as client,
        pytest.raises(ServiceError, match="ignores `page`"),
    ):
        list(client.walk(window()))


def test_an_entry_that_is_told_many_times_ends_no_walk() -> None:
    feed = Feed([START] * 3, cap=1)
    feed.entries[1:1] = [feed.entries[0]] * 20
    with service(feed) as client:
        assert set(numbers(list(client.walk(window())))) == {1, 2, 3}


def test_both_context_roots_are_tried_and_the_one_that_works_is_kept() -> None:
    feed = Feed([START])
    paths: list[str] = []

    def old(request: httpx.Request) -> Answer:
        paths.append(request.url.path)
        return feed(request) if request.url.path.startswith("/hcmCoreApi/") else (404, b"")

    with service(old) as client:
        assert numbers(list(client.walk(window()))) == [1]
        assert numbers(list(client.walk(window("newhire")))) == [1]
    assert [path.split("/")[1] for path in paths] == ["hcmRestApi", *["hcmCoreApi"] * 6]


def test_a_feed_that_is_nowhere_is_told_and_the_next_is_still_found_under_either_root() -> None:
    feed = Feed([START])

    def partly(request: httpx.Request) -> Answer:
        return feed(request) if request.url.path == "/hcmCoreApi/atomservlet/employee/newhire" else (404, b"")

    with service(partly) as client:
        with pytest.raises(ServiceRefused, match="empupdate: 404: there is no such feed") as caught:
            list(client.walk(window()))
        assert caught.value.status == 404
        assert numbers(list(client.walk(window("newhire")))) == [1]


def test_a_page_that_is_broken_in_json_is_asked_for_again_and_then_in_xml() -> None:
    feed = Feed([START])
    accepted: list[str] = []

    def broken(request: httpx.Request) -> Answer:
        accepted.append(request.headers["Accept"])
        if request.url.params["page"] == "1" and request.headers["Accept"] == "application/json":
            return b'{"feed": {"entries": [{"id": "1", oracle.jbo.Key'
        if request.url.params["page"] == "1":
            return b'<feed><entry><id>x:EMP1</id><content>{"Context":[{"PersonId":"1"}]}</content></entry></feed>'
        return feed(request)

    with service(broken) as client:
        assert numbers(list(client.walk(window()))) == [1]
    assert accepted[:3] == ["application/json", "application/json", "application/atom+xml"]


def test_a_page_that_is_broken_in_every_format_ends_the_walk_with_a_clear_error() -> None:
    with (
        service(lambda _: b"Sign in") as client,
        pytest.raises(ServiceError, match="page 1 cannot be read"),
    ):
        list(client.walk(window()))


def test_a_service_of_xml_alone_is_asked_for_xml() -> None:
    def xml(request: httpx.Request) -> Answer:
        if "json" in request.headers["Accept"]:
            return 406, b""
        return b"<feed><entry><id>x:EMP1</id></entry></feed>" if request.url.params["page"] == "1" else b"<feed/>"

    with service(xml) as client:
        assert len(list(client.walk(window()))) == 1


def test_entries_that_keep_leaving_end_the_walk_so_that_it_is_tried_again_later() -> None:
    feed = Feed([START - number * MINUTE for number in range(60)], cap=2)

    def before(page: int) -> None:
        if feed.entries:
            feed.entries.remove(min(feed.entries, key=at))
        feed.entries.append(entry(3000 + len(feed.asked), START))

    feed.before = before
    with service(feed) as client, pytest.raises(ServiceUnavailable, match="leave the feed"):
        list(client.walk(window(since=None)))


def test_the_archive_is_asked_for_by_its_own_word_and_a_workspace_may_be_named() -> None:
    feed = Feed([START])
    with service(feed) as client:
        list(client.walk(window("workstructures/jobs", archived=True)))
    assert feed.asked[0].url.params["archive"] == "yes"
    assert feed.asked[0].url.path == "/hcmRestApi/atomservlet/workstructures/jobs"


# --- the sandbox's Oracle HCM


def walked(client: OracleClient, feed: str, until: dt.datetime, clock: Any = "published") -> list[int]:
    return numbers(list(client.walk(Window(feed, clock, None, until))))


@pytest.mark.parametrize("cap", [1, 3, 25])
def test_the_sandbox_is_walked_over_all_its_feeds(hcm: Site, cap: int) -> None:
    hcm.office.set(page_size_cap=cap)
    for number in range(7):
        hcm.office.hire(f"{number}")
    hcm.office.act(
        {"do": "terminate", "person_number": "3", "on": "2031-04-30"}, {"do": "cancel", "person_number": "4"}
    )
    with hcm.client() as client:
        found = {feed: walked(client, feed, START) for feed in FEEDS}
    assert {feed: len(set(people)) for feed, people in found.items()} == {
        "newhire": 7, "empassignment": 0, "empupdate": 0, "termination": 1, "cancelworkrelship": 1, "workrelshipupdate": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    "kind", ["duplicate_entry", "malformed_stamp", "same_stamp", "no_attributes", "doubled_id", "broken_content"]
)
def test_each_fault_of_entries_leaves_a_hint_that_names_the_worker(hcm: Site, kind: str) -> None:
    hcm.office.fault(kind, times=100, **({"seconds": 3600} if kind == "same_stamp" else {}))
    people = [hcm.office.hire(f"{number}") for number in range(5)]
    with hcm.client(page_size=2) as client:
        pages = list(client.walk(Window("newhire", "published", None, START)))
    entries = {one.entry_id: one for page in pages for one in page.entries}
    assert len(entries) == len(people)
    assert len({one.person_id for one in entries.values()}) == len(people)
    if kind == "broken_content":
        assert all(one.fault for one in entries.values())


def test_the_services_clock_is_read_from_any_answer(hcm: Site) -> None:
    hcm.office.set(clock_ahead_seconds=-400.0, refused=[])
    with hcm.client() as client:
        assert client.service_time() == START - dt.timedelta(seconds=400)
        assert client.calls == {"time": 1}
    with service(lambda _: httpx.Response(404)) as other:
        assert other.service_time() == StoppedTime().now
