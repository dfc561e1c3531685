"""Lifecycle workflows: whom one would miss, and why, by the dates that the mapping makes.

A workflow of Entra ID runs by employeeHireDate or employeeLeaveDateTime of an account, up to 180 days before or after, and looks
back for three days ("Lifecycle workflows execution", "How to synchronize attributes for lifecycle workflows"). A date that is null,
unreadable or long past when the account comes into being is passed over without a word.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping as Named
from dataclasses import dataclass
from enum import StrEnum

from hcm_pipeline.profile import Profile
from hcm_pipeline.targets.entra.desired import context_of
from hcm_pipeline.targets.entra.scim_mapping import Leaf, Mapping
from hcm_pipeline.targets.entra.scim_schema import ENTERPRISE, written_by
from hcm_pipeline.warehouse import Relation, Scratch, alone_sql, literal, query

CATCH_UP = dt.timedelta(days=3)
"""How far back a workflow looks for those whom it has not processed."""
HIRE, LEAVE = "employeeHireDate", "employeeLeaveDateTime"
NAMED = {
    HIRE: ("hiredate", "employeehiredate"),
    LEAVE: ("termdate", "terminationdate", "employeeleavedatetime", "leavedate"),
}
"""The last parts of names of custom attributes that stand for each, in lower case."""
MADE_OF = {HIRE: r"\bhire_date\b", LEAVE: r"\btermination_date\b"}
ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
AD_FORM = r"\d{14}\.\dZ"
"""`yyyyMMddHHmmss.fZ`, as a workflow reads a string of Active Directory."""


FORMS = (
    "a workflow reads a time stamp with its zone (2026-11-02T06:00:00Z) from Entra ID, and yyyyMMddHHmmss.fZ from Active Directory,"
    " unless the job's mapping makes that of it"
)


class Missed(StrEnum):
    """Why a workflow would pass a worker over."""

    NO_HIRE_DATE = "no hire date"
    HIRE_FORM = "hire date in another form"
    HIRE_PAST = "hire date was past when the account came"
    NO_LEAVE_DATE = "leaver without a leave date"
    LEAVE_FORM = "leave date in another form"
    LEAVE_STAYS = "leave date that HR cleared stays"
    NO_MANAGER = "no manager for tasks that mail one"


MEANING = {
    Missed.NO_HIRE_DATE: "a joiner's workflow never begins",
    Missed.HIRE_FORM: FORMS,
    Missed.HIRE_PAST: f"a workflow looks back for {CATCH_UP.days} days and no further",
    Missed.NO_LEAVE_DATE: "a leaver's workflow never begins; the account is disabled by `active` all the same",
    Missed.LEAVE_FORM: FORMS,
    Missed.LEAVE_STAYS: "the job does not flow this null: a leaver's workflow may begin for somebody who stays",
    Missed.NO_MANAGER: "the mail to the manager is not sent, and the task fails",
}


@dataclass(frozen=True)
class DateMapping:
    """How one date is mapped. `attribute`: the SCIM attribute, None: none stands for it. `time`, `zone`: as the profile says;
    `deliberate`: the profile says them, or the value is an expression of its own."""

    of: str
    attribute: str | None
    origin: str | None
    time: str | None
    zone: str | None
    deliberate: bool

    @property
    def finding(self) -> str | None:
        """The fault of the mapping in a sentence; None: it has none."""
        if self.attribute is None:
            return f"{self.of}: no attribute of scim.mapping stands for it, so that no workflow begins by it"
        if not self.deliberate:
            return (
                f"{self.of}: {self.attribute} has no time of day of its own, so that it is {self.time} {self.zone}: say"
                " time and zone in scim.mapping, early in the morning for a hire and late in the evening for an exit"
            )
        return None


@dataclass(frozen=True)
class MissedWorker:
    """One worker whom a workflow would miss. `coming`: there is still time to mend it."""

    person_number: str
    name: str | None
    why: str
    date: str | None
    coming: bool


def date_mappings(profile: Profile, mapping: Mapping) -> dict[str, DateMapping]:
    """How each of the two dates is mapped."""
    return {of: _mapping_of(profile, of, leaf_of(mapping, of)) for of in (HIRE, LEAVE)}


def leaf_of(mapping: Mapping, of: str) -> Leaf | None:
    """The mapped value that stands for a date: by the name of a custom attribute, or else by the field that it is made of."""
    custom = [leaf for leaf in mapping.leaves if leaf.path.urn not in (None, ENTERPRISE)]
    named = [leaf for leaf in custom if leaf.path.keys[-1].lower() in NAMED[of]]
    made = [leaf for leaf in custom if re.search(MADE_OF[of], leaf.origin)]
    return next(iter([*named, *made]), None)


def _mapping_of(profile: Profile, of: str, leaf: Leaf | None) -> DateMapping:
    if leaf is None:
        return DateMapping(of, None, None, None, None, False)
    said = next(
        source for key, source in profile.scim.mapping.items()
        if key.rpartition(":")[2] == leaf.path.keys[-1] and key.rpartition(":")[0] in ("{custom}", leaf.path.urn)
    )  # fmt: skip
    own = said.field is None
    return DateMapping(
        of, leaf.column, leaf.origin, None if own else said.time, None if own else said.zone,
        own or {"time", "zone"} <= said.model_fields_set,
    )  # fmt: skip


def find_missed(
    t: Scratch, profile: Profile, mapping: Mapping, facts: Named[str, Relation], target: str, now: dt.datetime
) -> Relation:
    """person_number, name, why, date (VARCHAR), coming: a row for each worker and reason.

    `facts` as of `desired`; `target` is the job's key. A worker who was never sent comes into being `now`; of one who was, the
    first request that was accepted counts.
    """
    here = f"target = {literal(target)}"
    delivered = t.view("delivered_here", f"select person_number from delivered where {here}")
    context = context_of(t, profile, facts, delivered, nameless=True)
    hire, leave = leaf_of(mapping, HIRE), leaf_of(mapping, LEAVE)
    form = AD_FORM if written_by(target) == "ad" else ISO
    moment = "try_strptime(left({}, 14), '%Y%m%d%H%M%S')" if form == AD_FORM else "try_cast({} as timestamptz)"
    return t.make(
        "missed",
        query(__package__, "missed", context=context, hire=_value(hire), leave=_value(leave), has_hire=str(hire is not None),
              has_leave=str(leave is not None), form=literal(form), hire_moment=_moment(moment, "hire"),
              leave_moment=_moment(moment, "leave"), here=here, leave_column=literal(leave.column if leave else ""),
              catch_up=f"interval {CATCH_UP.days} day", **{one.name.lower(): literal(one) for one in Missed}),
        {"now": now},
    )  # fmt: skip


def _value(leaf: Leaf | None) -> str:
    if leaf is None:
        return "null::varchar"
    return f"try({alone_sql(leaf.value, leaf.fallible)})" if leaf.fallible else leaf.value


def _moment(pattern: str, column: str) -> str:
    made = pattern.format(column)
    return f"timezone('UTC', {made})" if "strptime" in pattern else made
