"""`[identity]`: which names a worker is given, and which account is theirs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hcm_pipeline.profile.directory_section import Directory
from hcm_pipeline.profile.naming_section import PLACEHOLDER, Naming, NamingFor
from hcm_pipeline.profile.value_types import DAYS, HOURS, DistinguishedName, Domain, Identifier, Model


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


class Spelling(Model):
    """How names become Latin letters, and when a person is asked."""

    review_below: float = Field(0.5, ge=0, le=1)
    """A worker whose name is spelled with less confidence gets names of the person number, and waits in `identity review`."""
    latin: dict[Literal["first", "preferred", "middle", "last"], tuple[Identifier, ...]] = Field({})
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
    """Particles in last names (van der, de la, von, bin) are kept, or left out where a name is left."""
    suffixes: Literal["keep", "drop"] = "drop"
    """Whether Jr., Sr., II, III, IV, PhD and MD behind a last name are kept or left out."""
    patronymics: Literal["keep", "drop"] = "keep"
    """Whether patronymics behind a first name and in a middle name are kept (Ivanovich, Petrivna; in BG also Ivanov). A last name
    is nobody's to drop: in Iceland it is one."""
    family_name_first: tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...] = ()
    """Countries (ISO 3166 alpha-2) where common names begin with the last name."""
    rename: Literal["keep", "follow"] = "keep"
    """A worker who changes a name keeps the given names, or is given new ones; the former ones then stay reserved for them."""
    retention_days: int | None = Field(None, ge=0, le=DAYS)
    """How long after the last day a leaver's names are kept from others; None: for ever."""
    rehire: tuple[RehireBy, ...] = (
        RehireBy(fields=("first_name", "last_name", "email")),
        RehireBy(fields=("first_name", "last_name", "mobile_phone")),
    )
    """Ordered; the first that finds a former worker offers them in `identity review`. Nobody is merged by it."""
    rehire_meanwhile: Literal["wait", "give"] = "wait"
    """A likely rehire gets no names, or new ones, before somebody decides."""
    adopt: tuple[AdoptBy, ...] = ()
    """Ordered; accounts with the person number as employee id are adopted in any case."""
    directory_max_age_hours: float | None = Field(None, gt=0, le=HOURS)
    """No names are given when one of the directories was last read longer ago. None: a directory need not be read."""
    directories: dict[Identifier, Directory] = Field({"entra": Directory(kind="entra")})
    """Directories that are read for names and accounts that exist, by the name that each has in the warehouse."""
    reserved: tuple[str, ...] = ()
    """Names that nobody is given, besides the built-in list; compared as the directories compare."""
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
