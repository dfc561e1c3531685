"""Names of any script in ASCII: letters as people write them, digits, and space, hyphen, apostrophe and full stop inside."""

from __future__ import annotations

import re
import unicodedata

import anyascii
import duckdb
import pyarrow as pa

from hcm_pipeline.warehouse import quote

_SEPARATOR = "\x1f"
"""Between names that are spelled together; it is no part of any."""
_FOREIGN = re.compile(r"[^A-Za-z0-9 .'\x1f-]+")
_SPACES = re.compile(r" {2,}")
_HYPHENS = re.compile(r"-{2,}")
_INNER = " .'-"
_EDGES = re.compile(rf"[{_INNER}]*\x1f[{_INNER}]*")


def spell(name: str) -> str:
    """A name in ASCII letters, digits and, between them, spaces, hyphens, apostrophes and full stops; empty when nothing in
    it can be spelled.

    >>> spell("Jürgen"), spell("O’Connor"), spell("Łukasz"), spell("李")
    ('Jurgen', "O'Connor", 'Lukasz', 'Li')
    """
    return spell_many([name])[0]


def spell_many(names: list[str]) -> list[str]:
    """The spelling of every name. One text for all of them, so that a character is looked up once."""
    text = unicodedata.normalize("NFC", _SEPARATOR.join(name.replace(_SEPARATOR, "") for name in names))
    table = {ord(character): _plain(character) for character in set(text) if ord(character) > 127}
    plain = _HYPHENS.sub("-", _SPACES.sub(" ", _FOREIGN.sub("", text.translate(table))))
    return _EDGES.sub(_SEPARATOR, plain).strip(_INNER).split(_SEPARATOR)


def _plain(character: str) -> str:
    """A character in ASCII; nothing for what is no letter, digit, space, dash or apostrophe: a picture of a bang is no name."""
    kind = unicodedata.category(character)
    return anyascii.anyascii(character) if kind[0] in "LMN" or kind in ("Zs", "Pd") or character in "‘’‛′" else ""


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
    ascii_only = f"regexp_replace({column}, '[^A-Za-z0-9 .''-]+', '', 'g')"
    single = f"regexp_replace(regexp_replace({ascii_only}, ' {{2,}}', ' ', 'g'), '-{{2,}}', '-', 'g')"
    plain = f"regexp_full_match({column}, '[A-Za-z0-9]+(?:[ .''-][A-Za-z0-9]+)*')"
    return f"coalesce({joined}.plain, case when {plain} then {column} else trim({single}, ' .''-') end, '')"
