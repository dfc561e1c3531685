"""The workers that names are made for, as relations that the caller hands in."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from hcm_pipeline.warehouse import Relation


@dataclass(frozen=True)
class Workforce:
    """The workers of one snapshot. Both relations have one row for each version: person_number, valid_from, valid_to, active,
    status_active, life_stage and every field of the profile."""

    day: dt.date
    """The snapshot's business date; `datetime.date.min` when none was processed yet."""
    workers: Relation
    """The open versions alone: one row is one worker as they are on `day`."""
    versions: Relation
    """Every version, the open ones among them."""
