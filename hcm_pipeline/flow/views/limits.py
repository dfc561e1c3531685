"""The history of the limits: how near each came, so that limits are set from facts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.views.rows import values_of
from hcm_pipeline.warehouse import query


@dataclass(frozen=True)
class NearestLimit:
    """A limit over all plans of a target, with the group of operations that came nearest to it. `share`: of what was allowed."""

    kind: str
    attribute: str | None
    cohort: str | None
    plans: int
    tripped: int
    operations: int
    base: int
    allowed: int
    planned_at: dt.datetime
    rule: str
    share: float

    @property
    def name(self) -> str:
        """The limit, with its attribute where it has one."""
        return f"{self.kind} {self.attribute}" if self.attribute else self.kind

    @property
    def scope(self) -> str:
        """The accounts that it is a share of."""
        return f"each {self.cohort}" if self.cohort else "everybody"

    @property
    def within(self) -> str:
        """The days over which the nearest group was counted, in words; empty: within one."""
        return f" within {self.rule}" if self.rule.endswith(" days") else ""

    @property
    def percent(self) -> int:
        """How near it came, in percent of what was allowed."""
        return round(100 * self.share)


def nearest_limits(installation: Installation) -> list[NearestLimit]:
    """Every limit that was ever looked at, the nearest first."""
    with installation.warehouse.read() as con:
        return values_of(con, NearestLimit, query(__package__, "nearest_limits"), {"target": installation.target})
