"""Following Oracle HCM live: poll the feeds, read the workers whom they name, and let the readings lie in the landing folder.

Nothing is decided by an entry's words. The order keeps what a crash may interrupt: entries first, with their cursor; then the
readings, as extracts in the landing folder; then the hints that they settle.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from hcm_pipeline.errors import GuardStop, PipelineError, ServiceRefused, UsageError
from hcm_pipeline.feeds import (
    AHEAD,
    NUMBER,
    STATUS,
    Asked,
    Coming,
    ExtractFile,
    FeedState,
    Settled,
    Unseen,
    coming_dates,
)
from hcm_pipeline.flow.installation import Installation, Progress, quiet
from hcm_pipeline.http import Patience
from hcm_pipeline.locks import advisory_lock
from hcm_pipeline.oracle import COLUMNS, MoreColumn, OracleClient, Page, Person, Reading, ReadingRules, Stamp, Window
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import Oracle

LOCK_SECONDS = 600.0
"""How long a poll waits for another one of the home."""
CLOCKS: tuple[Stamp, ...] = ("published", "updated")
"""Published for what lies ahead, updated for what takes effect."""
PEOPLE, FEED, RECONCILIATION = "people", "feed", "reconciliation"
REST_OF_THE_SECOND = dt.timedelta(milliseconds=999)
"""The header `Date` has whole seconds: what happened within the one that it names is read, too."""
HELD = 1000
"""Readings in memory."""
HALF = "a part of the worker did not come"
"""The reason of a hint: how it begins."""
LOOKS_AHEAD = 5
"""Dates at which somebody who cannot be seen yet is looked for."""


class Hcm(Protocol):
    """Oracle HCM as far as following it needs it. `OracleClient` is one."""

    @property
    def calls(self) -> Mapping[str, int]: ...
    def service_time(self) -> dt.datetime: ...
    def walk(self, window: Window) -> Iterator[Page]: ...
    def read(self, people: Sequence[Person], on: dt.date) -> Iterator[Reading]: ...
    def read_everybody(self, on: dt.date) -> Iterator[Reading]: ...


@dataclass(frozen=True)
class Drained:
    """One poll of the feeds. `files` lie in the landing folder; `faults`: feeds that could not be read, each in a sentence."""

    poll_no: int
    business_date: dt.date
    service_time: dt.datetime
    entries: int
    new_entries: int
    workers: int
    unread: int
    missed: int
    waiting: int
    files: tuple[str, ...]
    calls: Mapping[str, int]
    faults: tuple[str, ...]
    gaps: Mapping[str, int]
    """Parts of workers that did not come although asked for, with the number of workers: a privilege may be missing."""


@dataclass
class _Work:
    """A poll under way."""

    hcm: Hcm
    state: FeedState
    oracle: Oracle
    landing: Path
    required: tuple[str, ...]
    poll_no: int
    service: dt.datetime
    day: dt.date
    progress: Progress
    files: dict[str, ExtractFile] = field(default_factory=dict)
    held: list[Settled] = field(default_factory=list)
    settled: list[tuple[int, ...]] = field(default_factory=list)
    coming: list[Coming] = field(default_factory=list)
    unseen: list[Unseen] = field(default_factory=list)
    lost: list[Person] = field(default_factory=list)
    gaps: Counter[str] = field(default_factory=Counter)
    """Parts of workers that did not come although asked for, with the number of workers."""
    halves: list[tuple[Person, tuple[str, ...], bool]] = field(default_factory=list)
    """Workers of whom a part did not come, the columns that are not known for it, and whether they were asked for a second time."""
    seen: set[str] = field(default_factory=set)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a reading."""
        return (*COLUMNS, *self.oracle.columns)

    def file(self, kind: str) -> ExtractFile:
        """The extract of a kind, which is begun when the first row comes."""
        if kind not in self.files:
            order = {PEOPLE: 1, FEED: 2, RECONCILIATION: 3}[kind]
            name = f"hcm-{self.day}-{self.poll_no:08d}-{order}-{kind}.jsonl"
            self.files[kind] = ExtractFile(
                self.landing / name, self.required if kind == PEOPLE else (), full=kind == PEOPLE
            )
        return self.files[kind]

    def found(self, kind: str, reading: Reading, hints: tuple[int, ...], told: Sequence[str]) -> None:
        """A worker who was read."""
        as_of = f"read on {self.service:%Y-%m-%d %H:%M:%S}Z as of {reading.on}"
        self.file(kind).add(reading.row, [*told, as_of])
        self.seen.add(reading.row[NUMBER])
        if reading.missing:
            self.gaps.update(reading.missing)
            unknown = tuple(name for name in COLUMNS if name not in reading.row)
            again = any(sentence.startswith(HALF) for sentence in told)
            self.halves.append((Person(reading.found_id, reading.row[NUMBER]), unknown, again))
        one = Settled(hints, reading.found_id, reading.row)
        self.held.append(one)
        self.settled += [hints] if hints else []
        self.coming += coming_dates(one, self.day)
        if len(self.held) >= HELD:
            self.hold()

    def hold(self) -> None:
        """Keep the readings so far in the state: everybody's are more than should lie in memory."""
        self.state.hold(self.poll_no, self.held)
        self.held.clear()


def drain(
    installation: Installation, *, full: bool = False, progress: Progress = quiet,
    opened: Callable[[Installation], AbstractContextManager[Hcm]] | None = None,
) -> Drained:  # fmt: skip
    """Read every feed once and the workers whom it names; `full`: everybody. The readings wait in the landing folder for a run.

    Raises UsageError where profile or environment lack what it takes, GuardStop where the feeds no longer hold what has happened
    since the last poll, and what the service makes of it; what was stored until then stays.
    """
    with _polling(installation, "full" if full else "feed", progress, opened) as work:
        faults = _walk_all(work, full=full)
        return _read_and_note(installation, work, full=full, faults=faults)


def replay(
    installation: Installation, since: dt.datetime, feeds: Sequence[str] = (), *, progress: Progress = quiet,
    opened: Callable[[Installation], AbstractContextManager[Hcm]] | None = None,
) -> Drained:  # fmt: skip
    """Read once more everybody whom a kept entry since a moment names. No feed is read."""
    with _polling(installation, "replay", progress, opened) as work:
        unknown = sorted(set(feeds) - set(work.oracle.feeds))
        if unknown:
            raise UsageError(f"{', '.join(unknown)}: the profile's feeds are {', '.join(work.oracle.feeds)}")
        entries = work.state.replay(work.poll_no, since, feeds or work.oracle.feeds, work.day)
        progress(f"{counted(entries, 'kept entry', 'name')} workers who are read again")
        return _read_and_note(installation, work, full=False, faults=())


def oracle_section(installation: Installation) -> Oracle:
    """The profile's `[oracle]`. Raises UsageError where it has none."""
    if installation.profile.oracle is None:
        raise UsageError(
            "the profile has no [oracle]: it reads extracts from files; HCM_PIPELINE_PROFILE=oracle-hcm-live names the built-in"
            " profile that follows Oracle HCM live"
        )
    return installation.profile.oracle


@contextmanager
def open_client(installation: Installation) -> Iterator[Hcm]:
    """Oracle HCM as the environment names it. Raises UsageError where it names none."""
    connection = installation.settings.oracle
    if connection is None:
        raise UsageError(
            "ORACLE_HCM_URL is not set: it names Oracle HCM, with ORACLE_HCM_USERNAME and ORACLE_HCM_PASSWORD, or ORACLE_HCM_TOKEN,"
            " or ORACLE_HCM_TOKEN_URL and a client; `hcm-pipeline sandbox` serves one to try"
        )
    with OracleClient(connection, reading_rules(oracle_section(installation))) as client:
        yield client


def reading_rules(oracle: Oracle, patience: Patience | None = None) -> ReadingRules:
    """The profile's words as the client takes them. `patience`: another one than the profile's."""
    return ReadingRules(
        rest_root=oracle.rest_root, atom_root=oracle.atom_root, framework_version=oracle.framework_version,
        page_size=oracle.page_size, batch=oracle.batch, limit=oracle.limit, concurrency=oracle.concurrency,
        manager_types=oracle.manager_types, email_type=oracle.email_type, work_phone_types=oracle.work_phones,
        mobile_phone_types=oracle.mobile_phones, name_type=oracle.name_type, address_types=oracle.address_types,
        more=tuple(MoreColumn.at(name, path) for name, path in oracle.columns.items()),
        patience=patience or Patience(give_up_after=oracle.patience_minutes * 60),
    )  # fmt: skip


@contextmanager
def _polling(
    installation: Installation, mode: str, progress: Progress,
    opened: Callable[[Installation], AbstractContextManager[Hcm]] | None,
) -> Iterator[_Work]:  # fmt: skip
    """A poll from its beginning to its end, which is noted whatever ends it. One at a time in a home."""
    oracle, home = oracle_section(installation), installation.private_home()
    lock = advisory_lock(
        home.locks / "feeds", LOCK_SECONDS,
        refuse=lambda holder: PipelineError(f"process {holder} is reading the feeds; try again when it has ended"),
    )  # fmt: skip
    with lock, (opened or open_client)(installation) as hcm, FeedState(home.feeds) as state:
        service = hcm.service_time()
        day = installation.profile.workers.life.day_of(service)
        work = _Work(
            hcm,
            state,
            oracle,
            home.landing,
            _required(installation),
            state.begin(mode, installation.clock(), service, day),
            service,
            day,
            progress,
        )
        fault: str | None = "interrupted"
        try:
            yield work
            fault = None
        except PipelineError as error:
            fault = str(error)
            raise
        finally:
            for file in work.files.values():
                file.drop()
            if fault is not None:
                state.finish(work.poll_no, installation.clock(), files=(), calls=hcm.calls, fault=fault)


def _required(installation: Installation) -> tuple[str, ...]:
    """The columns without which a file of readings would be refused."""
    return tuple(spec.column for spec in installation.profile.columns.values() if spec.required)


def _usable(readings: Iterable[Reading]) -> Iterator[Reading]:
    """The readings; one that says nothing of the employment is none, for nothing may be decided from it."""
    for reading in readings:
        if reading.outcome == "found" and STATUS not in reading.row:
            why = "its work relationships did not come although asked for: a privilege may be missing"
            yield replace(reading, outcome="unreadable", row={}, reason=why)
        else:
            yield reading


# --- feeds


def _walk_all(work: _Work, *, full: bool) -> tuple[str, ...]:
    """Store the entries of every feed, by both clocks. A feed that refuses does not keep the others from it."""
    faults = []
    _require_no_gap(work, full=full)
    for feed in work.oracle.feeds:
        for clock in CLOCKS:
            try:
                _walk(work, feed, clock)
            except ServiceRefused as refusal:
                if refusal.status != 404:  # a privilege is missing: nothing follows
                    raise
                work.state.failed(feed, clock, str(refusal))
                faults.append(f"{feed}: {refusal}; switch the feed on in Oracle HCM, or take it out of oracle.feeds")
                break
    if len(faults) == len(work.oracle.feeds):
        raise PipelineError(*faults)
    return tuple(faults)


def _require_no_gap(work: _Work, *, full: bool) -> None:
    """Raise GuardStop where entries may have been purged since the last poll: then only a full reading knows."""
    limit = dt.timedelta(days=work.oracle.purged_after_days)
    for feed in work.oracle.feeds:
        stands = _stands(work, feed, "published")
        if not full and stands is not None and work.service - stands > limit:
            raise GuardStop(
                f"the feed {feed} was last read up to {stands:%Y-%m-%d %H:%M}Z, and Oracle HCM keeps entries for"
                f" {work.oracle.purged_after_days:g} days: some may be lost. `hcm-pipeline feed drain --full` reads everybody"
            )


def _stands(work: _Work, feed: str, clock: Stamp) -> dt.datetime | None:
    """How far a feed was read. A cursor that lies ahead of the service's clock was set by a clock that was wrong: the last poll
    before now counts then, and without one nothing is known."""
    stands = work.state.cursor(feed, clock)
    if stands is None or stands <= work.service + AHEAD:
        return stands
    work.progress(
        f"{feed}: the service's clock was wrong at an earlier poll; what has come since the last one before is read again"
    )
    return work.state.last_before(work.service)


def _walk(work: _Work, feed: str, clock: Stamp) -> None:
    stands = _stands(work, feed, clock)
    if stands is None and clock == "updated" and work.state.cursor(feed, "published") is not None:
        work.state.move(
            feed, clock, work.service
        )  # by the clock `published` every entry was seen, those ahead among them
        return
    since = None if stands is None else stands - dt.timedelta(hours=work.oracle.overlap_hours)
    until = work.service + REST_OF_THE_SECOND
    windows = [Window(feed, clock, since, until)]
    archived = work.service - dt.timedelta(days=work.oracle.archived_after_days)
    if since is None or since < archived:
        windows.insert(0, Window(feed, clock, since, until, archived=True))
    work.progress(f"reading the feed {feed} by {clock}")
    pages = (page for window in windows for page in work.hcm.walk(window))
    new = work.state.keep(work.poll_no, feed, clock, pages, work.service, work.day)
    if new:
        work.progress(f"{feed}: {counted(new, 'new entry')}")


# --- workers


def _read_and_note(installation: Installation, work: _Work, *, full: bool, faults: Sequence[str]) -> Drained:
    asked = {one.key: one for one in work.state.due(work.day)}
    if full:
        _read_everybody(work, asked)
    rest = [one for key, one in asked.items() if key not in work.seen]
    _read_asked(work, rest, PEOPLE if full else FEED)
    if full:
        _read_ahead(work, [one for one in work.state.ahead(work.day) if one.key not in work.seen])
    elif not work.state.reconciled(work.day):
        _reconcile(work, asked)
    return _note(installation, work, faults, found_by="full" if full else RECONCILIATION)


def _read_everybody(work: _Work, asked: Mapping[str, Asked]) -> None:
    work.progress("reading every worker")
    for count, reading in enumerate(_usable(work.hcm.read_everybody(work.day)), 1):
        one = asked.get(reading.found_number or "") or asked.get(f"id:{reading.found_id}")
        if reading.outcome == "found" and one and one.ahead and reading.row.get(STATUS) != "True":
            continue  # a later employment may be known: looked at among those who were asked for
        if reading.outcome == "found":
            work.found(PEOPLE, reading, one.hints if one else (), one.told if one else ())
            if one:
                work.seen.add(one.key)
        elif reading.outcome == "unreadable":
            number = reading.found_number or reading.person.person_number or ""
            work.file(PEOPLE).add_unreadable(number, work.columns, [f"Oracle HCM: {reading.reason}"])
            work.seen.add(number)
            if one is None and (number or reading.person.person_id):
                work.lost.append(Person(reading.found_id or reading.person.person_id, number or None))
        if count % 5000 == 0:
            work.progress(f"{counted(count, 'worker')} read")


def _read_asked(work: _Work, asked: Sequence[Asked], kind: str) -> None:
    """Read those whom hints name, as of the day; who is not to be seen, or has left, as of a coming date that is known."""
    if asked:
        work.progress(f"reading {counted(len(asked), 'worker')} whom entries name")
    by_person = {one.person: one for one in asked}
    ahead: list[tuple[Asked, Reading]] = []
    for reading in _usable(work.hcm.read(list(by_person), work.day)):
        one = by_person[reading.person]
        gone = reading.outcome == "absent" or (reading.outcome == "found" and reading.row.get(STATUS) != "True")
        if gone and one.ahead:
            ahead.append((one, reading))
        else:
            _settle(work, one, reading, kind)
    coming = _look_ahead(work, [one for one, _ in ahead])
    for one, reading in ahead:
        _settle(work, one, coming.get(one.key, reading), kind)


def _look_ahead(work: _Work, asked: Sequence[Asked]) -> dict[str, Reading]:
    """The readings of those who are employed as of one of their coming dates: the first such date."""
    found: dict[str, Reading] = {}
    for step in range(LOOKS_AHEAD):
        by_date: dict[dt.date, dict[Person, Asked]] = {}
        for one in asked:
            if one.key not in found and len(one.ahead) > step:
                by_date.setdefault(one.ahead[step], {})[one.person] = one
        for date, people in by_date.items():
            for reading in _usable(work.hcm.read(list(people), date)):
                if reading.outcome == "found" and reading.row.get(STATUS) == "True":
                    found[people[reading.person].key] = reading
    return found


def _settle(work: _Work, one: Asked, reading: Reading, kind: str) -> None:
    if reading.outcome == "found":
        work.found(kind, reading, one.hints, one.told)
        work.seen.add(one.key)
        return
    number = reading.found_number or one.person.person_number
    if reading.outcome == "absent" and one.cancelled:
        if one.read_before and number:  # a hire that nobody was told of needs no end
            work.file(FEED).add({NUMBER: number, STATUS: "False"}, [*one.told, "the hire was taken back"])
        work.settled.append((*one.hints, *one.later))
        work.seen.add(one.key)
        return
    why = reading.reason or "Oracle HCM does not show this worker"
    tell = bool(number) and one.told_on != work.day
    if tell and number:
        work.file(kind).add_unreadable(number, work.columns, [*one.told, f"Oracle HCM: {why}"])
    work.unseen.append(Unseen(one.hints, why, tell))


def _read_ahead(work: _Work, asked: Sequence[Asked]) -> None:
    """In a full reading, those who are known by coming dates only: without them they would be missing from it."""
    for one in asked:
        reading = _look_ahead(work, [one]).get(one.key) if one.ahead else None
        if reading is not None:
            work.found(PEOPLE, reading, (), one.told)


def _reconcile(work: _Work, asked: Mapping[str, Asked]) -> None:
    """Read a share of the workers whom no entry names."""
    share = work.oracle.reconcile_percent
    count = -(-work.state.head_count * share // 100) if share else 0
    people = work.state.longest_unread(int(count), {*asked, *work.seen})
    if people:
        work.progress(f"reading {counted(len(people), 'worker')} whom no entry names")
    for reading in _usable(work.hcm.read(people, work.day)):
        if reading.outcome == "found":
            work.found(RECONCILIATION, reading, (), ("read though no entry names the worker",))
        else:
            work.lost.append(reading.person)


def _note(installation: Installation, work: _Work, faults: Sequence[str], *, found_by: str) -> Drained:
    """Let the extracts lie in the landing folder, then note what was read."""
    files = [place.name for file in work.files.values() if (place := file.finish())]
    work.files.clear()
    work.hold()
    state, now = work.state, installation.clock()
    with state.transaction():
        missed = state.note(
            work.poll_no,
            work.service,
            work.day,
            settled=work.settled,
            unseen=work.unseen,
            coming=work.coming,
            found_by=found_by,
        )
        for person, unknown, again in work.halves:
            if state.ever_read(unknown):  # it comes for others: no privilege is missing
                due = work.day + dt.timedelta(days=again)
                state.ask_again(work.poll_no, person, due, f"{HALF}: {', '.join(unknown)}")
        for person in work.lost:
            state.ask_again(work.poll_no, person, work.day, f"the worker could not be read ({found_by})")
        fault = "; ".join(faults) or None
        state.finish(work.poll_no, now, files=files, calls=work.hcm.calls, fault=fault)
    poll = state.polls(1)[0]
    waiting, _, _ = state.open_hints(work.day)
    return Drained(
        work.poll_no, work.day, work.service, poll.entries, poll.new_entries, poll.workers, poll.unread, missed, waiting,
        tuple(files), dict(work.hcm.calls), tuple(faults), dict(work.gaps),
    )  # fmt: skip
