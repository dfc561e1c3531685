"""Values as the profile wants them: trimmed, put right, typed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcm_pipeline.characters import BLANKS, EDGES, trimmed
from hcm_pipeline.profile import FieldSpec
from hcm_pipeline.warehouse import memory
from hcm_pipeline.workers.normalise import ODD, digest_of, odd_sql, text_of, typed

ROW = f"(select c, {odd_sql([FieldSpec(column='c', placeholders=('n/a',))])} as {ODD} from (select ?::varchar as c))"
ALL = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
BLANK = re.findall(f"[{BLANKS}]", ALL)
AT_ENDS = re.findall(f"[{EDGES}]", ALL)
SPACES = st.text(st.sampled_from(AT_ENDS), max_size=3)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB as the pipeline opens it."""
    with memory() as made:
        yield made


def text(con: duckdb.DuckDBPyConnection, value: str | None, **spec: Any) -> Any:
    """The normalised text of one value."""
    sql = text_of("c", FieldSpec.model_validate({"column": "c", **spec}))
    return con.execute(f"select {sql} from {ROW}", [value]).fetchall()[0][0]


def texts(con: duckdb.DuckDBPyConnection, values: list[str], **spec: Any) -> set[str | None]:
    """The normalised texts of many values, each once."""
    sql = text_of("c", FieldSpec.model_validate({"column": "c", **spec}))
    return {
        found
        for (found,) in con.execute(
            f"select {sql} from {ROW.replace('?::varchar', 'unnest(?::varchar[])')}", [values]
        ).fetchall()
    }


def read(con: duckdb.DuckDBPyConnection, value: str | None, kind: str, **spec: Any) -> tuple[Any, bool]:
    """(value, unreadable) of one value."""
    made = FieldSpec.model_validate({"column": "c", "type": kind, **spec})
    sql = typed("c", kind, made, "t")
    source = f"(select {text_of('c', made)} as t from {ROW})"
    query = f"select {sql.value}, coalesce({sql.unreadable}, false) from {source}"
    [(found, unreadable)] = con.execute(query, [value]).fetchall()
    return found, unreadable


@given(before=SPACES, middle=st.text(st.characters(exclude_characters="\0", codec="utf-8")), after=SPACES)
def test_blanks_and_what_nobody_sees_go_from_the_ends_of_a_value_and_nothing_else(
    con: duckdb.DuckDBPyConnection, before: str, middle: str, after: str
) -> None:
    value = before + middle + after
    assert text(con, value) == (trimmed(value) or None)


def test_every_kind_of_blank_is_trimmed_is_a_blank_and_is_collapsed(con: duckdb.DuckDBPyConnection) -> None:
    white = [one for one in ALL if one.isspace() and not "\x1c" <= one <= "\x1f"]
    assert set(white) < set(BLANK) < set(AT_ENDS)
    assert texts(con, ["", *AT_ENDS, "\t\r\n\u202f"]) == {None}
    assert texts(con, [f"{b}Mary{b} Ann{b}" for b in BLANK], normalise=["collapse_spaces"]) == {"Mary Ann"}
    assert texts(con, [f"+1{b}555" for b in BLANK], normalise=["phone"]) == {"+1555"}


@pytest.mark.parametrize(
    ("step", "value", "expected"),
    [
        ("upper", "dé", "DÉ"), ("lower", "ÀB", "àb"), ("title", "MARY ann o'neil", "Mary Ann O'neil"),
        ("collapse_spaces", "a  b\t\nc", "a b c"), ("phone", "+1 (555) 01-23.4/5", "+1555012345"), ("phone", "()", None),
        ("digits", "a1-2", "12"), ("digits", "none", None), ("nfc", "e\u0301", "é"),
        ("strip_leading_zeros", "00070", "70"), ("strip_leading_zeros", "000", "0"),
    ],
)  # fmt: skip
def test_a_normaliser_does_what_its_name_says(
    con: duckdb.DuckDBPyConnection, step: str, value: str, expected: str | None
) -> None:
    assert text(con, value, normalise=[step]) == expected


def test_normalisers_come_first_then_blanks_then_replacements(con: duckdb.DuckDBPyConnection) -> None:
    spec: dict[str, Any] = {"normalise": ["upper"], "blank": ["N/A"], "replace": {"UK": "GB", "": "never"}}
    assert [text(con, value, **spec) for value in ("uk", " Uk ", "n/a", "fr")] == ["GB", "GB", None, "FR"]


def test_values_with_quotes_are_only_values(con: duckdb.DuckDBPyConnection) -> None:
    assert text(con, "O'Neil", replace={"O'Neil": 'O"Neil'}, blank=["';--"]) == 'O"Neil'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2031-04-01", dt.date(2031, 4, 1)), ("2031-04-01T00:00:00.000Z", dt.date(2031, 4, 1)),
        ("2031-04-01 23:59:59", dt.date(2031, 4, 1)), ("2024-02-29", dt.date(2024, 2, 29)), (" ", None),
        ("4712-12-31", None), ("9999-12-31", None), ("4712-12-31T00:00:00Z", None),
    ],
)  # fmt: skip
def test_a_date_is_read(con: duckdb.DuckDBPyConnection, value: str, expected: dt.date | None) -> None:
    assert read(con, value, "date") == (expected, False)


@pytest.mark.parametrize(
    "value", ["2026-02-30", "2026-1-5", "01/02/2026", "20260102", "12026-01-02", "2026-01-02x", "0", "today"]
)
def test_what_is_no_iso_date_is_unreadable(con: duckdb.DuckDBPyConnection, value: str) -> None:
    assert read(con, value, "date") == (None, True)


def test_formats_are_tried_in_order(con: duckdb.DuckDBPyConnection) -> None:
    formats = ["%d/%m/%Y", "%Y-%m-%d"]
    assert read(con, "03/02/2026", "date", formats=formats) == (dt.date(2026, 2, 3), False)
    assert read(con, "2026-02-03", "date", formats=formats) == (dt.date(2026, 2, 3), False)
    assert read(con, "31/02/2026", "date", formats=formats) == (None, True)


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        ("%d/%m/%Y", "01/09/2019", ("01/09/19", "1/9/2019", " 01/09/2019x", "01/ 9/2019", "01/09/12019", "31/02/2019")),
        ("%Y%m%d", "20190901", ("2019091", "1909011", "201909011", "2019 901")),
        ("%-d.%-m.%Y", "1.9.2019", ("1.9.19", "001.9.2019", "1. 9.2019")),
        ("%d-%b-%Y", "01-SEP-2019", ("01-SEPT-2019", "1-SEP-2019", "01-SEP-19")),
        ("%d %B %Y", "01 September 2019", ("01 Septober 2019", "01  September 2019")),
        ("%Y-%m-%dT%H:%M:%S", "2019-09-01T00:00:00", ("2019-09-01", "2019-09-01T00:00", "2019-09-01T24:00:00")),
        ("%Y-%m-%d", "2019-09-01T00:00:00.000+00:00", ("2019-09-01T00:00 or so", "2019-09-01 00:00:00 UTC or so", "19-09-01")),
    ],
)  # fmt: skip
def test_every_format_of_dates_is_as_strict_as_it_is_written(
    con: duckdb.DuckDBPyConnection, form: str, good: str, bad: tuple[str, ...]
) -> None:
    assert read(con, good, "date", formats=[form]) == (dt.date(2019, 9, 1), False)
    assert [read(con, value, "date", formats=[form]) for value in bad] == [(None, True)] * len(bad)


@pytest.mark.parametrize("value", ["1899-12-31", "0019-09-01", "2201-01-01", "9998-12-31"])
def test_a_year_of_nobodys_life_is_unreadable(con: duckdb.DuckDBPyConnection, value: str) -> None:
    assert read(con, value, "date") == (None, True)


def test_two_digits_are_a_year_of_the_hundred_that_the_profile_names(con: duckdb.DuckDBPyConnection) -> None:
    for start, text_of_day, year in ((1950, "01-JUN-68", 1968), (1950, "01-JUN-49", 2049), (1950, "29-FEB-00", 2000),
                                     (2000, "01-JUN-68", 2068), (1930, "01-JUN-29", 2029), (1930, "01-JUN-30", 1930)):  # fmt: skip
        found, unreadable = read(con, text_of_day, "date", formats=["%d-%b-%y"], two_digit_years=start)
        assert (found and found.year, unreadable) == (year, False)
    assert read(con, "29-FEB-00", "date", formats=["%d-%b-%y"], two_digit_years=1900) == (None, True)


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [("%Y-%j", "2024-366", "2026-366"), ("%a %d.%m.%Y", "FRI 02.01.2026", "Mon 02.01.2026"),
     ("%A, %d %B %Y", "Friday, 02 January 2026", "Sunday, 02 January 2026"),
     ("%d.%m.%Y %H:%M%z", "02.01.2026 23:30-05:00", "02.01.2026 23:30")],
)  # fmt: skip
def test_parts_of_a_date_agree_and_its_day_is_that_of_the_text_in_any_zone(
    con: duckdb.DuckDBPyConnection, form: str, good: str, bad: str
) -> None:
    expected = dt.date(2024, 12, 31) if "j" in form else dt.date(2026, 1, 2)
    assert read(con, good, "date", formats=[form]) == (expected, False)
    assert read(con, bad, "date", formats=[form]) == (None, True)


def test_a_last_day_that_is_an_open_end_without_its_century_is_an_open_end() -> None:
    with memory() as con:
        made = FieldSpec.model_validate(
            {"column": "c", "type": "date", "formats": ["%d-%b-%y"], "two_digit_years": 1950}
        )
        for name, expected in (("termination_date", None), ("hire_date", dt.date(2012, 12, 31))):
            sql = typed(name, "date", made, "t")
            query = f"select {sql.value}, {sql.unreadable} from (select '31-DEC-12' as t)"
            assert con.execute(query).fetchall() == [(expected, False)]


@pytest.mark.parametrize(
    ("kind", "spec", "good", "bad"),
    [
        ("integer", {}, {"7": 7, "-7": -7, "007": 7}, ("7.6", "0x10", "1E+05", "1e5", "1.200", "1_000", "+7", "7-", "(7)", "7 %",
                                                      "9" * 20, "٣", '="7"')),
        ("integer", {"thousands_separator": "."}, {"1.200": 1200, "1200": 1200, "1.234.567": 1234567},
         ("1.20", "12.00", "1.2000", ".200", "1,200")),
        ("integer", {"thousands_separator": "'"}, {"1'200": 1200, "1’200": 1200}, ("1.200",)),
        ("integer", {"thousands_separator": " "}, {"1 200": 1200, "1 200": 1200, "1 200": 1200}, ("1  200",)),
        ("decimal", {}, {"0.5": "0.5", "38.5": "38.5", "-1": "-1", "1.200": "1.2", "0.12340": "0.1234"},
         ("0,5", "1E+05", "0x1", ".5", "5.", "0.12345", "1,200.5", "9" * 15, "NaN", "inf", "50 %")),
        ("decimal", {"decimal_separator": ",", "thousands_separator": "."}, {"0,5": "0.5", "1.200,75": "1200.75", "1.200": "1200"},
         ("0.5", "1.20,5", "1,200.5")),
        ("decimal(2)", {"type": "decimal", "decimals": 2}, {"0.5": "0.50", "38.500": "38.50", "9" * 16: "9" * 16 + ".00"},
         ("0.125", "9" * 17)),
        ("decimal(0)", {"type": "decimal", "decimals": 0}, {"38": "38", "38.00": "38"}, ("38.5", "38.")),
        ("decimal(18)", {"type": "decimal", "decimals": 18}, {"0.123456789012345678": "0.123456789012345678"},
         ("1", "0." + "1" * 19)),
    ],
)  # fmt: skip
def test_a_number_is_digits_with_the_separators_of_the_profile_and_is_never_rounded(
    con: duckdb.DuckDBPyConnection, kind: str, spec: dict[str, str], good: dict[str, object], bad: tuple[str, ...]
) -> None:
    for value, expected in good.items():
        found, unreadable = read(con, value, kind, **spec)
        assert (unreadable, found) == (False, found.__class__(expected))
        if "(" in kind:
            assert str(found) == expected
    assert [read(con, value, kind, **spec) for value in bad] == [(None, True)] * len(bad)


@pytest.mark.parametrize(("value", "expected"), [("Y", True), (" Active", True), ("N", False), ("", None)])
def test_a_boolean_is_read_from_the_values_of_the_profile(
    con: duckdb.DuckDBPyConnection, value: str, expected: bool | None
) -> None:
    assert read(con, value, "boolean", true_values=["Y", "Active"], false_values=["N"]) == (expected, False)


@pytest.mark.parametrize(("kind", "value"), [("boolean", "maybe"), ("integer", "1x"), ("decimal", "1,5")])
def test_text_of_another_type_is_unreadable(con: duckdb.DuckDBPyConnection, kind: str, value: str) -> None:
    assert read(con, value, kind) == (None, True)


CELLS = st.lists(
    st.one_of(st.none(), st.text(st.characters(codec="utf-8", min_codepoint=32), max_size=4)), min_size=3, max_size=3
)


@given(one=CELLS, other=CELLS)
def test_digests_differ_exactly_when_values_do(
    con: duckdb.DuckDBPyConnection, one: list[str | None], other: list[str | None]
) -> None:
    query = f"select {digest_of(['a', 'b', 'c'])} from (select ?::varchar as a, ?::varchar as b, ?::varchar as c)"
    first, second = (con.execute(query, cells).fetchall() for cells in (one, other))
    assert (first == second) is (one == other)


VALUES = st.none() | st.builds(
    lambda before, middle, after: before + middle + after,
    SPACES, st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=5), SPACES,
)  # fmt: skip


@given(row=st.tuples(VALUES, VALUES, VALUES))
def test_an_odd_value_is_found_in_whichever_column_it_is(
    con: duckdb.DuckDBPyConnection, row: tuple[str | None, str | None, str | None]
) -> None:
    specs = {name: text_of(name, FieldSpec.model_validate({"column": name})) for name in "abc"}
    source = "(select ?::varchar as a, ?::varchar as b, ?::varchar as c)"
    flagged = f"(select *, {odd_sql([FieldSpec(column=name) for name in specs])} as {ODD} from {source})"
    [found] = con.execute(f"select {', '.join(specs.values())} from {flagged}", row).fetchall()
    assert found == tuple(trimmed(value or "") or None for value in row)
