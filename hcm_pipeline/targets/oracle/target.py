"""Oracle HCM as a target: the user name, mail and phones that a worker should have there, by Entra ID."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from hcm_pipeline.delivery import Column, Desired, OperationKind, RequestForm
from hcm_pipeline.oracle import LONGEST_USER_NAME
from hcm_pipeline.profile import FIELDS, Attribute, Guards, Writeback
from hcm_pipeline.targets.oracle.same_values import key_sql, same_sql
from hcm_pipeline.targets.oracle.service import OracleSide
from hcm_pipeline.warehouse import Relation, Scratch, literal, query

ORIGINS: Mapping[Attribute, str] = MappingProxyType(
    {
        "user_name": "userPrincipalName",
        "work_mail": "mail",
        "work_phone": "businessPhones",
        "mobile_phone": "mobilePhone",
    }
)
"""The properties of Graph that the values come from."""
ENTRA: Mapping[Attribute, str] = MappingProxyType(
    {
        "user_name": "user_principal_name",
        "work_mail": "mail",
        "work_phone": "work_phone",
        "mobile_phone": "mobile_phone",
    }
)
"""The columns of `entra_contacts`."""
HR = FIELDS
"""The worker fields that say what Oracle HCM has."""
COMING = ("future", "prehire")
WORKING = ("active", "on_leave")
STATEMENT = "hr_statement"
NO_USER = "no user of Entra ID has the person number"
SEVERAL_USERS = "several users of Entra ID have the person number"
SIDES = ("entra", "hr", "former", "written")
LONG_NAME = "the user name is longer than Oracle HCM takes"


def was(attribute: Attribute) -> str:
    """The column that says what Oracle HCM had when it was planned."""
    return f"was_{attribute}"


@dataclass(frozen=True, kw_only=True)
class OracleTarget(OracleSide):
    """An Oracle HCM, and the profile's word on what it takes."""

    section: Writeback

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """The attributes that it takes."""
        return self.section.to_hr

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The value of each attribute, and what was there before."""
        values = [
            Column(name, ORIGINS[name], reaches=name != "user_name", before=was(name)) for name in self.attributes
        ]
        before = (Column(was(name), f"Oracle HCM's {HR[name]}", noted=True) for name in self.attributes)
        return (*values, *before, Column(STATEMENT, "what Oracle HCM had said by then", noted=True))

    def guards(self, usual: Guards, workers: int) -> Guards:
        """The profile's guards with the limits of writeback. A share is one of all workers: Oracle HCM has them all from the
        beginning, and not only those who were written before."""
        limits = tuple(
            limit
            if limit.percent is None
            else limit.model_copy(
                update={"percent": None, "max": max(limit.at_least - 1, int(workers * limit.percent / 100))}
            )
            for limit in self.section.limits
        )
        return usual.model_copy(update={"limits": limits, "cohorts": ()})

    @property
    def kinds(self) -> tuple[OperationKind, ...]:
        """Nobody is created, ended or deleted in Oracle HCM."""
        return OperationKind.UPDATE, OperationKind.RETRY

    @property
    def form(self) -> RequestForm:
        """A list of workers, each with the attributes to write: the new value and what was there."""
        values = ", ".join(
            f"'{name}': case when {name} is distinct from {was(name)} and {name} is not null"
            f" then {{'was': {was(name)}, 'now': {name}}} end"
            for name in self.attributes
        )
        operation = f"concat(to_json({{'person_number': person_number, {values}}})::varchar, ',')"
        return RequestForm(b"[", b",", b"]\n", operation, "values written back")

    @property
    def deactivated(self) -> Mapping[str, str]:
        """An undo puts back what was there: nobody is disabled."""
        return {}

    def desired(self, t: Scratch, facts: Mapping[str, Relation], delivered: Relation, same: Relation) -> Desired:
        """The values of all workers of whom some are others in Entra ID, where they count.

        `facts`: `hr_workers` (the open versions, life_stage and in_scope among their columns), `contacts` (entra_contacts),
        `written` (person_number, every column of what was written last, and `failed`) and `stated` (person_number, statement:
        counts up when Oracle HCM says anew what it has).
        """
        del delivered, same
        workers = self._workers(t, facts)
        texts = t.make("side_texts", self._sides_sql(workers, facts["contacts"], facts["written"]))
        keys = ", ".join(
            f"{key_sql(name, f'{side}_{name}')} as key_{side}_{name}" for name in self.attributes for side in SIDES
        )
        sides = t.make("sides", f"select *, {keys} from {texts}")
        t.drop(texts)
        counted = {name: self._counts_sql(name) for name in self.attributes}
        either = " or ".join(f"({counts})" for counts in counted.values()) or "false"
        values = ", ".join(
            f"if({counts}, entra_{name}, hr_{name}) as {name}, hr_{name} as {was(name)}"
            for name, counts in counted.items()
        )
        versions = t.make(
            "values_back",
            f"""select person_number, {values}, statement::varchar as {STATEMENT}, null::uuid as basis
            from {sides} left join {facts["stated"]} using (person_number) where {either}""",
        )
        # what failed for good is not tried again because HR has said the same once more
        moved = " or ".join(f"version.{was(name)} is distinct from written.{was(name)}" for name in self.attributes)
        again = t.make(
            "changed_since",
            f"""select version.person_number from {versions} version join {facts["written"]} written using (person_number)
            where version.{STATEMENT}::bigint > coalesce(written.{STATEMENT}::bigint, 0) and (not written.failed or {moved})""",
        )
        return Desired(
            everybody=t.view("everybody_back", f"select person_number from {sides}"),
            versions=versions,
            waiting=self._waiting(t, workers, facts["contacts"]),
            again=again,
        )

    def waiting(self, t: Scratch, facts: Mapping[str, Relation]) -> Relation:
        """person_number and reason of those whose values are not written, a row for each reason."""
        return self._waiting(t, self._workers(t, facts), facts["contacts"])

    def _workers(self, t: Scratch, facts: Mapping[str, Relation]) -> Relation:
        return t.view("written_back", f"select * from {facts['hr_workers']} where in_scope and {self._in_time()}")

    def _in_time(self) -> str:
        stages = (*WORKING, *(COMING if self.section.before_start else ()))
        known = ", ".join(map(literal, stages))
        gone = ", ".join(map(literal, (*WORKING, *COMING, "erased")))
        return f"(life_stage in ({known}){f' or life_stage not in ({gone})' if self.section.after_end else ''})"

    def _sides_sql(self, workers: Relation, contacts: Relation, written: Relation) -> str:
        known = set(workers.columns)
        hr = {name: f"worker.{HR[name]}" if HR[name] in known else "null::varchar" for name in self.attributes}
        values = ", ".join(
            f"users.{ENTRA[name]} as entra_{name}, {hr[name]} as hr_{name}, former.{name} as former_{name},"
            f" delivered.{name} as written_{name}"
            for name in self.attributes
        )
        former = ", ".join(
            f"arg_max(before.{ENTRA[name]}, before.known_to) filter (before.{ENTRA[name]} <> users.{ENTRA[name]}) as {name}"
            for name in self.attributes
        )
        return query(
            __package__, "sides", workers=workers, contacts=contacts, delivered=written, former=former, values=values
        )

    def _counts_sql(self, name: Attribute) -> str:
        """SQL (BOOLEAN) over `sides`: Entra ID has another value, and it counts."""
        differs = (
            f"coalesce(trim(entra_{name}), '') <> '' and not {same_sql(name, f'key_entra_{name}', f'key_hr_{name}')}"
        )
        if name == "user_name":
            differs += f" and length(entra_{name}) <= {LONGEST_USER_NAME}"
        if self.section.of(name).winner == "entra":
            return differs
        # a person changed it in Oracle HCM, unless it is blank there, or still what Entra ID had
        kept = " or ".join(same_sql(name, f"key_hr_{name}", f"key_{side}_{name}") for side in ("former", "written"))
        return f"{differs} and ({kept} or coalesce(trim(hr_{name}), '') = '')"

    def _waiting(self, t: Scratch, workers: Relation, contacts: Relation) -> Relation:
        users = f"(from {contacts} where known_to is null and not deleted)"
        long = (
            f"""union all select person_number, {literal(LONG_NAME)} from {workers} join {users} on employee_id = person_number
            where length(user_principal_name) > {LONGEST_USER_NAME}"""
            if "user_name" in self.attributes
            else ""
        )
        return t.view(
            "waiting_back",
            f"""select person_number, if(users is null, {literal(NO_USER)}, {literal(SEVERAL_USERS)}) as reason
            from {workers} left join (select employee_id, count(*) as users from {users} group by 1) on employee_id = person_number
            where users is null or users > 1 {long}""",
        )

    def change_sql(self, desired: str, delivered: str) -> str:
        """Every change is an update."""
        del desired, delivered
        return literal(OperationKind.UPDATE)

    def enabled_sql(self, version: str) -> str:
        """Whether an account is enabled is nothing that is written back."""
        del version
        return "true"
