"""Accounts as they are now, as far as somebody has read them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from hcm_pipeline.expressions import Value


class Untold(StrEnum):
    """The place of a value that a reading does not tell."""

    A_VALUE = "a value"
    """There is one; which is not told."""
    NOT_TOLD = "not known"
    """Whether there is one is not told."""


@dataclass(frozen=True)
class Reference:
    """A reference to the account of another person, by that one's externalId. `object_id`: None for one that is made first."""

    external_id: str
    object_id: str | None


Present = Value | Untold | Reference
"""The value of an attribute of an account now."""


@dataclass(frozen=True)
class Account:
    """An account. `values`: by attribute in lower case; `told`: the attributes that its reading tells, None: all.

    A told attribute without a value is empty. `mastered_elsewhere`: a directory on premises writes it, None: not known.
    """

    object_id: str
    values: Mapping[str, Present]
    told: frozenset[str] | None = None
    mastered_elsewhere: bool | None = None

    def now(self, attribute: str) -> Present:
        """The value of an attribute, in whatever case it is named."""
        name = attribute.lower()
        if name in self.values:
            return self.values[name]
        return None if self.told is None or name in self.told else Untold.NOT_TOLD


class Accounts(Protocol):
    """The accounts of the target that are known. The answers may be as of the last reading."""

    def having(self, attribute: str, values: Collection[str]) -> Mapping[str, Sequence[Account]] | None:
        """The accounts that have one of these values of an attribute, by value in lower case; None: nobody can tell.

        A value that no account has is left out. Values are compared without case.
        """

    def referenced(self, values: Collection[str]) -> Mapping[str, str | None] | None:
        """The object ids of the accounts of the people with these externalIds; others are left out. None: nobody can tell.

        The id is None for an account that is made first.
        """


class NobodyTells:
    """No directory that may be read."""

    def having(self, attribute: str, values: Collection[str]) -> Mapping[str, Sequence[Account]] | None:  # noqa: ARG002
        """Nobody can tell."""
        return None

    def referenced(self, values: Collection[str]) -> Mapping[str, str | None] | None:  # noqa: ARG002
        """Nobody can tell."""
        return None
