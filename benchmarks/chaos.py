#!/usr/bin/env python3
"""Chaos: deliveries that are killed, refused, throttled, dropped and decided late end where an undisturbed one ends.

    python -m benchmarks.chaos --seeds 200 [--from 0]

Each seed plays weeks of one small company against the sandbox, over TLS: business dates, of which some come late, guards that
hold, people who approve late or reject first, every fault that the sandbox knows, and processes that end in the middle of any
line, as after kill -9. In the end the faults stop, everything is approved, and the same is done until nothing is left to do.
Then the directory must be that of a run without any of it, and no rule may have been broken on the way (see `Trial.judge`).
Everything is drawn by the seed, time included: the same seed does the same again.

A seed either has records dropped or has the service try failed ones again by itself: the log does not tell whether an entry
is of a newer record or of another try of the one before, so that a newer one that is dropped in between would not be missed.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import hashlib
import random
import shutil
import ssl
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from importlib import resources
from pathlib import Path
from types import CodeType, FrameType
from typing import Any
from unittest.mock import patch

import duckdb
import httpx
import orjson

import hcm_pipeline
from hcm_pipeline import landing, processing
from hcm_pipeline.delivery import canary, slices
from hcm_pipeline.delivery.canary import Canary
from hcm_pipeline.delivery.failures import KNOWN_CODES, decide_retry
from hcm_pipeline.delivery.gates import Gates
from hcm_pipeline.delivery.inputs import refuse_moved
from hcm_pipeline.delivery.jobstate import refuse_silent
from hcm_pipeline.delivery.journal import Journal, ManifestState
from hcm_pipeline.delivery.lanes import Attempt, Ended, Post
from hcm_pipeline.delivery.outcomes import read_outcomes
from hcm_pipeline.delivery.upload import upload
from hcm_pipeline.entra import Patience
from hcm_pipeline.errors import GuardStop, PipelineError, ServiceError
from hcm_pipeline.home import Home
from hcm_pipeline.profile import LoadedProfile
from hcm_pipeline.profile.load import parse
from hcm_pipeline.sandbox import SandboxHandle, SandboxOptions, running
from hcm_pipeline.scim.manifest import bodies
from hcm_pipeline.settings import Target
from hcm_pipeline.warehouse import Warehouse, first, store
from hcm_pipeline.warehouse.store import harden

START = dt.datetime(2030, 6, 3, 6, tzinfo=dt.UTC)
SEEDS_PER_COMPANY = 20
COLUMNS = ("Person Number", "Account Status", "First Name", "Last Name", "Manager", "Department Name", "Job Name",
           "Legal Employer", "Country")  # fmt: skip
DEPARTMENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
LIMITS = """
[delivery]
canary = {canary}
[guards]
others_go_on = {others_go_on}
[[guards.limits]]
kind = "create"
max = {creates}
[[guards.limits]]
kind = "disable"
max = 1
[[guards.limits]]
kind = "update"
max = {updates}
"""
SETTLED = frozenset({"succeeded", "skipped", "failed", "missing", "overtaken", "superseded", "rejected"})
RATE, RATE_SECONDS, DAY_SECONDS = 40, 5.0, 86_400.0
LINES = {"process": 2500, "plan": 3500, "upload": 8000, "outcomes": 2500}
"""Lines of the product that a process of each kind runs through, roughly: it is killed at one of the first so many."""
KILLED = {"process": 0.1, "plan": 0.25, "upload": 0.4, "outcomes": 0.25}
"""How many of these processes are."""


# --- the company


@dataclass
class Company:
    """Its extracts by business date, in order, and what reads them."""

    days: dict[dt.date, list[tuple[str, ...]]]
    loaded: LoadedProfile

    @classmethod
    def make(cls, number: int) -> Company:
        """Joiners, movers, leavers, renames, returns and other managers. Of each change, the department is a new version.

        From the second date on a file may lack workers: what it says of the others is all that it says.
        """
        chance = random.Random(f"company {number}")
        workers: dict[str, list[str]] = {}
        days = {}
        size = chance.randint(20, 55)
        for place in range(chance.randint(3, 6)):
            joiners = size if not place else chance.randint(0, 6)
            touched = set()
            for _ in range(joiners):
                name = f"{1000 + len(workers)}"
                workers[name] = ["True", f"First{name}", f"Last{name}", "", "", f"Job {chance.randint(1, 9)}",
                                 chance.choice(("North", "South")), chance.choice(("DE", "NO"))]  # fmt: skip
                touched.add(name)
            for name in sorted(touched | set(chance.sample(sorted(workers), len(workers) // 5 if place else 0))):
                kind = chance.choice(("manager", "manager", "mover", "leaver", "rename", "blank"))
                row = workers[name]
                if kind == "manager" or not place:
                    row[3] = chance.choice(("", *sorted(workers)))
                elif kind == "leaver":
                    row[0] = "False" if row[0] == "True" else "True"
                elif kind == "rename":
                    row[2] = f"{row[2]}x"
                else:
                    row[5] = "" if kind == "blank" else f"Job {chance.randint(1, 9)}"
                touched.add(name)
            for name in touched:
                workers[name][4] = f"v{place:04}"
            absent = chance.sample(sorted(workers), len(workers) // 6) if place else []
            days[START.date() + dt.timedelta(days=place)] = [
                (name, *row) for name, row in workers.items() if name not in absent
            ]
        built_in = resources.files("hcm_pipeline.profile.builtin").joinpath("oracle-hcm.toml").read_text("utf-8")
        limits = LIMITS.format(
            canary=chance.choice((0, 3, 5)), others_go_on=str(chance.random() < 0.9).lower(),
            creates=chance.choice((5, 100, 100)), updates=chance.choice((2, 8, 30)),
        )  # fmt: skip
        return cls(days, parse(f"{built_in}\n{limits}", "oracle-hcm"))

    def land(self, home: Home) -> None:
        """Land every extract, and process the first date."""
        paths = []
        for day, rows in self.days.items():
            paths.append(home.scratch / f"workers-{day}.csv")
            with paths[-1].open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([COLUMNS, *rows])
        for landed in landing.land(Warehouse(home), self.loaded.profile, paths, now=lambda: START):
            assert landed.result == "taken", landed
        list(processing.process(Warehouse(home), self.loaded, [min(self.days)], clock=lambda: START))


# --- the service, and time


class Site:
    """A sandbox whose clock stands still unless somebody waits; emptied for every run."""

    def __init__(self, handle: SandboxHandle, http: httpx.Client) -> None:
        self.target = handle.target
        self._url = f"{handle.url}/sandbox"
        self._http = http
        self.now = START

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self._http.post(f"{self._url}/{path}", json=body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        answer = self._http.get(f"{self._url}/{path}", params=query)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def begin(self, **options: Any) -> None:
        """An empty tenant at `START`."""
        self.post("reset")
        self.post("options", **options)
        now = dt.datetime.fromisoformat(self.post("clock", mode="manual")["now"])
        self.now = now
        self.sleep((START - now).total_seconds())

    def clock(self) -> dt.datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self.now = dt.datetime.fromisoformat(self.post("clock", advance_seconds=seconds)["now"])

    def disarm(self) -> None:
        self._http.delete(f"{self._url}/faults")

    def directory(self) -> dict[str, dict[str, Any]]:
        """Every account by employee id, with the manager's employee id."""
        users = self.get("users", limit=10_000)["users"]
        numbers = {user["id"]: user["employeeId"] for user in users}
        return {
            user["employeeId"]: {
                name: numbers[value] if name == "manager" else value for name, value in user.items() if name != "id"
            }
            for user in users
        }


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """A site, for as many runs as one likes."""
    with running(folder, options=SandboxOptions(quarantine_failures=None)) as handle:
        trust = ssl.create_default_context(cafile=handle.target.ca_file)
        with httpx.Client(verify=trust, trust_env=False, timeout=60) as http:
            yield Site(handle, http)


# --- the process, and its end


class Killed(BaseException):
    """The process has ended here, and does nothing any more."""


WATCHED = str(Path(hcm_pipeline.__file__).parent)
UNWATCHED = tuple(f"{WATCHED}/{room}/" for room in ("sandbox", "profile", "warehouse"))
KERNEL = frozenset({"__init__", "__exit__", "close", "_only_uploader", "_taken"})
"""Functions in which files, locks and sockets change hands: the kernel closes those of a dead process, here Python has to."""


@cache
def _watched(code: CodeType) -> bool:
    file = code.co_filename
    return file.startswith(WATCHED) and not file.startswith(UNWATCHED) and code.co_name not in KERNEL


class Fuse:
    """Ends what runs at a line of the product's own code. A dead process writes nothing: see `gated`."""

    def __init__(self) -> None:
        self.dead = False
        self._left = 0

    @contextmanager
    def burning(self, lines: int) -> Iterator[None]:
        """Raise Killed at the n-th line, if there are so many."""
        self._left = lines
        before = sys.gettrace()
        sys.settrace(self._called)
        try:
            yield
        finally:
            sys.settrace(before)

    def _called(self, frame: FrameType, _event: str, _arg: object) -> Any:
        return self._line if _watched(frame.f_code) else None

    def _line(self, _frame: FrameType, event: str, _arg: object) -> Any:
        if event == "line":
            self._left -= 1
            if self._left <= 0:
                self.dead = True
                raise Killed
        return self._line

    def gated(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """The method, of which a dead process does nothing: Python runs the `finally` of what a kernel would just end."""

        def called(*args: Any, **named: Any) -> Any:
            if self.dead:
                raise Killed
            return method(*args, **named)

        return called


class Kept:
    """A home's warehouse, which stays open between two processes; it is read from disk again when one was killed.

    Opening it takes longer than most of what is done with it.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._con: duckdb.DuckDBPyConnection | None = None

    def harden(self, con: duckdb.DuckDBPyConnection, scratch: Path | None, readable: list[Path]) -> None:
        """In place of `store.harden`: what is open already is hardened; so little data needs one thread."""
        row = first(con, "select current_setting('enable_external_access')")
        if row and row[0]:
            harden(con, scratch, readable)
            con.execute("set threads = 1")

    def open(self) -> None:
        """From now on."""
        if self._con is None:
            self._con = duckdb.connect(str(self._home.warehouse))
            self.harden(self._con, self._home.scratch, [self._home.extracts, self._home.scratch])

    def close(self) -> None:
        """Until it is opened again."""
        if self._con is not None:
            self._con.close()
            self._con = None


class Lanes:
    """Several attempts on their way, which arrive in an order that is drawn; of a dead process, some arrive after its end."""

    def __init__(self, post: Post, site: Site, chance: random.Random, fuse: Fuse, width: int) -> None:
        self.width = width
        self._post = post
        self._site = site
        self._chance = chance
        self._fuse = fuse
        self._begun: list[Attempt] = []

    @property
    def busy(self) -> int:
        return len(self._begun)

    def start(self, attempt: Attempt) -> None:
        self._begun.append(attempt)

    def next(self, seconds: float | None) -> Ended | None:
        if not self._begun:
            self._site.sleep(seconds or 0.0)
            return None
        attempt = self._begun.pop(self._chance.randrange(len(self._begun)))
        try:
            result: Any = self._post(attempt.request.body, attempt.token)
        except BaseException as error:
            result = error
        self._site.sleep(self._chance.choice((0.0, 0.0, 0.2, 2.0)))
        return Ended(attempt, result, self._site.now)

    def close(self) -> None:
        while self._fuse.dead and self._begun:
            if self._chance.random() < 0.5:
                self.next(None)
            else:
                self._begun.pop()


# --- one run


@dataclass
class Tally:
    """What happened, over any number of seeds."""

    seeds: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    did: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Take in another's."""
        self.seeds += other.seeds
        self.faults += other.faults
        self.did += other.did
        self.violations += other.violations


class Trial:
    """One home, one sandbox, one seed. Without chaos it is the reference."""

    def __init__(self, site: Site, home: Home, company: Company, seed: int, *, chaos: bool) -> None:
        self.tally = Tally(seeds=1)
        self.chance = random.Random(f"seed {seed}")
        self.site = site
        self.home = home
        self.company = company
        self.fuse = Fuse()
        self._kept = Kept(home)
        self.rules = company.loaded.profile.outcomes
        self._chaos = chaos
        self._seed = seed
        self._armed: list[dict[str, Any]] = []
        self._cut = False
        self._size = self.chance.randint(2, 5)
        self._quota = self.chance.choice((8, 16, 60)) if chaos else 2000
        options: dict[str, Any] = {}
        if chaos:
            options = {
                "cycle_seconds": self.chance.choice((1.0, 60.0, 900.0)),
                "log_lag_seconds": self.chance.choice((0.0, 0.0, 400.0)),
                "retry_failed_seconds": self.chance.choice((None, None, None, 2400.0)),
                "bucket_records": self.chance.choice((None, None, 12)),
                "unchanged_record": self.chance.choice(("skipped", "update")),
            }
        self._drops = options.get("retry_failed_seconds") is None
        site.begin(daily_quota=self._quota, **options)

    @property
    def target(self) -> Target:
        return self.site.target

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.home)

    def journal(self) -> Journal:
        return Journal(self.home.journal, clock=self.site.clock)

    def run(self) -> dict[str, dict[str, Any]]:
        """Play it to its end; returns the directory."""
        with ExitStack() as stack:
            for module in (slices, canary):
                stack.enter_context(patch.object(module, "OPERATIONS_PER_REQUEST", self._size))
            for kind, name in ((Journal, "_transaction"), (Warehouse, "publish"), (Warehouse, "write")):
                stack.enter_context(patch.object(kind, name, self.fuse.gated(getattr(kind, name))))
            stack.enter_context(patch.object(store, "harden", self._kept.harden))
            stack.callback(self._kept.close)
            if self._chaos:
                self._play()
            else:
                for day in self.company.days:
                    self.process([day])
                    self._settle(3)
            self._quiet()
            self._settle(60)
        return self.site.directory()

    # --- what people and services do

    def _play(self) -> None:
        chance = self.chance
        first, *days = self.company.days
        for _ in range(chance.choice((0, 1, 1, 2))):  # some dates come late
            late = days.pop(chance.randrange(len(days)))
            days.insert(chance.randint(0, len(days)), late)
        newest = first
        acts: dict[Callable[[], None], int] = {
            self.upload: 8, self.decide: 4, self.wait: 4, self.outcomes: 3, self.plan: 2, self.arm: 2, self.release: 1,
            self.job: 1, self.rerun: 1,
        }  # fmt: skip
        for day in (None, *days):
            if day is not None:
                self.tally.did["backfills"] += day < newest
                newest = max(day, newest)
                self.process([day])
            for _ in range(chance.randint(1, 4)):
                self.arm()
            self.plan()
            self.decide()
            self.upload()
            for act in chance.choices(list(acts), list(acts.values()), k=chance.randint(2, 7)):
                act()

    def arm(self) -> None:
        """A fault of calls or of records."""
        chance, numbers = self.chance, sorted({row[0] for rows in self.company.days.values() for row in rows})
        some = {"external_ids": chance.sample(numbers, len(numbers) // 4), "each": chance.choice((1, 1, 2, 3))}
        passing = sorted(KNOWN_CODES - {"ImportSkipped", "EntrySynchronizationSkipped"})
        others = {"on": chance.choice(("log", "jobs", "token")), "times": chance.randint(1, 3)}
        fault = chance.choice((
            {"kind": "status", "status": 429, "retry_after": chance.choice((1, 30, 900)), "times": chance.randint(1, 3)},
            {"kind": "status", "status": 429, "times": chance.randint(1, 3)},
            {"kind": "status", "status": chance.choice((500, 503, 504)), "times": chance.randint(1, 4)},
            {"kind": "status", "status": 503, "share": chance.choice((0.1, 0.3)), "times": None},
            {"kind": "reset_after", "share": chance.choice((0.1, 0.3)), "times": None},
            {"kind": "drop_request", "after": chance.randint(0, 3)},
            {"kind": "status", "status": 503, "retry_after": 60, **others},
            {"kind": "reset_before", **others},
            {"kind": "bucket_full"},
            {"kind": "reset_before", "times": chance.randint(1, 3)},
            {"kind": "reset_after", "times": chance.randint(1, 3)},
            {"kind": "status_after", "status": 504, "times": chance.randint(1, 3)},
            {"kind": "revoke_tokens", "after": 1},
            {"kind": "drop_request"},
            {"kind": "disorder"},
            {"kind": "drop_record", **some},
            {"kind": "fail", "code": chance.choice(passing), **some},
            {"kind": "fail", **some},
            {"kind": "warn", **some},
            {"kind": "fail_manager", **some},
            {"kind": "no_twin", **some},
            {"kind": "lose_entry", **some},
            {"kind": "repeat_entry", **some},
            {"kind": "delay_entry", "seconds": chance.choice((60, 3000, 20_000)), **some},
        ))  # fmt: skip
        if self._drops or not fault["kind"].startswith("drop"):
            self._arm(fault)

    def _arm(self, fault: dict[str, Any]) -> None:
        self._armed.append({"times": None if "external_ids" in fault else 1, **fault, "seed": len(self._armed)})
        self.site.post("faults", **fault, seed=len(self._armed) - 1)

    def job(self) -> None:
        """The job stands still until somebody sees to it."""
        status = self.chance.choice(("Paused", "Quarantine", "Active", "Active"))
        self.site.post("job", status=status, **({"lasts": 1} if status == "Quarantine" else {}))
        self.tally.did["job " + status] += 1

    def wait(self) -> None:
        """Time passes."""
        self.site.sleep(self.chance.choice((30.0, 600.0, 3600.0, 4 * 3600.0, 20 * 3600.0)))

    def decide(self) -> None:
        """A person approves and rejects some of what is held, or takes a word back."""
        with self.journal() as journal:
            for manifest in journal.manifests(ManifestState.HELD, ManifestState.REJECTED):
                word = self.chance.random()
                if manifest.state is ManifestState.HELD and word < 0.25:
                    journal.reject(manifest.manifest_id, by="somebody", why=None)
                    self.tally.did["rejections"] += 1
                elif word < 0.75:
                    self._approve(journal, manifest.manifest_id)

    def _approve(self, journal: Journal, manifest_id: str) -> None:
        hours = self.company.loaded.profile.guards.approval_hours
        journal.approve(manifest_id, by="somebody", why=None, until=self.site.now + dt.timedelta(hours=hours))
        self.tally.did["approvals"] += 1

    def release(self) -> None:
        """A person lets a manifest go on past its canary."""
        with self.journal() as journal:
            gates = Gates(journal, self.target.key)
            for manifest in journal.open_manifests():
                if gates.failed(manifest.manifest_id):
                    gates.release(manifest.manifest_id, "somebody", self.site.now)

    def rerun(self) -> None:
        """Somebody runs a date again that was run before."""
        with self.warehouse.write() as con:
            done = [day for (day,) in con.execute("select business_date from days order by 1").fetchall()]
        self.process([self.chance.choice(done)])

    # --- what processes do

    def process(self, days: list[dt.date]) -> None:
        def work() -> None:
            list(processing.process(self.warehouse, self.company.loaded, days, clock=self.site.clock))

        while not self._process("process", work):
            pass  # a date that was cut off is run again: whoever started it sees that it failed

    def plan(self) -> None:
        def work() -> None:
            processing.plan(self.warehouse, self.company.loaded, self.target.key, clock=self.site.clock)
            self.warehouse.publish()

        self._process("plan", work)

    def upload(self) -> None:
        """Everything that may go out, in an order that is drawn."""

        def work() -> None:
            with self.journal() as journal:
                opened = journal.open_manifests()
                self.chance.shuffle(opened)
                refuse_silent(self.warehouse, self.target.key, self.site.now)
                for manifest in opened:
                    self._upload(journal, manifest.manifest_id)

        self._process("upload", work)

    def _upload(self, journal: Journal, manifest_id: str) -> None:
        width = self.chance.choice((1, 3, 16))
        try:
            report = upload(
                self.home, self.target, manifest_id, journal=journal, clock=self.site.clock,
                patience=Patience(sleep=self.site.sleep, jitter=self.chance.uniform), quota=self._quota,
                canary=Canary(self.company.loaded.profile.delivery.canary, 15.0, 150.0),
                still_holds=partial(refuse_moved, self.warehouse, self.company.loaded),
                lanes=lambda post, _clock, _sleep: Lanes(post, self.site, self.chance, self.fuse, width),
            )  # fmt: skip
        except GuardStop:
            return  # the approval expired
        if report.paused_until is not None and not report.stopped:
            self.tally.did["pauses"] += 1

    def outcomes(self) -> None:
        def work() -> None:
            read_outcomes(
                self.warehouse, self.target, self.rules, now=self.site.clock, sleep=self.site.sleep,
                patience=Patience(sleep=self.site.sleep, jitter=self.chance.uniform),
            )  # fmt: skip

        self._process("outcomes", work)

    def _process(self, kind: str, work: Callable[[], None]) -> bool:
        """Run it as a process of its own, which may be killed; whether it was not."""
        self._kept.open()
        if self._cut:
            self.tally.did["restarts"] += 1
            self._cut = False
        try:
            if self._chaos and self.chance.random() < KILLED[kind]:
                with self.fuse.burning(self.chance.randint(1, LINES[kind])):
                    work()
            else:
                work()
        except Killed:
            self.tally.did[f"kills of {kind}"] += 1
            self._cut = True
            self.fuse.dead = False
            self._kept.close()
            self.site.sleep(self.chance.choice((0.0, 5.0, 700.0)))
            return False
        except (ServiceError, GuardStop) as error:
            self.tally.did[f"ended with {type(error).__name__}"] += 1
        except PipelineError as error:
            if "is not sent: since it was planned" not in str(error):
                raise
            self.tally.did["plans that no longer held"] += 1
        return True

    # --- the end

    def _quiet(self) -> None:
        """Nothing disturbs any more."""
        report = self.site.get("faults")
        left = {fault["seed"]: fault["taken"] for fault in report["armed"]}
        for fault in self._armed:
            name = f"{fault['kind']} {fault.get('status', '')}".strip()
            hits = left.get(fault["seed"], fault["times"] or 0)
            self.tally.faults[name] += hits
            if fault.get("status") == 429 and "on" not in fault:
                self.tally.did["429 armed"] += hits
        self._dropped = Counter(report["struck"].get("drop_record", {})) + Counter(
            report["struck"].get("drop_request", {})
        )
        self.site.disarm()
        self.site.post("job", status="Active")
        self._chaos = False

    def _settle(self, rounds: int) -> None:
        """Approve, plan, send and read, until nothing is left; what failed for good is sent again by a person's word."""
        for number in range(rounds):
            with self.journal() as journal:
                for manifest in journal.manifests(ManifestState.HELD, ManifestState.REJECTED):
                    self._approve(journal, manifest.manifest_id)
            self.release()
            self.upload()
            self.site.sleep(1500.0)
            self.outcomes()
            if number % 3 == 2:
                with self.warehouse.write() as con:
                    decide_retry(con, self.target.key, None, "somebody", self.site.now)
            self.plan()
            if self._done():
                return
            self.site.sleep(6 * 3600.0)

    def _done(self) -> bool:
        with self.warehouse.write() as con, self.journal() as journal:
            waiting = con.execute("select count(*) from receipts where state = 'accepted'").fetchall()
            failed = con.execute("select count(*) from failures").fetchall()
            return not waiting[0][0] and not failed[0][0] and not journal.manifests(
                ManifestState.READY, ManifestState.HELD, ManifestState.UPLOADING, ManifestState.REJECTED
            )  # fmt: skip

    # --- the verdict

    def judge(self, directory: dict[str, dict[str, Any]], reference: dict[str, dict[str, Any]]) -> None:
        """Note every rule that was broken, and what was counted."""
        received = self.site.get("received", limit=1_000_000)["received"]
        self._judge_directory(directory, reference)
        self._judge_operations(self._judge_order([call["sha256"] for call in received if call["status"] == 202]))
        self._judge_limits(received)
        self.tally.did["requests"] += len(received)

    def _broken(self, what: str) -> None:
        self.tally.violations.append(f"seed {self._seed}: {what}")

    def _judge_directory(self, directory: dict[str, dict[str, Any]], reference: dict[str, dict[str, Any]]) -> None:
        for number in sorted(directory.keys() | reference.keys()):
            found, wanted = directory.get(number, {}), reference.get(number, {})
            names = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
            if names:
                self.tally.did["directory differences"] += 1
                self._broken(f"{number} differs in {', '.join(names)}")

    def _judge_operations(self, arrived: Counter[str]) -> None:
        """Every operation is settled, or another took its place; of each worker, the last one is well."""
        with self.warehouse.write() as con:
            counts = dict(con.execute("select state, count(*) from receipts group by 1").fetchall())
            failed = con.execute("select person_number, state, error_code from failures").fetchall()
            last = con.execute(
                """select d.person_number, r.state from delivered d join manifests m using (plan_no)
                join receipts r on r.manifest_id = m.manifest_id and r.request_no = d.request_no and r.op_no = d.op_no
                where r.state not in ('succeeded', 'skipped')"""
            ).fetchall()
            missed = dict(con.execute("select person_number, count(*) from missing_operations group by 1").fetchall())
        for state in sorted(counts.keys() - SETTLED):
            self._broken(f"{counts[state]} operations are {state} in the end")
        for row in (*failed, *last):
            self._broken(f"not well in the end: {row}")
        for number, times in sorted(self._dropped.items()):
            if number not in missed and arrived[number] <= times:
                self._broken(f"{number}: dropped {times} times, and nobody noticed")
        self.tally.did["missing found"] += sum(missed.values())
        self.tally.did["records dropped"] += sum(self._dropped.values())

    def _judge_order(self, accepted: list[str]) -> Counter[str]:
        """Of each worker, versions arrive in the order of their making, and plans in the order of planning.

        Returns how many records of each have arrived.
        """
        bodies_by: dict[str, tuple[bytes, set[int]]] = {}
        with self.warehouse.write() as con, self.journal() as journal:
            plans = dict(con.execute("select manifest_id, plan_no from manifests").fetchall())
            for manifest in journal.manifests():
                for _, body in bodies(self.home.path / manifest.folder):
                    digest = hashlib.sha256(body).hexdigest()
                    bodies_by.setdefault(digest, (body, set()))[1].add(plans[manifest.manifest_id])
        newest: dict[str, tuple[str, int]] = {}
        arrived: Counter[str] = Counter()
        for digest in accepted:
            body, numbers = bodies_by[digest]
            for operation in orjson.loads(body)["Operations"]:
                user = operation["data"]
                number, version = user["externalId"], user[DEPARTMENT]["department"]
                before, plan = newest.get(number, ("", 0))
                later = [each for each in numbers if each >= plan]
                if version < before or not later:
                    self.tally.did["regressions"] += 1
                    self._broken(f"{number}: {version} of plans {sorted(numbers)} after {before} of plan {plan}")
                newest[number] = (version, min(later, default=plan))
                arrived[number] += 1
        return arrived

    def _judge_limits(self, received: list[dict[str, Any]]) -> None:
        times = [
            dt.datetime.fromisoformat(call["time"]).timestamp() for call in received if call["status"] not in (0, 429)
        ]
        for most, span in ((RATE, RATE_SECONDS), (self._quota, DAY_SECONDS)):
            for early, late in zip(times, times[most:], strict=False):
                if late - early < span:
                    self._broken(f"more than {most} calls in {span:.0f} s")
                    break
        throttled = sum(call["status"] == 429 for call in received)
        caused = throttled - self.tally.did["429 armed"]
        self.tally.did["429 caused"] += caused
        if caused:
            self._broken(f"{caused} calls were throttled that should not have been made")


class Chaos:
    """Any number of seeds, at one site. Companies are made once, with their reference."""

    def __init__(self, site: Site, folder: Path) -> None:
        self._site = site
        self._folder = folder
        self._known: dict[int, tuple[Company, Home, dict[str, dict[str, Any]]]] = {}

    def run(self, seed: int) -> Tally:
        """Play one seed, and judge it."""
        company, template, reference = self._company(seed // SEEDS_PER_COMPANY)
        with self._copy(template) as home:
            trial = Trial(self._site, home, company, seed, chaos=True)
            trial.judge(trial.run(), reference)
        return trial.tally

    def _company(self, number: int) -> tuple[Company, Home, dict[str, dict[str, Any]]]:
        if number not in self._known:
            company, template = Company.make(number), Home(self._folder / f"company-{number}").create()
            company.land(template)
            with self._copy(template) as home:
                trial = Trial(self._site, home, company, -1, chaos=False)
                reference = trial.run()
                trial.judge(reference, reference)
                assert not trial.tally.violations, trial.tally.violations
            self._known[number] = company, template, reference
        return self._known[number]

    @contextmanager
    def _copy(self, template: Home) -> Iterator[Home]:
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            shutil.copytree(template.path, f"{folder}/home")
            yield Home(Path(folder) / "home")


@contextmanager
def chaos() -> Iterator[Chaos]:
    """A site and a folder for as long as the block lasts."""
    with tempfile.TemporaryDirectory() as folder, site(Path(folder) / "sandbox") as at:
        yield Chaos(at, Path(folder))


def main() -> None:
    """Run seeds and print what happened."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first one")
    given = parser.parse_args()
    tally, began, cpu = Tally(), time.perf_counter(), time.process_time()
    with chaos() as runs:
        for seed in range(given.first, given.first + given.seeds):
            found = runs.run(seed)
            tally.add(found)
            for violation in found.violations:
                print(violation, flush=True)
    seconds = time.perf_counter() - began
    print(f"{tally.seeds} seeds in {seconds:.0f} s ({time.process_time() - cpu:.0f} s of processor time)")
    for title, counts in (("faults that hit", tally.faults), ("what happened", tally.did)):
        print(f"\n{title}")
        for name, count in sorted(counts.items()):
            print(f"  {name:32} {count:9,}")
    print(f"\nviolations: {len(tally.violations)}")
    if tally.violations:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
