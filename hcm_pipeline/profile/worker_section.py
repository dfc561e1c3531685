"""`[workers]`: how rows become workers, and what dates and status make of a working life."""

from __future__ import annotations

import datetime as dt
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from hcm_pipeline.profile.value_types import COUNT, DAYS, Identifier, Model, Zone


class Pick(Model):
    """One step in choosing among contradicting rows of one worker."""

    field: Identifier
    prefer: str
    """`latest`, `earliest`, or the exact value that wins, as the warehouse writes it (a boolean as `true`)."""


class QuarantineLimit(Model):
    """A day stops when more than `percent` of its rows, and at least `at_least` rows, are held back, whole or in some cells."""

    percent: float = Field(20.0, ge=0, le=100)
    at_least: int = Field(25, ge=1, le=COUNT)


class Share(Model):
    """A limit that counts when both are passed: a share in percent, and a number."""

    percent: float = Field(ge=0, le=COUNT)
    at_least: int = Field(ge=1, le=COUNT)


class Completeness(Model):
    """When an extract does not look whole, and is held until a person has decided."""

    history: int = Field(5, ge=1, le=1000)
    """So many full extracts of the source before it are what it is compared with: their median."""
    fewer: Share = Share(percent=20, at_least=25)
    more: Share = Share(percent=100, at_least=1000)
    cohorts: tuple[Identifier, ...] = ()
    """Text fields; the workers of each of their values are counted by themselves."""
    cohort: Share = Share(percent=50, at_least=25)
    changes: Share = Share(percent=50, at_least=100)
    """Of a changes-only extract: its share of all known workers."""
    columns: Literal["hold", "exact", "report"] = "hold"
    """The fate of a full extract without mapped columns that the one before it had. `exact` holds one with any other
    difference between their columns, too."""


class ZoneFor(Model):
    """Another time zone for some workers: the first of these whose condition holds."""

    when: str = Field(min_length=1)
    """SQL condition over worker fields."""
    zone: Zone


class Step(Model):
    """A stage of a leaver, for conditions and mappings to go by."""

    stage: Identifier
    after_days: int = Field(ge=1, le=36_500)
    """It begins so many days after the last day."""


class Life(Model):
    """How dates and status make a working life."""

    zone: Zone = "UTC"
    """The zone whose day a business date is, and in which days begin for workers without a zone of their own."""
    zones: tuple[ZoneFor, ...] = ()
    zone_field: Identifier | None = None
    """A text field with the worker's own IANA zone; a blank or unknown one leaves it to `zones` and `zone`."""
    status: Literal["must-agree", "yields-to-dates"] = "must-agree"
    """must-agree: whom the status calls inactive is, whatever the dates. yields-to-dates: the status counts only where neither a
    termination date nor a hire date ahead speaks."""
    prehire_days: int | None = Field(14, ge=0, le=36_500)
    """How long before the hire date the account is made; None: as soon as the worker is known."""
    prehire_active: bool = False
    grace_days: int = Field(0, ge=0, le=36_500)
    """How long beyond the last day the account stays enabled."""
    steps: tuple[Step, ...] = ()
    on_leave: str | None = Field(None, min_length=1)
    """SQL condition over worker fields."""
    leave_active: bool = True
    erased: str | None = Field(None, min_length=1)
    """SQL condition over worker fields: the person's data were erased by HR."""
    missing: Literal["report", "disable"] = "report"
    """Whether a worker who is missing from complete extracts is reported only, or loses the account."""
    missing_after: int = Field(2, ge=2, le=DAYS)
    """So many days with a complete extract in a row without a worker make them missing."""

    def day_of(self, moment: dt.datetime) -> dt.date:
        """The business date that a moment belongs to: its day in `zone`. None after that of now is planned or sent."""
        return moment.astimezone(ZoneInfo(self.zone)).date()


class WorkerTypes(Model):
    """Which worker types mean what; compared without regard to case."""

    employee: tuple[str, ...] = ("Employee", "E")
    contingent: tuple[str, ...] = ("Contingent Worker", "Contingent", "Contractor", "C")
    nonworker: tuple[str, ...] = ("Nonworker", "N")
    pending: tuple[str, ...] = ("Pending Worker", "P")


class Slices(Model):
    """Rows that are true for a span of dates: the date fields that say from when and to when (inclusive; blank: for ever)."""

    from_: Identifier = Field(alias="from")
    to: Identifier | None = None


LATER_WORKERS = ("hold_back", "manager_by", "placeholders", "no_name", "names_seen")
"""Keys that count in a profile's digest only where they are used."""


class Workers(Model):
    """How rows become workers."""

    pick: tuple[Pick, ...] = ()
    """Ordered; without a step, a row_key or slices, rows that contradict each other are held back in what they contradict."""
    row_key: tuple[Identifier, ...] = ()
    """Text fields that tell the rows of one worker apart: work relationship, assignment. A changes-only row then replaces the row
    with its key, and the worker's other rows stay."""
    slices: Slices | None = None

    @property
    def many_rows(self) -> bool:
        """Whether several rows may speak for one worker."""
        return bool(self.pick or self.row_key or self.slices)

    hold_back: Literal["cell", "row"] = "cell"
    """The part of a known worker's row that does not count when a cell breaks a rule: that cell, or all but an exit."""
    manager_by: Literal["person_number", "email", "username"] = "person_number"
    """The field of the manager that the field `manager` holds; an address or a user name is compared without regard to case."""
    placeholders: tuple[str, ...] = (
        "null", "(null)", "<null>", "[null]", "\\n", "n/a", "#n/a", "n.a.", "#value!", "#ref!", "#name?", "-", "--", "---", ".",
        "..", "...", "_", "undefined", "tbd", "tba", "tbc", "n.a", "not applicable", "not available", "(blank)",
        "[blank]", "(empty)", "\u2013", "\u2014",
    )  # fmt: skip
    """Texts in any case that stand where nothing was entered, in every text field that names none of its own. A date, a number or a
    status that cannot be read is held back, unless its field names some."""
    no_name: tuple[str, ...] = (
        "fnu", "lnu", "mnu", "nfn", "nln", "nmn", "xxx", "xxxx", ".", "..", "-", "--", "_", "none", "(none)", "no first name",
        "no last name", "no middle name", "no lastname", "no firstname", "no surname", "no name", "noname", "xxxxx", "unknown",
        "...", "*", "**", "***", "/", "\u2026", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2015", "\u2212",
    )  # fmt: skip
    """Texts in any case that say, in a first, middle, last or preferred name, that the person has none: somebody with one name."""
    names_seen: tuple[str, ...] = ()
    """Person numbers of workers whose names somebody has looked at: mixed scripts, likeness to another worker's name and signs of
    damage hold none of them back."""
    quarantine_limit: QuarantineLimit = QuarantineLimit.model_validate({})
    whole: Completeness = Completeness.model_validate({})
    life: Life = Life.model_validate({})
    types: WorkerTypes = WorkerTypes()
