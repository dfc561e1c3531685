"""The rules of a place outside the home: each version of a file is taken once, and nothing is taken away before it is taken."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hcm_pipeline.errors import ExtractRefused, ServiceError, ServiceUnavailable
from hcm_pipeline.extracts import Complete, Left, Taken
from hcm_pipeline.home import Home
from hcm_pipeline.sources import FarPlace, SeenAndTaken, Waiting
from tests.budget import examples

from .far import Clock, MemoryStore, fresh, lasting, passing, place


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


@pytest.fixture
def memory(home: Home) -> Iterator[SeenAndTaken]:
    with fresh(home) as opened:
        yield opened


def names(at: FarPlace) -> list[str]:
    return [each.name for each in at.look(None).waiting]


def took(at: FarPlace, home: Home) -> list[bytes]:
    """Take all that waits, as a run does: bytes, note, extract, removal."""
    found = []
    for each in at.look(None).waiting:
        if isinstance(at.state(each, 0, 0), Complete):
            taken = at.take(each, home)
            at.kept(each, taken, 0)
            found.append(taken.stored.read_bytes())
            at.remove(each, taken)
    return found


def why(at: FarPlace, each: Waiting) -> str:
    state = at.state(each, 0, 0)
    assert isinstance(state, Left)
    return state.reason


def test_a_file_that_is_left_is_taken_once_and_again_when_another_replaces_it(home: Home, memory: SeenAndTaken) -> None:
    store = MemoryStore()
    store.put("a.csv", "one")
    at = place(store, memory, Clock())
    assert (took(at, home), took(at, home)) == ([b"one"], [])
    store.put("a.csv", "two")
    assert (took(at, home), took(place(store, memory, Clock()), home)) == ([b"two"], [])
    assert store.files["a.csv"][1] == b"two"


def test_two_homes_take_each_what_they_need_from_one_place(tmp_path: Path) -> None:
    store = MemoryStore()
    store.put("a.csv", "one")
    for name in ("first", "second"):
        home = Home(tmp_path / name).create()
        with fresh(home) as memory:
            assert took(place(store, memory, Clock()), home) == [b"one"]


@pytest.mark.parametrize(
    ("keys", "moved"), [({"after": "delete"}, {}), ({"after": "move", "move_to": "done"}, {"done/a.csv": b"x"})]
)
def test_a_taken_file_is_deleted_or_moved_as_the_profile_says(
    home: Home, memory: SeenAndTaken, keys: dict[str, str], moved: dict[str, bytes]
) -> None:
    store = MemoryStore()
    store.put("a.csv", "x")
    assert took(place(store, memory, Clock(), **keys), home) == [b"x"]
    assert (store.files, store.moved) == ({}, moved)


def test_a_file_that_replaces_a_taken_one_before_it_is_deleted_stays_and_is_next(
    home: Home, memory: SeenAndTaken
) -> None:
    store = MemoryStore()
    store.put("a.csv", "one")
    at = place(store, memory, Clock(), after="delete")
    [each] = at.look(None).waiting
    taken = at.take(each, home)
    store.put("a.csv", "two")
    assert at.remove(each, taken) is False
    assert took(at, home) == [b"two"]
    assert store.files == {}


def test_a_file_that_somebody_else_takes_away_meanwhile_does_no_harm(home: Home, memory: SeenAndTaken) -> None:
    store = MemoryStore()
    for name in ("a.csv", "b.csv"):
        store.put(name, name)
    at = place(store, memory, Clock(), after="delete")
    first, second = at.look(None).waiting
    taken = at.take(first, home)
    store.files.clear()
    assert at.remove(first, taken) is True
    with pytest.raises(ExtractRefused, match="went away while it was read") as refused:
        at.take(second, home)
    assert refused.value.rule == "still_written"


def test_what_could_not_be_taken_away_is_taken_away_after_a_later_look(home: Home, memory: SeenAndTaken) -> None:
    store = MemoryStore()
    store.put("a.csv", "one")
    at = place(store, memory, Clock(), after="delete")
    [each] = at.look(None).waiting
    taken = at.take(each, home)
    store.faults = [lasting()]
    with pytest.raises(ServiceError, match=r"^place drop: "):
        at.remove(each, taken)
    assert (names(at), [one.name for one in at.overdue]) == ([], ["a.csv"])
    at.clear_away(at.overdue[0])
    assert store.files == {}


def test_a_download_that_breaks_off_leaves_nothing_and_is_tried_again(home: Home, memory: SeenAndTaken) -> None:
    store = MemoryStore()
    store.put("a.csv", "x" * 1000)
    store.cut = True
    assert took(place(store, memory, Clock()), home) == [b"x" * 1000]
    assert store.calls.count("read a.csv") == 2
    assert [path for path in home.scratch.rglob("*") if path.is_file()] == []


def test_a_place_that_does_not_answer_is_given_up_with_its_name(home: Home, memory: SeenAndTaken) -> None:
    store = MemoryStore(faults=[passing() for _ in range(100)])
    clock = Clock()
    with pytest.raises(ServiceUnavailable, match="place drop: it does not answer; it is tried again with the next run"):
        place(store, memory, clock).look(None)
    assert 1 < len(store.calls) < 10
    assert clock.now - Clock().now <= dt.timedelta(seconds=5)


def test_a_fault_that_lasts_is_not_tried_again(home: Home, memory: SeenAndTaken) -> None:
    store = MemoryStore(faults=[lasting()])
    with pytest.raises(ServiceError, match="place drop: there is no such bucket"):
        place(store, memory, Clock()).look(None)
    assert store.calls == ["list"]


def test_a_file_that_changes_while_it_is_read_is_not_taken(home: Home, memory: SeenAndTaken) -> None:
    store = MemoryStore()
    store.put("a.csv", "one")
    store.replace_while_read("a.csv", "two")
    at = place(store, memory, Clock())
    [each] = at.look(None).waiting
    with pytest.raises(ExtractRefused, match="was replaced while it was read"):
        at.take(each, home)
    assert took(at, home) == [b"two"]
    assert len([path for path in home.extracts.rglob("*") if path.is_file()]) == 1


def test_a_file_settles_by_what_two_looks_saw_whatever_its_own_clock_says(home: Home, memory: SeenAndTaken) -> None:
    store, clock = MemoryStore(), Clock()
    store.put("a.csv", "half")
    at = place(store, memory, clock, settle_seconds=10)
    [each] = at.look(None).waiting
    assert (why(at, each), at.settles_in(each)) == ("it has not been seen unchanged for 10 seconds", 10)
    clock.sleep(8)
    store.put("a.csv", "whole")
    [each] = at.look(None).waiting
    assert at.settles_in(each) == 10
    clock.sleep(10)
    at = place(store, memory, clock, settle_seconds=10)  # another process
    [each] = at.look(None).waiting
    assert at.state(each, 0, 0) == Complete(5)


def test_a_marker_file_says_when_a_file_is_complete_and_goes_with_it(home: Home, memory: SeenAndTaken) -> None:
    store = MemoryStore()
    store.put("a.csv", "one")
    at = place(store, memory, Clock(), ready=".done", after="delete")
    [each] = at.look(None).waiting
    assert why(at, each) == "no a.csv.done lies beside it yet"
    store.put("a.csv.done", "")
    assert took(at, home) == [b"one"]
    assert store.files == {}


@pytest.mark.parametrize("name", [".a.csv", "~a.csv"])
def test_a_name_that_says_unfinished_is_left(home: Home, memory: SeenAndTaken, name: str) -> None:
    store = MemoryStore()
    store.put(name, "one")
    at = place(store, memory, Clock())
    [each] = at.look(None).waiting
    assert "unfinished" in why(at, each)


def test_what_is_no_file_is_left_and_other_names_are_not_the_places_business(home: Home, memory: SeenAndTaken) -> None:
    store = MemoryStore(odd={"link.csv": "a symbolic link"})
    for name in ("link.csv", "workers.csv.part", "notes.txt", "A.csv", "other.csv"):
        store.put(name, "one")
    at = place(store, memory, Clock(), glob="[al]*")
    upper, link = at.look(None).waiting
    assert (upper.name, why(at, link)) == ("A.csv", "it is a symbolic link; put the file itself there")


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd.csv", "..\\x.csv", "a\nb.csv", "a\x1b[2J.csv", "\udcff.csv", "x" * 300 + ".csv", "a\0.csv"],
)
def test_a_name_that_could_do_harm_stops_only_itself(home: Home, memory: SeenAndTaken, name: str) -> None:
    store = MemoryStore()
    for each in (name, "z.csv"):
        store.put(each, "one")
    at = place(store, memory, Clock())
    bad = next(each for each in at.look(None).waiting if each.name == name)
    with pytest.raises(ExtractRefused) as refused:
        at.take(bad, home)
    assert (refused.value.rule, refused.value.lines[0].isprintable()) == ("file_name", True)
    assert "z.csv" in names(at)
    assert f"read {name}" not in store.calls


def test_a_try_that_ended_between_bytes_and_extract_goes_on_without_reading_again(
    home: Home, memory: SeenAndTaken
) -> None:
    store = MemoryStore()
    store.put("a.csv", "one")
    at = place(store, memory, Clock())
    [each] = at.look(None).waiting
    taken = at.take(each, home)
    at.kept(each, taken, 0)
    again = place(store, memory, Clock())
    [each] = again.look(None).waiting
    resumed = again.take(each, home)
    assert (resumed.sha256, resumed.resumed, store.calls.count("read a.csv")) == (taken.sha256, 0, 1)


def test_what_was_refused_is_tried_again(home: Home, memory: SeenAndTaken) -> None:
    store = MemoryStore()
    store.put("a.csv", "one")
    at = place(store, memory, Clock())
    [each] = at.look(None).waiting
    at.kept(each, at.take(each, home), 0)
    at.refused(each)
    assert at.look(None).waiting == (each,)
    assert at.take(each, home).resumed is None


def test_a_file_that_may_not_be_read_keeps_no_other_from_being_taken(home: Home, memory: SeenAndTaken) -> None:
    store = MemoryStore()
    for name in ("a.csv", "b.csv"):
        store.put(name, name)
    at = place(store, memory, Clock())
    first, second = at.look(None).waiting
    store.faults = [lasting()]
    with pytest.raises(ExtractRefused) as refused:
        at.take(first, home)
    assert refused.value.rule == "unreadable"
    assert at.take(second, home).stored.read_bytes() == b"b.csv"


def test_the_cursor_is_another_one_when_something_has_changed(home: Home, memory: SeenAndTaken) -> None:
    store = MemoryStore()
    at = place(store, memory, Clock())
    cursors = [at.look(None).cursor]
    for name in ("a.csv", "b.csv", "a.csv"):
        store.put(name, "one")
        cursors.append(at.look(cursors[-1]).cursor)
    assert len(set(cursors)) == 4
    assert at.look(None).cursor == cursors[-1]


class Died(Exception):
    """The process ended here."""


NAMES = st.sampled_from(["a.csv", "b.csv", "c.csv"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), NAMES),
        st.tuples(st.just("lose"), NAMES),
        st.tuples(st.just("run"), st.lists(st.sampled_from(["", "", "passing", "lasting", "replaced"]), max_size=6)),
        st.tuples(st.just("die"), st.sampled_from(["take", "kept", "enter", "remove"])),
    ),
    max_size=14,
)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, st.sampled_from(["leave", "move", "delete"]))
def test_whatever_fails_each_version_is_taken_once_and_nothing_goes_before_it_is_taken(
    tmp_path: Path, steps: list[tuple[str, object]], after: str
) -> None:
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        home, store, clock = Home(Path(folder) / "home").create(), MemoryStore(), Clock()
        entered: list[tuple[str, str]] = []
        keys = {"after": after, "move_to": "done" if after == "move" else None}
        real_delete, real_move, n = store.delete, store.move, 0

        def delete(thing: object) -> None:
            assert (thing.name, thing.mark) in entered  # type: ignore[attr-defined]
            real_delete(thing)  # type: ignore[arg-type]

        def move(thing: object, into: str) -> None:
            assert (thing.name, thing.mark) in entered  # type: ignore[attr-defined]
            real_move(thing, into)  # type: ignore[arg-type]

        store.delete, store.move = delete, move  # type: ignore[method-assign,assignment]

        def run(die: str = "") -> None:
            """One run, as `land` does it; `entered` is what the warehouse would hold."""

            def maybe(step: str) -> None:
                if step == die:
                    raise Died

            with fresh(home) as memory:
                at = place(store, memory, clock, **{k: v for k, v in keys.items() if v})
                for each in at.look(None).waiting:
                    try:
                        taken: Taken = at.take(each, home)
                    except ExtractRefused:
                        continue
                    maybe("take")
                    if taken.resumed is None or (each.name, each.mark) not in entered:
                        at.kept(each, taken, 0)
                        maybe("kept")
                        assert (each.name, each.mark) not in entered
                        entered.append((each.name, each.mark))
                    maybe("enter")
                    at.remove(each, taken)
                    maybe("remove")
                for each in at.overdue:
                    at.clear_away(each)

        for kind, what in steps:
            if kind == "put":
                n += 1
                store.put(str(what), f"{n % 3} some bytes")  # the same bytes come again
            elif kind == "lose":
                store.files.pop(str(what), None)
            elif kind == "die":
                with suppress(Died):
                    run(str(what))
            else:
                assert isinstance(what, list)
                faults = {"": None, "passing": passing(), "lasting": lasting()}
                store.faults = [faults.get(one) for one in what]
                if "replaced" in what and store.files:
                    store.replace_while_read(next(iter(store.files)), "late")
                with suppress(ServiceError):
                    run()
                store.faults, store.after_read = [], None
        present = {(name, str(version)) for name, (version, _) in store.files.items()}
        run()
        assert present <= set(entered)
        assert len(entered) == len(set(entered))
        assert (set(store.files) == set()) is (after != "leave" or not present)
        stored = [path for path in home.extracts.rglob("*") if path.is_file()]
        assert all(path.stat().st_mode & 0o777 == 0o400 for path in stored)
