"""`[guards]`: what a plan may hold before somebody must approve it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, model_validator

from hcm_pipeline.profile.value_types import COUNT, DAYS, HOURS, Identifier, Model


class GuardKind(StrEnum):
    """The changes that a limit counts."""

    CREATE = "create"
    UPDATE = "update"
    """Any change of an account that stays enabled or disabled."""
    DISABLE = "disable"
    ENABLE = "enable"
    MOVE = "move"
    RENAME = "rename"
    """The userName changes."""
    CHANGE = "change"
    """One attribute changes; judged for each mapped attribute but active and userName."""
    CLEAR = "clear"
    """One attribute loses its value; judged for the same."""


class GuardLimit(Model):
    """How many operations of a kind a plan may hold before they wait for an approval."""

    kind: GuardKind
    per: str | None = None
    """None: all of the target. `cohort`: every value of every field in `cohorts`. Or one worker field."""
    max: int | None = Field(None, ge=0, le=COUNT)
    percent: float | None = Field(None, ge=0, le=100)
    """Share of the accounts that there are: for disable of the enabled ones, for enable of the disabled ones."""
    factor: float | None = Field(None, gt=0, le=COUNT)
    """Times the highest business date of the last `history_days`."""
    at_least: int = Field(25, ge=1, le=COUNT)
    """`percent` and `factor` stop nothing below so many operations."""
    others_go_on: bool | None = None
    """Whether the plan's other operations go out; None: as `guards.others_go_on` says."""

    @model_validator(mode="after")
    def _limits_something(self) -> GuardLimit:
        if self.max is None and self.percent is None and self.factor is None:
            raise ValueError("needs max, percent or factor")
        if self.factor is not None and self.kind in {GuardKind.CHANGE, GuardKind.CLEAR}:
            raise ValueError("factor goes with kinds of operation; of attributes there is no history")
        return self


class Guards(Model):
    """Limits of what a plan may hold without an approval. Operations that trip one are held; nothing is lost."""

    approval_hours: float = Field(24.0, gt=0, le=HOURS)
    """An approval counts when the upload begins within so many hours."""
    others_go_on: bool = True
    """Whether what no guard stops goes out while the rest waits."""
    cohorts: tuple[Identifier, ...] = ("legal_employer", "country", "company", "worker_type")
    """Worker fields whose values are groups; one that the profile maps to no column is passed over."""
    whole_cohort: int | None = Field(5, ge=1, le=COUNT)
    """A group, or the target, with at least so many enabled accounts that would lose all of them; None: not judged."""
    history_days: int = Field(30, ge=1, le=DAYS)
    undo_days: int = Field(30, ge=1, le=DAYS)
    """How long the version before a delivered one is kept, for an undo."""
    limits: tuple[GuardLimit, ...] = (
        GuardLimit(kind=GuardKind.DISABLE, percent=5, factor=5, at_least=10),
        GuardLimit(kind=GuardKind.DISABLE, per="cohort", percent=25, at_least=10),
        GuardLimit(kind=GuardKind.ENABLE, percent=10, factor=5, at_least=10),
        GuardLimit(kind=GuardKind.CREATE, percent=50, at_least=100),
        GuardLimit(kind=GuardKind.RENAME, percent=1, at_least=10),
        GuardLimit(kind=GuardKind.MOVE, percent=10, at_least=10),
        GuardLimit(kind=GuardKind.CLEAR, percent=5, at_least=10),
        GuardLimit(kind=GuardKind.CLEAR, per="cohort", percent=50, at_least=10),
        GuardLimit(kind=GuardKind.CHANGE, percent=25, at_least=100),
        GuardLimit(kind=GuardKind.CHANGE, per="cohort", percent=75, at_least=50),
        GuardLimit(kind=GuardKind.UPDATE, percent=33, at_least=100),
    )
    """Those of a profile take the place of all of these. Operations that take something
    away from a person are asked about from ten on, those that give or change from fifty or a hundred on."""
