"""Names, mail and phones of Microsoft Entra ID's users, with their history: everything once, then what has changed.

Sources: "Use delta query to track changes in Microsoft Graph data" and "user: delta" of the Microsoft Graph v1.0 reference. The
rows and the link for the next time are kept in one transaction. A user comes with the properties that have changed; the same may
come several times, and pages may be empty. A link that the service knows no more leads to a full reading.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import orjson
import pyarrow as pa

from hcm_pipeline.errors import PipelineError
from hcm_pipeline.warehouse import Relation, Scratch, Warehouse, first, query, scratch, transaction

if TYPE_CHECKING:
    from hcm_pipeline.entra import GraphClient

PROPERTIES = {
    "employeeId": "employee_id",
    "userPrincipalName": "user_principal_name",
    "mail": "mail",
    "businessPhones": "work_phone",
    "mobilePhone": "mobile_phone",
    "accountEnabled": "enabled",
}
"""Properties of Graph, and the columns that they become."""
FULL_AFTER = dt.timedelta(days=30)
"""Everything is read anew when the last time is longer ago."""
KEPT = dt.timedelta(days=366)
"""How long it is known what a user had before."""
LINK = "contacts link"
_COLUMNS = tuple(PROPERTIES.values())
_SCHEMA = pa.schema(
    [
        pa.field("object_id", pa.string(), nullable=False),
        *(pa.field(name, pa.bool_() if name == "enabled" else pa.string()) for name in _COLUMNS),
        pa.field("stated", pa.int32(), nullable=False),
        pa.field("removed", pa.string()),
    ]
)


@dataclass(frozen=True)
class ContactsRead:
    """One reading. `read`: full, or changes; `users` are known now, `changed` of them are new, different or gone."""

    read: str
    users: int
    changed: int


@dataclass(frozen=True)
class _Link:
    link: str
    scope: str
    full_at: dt.datetime


def refresh(
    warehouse: Warehouse, client: GraphClient, scope: str, now: dt.datetime, *, full: bool = False
) -> ContactsRead:
    """Bring what is known of the users up to date. `scope` names the tenant; another one is read in full.

    Raises what the client raises; what was known is then kept.
    """
    from hcm_pipeline.entra import ChangesLost

    made_for = hashlib.sha256(orjson.dumps([scope, list(PROPERTIES)])).hexdigest()
    with warehouse.write() as con:
        kept = _kept(con)
    if kept and not full and kept.scope == made_for and now - kept.full_at <= FULL_AFTER:
        try:
            return _read(warehouse, client, kept, kept, made_for, now)
        except ChangesLost:
            pass
    return _read(warehouse, client, None, kept, made_for, now)


def _read(
    warehouse: Warehouse, client: GraphClient, since: _Link | None, kept: _Link | None, made_for: str, now: dt.datetime
) -> ContactsRead:
    from hcm_pipeline.directory.reading import in_batches, spooled

    ends: list[str] = []

    def rows() -> Iterator[Mapping[str, object]]:
        ends.append((yield from _rows(client.changes("users", tuple(PROPERTIES), since.link if since else None))))

    with spooled(warehouse, in_batches(rows(), _SCHEMA), _SCHEMA) as batches:
        with warehouse.write() as con, scratch(con) as t, transaction(con):
            if _kept(con) != kept:
                raise PipelineError("another process has read the users of Entra ID meanwhile; read them again")
            changed = _apply(t, _staged(t, batches), now, onto_known=since is not None)
            link = _Link(ends[0], made_for, since.full_at if since else now)
            value = orjson.dumps({"link": link.link, "scope": link.scope, "full_at": link.full_at}).decode()
            con.execute("insert or replace into meta values (?, ?)", [LINK, value])
            count = t.first("select count(*) from entra_contacts where known_to is null and not deleted")
        if changed:
            warehouse.publish()
    return ContactsRead("changes" if since else "full", count[0] if count else 0, changed)


def _staged(t: Scratch, batches: Iterator[pa.RecordBatch]) -> Relation:
    """Every answer in its order: the columns of the schema, and `place`."""
    staged, place = None, 0
    for batch in batches:
        arrived = t.of_arrow("arrived", pa.Table.from_batches([batch]))
        numbered = f"select {place} + row_number() over () as place, * from {arrived}"
        if staged is None:
            staged = t.make("answers", numbered)
        else:
            t.run(f"insert into {staged} by name {numbered}")
        t.drop(arrived)
        place += batch.num_rows
    if staged is None:
        raise PipelineError("the reading of users has no part")
    return staged


def _apply(t: Scratch, answers: Relation, now: dt.datetime, *, onto_known: bool) -> int:
    """Close the rows of users that are another now, or gone, and open the new ones; how many users that were."""
    told = ", ".join(
        f"last({name} order by place) filter (stated & {1 << place} > 0) as {name}"
        for place, name in enumerate(_COLUMNS)
    )
    folded = t.make(
        "folded_contacts",
        f"select object_id, {told}, bit_or(stated) as stated, last(removed order by place) as removed from {answers} group by 1",
    )
    merged = ", ".join(
        f"if(said.stated & {1 << place} > 0, said.{name}, known.{name}) as {name}"
        for place, name in enumerate(_COLUMNS)
    )
    known = f"(from entra_contacts where known_to is null{'' if onto_known else ' and false'})"
    present = t.make(
        "present_contacts", query(__package__, "present_contacts", folded=folded, known=known, merged=merged)
    )
    of_these = f"object_id in (select object_id from {folded})" if onto_known else "true"
    same = " and ".join(f"now.{name} is not distinct from known.{name}" for name in (*_COLUMNS, "deleted"))
    ended = t.make(
        "ended_contacts",
        f"""select object_id from entra_contacts known where known_to is null and {of_these}
        and not exists (from {present} now where now.object_id = known.object_id and {same})""",
    )
    begun = t.make(
        "begun_contacts",
        f"""select * from {present} now where not exists (
            from entra_contacts known where known_to is null and known.object_id = now.object_id and {same})""",
    )
    row = t.first(f"select count(*) from (select object_id from {ended} union select object_id from {begun})")
    t.run(
        f"update entra_contacts set known_to = ? where known_to is null and object_id in (select object_id from {ended})",
        [now],
    )
    t.run(f"insert into entra_contacts by name select *, ?::timestamptz as known_from from {begun}", [now])
    t.run("delete from entra_contacts where known_to < ?", [now - KEPT])
    t.drop(answers, folded, present, ended, begun)
    return int(row[0]) if row else 0


def _rows(entries: Generator[Mapping[str, object], None, str]) -> Generator[Mapping[str, object], None, str]:
    """Rows of the schema; returns what `entries` returns."""
    while True:
        try:
            entry = next(entries)
        except StopIteration as end:
            return str(end.value)
        if isinstance(entry.get("id"), str) and entry["id"]:
            yield _row(entry)


def _row(entry: Mapping[str, object]) -> dict[str, object]:
    stated, row = 0, dict[str, object]()
    for place, (theirs, ours) in enumerate(PROPERTIES.items()):
        if theirs in entry:
            stated |= 1 << place
            row[ours] = _value(ours, entry[theirs])
    mark = entry.get("@removed")
    removed = (
        None if mark is None else "deleted" if isinstance(mark, dict) and mark.get("reason") == "deleted" else "changed"
    )
    return {"object_id": entry["id"], **row, "stated": stated, "removed": removed}


def _value(column: str, value: object) -> object:
    if column == "enabled":
        return value if isinstance(value, bool) else None
    if column == "work_phone":
        value = (
            next((one for one in value if isinstance(one, str) and one.strip()), None)
            if isinstance(value, list)
            else value
        )
    return value.strip() or None if isinstance(value, str) else None


def _kept(con: duckdb.DuckDBPyConnection) -> _Link | None:
    row = first(con, "select value from meta where key = ?", [LINK])
    if row is None:
        return None
    said = orjson.loads(row[0])
    return _Link(said["link"], said["scope"], dt.datetime.fromisoformat(said["full_at"]))
