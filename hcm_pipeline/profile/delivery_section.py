"""`[delivery]` and `[outcomes]`: how manifests are sent, and how what became of them is read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from hcm_pipeline.profile.value_types import COUNT, DAYS, MINUTES, Model

LATER_KEYS = ("fence", "flows_nulls", "null_flow_field", "instead_of_null", "cut", "longest")
"""Keys that came after the first profiles: they count in a profile's digest only where they are used."""
ATTRIBUTES = 200
"""The most attributes that a key may name."""
AttributeName = Annotated[str, Field(min_length=1, max_length=256)]
Replacement = Annotated[str, Field(max_length=256, pattern=r"\S")]
"""A value that is not blank."""


class Delivery(Model):
    """How manifests are sent."""

    automatic: bool | None = None
    """true: the upload sensor starts by itself, to a tenant only after a first upload that a person started. false: to a tenant it
    sends nothing, and to the home's own sandbox when a person turns it on. Without it: true for the sandbox, false for a tenant."""
    daily_quota: int = Field(2000, gt=0, le=COUNT)
    """Calls a day: 2,000 with Entra ID P1 or P2, 6,000 with Entra ID Governance."""
    quota_used_by_others: int = Field(0, ge=0, le=COUNT)
    """Of these, the calls that others of the tenant make: homes on other machines, other programs."""
    canary: int = Field(5, ge=0, le=50)
    """Operations that go alone at the first upload to a target and after a change of the profile. 0: none."""
    canary_minutes: float = Field(15.0, ge=0, le=MINUTES)
    """How long an upload waits for their outcomes; then it pauses, and goes on when they have come."""
    no_later_than_days: float = Field(3.0, gt=0, le=DAYS)
    """An operation that has waited so long since it was first planned goes out with those of the workers who start soonest."""

    fence: Literal["require", "warn"] = "require"
    """Where the log may not be read, nobody can ask the target what it knows: nothing goes out, or it does and that is said."""

    flows_nulls: tuple[AttributeName, ...] = Field((), max_length=ATTRIBUTES)
    """Attributes for which the job flows nulls, where its schema may not be read: the name in `[scim.mapping]`, or the last part of
    one. A null clears no other: the service skips it, and its log calls that a success."""
    null_flow_field: str | None = Field(None, pattern=r"^[A-Za-z@][A-Za-z0-9@._]{0,63}$")
    """The field of an attribute mapping of the job's schema that says whether nulls flow through it: no documentation names it.
    None: the source attribute's `flowNullValues` alone decides."""
    instead_of_null: dict[AttributeName, Replacement] = Field({}, max_length=ATTRIBUTES)
    """By attribute, the value that is sent in the place of null where the account has a value: such as a placeholder."""
    cut: tuple[AttributeName, ...] = Field((), max_length=ATTRIBUTES)
    """Attributes that are cut at a word where they are longer than the target takes; of another one the last good value stays."""
    longest: dict[AttributeName, Annotated[int, Field(ge=1, le=COUNT)]] = Field({}, max_length=ATTRIBUTES)
    """By attribute, how many characters the target takes of it, where the job maps it to another attribute than the table says."""

    @model_validator(mode="after")
    def _something_is_left(self) -> Delivery:
        if self.quota_used_by_others >= self.daily_quota:
            raise ValueError("quota_used_by_others must be less than daily_quota")
        return self

    def starts_by_itself(self, *, sandbox: bool) -> bool:
        """Whether uploads to the home's own sandbox, or to a tenant, may start without a person."""
        return sandbox if self.automatic is None else self.automatic

    @property
    def own_quota(self) -> int:
        """Calls in any 24 hours that are ours."""
        return self.daily_quota - self.quota_used_by_others


class Outcomes(Model):
    """How the provisioning log is read, and when what failed is sent again.

    The log lags by 5 to 10 minutes, and a cycle of the service takes up to an hour.
    """

    overlap_minutes: float = Field(60.0, ge=1, le=MINUTES)
    """How far before the end of the last reading the next one begins: well above the lag of the log."""
    missing_after_minutes: float = Field(180.0, ge=1, le=MINUTES)
    """An operation that was accepted so long ago and is not in the log is missing."""
    retry_after_minutes: float = Field(40.0, gt=0, le=MINUTES)
    """The first wait before a failure that passes is sent again; doubled with each attempt, up to a day."""
    retry_limit: int = Field(6, ge=1, le=1000)
    """After so many attempts a worker is sent again only when a person says so, or with other data."""
