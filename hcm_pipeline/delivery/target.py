"""The plan's half of what delivery asks of a target. All that is particular to a service stands behind one family of protocols:

- `KnownTarget`: its name, and the limits of its service.
  - `Target`: the versions that workers should have, and how a request is written.
  - `OutcomeRules`: how entries of its service settle operations, and what mends a failure (see `delivery.service`).
    - `LiveTarget`: a way to connect; `Service` is the connection.

One class may be all of these. Delivery plans, guards, decides, journals, paces, sends and settles. A version of a worker is to it a
row of texts with a digest.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from hcm_pipeline.delivery.kinds import OperationKind
from hcm_pipeline.warehouse import Relation, Scratch, literal, quote

WRITES_BACK = "writeback:"
"""Keys of targets begin so that keep no accounts: they take values back from one that does."""


@dataclass(frozen=True)
class Limits:
    """The limits of a service. `operations`: in one request; `calls` in any `window`; `quota` calls in any 24 hours."""

    operations: int
    calls: int
    window: dt.timedelta
    quota: int


@dataclass(frozen=True)
class Column:
    """One value of a version, always a text. `origin` says for people what it is made from.

    `kind` is the kind of operation that a change of this value makes; limits of that kind count it then, and those of single
    attributes do not. None: a change of it is an attribute that changes. `reaches`: it is a phone number or a mail address, by
    which people are reached and passwords are reset. `clears`: a null clears the value that the target has, as far as that is
    known without asking the service. `instead`: the value that is sent in the place of null where the target has one.

    `noted`: it says something of the version and is no part of it: another one makes no other version. `before`: the noted value
    that tells what the target had before this version, for an undo; a target that other people write to knows it best.
    `own`: it differs from worker to worker, as a name or a number does: where versions are kept, no list of its values is made.
    """

    name: str
    origin: str
    kind: OperationKind | None = None
    reaches: bool = False
    clears: bool = True
    instead: str | None = None
    noted: bool = False
    before: str | None = None
    own: bool = False


@dataclass(frozen=True)
class RequestForm:
    """How a request is written: `head`, the operations with `separator` between them, `tail`.

    `operation` is SQL (VARCHAR) for one operation with the separator behind it, over the columns of `planned`: person_number,
    digest and the target's own. `shape` stands for the form of a version: a digest is over it and over the values.
    """

    head: bytes
    separator: bytes
    tail: bytes
    operation: str
    shape: str


class Mending(StrEnum):
    """The fate of a value that the target would refuse. In any case the last good value stays, where the target has one."""

    HELD = "held"
    """A new account gets none."""
    CUT = "cut"
    """It is cut to the length that the target takes, of a new account and of one that is there."""
    CUT_AT_FIRST = "cut at first"
    """It is cut for a new account, which cannot be without it."""
    NEEDED = "needed"
    """A new account waits for it."""


@dataclass(frozen=True)
class Desired:
    """The state that workers should be in. `everybody`: person_number of each worker who should have an account, once, but for
    `settled` workers, of whom it is known without a look at each that the delivered version is the desired one.

    `versions`: person_number, the target's columns and `basis` (UUID, over all that they are made from) of those workers whose
    version may be another than the delivered one. `waiting`: person_number and reason of those of whom no version can be
    made, a row for each reason; None: there cannot be any. `breaches`: the values that the target is known to refuse, of
    everybody, one row for each: person_number, attribute (a column), rule, length, longest (INTEGER; null where no length is
    meant), others (who has the same value), value, mending (see `Mending`).

    `again`: person_number of workers whose version is sent although it was delivered: the target has another by now. `there`:
    person_number, attribute (a column) of the values that the target is known to have although it was not sent them: a difference
    in these alone makes no operation. `among`: person_number of all whom `versions` may be about, where it is told.
    """

    everybody: Relation
    versions: Relation
    waiting: Relation | None = None
    breaches: Relation | None = None
    again: Relation | None = None
    there: Relation | None = None
    among: Relation | None = None
    settled: int = 0


class KnownTarget(Protocol):
    """One place that accounts are kept in."""

    @property
    def key(self) -> str:
        """Names the target in every table and manifest."""

    @property
    def tenant(self) -> str:
        """The tenant: its targets share one count of calls."""

    @property
    def limits(self) -> Limits:
        """The limits of the service."""


class Target(KnownTarget, Protocol):
    """A target, as far as a plan needs to know it: without a connection."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The values that a version is made of, in the order in which people read them."""

    @property
    def kinds(self) -> tuple[OperationKind, ...]:
        """The kinds of operation that there are, in the order of sending."""

    @property
    def form(self) -> RequestForm:
        """How a request is written."""

    @property
    def deactivated(self) -> Mapping[str, str]:
        """The values, by column, that make the version of a disabled account of any other: how an undo ends a new account."""

    def desired(self, t: Scratch, facts: Mapping[str, Relation], delivered: Relation, same: Relation) -> Desired:
        """The versions that workers should have, from the facts that flow hands through delivery.

        `delivered(person_number)` are the workers that any target was ever sent. Workers whose basis is in
        `same(person_number, basis)` are left out of the versions before anything is rendered: they would come out as delivered.
        """

    def change_sql(self, desired: str, delivered: str) -> str:
        """SQL (VARCHAR) for the kind of a change: over two aliases with the columns, of versions that differ."""

    def enabled_sql(self, version: str) -> str:
        """SQL (BOOLEAN) over an alias with the columns: the version is one of an enabled account."""


def of_accounts_sql(target: str) -> str:
    """SQL (BOOLEAN) over the key of a target: it keeps accounts. Values that are written back say nothing of these."""
    return f"not starts_with({target}, {literal(WRITES_BACK)})"


def names_of(target: Target) -> tuple[str, ...]:
    """The names of a target's columns."""
    return tuple(column.name for column in target.columns)


def digest_sql(target: Target) -> str:
    """SQL (UUID) for the digest of a version, over its columns but those that are noted."""
    names = (column.name for column in target.columns if not column.noted)
    values = ", ".join(f"coalesce({quote(name)}, chr(30))" for name in names)
    return f"md5_number(concat_ws(chr(31), {literal(target.form.shape)}, {values}))::uuid"
