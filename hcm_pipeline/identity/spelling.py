"""Names of any script in the alphabet of user names: a-z, 0-9 and the hyphen."""

from __future__ import annotations

import re
import unicodedata

import anyascii
import duckdb
import pyarrow as pa

from hcm_pipeline.warehouse import quote

_SEPARATOR = "\x1f"
"""Between names that are spelled together; the contract lets no control character into a name."""
_FOREIGN = re.compile(r"[^a-z0-9\x1f-]+")
_HYPHENS = re.compile(r"-{2,}")
_EDGES = re.compile(r"-*\x1f-*")


def spell(name: str) -> str:
    """A name in a-z, 0-9 and single inner hyphens; empty when nothing in it can be spelled.

    >>> spell("Jürgen"), spell("O'Connor"), spell("Łukasz"), spell("李")
    ('jurgen', 'oconnor', 'lukasz', 'li')
    """
    return spell_many([name.replace(_SEPARATOR, "")])[0]


def spell_many(names: list[str]) -> list[str]:
    """The spelling of every name; none of them holds the separator. One text for all: a character is looked up once."""
    text = unicodedata.normalize("NFC", _SEPARATOR.join(names))
    table = {ord(character): anyascii.anyascii(character) for character in set(text) if ord(character) > 127}
    plain = _HYPHENS.sub("-", _FOREIGN.sub("", text.translate(table).lower()))
    return _EDGES.sub(_SEPARATOR, plain).strip("-").split(_SEPARATOR)


def spell_all(con: duckdb.DuckDBPyConnection, source: str, columns: list[str]) -> None:
    """Make temp table `spelled(name, plain)` for the distinct values of `columns` of `source` that are not plain ASCII.

    ASCII names are spelled in SQL (see `spelled_sql`); Python sees each other name once, however many people bear it.
    """
    parts = " union ".join(f"select {quote(c)} as name from {source}" for c in columns)
    rows = con.execute(f"select name from ({parts}) where not regexp_full_match(name, '[ -~]*')").fetchall()
    names = [str(name) for (name,) in rows]
    con.execute("create or replace temp table spelled(name varchar, plain varchar)")
    if names:
        con.register("spelled_now", pa.table({"name": names, "plain": spell_many(names)}))
        con.execute("insert into spelled from spelled_now")
        con.unregister("spelled_now")


def spelled_sql(column: str, joined: str) -> str:
    """SQL for the spelling of `column`, with `spelled` left-joined as `joined` on it."""
    ascii_only = f"regexp_replace(lower({column}), '[^a-z0-9-]+', '', 'g')"
    return f"coalesce({joined}.plain, trim(regexp_replace({ascii_only}, '-{{2,}}', '-', 'g'), '-'), '')"
