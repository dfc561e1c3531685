"""A target that is no service at all: a phone book in a dictionary. It has all that delivery needs of a target, no more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from hcm_pipeline.delivery import Column, Desired, Limits, OperationKind, RequestForm
from hcm_pipeline.warehouse import Relation, Scratch

PAGE = Limits(operations=50, calls=40, window=dt.timedelta(seconds=5), quota=2000)


@dataclass(frozen=True)
class PhoneBook:
    """Entries by person number: a name, a room, and whether the entry is printed."""

    key: str = "phone book"
    tenant: str = "house"
    limits: Limits = PAGE
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    renaming: bool = True
    """Whether another name is an operation of its own kind, and not one attribute among others."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """Three values."""
        return (
            Column("name", "first and last name", OperationKind.RENAME if self.renaming else None),
            Column("room", "department"),
            Column("printed", "status", OperationKind.DISABLE),
        )

    @property
    def kinds(self) -> tuple[OperationKind, ...]:
        """Nobody moves in a phone book."""
        return tuple(kind for kind in OperationKind if kind is not OperationKind.MOVE)

    @property
    def form(self) -> RequestForm:
        """A request is a JSON list of entries."""
        entry = "{'number': person_number, 'name': name, 'room': room, 'printed': printed}"
        return RequestForm(b"[", b", ", b"]\n", f"concat(to_json({entry})::varchar, ', ')", "entries of 2026")

    @property
    def deactivated(self) -> Mapping[str, str]:
        """The entry stays, and is not printed."""
        return {"printed": "no"}

    def desired(self, t: Scratch, facts: Mapping[str, Relation], delivered: Relation, same: Relation) -> Desired:
        """An entry for each of `people`: person_number, name, room, printed."""
        people = t.view(
            "people", f"select *, md5_number(concat_ws('|', name, room, printed))::uuid as basis from {facts['people']}"
        )
        return Desired(
            people, t.view("entries", f"select * from {people} anti join {same} using (person_number, basis)")
        )

    def change_sql(self, desired: str, delivered: str) -> str:
        """Printing before names, and names before rooms."""
        return f"""case when {desired}.printed < {delivered}.printed then '{OperationKind.DISABLE}'
            when {desired}.printed > {delivered}.printed then '{OperationKind.ENABLE}'
            when {desired}.name <> {delivered}.name then '{OperationKind.RENAME}' else '{OperationKind.UPDATE}' end"""

    def enabled_sql(self, version: str) -> str:
        """Printed."""
        return f"{version}.printed = 'yes'"

    def post(self, body: bytes) -> None:
        """Write the entries of a request into the book."""
        self.entries.update({entry["number"]: entry for entry in orjson.loads(body)})
