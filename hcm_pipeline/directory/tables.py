"""The live directory in the warehouse: its objects, and their names in the form in which names are compared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from hcm_pipeline.directory.entries import ALL_STATED, CHANGES, SCHEMA, VALUES
from hcm_pipeline.directory.findings import Finding
from hcm_pipeline.directory.folding import folded_sql
from hcm_pipeline.directory.name_limits import COMMON_NAME, SAM, UPN_LOCAL, beginning_sql
from hcm_pipeline.warehouse import Relation, Scratch, first, literal, query, quote

FEW = 10
"""A directory may lose as many objects at once whatever share of it they are, as long as some are left."""

_COLUMNS = ", ".join(quote(name) for name in SCHEMA.names)


@dataclass(frozen=True)
class Counts:
    """The outcome of a reading: how many objects there are now, and how many are new, different or gone."""

    objects: int
    changed: int


def apply(t: Scratch, directory: str, incoming: Relation, read_at: dt.datetime, *, onto_known: bool) -> Counts:
    """Bring what is known of `directory` up to date with `incoming` (see `stage`), in the caller's transaction.

    Not `onto_known`: what was known before goes. A value that no answer states is then null, otherwise as it was
    known. The answers about one object count in their order, value by value, however often they come. `incoming` is dropped as
    soon as it was read: with a million objects it takes memory.
    """
    folded = t.make("folded", _folded_sql(incoming))
    t.drop(incoming)
    known = f"from directory_objects where directory = ?{'' if onto_known else ' and false'}"
    present = t.make(
        "present",
        f"""select ? as directory, said.object_id, said.kind, said.deleted or said.removed is not null as deleted,
            {", ".join(_merged(place, name) for place, name in enumerate(VALUES))}
        from {folded} said left join ({known}) known using (object_id)
        where said.removed is null or (said.removed <> 'deleted' and (said.stated > 0 or known.object_id is not null))""",
        [directory, directory],
    )
    of_answers = f"object_id in (select object_id from {folded})" if onto_known else "true"
    changed = _changed(t, directory, present, of_answers)
    for table in ("directory_objects", "directory_names"):
        t.run(f"delete from {table} where directory = ? and {of_answers}", [directory])
    t.run(f"insert into directory_objects by name select directory, {_COLUMNS} from {present}")
    t.run(f"insert into directory_names by name {_names_sql(directory, present)}")
    t.drop(present, folded)
    objects = _count(t.con, "select count(*) from directory_objects where directory = ?", directory)
    t.run("insert or replace into directory_reads values (?, ?, ?)", [directory, read_at, objects])
    return Counts(objects, changed)


def stage(t: Scratch, batches: Iterable[pa.RecordBatch]) -> Relation:
    """Every row of batches of CHANGES, or of SCHEMA where every value is stated: their columns, and `place`, their order."""
    columns = ", ".join(quote(name) for name in CHANGES.names)
    incoming = stage_query(t, f"select 0::bigint as place, {_COLUMNS} from directory_objects limit 0")
    place = 0
    for batch in batches:
        if not batch.num_rows:
            continue
        arrived = t.of_arrow("batch", pa.Table.from_batches([_as_changes(batch)]))
        t.run(
            f"insert into {incoming} by name select {place} + row_number() over () as place, {columns} from {arrived}"
        )
        t.drop(arrived)
        place += batch.num_rows
    return incoming


def stage_query(t: Scratch, select: str) -> Relation:
    """The same of a SELECT with `place` and the columns of SCHEMA, every value of which is stated."""
    return t.make("incoming", f"select *, {ALL_STATED}::bigint as stated, null::varchar as removed from ({select})")


def _as_changes(batch: pa.RecordBatch) -> pa.RecordBatch:
    if batch.num_columns == len(CHANGES):
        return batch.cast(CHANGES)
    stated = pa.array([ALL_STATED] * batch.num_rows, pa.int64())
    return pa.RecordBatch.from_arrays(
        [*batch.cast(SCHEMA).columns, stated, pa.nulls(batch.num_rows, pa.string())], schema=CHANGES
    )


def _merged(place: int, name: str) -> str:
    return f"case when said.stated & {1 << place} > 0 then said.{name} else known.{name} end as {name}"


def _folded_sql(incoming: Relation) -> str:
    """One row: one object, with the last that was said of each of its values."""
    last_told = ", ".join(
        f"last({name} order by place) filter (stated & {1 << place} > 0) as {name}" for place, name in enumerate(VALUES)
    )
    return f"""
        with again as (select object_id from {incoming} group by all having count(*) > 1),
        once as (
            select object_id, kind, deleted, {", ".join(VALUES)}, stated, removed from {incoming} anti join again using (object_id))
        from once
        union all by name
        select object_id, last(kind order by place) as kind, last(deleted order by place) as deleted, {last_told},
            bit_or(stated) as stated, last(removed order by place) as removed
        from {incoming} semi join again using (object_id) group by object_id"""


def _digest_sql() -> str:
    """SQL over objects: what stands for all their values."""
    return f"hash({_COLUMNS})"


def _changed(t: Scratch, directory: str, present: Relation, of_answers: str) -> int:
    """How many rows of `present` are not known as they are, and how many known objects, of those in question, are gone."""
    return _count(
        t.con,
        f"""with now as (select object_id, {_digest_sql()} as digest from {present}),
        known as (select object_id, {_digest_sql()} as digest from directory_objects where directory = ? and {of_answers})
        select count(*) from now full join known using (object_id) where now.digest is distinct from known.digest""",
        directory,
    )


def living(con: duckdb.DuckDBPyConnection, directory: str) -> int:
    """How many objects of the directory are known that are not deleted."""
    return _count(con, "select count(*) from directory_objects where directory = ? and not deleted", directory)


def loss_findings(
    con: duckdb.DuckDBPyConnection, directory: str, before: int, max_loss_percent: float
) -> list[Finding]:
    """A finding (`directory_loss`) when suspiciously many of the `before` living objects are gone after a reading.

    A right that was taken away, another target or another base look like a directory that lost its objects; forgetting them
    would free their names.
    """
    after = living(con, directory)
    lost = before - after
    if not ((after == 0 and before) or (lost > FEW and lost > before * max_loss_percent / 100)):
        return []
    return [
        Finding(
            "directory_loss",
            f"{directory}: had {before:,} objects and now shows {after:,}; a right, a base or a target may have changed, so what "
            "was known is kept",
            f"if it is so, `hcm-pipeline identity directory {directory} --accept-loss` takes it",
        )
    ]


def keep_domains(con: duckdb.DuckDBPyConnection, directory: str, domains: Mapping[str, bool] | None) -> None:
    """Replace what is known of the directory's domains (name to whether it is verified); None: nothing is known."""
    con.execute("delete from directory_domains where directory = ?", [directory])
    for name, verified in sorted((domains or {}).items()):
        con.execute("insert into directory_domains values (?, ?, ?)", [directory, name.lower(), verified])


def keep_roles(con: duckdb.DuckDBPyConnection, directory: str, roles: Mapping[str, Sequence[str]]) -> None:
    """Replace what is known of the roles that a directory's users have, by their ids."""
    con.execute(
        "update directory_objects set member_of = null where directory = ? and member_of is not null", [directory]
    )
    for object_id, names in sorted(roles.items()):
        con.execute(
            "update directory_objects set member_of = ? where directory = ? and object_id = ?",
            [list(names), directory, object_id],
        )


@dataclass(frozen=True)
class Link:
    """From where on a directory's changes are still to be read.

    `scope` is what the link was made for: with another target or other properties it counts for nothing. `full_at` is when
    everything was read last.
    """

    resource: str
    link: str
    scope: str
    full_at: dt.datetime


def links(con: duckdb.DuckDBPyConnection, directory: str) -> dict[str, Link]:
    """The kept links of a directory, by resource."""
    rows = con.execute(
        "select resource, link, scope, full_at from directory_links where directory = ?", [directory]
    ).fetchall()
    return {row[0]: Link(*row) for row in rows}


def keep_links(con: duckdb.DuckDBPyConnection, directory: str, kept: Sequence[Link]) -> None:
    """Replace the links of a directory, in the transaction of the rows that they stand for."""
    con.execute("delete from directory_links where directory = ?", [directory])
    for one in kept:
        con.execute(
            "insert into directory_links values (?, ?, ?, ?, ?)",
            [directory, one.resource, one.link, one.scope, one.full_at],
        )


def forget_others(con: duckdb.DuckDBPyConnection, names: Iterable[str]) -> list[str]:
    """Forget directories that the profile no longer has, in the caller's transaction; which ones."""
    kept = set(names)
    gone = [name for name in last_read(con) if name not in kept]
    for name in gone:
        for table in TABLES:
            con.execute(f"delete from {table} where directory = ?", [name])
    return gone


TABLES = ("directory_objects", "directory_names", "directory_reads", "directory_links", "directory_domains")


def last_read(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[dt.datetime, int]]:
    """When each directory was read, and how many objects it had."""
    return {name: (at, count) for name, at, count in con.execute("from directory_reads order by 1").fetchall()}


def _count(con: duckdb.DuckDBPyConnection, query: str, *values: object) -> int:
    row = first(con, query, values)
    return int(row[0]) if row else 0


CONTAINER = r"regexp_replace(distinguished_name, '^(?:[^,\\]|\\.)*,', '')"
"""SQL: the distinguished name of the container that an object is in (RFC 4514: a comma in a value is escaped)."""
_FIRST = r"nullif(regexp_extract(distinguished_name, '^[Cc][Nn]=((?:[^,\\]|\\.)*),', 1), '')"
RELATIVE_NAME = rf"regexp_replace({_FIRST}, '\\(.)', '\1', 'g')"
"""SQL: the common name at the beginning of a distinguished name, for directories that do not tell it otherwise."""
_OWNER = "case when kind = 'user' and not deleted then employee_id end"
_BEGINNING = f"""case attribute when 'sam' then {beginning_sql("key", SAM, folded=True)}
    when 'common_name' then {beginning_sql("split_part(key, chr(31), 1)", COMMON_NAME, folded=True)}
    else {beginning_sql("split_part(key, '@', 1)", UPN_LOCAL, folded=True)} end"""


def _names_sql(directory: str, present: Relation) -> str:
    return query(
        __package__, "directory_names", present=present, directory=literal(directory), owner=_OWNER, container=CONTAINER,
        relative_name=RELATIVE_NAME, beginning=_BEGINNING, folded=folded_sql("name"), folded_place=folded_sql("place"),
    )  # fmt: skip
