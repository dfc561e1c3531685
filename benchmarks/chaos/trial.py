"""One seed: what people, services and processes do, until nothing is left to do."""

from __future__ import annotations

import datetime as dt
import gc
import random
from collections import Counter
from collections.abc import Callable, Iterable, Set
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any
from unittest.mock import patch

from benchmarks.chaos import verdict
from benchmarks.chaos.company import Company
from benchmarks.chaos.histories import Histories, installation_of
from benchmarks.chaos.process import DrawnFlight, Fuse, Kept, Killed
from benchmarks.chaos.site import Account, Site
from benchmarks.chaos.tally import Tally
from hcm_pipeline.deciders import Decider
from hcm_pipeline.delivery import (
    Canary,
    HistoryStop,
    Journal,
    ManifestState,
    UploadTerms,
    decide_retry,
    left_alone,
    read_outcomes,
    refuse_silent,
    unsure,
    unsure_workers,
    upload,
)
from hcm_pipeline.errors import GuardStop, PipelineError, ServiceError
from hcm_pipeline.flow import plans, processing
from hcm_pipeline.flow.applying import ready_manifests
from hcm_pipeline.flow.fencing import TargetFence
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.stale_manifests import refuse_moved
from hcm_pipeline.home import Home
from hcm_pipeline.http import Patience
from hcm_pipeline.sandbox import SandboxTarget
from hcm_pipeline.sqlite_state import StateFile
from hcm_pipeline.targets.entra import EntraTarget
from hcm_pipeline.targets.entra.connection import to_sandbox
from hcm_pipeline.targets.entra.error_codes import KNOWN_CODES
from hcm_pipeline.targets.entra.service import EntraLive, live
from hcm_pipeline.warehouse import Warehouse, store

LINES = {"process": 2500, "plan": 3500, "upload": 8000, "outcomes": 2500}
"""Lines of the product that a process of each kind runs through, roughly: it is killed at one of the first so many."""
KILLED = {"process": 0.1, "plan": 0.25, "upload": 0.4, "outcomes": 0.25}
"""How many of these processes are."""


class Trial:
    """One home, one sandbox, one seed. Without chaos it is the reference."""

    def __init__(self, site: Site, home: Home, company: Company, seed: int, *, chaos: bool) -> None:
        self.tally = Tally(seeds=1)
        self.chance = random.Random(f"seed {seed}")
        self.site = site
        self.home = home
        self.company = company
        self.processed = [min(company.days)]
        self.histories = Histories(self, company.loaded)
        self.fuse = Fuse()
        self._kept = Kept(home)
        self.rules = company.loaded.profile.outcomes
        self._chaos = chaos
        self.seed = seed
        self._armed: list[dict[str, Any]] = []
        self._throttled = 0
        self._dropped = Counter[str]()
        self._lost = frozenset[str]()
        """Of whom the log has lost entries: where the home has other lives, nobody can know what they were sent in them."""
        self._cut = False
        self._size = self.chance.randint(2, 5)
        self._quota = self.chance.choice((8, 16, 60)) if chaos else 2000
        self._nulls = not chaos or self.chance.random() < 0.7
        self._slow = self.chance.choice((0.0, 0.0, 0.06)) if chaos else 0.0
        self._other_lives = chaos and self.chance.random() < 0.5
        self._stopped = False
        options: dict[str, Any] = {}
        if chaos:
            options = {
                "cycle_seconds": self.chance.choice((1.0, 60.0, 900.0)),
                "log_lag_seconds": self.chance.choice((0.0, 0.0, 400.0)),
                "retry_failed_seconds": self.chance.choice((None, None, None, 2400.0)),
                "bucket_records": self.chance.choice((None, None, 12)),
                "unchanged_record": self.chance.choice(("skipped", "update")),
            }
        self._drops = options.get("retry_failed_seconds") is None and not self._other_lives
        site.begin(daily_quota=self._quota, flow_nulls=self._nulls, **options)

    @property
    def target(self) -> SandboxTarget:
        """The sandbox's job."""
        return self.site.target

    def live(self) -> EntraLive:
        """The job, as a new process knows it."""
        return live(to_sandbox(self.site.target), self._quota)

    @property
    def warehouse(self) -> Warehouse:
        """As a new process opens it."""
        return Warehouse(self.home)

    def journal(self) -> Journal:
        """As a new process opens it. Raises HistoryStop for one that is lost."""
        return self.histories.installation.journal()

    def close(self) -> None:
        """Nobody has the warehouse open."""
        self._kept.close()

    def run(self) -> dict[str, Account]:
        """Play it to its end; returns the directory."""
        with ExitStack() as stack:
            limits = replace(EntraTarget.limits, operations=self._size)
            stack.enter_context(patch.object(plans, "EntraTarget", partial(EntraTarget, limits=limits)))
            for kind, name in ((StateFile, "transaction"), (Warehouse, "publish"), (Warehouse, "write")):
                stack.enter_context(patch.object(kind, name, self.fuse.gated(getattr(kind, name))))
            if self._slow:
                stack.enter_context(patch.object(StateFile, "transaction", self._slowed(StateFile.transaction)))
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
            if self.seed % 2 and self._unsure():
                self.histories.accept(everybody=True)
                self._kept.open()
                self._settle(60)
        self.histories.forget()
        return self.site.directory()

    def _slowed(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """The journal is on a slow disk."""

        def called(*args: Any, **named: Any) -> Any:
            self.site.owed += self._slow
            return method(*args, **named)

        return called

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
        if self._other_lives:
            acts |= {self.histories.backup: 1, self.histories.restore: 1, self.histories.copy: 1}
            acts |= {self.histories.lose_journal: 1}
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
        if self._other_lives:
            chance.choice((self.histories.restore, self.histories.copy, self.histories.lose_journal))()

    def arm(self) -> None:
        """A fault of calls or of records."""
        chance, numbers = self.chance, sorted({row[0] for rows in self.company.days.values() for row in rows})
        some = {"external_ids": chance.sample(numbers, len(numbers) // 4), "each": chance.choice((1, 1, 2, 3))}
        passing = sorted(KNOWN_CODES - {"ImportSkipped", "EntrySynchronizationSkipped"})
        others = {"on": chance.choice(("log", "jobs", "token")), "times": chance.randint(1, 3)}
        fault: dict[str, Any] = chance.choice((
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
            pauses = journal.pauses(self.target.key)
            for manifest in journal.open_manifests():
                if pauses.failed(manifest.manifest_id):
                    pauses.release(manifest.manifest_id, Decider("somebody", self.site.now))

    def rerun(self) -> None:
        """Somebody runs a date again that was run before."""
        with self.warehouse.write() as con:
            done = [day for (day,) in con.execute("select business_date from days order by 1").fetchall()]
        self.process([self.chance.choice(done)])

    # --- what processes do

    def process(self, days: list[dt.date]) -> None:
        """Run business dates, again and again until nobody ends it."""

        for day in days:
            if day not in self.processed:
                self._kept.open()
                self.company.land(self.home, day, self.site.clock)
                self.processed.append(day)

        def work() -> None:
            list(processing.process(self.warehouse, self.company.loaded, days, clock=self.site.clock))

        while not self._process("process", work):
            pass  # a date that was cut off is run again: whoever started it sees that it failed

    def plan(self) -> None:
        """Plan, and publish it."""

        def work() -> None:
            plans.plan(self.warehouse, self.company.loaded, self.target.key, clock=self.site.clock)
            self.warehouse.publish()

        self._process("plan", work)

    def upload(self) -> None:
        """Everything that may go out, in an order that is drawn; what a sensor would start, or all that a person would.

        Where the fence stops it, a person lets it go on: it is no false stop when the home had another life.
        """
        self._process("upload", lambda: self._send(self.home, by_sensor=self.chance.random() < 0.5))
        if self._stopped:
            self._stopped = False
            self.histories.accept()

    def send_from(self, home: Home) -> None:
        """The same from a home that has no right to."""
        caused, self.histories.caused = self.histories.caused, True
        self._process("upload", lambda: self._send(home, by_sensor=False))
        self._stopped, self.histories.caused = False, caused

    def _send(self, home: Home, *, by_sensor: bool) -> None:
        installation = installation_of(home, self.site, self.company.loaded)
        opened = self._opened(installation, by_sensor=by_sensor)
        self.chance.shuffle(opened)
        with installation.journal() as journal:
            refuse_silent(Warehouse(home), self.live(), self.site.clock())
            fence = TargetFence(installation, journal, self.live())
            for manifest_id in opened:
                try:
                    self._upload(home, journal, fence, manifest_id)
                except HistoryStop as stop:
                    self._note_stop(stop)
                    return
            fence.keep_mark()

    def _opened(self, installation: Installation, *, by_sensor: bool) -> list[str]:
        """The manifests that would be sent: a sensor starts what nothing keeps back, after the first upload by hand."""
        with installation.journal() as journal:
            opened = [manifest.manifest_id for manifest in journal.open_manifests()]
            if not by_sensor or not journal.last_send(self.target.key):
                return opened
        ready = ready_manifests(installation)
        self.tally.did["asked by a sensor"] += 1
        return [one.manifest.manifest_id for one in ready if not one.verdict.tripped]

    def _note_stop(self, stop: HistoryStop) -> None:
        self.tally.did["stops by the fence"] += 1
        self._stopped = True
        if not self.histories.caused:
            self.break_rule("false stops", str(stop))

    def break_rule(self, rule: str, what: str) -> None:
        """Note that a rule was broken."""
        self.tally.broken[rule] += 1
        self.tally.violations.append(f"seed {self.seed}: {what}")

    def _upload(self, home: Home, journal: Journal, fence: TargetFence, manifest_id: str) -> None:
        width = self.chance.choice((1, 3, 16))
        follows = partial(self.break_rule, "calls after a refusal")
        try:
            report = upload(
                home, self.live(), manifest_id, journal=journal,
                terms=UploadTerms(
                    Patience(sleep=self.site.sleep, jitter=self.chance.uniform), self.site.clock,
                    Canary(self.company.loaded.profile.delivery.canary, 15.0, 150.0),
                ),
                still_holds=partial(refuse_moved, Warehouse(home), self.company.loaded),
                fence=fence,
                in_flight=lambda post, _clock, _sleep: DrawnFlight(post, self.site, self.chance, self.fuse, width, follows),
            )  # fmt: skip
        except HistoryStop:
            raise
        except GuardStop:
            return  # the approval expired
        if report.paused_until is not None and not report.stopped:
            self.tally.did["pauses"] += 1

    def outcomes(self) -> None:
        """Read the log once."""

        def work() -> None:
            read_outcomes(
                self.warehouse, self.live(), self.rules, now=self.site.clock,
                patience=Patience(sleep=self.site.sleep, jitter=self.chance.uniform),
            )  # fmt: skip

        self._process("outcomes", work)

    def _process(self, kind: str, work: Callable[[], None]) -> bool:
        """Run it as a process of its own, which may be killed; whether it was not."""
        ended = self._to_its_end(kind, work)
        if not ended:
            gc.collect()  # the kernel closes what a dead process had open; here cycles of its objects still hold locks
        return ended

    def _to_its_end(self, kind: str, work: Callable[[], None]) -> bool:
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
        """Nothing disturbs any more; what the faults did is counted."""
        report = self.site.get("faults")
        left = {fault["seed"]: fault["taken"] for fault in report["armed"]}
        for fault in self._armed:
            name = f"{fault['kind']} {fault.get('status', '')}".strip()
            hits = left.get(fault["seed"], fault["times"] or 0)
            self.tally.faults[name] += hits
            if fault.get("status") == 429 and "on" not in fault:
                self._throttled += hits
        for kind in ("drop_record", "drop_request"):
            self._dropped.update(report["struck"].get(kind, {}))
        self._lost = frozenset(report["struck"].get("lose_entry", {}))
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
                    decide_retry(con, self.target.key, None, Decider("somebody", self.site.now))
            if self._left_alone():
                self._tomorrow(number)
            self.plan()
            if self._done():
                return
            self.site.sleep(6 * 3600.0)

    def _unsure(self) -> frozenset[str]:
        """Of whom the home says that nobody knows what the target has."""
        with self.warehouse.write() as con:
            told, numbers = unsure(con, self.target.key), unsure_workers(con, self.target.key)
        assert len(numbers) == (told.workers if told else 0)
        return frozenset(numbers)

    def _left_alone(self) -> bool:
        with self.warehouse.write() as con:
            return bool(left_alone(con, self.target.key)[0])

    def _tomorrow(self, number: int) -> None:
        """HR delivers what is true once more, and a person lets those go on who were left alone."""
        now = self.site.clock() + dt.timedelta(seconds=number)
        day = self.company.land(self.home, max(self.company.days), self.site.clock, at=now)
        list(processing.process(self.warehouse, self.company.loaded, [day], clock=self.site.clock))
        self.histories.accept()
        self._kept.open()

    def _done(self) -> bool:
        with self.warehouse.write() as con, self.journal() as journal:
            waiting = con.execute("select count(*) from receipts where state = 'accepted'").fetchall()
            failed = con.execute("select count(*) from failures").fetchall()
            return not waiting[0][0] and not failed[0][0] and not journal.manifests(
                ManifestState.READY, ManifestState.HELD, ManifestState.UPLOADING, ManifestState.REJECTED
            )  # fmt: skip

    # --- the verdict

    def _limits(self, calls: verdict.Calls) -> Iterable[str]:
        """A home that lost its history does not know how much of the quota is used: the service tells it."""
        return () if self.histories.era else verdict.of_limits(calls, self._quota, self._throttled)

    def doubtful(self) -> dict[str, Set[str]]:
        """By attribute, of whom nobody knows whether a value of it arrived."""
        failed, unmanaged = self.site.doubtful()
        unwritten = failed | self._dropped.keys()
        return {
            name: unwritten | unmanaged if theirs == "manager" else unwritten
            for name, theirs in verdict.CLEARED.items()
        }

    def judge(self, found: dict[str, Account], wanted: dict[str, Account]) -> None:
        """Note every rule that was broken, and what was counted; `wanted` is the directory of the undisturbed run."""
        calls, did = self.site.received(), self.tally.did
        told = self._unsure() & self._lost if self._other_lives else frozenset[str]()
        self.close()
        plans = verdict.plans_of(self.home, self.histories.era, self.histories.plans)
        with self.warehouse.write() as con:
            verdicts = {
                "directory differences": verdict.of_directory(found, wanted, nulls=self._nulls, unsure=told),
                "operations lost": chain(verdict.of_operations(con), verdict.of_drops(con, calls, self._dropped)),
                "regressions": verdict.of_order(plans, calls),
                "limits broken": self._limits(calls),
            }
            # what the log of another life has lost cannot be known, whatever is sent later
            lost = self._lost if self._other_lives else frozenset[str]()
            verdicts["cleared values untold"] = verdict.of_cleared(con, found, self.doubtful(), lost)
            for name, broken in verdicts.items():
                said = [f"seed {self.seed}: {what}" for what in broken]
                self.tally.broken[name] += len(said)
                self.tally.violations += said
            did["missing found"] += con.execute("select count(*) from missing_operations").fetchall()[0][0]
        did["requests"] += len(calls)
        did["requests throttled"] += sum(call["status"] == 429 for call in calls)
        did["records dropped"] += sum(self._dropped.values())
