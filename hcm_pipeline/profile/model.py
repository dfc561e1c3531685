"""The profile: one organisation's configuration as typed values.

A profile is data, never code. Everything that differs between organisations stands here; every rule that always holds
stands in the rooms that use it.
"""

from __future__ import annotations

import datetime as dt
import re
from enum import StrEnum
from functools import cache
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")

CORE_FIELDS: dict[str, str] = {
    "person_number": "string",
    "active": "boolean",
    "first_name": "string",
    "middle_name": "string",
    "last_name": "string",
    "preferred_name": "string",
    "display_name": "string",
    "username": "string",
    "email": "string",
    "worker_type": "string",
    "legal_employer": "string",
    "company": "string",
    "division": "string",
    "department": "string",
    "cost_center": "string",
    "job_code": "string",
    "job_name": "string",
    "location": "string",
    "manager": "string",
    "street_address": "string",
    "city": "string",
    "state": "string",
    "postal_code": "string",
    "country": "string",
    "work_address": "string",
    "work_phone": "string",
    "mobile_phone": "string",
    "hire_date": "date",
    "termination_date": "date",
}
"""Worker fields that every warehouse has, and their types. A profile maps columns to them and may add its own."""

REQUIRED_FIELDS = ("person_number", "active", "first_name", "last_name")
"""Worksheet 1 of the tutorial: Mandatory."""

IDENTITY_COLUMNS = (
    "user_principal_name",
    "sam_account_name",
    "common_name",
    "mail_nickname",
    "parent_distinguished_name",
)
"""What the ledger holds for a worker."""

LEDGER_COLUMNS = (*IDENTITY_COLUMNS, "proxy_addresses")
"""What mapping expressions may use beside the worker's fields: these, and the worker's own and former addresses as one text."""

LIFE_COLUMNS = {"status_active": "boolean", "life_stage": "string"}
"""What is made of the facts for a date, and may be used wherever worker fields may: what HR's status says, and where the worker
stands. `active` is then whether the account is to be enabled. Sources and the conditions of `workers.life` know facts only."""

STAGES = ("erased", "missing", "no_show", "future", "prehire", "grace", "left", "on_leave", "active")
"""Values of `life_stage`, but for those that `workers.life.steps` adds."""

RESERVED_COLUMNS = frozenset(
    {*LEDGER_COLUMNS, *LIFE_COLUMNS, "manager_external_id", "manager_status", "valid_from", "valid_to", "next_at", "known_from",
     "known_to", "digest", "row_no", "extract_id", "extract_sha256", "source", "business_date",
     "in_scope", "enabled", "control"}
)  # fmt: skip

FieldType = Literal["string", "boolean", "date", "integer", "decimal"]
Normaliser = Literal["upper", "lower", "title", "collapse_spaces", "phone", "digits", "nfc", "strip_leading_zeros"]


class Model(BaseModel):
    """A part of a profile: unknown keys are errors, and nothing changes after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"must be a regular expression ({error.msg})") from error
    return value


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())  # reads a folder tree; a profile asks for every mapped value


def _zone(value: str) -> str:
    if value not in _zones():
        raise ValueError("must be an IANA time zone such as Europe/Berlin or UTC")
    return value


def _iso_date(value: str) -> str:
    try:
        return dt.date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError("must be a date such as 2026-11-02") from None


def _identifier(value: str) -> str:
    if not IDENTIFIER.fullmatch(value):
        raise ValueError("must be lower-case letters, digits and underscores, beginning with a letter")
    return value


Regex = Annotated[str, AfterValidator(_regex)]
Zone = Annotated[str, AfterValidator(_zone)]
IsoDate = Annotated[str, AfterValidator(_iso_date)]
Identifier = Annotated[str, AfterValidator(_identifier)]
Domain = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", max_length=48)]
_PLAIN, _ESCAPE = r'[^,\\"+<>;=\x00-\x1f]', r'\\([ ,\\"+<>;=#]|[0-9A-Fa-f]{2})'
_RDN = rf"(CN|OU|DC|O|C|L|ST|cn|ou|dc|o|c|l|st) *= *([^# ,\\\"+<>;=\x00-\x1f]|{_ESCAPE})({_PLAIN}|{_ESCAPE})*"
DistinguishedName = Annotated[str, Field(pattern=rf"^{_RDN}(, *{_RDN})*$", max_length=2048)]
"""Special characters in a value are escaped as RFC 4514 has it: `OU=Smith\\, John,DC=x`."""


class BusinessDate(Model):
    """Where the day that a file speaks for comes from.

    `name`: group 1 of `pattern` (or the whole match) in the file's name, read with `format`. `given`: `--date` of the
    `land` command, and nothing else.
    """

    from_: Literal["name", "given"] = Field("name", alias="from")
    pattern: Regex = r"(\d{4}-?\d{2}-?\d{2})"
    format: str = "%Y-%m-%d"


class Source(Model):
    """A family of files: which names, which shape, and whether absence from a file says anything."""

    name: Identifier
    glob: str = Field(min_length=1)
    content: Literal["full", "changes-only"] = "full"
    business_date: BusinessDate = BusinessDate.model_validate({})
    delimiter: Literal["auto", ",", ";", "\t", "|"] = "auto"
    encoding: Literal["auto", "utf-8", "utf-16", "windows-1252", "latin-1"] = "auto"
    fallback_encoding: Literal["windows-1252", "latin-1"] = "windows-1252"
    max_bytes: int = Field(4 * 2**30, gt=0)
    """Size of the file once unpacked, in bytes; a larger one is refused (zip bombs)."""
    max_field_chars: int = Field(32_768, gt=0)
    """Characters in one field; a row with a longer one is quarantined."""
    trailer: Regex | None = None
    """What the last line looks like; group 1 is the number of records above it."""
    every: Literal["day", "weekday"] | None = None
    """On which business dates an extract is due. A changes-only one after a date without one is held."""
    sequence: Regex | None = None
    """In what order files of one business date follow each other: group 1 (or the whole match) in the name, as a number where it is
    one. None: as they arrive."""
    late: Literal["apply", "hold"] = "apply"
    """What becomes of an extract for a date before that of one which was applied."""


class FieldSpec(Model):
    """A worker field: the column it comes from, its type and the rules its values keep."""

    column: str = Field(min_length=1)
    type: FieldType = "string"
    required: bool = False
    """The column must exist and no row may leave it blank. Another column may be missing from a file: what is known of
    it is then kept, never cleared."""
    pattern: Regex | None = None
    allowed: tuple[str, ...] | None = None
    max_length: int = Field(1024, gt=0)
    blank: tuple[str, ...] = ()
    """Values that mean nothing was entered, besides the empty one."""
    replace: dict[str, str] = {}
    """Exact values to put right, before the rules are judged (`UK` to `GB`)."""
    normalise: tuple[Normaliser, ...] = ()
    formats: tuple[str, ...] = ("%Y-%m-%d",)
    """strptime formats of a date, tried in order. A time behind an ISO date (`T00:00:00.000Z`) is cut off."""
    blank_in_changes: Literal["unchanged", "cleared"] = "unchanged"
    """What a blank means in a row of a changes-only source."""
    open_end: tuple[IsoDate, ...] = ("4712-12-31", "9999-01-01", "9999-12-31")
    """Dates (ISO) that mean: no end."""
    true_values: tuple[str, ...] = ("True", "TRUE", "true", "Y", "Yes", "1")
    false_values: tuple[str, ...] = ("False", "FALSE", "false", "N", "No", "0")

    @model_validator(mode="after")
    def _required_columns_exist(self) -> FieldSpec:
        overlap = set(self.true_values) & set(self.false_values)
        if overlap:
            raise ValueError(f"true_values and false_values share {sorted(overlap)}")
        return self


class Pick(Model):
    """One step in choosing among contradicting rows of one worker."""

    field: Identifier
    prefer: str
    """`latest`, `earliest`, or the exact value that wins, as the warehouse writes it (a boolean as `true`)."""


class QuarantineLimit(Model):
    """A day stops when more than `percent` of its rows, and at least `at_least` rows, go to quarantine."""

    percent: float = Field(20.0, ge=0, le=100)
    at_least: int = Field(25, ge=1)


class Share(Model):
    """A limit that counts when both are passed: a share in percent, and a number."""

    percent: float = Field(ge=0)
    at_least: int = Field(ge=1)


class Whole(Model):
    """When an extract does not look whole, and is held until a person has decided."""

    history: int = Field(5, ge=1)
    """So many full extracts of the source before it are what it is compared with: their median."""
    fewer: Share = Share(percent=20, at_least=25)
    more: Share = Share(percent=100, at_least=1000)
    cohorts: tuple[Identifier, ...] = ()
    """Text fields; the workers of each of their values are counted by themselves."""
    cohort: Share = Share(percent=50, at_least=25)
    changes: Share = Share(percent=50, at_least=100)
    """Of a changes-only extract: its share of all known workers."""
    columns: Literal["hold", "exact", "report"] = "hold"
    """What becomes of a full extract without mapped columns that the one before it had. `exact` holds one with any other
    difference between their columns, too."""


class ZoneFor(Model):
    """Another time zone for some workers: the first of these whose condition holds."""

    when: str = Field(min_length=1)
    """SQL condition over worker fields."""
    zone: Zone


class Step(Model):
    """A stage of a leaver, for conditions and mappings to go by."""

    stage: Identifier
    after_days: int = Field(ge=1, le=36_500)
    """It begins so many days after the last day."""


class Life(Model):
    """How dates and status make a working life."""

    zone: Zone = "UTC"
    """Whose day a business date is, and in which days begin for workers without a zone of their own."""
    zones: tuple[ZoneFor, ...] = ()
    zone_field: Identifier | None = None
    """A text field with the worker's own IANA zone; a blank or unknown one leaves it to `zones` and `zone`."""
    status: Literal["must-agree", "yields-to-dates"] = "must-agree"
    """must-agree: whom the status calls inactive is, whatever the dates. yields-to-dates: the status counts only where neither a
    termination date nor a hire date ahead speaks."""
    prehire_days: int | None = Field(14, ge=0, le=36_500)
    """How long before the hire date the account is made; None: as soon as the worker is known."""
    prehire_active: bool = False
    grace_days: int = Field(0, ge=0, le=36_500)
    """How long beyond the last day the account stays enabled."""
    steps: tuple[Step, ...] = ()
    on_leave: str | None = Field(None, min_length=1)
    """SQL condition over worker fields."""
    leave_active: bool = True
    erased: str | None = Field(None, min_length=1)
    """SQL condition over worker fields: the person's data were erased by HR."""
    missing: Literal["report", "disable"] = "report"
    """What becomes of a worker who is missing from complete extracts."""
    missing_after: int = Field(2, ge=2)
    """So many days with a complete extract in a row without a worker make them missing."""


class WorkerTypes(Model):
    """Which worker types mean what; compared without regard to case."""

    employee: tuple[str, ...] = ("Employee", "E")
    contingent: tuple[str, ...] = ("Contingent Worker", "Contingent", "Contractor", "C")
    nonworker: tuple[str, ...] = ("Nonworker", "N")
    pending: tuple[str, ...] = ("Pending Worker", "P")


class Slices(Model):
    """Rows that are true for a span of dates: the date fields that say from when and to when (inclusive; blank: for ever)."""

    from_: Identifier = Field(alias="from")
    to: Identifier | None = None


class Workers(Model):
    """How rows become workers."""

    pick: tuple[Pick, ...] = ()
    """Ordered; without a step, a row_key or slices, rows that contradict each other go to quarantine together."""
    row_key: tuple[Identifier, ...] = ()
    """Text fields that tell the rows of one worker apart: work relationship, assignment. A changes-only row then replaces the row
    with its key, and the worker's other rows stay."""
    slices: Slices | None = None

    @property
    def many_rows(self) -> bool:
        """Whether several rows may speak for one worker."""
        return bool(self.pick or self.row_key or self.slices)

    quarantine_limit: QuarantineLimit = QuarantineLimit.model_validate({})
    whole: Whole = Whole.model_validate({})
    life: Life = Life.model_validate({})
    types: WorkerTypes = WorkerTypes()


Operator = Literal["EQUALS", "NOT EQUALS", "IS TRUE", "IS FALSE", "IS NULL", "IS NOT NULL", "REGEX MATCH", "NOT REGEX MATCH",
                   "Greater_Than", "Greater_Than_OR_EQUALS", "Includes", "ENDS_WITH", "&", "!&"]  # fmt: skip
"""Those of Entra ID's scoping filters."""


class Clause(Model):
    """One clause of a scoping filter. Of a blank value every clause is false but IS NULL."""

    field: Identifier
    operator: Operator
    value: str | int | None = None
    """A date as YYYY-MM-DD; none for the operators that begin with IS."""


class ScopeGroup(Model):
    """Clauses that must all be true."""

    clauses: tuple[Clause, ...] = Field(min_length=1)


class Scope(Model):
    """Which workers get accounts: those for whom every condition is true, and one of the groups."""

    include: tuple[str, ...] = ()
    """SQL conditions over worker fields."""
    groups: tuple[ScopeGroup, ...] = ()
    leaving: Literal["keep", "disable"] = "keep"
    """What becomes of an account whose worker leaves the scope: it stays as last delivered, or is disabled."""


NAME_PARTS = {"first": "first_name", "preferred": "preferred_name", "middle": "middle_name", "last": "last_name",
              "number": "person_number"}  # fmt: skip
"""What templates of names call the parts of a name, and the worker fields they come from."""
PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)(?::([a-z0-9]+))?\}")
"""`{first}`, `{first:2}` (so many characters), `{first:initials}`, `{last:part1}` (of a double name)."""
_MODIFIER = re.compile(r"[1-9]\d?|initials|part[1-9]")
_LITERAL = re.compile(r"[A-Za-z0-9._ -]*")


def _template(value: str) -> str:
    found = PLACEHOLDER.findall(value)
    if not found or not _LITERAL.fullmatch(PLACEHOLDER.sub("", value)):
        raise ValueError(
            "must be placeholders such as {first}, {preferred:1}, {middle:initials} or {last:part1} and, between them, "
            "letters, digits, dots, hyphens, underscores or spaces"
        )
    for _, modifier in found:
        if modifier and not _MODIFIER.fullmatch(modifier):
            raise ValueError(f"{modifier} behind the colon must be a number, initials, or part1 to part9")
    return value


Template = Annotated[str, AfterValidator(_template)]


class Naming(Model):
    """How one unique attribute is formed: the first candidate that nobody holds, otherwise the first one and a number."""

    candidates: tuple[Template, ...]
    """Over first, preferred (first where blank), middle, last, number (the person number) or any text field. A
    candidate with a blank placeholder is passed over, unless all its worker has is one name."""
    case: Literal["lower", "upper", "keep"] = "lower"
    keep: str = Field("", pattern=r"^[ '-]*$")
    """Which of space, apostrophe and hyphen stay in a part of a name."""
    number_from: int = Field(2, ge=0, le=100)
    """The first number that is put behind the first candidate."""
    number_separator: Literal["", " ", ".", "-", "_"] = ""


class NamingFor(Model):
    """Other candidates for some workers: the first of these whose condition holds."""

    when: str = Field(min_length=1)
    """SQL condition over worker fields."""
    user_principal_name: tuple[Template, ...] = ()
    sam_account_name: tuple[Template, ...] = ()
    common_name: tuple[Template, ...] = ()


class DomainFor(Model):
    """Another domain for some workers: the first of these whose condition holds."""

    when: str = Field(min_length=1)
    """SQL condition over worker fields."""
    domain: Domain


class PlacementFor(Model):
    """Another container for some workers: the first of these whose condition holds."""

    when: str = Field(min_length=1)
    """SQL condition over worker fields."""
    container: DistinguishedName


class LeaversIn(Model):
    """A container for those who left: of these whose days have passed, the one with the most days; of several, the first."""

    container: DistinguishedName
    days: int = Field(0, ge=0, le=36_500)
    """From so many days after the last day on, by the business date. The last day is the termination date or, without one, the day
    since when the worker is inactive; with 0, who is inactive moves on that day."""
    when: str = Field("true", min_length=1)
    """SQL condition over worker fields: whom it is for."""


class RehireBy(Model):
    """One way to find the former worker who is back under another person number."""

    fields: tuple[Identifier, ...] = Field(min_length=1)
    """All must agree, and none be blank. Names agree when they are written or spelled alike, everything else without regard to
    case and spaces."""


class AdoptBy(Model):
    """One way to find the account that a worker has already, where no account has the person number as employee id."""

    attribute: Literal["user_principal_name", "mail", "mail_nickname", "sam_account_name"]
    """Of the directory's account; compared without regard to case."""
    field: Identifier
    """A text field of the worker."""


class Directory(Model):
    """A directory whose names are taken and whose accounts are adopted. Which keys belong to which kind is checked on loading."""

    kind: Literal["entra", "ad", "csv"]
    """Microsoft Entra ID (the target's tenant) over Graph, Active Directory over LDAPS, or a CSV file of either."""
    url: str | None = None
    """Of an ad: `ldaps://` and a domain controller, with a port unless it is 636."""
    user: str | None = None
    """Of an ad: who signs in, as a userPrincipalName or a distinguished name."""
    bases: tuple[DistinguishedName, ...] = ()
    """Of an ad: what is read; without one, the server's own domain."""
    employee_id: str = Field("employeeID", pattern=r"^[A-Za-z][A-Za-z0-9-]*$")
    """Of an ad: the attribute that holds the person number."""
    file: str | None = None
    """Of a csv: its path, from the home on unless it is absolute. None: `--file` names it."""
    max_age_hours: float | None = Field(None, gt=0)
    """Instead of the identity's `directory_max_age_hours`."""
    max_loss_percent: float = Field(20.0, ge=0, le=100)
    """A reading that shows so many fewer living objects stops; so does one that shows none any more."""


class Spelling(Model):
    """How names become Latin letters, and when a person is asked."""

    review_below: float = Field(0.5, ge=0, le=1)
    """Whose name is spelled with less confidence gets names of the person number, and waits in `identity review`."""
    latin: dict[Literal["first", "preferred", "middle", "last"], tuple[Identifier, ...]] = {}
    """Text fields that hold a part of the name in Latin letters; the first that does is taken where the part itself does not.
    For first it is preferred_name in any case."""
    language: Identifier | None = None
    """Text field with the language of a worker's names (BCP 47: `uk`, `sr-Latn`, `zh_TW`). Where it says by which country's rules
    they are spelled, it goes before the country."""
    written_out: tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...] = ()
    """Countries (ISO 3166 alpha-2) where ä is ae, ö and ø are oe, ü is ue and å is aa; elsewhere the marks go."""

    def fields_of(self, part: str) -> tuple[str, ...]:
        """The fields of `latin` for any part."""
        return next((fields for name, fields in self.latin.items() if name == part), ())


class Identity(Model):
    """How unique names are formed; what was given stays in the ledger. The defaults are Microsoft's recommended expressions."""

    domain: Domain
    domains: tuple[DomainFor, ...] = ()
    user_principal_name: Naming = Naming(
        candidates=("{preferred}.{last}", "{preferred:1}.{last}", "{preferred:2}.{last}"), keep="-"
    )
    sam_account_name: Naming = Naming(candidates=("{first:1}{last}",), number_from=1)
    common_name: Naming = Naming(
        candidates=("{preferred} {last}", "{preferred} {middle:1} {last}", "{preferred} {middle} {last}"),
        case="keep", keep=" '-", number_separator=" ",
    )  # fmt: skip
    special: tuple[NamingFor, ...] = ()
    spelling: Spelling = Spelling.model_validate({})
    particles: Literal["keep", "drop"] = "keep"
    """What becomes of particles in last names (van der, de la, von, bin): kept, or left out where a name is left."""
    suffixes: Literal["keep", "drop"] = "drop"
    """What becomes of Jr., Sr., II, III, IV, PhD and MD behind a last name."""
    patronymics: Literal["keep", "drop"] = "keep"
    """What becomes of patronymics behind a first name and in a middle name (Ivanovich, Petrivna; in BG also Ivanov). A last name
    is nobody's to drop: in Iceland it is one."""
    family_name_first: tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...] = ()
    """Countries (ISO 3166 alpha-2) where common names begin with the last name."""
    rename: Literal["keep", "follow"] = "keep"
    """Who changes a name keeps the given names, or is given new ones; the former ones then stay reserved for them."""
    retention_days: int | None = Field(None, ge=0)
    """How long after the last day a leaver's names are kept from others; None: for ever."""
    rehire: tuple[RehireBy, ...] = (
        RehireBy(fields=("first_name", "last_name", "email")),
        RehireBy(fields=("first_name", "last_name", "mobile_phone")),
    )
    """Ordered; the first that finds a former worker offers them in `identity review`. Nobody is merged by it."""
    rehire_meanwhile: Literal["wait", "give"] = "wait"
    """What becomes of a likely rehire before somebody decides: no names, or new ones."""
    adopt: tuple[AdoptBy, ...] = ()
    """Ordered; accounts with the person number as employee id are adopted in any case."""
    directory_max_age_hours: float | None = Field(None, gt=0)
    """No names are given when one of the directories was last read longer ago. None: a directory need not be read."""
    directories: dict[Identifier, Directory] = {"entra": Directory(kind="entra")}
    """What is read of names and accounts that exist, by the name that it has in the warehouse."""
    reserved: tuple[str, ...] = ()
    """Names that nobody is given, besides the built-in list; compared without regard to case."""
    parent_distinguished_name: DistinguishedName | None = None
    placement: tuple[PlacementFor, ...] = ()
    leavers: tuple[LeaversIn, ...] = ()
    placement_of_adopted: Literal["keep", "move"] = "keep"
    """Whether accounts that were there before stay in the container they were found in."""

    @property
    def variants(self) -> tuple[NamingFor, ...]:
        """`special`, and behind it the other order of names of `family_name_first`."""
        if not self.family_name_first:
            return self.special
        countries = ", ".join(f"'{country}'" for country in self.family_name_first)
        candidates = tuple(dict.fromkeys(map(_family_first, self.common_name.candidates)))
        return (*self.special, NamingFor(when=f"upper(country) in ({countries})", common_name=candidates))


def _family_first(template: str) -> str:
    """The template with its last names moved to the front; what stands between placeholders stays where it is."""
    found = [match[0] for match in PLACEHOLDER.finditer(template)]
    ordered = iter(sorted(found, key=lambda placeholder: not placeholder.startswith(("{last}", "{last:"))))
    return PLACEHOLDER.sub(lambda _: next(ordered), template)


class Mapped(Model):
    """The value of one SCIM attribute: a worker field, an SQL scalar expression, or a constant."""

    field: str | None = None
    sql: str | None = None
    value: str | bool | int | None = None
    time: str = Field("00:00:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$")
    """For dates: the local time of day that is sent."""
    zone: Zone = "UTC"
    """For dates: whose local time that is."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Mapped:
        if sum(part is not None for part in (self.field, self.sql, self.value)) != 1:
            raise ValueError("needs exactly one of field, sql and value")
        return self


def _field_name(value: object) -> object:
    return {"field": value} if isinstance(value, str) else value


class Scim(Model):
    """Worksheet 2: which SCIM attribute takes which value."""

    custom_schema: str = Field(
        "urn:ietf:params:scim:schemas:extension:contoso:1.0:User", pattern=r"^urn:[A-Za-z0-9][A-Za-z0-9-]*:\S+$"
    )
    mapping: dict[str, Annotated[Mapped, BeforeValidator(_field_name)]]
    """SCIM path to worker field (a string) or to a table. `{custom}` and `{enterprise}` stand for the schemas' URNs."""


class Delivery(Model):
    """How manifests are sent."""

    automatic: bool = True
    """The upload sensor starts by itself; false: a person turns it on, or uses `upload`."""
    daily_quota: int = Field(2000, gt=0)
    """Calls a day: 2,000 with Entra ID P1 or P2, 6,000 with Entra ID Governance."""
    quota_used_by_others: int = Field(0, ge=0)
    """Of these, the calls that others of the tenant make: homes on other machines, other programs."""
    canary: int = Field(5, ge=0, le=50)
    """Operations that go alone at the first upload to a target and after a change of the profile. 0: none."""
    canary_minutes: float = Field(15.0, ge=0)
    """How long an upload waits for their outcomes; then it pauses, and goes on when they have come."""
    no_later_than_days: float = Field(3.0, gt=0)
    """What has waited so long since it was first planned goes out with those who start soonest."""

    @model_validator(mode="after")
    def _something_is_left(self) -> Delivery:
        if self.quota_used_by_others >= self.daily_quota:
            raise ValueError("quota_used_by_others must be less than daily_quota")
        return self

    @property
    def own_quota(self) -> int:
        """Calls in any 24 hours that are ours."""
        return self.daily_quota - self.quota_used_by_others


class GuardKind(StrEnum):
    """What a limit counts."""

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
    max: int | None = Field(None, ge=0)
    percent: float | None = Field(None, ge=0, le=100)
    """Share of the accounts that there are: for disable of the enabled ones, for enable of the disabled ones."""
    factor: float | None = Field(None, gt=0)
    """Times the highest business date of the last `history_days`."""
    at_least: int = Field(25, ge=1)
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
    """What a plan may hold before a person must say yes. What trips is held; nothing is lost."""

    approval_hours: float = Field(24.0, gt=0)
    """An approval counts when the upload begins within so many hours."""
    others_go_on: bool = True
    """Whether what no guard stops goes out while the rest waits."""
    cohorts: tuple[Identifier, ...] = ("legal_employer", "country", "company", "worker_type")
    """Worker fields whose values are groups; one that the profile maps to no column is passed over."""
    whole_cohort: int | None = Field(5, ge=1)
    """A group, or the target, with at least so many enabled accounts that would lose all of them; None: not judged."""
    history_days: int = Field(30, ge=1)
    undo_days: int = Field(30, ge=1)
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
    """Those of a profile take the place of all of these. What takes something away from a person is asked about from ten on, what
    gives or changes from fifty or a hundred on."""


class Outcomes(Model):
    """How the provisioning log is read, and when what failed is sent again.

    The log lags by 5 to 10 minutes, and a cycle of the service takes up to an hour.
    """

    overlap_minutes: float = Field(60.0, ge=1)
    """How far before the end of the last reading the next one begins: well above the lag of the log."""
    missing_after_minutes: float = Field(180.0, ge=1)
    """What was accepted so long ago and is not in the log is missing."""
    retry_after_minutes: float = Field(40.0, gt=0)
    """The first wait before a failure that passes is sent again; doubled with each attempt, up to a day."""
    retry_limit: int = Field(6, ge=1)
    """After so many attempts a worker is sent again only when a person says so, or with other data."""


class FailureLimit(Model):
    """Too many: more than `percent` of the workers delivered, and at least `at_least` of them."""

    percent: float = Field(1.0, ge=0, le=100)
    at_least: int = Field(5, ge=1)


class Mail(Model):
    """The server that takes alerts as mail. Its password is HCM_PIPELINE_SMTP_PASSWORD."""

    host: str = Field(min_length=1)
    port: int = Field(587, gt=0, lt=65536)
    security: Literal["starttls", "tls"] = "starttls"
    """`tls`: from the first byte, as on port 465. There is no way without."""
    user: str | None = None
    """None: the server asks for no sign-in."""
    sender: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    recipients: tuple[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")], ...] = Field(min_length=1)


class Alerts(Model):
    """What people are told of, and where. The webhook's address is a secret: HCM_PIPELINE_ALERT_WEBHOOK."""

    webhook_format: Literal["json", "teams"] = "json"
    mail: Mail | None = None
    failures: FailureLimit = FailureLimit.model_validate({})
    quota_left_percent: float = Field(10.0, ge=0, le=100)
    """Less of the daily quota than this is told."""
    stale_after_hours: float | None = Field(72.0, gt=0)
    """A source that delivered nothing for so long is stale. None: not watched."""
    stale_after_hours_by_source: dict[Identifier, float] = {}
    """The same for single sources."""
    ui_url: str = Field("http://127.0.0.1:3000", pattern=r"^https?://\S+$")
    """Where people open the Dagster UI; alerts link to it."""
    docs_url: str | None = Field(None, pattern=r"^https?://\S+$")
    """Where people read these pages; alerts then link to them as well."""

    def stale_after(self, source: str) -> float | None:
        """Hours without an extract after which a source is stale; None: it is not watched."""
        return next(
            (h for name, h in self.stale_after_hours_by_source.items() if name == source), self.stale_after_hours
        )


class Profile(Model):
    """One organisation's configuration."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
    description: str = ""
    sources: tuple[Source, ...]
    fields: dict[Identifier, FieldSpec]
    extra_fields: dict[Identifier, FieldSpec] = {}
    workers: Workers = Workers.model_validate({})
    scope: Scope = Scope.model_validate({})
    identity: Identity
    scim: Scim
    delivery: Delivery = Delivery.model_validate({})
    guards: Guards = Guards.model_validate({})

    outcomes: Outcomes = Outcomes.model_validate({})
    alerts: Alerts = Alerts.model_validate({})
    start_date: IsoDate = "2020-01-01"
    """The first business date there can be; Dagster's partitions begin here."""

    @property
    def columns(self) -> dict[str, FieldSpec]:
        """Every mapped worker field, core and extra, in the profile's order."""
        return {**self.fields, **self.extra_fields}

    @property
    def types(self) -> dict[str, str]:
        """Type of every worker field, mapped or not."""
        return {**CORE_FIELDS, **{name: spec.type for name, spec in self.extra_fields.items()}}
