"""Workers to ask for, and the answer of one look at a worker."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

COLUMNS = (
    "Person Number", "Person Id", "Account Status", "First Name", "Last Name", "Middle Name", "Username", "Email Address",
    "Manager", "Worker Type", "Legal Employer", "Company", "Division", "Department Name", "Job Code", "Job Name",
    "Street Address", "City", "State", "Postal Code", "Country", "Work Address", "Phone Number", "Mobile Phone Number",
    "Hire Date", "Termination Date",
)  # fmt: skip
"""The columns of a row, as worksheet 1 of Microsoft's tutorial names them, and some more."""

NO_ROW: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Person:
    """A key to ask for. At least one of the two is set, unless a full reading met somebody whom it could not even name."""

    person_id: str | None
    person_number: str | None


@dataclass(frozen=True)
class Reading:
    """The answer of one look at a worker, as of a date.

    `outcome`: found; absent (the service shows no such worker: gone, not yet, or not to us); unreadable (its answer about this
    worker cannot be used). `row`: of a worker that was found; text by column, "" for no value. `missing`: parts that did not
    come although asked for, for want of a privilege perhaps: their columns are not in `row`, for nothing is known of them.
    `reason`: why it is absent or unreadable, without a personal value.
    """

    person: Person
    on: dt.date
    outcome: Literal["found", "absent", "unreadable"]
    row: Mapping[str, str] = field(default_factory=lambda: NO_ROW, repr=False)
    found_id: str | None = None
    found_number: str | None = None
    reason: str = ""
    missing: tuple[str, ...] = ()
