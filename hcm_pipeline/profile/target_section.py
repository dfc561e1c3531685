"""`[target]`: which directory the job writes to, and worksheets 4, 5 and 6, which say what each of its attributes takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from hcm_pipeline.profile.value_types import Identifier, Model

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
"""The URN that `{enterprise}` stands for."""
LONGEST_EXPRESSION = 10_000
"""Characters, by the reference of the functions of attribute mappings."""
NAMES = ("externalId", "userName", "active", "displayName")
"""SCIM attributes that every operation carries and no null ever clears."""
REFERENCE = re.compile(r"\[([A-Za-z][^\[\]\"]*(?:\[[^\[\]]*\][^\[\]\"]*)?)\]")
"""`[title]`, `[addresses[type eq "work"].locality]`: an attribute in an expression."""
_TEXT = re.compile(r'"(?:\\.|[^"\\])*"')


class TargetKind(StrEnum):
    """The directory that a synchronization job writes to."""

    ENTRA = "entra"
    ACTIVE_DIRECTORY = "active_directory"


class Sheet(StrEnum):
    """The worksheets that end in a directory: 6, 4 and 5."""

    ENTRA = "entra"
    ACTIVE_DIRECTORY = "active_directory"
    HYBRID = "hybrid"


@dataclass(frozen=True)
class AttributeFlow:
    """One row of worksheet 4, 5 or 6 that counts.

    `target`: the attribute of the directory. Of `source` (an attribute of the SCIM user with its URN, or of Active Directory for
    worksheet 5), `expression` (the text of one over such attributes) and `value` (a constant) one is set; beside an expression
    `source` is the attribute that the worksheet names. `default`: the value at creation where the source has none. `create_only`:
    nothing but a new account gets it. `matching`: the precedence by which accounts are found, 0 for none. `flow_nulls`: a null is
    meant to clear it. `published`: the tutorial's own row, where that is another one. `own`: the profile says so. `work_only`: the
    source is an entry of another type than work, which the service does not read.

    Of worksheet 5 `standard`: the rules that Microsoft ships have the row. `cloud_sync_only`: Entra Connect has no such attribute.
    """

    target: str
    source: str | None = None
    expression: str | None = None
    value: str | None = None
    default: str | None = None
    create_only: bool = False
    matching: int = 0
    flow_nulls: bool = False
    note: str = ""
    standard: bool = False
    published: str | None = None
    own: bool = False
    work_only: bool = False
    cloud_sync_only: bool = False

    @property
    def text(self) -> str:
        """The row's right side as an expression of attribute mappings: `[title]`, a function, or a constant in quotes."""
        if self.expression is not None:
            return self.expression
        if self.source is not None:
            return f"[{self.source}]"
        escaped = (self.value or "").replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'

    @property
    def reads(self) -> tuple[str, ...]:
        """The attributes that it is made of, each once."""
        if self.expression is None:
            return () if self.source is None else (self.source,)
        return references(self.expression)


def references(expression: str) -> tuple[str, ...]:
    """The attributes that an expression names outside its texts, each once."""
    return tuple(dict.fromkeys(found[1] for found in REFERENCE.finditer(_without_texts(expression))))


def _without_texts(expression: str) -> str:
    """The expression with blank texts; the texts inside an attribute's filter stay."""
    held = re.compile(r'\[[A-Za-z][A-Za-z0-9.]*\[type eq "[A-Za-z]+"\][^\]]*\]|' + _TEXT.pattern)
    return held.sub(lambda found: found[0] if found[0].startswith("[") else '""', expression)


@dataclass(frozen=True)
class LeftOut:
    """A row of the tutorial that nothing is mapped by, and why."""

    target: str
    source: str
    why: str
    published: str | None = None


class Flow(Model):
    """The value of one attribute of a directory: an attribute of the SCIM user, an expression, or a constant."""

    source: str | None = Field(None, min_length=1, max_length=512)
    """An attribute as `[scim.mapping]` writes it; of `[target.hybrid]` one of Active Directory."""
    expression: str | None = Field(None, min_length=1, max_length=LONGEST_EXPRESSION)
    """Text of an expression of attribute mappings: `Switch([active], , "False", "True", "True", "False")`."""
    value: str | None = Field(None, max_length=1024)
    """A constant."""
    default: str | None = Field(None, min_length=1, max_length=1024)
    """The value of a new account where the source has none."""
    create_only: bool | None = None
    """Whether the mapping counts for new accounts alone. None: of names yes, unless `identity.rename` is `follow`."""
    matching: int = Field(0, ge=0, le=9)
    """The precedence among the attributes by which accounts are found; 0: it is none of them."""
    flow_nulls: bool | None = None
    """Whether a null clears it. None: yes, but for names, what is matched, and `active`."""
    note: str = Field("", max_length=500)
    """For people who sign the worksheet."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Flow:
        if sum(part is not None for part in (self.source, self.expression, self.value)) != 1:
            raise ValueError("needs exactly one of source, expression and value")
        return self


def _row(value: object) -> object:
    if value is False:
        return None
    return {"source": value} if isinstance(value, str) else value


TargetName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,255}$")]
Rows = dict[TargetName, Annotated[Flow | None, BeforeValidator(_row)]]
"""Attribute of the directory to what it takes: a string (a source), a table, or false, which is None here and takes a row of
the tutorial away."""


DEFAULT = "default"
"""The name of the target of everybody who is in no population."""


class Population(Model):
    """Some of the workers, and the target in which they get their accounts: a job of its own."""

    name: Identifier
    when: str = Field(min_length=1)
    """SQL condition over worker fields. A worker belongs to the first population whose condition holds."""
    kind: TargetKind


class Target(Model):
    """Which directory the job writes to, and what its attributes take, over the tutorial's rows."""

    kind: TargetKind | None = None
    """`entra` or `active_directory`. None: nobody says it, and the job tells."""
    populations: tuple[Population, ...] = ()
    """Workers of other targets; those of none of them belong to the job of `kind`."""
    entra: Rows = Field({})
    """Worksheet 6."""
    active_directory: Rows = Field({})
    """Worksheet 4."""
    hybrid: Rows = Field({})
    """Worksheet 5: attribute of Entra ID to the one of Active Directory that Entra Connect or cloud sync takes it from."""
    extensions: tuple[TargetName, ...] = Field((), max_length=200)
    """Attributes by which the directory's schema was extended, and that nobody else has."""

    @property
    def kinds(self) -> tuple[TargetKind, ...]:
        """The directories that the profile names, each once; none where nobody says one."""
        named = [self.kind] if self.kind else []
        return tuple(dict.fromkeys([*named, *(population.kind for population in self.populations)]))


@dataclass(frozen=True)
class DefaultRow:
    """A row of `worksheets.toml`. `naming`: a name of the ledger, given at creation alone. `always`: whatever worksheet 2 has.
    `several`: the attribute has several values, which no null clears."""

    target: str
    sources: tuple[str, ...]
    expressions: Mapping[str, str]
    matching: int = 0
    naming: bool = False
    work_only: bool = False
    standard: bool = False
    always: bool = False
    cloud_sync_only: bool = False
    several: bool = False
    note: str = ""
    extra: str = ""
    published: str | None = None
    left_out: str | None = None


def flows(
    rows: tuple[DefaultRow, ...], own: Rows, known: Callable[[str], bool], fill: Callable[[str], str], renames: bool,
) -> Iterator[AttributeFlow | LeftOut]:  # fmt: skip
    """The rows that count: the tutorial's, the profile's in their places, and the profile's further ones.

    `known`: worksheet 2 has an attribute (for worksheet 5: worksheet 4 has). `fill` puts URNs in the place of `{custom}` and
    `{enterprise}`. `renames`: accounts get the new names of workers who change theirs.
    """
    place = {row.target.lower(): row for row in rows}
    said = {name.lower(): (name, flow) for name, flow in own.items()}
    for row in rows:
        if row.target.lower() in said:
            name, flow = said[row.target.lower()]
            if flow:
                yield _own(row.target, flow, row, fill, renames)
            continue
        source = next((source for source in row.sources if row.always or known(source)), None)
        if source is None:
            continue
        if row.left_out:
            yield LeftOut(row.target, fill(source), row.left_out, row.published)
        else:
            yield _default(row, source, fill, renames)
    for key, (name, flow) in said.items():
        if key not in place and flow:
            yield _own(name, flow, None, fill, renames)


def _default(row: DefaultRow, source: str, fill: Callable[[str], str], renames: bool) -> AttributeFlow:
    expression = row.expressions.get(source)
    create_only = row.naming and not renames
    first = source == row.sources[0]
    return AttributeFlow(
        row.target, fill(source), None if expression is None else fill(expression),
        create_only=create_only, matching=row.matching, flow_nulls=_clears(row, source, create_only),
        note=_note(row, first), standard=row.standard, published=row.published,
        work_only=row.work_only and source.endswith(".value"), cloud_sync_only=row.cloud_sync_only,
    )  # fmt: skip


def _note(row: DefaultRow, first: bool) -> str:
    """The note of a row that works with the first of several sources says how to get there: with that one it is not needed."""
    if len(row.sources) > 1 and first and not row.standard:
        return row.extra
    return row.note or row.extra


def _clears(row: DefaultRow | None, source: str | None, create_only: bool) -> bool:
    return not (create_only or source in NAMES or (row is not None and (row.matching or row.naming or row.several)))


def _own(target: str, flow: Flow, row: DefaultRow | None, fill: Callable[[str], str], renames: bool) -> AttributeFlow:
    naming = row is not None and row.naming
    create_only = (naming and not renames) if flow.create_only is None else flow.create_only
    flow_nulls = flow.flow_nulls
    if flow_nulls is None:
        flow_nulls = flow.value is None and not flow.matching and _clears(row, flow.source, create_only)
    source = None if flow.source is None else fill(flow.source)
    return AttributeFlow(
        target, source, None if flow.expression is None else fill(flow.expression), flow.value, flow.default,
        create_only, flow.matching, flow_nulls, flow.note, _is_standard(row, flow), own=True,
        work_only=bool(source and re.search(r'\[type eq "(?!work")', source)),
    )  # fmt: skip


def _is_standard(row: DefaultRow | None, flow: Flow) -> bool:
    """Whether the rules that Microsoft ships have a profile's own row: the source is theirs."""
    return row is not None and row.standard and flow.source in row.sources[:1]


def unsent(flowing: Collection[AttributeFlow], mapped: Collection[str], quiet: Collection[str] = ()) -> list[str]:
    """The attributes of worksheet 2 that no row takes further, but for those in `quiet`: the service ignores them."""
    read = {source.lower() for flow in flowing for source in flow.reads}
    return [name for name in mapped if name.lower() not in read and name not in quiet]
