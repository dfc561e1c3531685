"""Plans for the phone book, on tables in memory: no extract is landed, no day processed and no name given."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from hcm_pipeline.delivery import (
    Canary,
    Facts,
    Journal,
    LiveTarget,
    Manifest,
    OutcomeReport,
    Plan,
    RequestState,
    Rules,
    SendResult,
    Snapshot,
    Task,
    UploadReport,
    UploadTerms,
    bodies,
    folder_of,
    make_plan,
    read_outcomes,
    upload,
)
from hcm_pipeline.delivery.state.journal_sync import sync
from hcm_pipeline.home import Home
from hcm_pipeline.http import Patience
from hcm_pipeline.profile import Delivery, Guards, Outcomes
from hcm_pipeline.warehouse import Scratch, Warehouse, scratch

from .conftest import one_at_a_time
from .tables import empty_tables
from .toy_target import PhoneBook

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
Row = tuple[str, ...]
"""Person number, whether the worker works (True, False), first name, last name, manager, department, legal employer, country; the
last ones may be left out."""
FIELDS = ("legal_employer", "country")


def crowd(number: int, first: int = 2000, employer: str = "", country: str = "") -> list[Row]:
    """So many workers in Sales."""
    return [(str(first + i), "True", f"First{i}", f"Last{i}", "", "Sales", employer, country) for i in range(number)]


def left(rows: list[Row], leavers: int, department: str = "Sales") -> list[Row]:
    """The same workers when the first so many have left."""
    return [(row[0], "False", *row[2:5], department, *row[6:]) for row in rows[:leavers]] + rows[leavers:]


@dataclass(frozen=True)
class Version:
    """One worker from one business date until the day before another."""

    row: Row
    since: dt.date
    until: dt.date | None = None

    @property
    def name(self) -> str:
        return f"{self.row[2]} {self.row[3]}"

    def group(self, place: int) -> str | None:
        return (self.row[place] if len(self.row) > place else "") or None


@dataclass(frozen=True)
class InMemory(Warehouse):
    """A warehouse that is open already, and that nobody reads a copy of."""

    con: duckdb.DuckDBPyConnection = field(kw_only=True)

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        yield self.con

    def publish(self) -> None:
        """There is no copy."""


@dataclass
class House:
    """A phone book, the workers that should be in it, and everybody's clock."""

    con: duckdb.DuckDBPyConnection
    home: Home
    now: dt.datetime = NOON
    target: PhoneBook = field(default_factory=PhoneBook)
    rules: Rules = field(
        default_factory=lambda: Rules("house", "one", Guards.model_validate({}), Delivery.model_validate({}))
    )
    date: dt.date = dt.date(2026, 11, 1)
    versions: list[Version] = field(default_factory=list)
    protected: tuple[str, ...] = ()
    """Person numbers of those who matter."""
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.target.clock = self.clock

    def ruled(self, text: str) -> House:
        """Under these rules of the profile, as TOML."""
        given = tomllib.loads(text)
        guards, delivery = (
            Guards.model_validate(given.get("guards", {})),
            Delivery.model_validate(given.get("delivery", {})),
        )
        self.rules = replace(self.rules, guards=guards, delivery=delivery)
        return self

    def sized(self, operations: int) -> House:
        """With requests of at most so many operations."""
        self.target.limits = replace(self.target.limits, operations=operations)
        return self

    def clock(self) -> dt.datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Time passes when somebody sleeps, and then at once."""
        self.slept.append(seconds)
        self.now += dt.timedelta(seconds=seconds)

    def journal(self) -> Journal:
        return Journal(self.home.journal, clock=self.clock)

    # --- plans

    def day(self, date: str, *rows: Row) -> None:
        """What HR says on a business date; workers that it leaves out stay as they are."""
        self.date = dt.date.fromisoformat(date)
        said = {row[0]: row for row in rows}
        ended = [
            replace(version, until=self.date)
            if version.until is None and said.get(version.row[0], version.row) != version.row
            else version
            for version in self.versions
        ]
        known = {version.row[0] for version in ended if version.until is None}
        self.versions = ended + [Version(row, self.date) for row in rows if row[0] not in known]

    def facts(self, t: Scratch) -> Facts:
        """The facts that flow would make of it."""
        newest = [version for version in self.versions if version.until is None]
        rows = [version.row for version in newest]
        numbers, names = [row[0] for row in rows], [version.name for version in newest]
        people = pa.table({
            "person_number": numbers, "name": names, "room": pa.array([row[5] or None for row in rows], pa.string()),
            "printed": ["yes" if row[1] == "True" else "no" for row in rows],
            "manager": pa.array([row[4] or None for row in rows], pa.string()),
        })  # fmt: skip
        groups = pa.table({
            "person_number": [version.row[0] for version in self.versions],
            "valid_from": pa.array([version.since for version in self.versions], pa.date32()),
            "valid_to": pa.array([version.until for version in self.versions], pa.date32()),
            "name": [version.name for version in self.versions],
            **{name: pa.array([v.group(6 + i) for v in self.versions], pa.string()) for i, name in enumerate(FIELDS)},
        })  # fmt: skip
        made = t.of_arrow("made", people)
        workers = "person_number, 1 as extract_id, date '2015-01-01' as starts_on, manager as refers_to"
        extract = "select 1 as extract_id, 'e' as sha256, 'hr' as source, 'workers.csv' as name, date '2026-11-01' as business_date"
        kept = {"person_number": "VARCHAR", "valid_from": "DATE", "valid_to": "DATE", "has_account": "BOOLEAN"}
        return Facts(
            protected=t.of_rows(
                "protected", kept, [(number, dt.date(2020, 1, 1), None, False) for number in self.protected]
            ),
            snapshot=Snapshot(self.date, repr(sorted(rows)), "one"),
            workers=t.view("workers", f"select {workers} from {made}"),
            groups=t.of_arrow("groups", groups),
            names=t.view("names", f"select person_number, md5_number(name) as digest from {made}"),
            extracts=t.view("extracts", extract),
            sources={"people": t.view("people", f"select person_number, name, room, printed from {made}")},
        )

    def task(self, t: Scratch) -> Task:
        return Task(self.target, self.rules, self.facts(t), self.now)

    def plan(self) -> Plan:
        with scratch(self.con) as t, self.journal() as journal:
            return make_plan(self.con, self.task(t), self.home, journal)

    def planned(self) -> Plan:
        """Plan what must not be empty."""
        made = self.plan()
        assert made.manifest is not None
        return made

    def users(self, manifest: Manifest) -> dict[str, dict[str, Any]]:
        """The entries of a manifest's requests, by person number."""
        found: dict[str, dict[str, Any]] = {}
        for _, body in bodies(folder_of(self.home.manifests, manifest)):
            for entry in orjson.loads(body):
                assert entry["number"] not in found, "sent twice in one manifest"
                found[entry["number"]] = entry
        return found

    def sends(self, made: Plan) -> dict[str, dict[str, Any]]:
        """The entries of what no guard stopped."""
        assert made.manifest is not None
        return self.users(made.manifest)

    def bytes_of(self, made: Plan) -> bytes:
        assert made.manifest is not None
        return (folder_of(self.home.manifests, made.manifest) / "bulk.ndjson").read_bytes()

    # --- the service's part

    def begin(self, made: Plan, request: int = 0) -> None:
        """A request leaves; whether it arrives is not known yet."""
        assert made.manifest is not None
        with self.journal() as journal:
            journal.start(made.manifest.manifest_id)
            assert journal.begin_send(made.manifest.manifest_id, request)

    def answer(self, made: Plan, state: RequestState = RequestState.ACCEPTED, request: int = 0) -> None:
        """The service's answer to a request that has left, a second later."""
        assert made.manifest is not None
        self.now += dt.timedelta(seconds=1)
        status = {RequestState.ACCEPTED: 202, RequestState.REFUSED: 400}.get(state)
        with self.journal() as journal:
            journal.end_send(
                made.manifest.manifest_id, request, SendResult(state, status=status, service_time=self.now)
            )
            journal.finish(made.manifest.manifest_id)

    def accept(self, made: Plan) -> None:
        """The book takes what no guard stopped of a plan, and the warehouse hears of it."""
        assert made.manifest is not None
        self.accept_all(made.manifest)

    def accept_all(self, manifest: Manifest) -> None:
        """The book takes every request of a manifest that waits, and the warehouse hears of it."""
        self.now += dt.timedelta(seconds=1)
        assert self.upload(manifest).state == "accepted"
        self.take_over()

    def upload(self, manifest: Manifest, canary: Canary = Canary()) -> UploadReport:
        """Send what is left of a manifest, one request after the other."""
        target: LiveTarget = self.target
        with self.journal() as journal:
            return upload(
                self.home, target, manifest.manifest_id, journal=journal, in_flight=one_at_a_time,
                terms=UploadTerms(Patience(sleep=self.sleep), self.clock, canary),
            )  # fmt: skip

    def read(self) -> OutcomeReport:
        """Read what became of everything that was sent."""
        rules = Outcomes.model_validate({})
        return read_outcomes(InMemory(self.home, con=self.con), self.target, rules, now=self.clock)

    def take_over(self) -> int:
        with self.journal() as journal, scratch(self.con) as t:
            return sync(t, journal)

    def rows(self, query: str, values: Iterable[object] = ()) -> list[tuple[Any, ...]]:
        return self.con.execute(query, list(values)).fetchall()


@contextmanager
def new_house(folder: Path) -> Iterator[House]:
    """An empty book, and a home for manifests and the journal."""
    with empty_tables() as con:
        yield House(con, Home(folder / "home").create())
