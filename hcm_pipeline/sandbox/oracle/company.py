"""A simulated company: people are hired, moved, promoted, ended and hired again while the clock moves.

The events of a day are a function of the seed and the day; the people whom they hit are drawn from those there are then.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hcm_pipeline.sandbox.options import checked
from hcm_pipeline.sandbox.oracle.actions import HumanResources
from hcm_pipeline.sandbox.oracle.people import PENDING, Person
from hcm_pipeline.sandbox.oracle.stamps import day_of, midnight

if TYPE_CHECKING:
    from hcm_pipeline.sandbox.oracle.service import Hcm

FIRST = (
    "Anna", "Ben", "Chloé", "Daniel", "Emma", "Farid", "Grace", "Hugo", "Inès", "Jan", "Kemal", "Lena", "Marta", "Noah",
    "Olga", "Priya", "Quentin", "Rosa", "Søren", "Tomás", "Uma", "Víctor", "Wei", "Xenia", "Yusuf", "Zoë",
)  # fmt: skip
LAST_NAMES = (
    "Adams", "Bakker", "Castro", "D'Arcy", "Eriksson", "Fischer", "García López", "Huang", "Ivanova", "Jansen", "Kowalska",
    "Li", "Müller", "Núñez", "O'Brien", "Petrov", "Quist", "Rossi", "Silva", "Tanaka", "Ünal", "Vogel", "Wright", "Yılmaz",
    "Zając", "Smith-Jones",
)  # fmt: skip
PLACES = (
    ("GB", "Contoso Ltd", "LON", {"street": "1 High Street", "city": "London", "postal_code": "N1 9GU", "country": "GB"}),
    ("NL", "Contoso BV", "AMS", {"street": "Damrak 1", "city": "Amsterdam", "postal_code": "1012 LG", "country": "NL"}),
    ("US", "Contoso Inc", "SEA", {
        "street": "10 Pine St", "street2": "Suite 4", "city": "Seattle", "state": "WA", "postal_code": "98101", "country": "US",
    }),
)  # fmt: skip
DEPARTMENTS = ("Sales", "Finance", "R&D", "Operations", "Legal, Risk", "People")
JOBS = (("ENG", "Engineer"), ("ANL", "Analyst"), ("CNS", "Consultant"), ("MGR", "Manager"), ("AST", "Assistant"))
UNITS = ("North", "South")
DAY_MICROS = 86_400_000_000


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class CompanyOptions:
    """How large, how lively. `silent`: the share of changes that raise no entry."""

    people: Annotated[int, Field(ge=2, le=1_000_000)] = 100
    seed: int = 0
    events_a_day: Annotated[int, Field(ge=0, le=100_000)] = 12
    silent: Annotated[float, Field(ge=0, le=1)] = 0.0


class Company:
    """The life of a company up to a moment; it is kept with the people."""

    def __init__(self, hcm: Hcm, options: CompanyOptions, until: int) -> None:
        self._hcm, self.options, self.until = hcm, options, until
        self._human = HumanResources(hcm)
        self._day: date | None = None
        self._due: list[tuple[int, str, int]] = []

    @classmethod
    def kept(cls, hcm: Hcm, text: str) -> Company:
        """The company that was kept."""
        body = orjson.loads(text)
        return cls(hcm, checked(CompanyOptions, body["options"]), body["until"])

    @classmethod
    def founded(cls, hcm: Hcm, body: Mapping[str, object]) -> Company:
        """A company whose people were hired in the years before, without entries. Raises ValueError."""
        if hcm.people:
            raise ValueError("there are people already: reset the sandbox before")
        company = cls(hcm, checked(CompanyOptions, body), hcm.now())
        with hcm.transaction():
            company._people_at_first()
        company._keep()
        return company

    def _keep(self) -> None:
        plain = {name: getattr(self.options, name) for name in ("people", "seed", "events_a_day", "silent")}
        text = orjson.dumps({"options": plain, "until": self.until}).decode()
        self._hcm.store.keep({"hcm_company": text})

    def _people_at_first(self) -> None:
        rng = random.Random(f"{self.options.seed} people")
        today = self._hcm.today()
        chiefs: list[str] = []
        for number in range(self.options.people):
            start = today - timedelta(days=rng.randrange(200, 2200) if number else 3000)
            details = self._newcomer(rng, start)
            first, last = details["first_name"], details["last_name"]
            username = f"{first}.{last}.{number}".lower().replace(" ", "").replace("'", "")
            details |= {"username": username, "email": f"{username.encode('ascii', 'ignore').decode()}@contoso.test"}
            if rng.random() < 0.8:
                details["phone"] = {"country": "44", "area": "20", "number": f"555{rng.randrange(10000):04d}"}
            details["manager"] = chiefs[rng.randrange(len(chiefs))] if chiefs else None
            made = self._human.hire(silent=True, **details)
            if len(chiefs) < max(1, self.options.people // 10):
                chiefs.append(made)

    def _newcomer(self, rng: random.Random, start: date) -> dict[str, Any]:
        legislation, employer, location, address = rng.choice(PLACES)
        code, job = rng.choice(JOBS)
        return {
            "first_name": rng.choice(FIRST), "last_name": rng.choice(LAST_NAMES),
            "middle_name": rng.choice(FIRST) if rng.random() < 0.2 else None, "start": start,
            "type": rng.choices("ECP", (8, 1, 2 if start > self._hcm.today() else 0))[0],
            "legal_employer": employer, "legislation": legislation, "address": address, "location": location,
            "department": rng.choice(DEPARTMENTS), "job_code": code, "job_name": job, "business_unit": rng.choice(UNITS),
            "mobile": {"country": "44", "number": f"7700 900{rng.randrange(1000):03d}"} if rng.random() < 0.3 else None,
        }  # fmt: skip

    # --- its life

    def live(self, now: int) -> None:
        """Play what is due until now."""
        if now <= self.until or (self._day == day_of(now) and (not self._due or self._due[0][0] > now)):
            return  # nothing is due yet, or no more today
        with self._hcm.transaction():
            day = day_of(self.until)
            while day <= day_of(now):
                if self._day != day:
                    self._day, self._due = day, [one for one in self._events(day) if one[0] > self.until]
                while self._due and self._due[0][0] <= now:
                    moment, kind, seed = self._due.pop(0)
                    with self._hcm.at(moment):
                        self._happens(kind, random.Random(f"{self.options.seed} {moment} {seed}"))
                day += timedelta(days=1)
            self.until = now
        self._keep()

    def _events(self, day: date) -> list[tuple[int, str, int]]:
        rng = random.Random(f"{self.options.seed} {day}")
        many = self.options.events_a_day if day.weekday() < 5 else self.options.events_a_day // 4
        kinds = rng.choices([name for name, _, _ in KINDS], [weight for _, weight, _ in KINDS], k=many)
        seconds = sorted(rng.randrange(7 * 3600, 19 * 3600) * 1000 + rng.randrange(1000) for _ in kinds)
        first = midnight(day)
        return [(first + at * 1000, kind, place) for place, (at, kind) in enumerate(zip(seconds, kinds, strict=True))]

    def _happens(self, kind: str, rng: random.Random) -> None:
        self._silent = rng.random() < self.options.silent
        try:
            {name: work for name, _, work in KINDS}[kind](self, rng)
        except ValueError:
            return  # what cannot be, as of somebody who left: nothing happens

    def _some(self, rng: random.Random, fits: Callable[[Person], bool]) -> str:
        """One of those who fit. Raises ValueError when there is none."""
        people = list(self._hcm.people.values())
        for _ in range(20):
            person = rng.choice(people)
            if fits(person):
                return person.number
        fitting = [person.number for person in people if fits(person)]
        if not fitting:
            raise ValueError("nobody")
        return rng.choice(fitting)

    def _working(self, rng: random.Random) -> str:
        today = self._hcm.today()
        return self._some(rng, lambda one: any(held.active(today) for held in one.relationships))

    def _when(self, rng: random.Random, ahead: int = 30, back: int = 5) -> date:
        """Mostly today, sometimes days ahead or in the past."""
        days = rng.choices((0, rng.randrange(1, ahead + 1), -rng.randrange(1, back + 1)), (6, 3, 1))[0]
        return self._hcm.today() + timedelta(days=days)

    def _boss(self, rng: random.Random, not_this: str = "") -> str:
        found = self._working(rng)
        return found if found != not_this else self._working(rng)

    def _hire(self, rng: random.Random) -> None:
        self._human.hire(**self._newcomer(rng, self._when(rng)), manager=self._boss(rng), silent=self._silent)

    def _convert(self, rng: random.Random) -> None:
        number = self._some(rng, lambda one: any(held.type == PENDING for held in one.relationships))
        self._human.convert(number, self._when(rng, 5, 1), silent=self._silent)

    def _cancel(self, rng: random.Random) -> None:
        today = self._hcm.today()
        self._human.cancel(
            self._some(
                rng, lambda one: bool(one.relationships) and all(held.start > today for held in one.relationships)
            ),
            silent=self._silent,
        )

    def _start_moves(self, rng: random.Random) -> None:
        today = self._hcm.today()
        near = today - timedelta(days=20)
        number = self._some(rng, lambda one: len(one.relationships) == 1 and one.relationships[0].start > near)
        self._human.change_start(number, today + timedelta(days=rng.randrange(-10, 30)), silent=self._silent)

    def _rehire(self, rng: random.Random) -> None:
        today = self._hcm.today()
        number = self._some(
            rng,
            lambda one: (
                bool(one.relationships) and all((held.termination or today) < today for held in one.relationships)
            ),
        )
        self._human.rehire(
            number, today + timedelta(days=rng.choice((0, 0, 7))), manager=self._boss(rng), silent=self._silent
        )

    def _terminate(self, rng: random.Random) -> None:
        self._human.terminate(self._working(rng), self._when(rng), silent=self._silent)

    def _ended(self, rng: random.Random) -> str:
        near = self._hcm.today() - timedelta(days=10)
        return self._some(
            rng, lambda one: len(one.relationships) == 1 and (one.relationships[0].termination or near) > near
        )

    def _correct(self, rng: random.Random) -> None:
        self._human.terminate(self._ended(rng), self._when(rng, 20, 3), silent=self._silent)

    def _reverse(self, rng: random.Random) -> None:
        self._human.reverse_termination(self._ended(rng), entry="none" if self._silent else None)

    def _move(self, rng: random.Random) -> None:
        code, job = rng.choice(JOBS)
        details = rng.choice(({"department": rng.choice(DEPARTMENTS)}, {"job_code": code, "job_name": job}))
        self._human.change_assignment(self._working(rng), self._when(rng), silent=self._silent, **details)

    def _reorganise(self, rng: random.Random) -> None:
        department = rng.choice(DEPARTMENTS)
        for _ in range(rng.randrange(12, 30)):
            self._human.change_assignment(self._working(rng), department=department, silent=self._silent)

    def _manager(self, rng: random.Random) -> None:
        number = self._working(rng)
        manager = None if rng.random() < 0.1 else self._boss(rng, number)
        type = "PROJECT_MANAGER" if rng.random() < 0.2 else "LINE_MANAGER"
        self._human.change_manager(number, manager, self._when(rng), type, silent=self._silent)

    def _transfer(self, rng: random.Random) -> None:
        legislation, employer, _, _ = rng.choice(PLACES)
        number = self._working(rng)
        manager = self._boss(rng, number)
        self._human.global_transfer(
            number, employer, self._when(rng), legislation, manager=manager, silent=self._silent
        )

    def _second(self, rng: random.Random) -> None:
        self._human.add_relationship(
            self._working(rng),
            self._when(rng),
            legal_employer="Fabrikam Ltd",
            department="Advisory",
            silent=self._silent,
        )

    def _more(self, rng: random.Random) -> None:
        self._human.add_assignment(self._working(rng), self._when(rng), department="Projects", silent=self._silent)

    def _name(self, rng: random.Random) -> None:
        self._human.change_name(
            self._working(rng), self._when(rng), silent=self._silent, last_name=rng.choice(LAST_NAMES)
        )

    def _phone(self, rng: random.Random) -> None:
        number = (
            None if rng.random() < 0.1 else {"country": "44", "area": "20", "number": f"55{rng.randrange(100000):05d}"}
        )
        self._human.change_phone(
            self._working(rng), number, rng.choice(("W1", "WM")), self._when(rng), silent=self._silent
        )

    def _email(self, rng: random.Random) -> None:
        address = f"mail{rng.randrange(10**6)}@contoso.test"
        self._human.change_email(self._working(rng), address, on=self._when(rng), silent=self._silent)

    def _username(self, rng: random.Random) -> None:
        self._human.change_username(self._working(rng), f"user{rng.randrange(10**6)}", silent=self._silent)

    def _address(self, rng: random.Random) -> None:
        address = {
            "street": f"{rng.randrange(1, 200)} Mill Lane",
            "city": "Leeds",
            "postal_code": "LS1 4AP",
            "country": "GB",
        }
        self._human.change_address(self._working(rng), address, self._when(rng), silent=self._silent)

    def _salary(self, rng: random.Random) -> None:
        self._human.salary(self._working(rng), self._when(rng))

    def _touch(self, rng: random.Random) -> None:
        self._human.touch(self._working(rng))


KINDS: tuple[tuple[str, int, Callable[[Company, random.Random], None]], ...] = (
    ("hire", 14, Company._hire), ("convert", 4, Company._convert), ("cancel", 2, Company._cancel),
    ("start_moves", 2, Company._start_moves), ("rehire", 3, Company._rehire), ("terminate", 9, Company._terminate),
    ("correct", 2, Company._correct), ("reverse", 2, Company._reverse), ("move", 14, Company._move),
    ("reorganise", 1, Company._reorganise), ("manager", 8, Company._manager), ("transfer", 3, Company._transfer),
    ("second", 1, Company._second), ("more", 1, Company._more), ("name", 5, Company._name), ("phone", 6, Company._phone),
    ("email", 6, Company._email), ("username", 3, Company._username), ("address", 5, Company._address),
    ("salary", 15, Company._salary), ("touch", 4, Company._touch),
)  # fmt: skip
"""The things that happen in a company, how often, and how."""


def arrive(hcm: Hcm, number: int) -> None:
    """An entry that was not there: somebody's salary changes."""
    today = hcm.today()
    working = [one.number for one in hcm.people.values() if any(held.active(today) for held in one.relationships)]
    if working:
        HumanResources(hcm).salary(random.Random(number).choice(sorted(working)))
