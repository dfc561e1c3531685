"""A few workers and a few accounts, and the tiers that they come to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from hcm_pipeline.deciders import Decider
from hcm_pipeline.first_load import Listed, Matched, People, RefusedLine, enter_matches, match, open_reasons, people_of
from hcm_pipeline.identity import Workforce
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Relation, Scratch, scratch, table
from tests.directory.objects import NOW, fill
from tests.identity.people import DAY, PROFILE, Row, version, versions_of
from tests.pool import empty_warehouse

WHO = Decider("tester", NOW)


@dataclass(frozen=True)
class Found:
    """A worker's tier, the reason to look (None: clean), and the userPrincipalNames of the accounts in question."""

    tier: str
    reason: str | None
    accounts: list[str]
    evidence: list[str]


class House:
    """A warehouse in memory with workers and the accounts of one directory."""

    def __init__(self, rules: Profile = PROFILE) -> None:
        self.con = empty_warehouse()
        self.profile = rules
        self.rows: list[Row] = []

    def worker(self, number: str, first: str = "Ann", last: str = "Lee", **fields: object) -> None:
        """One more worker."""
        self.rows.append(version(number, first, last, **fields))

    def accounts(self, *objects: dict[str, Any]) -> None:
        """The directory holds these."""
        fill(self.con, *objects)

    @staticmethod
    def sent(t: Scratch, *numbers: str) -> Relation:
        """These workers were sent."""
        return t.of_rows("sent", {"person_number": "VARCHAR"}, [[number] for number in numbers])

    @contextmanager
    def matched(self) -> Iterator[tuple[Scratch, People, Matched]]:
        """Both sides, matched."""
        with self._people() as (t, people, workers):
            yield t, people, match(t, self.profile, people, workers, self.sent(t))

    @contextmanager
    def _people(self) -> Iterator[tuple[Scratch, People, Relation]]:
        with scratch(self.con) as t:
            versions = versions_of(t, self.profile, self.rows)
            workers = t.view("workers", f"from {versions} where valid_to is null")
            force = Workforce(DAY, workers, versions)
            yield t, people_of(t, self.profile, force, table(self.con, "directory_objects"), ["entra"]), workers

    def both(self) -> tuple[dict[str, Found], dict[str, tuple[str, str | None]]]:
        """`tiers` and `orphans` of one look."""
        with self.matched() as (t, _, found):
            return self._tiers(t, found), self._orphans(t, found)

    def tiers(self) -> dict[str, Found]:
        """By person number."""
        return self.both()[0]

    def orphans(self) -> dict[str, tuple[str, str | None]]:
        """By userPrincipalName: tier, and why the account is nobody's."""
        return self.both()[1]

    @staticmethod
    def _tiers(t: Scratch, found: Matched) -> dict[str, Found]:
        names = dict(t.rows(f"select object_id, user_principal_name from {found.accounts}"))
        rows = t.rows(f"select person_number, tier, reason, accounts, evidence from {found.workers}")
        return {number: Found(tier, reason, [names[a] for a in accounts], evidence)
                for number, tier, reason, accounts, evidence in rows}  # fmt: skip

    @staticmethod
    def _orphans(t: Scratch, found: Matched) -> dict[str, tuple[str, str | None]]:
        rows = t.rows(f"select user_principal_name, tier, orphan from {found.accounts}")
        return {upn: (tier, orphan) for upn, tier, orphan in rows}

    def open(self) -> list[str]:
        """The person numbers of those who are not clean."""
        with self.matched() as (t, _, found):
            return [number for (number,) in t.rows(f"select person_number from {open_reasons(t, found)} order by 1")]

    def confirm(self, *rows: tuple[str, str | None], sent: str = "") -> list[RefusedLine]:
        """A person confirms the accounts of workers."""
        listed = [Listed(row, number, account, "Ida") for row, (number, account) in enumerate(rows, 2)]
        with self._people() as (t, people, _):
            return enter_matches(t, people, listed, "list.csv", WHO, self.sent(t, *([sent] if sent else [])))
