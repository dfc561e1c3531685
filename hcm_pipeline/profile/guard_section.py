"""`[guards]`: what a plan may hold before somebody must approve it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field, model_validator

from hcm_pipeline.profile.value_types import COUNT, DAYS, HOURS, DistinguishedName, Identifier, Model

LATER_GUARDS = ("protected", "exchange", "windows", "small_percent", "several", "first_load_enabled_percent",
                "two_people_above", "not_who_started", "first_load", "resend")  # fmt: skip
"""Keys of `[guards]` that came after the first profiles: they count in a profile's digest only where they are used."""


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
    SEVERAL = "several"
    """Several attributes of one account change at once; see `guards.several`."""
    PROTECTED = "protected"
    """An account that matters loses or changes something; see `guards.protected`."""
    EXCHANGE = "exchange"
    """A worker has the name that another one had until now; see `guards.exchange`."""
    RESEND = "resend"
    """An account of which the target has another version than this home knows is sent its record; see `guards.resend`."""
    POPULATION = "population"
    """A worker would get an account at a target and has one at another; see `target.populations`."""


OF_PEOPLE = (GuardKind.SEVERAL, GuardKind.PROTECTED, GuardKind.EXCHANGE, GuardKind.RESEND, GuardKind.POPULATION)
"""Kinds that have keys of their own, and are no kinds of a limit."""


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
        if self.kind in OF_PEOPLE:
            raise ValueError(f"{self.kind} is no kind of a limit; it has a key of its own in [guards]")
        if self.max is None and self.percent is None and self.factor is None:
            raise ValueError("needs max, percent or factor")
        if self.factor is not None and self.kind in {GuardKind.CHANGE, GuardKind.CLEAR}:
            raise ValueError("factor goes with kinds of operation; of attributes there is no history")
        return self


class Protected(Model):
    """Workers and accounts that matter: whoever is named by one of these keys. Texts are compared without regard to case."""

    person_numbers: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """Patterns (`*` any characters, `?` one) of a userPrincipalName, with its domain or without, a sAMAccountName, a common name or
    a display name."""
    when: str | None = None
    """SQL condition over worker fields."""
    containers: tuple[DistinguishedName, ...] = ()
    """Accounts in them, and below."""
    groups: tuple[str, ...] = ()
    """Patterns of groups and roles that the directory says the account is in, by name or distinguished name."""
    admin_count: bool = False
    """Accounts that Active Directory guards itself (adminCount = 1)."""

    @model_validator(mode="after")
    def _protects_somebody(self) -> Protected:
        if not (self.person_numbers or self.names or self.when or self.containers or self.groups or self.admin_count):
            raise ValueError("needs person_numbers, names, when, containers, groups or admin_count")
        return self


PRIVILEGED = Protected(
    admin_count=True,
    names=("adm-*", "admin-*", "svc-*"),
    groups=(
        "Administrators", "Domain Admins", "Enterprise Admins", "Schema Admins", "Key Admins", "Enterprise Key Admins",
        "Account Operators", "Backup Operators", "Server Operators", "Print Operators", "Group Policy Creator Owners", "DnsAdmins",
        "*Administrator", "Partner Tier? Support", "Directory Writers", "Directory Synchronization Accounts", "Global Reader",
    ),
)  # fmt: skip
"""Administrators: by the groups of Active Directory that guard a domain, and by the roles of Microsoft Entra ID."""


class GuardWindow(Model):
    """Days over which the share of every limit is judged once more."""

    days: int = Field(ge=2, le=366)
    factor: float = Field(ge=1, le=COUNT)
    """Times the limit's `percent`, up to half the way from there to all. `at_least` grows by half of what `percent` grows by, to
    its double at most."""


class GuardSeveral(Model):
    """How many accounts may have several attributes changed at once."""

    attributes: int = Field(3, ge=2, le=COUNT)
    percent: float = Field(15, ge=0, le=100)
    at_least: int = Field(10, ge=1, le=COUNT)


class GuardResend(Model):
    """How many accounts may be sent a record while the target has another version of them than this home knows."""

    percent: float = Field(5, ge=0, le=100)
    at_least: int = Field(10, ge=1, le=COUNT)


class Guards(Model):
    """Limits of what a plan may hold without an approval. Operations that trip one are held; nothing is lost."""

    approval_hours: float = Field(24.0, gt=0, le=HOURS)
    """An approval counts when the upload begins within so many hours."""
    two_people_above: int | None = Field(None, ge=0, le=COUNT)
    """A manifest of more operations than this needs the approvals of two people; None: of one."""
    not_who_started: bool = False
    """Whether an approval must be by somebody other than the one who started the run that planned it."""
    others_go_on: bool = True
    """Whether what no guard stops goes out while the rest waits."""
    cohorts: tuple[Identifier, ...] = ("legal_employer", "country", "company", "worker_type")
    """Worker fields whose values are groups; one that the profile maps to no column is passed over."""
    whole_cohort: int | None = Field(5, ge=1, le=COUNT)
    """A group, or the target, with at least so many enabled accounts that would lose all of them; None: not judged."""
    history_days: int = Field(30, ge=1, le=DAYS)
    undo_days: int = Field(30, ge=1, le=DAYS)
    """How long the version before a delivered one is kept, for an undo."""
    protected: tuple[Protected, ...] = (PRIVILEGED,)
    """Nothing that disables, enables, renames or moves one of these, or changes a phone number or mail address, goes out without an
    approval, and no account of theirs is adopted without a decision. Those of a profile take the place of the default one."""
    exchange: tuple[Identifier, ...] = ("first_name", "last_name")
    """Worker fields that say together who somebody is. Operations of workers whose values are those that another one of the plan
    had until now are held; (): not judged."""
    windows: tuple[GuardWindow, ...] = (GuardWindow(days=7, factor=2), GuardWindow(days=30, factor=4))
    small_percent: float | None = Field(10, gt=0, le=100)
    """`at_least` of a limit is at most this share of the accounts that there are, and not below five: a small company is guarded as
    a large one is. Not of `create`. None: `at_least` is as it is given."""
    several: GuardSeveral | None = GuardSeveral.model_validate({})
    resend: GuardResend | None = GuardResend.model_validate({})
    first_load_enabled_percent: float | None = Field(10, ge=0, le=100)
    """A first load of ten accounts or more in which fewer than this share would be enabled is held; None: not judged."""
    first_load: Literal["tenant", "always", "never"] = "tenant"
    """Whether a first load goes out before workers and accounts are clean (`plan --initial`): not to a tenant, not even to the
    home's own sandbox, or in any case."""
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
