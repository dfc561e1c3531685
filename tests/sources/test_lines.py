"""Records as lines: what they are cut into is what the file's reader makes of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hcm_pipeline.sources import examine, said_sql
from hcm_pipeline.sources.delimited.staging import read_lines, read_records
from hcm_pipeline.warehouse import Scratch, literal, quote, scratch
from tests.budget import examples

from .build import Rows, source, written

CELLS = st.text(st.sampled_from(list("ab,;\"' é\\\n\r\x1f")), max_size=5) | st.sampled_from(
    ["", '"', '""', 'a "b"', ",", "a,b"]
)


@pytest.fixture(scope="module")
def t() -> Iterator[Scratch]:
    with duckdb.connect() as con, scratch(con) as t:
        yield t


def both(t: Scratch, folder: Path, text: str) -> tuple[Rows, Rows | None]:
    """The rows of a file, and those that its lines are cut into; None where they are not looked at."""
    path = written(folder, text)
    shape = examine(path, source())
    read = read_records(t, path, shape, folder, max_field_chars=1000, name=path.name)
    rows = t.rows(f"from {read.rows} order by row_no")
    found = read_lines(t, path, shape, folder, max_field_chars=1000)
    if found is None:
        return rows, None
    cut = t.rows(f"{found.read_sql(str(found.rows))} order by row_no")
    columns = [quote(column) for column in shape.header]
    by_row = t.rows(f"select {said_sql(columns, found.between)} from {read.rows} order by row_no")
    assert t.rows(f"select {found.said} from {found.rows} order by row_no") == by_row
    return rows, cut


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=5),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    delimiter=st.sampled_from(",;"),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_a_line_is_cut_into_the_row_that_the_reader_makes_of_it(
    t: Scratch, tmp_path: Path, rows: list[tuple[str, str, str]], quoting: int, delimiter: str, end: str
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, quoting=quoting, delimiter=delimiter, lineterminator=end)  # type: ignore[arg-type]
    writer.writerows([("number", "name", "place"), *rows])
    expected, found = both(t, tmp_path, out.getvalue())
    if found is None:  # something that is no text of one line, or a line without anything
        assert any(set("\n\r\x1f") & set(cell) for row in rows for cell in row)
    else:
        assert found == expected


def test_rows_that_differ_say_different_things(t: Scratch) -> None:
    rows = t.of_rows(
        "rows", {"a": "VARCHAR", "b": "VARCHAR"}, [("x,y", "z"), ("x", "y,z"), ("x", "y"), (None, "x,y"), ("x", None)]
    )
    assert len(t.rows(f"select distinct {said_sql(['a', 'b'], literal(','))} from {rows}")) == 5


@pytest.mark.parametrize(
    "text",
    ["a,b\n1,2\n\n", "a,b\n1,2\na,b\n", 'a,b\n1,"2\n3"\n', "a,b\n1,\x1f\n", "a,b\n1,2\n3\n"],
    ids=["a blank line", "the header again", "a line end in a cell", "the separator", "a ragged row"],
)
def test_a_file_whose_records_are_no_plain_lines_is_left_to_its_reader(t: Scratch, tmp_path: Path, text: str) -> None:
    assert both(t, tmp_path, text)[1] is None


def test_a_line_with_another_number_of_fields_is_never_taken_for_a_row(t: Scratch, tmp_path: Path) -> None:
    with pytest.raises(duckdb.Error, match="a ragged line"):
        both(t, tmp_path, "a,b\n1,2,3\n4\n")  # as many delimiters as two rows have
