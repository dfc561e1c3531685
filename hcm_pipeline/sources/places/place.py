"""The protocol of a place: where extracts wait to be taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from hcm_pipeline.extracts import Complete, Left, Taken
from hcm_pipeline.home import Home


@dataclass(frozen=True)
class Waiting:
    """Something that waits in a place. `mark` is another one when it has changed."""

    name: str
    mark: str


@dataclass(frozen=True)
class Looked:
    """The find of one look. `cursor` is where the next look begins; None: everything that lies there is looked at each time."""

    waiting: tuple[Waiting, ...]
    cursor: str | None


class Place(Protocol):
    """Where extracts wait. Names are the place's own; two things in one place differ in them."""

    def look(self, cursor: str | None) -> Looked:
        """Everything that waits behind the cursor of the look before (None: the first one), by name."""

    def state(self, waiting: Waiting, settle: float, now: float) -> Complete | Left:
        """Whether it is complete, as far as can be told. `settle` in seconds, `now` in seconds since the epoch."""

    def take(self, waiting: Waiting, home: Home) -> Taken:
        """Copy its bytes into the home's extracts. Raises ExtractRefused."""

    def remove(self, waiting: Waiting, taken: Taken) -> bool:
        """Take away what was taken; it may be gone already. False: another thing has its name by now, and stays."""
