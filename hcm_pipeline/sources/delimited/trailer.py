"""The trailer of a delimited file: a last record that counts those above it."""

from __future__ import annotations

import re

from hcm_pipeline.sources.delimited.shape import Shape
from hcm_pipeline.warehouse import Relation, Scratch, literal, quote


def take_trailer(t: Scratch, rows: Relation, rejects: Relation, shape: Shape, pattern: str) -> int | None:
    """Take the last record out, if it is the trailer; its count. It may have as many cells as a row, or another number."""
    delimiter = literal(shape.delimiter)
    cells = ", ".join(f"coalesce({quote(name)}, '')" for name in shape.header)
    last = t.first(f"""
        select row_no, line, is_row from (
            select row_no, rtrim(concat_ws({delimiter}, {cells}), {delimiter}) as line, true as is_row
            from (from {rows} order by row_no desc limit 1)
            union all select row_no, raw, false from (from {rejects} order by row_no desc limit 1))
        order by row_no desc limit 1""")
    if last is None:
        return None
    number, line, is_row = last
    found = re.search(pattern, str(line or ""))
    if found is None or not found[1].isdecimal():
        return None
    t.run(f"delete from {rows if is_row else rejects} where row_no = ?", [number])
    return int(found[1])
