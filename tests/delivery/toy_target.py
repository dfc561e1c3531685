"""A target that is no service at all: a phone book in a dictionary. It has all that delivery asks of a target, no more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import orjson

from hcm_pipeline import delivery
from hcm_pipeline.delivery import Answer, Column, Desired, Health, Mend, OutcomeEntry, Reception
from hcm_pipeline.delivery import OperationKind as Kind
from hcm_pipeline.http import Clock, Patience, utc_now
from hcm_pipeline.warehouse import Relation, Scratch

PAGE = delivery.Limits(operations=50, calls=40, window=dt.timedelta(seconds=5), quota=2000)
ENTRY = "to_json({'number': person_number, 'name': name, 'room': room, 'printed': printed})::varchar"


@dataclass
class PhoneBook:
    """Entries by person number: a name, a room, whether it is printed (as the fact `people`). A request is a list."""

    limits: delivery.Limits = PAGE
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[OutcomeEntry] = field(default_factory=list)
    barred: frozenset[str] = frozenset()  # numbers that are not written
    closed: bool = False
    at_once: bool = True  # an answer says what became of its entries, and not the log alone
    clock: Clock = utc_now
    nulls: delivery.NullFlows | None = None  # its word on what becomes of nulls
    key, tenant, deactivated = "phone book", "house", MappingProxyType({"printed": "no"})
    columns = Column("name", "names", Kind.RENAME), Column("room", "room"), Column("printed", "status", Kind.DISABLE)
    kinds = tuple(kind for kind in Kind if kind is not Kind.MOVE)
    form = delivery.RequestForm(b"[", b", ", b"]\n", f"concat({ENTRY}, ', ')", "entries of 2026")

    def desired(self, t: Scratch, facts: Mapping[str, Relation], delivered: Relation, same: Relation) -> Desired:
        basis = "md5_number(concat_ws('|', name, room, printed))::uuid as basis"
        people = t.view("people", f"select *, {basis} from {facts['people']}")
        return Desired(people, t.view("new", f"select * from {people} anti join {same} using (person_number, basis)"))

    def change_sql(self, desired: str, delivered: str) -> str:
        return f"""case when {desired}.printed < {delivered}.printed then '{Kind.DISABLE}'
            when {desired}.printed > {delivered}.printed then '{Kind.ENABLE}'
            when {desired}.name <> {delivered}.name then '{Kind.RENAME}' else '{Kind.UPDATE}' end"""

    def enabled_sql(self, version: str) -> str:
        return f"{version}.printed = 'yes'"

    def connect(self, patience: Patience, clock: Clock) -> AbstractContextManager[PhoneBook]:
        return nullcontext(self)

    def prepare(self) -> None: ...

    def workers_in(self, body: bytes) -> tuple[str, ...]:
        return tuple(entry["number"] for entry in orjson.loads(body))

    def post(self, number: int, body: bytes) -> Answer:
        if self.closed:
            return Answer(Reception.CLOSED, "closed for today", self.clock(), mend="; come back tomorrow")
        told = tuple(self._write(entry["number"], entry) for entry in orjson.loads(body))
        return Answer(Reception.ACCEPTED, "written", self.clock(), outcomes=told if self.at_once else ())

    def _write(self, number: str, entry: dict[str, Any]) -> OutcomeEntry:
        code = "Barred" if number in self.barred else None
        self.entries |= {} if code else {number: entry}
        line = f"line {len(self.log):06}", self.clock(), number, "failure" if code else "success", "write", not code
        self.log += [OutcomeEntry(*line, error_code=code)]
        return self.log[-1]

    def health(self) -> Health:
        return Health(delivery.HealthState.RUNNING)

    def null_flows(self, columns: Collection[str]) -> delivery.NullFlows | None:
        return self.nulls

    def outcomes(self, since: dt.datetime) -> Iterator[delivery.OutcomePage]:
        yield delivery.OutcomePage(tuple(entry for entry in self.log if entry.at >= since), self.clock())

    def decide(self, t: Scratch, accepted: Relation, entries: Relation) -> Relation:
        """Each line of the log is a change of its own, and the newest of an operation decides."""
        lines = f"select * replace (log_id as change_id), 0 as step, logged_at as begins_at from {entries}"
        served = delivery.first_in_first_out(t, accepted, t.make("changes", lines))
        said = "if(status = 'success', 'succeeded', 'failed') as outcome, action, error_code, change_id, logged_at"
        mended = f"if(status = 'success', null, '{delivery.FailureClass.DATA}') as failure_class"
        last = "qualify row_number() over (partition by plan_no, request_no, op_no order by log_id desc) = 1"
        both = f"{served} served join {entries} using (person_number, log_id)"
        return t.make("decided", f"select served.*, {said}, {mended} from {both} {last}")

    def mend(self, code: str | None) -> Mend:
        return Mend(delivery.FailureClass.DATA, "ask the mayor") if code == "Barred" else delivery.UNKNOWN_CODE

    mend_of_skip = mend

    def describe_health(self, health: Health) -> str:
        return f"the book is {health.state}"
