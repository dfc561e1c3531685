"""A small company: what HR delivers for each business date, and the profile that reads it."""

from __future__ import annotations

import csv
import datetime as dt
import random
from dataclasses import dataclass
from importlib import resources

from benchmarks.chaos.site import START
from hcm_pipeline.flow import landing, processing
from hcm_pipeline.home import Home
from hcm_pipeline.http import Clock
from hcm_pipeline.profile import LoadedProfile, parse
from hcm_pipeline.warehouse import Warehouse

COLUMNS = ("Person Number", "Account Status", "First Name", "Last Name", "Manager", "Department Name", "Job Name",
           "Legal Employer", "Country")  # fmt: skip
LIMITS = """
[delivery]
automatic = true
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


@dataclass
class Company:
    """Its extracts by business date, in order, and what reads them."""

    days: dict[dt.date, list[tuple[str, ...]]]
    loaded: LoadedProfile

    @classmethod
    def make(cls, number: int) -> Company:
        """Joiners, movers, leavers, renames, returns and other managers. Of each change, the department is a new version.

        The last date is the day on which the trial starts: a date ahead of the clock is neither processed nor planned.

        From the second date on a file may lack workers: what it says of the others is all that it says. Only who is there on the
        first date, which is always the first to be processed, is renamed: whoever is first heard of under a later name, because
        the date of the former one came late, is given names of that, once and for life.
        """
        chance = random.Random(f"company {number}")
        workers: dict[str, list[str]] = {}
        days = {}
        size = chance.randint(20, 55)
        count = chance.randint(3, 6)
        for place in range(count):
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
                elif kind == "rename" and int(name) < 1000 + size:
                    row[2] = f"{row[2]}x"
                else:
                    row[5] = "" if kind == "blank" else f"Job {chance.randint(1, 9)}"
                touched.add(name)
            for name in touched:
                workers[name][4] = f"v{place:04}"
            absent = chance.sample(sorted(workers), len(workers) // 6) if place else []
            days[START.date() - dt.timedelta(days=count - 1 - place)] = [
                (name, *row) for name, row in workers.items() if name not in absent
            ]
        built_in = resources.files("hcm_pipeline.profile.builtin").joinpath("oracle-hcm.toml").read_text("utf-8")
        limits = LIMITS.format(
            canary=chance.choice((0, 3, 5)), others_go_on=str(chance.random() < 0.9).lower(),
            creates=chance.choice((5, 100, 100)), updates=chance.choice((2, 8, 30)),
        )  # fmt: skip
        return cls(days, parse(f"{built_in}\n{limits}", "oracle-hcm"))

    def begin(self, home: Home) -> None:
        """Land and process the first date."""
        self.land(home, min(self.days), lambda: START)
        list(processing.process(Warehouse(home), self.loaded, [min(self.days)], clock=lambda: START))

    def land(self, home: Home, day: dt.date, clock: Clock, *, at: dt.datetime | None = None) -> dt.date:
        """Land the extract of a date; `at`: its newest statement once more, as HR delivers it `at` that time. Its date."""
        path = home.scratch / f"workers-{at or day:%Y-%m-%d}.csv"
        columns: tuple[str, ...] = COLUMNS
        rows = self.days[day]
        if at is not None:  # no two files have the same bytes
            columns, rows = (*COLUMNS, "Printed"), [(*row, at.isoformat()) for row in rows]
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([columns, *rows])
        [landed] = landing.land(Warehouse(home), self.loaded.profile, [path], now=clock)
        assert landed.result == "taken", landed
        return at.date() if at else day
