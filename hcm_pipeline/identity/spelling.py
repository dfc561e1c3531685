"""Names of any script in the alphabet of user names: a-z, 0-9 and the hyphen."""

from __future__ import annotations

import re
import unicodedata

import anyascii
import duckdb

from hcm_pipeline.warehouse import quote

_FOREIGN = re.compile(r"[^a-z0-9-]+")
_HYPHENS = re.compile(r"-{2,}")


def spell(name: str) -> str:
    """A name in a-z, 0-9 and single inner hyphens; empty when nothing in it can be spelled.

    >>> spell("Jürgen"), spell("O'Connor"), spell("Łukasz"), spell("李")
    ('jurgen', 'oconnor', 'lukasz', 'li')
    """
    plain = _FOREIGN.sub("", anyascii.anyascii(unicodedata.normalize("NFC", name)).lower())
    return _HYPHENS.sub("-", plain).strip("-")


def spell_all(con: duckdb.DuckDBPyConnection, source: str, columns: list[str]) -> None:
    """Make temp table `spelled(name, plain)` for the distinct values of `columns` of `source` that are not plain ASCII.

    ASCII names are spelled in SQL (see `spelled_sql`); Python sees each other name once, however many people bear it.
    """
    parts = " union ".join(f"select {quote(c)} as name from {source}" for c in columns)
    rows = con.execute(f"select name from ({parts}) where name is not null and not regexp_full_match(name, '[ -~]*')").fetchall()
    names = [str(name) for (name,) in rows]
    con.execute("create or replace temp table spelled(name varchar, plain varchar)")
    if names:
        con.execute("insert into spelled select unnest($1::varchar[]), unnest($2::varchar[])", [names, [*map(spell, names)]])


def spelled_sql(column: str, joined: str) -> str:
    """SQL for the spelling of `column`, with `spelled` left-joined as `joined` on it."""
    ascii_only = f"regexp_replace(lower({column}), '[^a-z0-9-]+', '', 'g')"
    return f"coalesce({joined}.plain, trim(regexp_replace({ascii_only}, '-{{2,}}', '-', 'g'), '-'), '')"
