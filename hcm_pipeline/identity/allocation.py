"""Allocation of unique attributes: candidates in rounds, then numbers, for everybody at once.

Everybody who needs a name asks for the same candidate at once; of several who ask for the same name the first by person
number gets it, and the others ask for their next one. So the work does not grow with how crowded a name is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hcm_pipeline.directory import beginning_sql
from hcm_pipeline.identity.attributes import STANDS_IN, Attribute, attributes
from hcm_pipeline.identity.name_parts import of_spelled, parts_columns, parts_sql
from hcm_pipeline.identity.templates import number_sql, numbered_sql, stem_sql
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Relation, Scratch, literal, nothing, quote, scratch

FEW = 50_000
"""Up to so many workers, every name that they could ask for is written out, and looked for once among those that are taken."""


def named_parts_sql(attributes: Sequence[Attribute], parts: str, columns: Sequence[str], *, few: bool) -> str:
    """SELECT: `parts` (a SELECT, see `parts_sql`) with the column of each attribute's first candidate, and of all names for few.

    For many all would be wasted work, as most get their first candidate; for few it spares planning the expressions again. Of
    few only those of `columns` (all that `parts` has) stay which are entered.
    """
    kept = [column for column in columns if not few or column in ENTERED]
    names = ", ".join(
        f"{name} as {column}" for attribute in attributes for name, column in attribute.names()[: None if few else 1]
    )
    pieces = ", ".join(attribute.pieces_sql() for attribute in attributes)
    return f"select {', '.join(kept)}, {names} from (select *, {pieces} from ({parts}))"


def near_sql(attributes: Sequence[Attribute], parts: Relation) -> str:
    """SELECT attribute, key, person_number, holder: the names that are taken and begin like one that `parts` could ask for.

    It holds every name that decides anything: whatever is asked for, whether with a number or without, and all that is
    counted when a number is chosen. `parts`: see `named_parts_sql`, with all names.
    """
    found = []
    for attribute in attributes:
        columns = ", ".join(column for _, column in attribute.names())
        asked = f"""select {beginning_sql("name", attribute.limit)} as beginning
            from (select unnest([{columns}]) as name from {parts}) where name is not null"""
        found.append(f"""select {literal(attribute.name)} as attribute, key, person_number, holder from (
            with asked as materialized (select distinct beginning from ({asked}))
            {attribute.held_near("select beginning from asked")})""")
    return " union all ".join(found)


@dataclass(frozen=True)
class _Asking:
    """The workers who lack one attribute."""

    attribute: Attribute
    held: str
    """SELECT key, person_number, holder: the names that are taken."""
    workers: str
    """Relation: part, person_number, container and the columns of names."""
    count: int


GIVEN = {"part": "bigint", "name": "varchar", "key": "varchar", "rule": "varchar"}
"""Columns of a relation of those who were given another name than their first candidate: part (the rowid of the worker in the
parts), name, key (the name as it is compared) and rule, which says what named the worker."""


@dataclass(frozen=True)
class Allocated:
    """`parts`: see `named_parts_sql`; `given`: a relation for each unique attribute by its name, see `GIVEN`. Those of `parts` who
    lack the attribute and are not in it were given their first candidate."""

    parts: Relation
    given: Mapping[str, Relation]
    lacking: Mapping[str, int]
    """By attribute: how many workers were to be given a name."""
    known: bool
    """Some of the workers are in the ledger already, and hold one name or another."""
    few: bool
    keys: Mapping[str, str]
    """By attribute: SQL for the form in which a name is compared, over `name` and `container`."""

    def names_sql(self, attribute: str) -> str:
        """SELECT person_number, name, key and rule: all that were given, of one attribute."""
        return f"""select *, {self.keys[attribute]} as key from (
            select person_number, container, {name_sql(attribute, "given", "part")} as name,
                coalesce(given.rule, {literal(CANDIDATE.format(1))}) as rule
            from {self.parts} part left join {self.given[attribute]} given on given.part = part.rowid
            where part.{attribute} is null)"""


def allocate(t: Scratch, profile: Profile, named: Relation, count: int) -> Allocated:
    """Every name that the `count` workers in `named` (see `named_sql`) lack: unique, and not taken before."""
    unique, few, columns = attributes(profile), count <= FEW, parts_columns(profile)
    parts = of_spelled(
        t,
        "parts",
        profile,
        named,
        lambda spelled: named_parts_sql(unique, parts_sql(profile, spelled), columns, few=few),
    )
    counts = ", ".join(f"count({attribute.name})" for attribute in unique)
    there = ", ".join(f"exists (from {table})" for table in OFTEN_EMPTY)
    row = t.first(f"select {counts}, {there} from {parts}") or ()
    held, some = row[: len(unique)], row[len(unique) :]
    empty = [table for table, any_ in zip(OFTEN_EMPTY, some, strict=True) if not any_]
    unique = tuple(attribute.without(empty) for attribute in unique)
    lacking = {attribute.name: count - having for attribute, having in zip(unique, held, strict=True)}
    near = t.make("near", near_sql(unique, parts)) if few else None
    given = {attribute.name: _allocate(t, attribute, parts, lacking[attribute.name], near) for attribute in unique}
    keys = {attribute.name: attribute.key("name") for attribute in unique}
    return Allocated(parts, given, lacking, any(held), few, keys)


OFTEN_EMPTY = ("former_names", "directory_names")
"""Sources of names that many homes have nothing in: they are not asked then."""


def name_sql(attribute: str, given: str, part: str) -> str:
    """SQL for the name that a worker was given, over the aliases of a relation of `Allocated.given`, left-joined, and of its
    `parts`."""
    return f"coalesce({given}.name, {part}.{quote(f'{attribute} 0')})"


def _allocate(t: Scratch, attribute: Attribute, parts: Relation, lacking: int, near: Relation | None) -> Relation:
    """A name for the `lacking` workers of `parts` whose column of the attribute's name is NULL: unique, and not taken before.

    `parts`: see `named_parts_sql`; `near`: see `near_sql`, None of many. Returns those who were given another name than their first
    candidate (see `GIVEN`).
    """
    names = attribute.names()
    nameless = f"(select rowid as part, * from {parts} where {attribute.name} is null)"
    held = attribute.held
    if near is not None:
        held = f"select key, person_number, holder from {near} where attribute = {literal(attribute.name)}"
    with scratch(t.con) as own:
        first = own.make("first", _served_sql(_Asking(attribute, held, nameless, lacking), names[0][1], ()))
        if first.made == lacking:
            return nothing(GIVEN)
        others = f"{nameless} anti join {first} using (part)"
        held = f"{held} union all select key, null as person_number, null as holder from {first}"
        if near is None:  # most got their first candidate: the names of the others only are written out
            written = ", ".join(f"{name} as {column}" for name, column in names)
            made = own.make("asking", f"""select part, person_number, container, {written}
                from (select * exclude ({names[0][1]}), {attribute.pieces_sql()} from {others})""")  # fmt: skip
            asking = _Asking(attribute, held, made.name, made.made)
        else:
            asking = _Asking(attribute, held, f"(from {others})", lacking - first.made)
        return _next_names(t, own, asking, [column for _, column in names])


def _next_names(t: Scratch, own: Scratch, asking: _Asking, names: Sequence[str]) -> Relation:
    """Names for those who did not get their first candidate: see `GIVEN`. `names`: columns of candidates and, last, fallback."""
    given = t.empty("given", GIVEN)
    *candidates, fallback = names
    named = f"coalesce({', '.join(candidates)})"
    steps = [(CANDIDATE.format(place), column) for place, column in enumerate(candidates[1:], 2)]
    if own.first(f"select 1 from {asking.workers} where {named} is null limit 1"):
        steps.append((STANDS_IN, f"case when {named} is null then {fallback} end"))
    for rule, name in steps:
        asking = _give(own, asking, given, name, rule)
        if not asking.count:
            return given
    _number(own, asking, given, f"coalesce({named}, {fallback})")
    return given


def _give(t: Scratch, asking: _Asking, given: Relation, name: str, rule: str) -> _Asking:
    """Enter `name`, SQL over those who ask, in `given` for those it is free for; those who ask on."""
    served = _served_sql(asking, name, [given])
    count = t.change(f"insert into {given} select part, name, key, {literal(rule)} from ({served})")
    return replace(asking, count=asking.count - count)


def _served_sql(asking: _Asking, name: str, given: Sequence[Relation]) -> str:
    """SELECT part, key and, where others were given names before (`given`), name: those who get `name`, SQL over `asking`. Of
    several the first by person number gets it."""
    key = asking.attribute.key("name")
    others, free, kept = f"{asking.workers} asking", "", ""
    for before in given:
        others += f" anti join {before} sooner on sooner.part = asking.part"
        free = f"anti join {before} sooner on sooner.key = candidate.key"
        kept = "arg_min(name, person_number) as name,"
    return f"""
        with named as (select part, person_number, container, {name} as name from {others}),
        candidates as (select part, person_number, name, {key} as key from named where name is not null)
        select arg_min(part, person_number) as part, {kept} key from candidates candidate
        anti join ({asking.held}) taken
            on taken.key = candidate.key and taken.person_number is distinct from candidate.person_number
        {free} group by key"""


def _number(own: Scratch, asking: _Asking, given: Relation, base: str) -> None:
    """Everybody who asks gets a number behind their first candidate, in the order of person numbers.

    The numbers of a name begin behind the highest one that somebody holds. A number far above how many hold that name at
    all (a year of birth, say) does not count; one that is taken all the same is passed over in the next round.
    """
    naming = asking.attribute.naming
    bases, tops = _numbered_so_far(own, asking, given, base)
    while asking.count:
        numbers = own.make(
            "numbers",
            f"""select bases.*, coalesce(tops.n, {naming.number_from - 1})
                + row_number() over (partition by bases.stem order by person_number) as n
            from (from {bases} anti join {given} using (part)) bases left join {tops} tops using (stem)""",
        )
        name = numbered_sql("base", "n", naming, asking.attribute.limit)
        asking = _give(own, replace(asking, workers=numbers.name), given, name, NUMBERED)
        if asking.count:
            tops = own.make(
                "tops",
                f"select stem, max(n) as n from (from {tops} union all by name select stem, n from {numbers}) group by 1",
            )


CANDIDATE = "candidate {}"
ENTERED = (
    "person_number",
    "domain",
    "container",
    "placed_by",
    "user_principal_name",
    "sam_account_name",
    "common_name",
)
"""Columns of parts that names are entered with, or that say who has them already."""
NUMBERED = "candidate 1 and a number"


def _numbered_so_far(own: Scratch, asking: _Asking, given: Relation, base: str) -> tuple[Relation, Relation]:
    """`bases`: part, person_number, base, container and stem of everybody who asks; `tops`: stem, and the highest number that
    counts, where somebody has one."""
    attribute, limit = asking.attribute, asking.attribute.limit
    in_container = attribute.name == "common_name"
    tail = "substr(key, strpos(key, chr(31)))" if in_container else "''"
    head = "split_part(key, chr(31), 1)" if in_container else "key"
    stem = f"{stem_sql(head, limit, folded=True)} || {tail}"
    bases = own.make(
        "bases",
        f"""select part, person_number, base, container, {stem} as stem
        from (select *, {attribute.key("base")} as key from (select part, person_number, container, {base} as base
            from {asking.workers} asking anti join {given} using (part)))""",
    )
    # few names have a number: only for those is it asked how many share their stems
    tops = own.make(
        "tops",
        f"""with keys as (select key from ({asking.held}) union all select key from {given}),
        numbered as materialized (
            select distinct stem, key, {number_sql(head)} as n
            from (select key, {stem} as stem from keys where {head}[-1] between '0' and '9') semi join {bases} using (stem)),
        counted as (
            select stem, count(distinct key) as holders from (select key, {stem} as stem from keys)
            semi join numbered using (stem) group by stem)
        select stem, greatest(max(n) filter (n <= 2 * holders + 8), {attribute.naming.number_from - 1}) as n
        from numbered join counted using (stem) group by stem""",
    )
    return bases, tops
