"""The accounts that a rehearsal finds: as the home's readings of the target's directories have them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from hcm_pipeline.directory import CONTAINER, FILLED
from hcm_pipeline.rehearsal import Account, Present, Untold
from hcm_pipeline.synchronization import ACTIVE_DIRECTORY, Kind
from hcm_pipeline.warehouse import Relation, Scratch, quote

_EITHER = {
    "employeeid": "employee_id", "userprincipalname": "user_principal_name", "mail": "mail", "mailnickname": "mail_nickname",
    "displayname": "display_name", "givenname": "given_name",
}  # fmt: skip
_TOLD: dict[Kind, dict[str, str]] = {
    "entra": _EITHER | {"surname": "surname"},
    "active_directory": _EITHER | {
        "sn": "surname", "samaccountname": "sam_account_name", "cn": "common_name", "parentdistinguishedname": CONTAINER,
    },
}  # fmt: skip
"""By attribute in lower case, the SQL of a value that a reading tells: null is none."""
_AT_TIMES: dict[Kind, dict[str, str]] = {
    "entra": {"accountenabled": "enabled", "companyname": "company", "department": "department", "country": "country",
              "employeetype": "employee_type", "manager": "manager"},
    "active_directory": {"accountdisabled": "not enabled", "company": "company", "department": "department", "co": "country",
                         "employeetype": "employee_type"},
}  # fmt: skip
"""The same of values that not every reading tells: null is not known."""
_CALLED = {"mobilephone": "mobile", "officelocation": "physicaldeliveryofficename", "businessphones": "telephonenumber"}
"""Properties of Graph that provisioning calls otherwise."""


@dataclass(frozen=True)
class KnownAccounts:
    """The users of some directories that are not deleted. `delivered` and `operations`: relations with person_number, of those
    whom the target has and who are sent."""

    t: Scratch
    objects: Relation
    directories: tuple[str, ...]
    kind: Kind
    delivered: Relation
    operations: Relation

    def having(self, attribute: str, values: Collection[str]) -> Mapping[str, Sequence[Account]] | None:
        """As of `rehearsal.Accounts`: by the attributes that a reading tells."""
        sql = self._told.get(attribute.lower())
        if sql is None or not self.directories:
            return None
        if not values:
            return {}
        columns = [*self._filled.values(), *self._values.values()]
        rows = self.t.rows(
            f"""select lower({sql}) as matched, object_id, {", ".join(columns)} from {self.objects}
            where list_contains(?, directory) and kind = 'user' and not deleted
                and lower({sql}) in (select unnest(?::varchar[]))""",
            [list(self.directories), [value.lower() for value in values]],
        )
        found: dict[str, list[Account]] = {}
        for matched, object_id, *row in rows:
            filled, told = row[: len(self._filled)], row[len(self._filled) :]
            there: dict[str, Present] = {
                name: Untold.A_VALUE for name, is_there in zip(self._filled, filled, strict=True) if is_there
            }
            there |= {name: value for name, value in zip(self._values, told, strict=True) if value is not None}
            found.setdefault(matched, []).append(Account(str(object_id), there, frozenset(self._told)))
        return found

    def referenced(self, values: Collection[str]) -> Mapping[str, str | None] | None:
        """As of `rehearsal.Accounts`: those whom the target has, or who are sent."""
        rows = self.t.rows(
            f"""select wanted.number, any_value(known.object_id) from (select unnest(?::varchar[]) as number) wanted
            left join (select employee_id, object_id from {self.objects}
                where list_contains(?, directory) and kind = 'user' and not deleted) known on known.employee_id = wanted.number
            where wanted.number in (select person_number from {self.delivered})
                or wanted.number in (select person_number from {self.operations})
            group by 1""",
            [list(values), list(self.directories)],
        )
        return dict(rows)

    @cached_property
    def _told(self) -> dict[str, str]:
        return _TOLD[self.kind]

    @cached_property
    def _filled(self) -> dict[str, str]:
        """By attribute in lower case, the column that says whether there is a value."""
        place = 1 if self.kind == ACTIVE_DIRECTORY else 0
        named = {str(names[place]).lower(): column for column, names in FILLED.items() if names[place]}
        return {
            _CALLED.get(name, name): quote(column) for name, column in named.items() if column in self.objects.columns
        }

    @cached_property
    def _values(self) -> dict[str, str]:
        """By attribute in lower case, the SQL of its value."""
        at_times = {
            name: sql for name, sql in _AT_TIMES[self.kind].items() if sql.rpartition(" ")[2] in self.objects.columns
        }
        return {**at_times, **self._told}


def read_at(t: Scratch, directories: Collection[str]) -> dict[str, dt.datetime]:
    """When each of some directories was read last; those that never were are left out."""
    rows = t.rows(
        "select directory, read_at from directory_reads where list_contains(?, directory)", [list(directories)]
    )
    return dict(rows)


def verified_domains(t: Scratch, directories: Collection[str]) -> frozenset[str] | None:
    """The verified domains of some directories; None: they are not known."""
    rows = t.rows(
        'select "domain" from directory_domains where verified and list_contains(?, directory)', [list(directories)]
    )
    return frozenset(name for (name,) in rows) or None
