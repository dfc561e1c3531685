"""`[oracle]`: how Oracle HCM is followed live, by its Atom feeds and the workers REST resource."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hcm_pipeline.profile.value_types import COUNT, DAYS, MINUTES, ColumnName, Identifier, Model

Feed = Literal["newhire", "empassignment", "empupdate", "termination", "cancelworkrelship", "workrelshipupdate"]
FEEDS: tuple[Feed, ...] = (
    "newhire",
    "empassignment",
    "empupdate",
    "termination",
    "cancelworkrelship",
    "workrelshipupdate",
)
"""Collections of the workspace `employee` that tell of workers (Oracle: Employees Atom Feeds)."""
READ_COLUMNS = (
    "Person Number", "Person Id", "Account Status", "First Name", "Last Name", "Middle Name", "Username", "Email Address",
    "Manager", "Worker Type", "Legal Employer", "Company", "Division", "Department Name", "Job Code", "Job Name",
    "Street Address", "City", "State", "Postal Code", "Country", "Work Address", "Phone Number", "Mobile Phone Number",
    "Hire Date", "Termination Date",
)  # fmt: skip
"""The columns that every reading has."""
Root = Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._-]+)+$", max_length=200)]
LivePath = Annotated[
    str,
    Field(
        pattern=r"^(worker|names|workersDFF|workRelationships|workRelationshipsDFF|assignments|assignmentsDFF"
        r"|(emails|phones|addresses|externalIdentifiers)\[[!-Z^-~]{1,64}\]|(legislativeInfo|citizenships)(\[[!-Z^-~]{1,64}\])?"
        r"|(workersEFF|assignmentsEFF)\[[!-Z^-~]([ -Z^-~]{0,148}[!-Z^-~])?\])/[A-Za-z_][A-Za-z0-9_]{0,99}$"
    ),
]
"""An attribute of a worker or of a child, by Oracle's names: `assignmentsDFF/costCentre`, `addresses[HOME]/TownOrCity`; of an
extensible flexfield by its context, `workersEFF[Badge Info]/badgeNumber`."""
TypeOrNone = Annotated[str, Field(max_length=64, pattern=r"^[!-~]*$")]
Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[!-~]+$")]


class Oracle(Model):
    """How Oracle HCM is followed live. Each of the three sources takes the extracts of one kind of reading."""

    people: Identifier = "people"
    """The source of full readings: its content is full."""
    feed: Identifier = "feed"
    """The source of what the feeds told: its content is changes-only."""
    reconciliation: Identifier = "reconciliation"
    """The source of workers who were read though no entry named them: its content is changes-only."""

    feeds: tuple[Feed, ...] = Field(FEEDS, min_length=1)
    atom_root: Root = "/hcmRestApi/atomservlet"
    rest_root: Root = "/hcmRestApi/resources/11.13.18.05"
    framework_version: int = Field(4, ge=1, le=9)
    """The header `REST-Framework-Version`."""
    page_size: int = Field(100, ge=1, le=1000)
    """Entries asked for at once; a service that gives fewer is followed all the same."""
    batch: int = Field(50, ge=1, le=500)
    """Workers asked for at once by number."""
    limit: int = Field(500, ge=1, le=500)
    """Workers asked for at once in a full reading."""
    concurrency: int = Field(4, ge=1, le=32)
    """Calls under way at the same time."""
    overlap_hours: float = Field(24.0, gt=0, le=DAYS * 24)
    """How far before the end of the last reading a feed is read again: entries become visible after their stamp."""
    archived_after_days: float = Field(60.0, gt=0, le=DAYS)
    """Oracle moves entries into the archive after so long; after a longer pause the archive is read, too."""
    purged_after_days: float = Field(90.0, gt=0, le=DAYS)
    """Oracle deletes entries after so long; after a longer pause only a full reading helps."""
    reconcile_percent: float = Field(2.0, ge=0, le=100)
    """The share of all workers that is read once a day though no entry names them, those first who were not read for longest."""
    poll_minutes: int = Field(5, ge=1, le=int(MINUTES))
    """How often the schedule polls the feeds."""
    automatic: bool = False
    """true: the schedule polls as soon as Dagster runs. false: a person turns it on."""
    name_type: Code = "GLOBAL"
    """The type of the name that counts, where a worker has several that hold."""
    manager_types: tuple[Code, ...] = Field(("LINE_MANAGER",), min_length=1, max_length=20)
    """Types of managers; the first that a worker has counts."""
    email_type: Code = "W1"
    work_phones: tuple[Code, ...] = ("W1",)
    mobile_phones: tuple[Code, ...] = ("WM",)
    address_types: tuple[TypeOrNone, ...] = Field(("WORK", "W1", "OFFICE", ""), max_length=20)
    """Types of the address that all colleagues see; "" is one without a type. No home address is taken unless one is named."""
    columns: dict[ColumnName, LivePath] = Field(default_factory=dict, max_length=200)
    """More columns of a reading, and where their values stand: segments of descriptive flexfields, say."""
    patience_minutes: float = Field(10.0, ge=0, le=COUNT)
    """How long a call that fails in a way that passes is repeated."""
