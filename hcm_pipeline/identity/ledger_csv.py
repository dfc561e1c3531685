"""The ledger as a CSV file: exported to be kept or looked at, imported to take over names that exist or to restore a ledger."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO

import duckdb
import pyarrow as pa

from hcm_pipeline.characters import heading, trimmed
from hcm_pipeline.directory import (
    COMMON_NAME,
    MAIL_NICKNAME,
    SAM,
    UPN_DOMAIN,
    UPN_LOCAL,
    Limit,
    canonical,
    folded_sql,
    key_sql,
)
from hcm_pipeline.errors import PipelineError
from hcm_pipeline.identity.attributes import STANDS_IN, entered
from hcm_pipeline.identity.ledger_csv_history import is_past, past_sql, take_past
from hcm_pipeline.warehouse import Relation, Scratch, first, scratch

COLUMNS = ("person_number", "user_principal_name", "sam_account_name", "common_name", "mail_nickname",
           "parent_distinguished_name", "status")  # fmt: skip
"""Of the file, in this order."""
REQUIRED = ("person_number", "user_principal_name")
STATUSES = ("given", "imported", "adopted", "released")
"""Of the names that a worker holds now; rows of the past have those of `ledger_csv_history`."""
_LIMITS = {"sam_account_name": SAM, "common_name": COMMON_NAME, "mail_nickname": MAIL_NICKNAME}


@dataclass(frozen=True)
class Refused:
    """A row that was not imported. `row` counts from 1, the header."""

    row: int
    column: str
    reason: str


@dataclass
class Imported:
    """The outcome of a file."""

    added: int = 0
    unchanged: int = 0
    refused: list[Refused] = field(default_factory=list)


def export_ledger(
    con: duckdb.DuckDBPyConnection, out: IO[str], versions: Relation | None = None, seen: Relation | None = None
) -> int:
    """Write every identity, and below it the rows of its past, in the order of person numbers; how many identities there are.

    `versions`: person_number and valid_from of every version of workers; of a worker with none the ledger was restored, and tells
    since when the names are given. `seen`: the names that somebody has looked at
    (`seen_names`). A row of the past is none, and neither are the names of a person number that stand in.
    Quoting as RFC 4180 has it.
    """
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    cursor = con.execute(f"""
        select {", ".join(COLUMNS)} from (
            select 0 as place, null as moment, {", ".join(COLUMNS)} from identities
            union all by name select place, moment, {", ".join(COLUMNS)} from ({past_sql(versions, seen)}))
        order by person_number, place, moment, status, user_principal_name, sam_account_name, common_name, mail_nickname""")
    while rows := cursor.fetchmany(10_000):
        writer.writerows(rows)
    row = first(con, "select count(*) from identities where upn_rule is distinct from ?", [STANDS_IN])
    return int(row[0]) if row else 0


def import_ledger(con: duckdb.DuckDBPyConnection, file: IO[str], day: dt.date) -> Imported:
    """Take names over, in the caller's transaction. Rows that break a rule are left out and reported; nothing that is held changes.

    A blank sAMAccountName or common name is not known: the rules give one at the next run. A blank mail nickname is the
    userPrincipalName before the @. When names were given is known from rows of the past alone: the clock says nothing about
    business dates, and `day` stands only for the end of former names whose row has none. Raises PipelineError when the file's
    columns are not those of the contract.
    """
    done = Imported()
    rows = list(_legal(_read(file), done))
    past = [(number, row) for number, row in rows if is_past(row["status"] or "")]
    rows = [(number, row) for number, row in rows if not is_past(row["status"] or "")]
    with scratch(con) as t:
        _enter(t, t.of_arrow("importing", _table(rows)), done)
    done.refused += [Refused(number, column, _OTHERS) for number, column in take_past(con, past, day.isoformat())]
    done.refused.sort(key=lambda refused: (refused.row, refused.column))
    return done


def _enter(t: Scratch, importing: Relation, done: Imported) -> None:
    """Enter the rows of the present (row_no and COLUMNS) that break no rule; `importing` keeps those that were added."""
    for reason, column, select in _refusals(importing):
        done.refused += [Refused(int(row), column, reason) for (row,) in t.rows(f"{select} order by 1")]
        t.run(f"delete from {importing} where row_no in ({select})")
    known = "person_number in (select person_number from identities)"
    done.unchanged = t.count(f"(from {importing} where {known})")
    t.run(f"delete from {importing} where {known}")
    done.added = t.count(importing)
    t.run(
        entered(f"""
            select * exclude (row_no), 'imported' as upn_rule,
                case when sam_account_name is not null then 'imported' end as sam_rule,
                case when common_name is not null then 'imported' end as cn_rule,
                case when parent_distinguished_name is null then null when status = 'adopted' then 'account'
                    when status = 'imported' then 'imported' end as placed_by from {importing}""")
    )


def _read(file: IO[str]) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(file, strict=True)
    try:
        header = next(reader, None)
        if header is None or [heading(name) for name in header] != list(COLUMNS):
            raise PipelineError(f"the first line must be the columns {','.join(COLUMNS)}")
        for row in reader:
            if row:
                yield (
                    reader.line_num,
                    dict(zip(COLUMNS, map(trimmed, row), strict=False)) if len(row) == len(COLUMNS) else {},
                )
    except (csv.Error, UnicodeDecodeError) as error:
        raise PipelineError(f"row {reader.line_num + 1}: not a CSV file in UTF-8 ({type(error).__name__})") from None


def _legal(rows: Iterable[tuple[int, dict[str, str]]], done: Imported) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Rows that are legal by themselves; the faults of the others go to `done`."""
    for number, row in rows:
        faults = list(_faults(row))
        done.refused += [Refused(number, column, reason) for column, reason in faults]
        if not faults:
            values: dict[str, str | None] = {column: row[column] or None for column in COLUMNS}
            values["status"] = values["status"] or "imported"
            if values["parent_distinguished_name"]:
                values["parent_distinguished_name"] = canonical(values["parent_distinguished_name"])
            if values["status"] in STATUSES:
                values["mail_nickname"] = (
                    values["mail_nickname"] or (values["user_principal_name"] or "").partition("@")[0]
                )
            yield number, values


def _faults(row: dict[str, str]) -> Iterator[tuple[str, str]]:
    if not row:
        yield "(row)", f"has not {len(COLUMNS)} fields"
        return
    status = row["status"]
    for column in REQUIRED if status in ("", *STATUSES) else ("person_number",):
        if not row[column]:
            yield column, "is blank"
    if row["parent_distinguished_name"]:
        try:
            canonical(row["parent_distinguished_name"])
        except ValueError as error:
            yield "parent_distinguished_name", str(error)
    if is_past(status):
        if status.startswith("former"):
            yield from _name_faults({**row, "common_name": "", "mail_nickname": ""})
        return
    if status not in ("", *STATUSES):
        yield "status", f"is none of {', '.join(STATUSES)}, nor one of a row of the past"
    yield from _name_faults(row)


def _name_faults(row: dict[str, str]) -> Iterator[tuple[str, str]]:
    local, at, domain = row["user_principal_name"].partition("@")
    checks: list[tuple[str, Limit, str]] = [("user_principal_name", UPN_LOCAL, local)]
    if local:
        checks.append(("user_principal_name", UPN_DOMAIN, domain if at else ""))
    checks += [(column, limit, row[column]) for column, limit in _LIMITS.items() if row[column]]
    for column, limit, value in checks:
        if local or column != "user_principal_name":
            yield from ((column, fault) for fault in limit.faults(value))


def _table(rows: list[tuple[int, dict[str, str | None]]]) -> pa.Table:
    columns = {column: pa.array([row[column] for _, row in rows], pa.string()) for column in COLUMNS}
    return pa.table({"row_no": pa.array([number for number, _ in rows], pa.int64()), **columns})


_Refusal = tuple[str, str, str]
"""Why rows are refused, the column, and a SELECT of their row numbers."""
_TWICE, _OTHERS = "is in another row of the file, too", "belongs to another worker"
_CN_KEY = f"{folded_sql('common_name')} || chr(31) || coalesce({folded_sql(key_sql('parent_distinguished_name'))}, '')"
_KEYS = {
    "user_principal_name": folded_sql("user_principal_name"),
    "mail_nickname": folded_sql("mail_nickname"),
    "sam_account_name": folded_sql("sam_account_name"),
    "common_name": _CN_KEY,
}
"""Unique column to SQL for the form in which it is compared."""


def _refusals(importing: Relation) -> list[_Refusal]:
    """The rules about rows of the file together, and about the ledger, in the order in which they are applied."""
    twice = f"select row_no from {importing} qualify count(*) over (partition by person_number) > 1"
    held = "holds other names already, and keeps them"
    return [
        (_TWICE, "person_number", twice),
        (held, "person_number", _other_names_sql(importing)),
        *(refusal for column, key in _KEYS.items() for refusal in _taken(importing, column, key)),
    ]


def _other_names_sql(importing: Relation) -> str:
    return f"""
        select imported.row_no from {importing} imported join identities ledger using (person_number)
        where (imported.user_principal_name, imported.mail_nickname) <> (ledger.user_principal_name, ledger.mail_nickname)
            or coalesce(imported.sam_account_name <> ledger.sam_account_name, false)
            or coalesce(imported.common_name <> ledger.common_name, false)
            or coalesce({key_sql("imported.parent_distinguished_name")} <> {key_sql("ledger.parent_distinguished_name")}, false)"""


def _taken(importing: Relation, column: str, key: str) -> list[_Refusal]:
    """Rows that ask for what another row of the file, or another worker of the ledger, has."""
    in_file = f"""select row_no from {importing} where {key} is not null and status <> 'released'
        qualify count(*) over (partition by {key}) > 1"""
    in_ledger = f"""
        select imported.row_no
        from (select row_no, person_number, {key} as key from {importing} where status <> 'released') imported
        join (select person_number, {key} as key from identities where status <> 'released') ledger on ledger.key = imported.key
        where imported.person_number <> ledger.person_number"""
    return [(_TWICE, column, in_file), (_OTHERS, column, in_ledger)]
