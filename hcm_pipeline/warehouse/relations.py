"""Relations as values: temporary tables and views that have names of their own and end with a block.

A function takes the relations that it reads and returns those that it makes. No name is chosen by hand, so no temporary table
can hide a permanent one, and two calls of one function never meet. A relation is a name with columns; its rows stay in DuckDB.

    with scratch(con) as t:
        newcomers = t.make("newcomers", query(__package__, "newcomers", workers=workers), {"day": day})
        t.rows(f"select person_number from {newcomers}")
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from importlib import resources
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from hcm_pipeline.warehouse.store import USUAL_MEMORY, first, literal, quote

Values = Sequence[object] | Mapping[str, object]
Done = TypeVar("Done")
_NUMBERS = itertools.count(1)
_PART = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
MANY = 50_000
"""Rows of a relation whose memory is worth a few statements more: see `_let_go`."""
HEAD = ("One row", "Makes", "Reads")
"""The entries of a `.sql` file's head, a comment each: see `query`."""


@dataclass(frozen=True)
class Relation:
    """Something that can be read by name: in an f-string it stands where SQL expects a table."""

    name: str
    """As SQL writes it, with its schema."""
    _columns: Callable[[], Sequence[str]] = field(repr=False, compare=False)
    made: int = field(default=-1, repr=False, compare=False)
    """How many rows a table was made with, which DuckDB tells for nothing; -1 of views, permanent tables and those to be filled."""

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Their names in order. DuckDB is asked when somebody wants to know, which few do."""
        return tuple(self._columns())

    def __str__(self) -> str:
        return self.name

    def select(self, *but: str) -> str:
        """Its columns as a select list, quoted, without those named in `but`."""
        return ", ".join(quote(column) for column in self.columns if column not in but)


def nothing(columns: Mapping[str, str]) -> Relation:
    """A relation without rows that is never made: for readers alone. `columns` is name to DuckDB type."""
    return Relation(f"(select {_nulls(columns)} limit 0)", lambda: tuple(columns), made=0)


def _nulls(columns: Mapping[str, str]) -> str:
    return ", ".join(f"null::{kind} as {quote(name)}" for name, kind in columns.items())


@dataclass(frozen=True)
class _Made:
    """A table or a view, and how many rows a table was made with; -1 of views and of tables to be filled."""

    kind: str
    rows: int = -1


@dataclass(frozen=True)
class Scratch:
    """Makes relations on one connection. They end with the block that made the scratch (see `scratch`)."""

    con: duckdb.DuckDBPyConnection
    _made: dict[str, _Made]

    def make(self, what: str, select: str, values: Values = ()) -> Relation:
        """A table of the rows of a SELECT. `what` is a word for people, which begins its name."""
        return self._create("table", what, select, values)

    def view(self, what: str, select: str) -> Relation:
        """A SELECT under a name, evaluated anew by every reader; the relations that it reads must outlive it."""
        return self._create("view", what, select, ())

    def empty(self, what: str, columns: Mapping[str, str]) -> Relation:
        """A table without rows, to be filled (otherwise see `nothing`). `columns` is name to DuckDB type.

        It is declared, not made of a SELECT without rows: into one of those, within the same transaction, DuckDB 2.0 inserts a row
        group or more by several threads so that no scan finds the rows again, not even after the commit.
        """
        own = self._own("table", what)
        self.con.execute(f"create temp table {own} ({', '.join(f'{quote(n)} {kind}' for n, kind in columns.items())})")
        return Relation(f"temp.{own}", lambda: tuple(columns))

    def of_arrow(self, what: str, table: pa.Table) -> Relation:
        """A table of the rows of an Arrow table."""
        with self._registered(table) as name:
            return self.make(what, f"from {name}")

    def append(self, relation: Relation, table: pa.Table, select: str = "*") -> None:
        """Add the rows of an Arrow table to a relation; `select` gives the relation's columns, in order, over the table's."""
        # under a name a transaction would hold the table until it ends
        self.con.from_arrow(table).project(select).insert_into(str(relation))

    def fill(self, work: Callable[[], Done], memory: str | None = None) -> Done:
        """Do work that makes relations and fills them by `append`, in one transaction, and give what it gives. In many small ones
        DuckDB packs the rows again and again, which takes four times as long. Call it outside a transaction.

        `memory`: DuckDB holds no more than this (`64MB`) meanwhile, and the other rows wait on the disk. Where that is too little,
        nothing of the work stays, and it is done again with the usual bound.
        """
        usual = self.first(f"select getvariable('{USUAL_MEMORY}')") if memory else None
        if memory and usual and usual[0]:
            with contextlib.suppress(duckdb.OutOfMemoryException), self._bound(memory, str(usual[0])):
                return self._in_transaction(work)
        return self._in_transaction(work)

    def _in_transaction(self, work: Callable[[], Done]) -> Done:
        with transaction(self.con):
            return work()

    @contextlib.contextmanager
    def _bound(self, memory: str, usual: str) -> Iterator[None]:
        try:
            self.run(f"set memory_limit = {literal(memory)}")  # raises where what is held cannot be put down
            yield
        finally:
            self.run(f"set memory_limit = {literal(usual)}")

    @contextlib.contextmanager
    def _registered(self, table: pa.Table) -> Iterator[str]:
        name = f"arrow_{next(_NUMBERS)}"
        self.con.register(name, table)
        try:
            yield name
        finally:
            self.con.unregister(name)

    def of_rows(self, what: str, columns: Mapping[str, str], rows: Sequence[Sequence[object]]) -> Relation:
        """A table of Python rows: for few of them. `columns` is name to DuckDB type."""
        made = self.empty(what, columns)
        if rows:
            places = ", ".join("?" for _ in columns)
            self.con.executemany(f"insert into {made} values ({places})", [list(row) for row in rows])
        return replace(made, made=len(rows))

    def complete(self, relation: Relation, columns: Mapping[str, str]) -> Relation:
        """The relation with all of these columns: those that it lacks are null. `columns` is name to DuckDB type."""
        lacking = {name: kind for name, kind in columns.items() if name not in relation.columns}
        if not lacking:
            return relation
        return self.view("complete", f"select *, {_nulls(lacking)} from {relation}")

    def run(self, statement: str, values: Values = ()) -> None:
        """Execute a statement that returns nothing."""
        self.con.execute(statement, dict(values) if isinstance(values, Mapping) else list(values))

    def change(self, statement: str, values: Values = ()) -> int:
        """Execute an INSERT, UPDATE or DELETE; how many rows it touched."""
        row = first(self.con, statement, values)
        return int(row[0]) if row else 0

    def rows(self, select: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """All rows of a SELECT, read to the end: for few of them."""
        return self.con.execute(select, dict(values) if isinstance(values, Mapping) else list(values)).fetchall()

    def first(self, select: str, values: Values = ()) -> tuple[Any, ...] | None:
        """The first row of a SELECT; None when there is none."""
        return first(self.con, select, values)

    def count(self, relation: Relation | str) -> int:
        """How many rows a relation has, or a SELECT in parentheses."""
        row = first(self.con, f"select count(*) from {relation}")
        return int(row[0]) if row else 0

    def drop(self, *relations: Relation) -> None:
        """Let go of relations before the block ends: wide ones take memory."""
        for relation in relations:
            made = self._made.pop(relation.name, None)
            if made is not None:
                _let_go(self.con, relation.name, made)

    def _create(self, kind: str, what: str, select: str, values: Values) -> Relation:
        own = self._own(kind, what)
        made = first(self.con, f"create temp {kind} {own} as {select}", values)
        name, rows = f"temp.{own}", int(made[0]) if made else -1
        self._made[name] = _Made(kind, rows)
        return Relation(name, partial(_columns_of, self.con, name), rows)

    def _own(self, kind: str, what: str) -> str:
        """A name that no other relation has, let go of at the end of the block."""
        own = quote(f"{what}_{next(_NUMBERS)}")
        self._made[f"temp.{own}"] = _Made(kind)
        return own


@contextlib.contextmanager
def scratch(con: duckdb.DuckDBPyConnection) -> Iterator[Scratch]:
    """Relations for the time of a block. A relation that a rollback took with it is not missed."""
    made: dict[str, _Made] = {}
    try:
        yield Scratch(con, made)
    except BaseException:
        # the transaction may be aborted, and then takes no statement: what it made goes with it
        with contextlib.suppress(duckdb.Error):
            _drop(con, made)
        raise
    _drop(con, made)


def _drop(con: duckdb.DuckDBPyConnection, made: Mapping[str, _Made]) -> None:
    for name, one in reversed(list(made.items())):
        _let_go(con, name, one)


def _let_go(con: duckdb.DuckDBPyConnection, name: str, made: _Made) -> None:
    """Drop a relation, and free its memory at once.

    DuckDB keeps what a transaction makes and drops until it ends, and a day is one transaction. Only a column that is taken out of
    a table of the same transaction goes at once.
    """
    if made.kind == "table" and made.rows >= MANY:
        with contextlib.suppress(duckdb.CatalogException):  # a rollback took it
            last, *others = _columns_of(con, name)
            for column in others:
                con.execute(f"alter table {name} drop column {quote(column)}")
            con.execute(f"alter table {name} alter column {quote(last)} type boolean using null::boolean")
    con.execute(f"drop {made.kind} if exists {name}")


@contextlib.contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit at the end of the block, or roll back and pass on whatever ended it."""
    con.begin()
    try:
        yield
    except BaseException:
        con.rollback()
        raise
    con.commit()


def table(con: duckdb.DuckDBPyConnection, name: str) -> Relation:
    """A permanent table or view of the warehouse, by the room that owns it."""
    return Relation(quote(name), partial(_columns_of, con, quote(name)))


def _columns_of(con: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    return con.table(name).columns  # less than half the time of `describe`


def query(room: str | None, name: str, **parts: Relation | str) -> str:
    """The SELECT in `<room>/sql/<name>.sql`, with relations and SQL fragments in place of `{their name}`.

    A file begins with `-- One row: …`, `-- Makes: <columns>` and `-- Reads: <relations>`; a test holds it to that. `room` is the
    `__package__` of the caller. Raises ValueError when a part is missing, or given and not used.
    """
    text, wanted = _template(str(room), name)
    if wanted != parts.keys():
        odd = sorted(wanted ^ parts.keys())
        raise ValueError(f"{room}/sql/{name}.sql: the parts {', '.join(odd)} are missing, or given and not used")
    return _PART.sub(lambda found: str(parts[found[1]]), text)


@cache
def _template(room: str, name: str) -> tuple[str, frozenset[str]]:
    text = resources.files(room).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    body = "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip().rstrip(";")
    return body, frozenset(_PART.findall(body))
