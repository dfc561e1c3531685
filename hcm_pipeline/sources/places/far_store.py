"""The protocol of a store: what a place outside the home must be able to do, and the faults that it tells apart."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Thing:
    """Something that lies in a store, as one listing has it. `mark` is another one when it has changed; `size` in bytes.

    `odd`: why it is no file that can be taken, such as "a symbolic link"; None: it is one.
    """

    name: str
    mark: str
    size: int | None = None
    modified: dt.datetime | None = None
    odd: str | None = None


class Gone(Exception):
    """The thing is no longer there."""


class Changed(Exception):
    """Another thing has the name by now."""


class Store(Protocol):
    """One folder, prefix or search of a store. Passing faults are `http.TryAgain`, others a `ServiceError`; none names the place.

    Names come from the far side and are data: a store never makes a path of this machine of one.
    """

    def listing(self) -> Sequence[Thing]:
        """Everything that lies there, not what lies in folders below it."""

    def read(self, thing: Thing) -> Iterator[bytes]:
        """Its bytes, some at a time. Raises Gone, and Changed when they are those of another version."""

    def delete(self, thing: Thing) -> None:
        """Take it away. Raises Gone, and Changed when another version has its name; that one stays."""

    def move(self, thing: Thing, folder: str) -> None:
        """Give it a place in a folder below, where it replaces nothing. Raises as `delete`."""

    def close(self) -> None:
        """Let go of connections."""
