"""A store in memory, whose calls fail as often as a test wants, and a place over it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from hcm_pipeline.errors import ServiceError
from hcm_pipeline.home import Home
from hcm_pipeline.http import Patience, TryAgain
from hcm_pipeline.profile import PlaceSpec
from hcm_pipeline.sources import FarPlace, SeenAndTaken
from hcm_pipeline.sources.places import Changed, Gone, Thing

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


@dataclass
class MemoryStore:
    """Files by name, each with the number of its version. `faults` are raised one after the other, by the calls to come."""

    files: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    moved: dict[str, bytes] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)
    faults: list[Exception | None] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    cut: bool = False
    """Whether the next piece that is read ends early with a fault that passes."""
    after_read: Callable[[], None] | None = None
    versions: int = 0

    def put(self, name: str, data: bytes | str) -> str:
        """Write a file; the answer is its mark."""
        self.versions += 1
        self.files[name] = (self.versions, data.encode() if isinstance(data, str) else data)
        return str(self.versions)

    def replace_while_read(self, name: str, data: str) -> None:
        """Write a file over another one at the end of the next reading."""

        def write() -> None:
            self.after_read = None
            self.put(name, data)

        self.after_read = write

    def listing(self) -> Sequence[Thing]:
        self._call("list")
        return [
            Thing(name, str(version), len(data), None, self.odd.get(name))
            for name, (version, data) in self.files.items()
        ]

    def read(self, thing: Thing) -> Iterator[bytes]:
        self._call(f"read {thing.name}")
        data = self._current(thing)
        half = len(data) // 2
        yield data[:half]
        if self.cut:
            self.cut = False
            raise TryAgain("the connection broke off")
        yield data[half:]
        if self.after_read:
            self.after_read()
        self._current(thing)

    def delete(self, thing: Thing) -> None:
        self._call(f"delete {thing.name}")
        self._current(thing)
        del self.files[thing.name]

    def move(self, thing: Thing, folder: str) -> None:
        self._call(f"move {thing.name}")
        self.moved[f"{folder}/{thing.name}"] = self._current(thing)
        del self.files[thing.name]

    def close(self) -> None:
        self.calls.append("close")

    def _current(self, thing: Thing) -> bytes:
        if thing.name not in self.files:
            raise Gone
        version, data = self.files[thing.name]
        if str(version) != thing.mark:
            raise Changed
        return data

    def _call(self, what: str) -> None:
        self.calls.append(what)
        if self.faults and (fault := self.faults.pop(0)):
            raise fault


def spec(url: str = "s3://bucket/in", **keys: Any) -> PlaceSpec:
    """A place of the profile."""
    return PlaceSpec(name="drop", url=url, **keys)


class Clock:
    """A clock that goes on when it is told to, and by what is slept."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> dt.datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)


def place(store: object, memory: SeenAndTaken, clock: Clock, *, patience: Any = 5.0, **keys: Any) -> FarPlace:
    """A place over a store, whose sources take every name that ends with .csv."""
    return FarPlace(
        spec(**keys),
        lambda name: name.endswith(".csv"),
        lambda _: store,  # type: ignore[arg-type,return-value]
        memory,
        clock=clock,
        patience=Patience(first_wait=1.0, give_up_after=patience, sleep=clock.sleep, jitter=lambda low, high: high),
    )


def passing() -> Exception:
    """A fault that passes."""
    return TryAgain("it does not answer")


def lasting() -> Exception:
    """A fault that a person must mend."""
    return ServiceError("there is no such bucket")


def fresh(home: Home) -> SeenAndTaken:
    """The memory of a home."""
    return SeenAndTaken(home.places)
