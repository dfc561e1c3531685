"""Every place of the profile is fetched from, each file becomes one extract, and the fault of one place is that place's."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import orjson
import pysequoia
import pytest

from hcm_pipeline.alerts import WatchedPlace, place_alerts
from hcm_pipeline.errors import ServiceError, SignInFailed
from hcm_pipeline.flow import arrivals, fetching, landing
from hcm_pipeline.http import TryAgain
from hcm_pipeline.profile import PlaceSpec
from hcm_pipeline.sources.places import SeenAndTaken, Store
from tests.sources.far import MemoryStore
from tests.workers.driver import COLUMNS, PROFILE, Firm, worker

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
PLACES = """
[[places]]
name = "first"
url = "s3://first/in"
patience_seconds = 0
[[places]]
name = "second"
url = "s3://second/in"
after = "delete"
patience_seconds = 0
[[places]]
name = "nobodys"
url = "s3://third/in"
"""
AT_PLACES = PROFILE.replace('name = "people"\n', 'name = "people"\nplace = "first"\n').replace(
    'name = "news"\n', 'name = "news"\nplace = "second"\n'
)


class Site(Firm):
    """A firm with two places that sources are delivered to, and one that none is."""

    def __init__(self, folder: Path, more: str = "") -> None:
        super().__init__(folder, AT_PLACES, PLACES + more)
        self.stores = {"first": MemoryStore(), "second": MemoryStore()}
        self.now = NOON

    def opener(self, spec: PlaceSpec) -> Store:
        return self.stores[spec.name]

    def fetch(self) -> list[tuple[str, str, str | None]]:
        return [(one.name, one.result, one.place) for one in self.landed()]

    def landed(self) -> list[landing.Landed]:
        return landing.land(
            self.warehouse, self.loaded.profile, None, now=lambda: self.now, settle=0, opener=self.opener
        )

    def arrivals(self, cursor: str | None = None, **more: float) -> arrivals.Arrivals:
        return arrivals.find_arrivals(
            self.home, self.loaded.profile, cursor=cursor, clock=lambda: self.now, opener=self.opener, settle=0, **more
        )

    def extracts(self) -> list[tuple[str, str]]:
        return [(name, str(date)) for name, date in self.sql("select name, business_date from extracts order by name")]


def text(*numbers: int) -> str:
    rows = [worker(number) for number in numbers]
    return "\n".join([",".join(COLUMNS), *(",".join(row.get(c, "") for c in COLUMNS) for row in rows)]) + "\n"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_every_place_and_the_landing_folder_are_fetched_from_and_only_for_their_sources(site: Site) -> None:
    site.stores["first"].put("people-2026-11-02.csv", text(1, 2))
    site.stores["first"].put("news-2026-11-02.csv", text(1))
    site.stores["second"].put("news-2026-11-03.csv", text(3))
    (site.home.landing / "people-2026-11-04.csv").write_text(text(1, 2, 3))
    assert site.fetch() == [
        ("people-2026-11-04.csv", "taken", None),
        ("people-2026-11-02.csv", "taken", "first"),
        ("news-2026-11-03.csv", "taken", "second"),
    ]
    assert (len(site.stores["first"].files), len(site.stores["second"].files)) == (2, 0)
    assert site.fetch() == []
    assert all(store.calls[-1] == "close" for store in site.stores.values())


def test_a_place_that_fails_is_told_with_its_name_and_the_others_are_fetched_from(site: Site) -> None:
    site.stores["second"].put("news-2026-11-03.csv", text(3))
    for fault, said in (
        (SignInFailed("it refused the sign-in; name a key"), "place first: it refused the sign-in; name a key"),
        (ValueError("a value of somebody"), "place first: an unexpected fault (ValueError), whose text is in "),
    ):
        site.stores["first"].faults = [fault]
        failed, *others = site.landed()
        assert (failed.name, failed.result, failed.message.startswith(said)) == ("first", "unreachable", True)
        assert "somebody" not in failed.message
        assert [one.result for one in others] in (["taken"], [])
    assert site.extracts() == [("news-2026-11-03.csv", "2026-11-03")]


def test_a_place_that_breaks_off_in_the_middle_keeps_what_was_taken_and_goes_on_the_next_time(site: Site) -> None:
    for day in (1, 2, 3):
        site.stores["first"].put(f"people-2026-11-0{day}.csv", text(1, day + 1))
    site.stores["first"].faults = [None, None, TryAgain("gone")]
    results = site.fetch()
    assert [result for _, result, _ in results] == ["taken", "unreachable"]
    assert [result for _, result, _ in site.fetch()] == ["taken", "taken"]


def test_a_bad_file_of_a_place_stays_there_and_is_tried_again_and_the_others_are_taken(site: Site) -> None:
    site.stores["second"].put("news-2026-11-02.csv", "no header that fits\n")
    site.stores["second"].put("news-2026-11-03.csv", text(3))
    site.stores["second"].put("news.csv", text(3))
    for again in (["refused", "taken", "refused"], ["refused", "refused"]):
        assert [result for _, result, _ in site.fetch()] == again
    assert sorted(site.stores["second"].files) == ["news-2026-11-02.csv", "news.csv"]
    assert len([path for path in site.home.extracts.rglob("*") if path.is_file()]) == 1


def test_a_file_for_a_day_to_come_waits_in_its_place(site: Site) -> None:
    site.stores["second"].put("news-2026-11-21.csv", text(3))
    assert [result for _, result, _ in site.fetch()] == ["left"]
    site.now += dt.timedelta(days=1)
    assert [result for _, result, _ in site.fetch()] == ["taken"]


def test_a_file_that_cannot_be_taken_away_is_taken_all_the_same_and_goes_with_the_next_look(site: Site) -> None:
    store = site.stores["second"]
    store.put("news-2026-11-02.csv", text(3))
    store.faults = [None, None, ServiceError("no right to delete")]
    [landed] = site.landed()
    assert (landed.result, landed.message.endswith("it stays where it is: place second: no right to delete")) == (
        "taken",
        True,
    )
    assert (site.fetch(), store.files) == ([], {})


def test_a_run_that_ended_after_the_extract_was_entered_does_not_enter_it_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even when another statement for the date has come in between: what came first must not count as the later one."""
    store = site.stores["first"]
    store.put("people-2026-11-02.csv", text(1, 2))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("hcm_pipeline.sources.FarPlace.remove", killed)
        with pytest.raises(KeyboardInterrupt):
            site.fetch()
    (site.home.landing / "people-2026-11-02-corrected.csv").write_text(text(1, 2, 3))
    assert [(name, result) for name, result, _ in site.fetch()] == [
        ("people-2026-11-02-corrected.csv", "taken"), ("people-2026-11-02.csv", "known"),
    ]  # fmt: skip
    assert store.calls.count("read people-2026-11-02.csv") == 1
    assert len(site.extracts()) == 2


def test_a_run_that_ended_before_the_extract_was_entered_enters_it_even_if_the_bytes_are_those_of_an_older_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bytes again after a correction are a statement of their own."""
    store = site.stores["first"]
    for numbers in ((1, 2), (1, 2, 3)):
        store.put("people-2026-11-02.csv", text(*numbers))
        assert [result for _, result, _ in site.fetch()] == ["taken"]

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    store.put("people-2026-11-02.csv", text(1, 2))
    with monkeypatch.context() as patch:
        patch.setattr(landing, "said_before", killed)
        with pytest.raises(KeyboardInterrupt):
            site.fetch()
    assert [result for _, result, _ in site.fetch()] == ["taken"]
    assert len(site.extracts()) == 3


def test_an_encrypted_file_is_stored_decrypted_once_and_the_digest_of_what_was_delivered_is_kept(
    tmp_path: Path,
) -> None:
    key = pysequoia.Tsk.generate("pipeline")
    file = tmp_path / "key"
    file.touch(0o600)
    file.write_text(str(key))
    site = Site(tmp_path, f"[pgp]\nkey_file = '{file}'\n")
    for day, result in (("2026-11-02", "taken"), ("2026-11-02", "known")):
        message = pysequoia.encrypt(text(1, 2).encode(), recipients=[key.extract_certificate()])
        site.stores["first"].put(f"people-{day}.csv.pgp", message)
        [landed] = site.landed()
        assert (landed.result, "decrypted with the key" in landed.message) == (result, True)
    [stored] = [path for path in site.home.extracts.rglob("*") if path.is_file()]
    assert stored.read_text() == text(1, 2)
    with SeenAndTaken(site.home.places) as memory:
        rows = memory._file.db.execute("select delivered, sha256 from decrypted").fetchall()
    assert (len({row["delivered"] for row in rows}), {row["sha256"] for row in rows}) == (2, {stored.name})


def test_a_damaged_message_in_the_landing_folder_is_refused_and_leaves_no_copy(tmp_path: Path) -> None:
    site = Site(tmp_path)
    (site.home.landing / "people-2026-11-02.csv.pgp").write_bytes(bytes.fromhex("c16c0615") + b"x" * 200)
    [landed] = site.landed()
    assert (landed.result, landed.message) == (
        "refused", "it is encrypted, and the profile names no key: set pgp.key_file",
    )  # fmt: skip
    assert [path for path in site.home.extracts.rglob("*") if path.is_file()] == []


# --- arrivals


def test_arrivals_are_those_of_all_places_and_each_is_asked_when_its_time_has_come(site: Site) -> None:
    site.stores["first"].put("people-2026-11-02.csv", text(1, 2))
    (site.home.landing / "news-2026-11-03.csv").write_text(text(1))
    found = site.arrivals()
    assert sorted(found.dates) == ["2026-11-02", "2026-11-03"]
    again = site.arrivals(found.cursor)
    assert (again.dates, site.stores["first"].calls.count("list")) == (found.dates, 1)
    site.now += dt.timedelta(minutes=1)
    site.stores["first"].put("people-2026-11-02.csv", text(1, 2, 3))
    other = site.arrivals(again.cursor)
    assert other.dates["2026-11-02"] != found.dates["2026-11-02"]
    site.fetch()
    site.now += dt.timedelta(minutes=1)
    assert site.arrivals(other.cursor).dates == {}


def test_a_place_that_fails_is_asked_ever_more_seldom_and_keeps_no_other_from_arriving(site: Site) -> None:
    cursor, asked = None, []
    site.stores["second"].put("news-2026-11-03.csv", text(1))
    for _ in range(60):
        site.stores["first"].faults = [ServiceError("no such bucket")]
        found = site.arrivals(cursor)
        cursor = found.cursor
        asked.append(site.stores["first"].calls.count("list"))
        assert (list(found.dates), found.reasons) == (["2026-11-03"], ("place first: no such bucket",))
        site.now += dt.timedelta(minutes=1)
    assert (asked[0], 4 <= asked[-1] <= 8) == (1, True)


def test_a_place_that_never_answers_holds_up_nobody(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    real = MemoryStore.listing

    def slow(store: MemoryStore) -> object:
        if store is site.stores["first"]:
            time.sleep(0.3)  # longer than the bound: this is the answer that does not come
        return real(store)

    monkeypatch.setattr(MemoryStore, "listing", slow)
    began = time.monotonic()
    found = site.arrivals(bound=0.05)
    assert time.monotonic() - began < 0.3
    assert found.reasons == ("place first: no answer within 0 seconds",)
    site.stores["second"].put("news-2026-11-03.csv", text(1))
    assert list(site.arrivals(found.cursor).dates) == ["2026-11-03"]  # the one that was not reached is asked first


def test_a_name_of_other_bytes_is_a_reason_that_a_cursor_can_hold(site: Site) -> None:
    site.stores["first"].put("people-\udcff-2026-11-02.csv", text(1, 2))
    found = site.arrivals()
    assert (found.dates, len(found.reasons)) == ({}, 1)
    assert "no UTF-8" in found.reasons[0]
    assert [result for _, result, _ in site.fetch()] == ["refused"]


@pytest.mark.parametrize("cursor", ["", "nonsense", "[1]", '{"first": 3}', '{"first": {"x": 1}}'])
def test_a_cursor_that_is_no_longer_understood_begins_anew(site: Site, cursor: str) -> None:
    site.stores["first"].put("people-2026-11-02.csv", text(1, 2))
    found = site.arrivals(cursor)
    assert (list(found.dates), sorted(orjson.loads(found.cursor or ""))) == (["2026-11-02"], ["first", "second"])


# --- status


def test_status_shows_each_place_as_the_last_look_found_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def shown() -> list[tuple[str, bool, str | None, tuple[str, ...]]]:
        found = fetching.place_statuses(site.home, site.loaded.profile)
        return [(one.name, one.looked_at == site.now, one.fault, one.waiting) for one in found]

    assert shown() == [("first", False, None, ()), ("second", False, None, ())]
    site.stores["first"].put("people.csv", text(1, 2))
    site.stores["first"].put("people-2026-11-02.csv", text(1, 2))
    site.stores["second"].faults = [ServiceError("no such bucket")]
    site.fetch()
    assert shown() == [("first", True, None, ("people.csv",)), ("second", True, "place second: no such bucket", ())]


def test_a_place_that_keeps_failing_for_an_hour_is_told_until_it_answers(site: Site) -> None:
    def told() -> list[dict[str, str]]:
        watched = (
            WatchedPlace(one.name, one.looked_at, one.failing_since)
            for one in fetching.place_statuses(site.home, site.loaded.profile)
        )
        return [alert.facts for alert in place_alerts(watched, site.now)]

    began = site.now
    for minutes in (0, 30, 29):
        site.now += dt.timedelta(minutes=minutes)
        site.stores["second"].faults = [ServiceError("no such bucket of Ann's")]
        site.fetch()
        assert told() == []
    site.now += dt.timedelta(minutes=1)
    assert told() == [{"Place": "second", "Failing since": f"{began:%Y-%m-%d %H:%M}Z",
                       "Last look": f"{began + dt.timedelta(minutes=59):%Y-%m-%d %H:%M}Z"}]  # fmt: skip
    site.stores["second"].faults = []
    site.fetch()
    site.now += dt.timedelta(hours=2)
    assert told() == []
