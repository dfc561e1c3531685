"""Rows that stand as they stood when a known version was read: not read again, and all comes out as if they were."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hcm_pipeline.extracts import Extract
from hcm_pipeline.flow.installation import quiet
from hcm_pipeline.http import utc_now
from hcm_pipeline.profile import Profile
from hcm_pipeline.sources import Lines
from hcm_pipeline.sources.delimited.delimited_format import Delimited
from hcm_pipeline.warehouse import Relation, Scratch, quote, scratch
from hcm_pipeline.workers import Day, recognised, standing
from hcm_pipeline.workers.batch import Batch
from hcm_pipeline.workers.completeness import values_of
from hcm_pipeline.workers.judging import Judged, judge
from hcm_pipeline.workers.known import Known, facts_of, known_before
from hcm_pipeline.workers.staged import Staged
from tests.budget import examples

from . import few
from .driver import COLUMNS, Firm, day, worker
from .test_judging import PICK, profile

CELLS = st.fixed_dictionaries({
    "Number": st.sampled_from(["1", "2", "3", "4", "", " 1", "1\u200b"]),
    "Active": st.sampled_from(["True", "True", "TRUE", "False", ""]),
    "First": st.sampled_from(["Ann", "Ann ", "Åsa", "", "Barb", "Аmаrа", "n/a", "\x1e"]),
    "Last": st.sampled_from(["Lee", "Lee\x1f", "Barnes", "Bames"]),
    "Department": st.sampled_from(["", "A", "A\nB", "\x1e", "a\x1fb", "R&Dx;"]),
    "City": st.sampled_from(["", "A", "\nB"]),
    "Hired": st.sampled_from(["", "2026-01-01", "2026-01-01T00:00:00", "2026-02-30"]),
    "Country": st.sampled_from(["", "de", "DE", "XX"]),
    "Primary": st.sampled_from(["", "Y"]),
})  # fmt: skip
FILES = st.lists(CELLS, min_size=1, max_size=7)
HEADERS = st.sampled_from([COLUMNS, tuple(name for name in COLUMNS if name not in ("Department", "City"))])


def _kept(t: Scratch, of: Profile, found: Judged) -> tuple[Known, Relation]:
    """The workers, once the accepted rows of a file are known, and their versions."""
    facts = ", ".join(f"facts.{name}" for name in facts_of(of).split(", "))
    versions = t.make(
        "versions",
        f"""select {facts}, place.as_read, date '2026-11-01' as valid_from, null::date as valid_to, active as status_active,
            'active' as life_stage, null::timestamptz as next_at, null::timestamptz as known_from
        from {found.accepted.facts} facts join {found.accepted.rows} place using (extract_id, row_no)""",
    )
    return known_before(t, of, versions, few.other_rows(t, of)), versions


def _told(t: Scratch, of: Profile, batch: Batch) -> dict[str, object]:
    """All that is decided about the rows of a batch, beside known workers; of the third nobody knows whether all is well."""
    held = t.make("held", "select '3' as person_number")
    found = judge(t, batch, few.other_rows(t, of), held, few.TODAY, same_contract=True)
    facts = (
        f"select {facts_of(of)} from {found.accepted.facts} semi join {found.accepted.rows} using (extract_id, row_no)"
    )
    unnamed = (
        found.accepted.unnamed
        or f"""(select person_number from {batch.known.workers} where person_number not in
        (select person_number from {found.accepted.named} where person_number is not null))"""
    )
    [file] = batch.staged
    values = values_of(t, file, batch.known.workers, "last_name", read=False)
    wanted = {
        "accepted": f"from {found.accepted.rows}", "facts": facts, "quarantined": f"from {found.quarantined}",
        "named": f"from {found.accepted.named}", "passed over": f"from {found.passed_over}", "unnamed": f"from {unnamed}",
        "cohorts": f"select cohort, sum(n)::int from ({values}) group by 1 having sum(n) <> 0",
    }  # fmt: skip
    told: dict[str, object] = {what: sorted(map(repr, t.rows(select))) for what, select in wanted.items()}
    return told | {"collapsed": found.collapsed}


def _by_line(t: Scratch, of: Profile, whole: Staged, versions: Relation) -> Staged | None:
    """The file with its rows recognised by their lines; None where it would be read as a whole."""
    cells = ", ".join(f"coalesce({quote(column)}, '')" for column in whole.header)
    if t.first(f"select 1 from {whole.read} where contains(concat({cells}), chr(31)) limit 1"):
        return None  # no format makes lines of it
    made = t.make("lines", f"select row_no, concat_ws(chr(31), {cells}) as line from {whole.read}")
    lines = Lines(whole.header, made)
    bare = t.empty("rows", {"row_no": "bigint", **dict.fromkeys(whole.header, "varchar")})
    return recognised.recognise_lines(of, versions, None, t, replace(whole, read=bare, lines=lines), lines)


@settings(max_examples=examples(4), deadline=None)
@given(first=FILES, again=FILES, kept=st.integers(0, 7), good=st.integers(0, 8), header=HEADERS, pick=st.booleans())
@example(first=[], again=[worker(2, City="Rome"), worker(7, Country="XX")], kept=0, good=6, header=COLUMNS, pick=True)
@example(first=[], again=[worker(2, City="Rome"), worker(9, First="")], kept=0, good=5, header=COLUMNS, pick=False)
def test_a_day_comes_out_as_if_every_row_was_read(
    con: duckdb.DuckDBPyConnection,
    first: list[dict[str, str]],
    again: list[dict[str, str]],
    kept: int,
    good: int,
    header: tuple[str, ...],
    pick: bool,
) -> None:
    of = profile(PICK if pick else "")
    with scratch(con) as t:
        # in the second file stand, in another order, good rows of the first and others, of the same workers or not
        if good > 4:  # so many that lines are looked at, where no cell holds their separator
            again, kept = [{name: text.replace("\x1f", "") for name, text in row.items()} for row in again[:3]], 0
        known_well = [worker(n, Department="A") for n in range(1, good + 1)]
        before = few.staged(t, of, [*known_well, *first], few.extract(8))
        found = judge(
            t,
            Batch(of, (before,), few.known(t, of)),
            few.other_rows(t, of),
            few.nobody(t),
            few.TODAY,
            same_contract=False,
        )
        known, versions = _kept(t, of, found)
        whole = few.staged(t, of, [*again, *first[:kept], *known_well[::-1]], few.extract(9, header=header))
        batch = Batch(of, (whole,), known)
        quick, by_line = _told(t, of, batch), _by_line(t, of, whole, versions)
        if by_line is not None:
            assert quick == _told(t, of, Batch(of, (by_line,), known))
        with patch.object(Batch, "recognise", lambda self, _: self):
            assert quick == _told(t, of, batch)


def test_a_row_that_stands_as_it_stood_is_not_read_again(t: Scratch) -> None:
    rows = [worker(1, City="Rome"), worker(2), worker(3, Country="XX"), worker(4)]
    known, _ = _kept(t, profile(), few.judged(t, profile(), rows, same_contract=False))
    changed = [rows[1], rows[0], rows[2], worker(4, City="Oslo")]
    batch = Batch(profile(), (few.staged(t, profile(), changed),), known).recognise(t)
    assert batch.same is not None
    assert t.rows(f"select row_no, person_number from {batch.same} order by 1") == [(2, "2"), (3, "1")]
    assert t.rows(f"select row_no from {batch.rows()} order by 1") == [(4,), (5,)]


def _digests(t: Scratch, of: Profile, extract: Extract) -> set[object]:
    staged = few.staged(t, of, [worker(1)], extract)
    return {digest for (digest,) in t.rows(f"select {recognised.as_read_sql(of, staged)} from {staged.read}")}


def test_a_file_that_is_read_in_another_way_is_not_recognised(t: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = _digests(t, profile(), few.extract(8))
    assert usual == _digests(t, profile(), few.extract(9))
    city = profile().fields["city"].model_copy(update={"normalise": ("upper",)})
    otherwise = profile().model_copy(update={"fields": {**profile().fields, "city": city}})
    assert usual != _digests(t, otherwise, few.extract(9))
    assert usual != _digests(t, profile(), few.extract(9, header=COLUMNS[:-1]))
    monkeypatch.setattr(duckdb, "__version__", "99.0")
    assert usual != _digests(t, profile(), few.extract(9))


def test_a_cell_that_is_written_in_another_way_changes_nobody_and_is_recognised_from_then_on(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.take([worker(1), worker(2)], day(1))
    read = "select person_number, as_read from worker_versions order by all"
    before = dict(firm.sql(read))
    counts = firm.take([worker(1, Active="TRUE"), worker(2)], day(2))
    after = dict(firm.sql(read))
    assert (counts.changes, after["2"]) == ({}, before["2"])
    assert before["1"] != after["1"]
    assert firm.sql("select count(*) from worker_versions") == [(2,)]
    firm.take([worker(1, Active="TRUE", City="Rome"), worker(2)], day(3))
    assert firm.take([worker(1, Active="TRUE"), worker(2)], day(4)).changes == {"update": 1}


def _read(firm: Firm, number: int) -> tuple[list[int], int]:
    """The numbers of the rows of a date that are cut into fields, and how many are recognised by their lines."""
    with firm.warehouse.write() as con:
        work = Day(con, firm.loaded, day(number), utc_now(), firm.home, quiet)
        try:
            [one] = work.staged
            rows = con.execute(f"select row_no from {one.read} order by 1").fetchall()
            same = con.execute(f"select count(*) from {one.same}").fetchall() if one.same else [(0,)]
        finally:
            work.close()
    return [row_no for (row_no,) in rows], same[0][0]


def test_only_a_line_that_nobody_knows_is_cut_into_fields(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    rows = [worker(n, City="Nice, near Monaco") for n in range(1, 6)]
    firm.take(rows, day(1))
    changed = [rows[1], {**rows[0], "City": '12" high'}, *rows[2:]]
    firm.land(changed, day(2))
    assert _read(firm, 2) == ([3], 4)
    firm.land(rows, day(1))
    assert _read(firm, 1)[1] == 0  # of a date that is processed anew, nobody knows yet what is known before it
    assert firm.run(day(2))[0].changes == {"update": 1}
    firm.land_text("\n".join([",".join(COLUMNS), *["1" * 13 + "," * 11, *["2" + "," * 9] * 1]]) + "\n", day(3))
    assert _read(firm, 3) == ([], 0)  # two ragged rows with as many delimiters as two have


def _all(firm: Firm) -> dict[str, list[str]]:
    """All that the days have left, but for the moments at which it was learnt."""
    tables = ("worker_versions", "changes", "quarantined_rows", "held_cells", "absences", "manager_warnings", "days",
              "extract_findings")  # fmt: skip
    clocks = "exclude (known_from)", "", "", "", "", "", "exclude (finished_at, judged_at)", ""
    return {
        name: sorted(map(repr, firm.sql(f"select * {but} from {name}")))
        for name, but in zip(tables, clocks, strict=True)
    }


def test_days_leave_the_same_behind_whether_lines_are_looked_at_or_not(tmp_path: Path) -> None:
    rows = [worker(n, City='a "b", c', Manager=str(n - 1)) for n in range(2, 9)]
    days = [
        rows,
        [worker(9), {**rows[0], "City": ""}, {**rows[1], "Country": "XX"}, *rows[2:6], rows[5]],
        [{**rows[0], "City": ""}, {**rows[1], "Country": "XX"}, *rows[2:], worker(9, Active="False")],
    ]

    def told(folder: Path) -> dict[str, list[str]]:
        folder.mkdir()
        firm = Firm(folder)
        for number, of in enumerate(days, 1):
            firm.take(of, day(number))
        return _all(firm)

    by_line = told(tmp_path / "lines")
    with patch.object(Delimited, "lines", lambda *_, **__: None):
        assert by_line == told(tmp_path / "rows")
    assert any("XX" in row for row in by_line["quarantined_rows"])


WAITING = st.builds(
    lambda number, first, last, **more: worker(number, First=first, Last=last, **more),
    st.sampled_from("123456"),
    st.sampled_from(["Ann", "Олегko", "Аmаrа", "Amara", "Олег", ""]),
    st.sampled_from(["Lee", "Ивановx", "Вarnes", "Barnes", "Bames"]),
    City=st.sampled_from(["", "Rome"]),
    Country=st.sampled_from(["DE", "DE", "XX"]),
)
EDITS = st.lists(st.tuples(st.integers(0, 5), WAITING | st.none()), max_size=3)


@settings(max_examples=examples(1), deadline=None)
@given(
    people=st.lists(WAITING, min_size=3, max_size=6), days=st.lists(EDITS, min_size=1, max_size=2), seen=st.booleans()
)
@example(
    people=[worker(n, First="Олегko") for n in (1, 2, 3)],
    days=[[(5, worker(4, First="Олегko"))], [(0, None), (4, worker(3))]],
    seen=True,
)
def test_days_leave_the_same_behind_whether_rows_in_quarantine_are_judged_anew_or_not(
    tmp_path_factory: pytest.TempPathFactory,
    people: list[dict[str, str]],
    days: list[list[tuple[int, dict[str, str] | None]]],
    seen: bool,
) -> None:
    def told() -> dict[str, list[str]]:
        firm = Firm(tmp_path_factory.mktemp("firm"))
        rows: list[dict[str, str] | None] = [*people, *[worker(n) for n in range(10, 20)]]
        firm.take(filter(None, rows), day(1))
        for number, edits in enumerate(days, 2):
            for place, row in edits:
                rows[place : place + (row is None or place < 4)] = [row]  # in the place of another, or beside it
            if seen and number == 3:
                firm.sql("insert into seen_names values ('2', 'Олегko', ?, 'ann', now(), 'cli')", [day(number)])
            firm.take(filter(None, rows), day(number))
        return _all(firm)

    again = told()
    with patch.object(recognised, "stand_again", lambda *_: None):
        assert again == told()


def test_a_row_that_waits_for_a_look_at_its_letters_stands_where_it_stood_and_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm, good = Firm(tmp_path), [worker(n) for n in range(10, 20)]
    odd = [
        worker(1, First="Олегko"),
        worker(2, First="Олегko", Last="Lee"),
        worker(3, First="Аmаrа"),
        worker(4, Country="X"),
    ]
    firm.take([*odd, *good], day(1))
    firm.land([*good, *odd], day(2))
    with monkeypatch.context() as newer:
        newer.setattr(standing, "_judged_by", lambda: "00000000-0000-0000-0000-000000000001")
        assert _read(firm, 2)[0] == [12, 13, 14, 15]  # by another release, all are judged anew
    assert _read(firm, 2)[0] == [14, 15]  # the third may be taken for an Amara, and the fourth is a plain mistake
    assert firm.run(day(2))[0].quarantined == 4
    where = "select row_no, since, valid_from from held_cells where valid_to is null and field = 'first_name' order by row_no"
    assert firm.sql(where) == [(row_no, day(1), day(2)) for row_no in (12, 13, 14)]
    assert firm.take([*good, *odd, worker(2)], day(3)).quarantined == 5
