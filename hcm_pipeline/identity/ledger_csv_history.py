"""The ledger's past as rows of its CSV file: what was held before, where, and what people decided.

The columns are those of the contract, and a worker's present is one row with a plain status. All else that a restored ledger must
know stands in rows of its own, below the worker's, and their status says what they tell:

| status | columns that are filled | tells |
|---|---|---|
| `former until <date>` | userPrincipalName, sAMAccountName | names that stay reserved for the worker |
| `moved until <date>, <cause>` | common name, container | where the account was before |
| `released on <date>` | | since when others may have the names |
| `stand-in` | | the names are of the person number, and the spelling waits in `identity review` |
| `given on <date>` | | since when the worker, who was there before, has the names |
| `placed by <rule>` | | whose the container is, where the status does not tell |
| `succeeded by <number> on <date>, decided by <user> at <time>` | | the number's names are another number's |
| `likely rehire since <date>` | | has names, and waits in `identity review` all the same |
| `decided about account (or rehire, number) by <user> at <time>` | userPrincipalName; the former number as common name | |
| `spelled <part> by <user> at <time>` | the part as written as common name, its spelling as mail nickname | |
| `seen as written on <date>, decided by <user> at <time>` | the text as common name | an odd name is meant |
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import duckdb

from hcm_pipeline.directory import folded_sql
from hcm_pipeline.identity.attributes import STANDS_IN
from hcm_pipeline.identity.placement import FOUND
from hcm_pipeline.identity.rehires import LIKELY
from hcm_pipeline.warehouse import Relation, first, literal, query

_TIME = "strftime(decided_at, '%Y-%m-%dT%H:%M:%S.%fZ')"
_NO_VERSIONS = "(select null::varchar as person_number, null::date as valid_from limit 0)"
_NOTHING_SEEN = """(select null::varchar as person_number, null::varchar as "value", null::date as business_date,
    null::varchar as decided_by, null::timestamptz as decided_at limit 0)"""
_FOUND = ", ".join(map(literal, FOUND))
_ASSUMED = """case when parent_distinguished_name is null then null when status = 'adopted' then 'account'
    when status = 'imported' then 'imported' end"""
"""SQL: `placed_by` as an import takes it from a row of the present; NULL stands for the rules."""


def past_sql(versions: Relation | None, seen: Relation | None) -> str:
    """SELECT: the columns of the file for every row of the past, `place` and `moment` to order those of one worker by.

    `versions`: person_number and valid_from of every version of workers; None: nothing is told of when names were given.
    `seen`: the names that somebody has looked at, as the table `seen_names` has them; None: none.
    """
    before = "date '0001-01-01'" if versions else "null::date"
    return query(
        __package__, "ledger_past", versions=versions or _NO_VERSIONS, before=before, stands_in=literal(STANDS_IN),
        likely=literal(LIKELY), found=_FOUND, assumed=_ASSUMED, decided_at=_TIME, seen=seen or _NOTHING_SEEN,
    )  # fmt: skip


_GIVEN_ON = """update identities set given_on = $date::date where person_number = $person_number and upn_rule = 'imported'
    and coalesce(given_on < $date::date, $date::varchar is not null)"""
_DATE, _SAID = r"(?P<date>\d{4}-\d\d-\d\d)", r"by (?P<by>.+) at (?P<at>\d{4}-\d\d-\d\dT[0-9:.]+Z)"
_WRITERS: dict[str, tuple[str, ...]] = {
    rf"former(?: until {_DATE})?": (
        *(
            f"""insert into former_names select $person_number, '{name}', ${name}, 'renamed', coalesce($date, $day)::date
            where ${name}::varchar is not null and not exists (from former_names where person_number = $person_number
                and attribute = '{name}' and lower(name) = lower(${name}) and until = coalesce($date, $day)::date)"""
            for name in ("user_principal_name", "sam_account_name")
        ),
        _GIVEN_ON,
    ),
    rf"moved until {_DATE}, (?P<cause>worker|date|rules)": (
        """insert into former_places (select $person_number, $common_name, $parent_distinguished_name, $date::date, $cause
            except from former_places where person_number = $person_number)""",
        """update identities set placed_on = $date::date where person_number = $person_number and upn_rule = 'imported'
        and coalesce(placed_on < $date::date, true)""",
    ),
    rf"released on {_DATE}": (
        """update identities set released_on = $date::date where person_number = $person_number and status = 'released'
        and released_on is null""",
    ),
    rf"given on {_DATE}": (_GIVEN_ON,),
    "stand-in": (
        f"""update identities set upn_rule = {literal(STANDS_IN)}, sam_rule = {literal(STANDS_IN)}, cn_rule = {literal(STANDS_IN)}
        where person_number = $person_number and upn_rule = 'imported'""",
    ),
    "placed by (?P<rule>account|imported|rule)": (
        """update identities set placed_by = nullif($rule, 'rule') where person_number = $person_number
        and upn_rule = 'imported'""",
    ),
    rf"succeeded by (?P<successor>.+) on {_DATE}, decided {_SAID}": (
        """insert into successions (select $person_number, $successor, $date::date, $by, $at::timestamptz
            except from successions where person_number = $person_number)""",
        _GIVEN_ON.replace("= $person_number", "= $successor"),
    ),
    rf"{LIKELY} since {_DATE}": (
        f"""insert into identity_reviews by name select $person_number as person_number, '{LIKELY}' as reason, [] as accounts,
            [] as former, $date::date as opened_on
        where not exists (from identity_reviews where person_number = $person_number)""",
    ),
    rf"decided about (?P<about>account|rehire|number) {_SAID}": (
        """insert into identity_decisions (person_number, about, account, same_as, decided_by, decided_at, how)
        (select *, 'import' from (
            select $person_number, $about, $user_principal_name, $common_name, $by, $at::timestamptz
            except select person_number, about, account, same_as, decided_by, decided_at
            from identity_decisions where person_number = $person_number))""",
    ),
    rf"spelled (?P<part>first|preferred|middle|last) {_SAID}": (
        """insert into spelling_decisions (select *, 'import' from (
            select $person_number, $part, $common_name, $mail_nickname, $by, $at::timestamptz
            except select * exclude (how) from spelling_decisions where person_number = $person_number))""",
    ),
    rf"seen as written on {_DATE}, decided {_SAID}": (
        """insert into seen_names (select *, 'import' from (
            select $person_number, $common_name, $date::date, $by, $at::timestamptz
            except select * exclude (how) from seen_names where person_number = $person_number))""",
    ),
}
"""The statements of a row of each status over the row's columns and the named groups of the status."""

Row = dict[str, str | None]


def is_past(status: str) -> bool:
    """Whether a row of this status tells of the past."""
    return any(re.fullmatch(pattern, status) for pattern in _WRITERS)


def take_past(con: duckdb.DuckDBPyConnection, rows: Iterable[tuple[int, Row]], day: str) -> Iterator[tuple[int, str]]:
    """Enter rows of the past, behind those of the present; yields (row, column) of former names that another worker has now.

    A row that is known already changes nothing. Stand-ins come last: until then a row of the present is known as imported.
    `day` (ISO) stands for the date that a row of former names does not tell.
    """
    for number, row in sorted(rows, key=lambda each: each[1]["status"] == "stand-in"):
        for pattern, statements in _WRITERS.items():
            match = re.fullmatch(pattern, row["status"] or "")
            if not match:
                continue
            taken = _held_by_others(con, row) if pattern.startswith("former") else None
            if taken:
                yield number, taken
                continue
            values = {**row, **match.groupdict(), "day": day}
            for statement in statements:
                con.execute(statement, {name: values[name] for name in re.findall(r"\$([a-z_]+)", statement)})


def _held_by_others(con: duckdb.DuckDBPyConnection, row: Row) -> str | None:
    """The column of a row of former names whose name somebody else holds."""
    for column in ("user_principal_name", "sam_account_name"):
        same = f"{folded_sql(column)} = {folded_sql('$name')}"
        if first(
            con,
            f"select 1 from identities where {same} and person_number <> $number and status <> 'released'",
            {"name": row[column], "number": row["person_number"]},
        ):
            return column
    return None
