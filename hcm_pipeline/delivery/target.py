"""What delivery asks of a target. Delivery plans, guards, decides, journals, paces, sends and settles; all that is particular to
a service stands behind these two protocols: `Target`, which needs no connection, and `Service`, which is one.

A draft of the plan's half: columns, kinds, desired versions and rendering. `service.py` has the other half.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from hcm_pipeline.delivery.kinds import OperationKind
from hcm_pipeline.warehouse import Relation, Scratch


@dataclass(frozen=True)
class Limits:
    """What the service allows. `operations`: in one request; `calls` in any `window`; `quota` calls in any 24 hours."""

    operations: int
    calls: int
    window: dt.timedelta
    quota: int


@dataclass(frozen=True)
class RequestForm:
    """How a request is written: `head`, the operations with `separator` between them, `tail`.

    `operation` is SQL (VARCHAR) for one operation, over the columns of `planned`: person_number, digest and the target's own.
    """

    head: bytes
    separator: bytes
    tail: bytes
    operation: str


class Target(Protocol):
    """One place that accounts are kept in, as far as a plan needs to know it."""

    @property
    def key(self) -> str:
        """Names the target in every table and manifest."""

    @property
    def tenant(self) -> str:
        """Whose limits count: targets of one tenant share one count of calls."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The mapped values, by name, all VARCHAR: what a version of a worker is made of."""

    @property
    def kinds(self) -> tuple[OperationKind, ...]:
        """The kinds of operation that there are, in the order of sending."""

    @property
    def limits(self) -> Limits:
        """What the service allows."""

    def desired(self, t: Scratch, facts: Mapping[str, Relation], same: Relation | None) -> Relation:
        """What every worker should be: person_number, the columns, `digest` over them, and `basis` over what they are made from.

        `facts` are the relations of workers and names that flow hands through delivery. Workers whose `basis` is in
        `same(person_number, basis)` are left out before anything is rendered: they would come out as delivered.
        """

    def kind_sql(self, desired: str, delivered: str) -> str:
        """SQL (VARCHAR) for the kind of an operation, over two aliases with the columns; all of `delivered` is null for a newcomer."""

    @property
    def form(self) -> RequestForm:
        """How a request is written."""
