"""`[writeback]`: names, mail and phones that Oracle HCM takes from Microsoft Entra ID."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from hcm_pipeline.profile.guard_section import GuardLimit
from hcm_pipeline.profile.oracle_section import Code
from hcm_pipeline.profile.value_types import COUNT, MINUTES, Model

Attribute = Literal["user_name", "work_mail", "work_phone", "mobile_phone"]
ATTRIBUTES: tuple[Attribute, ...] = ("user_name", "work_mail", "work_phone", "mobile_phone")
FIELDS: Mapping[Attribute, str] = MappingProxyType(
    {"user_name": "username", "work_mail": "email", "work_phone": "work_phone", "mobile_phone": "mobile_phone"}
)
"""The worker fields that say what Oracle HCM has."""


class WrittenBack(Model):
    """One attribute: which way it goes, and whose value counts where both sides have changed it."""

    direction: Literal["to_hr", "from_hr", "off"] = "to_hr"
    """`to_hr`: Oracle HCM takes it from Entra ID. `from_hr`: it goes the other way, by `[scim.mapping]`; `off`: neither."""
    winner: Literal["entra", "hr"] = "entra"
    """`hr`: a value that a person changed in Oracle HCM stays there."""


TO_HR = WrittenBack.model_validate({})
FIRST_WRITES = GuardLimit.model_validate({"kind": "update", "percent": 10.0, "at_least": 25})


class Writeback(Model):
    """What Oracle HCM takes from Entra ID. A value is never cleared there, and nobody is created or ended."""

    user_name: WrittenBack = TO_HR
    """Entra ID: userPrincipalName. Oracle HCM: the user account's name."""
    work_mail: WrittenBack = TO_HR
    """Entra ID: mail. Oracle HCM: the worker's e-mail of `email_type`."""
    work_phone: WrittenBack = TO_HR
    """Entra ID: the first of businessPhones. Oracle HCM: the worker's phone of `work_phones`."""
    mobile_phone: WrittenBack = TO_HR
    """Entra ID: mobilePhone. Oracle HCM: the worker's phone of `mobile_phones`."""

    user_name_by: Literal["auto", "user_accounts", "scim"] = "auto"
    """The resource that takes user names. `auto`: userAccounts, and SCIM where that one refuses; what works is kept."""
    outbound_app: str | None = Field(None, pattern=r"^[0-9A-Za-z-]{1,64}$")
    """The object id of an enterprise application that writes back besides, as the tutorial has it; the doctor looks after it."""
    account_mail: bool = False
    """true: the user account's mail (SCIM, type W) is written with the worker's."""
    before_start: bool = False
    """true: also for workers who have not started yet."""
    after_end: bool = False
    """true: also for workers who have left."""
    workers_per_request: int = Field(5, ge=1, le=100)
    """Workers that the journal takes for one step; each of them takes a few calls."""
    requests_per_minute: int = Field(120, ge=1, le=COUNT)
    concurrency: int = Field(4, ge=1, le=32)
    """Requests under way at the same time."""
    timeout_seconds: float = Field(300.0, gt=0, le=86_400)
    """How long a call may take: Oracle may write for minutes."""
    limits: tuple[GuardLimit, ...] = (FIRST_WRITES,)
    """How many workers a plan may change before it waits for an approval: as `guards.limits`, in the place of these."""
    email_type: Code = "W1"
    work_phones: tuple[Code, ...] = Field(("W1",), min_length=1, max_length=20)
    mobile_phones: tuple[Code, ...] = Field(("WM",), min_length=1, max_length=20)
    every_minutes: int = Field(15, ge=1, le=int(MINUTES))
    """How often the schedule plans."""
    automatic: bool = False
    """true: schedule and sensor work as soon as Dagster runs. false: a person turns them on."""

    def of(self, attribute: Attribute) -> WrittenBack:
        """The profile's word on an attribute."""
        said: WrittenBack = getattr(self, attribute)
        return said

    @property
    def to_hr(self) -> tuple[Attribute, ...]:
        """The attributes that Oracle HCM takes."""
        return tuple(name for name in ATTRIBUTES if self.of(name).direction == "to_hr")
