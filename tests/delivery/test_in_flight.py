"""Attempts on their way: they are made side by side, and heard of one by one."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator

from hcm_pipeline.delivery import Answer, Reception
from hcm_pipeline.delivery.send.in_flight import Attempt, Request, Threads
from hcm_pipeline.http import NoAnswer, utc_now

ACCEPTED = Answer(Reception.ACCEPTED, "202", dt.datetime(2026, 11, 23, tzinfo=dt.UTC), 202)


def attempt(number: int) -> Attempt:
    """An attempt at a request of its own."""
    return Attempt(Request(number, number, b"%d" % number, ()), number, 0)


def test_attempts_are_on_their_way_together_and_told_as_they_end() -> None:
    together, let_go = threading.Barrier(3), threading.Event()

    def post(number: int, body: bytes) -> Answer:
        together.wait(10)  # breaks unless all three are here
        assert (number, body) != (2, b"2") or let_go.wait(10)
        return ACCEPTED

    flight = Threads(post, utc_now, lambda seconds: None)
    for number in range(3):
        flight.start(attempt(number))
    told = {ended.attempt.request.number for _ in range(2) if (ended := flight.next(10)) is not None}
    assert (told, flight.busy) == ({0, 1}, 1)
    assert flight.next(0.001) is None  # the third is still on its way
    let_go.set()
    last = flight.next(None)
    assert last is not None
    assert (last.attempt.request.number, last.result, flight.busy) == (2, ACCEPTED, 0)
    flight.close()


def test_what_an_attempt_raises_is_told_and_its_thread_goes_on() -> None:
    lost = NoAnswer("lost", sent=True)
    results: Iterator[Answer | NoAnswer] = iter([lost, ACCEPTED])

    def post(number: int, body: bytes) -> Answer:
        result = next(results)
        if isinstance(result, Exception):
            raise result
        return result

    flight = Threads(post, utc_now, lambda seconds: None)
    expected: Answer | NoAnswer
    for expected in (lost, ACCEPTED):
        flight.start(attempt(0))
        ended = flight.next(10)
        assert ended is not None
        assert ended.result is expected
    flight.close()


def test_with_nothing_on_its_way_the_wait_is_slept() -> None:
    slept: list[float] = []
    flight = Threads(lambda number, body: ACCEPTED, utc_now, slept.append)
    assert flight.next(2.5) is None
    assert slept == [2.5]
