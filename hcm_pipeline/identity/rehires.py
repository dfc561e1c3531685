"""Rehires: workers who come back under another person number are offered as likely matches, and a person decides.

By an approval the names of the former number are taken over. No rule merges two numbers.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from hcm_pipeline.identity.correlation import WAITING
from hcm_pipeline.identity.kept import Kept
from hcm_pipeline.identity.latest_decisions import latest_decisions
from hcm_pipeline.identity.name_parts import named_sql, spelled_parts
from hcm_pipeline.identity.renames import retire
from hcm_pipeline.identity.retention import GIVEN_BACK, lost_names
from hcm_pipeline.identity.workforce import Workforce
from hcm_pipeline.profile import NAME_PARTS, Profile, RehireBy, scope_sql
from hcm_pipeline.warehouse import Relation, Scratch, literal, nothing, query, quote, scratch

LIKELY, TAKEN_OVER = "likely rehire", "number taken over"
_PARTS = {field: part for part, field in NAME_PARTS.items() if part != "number"}


@dataclass(frozen=True)
class Offered:
    """`newcomers`: those who are given names, with the columns that they had. `waiting`: the columns of `correlation.WAITING`,
    one row for each worker of whom a person has to decide whether they were here before."""

    newcomers: Relation
    waiting: Relation


def offer_rehires(
    t: Scratch, profile: Profile, workforce: Workforce, kept: Kept, newcomers: Relation, retired: Relation, waiting: Relation
) -> Offered:  # fmt: skip
    """Find the newcomers who are likely former workers, with the numbers of those who have left and fit.

    `newcomers`: see `named_sql`; `retired`: see `renames.retire`; `waiting` (person_number): those who are not asked about, because
    something else is asked about them. Under `identity.rehire_meanwhile = "wait"` likely rehires are no newcomers; otherwise they
    are given new names, and wait all the same. A former number that is active again waits, too: its names are somebody's by now.
    """
    numbers = Offered(newcomers, nothing(WAITING))
    if kept.successions:
        numbers = _numbers_taken_over(t, workforce, newcomers)
        newcomers = numbers.newcomers
    rules = [rule for rule in profile.identity.rehire if set(rule.fields) <= set(profile.columns)]
    if not rules or not (kept.names or t.first("select 1 from identities limit 1")):
        return numbers
    holders = f"select person_number from identities where person_number in (select person_number from {newcomers})"
    with scratch(t.con) as own:
        coming = f"select person_number from {newcomers} where person_number not in ({holders})"
        if retired.made:
            coming += f" and person_number not in (select person_number from {retired})"
        if kept.reviews:
            coming += f" union select person_number from identity_reviews where reason = '{LIKELY}'"
        settled = [f"select person_number from {some}" for some in (waiting, numbers.waiting) if some.made]
        if kept.rehires:
            settled.append(f"select person_number from {latest_decisions('rehire')} where same_as is null")
        if kept.successions:
            settled.append("select successor from successions")
        unsettled = "".join(f" and person_number not in ({one})" for one in settled)
        asked = own.make(
            "asked",
            f"from {workforce.workers} where active and person_number in ({coming}){unsettled} and ({scope_sql(profile)})",
        )
        likely = likely_rehires(t, profile, workforce, asked, rules) if asked.made else nothing(WAITING)
    if not likely.made:
        return numbers
    if profile.identity.rehire_meanwhile == "wait":
        newcomers = t.view(
            "newcomers",
            f"""from {newcomers} where person_number in ({holders})
            or person_number not in (select person_number from {likely})""",
        )
    return Offered(newcomers, t.make("offered", f"from {numbers.waiting} union all by name from {likely}"))


def _numbers_taken_over(t: Scratch, workforce: Workforce, newcomers: Relation) -> Offered:
    """A number that was taken over has no names, unless somebody says that it is another person again."""
    barred = t.make(
        "barred",
        f"""select person_number, list(successor order by taken_on) as successors from successions
        where person_number in (select person_number from {newcomers})
        and person_number not in (select person_number from identity_decisions where about = 'number') group by 1""",
    )
    if not barred.made:
        return Offered(newcomers, nothing(WAITING))
    waiting = t.make(
        "offered",
        f"""select person_number, '{TAKEN_OVER}' as reason, []::varchar[] as accounts, barred.successors as former
        from {barred} barred join {workforce.workers} worker using (person_number) where worker.active""",
    )
    return Offered(t.view("newcomers", f"from {newcomers} anti join {barred} using (person_number)"), waiting)


def likely_rehires(
    t: Scratch, profile: Profile, workforce: Workforce, asked: Relation, rules: list[RehireBy]
) -> Relation:
    """Former workers who agree with those in `asked` (columns of `workforce.workers`), by the first rule that finds any: a relation
    with the columns of `correlation.WAITING`."""
    # names are spelled in Python: only of those who agree in the rest
    others = [[field for field in rule.fields if field not in _PARTS] for rule in rules]
    agree = [
        " and ".join(f"{_plain(f'former.{quote(field)}')} = {_plain(f'returned.{quote(field)}')}" for field in fields)
        or "true"
        for fields in others
    ]
    with scratch(t.con) as own:
        # numbers first: whole rows of all who have left are not even read
        numbers = own.make("formers", " union ".join(
            f"""select former.person_number from {workforce.workers} former semi join {asked} returned on {condition}
            where not former.active""" for condition in agree
        ))  # fmt: skip
        if not numbers.made:
            return nothing(WAITING)
        formers = own.make(
            "formers",
            f"""from {workforce.workers} where not active and person_number in (select person_number from {numbers})
            and person_number in (select person_number from identities)""",
        )
        if not formers.made:
            return nothing(WAITING)
        some = " or ".join(f"exists (from {formers} former where {condition})" for condition in agree)
        returned = own.make("returned", f"from {asked} returned where {some}")
        keys = _keys(
            own, profile, workforce, rules, own.make("both", f"from {returned} union all by name from {formers}")
        )
        return t.make(
            "likely",
            query(__package__, "likely_rehires", keys=keys, asked=returned, formers=formers, likely=literal(LIKELY)),
        )


def _keys(own: Scratch, profile: Profile, workforce: Workforce, rules: list[RehireBy], workers: Relation) -> Relation:
    """person_number, rule (its place) and key: what must agree by each rule, as it is written and as it is spelled."""
    named = own.make("named", named_sql(profile, dt.date.max, workers, workforce.versions))
    spelled = spelled_parts(own, profile, named)
    keys = " union all ".join(
        f"""select person_number, {place} as rule, {_key(rule, spelled=is_spelled)} as key
        from {workers} written join {spelled} spelled using (person_number)"""
        for place, rule in enumerate(rules)
        for is_spelled in (False, True)
    )
    return own.make("keys", f"from ({keys}) where key is not null")


def _plain(column: str) -> str:
    return f"nullif(lower(replace({column}::varchar, ' ', '')), '')"


def _key(rule: RehireBy, *, spelled: bool) -> str:
    """SQL for what must agree, as one text; NULL where anything is blank."""
    names = [f"nullif(lower(spelled.{_PARTS[field]}), '')" if spelled else _plain(f"written.{quote(field)}")
             for field in rule.fields if field in _PARTS]  # fmt: skip
    others = [_plain(f"written.{quote(field)}") for field in rule.fields if field not in _PARTS]
    return " || chr(31) || ".join([*names, *others])


@dataclass(frozen=True)
class _Succession:
    """An approval: the worker with `number` was here before as `former`."""

    number: str
    former: str
    decided_by: str
    decided_at: dt.datetime


def take_over(t: Scratch, profile: Profile, workforce: Workforce, retired: Relation) -> Relation:
    """Carry out approvals: the names of a former number go to the number under which its worker is back.

    The former number keeps a pointer (`successions`), and is given no names again. Names that the newcomer was given meanwhile
    become former ones of theirs. An approval that cannot be carried out, because the former number is active again or has no
    names, is none: the worker is asked about as before.

    Returns `retired` (see `renames.retire`) with the former numbers that lost their names, and without those who took over.
    """
    for succession in _successions(t, profile, workforce.workers):
        retired = _hand_over(t, profile, workforce.day, succession, retired)
    return retired


def _hand_over(t: Scratch, profile: Profile, day: dt.date, succession: _Succession, retired: Relation) -> Relation:
    number, former = succession.number, succession.former
    with scratch(t.con) as own:
        released = own.make("released", "from identities where person_number = ? and status = 'released'", [former])
        lost = lost_names(own, profile, released)
        if lost.made:
            retired = t.make("retired", f"from {retired} union all by name from {retire(own, lost, 'released', day)}")
        else:
            retire(own, own.make("meanwhile", "select ?::varchar as person_number", [number]), "renamed", day)
            retired = t.make("retired", f"from {retired} where person_number <> ?", [number])
            t.run(
                f"update identities set person_number = ?, given_on = ?, {GIVEN_BACK} where person_number = ?",
                [number, day, former],
            )
    for table in ("former_names", "former_places"):
        t.run(f"update {table} set person_number = ? where person_number = ?", [number, former])
    t.run(
        "insert into successions values (?, ?, ?, ?, ?)",
        [former, number, day, succession.decided_by, succession.decided_at],
    )
    return retired


def _successions(t: Scratch, profile: Profile, workers: Relation) -> list[_Succession]:
    """Every approval that can be carried out now; of two workers who want the same, the one who was decided about first."""
    if not t.first("select 1 from identity_decisions where about = 'rehire' limit 1"):
        return []
    active = f"(select person_number from {workers} where active and ({scope_sql(profile)}))"
    decisions = latest_decisions("rehire")
    found = t.rows(query(__package__, "succession_decisions", decisions=decisions, active=active, workers=workers))
    return [_Succession(*row) for row in found]
