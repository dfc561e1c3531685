"""Lanes: attempts are made side by side, and heard of one by one."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator

from hcm_pipeline.delivery.send.in_flight import Attempt, Request, Threads
from hcm_pipeline.entra.answers import Answer, NoAnswer
from hcm_pipeline.entra.timing import utc_now

ACCEPTED = Answer(202, "id", dt.datetime(2026, 11, 23, tzinfo=dt.UTC), None, "", "", "")


def attempt(number: int) -> Attempt:
    """An attempt at a request of its own."""
    return Attempt(Request(number, number, b"%d" % number, ()), "token", number, 0, 0)


def test_attempts_are_on_their_way_together_and_told_as_they_end() -> None:
    together, let_go = threading.Barrier(3), threading.Event()

    def post(body: bytes, token: str) -> Answer:
        together.wait(10)  # breaks unless all three are here
        assert body != b"2" or let_go.wait(10)
        return ACCEPTED

    lanes = Threads(post, utc_now, lambda seconds: None)
    for number in range(3):
        lanes.start(attempt(number))
    told = {ended.attempt.request.number for _ in range(2) if (ended := lanes.next(10)) is not None}
    assert (told, lanes.busy) == ({0, 1}, 1)
    assert lanes.next(0.001) is None  # the third is still on its way
    let_go.set()
    last = lanes.next(None)
    assert last is not None
    assert (last.attempt.request.number, last.result, lanes.busy) == (2, ACCEPTED, 0)
    lanes.close()


def test_what_an_attempt_raises_is_told_and_the_lane_goes_on() -> None:
    lost = NoAnswer("lost", sent=True)
    results: Iterator[Answer | NoAnswer] = iter([lost, ACCEPTED])

    def post(body: bytes, token: str) -> Answer:
        result = next(results)
        if isinstance(result, Exception):
            raise result
        return result

    lanes = Threads(post, utc_now, lambda seconds: None)
    expected: Answer | NoAnswer
    for expected in (lost, ACCEPTED):
        lanes.start(attempt(0))
        ended = lanes.next(10)
        assert ended is not None
        assert ended.result is expected
    lanes.close()


def test_with_nothing_on_its_way_the_wait_is_slept() -> None:
    slept: list[float] = []
    lanes = Threads(lambda body, token: ACCEPTED, utc_now, slept.append)
    assert lanes.next(2.5) is None
    assert slept == [2.5]
