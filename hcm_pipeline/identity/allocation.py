"""Allocation of unique attributes: candidates in rounds, then numbers, for everybody at once.

Everybody who needs a name asks for the same candidate at once; of several who ask for the same name the first by person
number gets it, and the others ask for their next one. So the work does not grow with how crowded a name is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from hcm_pipeline.directory import COMMON_NAME, SAM, UPN_LOCAL, Limit, beginning_sql, folded_sql
from hcm_pipeline.identity.reserved import built_in_sql, reserved_sql
from hcm_pipeline.identity.templates import (
    candidate_sql,
    number_sql,
    numbered_sql,
    parts_in,
    piece_sql,
    pieces_of,
    stem_sql,
)
from hcm_pipeline.profile import Naming, Profile
from hcm_pipeline.warehouse import Relation, Scratch, literal, quote, scratch

FEW = 50_000
"""Up to so many workers, it pays to look once for those taken names that they could ask for at all."""
STANDS_IN = "person number"
"""The rule that names those whom no candidate names."""


@dataclass(frozen=True)
class NameSource:
    """One place where names are taken."""

    table: str
    where: str
    key: str
    """SQL over the table: the name in the form in which names are compared."""
    beginning: str
    """SQL over the table, see `beginning_sql`."""
    person: str = "person_number"
    """SQL for the number of the worker whose name it is."""
    holder: str = "null::varchar"
    """SQL for the holder in words: a reserved name, and an account of the directory that belongs to no worker."""
    last: str = "true"
    """A condition that is dear, and therefore asked last."""

    def query(self, beginnings: Relation | None = None) -> str:
        """SELECT key, person_number, holder; only what begins like one of `beginnings` (beginning), if they are given."""
        columns = f"{self.key} as key, {self.person} as person_number, {self.holder} as holder"
        if beginnings is None:
            return f"select {columns} from {self.table} where {self.where} and {self.last}"
        near = f"from {self.table} where {self.where} and {self.beginning} in (select beginning from {beginnings})"
        if self.last == "true":
            return f"select {columns} {near}"
        return f"from (with near_them as materialized ({near}) select {columns} from near_them where {self.last})"


@dataclass(frozen=True)
class Attribute:
    """One unique attribute: how it is formed, and in which form a name is compared with those that are taken."""

    name: str
    naming: Naming
    limit: Limit
    variants: tuple[tuple[str, ...], ...]
    """Candidates of the profile's variants, by their order; empty ones stand for the attribute's own."""
    fallback: str
    """SQL over the parts, for those whom no candidate names."""
    key: Callable[[str], str]
    """SQL for the form in which the name (SQL) is compared (see `folded_sql`); may use `container`."""
    shown: str
    """SQL over `identities` for the name as it is formed: a userPrincipalName before the @."""
    rule: str
    """Column of `identities` that says which rule decided."""
    sources: tuple[NameSource, ...]
    """Everything that holds names which nobody else may be given."""

    @property
    def held(self) -> str:
        """SELECT key, person_number, holder: all that the sources hold."""
        return " union all ".join(source.query() for source in self.sources)

    def ways(self) -> list[tuple[str, ...]]:
        """Templates of every variant; the first are the attribute's own."""
        return [self.naming.candidates, *(variant or self.naming.candidates for variant in self.variants)]

    def pieces(self) -> dict[tuple[str, str], str]:
        """Pieces of all templates, and the columns that hold them."""
        pieces = pieces_of(tuple(template for way in self.ways() for template in way))
        return {piece: quote(f"piece {place}") for place, piece in enumerate(pieces)}

    def candidates(self) -> list[str]:
        """SQL for every candidate over the columns of pieces, in order."""
        ways, columns = self.ways(), self.pieces()
        found = []
        for place in range(max(map(len, ways))):
            cases = [self._candidate(way[place], columns) if place < len(way) else "null" for way in ways]
            whens = " ".join(f"when {number} then {case}" for number, case in enumerate(cases))
            found.append(f"case variant {whens} end" if len(cases) > 1 else cases[0])
        return found

    def _candidate(self, template: str, columns: dict[tuple[str, str], str]) -> str:
        """SQL for one candidate. A sAMAccountName of digits is none where a part that it is made of has a letter."""
        name = candidate_sql(template, columns, self.limit)
        if self.name != "sam_account_name":
            return name
        lettered = " or ".join(_lettered(part) for part in parts_in(template))
        return f"case when ltrim({name}, '0123456789') = '' and ({lettered or 'false'}) then null else {name} end"

    def asking_sql(self, parts: Relation, condition: str = "true") -> str:
        """SELECT person_number, container, variant, number and the pieces of candidates: `parts` for whom `condition` holds."""
        pieces = [f"{piece_sql(*piece, self.naming)} as {column}" for piece, column in self.pieces().items()]
        if self.name == "sam_account_name":
            used = dict.fromkeys(part for way in self.ways() for template in way for part in parts_in(template))
            pieces += [f"lower({quote(part)}) <> upper({quote(part)}) as {_lettered(part)}" for part in used]
        return f"select person_number, container, variant, number, {', '.join(pieces)} from {parts} where {condition}"


def _lettered(part: str) -> str:
    """The column that says whether a part has a letter."""
    return quote(f"letters in {part}")


def attributes(profile: Profile) -> tuple[Attribute, ...]:
    """The unique attributes of a profile, in the order in which they are given."""
    identity = profile.identity
    number = "regexp_replace(number, '[^A-Za-z0-9]+', '', 'g')"
    return tuple(
        Attribute(name, naming, limit, tuple(getattr(s, name) for s in identity.variants), fallback, key, shown, rule,
                  _sources(name, limit, profile))
        for name, naming, limit, fallback, key, shown, rule in (
            ("user_principal_name", identity.user_principal_name, UPN_LOCAL,
             f"left(rtrim('user-' || lower({number}), '-'), 60)", folded_sql, "mail_nickname", "upn_rule"),
            ("sam_account_name", identity.sam_account_name, SAM,
             f"left('u' || lower({number}), 16)", folded_sql, "sam_account_name", "sam_rule"),
            ("common_name", identity.common_name, COMMON_NAME,
             f"left(rtrim('User ' || {number}), 60)",
             lambda name: place_key_sql(name, "container"), "common_name", "cn_rule"),
        )
    )  # fmt: skip


BEGINNINGS = {
    "upn_beginning": beginning_sql("mail_nickname", UPN_LOCAL),
    "sam_beginning": beginning_sql("sam_account_name", SAM),
    "cn_beginning": beginning_sql("common_name", COMMON_NAME),
}
"""Columns of `identities` that are made of its names, and how. They stand in the table because few newcomers beside a million
names would otherwise wait for all of them to be cut: nothing else takes so long."""


def entered(select: str) -> str:
    """SQL that enters the rows of a SELECT, columns of `identities` by name, in the ledger. Nothing else does."""
    columns = ", ".join(f"{sql} as {column}" for column, sql in BEGINNINGS.items())
    return f"insert into identities by name select *, {columns} from ({select})"


def _sources(name: str, limit: Limit, profile: Profile) -> tuple[NameSource, ...]:
    def ledger(key: str, beginning: str, also: str = "") -> NameSource:
        return NameSource("identities", f"status <> 'released'{also}", key, beginning)

    def former(head: str) -> NameSource:
        where = f"reason = 'renamed' and attribute = {literal(name)}"
        return NameSource("former_names", where, folded_sql(head), beginning_sql(head, limit))

    def directory(attribute: str, key: str = "key", last: str = "true") -> NameSource:
        owner = "case when employee_id is null then kind || ' of ' || directory end"
        where = f"attribute = {literal(attribute)}"
        return NameSource("directory_names", where, key, "beginning", "employee_id", owner, last)

    reserved = NameSource(
        reserved_sql(profile), "true", "name", beginning_sql("name", limit, folded=True), "null", "'reserved'"
    )
    if name == "common_name":
        built_in = NameSource(
            built_in_sql(profile), "true", "name || chr(31) || container",
            beginning_sql("name", limit, folded=True), "null", "'reserved'",
        )  # fmt: skip
        key = place_key_sql("common_name", "parent_distinguished_name")
        return ledger(key, "cn_beginning"), directory(name), built_in
    if name == "sam_account_name":
        return ledger(folded_sql(name), "sam_beginning"), former("name"), directory("sam"), reserved
    # before the @, whatever the domain: the mail nickname is made of it
    domains = {profile.identity.domain.lower(), *(rule.domain.lower() for rule in profile.identity.domains)}
    ours = ", ".join(literal(domain) for domain in sorted(domains))
    local = "split_part({}, '@', 1)"
    own = local.format(name)
    # the rules give both alike; those of an account that was there before may differ
    found = f" and upn_rule not like 'candidate %' and upn_rule <> '{STANDS_IN}' and {own} <> mail_nickname"
    return (
        ledger(folded_sql("mail_nickname"), "upn_beginning"),
        ledger(folded_sql(own), beginning_sql(own, limit), found),
        former(local.format("name")),
        directory("nickname"),
        directory("address", local.format("key"), f"split_part(key, '@', 2) in ({ours})"),
        reserved,
    )


def place_key_sql(name: str, container: str) -> str:
    """SQL for the form in which a common name is compared: no two objects of a container have one."""
    place = f"coalesce({container}, '')"
    return f"{folded_sql(name)} || chr(31) || {folded_sql(place)}"


def allocate(t: Scratch, attribute: Attribute, parts: Relation) -> Relation:
    """A name for everybody in `parts` (see `parts_of`) whose column of the attribute's name is NULL: unique, and not taken before.

    Columns: person_number, name, key (the name as it is compared) and rule, which says what named the worker.
    """
    given = t.empty("given", {"person_number": "varchar", "name": "varchar", "key": "varchar", "rule": "varchar"})
    nameless = f"{attribute.name} is null"
    candidates, fallback = attribute.candidates(), attribute.fallback
    with scratch(t.con) as own:
        few = own.count(f"(from {parts} where {nameless})") <= FEW
        asking = own.view("asking", attribute.asking_sql(parts, nameless))
        if few:
            names = _written_out(own, asking, [*candidates, fallback])
            asking, candidates, fallback = names.asking, names.candidates, names.fallback
            attribute = _near(own, attribute, asking, [*candidates, fallback])
        named = f"coalesce({', '.join(candidates)})"
        steps = [(f"candidate {place}", candidate) for place, candidate in enumerate(candidates, 1)]
        steps.append((STANDS_IN, f"case when {named} is null then {fallback} end"))
        if not few:  # most get their first candidate: the pieces of the others only are kept
            rule, name = steps.pop(0)
            _give(own, attribute, given, asking, name, rule)
            asking = own.make("asking", attribute.asking_sql(parts, f"{nameless} and {_others(given, rule)}"))
        for rule, name in steps:
            asking = _ask(own, attribute, given, asking, name, rule)
            if not own.count(asking):
                return given
        _number(own, attribute, given, asking, f"coalesce({named}, {fallback})")
    return given


@dataclass(frozen=True)
class _Names:
    """`asking`: person_number, container and a column for each name, which `candidates` and `fallback` name."""

    asking: Relation
    candidates: list[str]
    fallback: str


def _written_out(own: Scratch, asking: Relation, names: list[str]) -> _Names:
    """The names that are made of the pieces in `asking`, in place of the pieces; the last is the fallback.

    For many it would be wasted work, as most get their first candidate; for few, planning the expressions takes longer.
    """
    columns = [quote(f"name {place}") for place in range(len(names))]
    made = ", ".join(f"{name} as {column}" for name, column in zip(names, columns, strict=True))
    pieces = own.make("pieces", f"from {asking}")
    return _Names(
        own.make("asking", f"select person_number, container, {made} from {pieces}"), columns[:-1], columns[-1]
    )


def _near(own: Scratch, attribute: Attribute, asking: Relation, names: list[str]) -> Attribute:
    """The attribute with one source only: the names that are taken and begin like one of `names` over `asking`.

    It holds every name that decides anything: whatever is asked for, whether with a number or without, and all that is
    counted when a number is chosen.
    """
    asked = " union ".join(
        f"select {beginning_sql(name, attribute.limit)} as beginning from {asking}" for name in names
    )
    beginnings = own.make("beginnings", f"from ({asked}) where beginning is not null")
    near = own.make("near", " union all ".join(source.query(beginnings) for source in attribute.sources))
    return replace(attribute, sources=(NameSource(near.name, "true", "key", "key", holder="holder"),))


def _ask(own: Scratch, attribute: Attribute, given: Relation, asking: Relation, name: str, rule: str) -> Relation:
    """Everybody in `asking` asks for `name`; the others, who did not get it, in place of `asking`, which is dropped."""
    _give(own, attribute, given, asking, name, rule)
    others = own.make("asking", f"from {asking} where {_others(given, rule)}")
    own.drop(asking)
    return others


def _give(t: Scratch, attribute: Attribute, given: Relation, asking: Relation, name: str, rule: str) -> None:
    """Enter `name`, SQL over `asking`, in `given` for those it is free for; of several the first by person number gets it."""
    t.run(f"""
        insert into {given}
        with named as (select person_number, container, {name} as name from {asking}),
        candidates as (select person_number, name, {attribute.key("name")} as key from named where name is not null)
        select min(person_number), arg_min(name, person_number), key, {literal(rule)} from candidates candidate
        where not exists (from ({attribute.held}) taken
            where taken.key = candidate.key and taken.person_number is distinct from candidate.person_number)
        and not exists (from {given} sooner where sooner.key = candidate.key)
        group by key
    """)


def _others(given: Relation, rule: str) -> str:
    """SQL condition: the rule gave this worker nothing."""
    return f"person_number not in (select person_number from {given} where rule = {literal(rule)})"


def _number(own: Scratch, attribute: Attribute, given: Relation, asking: Relation, base: str) -> None:
    """Everybody in `asking` gets a number behind their first candidate, in the order of person numbers.

    The numbers of a name begin behind the highest one that somebody holds. A number far above how many hold that name at
    all (a year of birth, say) does not count; one that is taken all the same is passed over in the next round.
    """
    limit, naming = attribute.limit, attribute.naming
    bases, tops = _numbered_so_far(own, attribute, given, asking, base)
    while own.count(asking):
        numbers = own.make(
            "numbers",
            f"""select bases.*, coalesce(tops.n, {naming.number_from - 1})
                + row_number() over (partition by bases.stem order by person_number) as n
            from {bases} bases semi join {asking} using (person_number) left join {tops} tops using (stem)""",
        )
        tops = own.make(
            "tops",
            f"select stem, max(n) as n from (from {tops} union all by name select stem, n from {numbers}) group by 1",
        )
        _give(own, attribute, given, numbers, numbered_sql("base", "n", naming, limit), NUMBERED)
        asking = own.make("asking", f"from {asking} where {_others(given, NUMBERED)}")


NUMBERED = "candidate 1 and a number"


def _numbered_so_far(
    own: Scratch, attribute: Attribute, given: Relation, asking: Relation, base: str
) -> tuple[Relation, Relation]:
    """`bases`: person_number, base, container and stem of everybody in `asking`; `tops`: stem, and the highest number that
    counts."""
    limit, naming = attribute.limit, attribute.naming
    in_container = attribute.name == "common_name"
    tail = "substr(key, strpos(key, chr(31)))" if in_container else "''"
    head = "split_part(key, chr(31), 1)" if in_container else "key"
    bases = own.make(
        "bases",
        f"""select person_number, base, container, {stem_sql("base", limit)} || {tail} as stem
        from (select *, {attribute.key("base")} as key from (select person_number, container, {base} as base from {asking}))""",
    )
    tops = own.make(
        "tops",
        f"""with stems as (
            select key, {stem_sql(head, limit)} || {tail} as stem
            from (select key from ({attribute.held}) union all select key from {given})),
        alike as materialized (select distinct stem, key from stems semi join {bases} using (stem)),
        counted as (select stem, {number_sql(head)} as n, count(*) over (partition by stem) as holders from alike)
        select stem, greatest(max(n) filter (n <= 2 * holders + 8), {naming.number_from - 1}) as n
        from counted group by stem""",
    )
    return bases, tops
