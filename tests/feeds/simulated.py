"""Oracle HCM at the border of `flow.feeding.Hcm`: people whose facts come one by one, entries that tell of them, and faults."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson

from hcm_pipeline.errors import ServiceUnavailable
from hcm_pipeline.feeds import NOT_READ, NUMBER, STATUS
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.home import Home
from hcm_pipeline.oracle import Entry, Page, Person, Reading, Window
from hcm_pipeline.settings import Settings

START = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@dataclass
class Employment:
    """One work relationship: from its start to its last day, both inclusive."""

    start: dt.date
    last: dt.date | None = None


@dataclass
class Somebody:
    """A person of the simulation. `departments`: from which date which."""

    number: str
    name: str
    employments: list[Employment] = field(default_factory=list)
    departments: dict[dt.date, str] = field(default_factory=dict)
    hidden: bool = False

    def row(self, on: dt.date) -> dict[str, str] | None:
        """As the service shows the person on a date; None: not yet, or not any more."""
        begun = [one for one in self.employments if one.start <= on]
        if not begun or self.hidden:
            return None
        here = [one for one in begun if one.last is None or one.last >= on]
        speaks = max(here or begun, key=lambda one: one.start)
        department = max((since, name) for since, name in self.departments.items() if since <= on)[1]
        return {
            NUMBER: self.number, "Person Id": f"3{self.number}", STATUS: str(bool(here)), "Last Name": self.name,
            "Department Name": department, "Hire Date": str(speaks.start), "Termination Date": str(speaks.last or ""),
        }  # fmt: skip


@dataclass
class Simulated:
    """The service. `page_size` entries a page; `lag`: how long an entry stays invisible; `fails`: calls that fail, by number."""

    now: dt.datetime = START
    page_size: int = 2
    lag: dt.timedelta = dt.timedelta()
    people: dict[str, Somebody] = field(default_factory=dict)
    entries: list[tuple[Entry, dt.datetime]] = field(default_factory=list)
    fails: frozenset[int] = frozenset()
    calls: Counter[str] = field(default_factory=Counter)
    made: int = 0

    @contextmanager
    def opened(self, installation: Installation) -> Iterator[Simulated]:
        """As `flow.drain` opens it."""
        yield self

    def _call(self, kind: str) -> None:
        self.made += 1
        self.calls[kind] += 1
        if self.made in self.fails:
            raise ServiceUnavailable("the service did not answer")

    def service_time(self) -> dt.datetime:
        """Its clock."""
        self._call("time")
        return self.now

    def walk(self, window: Window) -> Iterator[Page]:
        """The documented rules: the lower bound is exclusive, the upper one inclusive; by `updated` what lies ahead is withheld."""
        if window.archived:
            return
        stamped = sorted(
            (
                (getattr(entry, window.clock), i, entry)
                for i, (entry, seen) in enumerate(self.entries)
                if seen <= self.now
            ),
            key=lambda one: one[:2],
        )
        found = [
            entry
            for stamp, _, entry in stamped
            if entry.feed == window.feed and (window.since is None or stamp > window.since) and stamp <= window.until
        ]
        for number, at in enumerate(range(0, len(found), self.page_size), 1):
            self._call("feed")
            yield Page(number, tuple(found[at : at + self.page_size]))
        self._call("feed")

    def read(self, people: Sequence[Person], on: dt.date) -> Iterator[Reading]:
        """Each asked for once."""
        for person in people:
            self._call("worker")
            one = self.people.get(person.person_number or (person.person_id or "")[1:])
            row = one.row(on) if one else None
            if one is None or row is None:
                yield Reading(person, on, "absent", reason="is not shown")
            else:
                yield Reading(person, on, "found", row, f"3{one.number}", one.number)

    def read_everybody(self, on: dt.date) -> Iterator[Reading]:
        """All who are shown on the date."""
        for one in self.people.values():
            self._call("worker")
            if (row := one.row(on)) is not None:
                yield Reading(Person(f"3{one.number}", one.number), on, "found", row, f"3{one.number}", one.number)

    def tell(self, feed: str, number: str, *effective: dt.date) -> None:
        """Raise an entry. `updated` is the effective date where that lies ahead."""
        ahead = max(effective, default=self.now.date())
        updated = dt.datetime.combine(ahead, dt.time(), dt.UTC) if ahead > self.now.date() else self.now
        raw = orjson.dumps({"feed": feed, "number": number, "at": self.now.isoformat(), "dates": effective})
        entry = Entry(
            feed, f"EMP{len(self.entries)}", updated, self.now, raw, hashlib.sha256(raw).hexdigest(), f"3{number}", number,
            tuple(sorted(effective)), None, "E", "UPDATE", None,
        )  # fmt: skip
        self.entries.append((entry, self.now + self.lag))

    # --- what HR does

    def hire(self, number: str, start: dt.date, name: str = "Berg", *, silent: bool = False) -> None:
        """A new person, or somebody who comes back."""
        one = self.people.setdefault(number, Somebody(number, name))
        one.employments.append(Employment(start))
        one.departments.setdefault(start, "Sales")
        if not silent:
            self.tell("newhire", number, start)

    def end(self, number: str, last: dt.date | None, *, silent: bool = False) -> None:
        """The last day, or none any more: a reversal."""
        self.people[number].employments[-1].last = last
        if not silent:
            self.tell("termination", number, *([last] if last else []))

    def take_back(self, number: str) -> None:
        """A hire that is cancelled."""
        self.people[number].employments.pop()
        self.tell("cancelworkrelship", number)

    def move(self, number: str, department: str, since: dt.date, *, silent: bool = False) -> None:
        """Another department from a date on."""
        one = self.people[number]
        one.departments = {date: name for date, name in one.departments.items() if date < since} | {since: department}
        if not silent:
            self.tell("empassignment", number, since)

    # --- what should be known

    def truth(self, on: dt.date) -> dict[str, dict[str, str]]:
        """Everybody's row as it should be known on a date: of those who have not started, as of their start."""
        found = {}
        for number, one in self.people.items():
            row = one.row(on)
            coming = min((job.start for job in one.employments if job.start > on), default=None)
            if coming and (row is None or row[STATUS] != "True"):
                row = one.row(coming)
            if row is not None:
                found[number] = row
        return found


def known_of(landing: Path, known: Mapping[str, dict[str, str]] | None = None) -> dict[str, dict[str, str]]:
    """The people as the extracts in a landing folder tell of them, one after the other, upon what was known; the files go away."""
    found = {number: dict(row) for number, row in (known or {}).items()}
    for path in sorted(landing.glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            row = {name: value for name, value in orjson.loads(line).items() if not name.startswith("_")}
            said = {name: value for name, value in row.items() if value != NOT_READ}
            found.setdefault(row[NUMBER], {}).update(said)
        path.unlink()
    return found


def home_of(path: Path, profile: str = "oracle-hcm-live", now: dt.datetime = START) -> Installation:
    """A home that follows Oracle HCM."""
    return Installation(Settings(Home(path), profile, None), clock=lambda: now)


def moved(installation: Installation, now: dt.datetime) -> Installation:
    """The same home at another time."""
    return replace(installation, clock=lambda: now)
