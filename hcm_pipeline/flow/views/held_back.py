"""Cells and rows that are held back until a later row mends them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from hcm_pipeline.flow.views.rows import mappings_of
from hcm_pipeline.warehouse import scratch

SHOWN = 50


@dataclass(frozen=True)
class HeldCells:
    """The cells of a row that break one rule. `held`: `cells`, the row counts and the last good values stay here; `row`, it does
    not count. `value_class` is that of the first of them."""

    person_number: str | None
    fields: tuple[str, ...]
    columns: tuple[str, ...]
    rule: str
    value_class: str | None
    file: str
    row_no: int
    since: dt.date
    held: str
    exit_may_wait: bool


@dataclass(frozen=True)
class HeldBack:
    """The newest cells that are held back, those first on which an exit may hang; of how many rows and rules there are such, and
    how many workers and rows without a number may have left by them."""

    cells: tuple[HeldCells, ...] = ()
    in_all: int = 0
    exits: int = 0


NOTHING_HELD = HeldBack()
_CELLS = """
    select person_number, list(field order by column_name) filter (field is not null) as fields,
        list(column_name order by column_name) filter (column_name is not null) as "columns", rule,
        first(value_class order by column_name) as value_class, file, row_no, min(since) as since, held,
        bool_or(exit_may_wait) as exit_may_wait
    from {cells}
    group by person_number, rule, file, extract_sha256, row_no, held
    order by exit_may_wait desc, since desc, file, row_no, rule limit $limit"""


def cells_of(con: duckdb.DuckDBPyConnection, number: str | None = None, limit: int = SHOWN) -> tuple[HeldCells, ...]:
    """The cells that are held back, of one worker or of everybody."""
    if number is None:
        return held_back(con, limit).cells
    return _cells(con, "(from held_back where person_number = $number)", {"number": number, "limit": limit})


def _cells(con: duckdb.DuckDBPyConnection, cells: str, values: Mapping[str, object]) -> tuple[HeldCells, ...]:
    found = mappings_of(con, _CELLS.format(cells=cells), values)
    return tuple(
        HeldCells(**{**row, "fields": tuple(row["fields"] or ()), "columns": tuple(row["columns"] or ())})
        for row in found
    )


def held_back(con: duckdb.DuckDBPyConnection, limit: int = SHOWN) -> HeldBack:
    """All that is held back now."""
    with scratch(con) as t:
        cells = t.make("held_back", "from held_back")
        if not cells.made:
            return NOTHING_HELD
        rows = t.make(
            "held_rows",
            f"""select person_number, extract_sha256, row_no, rule, file, held, min(since) as since,
                bool_or(exit_may_wait) as exit_may_wait
            from {cells} group by all""",
        )
        [in_all, exits] = t.first(
            f"""select count(distinct (extract_sha256, row_no, rule)),
                count(distinct coalesce(person_number, concat_ws(' ', extract_sha256, row_no))) filter (exit_may_wait)
            from {rows}"""
        ) or (0, 0)
        # only of those that are shown all columns are listed
        shown = f"""(select cell.* from {cells} cell join
            (select * from {rows} order by exit_may_wait desc, since desc, file, row_no, rule limit $limit) one
            on cell.person_number is not distinct from one.person_number and cell.rule = one.rule and cell.file = one.file
                and cell.extract_sha256 = one.extract_sha256 and cell.row_no is not distinct from one.row_no
                and cell.held = one.held)"""
        return HeldBack(_cells(con, shown, {"limit": limit}), int(in_all), int(exits))
