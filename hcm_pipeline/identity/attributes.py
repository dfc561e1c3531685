"""The unique attributes: how each is formed, in which form its names are compared, and everything that holds names already."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from hcm_pipeline.directory import COMMON_NAME, SAM, UPN_LOCAL, Limit, beginning_sql, folded_sql
from hcm_pipeline.identity.reserved import built_in_names_sql, reserved_names_sql
from hcm_pipeline.identity.templates import candidate_sql, parts_in, piece_sql, pieces_of
from hcm_pipeline.profile import Naming, Profile
from hcm_pipeline.warehouse import literal, quote

STANDS_IN = "person number"
"""The rule that names those whom no candidate names."""


@dataclass(frozen=True)
class NameSource:
    """One place where names are taken."""

    table: str
    where: str
    name: str
    """SQL over the table: the name as it is written, or its key."""
    beginning: str | None = None
    """SQL over the table, see `beginning_sql`; None where the names are so few that all are looked at."""
    container: str = "null::varchar"
    """SQL for the container of a common name that is no key."""
    is_key: bool = False
    """The name has the form in which names are compared already."""
    person: str = "person_number"
    """SQL for the number of the worker whose name it is."""
    holder: str = "null::varchar"
    """SQL for the holder in words: a reserved name, and an account of the directory that belongs to no worker."""
    last: str = "true"
    """A condition that is dear, and therefore asked last."""

    def query(self, beginnings: str | None = None) -> str:
        """SELECT key, or name and container, person_number, holder; only what begins like one of `beginnings` (SELECT), if any."""
        name = f"{self.name} as key" if self.is_key else f"{self.name} as name, {self.container} as container"
        columns = f"{name}, {self.person} as person_number, {self.holder} as holder"
        if beginnings is None or self.beginning is None:
            return f"select {columns} from {self.table} where {self.where} and {self.last}"
        near = f"from {self.table} where {self.where} and {self.beginning} in ({beginnings})"
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
        return self.held_near(None)

    def held_near(self, beginnings: str | None) -> str:
        """SELECT key, person_number, holder: what the sources hold and begins like one of `beginnings` (SELECT); all for None."""
        # what is written as people write it is brought to the form of keys in one place: to plan that is most of the work
        written = " union all ".join(source.query(beginnings) for source in self.sources if not source.is_key)
        keyed = [source.query(beginnings) for source in self.sources if source.is_key]
        return " union all ".join([f"select {self.key('name')} as key, person_number, holder from ({written})", *keyed])

    def ways(self) -> list[tuple[str, ...]]:
        """Templates of every variant; the first are the attribute's own."""
        return [self.naming.candidates, *(variant or self.naming.candidates for variant in self.variants)]

    def pieces(self) -> dict[tuple[str, str], str]:
        """Pieces of all templates, and the columns that hold them."""
        pieces = pieces_of(tuple(template for way in self.ways() for template in way))
        return {piece: quote(f"{self.name} piece {place}") for place, piece in enumerate(pieces)}

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
        lettered = " or ".join(f"lower({quote(part)}) <> upper({quote(part)})" for part in parts_in(template))
        lettering = f"{name}[1] not between '0' and '9' or not regexp_full_match({name}, '[0-9]*')"
        return f"case when {lettering} then {name} when {lettered or 'false'} then null else {name} end"

    def pieces_sql(self) -> str:
        """Select list over parts: the pieces of candidates."""
        return ", ".join(f"{piece_sql(*piece, self.naming)} as {column}" for piece, column in self.pieces().items())

    def without(self, tables: Collection[str]) -> Attribute:
        """The attribute without the sources that are tables of these, because they are empty."""
        return replace(self, sources=tuple(source for source in self.sources if source.table not in tables))

    def names(self) -> list[tuple[str, str]]:
        """SQL over parts and pieces for every candidate and, behind them, for the fallback, each with the column that holds it."""
        return [(name, quote(f"{self.name} {place}")) for place, name in enumerate([*self.candidates(), self.fallback])]


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


_BEGINNINGS = {
    "upn_beginning": ("mail_nickname", UPN_LOCAL),
    "sam_beginning": ("sam_account_name", SAM),
    "cn_beginning": ("common_name", COMMON_NAME),
}
"""Columns of `identities` that are made of its names. They stand in the table because few newcomers beside a million names would
otherwise wait for all of them to be cut: nothing else takes so long. Most names are their own beginning, and have none there."""


def kept_beginning_sql(column: str, name: str) -> str:
    """SQL for what a column of beginnings keeps of a name (SQL): NULL where the name in lower case is its own beginning."""
    limit = _BEGINNINGS[column][1]
    # that is told of nearly all without folding and cutting
    room, plain = limit.chars - 8, "regexp_full_match({}, '[ -~]*[A-Za-z]')"
    cut = f"strlen({name}) = length({name}) and {plain.format(f'left({name}, {room})')}"
    return f"""case when strlen({name}) <= {room} and {plain.format(name)} then null
        when strlen({name}) > {room} and {cut} then left(lower({name}), {room})
        else nullif({beginning_sql(name, limit)}, lower({name})) end"""


def entered(select: str) -> str:
    """SQL that enters the rows of a SELECT, columns of `identities` by name, in the ledger. Nothing else does."""
    columns = ", ".join(f"{kept_beginning_sql(column, name)} as {column}" for column, (name, _) in _BEGINNINGS.items())
    return f"insert into identities by name select *, {columns} from ({select})"


def _sources(name: str, limit: Limit, profile: Profile) -> tuple[NameSource, ...]:
    def ledger(held: str, beginning: str, also: str = "", container: str = "null::varchar") -> NameSource:
        if beginning in _BEGINNINGS:
            beginning = f"coalesce({beginning}, lower({held}))"
        return NameSource("identities", f"status <> 'released'{also}", held, beginning, container)

    def former(head: str) -> NameSource:
        where = f"reason = 'renamed' and attribute = {literal(name)}"
        return NameSource("former_names", where, head, beginning_sql(head, limit))

    def directory(attribute: str, key: str = "key", last: str = "true") -> NameSource:
        owner = "case when employee_id is null then kind || ' of ' || directory end"
        where = f"attribute = {literal(attribute)}"
        return NameSource("directory_names", where, key, "beginning", is_key=True, person="employee_id", holder=owner,
                          last=last)  # fmt: skip

    def reserved(words: str, container: str = "null::varchar") -> NameSource:
        return NameSource(words, "true", "name", None, container, person="null", holder="'reserved'")

    if name == "common_name":
        in_ledger = ledger("common_name", "cn_beginning", container="parent_distinguished_name")
        return in_ledger, directory(name), reserved(built_in_names_sql(profile), "container")
    if name == "sam_account_name":
        return ledger(name, "sam_beginning"), former("name"), directory("sam"), reserved(reserved_names_sql(profile))
    # before the @, whatever the domain: the mail nickname is made of it
    domains = {profile.identity.domain.lower(), *(rule.domain.lower() for rule in profile.identity.domains)}
    ours = ", ".join(literal(domain) for domain in sorted(domains))
    local = "split_part({}, '@', 1)"
    own = local.format(name)
    # the rules give both alike; those of an account that was there before may differ
    found = f" and upn_rule not like 'candidate %' and upn_rule <> '{STANDS_IN}' and {own} <> mail_nickname"
    return (
        ledger("mail_nickname", "upn_beginning"),
        ledger(own, beginning_sql(own, limit), found),
        former(local.format("name")),
        directory("nickname"),
        directory("address", local.format("key"), f"split_part(key, '@', 2) in ({ours})"),
        reserved(reserved_names_sql(profile)),
    )


def place_key_sql(name: str, container: str) -> str:
    """SQL for the form in which a common name is compared: no two objects of a container have one."""
    place = f"coalesce({container}, '')"
    return f"{folded_sql(name)} || chr(31) || {folded_sql(place)}"
