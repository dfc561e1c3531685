"""Runs that sensors start, each killed at any line: another run does the work, and no person has to know of it.

Dagster's daemon is played: a sensor is asked, what it asks for is run here, and a run whose process ended without a word is
marked as failed, as the daemon's monitoring does. The waits between tries are none.
"""

from __future__ import annotations

import csv
import datetime as dt
import os
import random
import ssl
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import dagster as dg
import httpx

from benchmarks.chaos.process import Fuse, Killed
from benchmarks.chaos.site import Account, Site
from benchmarks.chaos.tally import Tally
from hcm_pipeline import flow
from hcm_pipeline.defs import delivery_jobs, sensors, tries
from hcm_pipeline.defs.code_location import build
from hcm_pipeline.defs.instance import instance_of
from hcm_pipeline.defs.resources import pipeline_of
from hcm_pipeline.home import Home
from hcm_pipeline.sandbox import SandboxHandle, SandboxOptions, running
from hcm_pipeline.settings import Settings
from hcm_pipeline.sqlite_state import StateFile
from hcm_pipeline.warehouse import Warehouse

SENSORS = ("arrival", "manifest_ready", "outcomes_waiting", "resend_due", "something_to_tell")
LINES = {
    "arrival": 4000,
    "manifest_ready": 3000,
    "outcomes_waiting": 1500,
    "resend_due": 4000,
    "something_to_tell": 1500,
}
"""Lines of the product that a run which each sensor starts runs through, roughly: it is killed at one of the first so many."""
ROUNDS = 60
COLUMNS = ("Person Number", "Account Status", "First Name", "Last Name", "Manager", "Job Name")
FIRST = dt.date(2026, 11, 2)


def days(chance: random.Random) -> list[list[tuple[str, ...]]]:
    """Two business dates of a few workers. Some leave, some move: fewer than five, from which on a guard holds a plan."""
    first: list[tuple[str, ...]] = [
        (f"{1000 + i}", "True", f"First{i}", f"Last{i}", "1000" if i else "", "Job 1") for i in range(6)
    ]
    leaver = chance.choice(["", "1003", "1004"])
    jobs = [f"Job {chance.randint(1, 3)}" for _ in first[:4]] + ["Job 1"] * len(first[4:])
    second = [(row[0], str(row[0] != leaver), *row[2:5], job) for row, job in zip(first, jobs, strict=True)]
    return [first, [*second, ("1006", "True", "New", "Comer", "1001", "Job 1")]]


@dataclass
class SensorTrial:
    """One home with its own sandbox, under the sensors. `kills`: how many runs are killed at most; none is the reference."""

    home: Home
    seed: int
    kills: int
    dates: int = 2
    tally: Tally = field(default_factory=lambda: Tally(seeds=1))
    fuse: Fuse = field(default_factory=Fuse)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"sensors {self.seed}")
        self.days = days(random.Random(f"sensors' days {self.seed}"))
        self._settings = Settings(self.home.create(), "oracle-hcm", None)
        self._in_a_row: Counter[str] = Counter()
        self._keys: set[str] = set()

    def run(self) -> dict[str, Account]:
        """Deliver the dates one after the other, and let the sensors have it done; the accounts by person number."""
        options = SandboxOptions(cycle_seconds=0.05, log_calls_per_10s=10_000, flow_nulls=True)
        with (
            running(self.home.sandbox, options=options) as sandbox,
            instance_of(self.home) as instance,
            ExitStack() as stack,
        ):
            for kind, name in ((StateFile, "transaction"), (Warehouse, "publish"), (Warehouse, "write"),
                               (type(instance), "handle_new_event")):  # fmt: skip
                stack.enter_context(patch.object(kind, name, self.fuse.gated(getattr(kind, name))))
            for module, name, value in (
                (tries, "FIRST_WAIT", dt.timedelta()), (sensors, "RETRY_AFTER_SECONDS", 0),
                (delivery_jobs, "OUTCOMES_WAIT_SECONDS", 2.0), (delivery_jobs, "LOG_INTERVAL", 0.1),
            ):  # fmt: skip
                stack.enter_context(patch.object(module, name, value))
            for place, rows in enumerate(self.days[: self.dates]):
                self._deliver(FIRST + dt.timedelta(days=place), rows)
                self._until_nothing_is_left(instance)
            self._judge()
            return _accounts(sandbox)

    def _deliver(self, date: dt.date, rows: list[tuple[str, ...]]) -> None:
        path = self.home.landing / f"workers-{date}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *rows])
        whole = path.stat().st_mtime - 60
        os.utime(path, (whole, whole))

    def _until_nothing_is_left(self, instance: dg.DagsterInstance) -> None:
        for _ in range(ROUNDS):
            asked = 0
            for sensor in SENSORS:
                for request, job in self._asked(instance, sensor):
                    asked += 1
                    self._start(instance, sensor, request, job)
            if not asked:
                return
        self._broken("work left", f"after {ROUNDS} rounds a sensor still starts runs")

    def _asked(self, instance: dg.DagsterInstance, sensor: str) -> list[tuple[dg.RunRequest, str]]:
        defs = build(self._settings)
        definition = defs.resolve_sensor_def(sensor)
        context = dg.build_sensor_context(
            instance=instance, resources={"pipeline": pipeline_of(self._settings)}, definitions=defs
        )
        found = definition.evaluate_tick(context).run_requests or []
        return [(request, str(request.job_name or definition.job_name)) for request in found]

    def _start(self, instance: dg.DagsterInstance, sensor: str, request: dg.RunRequest, job: str) -> None:
        """Run it to its end or until it is killed. The daemon starts no run of a key that it has started."""
        if request.run_key is not None and request.run_key in self._keys:
            self._broken("work left", f"{sensor} asks twice under one key, and the daemon would start nothing")
            return
        self._keys.add(request.run_key or "")
        die = self._in_a_row[sensor] < tries.TRIES - 2 and self.tally.count("kills") < self.kills
        killed = die and self.chance.random() < 0.7
        self.tally.did[f"runs of {sensor}"] += 1
        made, known = build(self._settings).resolve_job_def(job), instance.get_runs_count(dg.RunsFilter(job_name=job))
        try:
            with ExitStack() as stack:
                if killed:
                    stack.enter_context(self.fuse.burning(self.chance.randint(1, LINES[sensor])))
                made.execute_in_process(
                    instance=instance, tags=dict(request.tags), partition_key=request.partition_key, raise_on_error=False,
                    run_config={**(request.run_config or {}), "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                )  # fmt: skip
        except Killed:
            self.tally.did[f"kills of {sensor}"] += 1
            self._in_a_row[sensor] += 1
            self.fuse.dead = False
            if instance.get_runs_count(dg.RunsFilter(job_name=job)) == known:
                self._keys.discard(request.run_key or "")  # before the run was made: the daemon asks once more
            for run in instance.get_runs(dg.RunsFilter(job_name=job)):
                if not run.is_finished:
                    instance.report_run_failed(run)
        else:
            self._in_a_row[sensor] = 0

    def _judge(self) -> None:
        here = pipeline_of(self._settings).installation()
        known = flow.status(here)
        for work in known.failed_work:
            self._broken("work left", f"{work.work} is told as failed although all is done")
        for one in flow.look(here):
            if one.kind is flow.AlertKind.RUN_FAILED:
                self._broken("work left", f"an alert stays: {one.title}")
        if known.landing:
            self._broken("work left", f"{len(known.landing)} files lie in landing/")
        for manifest in known.manifests:
            if manifest.state not in ("accepted", "superseded"):
                self._broken("work left", f"a manifest is {manifest.state} in the end")

    def _broken(self, rule: str, what: str) -> None:
        self.tally.broken[rule] += 1
        self.tally.violations.append(f"sensors' seed {self.seed}: {what}")


def _accounts(sandbox: SandboxHandle) -> dict[str, Account]:
    trust = ssl.create_default_context(cafile=sandbox.target.ca_file)
    key = {"Authorization": f"Bearer {sandbox.token}"}
    with httpx.Client(verify=trust, trust_env=False, timeout=60, headers=key) as http:
        return Site(sandbox, http).directory()


def sensor_runs(folder: Path, seed: int, *, kills: int = 6, dates: int = 2) -> Tally:
    """Play one seed, and judge it against the same without a kill."""
    reference = SensorTrial(Home(folder / "reference"), seed, 0, dates)
    wanted = reference.run()
    trial = SensorTrial(Home(folder / "home"), seed, kills, dates)
    found = trial.run()
    trial.tally.violations += reference.tally.violations
    for number in sorted(found.keys() | wanted.keys()):
        if found.get(number) != wanted.get(number):
            trial._broken("directory differences", f"{number} differs from the undisturbed run")
    return trial.tally
