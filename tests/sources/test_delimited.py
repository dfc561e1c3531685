from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.sources import Shape, examine
from hcm_pipeline.sources.delimited.careful import RAW_CHARS
from hcm_pipeline.sources.delimited.staging import read_carefully, read_fast, read_records
from hcm_pipeline.warehouse import scratch
from tests.budget import examples

from .build import Rows, all_rows, source, staged, written

EXAMPLES = Path(__file__).parents[3] / "shared" / "examples" / "oracle"


def by(path: str, folder: Path, file: Path, shape: Shape) -> Rows | None:
    """Rows of one path alone; None when the fast one leaves the file to the other."""
    with duckdb.connect() as con, scratch(con) as t:
        fast = path == "fast"
        read = read_fast(t, file, shape, folder) if fast else read_carefully(t, file, shape, 1000, file.name)
        if read is None:
            return None
        rows, rejects = all_rows(t, read)
        assert rejects == []
        return rows


def test_rows_have_their_number_in_a_spreadsheet(tmp_path: Path) -> None:
    found = staged(tmp_path, '\na,b\n1,"x\ny"\n\n2,z\n')
    assert found.shape.header_row == 2
    assert found.rows == [(3, "1", "x\ny"), (5, "2", "z")]


def test_both_paths_give_the_same_numbers(tmp_path: Path) -> None:
    file = written(tmp_path, 'a,b\n1,"x\ny"\n2,""\n"3, ""4""",\n\n\n')
    shape = examine(file, source())
    expected: Rows = [(2, "1", "x\ny"), (3, "2", None), (4, '3, "4"', None)]
    assert by("fast", tmp_path, file, shape) == by("careful", tmp_path, file, shape) == expected


def test_a_regular_file_takes_the_fast_path(tmp_path: Path) -> None:
    for text in ("a,b\n1,2\n", "a,b\r\n1,2\r\n", 'a,b\r\n"1\n","2"\r\n', "\ufeffa,b\n1,2", "a;b\n1; 2 \n"):
        assert staged(tmp_path, text).counts.path == "fast", text


def test_columns_that_nobody_asked_for_are_just_there(tmp_path: Path) -> None:
    found = staged(tmp_path, 'Number,Shoe "size",O\'Neil\n1,2,3\n')
    assert found.shape.header == ("Number", 'Shoe "size"', "O'Neil")
    assert found.rows == [(2, "1", "2", "3")]


def test_values_are_kept_as_they_stand(tmp_path: Path) -> None:
    found = staged(tmp_path, "a,b\n 1 ,\\N\nNULL,x\u2028\x0by\n#,\\,\n")
    assert found.rows[:2] == [(2, " 1 ", "\\N"), (3, "NULL", "x\u2028\x0by")]
    assert found.rejects == [(4, "ragged_row", None, "3 fields, 2 columns", "#,\\,")]


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ('1|Jan "JJ"', 'Jan "JJ"'),
        ('1|"JJ" Jan', '"JJ" Jan'),
        ('1| "JJ"', ' "JJ"'),
        ('1|"JJ" ', '"JJ" '),
        ('1|5" pipe', '5" pipe'),
        ('1|"JJ"', "JJ"),
        ('1|"J""J"', 'J"J'),
    ],
)
def test_a_quote_where_no_quoting_is_stays_in_the_value(tmp_path: Path, line: str, kept: str) -> None:
    assert staged(tmp_path, f"a|b\n{line}\n2|x\n").rows == [(2, "1", kept), (3, "2", "x")]


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the shared examples are not here")
def test_the_unquoted_pipe_file_of_oracle_etext_is_read() -> None:
    file = EXAMPLES / "extract_pipe_cp1252.txt"
    shape = examine(file, source())
    assert (shape.delimiter, shape.encoding) == ("|", "windows-1252")
    with duckdb.connect() as con, scratch(con) as t:
        read = read_records(t, file, shape, Path("/nowhere"), max_field_chars=1000, name=file.name)
        assert (read.counts.rows, read.counts.rejected) == (4, 0)
        columns = '"LAST_NAME", "FIRST_NAME", "KNOWN_AS"'
        names = t.rows(f"select {columns} from {read.rows} where row_no in (2, 5) order by row_no")
    assert names == [("Núñez, Jr.", "Zoë", None), ("van der Berg", "Jan", 'Jan "JJ"')]


def test_ragged_rows_are_rejected_and_their_neighbours_go_through(tmp_path: Path) -> None:
    found = staged(tmp_path, "a,b\n1,2\n3\n4,5,6\n7,8,\n9,10\n")
    assert found.rows == [(2, "1", "2"), (6, "9", "10")]
    assert found.rejects == [
        (3, "ragged_row", None, "1 field, 2 columns", "3"),
        (4, "ragged_row", None, "3 fields, 2 columns", "4,5,6"),
        (5, "ragged_row", None, "3 fields, 2 columns", "7,8,"),
    ]


def test_too_many_fields_in_one_row_do_not_hide_behind_too_few_in_another(tmp_path: Path) -> None:
    found = staged(tmp_path, "a,b,c\n1,2,3,\n4,5\n6,7,8\n")
    assert [reject[:2] for reject in found.rejects] == [(2, "ragged_row"), (3, "ragged_row")]


def test_a_nul_byte_is_marked_for_the_contract(tmp_path: Path) -> None:
    found = staged(tmp_path, b"a,b\n1,x\0y\n2,z\n")
    assert (found.rows, found.rejects, found.shape.has_nul) == ([(2, "1", "x\ufdd1y"), (3, "2", "z")], [], True)


@pytest.mark.parametrize("size", [1001, 1_000_000, 20_000_000])
def test_a_field_that_is_too_long_is_rejected_and_its_neighbours_go_through(tmp_path: Path, size: int) -> None:
    found = staged(tmp_path, f'a,b\n1,{"x" * size}\n2,"{"y," * 600}"\n3,{"z" * 1000}\n')
    assert [reject[:4] for reject in found.rejects] == [
        (2, "field_too_long", "b", f"{size:,} characters, 1,000 allowed"),
        (3, "field_too_long", "b", "1,200 characters, 1,000 allowed"),
    ]
    assert all(len(str(reject[4])) <= RAW_CHARS for reject in found.rejects)
    assert found.rows == [(4, "3", "z" * 1000)]


def test_characters_are_counted_and_not_bytes(tmp_path: Path) -> None:
    assert staged(tmp_path, f"a,b\n1,{'é' * 1000}\n").counts.rows == 1


def test_the_header_of_a_file_that_was_appended_is_rejected(tmp_path: Path) -> None:
    found = staged(tmp_path, "a, b,\n1,2,3\na,b ,\n4,5,6\n")
    assert found.rejects == [(3, "repeated_header", None, "the header once more", "a,b ,")]
    assert [row[0] for row in found.rows] == [2, 4]


@pytest.mark.parametrize(
    "text",
    ['a,b\n1,2\n3,"x\n4,y\n', 'a,b\n1,2\n3,"x\n4,"y"\n5,z\n', 'a,b\n1,2\n3,"x\n4,y"z\n5,6\n'],
)
def test_an_unterminated_quote_refuses_the_file_and_names_the_row(tmp_path: Path, text: str) -> None:
    file = written(tmp_path, text)
    shape = examine(file, source())
    with duckdb.connect() as con:
        with (
            pytest.raises(ExtractRefused, match=r"workers\.csv: a quote is opened in row 3 ") as caught,
            scratch(con) as t,
        ):
            read_records(t, file, shape, tmp_path, max_field_chars=1000, name=file.name)
        assert con.execute("select table_name from duckdb_tables()").fetchall() == []
    assert caught.value.rule == "unterminated_quote"


def test_a_line_without_end_is_refused_instead_of_filling_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hcm_pipeline.sources.text_lines.MAX_RECORD_CHARS", 3_000_000)
    for text, rule in (
        (f"a,b\n1,{'x' * 5_000_000}", "record_too_long"),
        ('a,b\n1,"' + "x\n" * 2_000_000, "unterminated_quote"),
    ):
        with pytest.raises(ExtractRefused) as caught:
            staged(tmp_path, text)
        assert caught.value.rule == rule


def test_a_path_that_looks_like_a_pattern_reads_no_other_file(tmp_path: Path) -> None:
    folder = tmp_path / "home[1]*"
    folder.mkdir()
    assert staged(folder, "a,b\n1,2\n").rows == [(2, "1", "2")]


def test_the_order_of_the_file_is_kept_whatever_the_connection_says(tmp_path: Path) -> None:
    body = "".join(f'{i},"line\n{i}"\n' for i in range(150_000))
    file = written(tmp_path, "a,b\n" + body)
    with (
        duckdb.connect(config={"threads": 4, "preserve_insertion_order": False}) as con,
        scratch(con) as t,
    ):
        read = read_records(t, file, examine(file, source()), tmp_path, max_field_chars=1000, name=file.name)
        assert (read.counts.path, read.counts.rows) == ("fast", 150_000)
        assert t.count(f"(from {read.rows} where a::bigint <> row_no - 2)") == 0
        assert con.execute("select current_setting('preserve_insertion_order')").fetchone() == (False,)


def test_two_files_staged_on_one_connection_never_meet(tmp_path: Path) -> None:
    with duckdb.connect() as con:
        with scratch(con) as t:
            read = []
            for text in ("a,b\n1,2\n", "c,d\n1\n3,4\n"):
                file = written(tmp_path, text)
                read.append(read_records(t, file, examine(file, source()), tmp_path, max_field_chars=1000, name="any"))
            first, second = (all_rows(t, each) for each in read)
        assert con.execute("select table_name from duckdb_tables()").fetchall() == []
    assert first == ([(2, "1", "2")], [])
    assert second == ([(3, "3", "4")], [(2, "ragged_row", None, "1 field, 2 columns", "1")])


VALUE = st.text(st.sampled_from("abé李😀\"\n\r ,;|\t'\\#\u2028\x85\x0b\x00") | st.characters(codec="utf-8"), max_size=6)
FIELDS = VALUE.filter(lambda text: "\0" not in text and not text.startswith("\ufeff"))


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.integers(2, 4).flatmap(lambda n: st.lists(st.lists(FIELDS, min_size=n, max_size=n), max_size=6)),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    end=st.sampled_from(["\n", "\r\n"]),
    every=st.booleans(),
    last=st.booleans(),
    bom=st.booleans(),
)
def test_every_properly_written_file_gives_what_was_written_on_both_paths(
    tmp_path: Path, data: list[list[str]], delimiter: str, end: str, every: bool, last: bool, bom: bool
) -> None:
    columns = len(data[0]) if data else 2
    header = [f"col {position}" for position in range(columns)]
    special = {delimiter, '"', "\r", "\n"}

    def field(value: str) -> str:
        return '"' + value.replace('"', '""') + '"' if every or special & set(value) else value

    text = end.join(delimiter.join(map(field, row)) for row in [header, *data]) + (end if last else "")
    file = written(tmp_path, ("\ufeff" if bom else "") + text)
    shape = examine(file, source(delimiter=delimiter))
    expected: Rows = [(number, *(field or None for field in row)) for number, row in enumerate(data, 2)]
    assert shape.irregular == ()
    assert shape.records == len(data)
    assert by("careful", tmp_path, file, shape) == expected
    assert by("fast", tmp_path, file, shape) == expected


@settings(max_examples=examples(80), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.sampled_from('ab",\n\r \0é'), max_size=40))
def test_whatever_the_file_no_record_is_lost_and_the_fast_path_never_disagrees(tmp_path: Path, body: str) -> None:
    file = written(tmp_path, "col 1,col 2\n" + body)
    shape = examine(file, source(delimiter=","))
    with duckdb.connect() as con, scratch(con) as t:
        try:
            read = read_records(t, file, shape, tmp_path, max_field_chars=1000, name="any")
        except ExtractRefused as refused:
            assert refused.rule == "unterminated_quote"  # noqa: PT017
            return
        if shape.records is not None:
            assert read.counts.rows + read.counts.rejected == shape.records
        careful = read_carefully(t, file, shape, 1000, "again")
        assert (careful.counts.rows, careful.counts.rejected) == (read.counts.rows, read.counts.rejected)
        assert all_rows(t, careful) == all_rows(t, read)
