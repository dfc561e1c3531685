"""A directory from a CSV file: an export of Entra ID's users and groups, or of Active Directory's objects.

The columns are found by their headings, whatever the tool that wrote them: the Entra admin center's download, Graph PowerShell
and Active Directory's `Export-Csv` and `csvde`. The file is staged as extracts are, so that every row is an object or is told.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from hcm_pipeline.characters import EDGES
from hcm_pipeline.directory.entries import FILLED, KINDS, SCHEMA, TOLD, Read, RefusedRow
from hcm_pipeline.directory.reading import Reading
from hcm_pipeline.directory.tables import stage_query
from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.home import private
from hcm_pipeline.profile import Source
from hcm_pipeline.sources import format_of
from hcm_pipeline.warehouse import Relation, Scratch, literal, quote, scratch

HEADINGS = {
    "object_id": ("object_id", "id", "objectid", "objectguid"),
    "kind": ("kind", "objectclass"),
    "deleted": ("deleted", "isdeleted"),
    "employee_id": ("employee_id", "employeeid"),
    "user_principal_name": ("user_principal_name", "userprincipalname"),
    "sam_account_name": ("sam_account_name", "samaccountname", "onpremisessamaccountname"),
    "common_name": ("common_name", "cn"),
    "mail": ("mail", "emailaddress"),
    "mail_nickname": ("mail_nickname", "mailnickname"),
    "proxy_addresses": ("proxy_addresses", "proxyaddresses"),
    "distinguished_name": ("distinguished_name", "distinguishedname", "dn", "onpremisesdistinguishedname"),
    "display_name": ("display_name", "displayname"),
    "given_name": ("given_name", "givenname"),
    "surname": ("surname", "sn"),
    "admin_count": ("admin_count", "admincount"),
    "member_of": ("member_of", "memberof", "groups", "roles", "assignedroles", "directoryroles"),
    **{
        column: tuple(dict.fromkeys((column, *(name.lower() for name in names if name))))
        for column, names in FILLED.items()
    },
    "enabled": ("enabled", "accountenabled"),
    **{column: tuple(dict.fromkeys((column, *(name.lower() for name in names)))) for column, names in TOLD.items()},
    "manager": ("manager",),
}
"""Column of the model to the headings that are taken for it, compared in lower case and without spaces, the first that is there."""
NAMES = (
    "user_principal_name",
    "sam_account_name",
    "common_name",
    "mail",
    "mail_nickname",
    "proxy_addresses",
    "distinguished_name",
)
"""A file has at least one of these, and an object too."""
_AT_ENDS = literal(f"^[{EDGES}]+|[{EDGES}]+$")
_MAX_CHARS = 1 << 20
_SOURCE = Source(name="directory", glob="*", max_field_chars=_MAX_CHARS)


def refresh(reading: Reading, path: Path) -> Read:
    """Replace what is known of the directory by the file; rows that are no object are left out and told.

    It counts as of the file's last change: an old export is not fresh because it is read again. Raises ExtractRefused for a file
    that cannot be used, and GuardStop when suspiciously many objects are gone.
    """
    try:
        as_of = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    except OSError as error:
        raise _unreadable(path, error) from None
    reading = replace(reading, started=min(as_of, reading.started))
    with _copied(reading, path) as copy:
        kind = format_of(_SOURCE)
        description = kind.describe(copy, _SOURCE, path.name)
        columns = _columns(path.name, description.columns)
        with reading.warehouse.write() as con, scratch(con) as t:
            file = kind.stage(t, copy, description, _SOURCE, name=path.name, folder=reading.warehouse.home.scratch)
            judged = _judge(t, file.rows, columns)
            refused = _refused(t, path.name, columns, judged, file.rejects)
            counts = reading.put(con, lambda own: stage_query(own, _objects_sql(judged)))
    reading.warehouse.publish()
    return Read(reading.directory, "csv", "full", counts.objects, counts.changed, _of(columns), refused=tuple(refused))


def _of(columns: dict[str, str]) -> str | None:
    """The directory that a file shows, by the name that its tool has for the id of an object; None: somebody made it."""
    heading = columns["object_id"].lower().replace(" ", "")
    return {"objectguid": "ad", "id": "entra", "objectid": "entra"}.get(heading)


@contextmanager
def _copied(reading: Reading, path: Path) -> Iterator[Path]:
    """A private copy where the warehouse may read, and where nobody changes it meanwhile."""
    copy = reading.warehouse.home.create().scratch / f"directory-{os.getpid()}.csv"
    try:
        shutil.copyfile(path, private(copy))
        yield copy
    except OSError as error:
        raise _unreadable(path, error) from None
    finally:
        copy.unlink(missing_ok=True)


def _unreadable(path: Path, error: OSError) -> ExtractRefused:
    return ExtractRefused(path.name, "unreadable", f"cannot be read ({error.strerror})")


def _columns(file: str, header: tuple[str, ...]) -> dict[str, str]:
    """Column of the model to column of the file. Raises ExtractRefused."""
    there = {name.lower().replace(" ", ""): name for name in reversed(header)}
    found = {
        column: next(there[heading] for heading in headings if heading in there)
        for column, headings in HEADINGS.items()
        if any(heading in there for heading in headings)
    }
    if "object_id" not in found:
        raise ExtractRefused(
            file, "no_object_id", f"has no column for the object's id: one of {', '.join(HEADINGS['object_id'])}"
        )
    if not set(found) & set(NAMES):
        raise ExtractRefused(file, "no_names", f"has no column with names: {', '.join(NAMES)}")
    return found


def _judge(t: Scratch, file: Relation, columns: dict[str, str]) -> Relation:
    """The rows as the model has them: row_no, the columns of SCHEMA, and `rule`, what is wrong with the row (NULL: nothing)."""
    values = ", ".join(
        f"nullif(regexp_replace({quote(columns[name])}, {_AT_ENDS}, '', 'g'), '') as {name}"
        if name in columns
        else f"null::varchar as {name}"
        for name in SCHEMA.names
    )
    deleted = """case when deleted is null or lower(deleted) in ('false', '0', 'no') then false
        when lower(deleted) in ('true', '1', 'yes') then true end"""
    return t.make(
        "judged",
        f"""with raw as (select row_no, {values} from {file}),
        typed as (
            select * replace ({_OBJECT_ID} as object_id, {_KIND} as kind, {deleted} as deleted, {_ADMIN} as admin_count,
                {_ENABLED} as enabled, {_HAS})
            from raw)
        select *, case when object_id is null then 'no_object_id'
            when row_number() over (partition by object_id order by row_no) > 1 then 'repeated_object_id'
            when kind is null then 'kind' when deleted is null then 'deleted'
            when coalesce({", ".join(NAMES)}) is null then 'no_names' end as rule
        from typed""",
    )


def _refused(t: Scratch, file: str, columns: dict[str, str], judged: Relation, rejects: Relation) -> list[RefusedRow]:
    """The rows that are no object, and those that could not be read, in their order."""
    shown = " ".join(
        f"when '{rule}' then {literal(columns.get(column, ''))}" for rule, (column, _) in _RULES.items() if column
    )
    found = t.rows(f"""
        select row_no, nullif(case rule {shown} end, '') as column_name, rule, null from {judged} where rule is not null
        union all select row_no, column_name, rule, value_class from {rejects} order by 1""")
    return [RefusedRow(file, row, column, rule, why or _RULES[rule][1]) for row, column, rule, why in found]


_RULES = {
    "no_object_id": ("object_id", "is blank, or is no id"),
    "repeated_object_id": ("object_id", "is that of a row before"),
    "kind": ("kind", f"is no object class, nor one of {', '.join(KINDS)}"),
    "deleted": ("deleted", "is neither true nor false"),
    "no_names": (None, "holds no name at all"),
}
_HEX = "".join(
    f"substr(object_id, {at}, 2) || {dash}"
    for at, dash in zip(
        (9, 7, 5, 3, 13, 11, 17, 15), ("", "", "", "'-' || ", "", "'-' || ", "", "'-' || "), strict=True
    )
)
_OBJECT_ID = f"""case when regexp_full_match(object_id, 'X''[0-9A-Fa-f]{{32}}''')
        then lower({_HEX}substr(object_id, 19, 4) || '-' || substr(object_id, 23, 12))
    else lower(trim(object_id, '{{}}')) end"""
"""SQL: an objectGUID as csvde writes it (X'…', in the order of its bytes) or as text, in the form of the model."""
_CLASSES = "string_split(lower(kind), ';')"
_KIND = f"""case when kind is null then 'user' when lower(kind) in ({", ".join(map(literal, KINDS))}) then lower(kind)
    when list_contains({_CLASSES}, 'computer') then 'computer'
    when list_has_any({_CLASSES}, ['user', 'inetorgperson']) then 'user'
    when list_contains({_CLASSES}, 'group') then 'group' when list_contains({_CLASSES}, 'contact') then 'contact'
    when list_has_any({_CLASSES}, ['organizationalunit', 'container', 'domaindns', 'builtindomain']) then 'container'
    when regexp_full_match(kind, '[A-Za-z][A-Za-z0-9;-]*') then 'other' end"""
_ADMIN = "lower(admin_count) not in ('0', 'false', 'no')"
_ENABLED = "case when lower(enabled) in ('true', '1', 'yes') then true when lower(enabled) in ('false', '0', 'no') then false end"
_HAS = ", ".join(f"if({name} is null, null, true) as {name}" for name in FILLED)
_PARTS = r"'[;|\n]+\s*'"
_SPLIT = ", ".join(f"regexp_split_to_array({name}, {_PARTS}) as {name}" for name in ("proxy_addresses", "member_of"))


def _objects_sql(judged: Relation) -> str:
    objects = f"* exclude (row_no, rule) replace ({_SPLIT})"
    return f"select row_no as place, {objects} from {judged} where rule is null"
