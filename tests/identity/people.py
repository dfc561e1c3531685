"""A ledger in memory, the workers that it is handed as relations, and profiles with other rules of names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from hcm_pipeline.deciders import Decider
from hcm_pipeline.flow.profiles import load_profile
from hcm_pipeline.identity import (
    Decided,
    SpelledName,
    Tried,
    Workforce,
    decide,
    decide_rehire,
    decide_spelling,
    entered,
    explain,
    give_names,
    spellings_waiting,
)
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import DUCKDB_TYPES, Relation, Scratch, quote, scratch
from tests.directory.objects import NOW
from tests.pool import empty_warehouse

DAY = FIRST = dt.date(2026, 11, 1)
PROFILE = load_profile("oracle-hcm").profile
Person = tuple[str, str, str]
Row = dict[str, Any]
CHANGES = {"business_date": "date", "person_number": "varchar", "kind": "varchar", "attributes": "varchar[]",
           "before_from": "date"}  # fmt: skip


def profile(**identity: Any) -> Profile:
    """The built-in profile with other rules of names."""
    made = PROFILE.model_dump(mode="json", by_alias=True)
    made["identity"] = {"domain": "contoso.com", **identity}
    return Profile.model_validate(made)


def version(number: str, first: str, last: str, **fields: object) -> Row:
    """One version of a worker: as they joined, unless `fields` say otherwise."""
    names = {"person_number": number, "first_name": first, "last_name": last}
    return {**names, "valid_from": DAY, "valid_to": None, "active": True, **fields}


def versions_of(t: Scratch, rules: Profile, rows: list[Row]) -> Relation:
    """Versions of workers as the profile types them; a column that no row names is NULL."""
    kinds = {"person_number": "varchar", "valid_from": "date", "valid_to": "date", "active": "boolean",
             "status_active": "boolean", "life_stage": "varchar"}  # fmt: skip
    kinds |= {name: DUCKDB_TYPES[kind] for name, kind in rules.types.items()}
    given = dict.fromkeys(name for row in rows for name in row)
    if not given:
        return t.empty("versions", kinds)
    written = t.of_arrow("written", pa.table({name: [row.get(name) for row in rows] for name in given}))
    columns = [f"{quote(name) if name in given else 'null'}::{kind} as {quote(name)}" for name, kind in kinds.items()]
    return t.make("versions", f"select {', '.join(columns)} from {written}")


def entered_names(con: duckdb.DuckDBPyConnection, *names: tuple[str, str, str]) -> None:
    """The ledger holds these: person number, status, and what stands before the @ of the userPrincipalName."""
    for number, status, local in names:
        con.execute(
            entered("""select ? as person_number, ? as status, ? || '@contoso.com' as user_principal_name, ? as mail_nickname,
                ? as sam_account_name, ? as common_name, 'candidate 1' as upn_rule, date '2026-10-01' as given_on"""),
            [number, status, local, local, local, local],
        )


class Ledger:
    """Identities in memory, and the workers that are named."""

    def __init__(self, rules: Profile = PROFILE) -> None:
        self.con = empty_warehouse()
        self.profile = rules
        self.fields: Row = {}
        """Worker fields of everybody who joins from now on, besides their names."""
        self.versions: list[Row] = []
        self.changes: list[tuple[dt.date, str, str, list[str], dt.date]] = []
        self.today = DAY

    def add(self, *people: Person, **fields: object) -> None:
        """These people are in the snapshot."""
        self.versions += [version(*person, **{**self.fields, **fields}) for person in people]

    def join(self, *people: Person) -> int:
        """These people join, in this order of rows; how many names were given."""
        self.add(*people)
        return self.give(DAY)

    @contextmanager
    def workforce(self, day: dt.date | None = None) -> Iterator[tuple[Scratch, Workforce]]:
        """The workers as relations."""
        with scratch(self.con) as t:
            versions = versions_of(t, self.profile, self.versions)
            workers = t.view("workers", f"from {versions} where valid_to is null")
            yield t, Workforce(day or self.today, workers, versions)

    def give(self, day: dt.date) -> int:
        """Names for everybody who lacks some on that day; how many were given some."""
        self.today = day
        with self.workforce(day) as (t, people):
            changes = t.of_rows("changes", CHANGES, self.changes)
            return give_names(t, self.profile, people.workers, people.versions, changes, day, NOW)

    def explain(self, number: str) -> list[Tried]:
        """The candidates of a worker's name."""
        with self.workforce() as (t, people):
            return explain(t, self.profile, people, number)

    def decide(self, number: str, account: str | None = None, *, accept: bool = False) -> Decided:
        """A person decides which account is a worker's."""
        with self.workforce() as (_, people):
            return decide(self.con, people.workers, number, account, accept=accept, by=Decider("tester", NOW))

    def decide_rehire(self, number: str, former: str) -> Decided:
        """A person decides that a worker was here before."""
        with self.workforce() as (_, people):
            return decide_rehire(self.con, people.workers, number, former, by=Decider("tester", NOW))

    def decide_spelling(self, number: str, **parts: str) -> dict[str, str]:
        """A person decides how a name is spelled."""
        with self.workforce() as (t, people):
            return decide_spelling(t, self.profile, people, number, parts, by=Decider("tester", NOW))

    def spellings(self) -> list[SpelledName]:
        """The names whose spelling waits."""
        with self.workforce() as (t, people):
            return spellings_waiting(t, self.profile, people)

    def names(self) -> dict[str, tuple[str, str]]:
        """Person number to userPrincipalName and sAMAccountName."""
        rows = self.con.execute(
            "select person_number, user_principal_name, sam_account_name from identities"
        ).fetchall()
        return {number: (upn, sam) for number, upn, sam in rows}

    def upn(self, number: str) -> str:
        """The part of the userPrincipalName before the @."""
        return self.names()[number][0].partition("@")[0]


class Years(Ledger):
    """A ledger whose workers change from day to day, as snapshots have it."""

    def day(self, number: int, *people: tuple[str, str, str, bool]) -> int:
        """On that day these are so: number, first and last name, active; how many were given names."""
        date = FIRST + dt.timedelta(days=number)
        self.changes = [change for change in self.changes if change[0] != date]
        self.versions = [row for row in self.versions if row["valid_from"] < date]
        for row in self.versions:
            if row["valid_to"] is not None and row["valid_to"] >= date:
                row["valid_to"] = None
        for person, first, last, active in people:
            before = [row for row in self.versions if row["person_number"] == person and row["valid_to"] is None]
            for row in before:
                row["valid_to"] = date
                differs = [name for name, now in (("first_name", first), ("last_name", last)) if row[name] != now]
                self.changes.append((date, person, "update", differs, row["valid_from"]))
            self.add((person, first, last), active=active, valid_from=date)
        return self.give(date)

    def former(self) -> list[tuple[str, str]]:
        """Person number and name of every former name."""
        return self.con.execute("select person_number, name from former_names order by all").fetchall()
