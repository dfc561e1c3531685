"""The result of a rehearsal for one record: what becomes of the account, attribute by attribute."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hcm_pipeline.expressions import Value, as_text, show_random
from hcm_pipeline.rehearsal.accounts import Present, Reference, Untold


class Outcome(StrEnum):
    """The effect of a record."""

    CREATE = "create"
    UPDATE = "update"
    DISABLE = "disable"
    """An account that is enabled, or may be, is not any more."""
    NOTHING = "nothing"
    """The account is as the record says."""
    REFUSED = "refused"
    """The target would refuse it, and the account stays as it is."""
    OUT_OF_SCOPE = "out of scope"
    """A scoping filter leaves it out."""
    UNMATCHED = "unmatched"
    """No account matches, and the job makes none."""
    SEVERAL_MATCHES = "several matches"
    """Several accounts match; nothing is written."""
    UNKNOWN = "unknown"
    """It depends on what is not known."""


class Mark(StrEnum):
    """The remark on an attribute, the worst first."""

    REFUSED = "refused"
    """The target would refuse the value, and with it the record."""
    UNDONE = "undone"
    """The mapping undoes what the plan means, or what the account has."""
    IGNORED = "ignored"
    """It is sent, and does not flow."""
    UNKNOWN = "unknown"
    """Nobody knows what comes out."""


Then = Value | Reference | Untold


@dataclass(frozen=True)
class AttributeResult:
    """One attribute. `attribute` is the account's; of what no mapping uses it is the source's.

    `by`: the mapping, as text; None: none. `code`: the provisioning log's, of what is refused. `changes`: whether a value is
    written that is not there; None: not known.
    """

    attribute: str
    now: Present
    then: Then
    by: str | None
    mark: Mark | None = None
    why: str | None = None
    code: str | None = None
    changes: bool | None = False

    def marked(self, mark: Mark, why: str, code: str | None = None) -> AttributeResult:
        """The same with a mark; one that is worse stays."""
        if self.mark is not None and _ORDER[self.mark] <= _ORDER[mark]:
            return self
        return AttributeResult(self.attribute, self.now, self.then, self.by, mark, why, code, self.changes)


_ORDER = {mark: place for place, mark in enumerate(Mark)}


@dataclass(frozen=True)
class Rehearsed:
    """One record. `code` and `why`: of a record that is refused or left out. `object_id`: of the account that it matches."""

    key: str
    outcome: Outcome
    attributes: tuple[AttributeResult, ...] = ()
    why: str | None = None
    code: str | None = None
    object_id: str | None = None

    @property
    def marks(self) -> tuple[AttributeResult, ...]:
        """The attributes with a mark, the worst first."""
        return tuple(
            sorted(
                (one for one in self.attributes if one.mark is not None),
                key=lambda one: _ORDER[one.mark or Mark.UNKNOWN],
            )
        )

    @property
    def stops(self) -> bool:
        """Whether something is refused or undone."""
        return self.outcome in (Outcome.REFUSED, Outcome.SEVERAL_MATCHES) or any(
            one.mark in (Mark.REFUSED, Mark.UNDONE) for one in self.attributes
        )


def as_shown(value: Present | Then) -> str | None:
    """A value for people; None: no value."""
    match value:
        case Untold():
            return f"‹{value.value}›"
        case Reference(external_id):
            return f"the account of {external_id}"
        case tuple():
            return ", ".join(value)
        case None | str() | bool() | int():
            text = as_text(value)
            return None if text is None else show_random(text)
        case _:
            return "‹not known›"
