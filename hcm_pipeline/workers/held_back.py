"""Held-back cells: a row counts without the cells that break a rule, and the last good value stays in their place.

An exit always gets through. Of a worker who is known, each bad cell takes the value that was valid before; everything else of the
row counts. Where the profile holds back whole rows, status and last day still count as far as they end somebody. A row whose
status, hire date or last day is bad may end a working life, and may not begin one. A newcomer waits for what an account cannot be
without, and for nothing else.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from dataclasses import dataclass

from hcm_pipeline.profile import NAME_PARTS, Profile
from hcm_pipeline.warehouse import DUCKDB_TYPES, Relation, Scratch, literal, quote
from hcm_pipeline.workers.batch import Batch
from hcm_pipeline.workers.normalise import DIGEST_TYPE, digest_of

LIFE_FIELDS = ("active", "hire_date", "termination_date")
"""The fields that begin and end a working life."""


@dataclass(frozen=True)
class Deciding:
    """Fields by what hangs on them.

    `row` tell the rows of one worker apart, `rank` choose among these rows, and an account cannot be made without those in
    `newcomer`. By those in `spelling`, names are spelled that are not plain ASCII.
    """

    row: list[str]
    rank: list[str]
    newcomer: list[str]
    spelling: list[str]


def deciding(profile: Profile) -> Deciding:
    """The deciding fields of a profile, as far as it maps them."""
    workers, identity = profile.workers, profile.identity
    slices, life, language = workers.slices, workers.life, identity.spelling.language
    row = [*workers.row_key, *([slices.from_] if slices else [])]
    rank = [*LIFE_FIELDS, *(step.field for step in workers.pick), *([slices.to] if slices and slices.to else [])]
    conditions = [
        *profile.scope.include,
        *(zone.when for zone in life.zones),
        *(special.when for special in identity.special),
        *(rule.when for rule in identity.domains),
        *(place.when for place in identity.placement),
        *(when for when in (life.erased, life.on_leave) if when),
    ]
    first = [n.candidates[0] for n in (identity.user_principal_name, identity.sam_account_name, identity.common_name)]
    names = [NAME_PARTS.get(part, part) for template in first for part in re.findall(r"\{([a-z0-9_]+)", template)]
    newcomer = [
        *(name for name, spec in profile.columns.items() if spec.required),
        *LIFE_FIELDS,
        *names,
        *(clause.field for group in profile.scope.groups for clause in group.clauses),
        *(name for name in profile.columns for when in conditions if re.search(rf"\b{name}\b", when)),
        *(rule.field for rule in identity.adopt),
        *(field for fields in identity.spelling.latin.values() for field in fields),
        *(["country"] if identity.family_name_first or identity.patronymics == "drop" else []),
    ]
    if workers.many_rows:
        newcomer += [*row, *rank]
    spelling = ["country", *([language] if language else [])]
    return Deciding(
        *([n for n in dict.fromkeys(names) if n in profile.columns] for names in (row, rank, newcomer, spelling))
    )


def over_sql(profile: Profile, day: dt.date, of: str = "") -> str:
    """SQL (BOOLEAN, never null): the row says that this working life has ended by a day."""
    hire, last = (
        f"{of}{name}" if name in profile.columns else "null::date" for name in ("hire_date", "termination_date")
    )
    ended = f"{last} < date {literal(day.isoformat())} and ({hire} is null or {last} >= {hire})"
    return f"(coalesce(not {of}active, false) or coalesce({ended}, false))"


def patched_rows(t: Scratch, batch: Batch, violations: Relation, several: Relation, day: dt.date) -> Relation:
    """The rows that violate a rule, as they count without their bad cells: the facts, digest, extract_id, row_no, stands (the row
    counts) and is_over (what can be read of it says that this working life has ended).

    `violations` are those of `validation`. Of the workers in `several`, several rows may speak: what chooses among them must be
    readable.
    """
    profile, known = batch.profile, batch.known
    bad = {str(field) for (field,) in t.rows(f"select distinct field from {violations}")}
    if not bad:  # nearly every file: then nothing is asked of anybody
        return _nobody(t, profile, {"is_over": "boolean", "stands": "boolean"})
    broken = t.make("broken", f"select extract_id, row_no, list(distinct field) as bad from {violations} group by all")
    keys = [f"own.{quote(key)} is not distinct from n.{quote(key)}" for key in profile.workers.row_key]
    own = (
        f"left join {known.by_key} own on {' and '.join(['own.person_number = n.person_number', *keys])}"
        if keys
        else ""
    )
    cells = ", ".join(f"{_cell(profile, name, bad)} as {quote(name)}" for name in profile.columns)
    dates = _list(["hire_date", "termination_date"])
    read_over = f"""if(list_has_any(bad, {dates}), not list_contains(bad, 'active') and coalesce(not n.active, false),
        {over_sql(profile, day, "n.")})"""
    counted = f"""select n.extract_id, n.row_no, bad, worker.person_number is not null as is_known,
            {_same_row(profile)} as same_row, coalesce(worker.enabled, false) as is_enabled,
            n.person_number in (from {several}) as is_ranked,
            {_before(profile, "active")} as active_before, {_last_day_before(profile)} as last_day_before,
            {read_over} as is_over, {cells}
        from {batch.rows(broken)} n join {broken} using (extract_id, row_no)
        left join {known.workers} worker on worker.person_number = n.person_number {own}"""
    begins = f"list_has_any(bad, {_list(LIFE_FIELDS)}) and is_known and not is_enabled"
    made = t.make(
        "patched",
        f"""select {_columns(profile)}, {digest_of(list(profile.columns))} as digest, extract_id, row_no, is_over,
            {_stands(profile)} as stands
        from (select * {_not_begun(profile, begins)} from ({counted}))""",
    )
    t.drop(broken)
    return made


def agreed_rows(
    t: Scratch, profile: Profile, candidates: str, workers: Relation, waiting: str, day: dt.date
) -> Relation:
    """The things on which rows that contradict each other agree, a row for each worker: the facts, digest, extract_id and row_no
    (of one of them), torn (the fields in which they differ), is_over (all say that this working life has ended) and stands (it
    counts).

    `candidates`, in parentheses, has the facts of the rows, extract_id, row_no and later (those that lend their place last).
    Where they differ the last good value stays, of `workers`. Where all name a last day the latest counts. `waiting` is a SELECT
    of the person numbers of whom a row cannot count at all.
    """
    if not t.count(candidates):
        return _nobody(t, profile, {"torn": "varchar[]", "is_over": "boolean", "stands": "boolean"})
    names = [name for name in profile.columns if name != "person_number"]
    own = ", ".join(
        f"any_value({quote(name)}) as {quote(name)}, "
        f"count(distinct coalesce({quote(name)}::varchar, chr(30))) > 1 as {quote(_torn(name))}"
        for name in names
    )
    torn = ", ".join(f"if({quote(_torn(name))}, {literal(name)}, null)" for name in names)
    hire, last = (name if name in profile.columns else "null::date" for name in ("hire_date", "termination_date"))
    last_before = "worker.termination_date" if "termination_date" in profile.columns else "null::date"
    last_day = f"if({hire} is null or {last} >= {hire}, {last}, null)"
    grouped = f"""select person_number, {own}, bool_and({over_sql(profile, day)}) as is_over, bool_and(active) as every_active,
            max({last_day}) as latest_day, count({last_day}) = count(*) as every_day,
            first(extract_id order by later, extract_id, row_no) as extract_id,
            first(row_no order by later, extract_id, row_no) as row_no
        from {candidates} group by person_number"""
    values = ", ".join(f"{_agreed(profile, name)} as {quote(name)}" for name in names)
    put = f"""select one.person_number, one.extract_id, one.row_no, one.is_over, worker.person_number is not null as is_known,
            coalesce(worker.enabled, false) as is_enabled, false as is_ranked, true as same_row,
            worker.active as active_before, {last_before} as last_day_before,
            list_filter([{torn}], lambda name: name is not null) as bad, {values}
        from ({grouped}) one left join {workers} worker on worker.person_number = one.person_number"""
    begins = f"list_has_any(bad, {_list(LIFE_FIELDS)}) and is_known and not is_enabled"
    return t.make(
        "agreed",
        f"""select {_columns(profile)}, {digest_of(list(profile.columns))} as digest, extract_id, row_no, bad as torn, is_over,
            {_stands(profile)} and person_number not in ({waiting}) as stands
        from (select * {_not_begun(profile, begins)} from ({put}))""",
    )


def _nobody(t: Scratch, profile: Profile, more: dict[str, str]) -> Relation:
    fields = {name: DUCKDB_TYPES[profile.types[name]] for name in profile.columns}
    return t.empty("nobody", {**fields, "digest": DIGEST_TYPE, "extract_id": "integer", "row_no": "bigint", **more})


def _columns(profile: Profile) -> str:
    return ", ".join(map(quote, profile.columns))


def _list(names: list[str] | tuple[str, ...]) -> str:
    return f"[{', '.join(map(literal, names))}]::varchar[]"


def _torn(name: str) -> str:
    return f"{name} torn"


def _before(profile: Profile, name: str) -> str:
    """SQL for the last good value of a field: of the worker's row with the same key, or else of the worker."""
    if not profile.workers.row_key:
        return f"worker.{quote(name)}"
    return f"if(own.person_number is not null, own.{quote(name)}, worker.{quote(name)})"


def _last_day_before(profile: Profile) -> str:
    return _before(profile, "termination_date") if "termination_date" in profile.columns else "null::date"


def _same_row(profile: Profile) -> str:
    """SQL (BOOLEAN): the very row is known, by what tells the rows of a worker apart."""
    slices = profile.workers.slices
    tests = ["own.person_number is not null"] if profile.workers.row_key else []
    if slices:
        tests.append(f"{_before(profile, slices.from_)} is not distinct from n.{quote(slices.from_)}")
    return f"({' and '.join(tests) or 'false'})"


def _cell(profile: Profile, name: str, broken: Collection[str]) -> str:
    """SQL for a field of a row that counts without its bad cells; `broken`: the fields that any row has a bad cell of."""
    value, before = f"n.{quote(name)}", _before(profile, name)
    if name == "person_number" or (profile.workers.hold_back == "cell" and name not in broken):
        return value
    bad = f"list_contains(bad, {literal(name)})"
    if profile.workers.hold_back == "cell":
        return f"if({bad}, {before}, {value})"
    if name == "active":
        return f"if({bad} or {value}, {before}, {value})"
    return f"if({bad} or {value} is null, {before}, {value})" if name == "termination_date" else before


def _agreed(profile: Profile, name: str) -> str:
    value, before, torn = f"one.{quote(name)}", f"worker.{quote(name)}", f"one.{quote(_torn(name))}"
    by_row = profile.workers.hold_back == "row"
    if name == "active":
        agreed = f"when not {torn} and not {value} then false" if by_row else f"when not {torn} then {value}"
        return f"case {agreed} when one.is_over then one.every_active else {before} end"
    if name == "termination_date":
        said = f"when not {torn} and ({value} is not null or {'false' if by_row else 'true'}) then {value}"
        return (
            f"case {said} when one.is_over or one.every_day then coalesce(one.latest_day, {before}) else {before} end"
        )
    return before if by_row else f"if({torn}, {before}, {value})"


def _not_begun(profile: Profile, doubtful: str) -> str:
    """SQL (REPLACE of a select list): where it is doubtful whether a working life has begun, it stays as it was."""
    replaced = [f"if({doubtful}, active and active_before, active) as active"]
    if "termination_date" in profile.columns:
        replaced.append(
            f"if({doubtful}, least(termination_date, last_day_before), termination_date) as termination_date"
        )
    return f"replace ({', '.join(replaced)})"


def _stands(profile: Profile) -> str:
    """SQL (BOOLEAN, never null): a row without the fields in `bad` counts."""
    fields, by_cell = deciding(profile), profile.workers.hold_back == "cell"
    names = ", ".join(
        quote(name) for name in NAME_PARTS.values() if name in profile.columns and name != "person_number"
    )
    plain = rf"regexp_full_match(concat_ws(' ', {names}), '[\x00-\x7f]*')"
    newcomer = f"""not list_has_any(bad, {_list(fields.newcomer)})
        and ({plain} or not list_has_any(bad, {_list(fields.spelling)}))"""
    among_rows = f"""not list_has_any(bad, {_list(fields.row)})
        and (same_row or {f"not list_has_any(bad, {_list(fields.rank)})" if by_cell else "false"})"""
    return f"""case when person_number is null or list_contains(bad, 'person_number') then false
        when not is_known then {newcomer if by_cell else "len(bad) = 0"}
        when is_ranked then {among_rows if profile.workers.many_rows else "true"} else true end"""
