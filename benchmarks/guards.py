#!/usr/bin/env python3
"""Incidents that others told of, and ordinary days, before the guards and before two plain limits.

    python benchmarks/guards.py [--companies 100] [--seed 1] [--largest 8000]

Each company has its own size, legal employers, countries, turnover and a month of deliveries. Into each, every incident is
injected once, as the operations of a plan for the next business date; and every kind of ordinary day. The guards are those of
the built-in profile, judged by the code that judges a plan; and the same without what they know of people, of more than one day
and of small companies, which is what they were before. Beside them stand the limits that other tools have: 20 percent of
all accounts (Okta, Grouper; from 100 accounts on), and 500 disabled accounts (Entra ID's accidental deletions).

For a day with an incident to be caught, what is wrong in it must be held: every operation that the incident made, and of those
that are about certain people theirs. For an ordinary day, one held operation is a false stop.
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from hcm_pipeline.delivery import names_of
from hcm_pipeline.delivery.plan import guards
from hcm_pipeline.delivery.plan import target_state as known
from hcm_pipeline.flow.profiles import load_profile
from hcm_pipeline.home import Home
from hcm_pipeline.profile import Guards
from hcm_pipeline.targets.entra import EntraTarget
from hcm_pipeline.warehouse import DUCKDB_TYPES, Relation, Scratch, Warehouse, ensure_columns, quote, scratch, table

TODAY = dt.date(2026, 11, 30)
TARGET = "principal/job"
HISTORY_DAYS = 30
DEPARTMENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
DIVISION = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:division"
MANAGER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"
VALUES = ("active", "userName", "title", DEPARTMENT, DIVISION, 'addresses[type eq "work"].locality', MANAGER)
"""The values of a worker here; every other mapped value is the same for all."""


@dataclass
class Company:
    """Workers by number: (legal employer, country, worker type, values of `VALUES`). A fifth of them have left before."""

    chance: random.Random
    workers: dict[str, tuple[str, str, str, tuple[str | None, ...]]] = field(default_factory=dict)
    turnover: float = 0.15
    protected: tuple[str, ...] = ()
    """Two who matter; on an ordinary day nothing becomes of them."""

    @classmethod
    def make(cls, chance: random.Random, largest: int, smallest: int = 40) -> Company:
        made = cls(chance, turnover=chance.uniform(0.05, 0.4))
        size = round(smallest * (largest / smallest) ** chance.random())
        employers = [f"Employer {i}" for i in range(chance.randint(2, 8))]
        countries = {employer: chance.choice(("DE", "FR", "NO", "US", "IN")) for employer in employers}
        weights = [1 / (i + 1) for i in range(len(employers))]
        for i in range(size):
            employer = chance.choices(employers, weights)[0]
            kind = chance.choices(("Employee", "Contingent"), (9, 1))[0]
            active = "true" if chance.random() < 0.8 else "false"
            values = (active, f"w{i}@contoso.com", f"Title {chance.randint(1, 60)}", f"Department {chance.randint(1, 40)}",
                      f"Division {chance.randint(1, 8)}", f"City {chance.randint(1, 30)}", f"{i // 10:06}")  # fmt: skip
            made.workers[f"{i:06}"] = (employer, countries[employer], kind, values)
        made.protected = tuple(chance.sample(made.enabled(), 2))
        return made

    def enabled(self, **like: str) -> list[str]:
        """Numbers of enabled workers, of one employer, country or worker type."""
        place = {"employer": 0, "country": 1, "kind": 2}
        return [
            number for number, worker in self.workers.items()
            if worker[3][0] == "true" and all(worker[place[name]] == value for name, value in like.items())
        ]  # fmt: skip

    def some(self, numbers: list[str], share: float) -> list[str]:
        """A share of them, at random."""
        return self.chance.sample(numbers, min(len(numbers), round(share * len(numbers))))

    def daily(self, share: float) -> int:
        """How many of a yearly share of the company fall on one day."""
        mean = len(self.enabled()) * share / 250
        return (
            sum(self.chance.random() < mean / 50 for _ in range(50))
            if mean < 50
            else round(self.chance.gauss(mean, mean**0.5))
        )


Changes = dict[str, tuple[str | None, ...]]
"""New values of `VALUES` by number; of somebody who is not there yet, too."""
Day = Callable[[Company], Changes]


def leave(company: Company, numbers: list[str]) -> Changes:
    """They are disabled."""
    return {number: ("false", *company.workers[number][3][1:]) for number in numbers}


def change(company: Company, numbers: list[str], place: int, value: str | None) -> Changes:
    """One value of theirs is another."""
    return {n: (*company.workers[n][3][:place], value, *company.workers[n][3][place + 1 :]) for n in numbers}


def ordinary(company: Company, leavers: float = 1.0) -> Changes:
    """Somebody leaves, somebody moves, somebody comes."""
    staff = sorted(set(company.enabled()) - set(company.protected))
    gone = company.chance.sample(staff, min(len(staff), round(leavers * company.daily(company.turnover))))
    moved = company.chance.sample(staff, min(len(staff), company.daily(2.0)))
    new = {f"n{i}": ("true", f"n{i}@contoso.com", "Title 1", "Department 1", "Division 1", "City 1", "000000")
           for i in range(company.daily(company.turnover))}  # fmt: skip
    return {**new, **change(company, moved, 3, "Department 99"), **leave(company, gone)}


def one_of(company: Company, place: int) -> str:
    """A legal employer (0), country (1) or worker type (2) with enabled workers, not the greatest."""
    counts = Counter(str(worker[place]) for worker in company.workers.values() if worker[3][0] == "true")
    names = [name for name, _ in counts.most_common()]
    return company.chance.choice(names[1:] or names)


def shifted(company: Company, numbers: list[str]) -> Changes:
    """Columns have moved by one: the title is the department, and the last one is empty."""
    return {n: (*company.workers[n][3][:2], *company.workers[n][3][3:], None) for n in numbers}


DRIP = "as many leavers as one day allows, for the third day"
EXCHANGE = "two people exchange their numbers"
PROTECTED = "an administrator is disabled on an ordinary day"
EMPTY = "a first load in which nobody is active"
SLOW = "a third of the staff within a month, a few a day"
SEASON = "a season ends: an eighth of the staff within a month"
QUIET_SEASON = "a season ends: a twentieth of the staff within a week"
HALF_LEFT = "a first load of which half have left"


CLEARED = "three in a hundred lose their manager every day, for the tenth day"
MOVED = "a tenth of one legal entity's people get another department every day, for ten days"
EMPTIED = "a tenth of one legal entity's people lose their city every day, for eight days"
SCRAMBLED = "four attributes of a tenth every day, for the sixth day"
WAVES = "promotions in three waves within a month, a tenth of the staff each"
REVIEW = "an annual review: a quarter gets another title within a month, a few a day"
OFFICES = "an office moves: a fifteenth gets another city on each of three days"
NEW_MANAGERS = "new managers for a seventh of the staff within a week"
SLOW_REORGANISATION = "a reorganisation, a tenth of the staff a day for ten days"


def over_days(company: Company, days: int, total: int, numbers: list[str] | None = None) -> list[list[str]]:
    """Some of the staff, or of these, on each of some days, the last one being today: as many on each as may be."""
    staff = sorted(set(numbers or company.enabled()) - set(company.protected))
    total = min(total, len(staff))
    ends = [total * i // days for i in range(days + 1)]
    return [staff[begin:end] for begin, end in itertools.pairwise(ends)]


def drip(company: Company) -> list[list[str]]:
    """Just not too many for a single day, by the limits of one."""
    staff = len(company.enabled())
    return over_days(company, 3, 3 * min(max(9, round(staff * (0.05 - company.turnover / 250))), staff // 4))


def leaving(company: Company, days: list[list[str]]) -> list[Changes]:
    """These leave, day by day."""
    return [leave(company, numbers) for numbers in days]


def getting(company: Company, days: list[list[str]], place: int, value: str | None) -> list[Changes]:
    """One value of these is another, day by day."""
    return [change(company, numbers, place, value) for numbers in days]


def largest(company: Company) -> list[str]:
    """The enabled ones of the greatest legal employer."""
    counts = Counter(worker[0] for worker in company.workers.values() if worker[3][0] == "true")
    return company.enabled(employer=counts.most_common(1)[0][0])


def scrambled(company: Company) -> list[Changes]:
    """The file is joined wrongly for another tenth every day."""
    days = over_days(company, 6, 6 * len(company.enabled()) // 10)
    return [
        {n: (*company.workers[n][3][:2], "T", "D", "V", "C", company.workers[n][3][6]) for n in numbers}
        for numbers in days
    ]


def every_fifth_day(days: list[Changes]) -> list[Changes]:
    """The same with four days between them on which nothing of it happens."""
    return [*itertools.chain.from_iterable([one, {}, {}, {}, {}] for one in days[:-1]), days[-1]]


PAST: dict[str, Callable[[Company], list[Changes]]] = {
    DRIP: lambda c: leaving(c, drip(c)),
    SLOW: lambda c: leaving(c, over_days(c, 20, len(c.enabled()) // 3)),
    SEASON: lambda c: leaving(c, over_days(c, 20, len(c.enabled()) // 8)),
    QUIET_SEASON: lambda c: leaving(c, over_days(c, 5, len(c.enabled()) // 20)),
    CLEARED: lambda c: getting(c, over_days(c, 10, 3 * len(c.enabled()) // 10), 6, None),
    MOVED: lambda c: getting(c, over_days(c, 10, len(largest(c)), largest(c)), 3, "Elsewhere"),
    EMPTIED: lambda c: getting(c, over_days(c, 8, 8 * len(largest(c)) // 10, largest(c)), 5, None),
    SCRAMBLED: scrambled,
    WAVES: lambda c: every_fifth_day(getting(c, over_days(c, 3, 3 * len(c.enabled()) // 10), 2, "Senior")),
    REVIEW: lambda c: getting(c, over_days(c, 20, len(c.enabled()) // 4), 2, "Reviewed"),
    OFFICES: lambda c: getting(c, over_days(c, 3, len(c.enabled()) // 5), 5, "New city"),
    NEW_MANAGERS: lambda c: getting(c, over_days(c, 5, len(c.enabled()) // 7), 6, "000007"),
    SLOW_REORGANISATION: lambda c: getting(c, over_days(c, 10, len(c.enabled())), 3, "New name"),
}
"""Kinds of day that began before: what became of whom on each, without having been held, the last one being today."""


def today(name: str) -> Day:
    """The last day of one that began before."""
    return lambda company: PAST[name](company)[-1]


def merged(company: Company) -> Changes:
    """Those of an acquired firm, a twelfth of the staff, get the titles, departments and divisions of this one."""
    chosen = company.some(company.enabled(), 1 / 12)
    return {
        **ordinary(company),
        **{n: (*company.workers[n][3][:2], "T", "D", "V", *company.workers[n][3][5:]) for n in chosen},
    }


def newcomers(company: Company) -> Changes:
    """An acquired firm comes, a fifth of the staff, or a season begins."""
    return {
        f"m{i}": ("true", f"m{i}@contoso.com", "Title 1", "Department 1", "Division 1", "City 1", "000000")
        for i in range(len(company.enabled()) // 5)
    }


def exchange(company: Company) -> Changes:
    """Each has the title and the department of the other; their names are changed in the snapshot."""
    one, other = company.enabled()[:2]
    mine, theirs = company.workers[one][3], company.workers[other][3]
    return {one: (*mine[:2], *theirs[2:]), other: (*theirs[:2], *mine[2:])}


def several_of_some(company: Company) -> Changes:
    """A file that was joined wrongly: four values of a fifth of the staff are others."""
    chosen = company.some(company.enabled(), 0.22)
    return {n: (*company.workers[n][3][:2], "T", "D", "V", "C", company.workers[n][3][6]) for n in chosen}


INCIDENTS: dict[str, Day] = {
    **{name: today(name) for name in (DRIP, SLOW, CLEARED, MOVED, EMPTIED, SCRAMBLED)},
    "four attributes of a fifth of the staff": several_of_some,
    EXCHANGE: exchange,
    PROTECTED: lambda c: {**ordinary(c), **leave(c, [c.protected[0]])},
    EMPTY: lambda c: leave(c, list(c.workers)),
    "truncated file, the absent are disabled": lambda c: leave(c, c.some(c.enabled(), c.chance.uniform(0.1, 0.9))),
    "a filter leaves out one worker type": lambda c: leave(c, c.enabled(kind=one_of(c, 2))),
    "one legal entity is missing": lambda c: leave(c, c.enabled(employer=one_of(c, 0))),
    "everybody has left, says the status column": lambda c: leave(c, c.enabled()),
    "columns shifted by one": lambda c: shifted(c, list(c.workers)),
    "columns shifted in one legal entity": lambda c: shifted(c, c.enabled(employer=one_of(c, 0))),
    "a column is empty": lambda c: change(c, list(c.workers), 3, None),
    "everybody is back, says the status column": lambda c: {
        n: ("true", *w[3][1:]) for n, w in c.workers.items() if w[3][0] == "false"
    },
    "user names made anew": lambda c: change(c, c.enabled(), 1, "another@contoso.com"),
}
ORDINARY: dict[str, Day] = {
    "an ordinary day": ordinary,
    "the end of a month": lambda c: ordinary(c, leavers=6.0),
    "a department gets another name": lambda c: {
        **ordinary(c),
        **change(c, c.some(c.enabled(), 1 / 40), 3, "New name"),
    },
    "promotions, a tenth of the staff": lambda c: {**ordinary(c), **change(c, c.some(c.enabled(), 0.1), 2, "Senior")},
    **{name: today(name) for name in (SEASON, QUIET_SEASON, WAVES, REVIEW, OFFICES, NEW_MANAGERS)},
    "a firm was bought: three attributes of a twelfth": merged,
    "a firm is bought, or a season begins: a fifth more people": newcomers,
    HALF_LEFT: lambda c: {**{n: w[3] for n, w in c.workers.items()}, **leave(c, c.some(list(c.workers), 0.5))},
}
REAL: dict[str, Day] = {
    "a mass termination that is real": lambda c: leave(c, c.some(c.enabled(), 0.3)),
    SLOW_REORGANISATION: today(SLOW_REORGANISATION),
    "a reorganisation of two thirds": lambda c: change(c, c.some(c.enabled(), 0.66), 3, "New name"),
}
"""Right, and a person should still say so."""


@dataclass
class Tally:
    """The results of one kind of day: how often the guards, those of before, 20 percent and 500 held it, of so many companies."""

    days: int = 0
    guards: int = 0
    before: int = 0
    percent: int = 0
    five_hundred: int = 0


OFF = {"protected": (), "exchange": (), "windows": (), "small_percent": None, "several": None,
       "first_load_enabled_percent": None, "resend": None}  # fmt: skip
"""The guards as they were before they knew people and time."""


def study(companies: int, seed: int, largest: int, smallest: int = 40, **rules: object) -> dict[str, Tally]:
    """Every kind of day in so many companies of `smallest` workers and more, by name. `rules`: guards other than the default."""
    found: dict[str, Tally] = {}
    loaded = load_profile("oracle-hcm")
    now = Guards.model_validate({**loaded.profile.guards.model_dump(), **rules})
    once = now.model_copy(update=OFF)
    with tempfile.TemporaryDirectory() as folder, Warehouse(Home(Path(folder) / "home")).write() as con:
        target = EntraTarget(TARGET, profile=loaded.profile)
        known.prepare(con, target)
        ensure_columns(
            con, "worker_versions", {name: DUCKDB_TYPES[kind] for name, kind in loaded.profile.types.items()}
        )
        for i in range(companies):
            company = Company.make(random.Random(f"{seed}/{i}"), largest, smallest)
            _deliver(con, company)
            for name, day in {**INCIDENTS, **ORDINARY, **REAL}.items():
                changes = day(company)
                if not changes:
                    continue
                tally = found.setdefault(name, Tally())
                tally.days += 1
                whole = set(changes) if name in INCIDENTS else set()
                wrong = {company.protected[0]} if name == PROTECTED else whole
                with _scene(con, name, company):
                    held, before = (_held(con, rules, target, changes, company, name) for rules in (now, once))
                tally.guards += bool(held) and held >= wrong
                tally.before += bool(before) and before >= wrong
                tally.percent += _by_percent(company, changes)
                tally.five_hundred += sum(_kind(company, n, v) == "disable" for n, v in changes.items()) > 500
    return found


def _kind(company: Company, number: str, values: tuple[str | None, ...]) -> str:
    before = company.workers.get(number)
    if before is None:
        return "create"
    kinds = {("true", "false"): "disable", ("false", "true"): "enable"}
    return kinds.get((str(before[3][0]), str(values[0])), "rename" if before[3][1] != values[1] else "update")


def _by_percent(company: Company, changes: Changes) -> bool:
    return len(company.workers) >= 100 and len(changes) > 0.2 * len(company.workers)


def _deliver(con: duckdb.DuckDBPyConnection, company: Company) -> None:
    """The warehouse of a company after a month of ordinary days."""
    for name in ("manifests", "operations", "accepted_requests", "versions", "worker_versions", "counted_changes"):
        con.execute(f"delete from {name}")
    chance, staff = company.chance, company.enabled()
    days, operations = [], []
    for i in range(HISTORY_DAYS):
        date = TODAY - dt.timedelta(days=HISTORY_DAYS - i)
        days.append(date)
        leavers = round(company.daily(company.turnover) * (6 if date.day in (1, 31) else 1))
        for kind, count in (
            ("disable", leavers),
            ("update", company.daily(2.0)),
            ("create", company.daily(company.turnover)),
        ):
            operations += [(i + 1, kind, number) for number in chance.sample(staff, min(len(staff), count))]
    con.register("days_made", pa.table({"plan_no": range(1, len(days) + 1), "date": days}))
    con.execute(f"""insert into manifests by name select 'm' || plan_no as manifest_id, plan_no::integer as plan_no,
        date as business_date, '{TARGET}' as target, 1 as requests, 1 as operations, date::timestamptz as planned_at
        from days_made""")
    con.execute("insert into accepted_requests select plan_no, 0, date::timestamptz, 0 from days_made")
    if operations:
        plans, kinds, numbers = zip(*operations, strict=True)
        con.register("made", pa.table({"plan_no": plans, "kind": kinds, "number": numbers}))
        con.execute("insert into operations select plan_no::integer, 0, 0, number, kind, md5('')::uuid from made")
        con.unregister("made")
        con.execute(
            "insert into counted_changes select plan_no, 0, person_number, 'change', ? from operations where kind = 'update'",
            [DEPARTMENT],
        )
    con.unregister("days_made")
    workers = company.workers
    con.register("made", pa.table({
        "person_number": list(workers), "legal_employer": [w[0] for w in workers.values()],
        "country": [w[1] for w in workers.values()], "worker_type": [w[2] for w in workers.values()],
        **{name: [w[3][i] for w in workers.values()] for i, name in enumerate(VALUES)},
    }))  # fmt: skip
    con.execute("""insert into worker_versions by name select person_number, date '2020-01-01' as valid_from,
        md5('')::uuid as digest, 0 as extract_id, 0 as row_no, legal_employer, country, worker_type,
        'First ' || person_number as first_name, 'Last ' || person_number as last_name from made""")
    con.execute(f"""insert into versions by name select '{TARGET}' as target, person_number, md5('')::uuid as digest, 1 as plan_no,
        0 as position, 'create' as kind, true as is_delivered, 0 as request_no, 0 as op_no,
        {", ".join(map(quote, VALUES))} from made""")
    con.unregister("made")
    _count_plans(con)


@contextmanager
def _scene(con: duckdb.DuckDBPyConnection, name: str, company: Company) -> Iterator[None]:
    """The warehouse as it is on the day of an incident that began before it; put back afterwards."""
    if name not in (*PAST, EMPTY, HALF_LEFT):
        yield
        return
    con.begin()
    if name not in PAST:
        con.execute("delete from versions")
    else:
        for ago, changes in enumerate(reversed(PAST[name](company)[:-1]), 1):
            _send(con, company, HISTORY_DAYS - ago + 1, changes)
        _count_plans(con)
    yield
    con.rollback()


def _send(con: duckdb.DuckDBPyConnection, company: Company, plan_no: int, changes: Changes) -> None:
    """These changes were in a plan of a day before, and were taken."""
    if not changes:
        return
    rows = [(number, _kind(company, number, values), *values) for number, values in changes.items()]
    names = ("number", "kind", *VALUES)
    con.register(
        "sent_made",
        pa.table(
            {name: pa.array(column, pa.string()) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
        ),
    )
    con.execute("insert into operations select ?, 0, 0, number, kind, md5('')::uuid from sent_made", [plan_no])
    several = " + ".join(f"(made.{quote(a)} is distinct from account.{quote(a)})::integer" for a in VALUES[2:])
    of_accounts = "from sent_made made join delivered account on account.person_number = made.number"
    for attribute in VALUES[2:]:
        now, then = f"made.{quote(attribute)}", f"account.{quote(attribute)}"
        for kind, condition in (
            ("change", f"{now} is distinct from {then}"),
            ("clear", f"{now} is null and {then} is not null"),
        ):
            con.execute(
                f"insert into counted_changes select ?, 0, number, ?, ? {of_accounts} where {condition}",
                [plan_no, kind, attribute],
            )
    con.execute(
        f"insert into counted_changes select ?, 0, number, 'several', null {of_accounts} where {several} >= 3",
        [plan_no],
    )
    values = ", ".join(f"{quote(name)} = made.{quote(name)}" for name in VALUES)
    con.execute(f"update versions set {values} from sent_made made where made.number = versions.person_number")
    con.unregister("sent_made")


def _count_plans(con: duckdb.DuckDBPyConnection) -> None:
    """Count what the plans of a month held, as planning does."""
    con.execute("delete from plan_counts")
    for cohort_field in (None, "legal_employer", "country", "worker_type"):
        cohort, value = (f"'{cohort_field}'", f"worker.{cohort_field}") if cohort_field else ("null", "null")
        con.execute(f"""insert into plan_counts
            select plan_no, event.kind, attribute, {cohort}, {value}, count(*) from (
                select plan_no, person_number, kind, null as attribute from operations
                union all select plan_no, person_number, kind, attribute from counted_changes) event
            left join worker_versions worker using (person_number) group by all""")


def _groups(t: Scratch, versions: Relation, name: str, changes: Changes) -> Relation:
    """The versions of all workers; those who exchanged their numbers have each other's names from today on."""
    if name != EXCHANGE:
        return versions
    one, other = changes
    ended = f"select * replace (if(person_number in ('{one}', '{other}'), date '{TODAY}', null) as valid_to) from {versions}"
    return t.view(
        "groups",
        f"""{ended} union all by name
        select * exclude (first_name, last_name) replace
            (if(person_number = '{one}', '{other}', '{one}') as person_number, date '{TODAY}' as valid_from), first_name, last_name
        from {versions} where person_number in ('{one}', '{other}')""",
    )


def _held(
    con: duckdb.DuckDBPyConnection, rules: Guards, target: EntraTarget, changes: Changes, company: Company, name: str
) -> set[str]:
    """The workers whom the guards hold of a plan with these changes."""
    columns = {name: pa.array([values[i] for values in changes.values()], pa.string()) for i, name in enumerate(VALUES)}
    kinds = [
        "create" if name in (EMPTY, HALF_LEFT) else _kind(company, number, values) for number, values in changes.items()
    ]
    values = dict.fromkeys(names_of(target), "VARCHAR")
    with scratch(con) as t:
        made = t.of_arrow("changes", pa.table({"person_number": list(changes), "kind": kinds, **columns}))
        groups = _groups(t, table(con, "worker_versions"), name, changes)
        kept = {"person_number": "VARCHAR", "valid_from": "DATE", "valid_to": "DATE", "has_account": "BOOLEAN"}
        protected = [(number, dt.date(2020, 1, 1), None, False) for number in company.protected if rules.protected]
        judged = guards.evaluate(
            t, target, rules, TODAY, t.complete(made, values), table(con, "delivered"), groups,
            t.of_rows("protected", kept, protected),
        )  # fmt: skip
        return {number for (number,) in t.rows(f"select person_number from {judged.held_back}")}


def rows(found: dict[str, Tally]) -> Iterator[tuple[str, str, int, str, str, str, str]]:
    """(what, kind of day, companies, held by guards, by those of before, by 20 percent, by 500)."""
    for what, kinds in (("incident", INCIDENTS), ("ordinary", ORDINARY), ("real, and a lot", REAL)):
        for name in kinds:
            tally = found[name]
            ours, before, percent, five_hundred = (
                f"{100 * share / tally.days:.0f} %"
                for share in (tally.guards, tally.before, tally.percent, tally.five_hundred)
            )
            yield what, name, tally.days, ours, before, percent, five_hundred


def main() -> None:
    """Run it and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--companies", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--largest", type=int, default=8000, help="workers of the largest company")
    parser.add_argument("--smallest", type=int, default=40, help="workers of the smallest company")
    given = parser.parse_args()
    print("| | day | companies | guards | before | 20 percent | 500 |\n|---|---|---|---|---|---|---|")
    for row in rows(study(given.companies, given.seed, given.largest, given.smallest)):
        print("| " + " | ".join(map(str, row)) + " |")


if __name__ == "__main__":
    main()
