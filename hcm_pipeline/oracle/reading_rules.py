"""How Oracle HCM is read: what a profile decides about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from hcm_pipeline.http import Patience


@dataclass(frozen=True)
class MoreColumn:
    """A column of a reading and the attribute that fills it, of the worker or of a child; `of_type`: of the child of that type,
    legislation or context."""

    name: str
    child: str
    attribute: str
    of_type: str = ""

    @classmethod
    def at(cls, name: str, path: str) -> MoreColumn:
        """That of a path such as `assignmentsDFF/costCentre` or `addresses[HOME]/TownOrCity`."""
        place, _, attribute = path.rpartition("/")
        child, _, rest = place.partition("[")
        return cls(name, child, attribute, rest.removesuffix("]"))


@dataclass(frozen=True)
class ReadingRules:
    """How feeds and workers are read, and which of several values a worker's row takes.

    Types are Oracle's codes, compared without regard to case; the first that a worker has counts. `address_types`: a blank
    one stands for addresses without a type. Home addresses are not taken unless a type is named for them: the row's
    address is shown to all colleagues. Times are seconds.
    """

    rest_root: str = "/hcmRestApi/resources/11.13.18.05"
    atom_root: str = "/hcmRestApi/atomservlet"
    framework_version: int = 4
    """The header `REST-Framework-Version`, 1 to 9."""
    page_size: int = 100
    """Entries asked for at once. A service that caps it answers shorter pages."""
    batch: int = 50
    """Workers asked for at once by id or number."""
    limit: int = 500
    """Workers on a page of a full reading; Oracle's most is 500."""
    concurrency: int = 4
    """Calls under way at the same time."""
    name_type: str = "GLOBAL"
    manager_types: tuple[str, ...] = ("LINE_MANAGER",)
    email_type: str = "W1"
    work_phone_types: tuple[str, ...] = ("W1",)
    mobile_phone_types: tuple[str, ...] = ("WM",)
    address_types: tuple[str, ...] = ("WORK", "W1", "OFFICE", "")
    more: tuple[MoreColumn, ...] = ()
    """Columns besides those of every reading."""
    timeout: float = 300.0
    """Between two bytes of an answer: Oracle may think for minutes."""
    patience: Patience = field(default_factory=Patience)
