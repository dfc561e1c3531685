"""Business dates through landing and processing, with real files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.errors import GuardStop
from hcm_pipeline.warehouse import scratch
from hcm_pipeline.workers import changes_of, current_workers, validation, worker_versions
from tests.budget import examples

from .driver import COLUMNS, PROFILE, Firm, day, worker
from .test_judging import PICK, ROWS


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    """A firm without a pick rule."""
    return Firm(tmp_path)


def test_the_first_day_makes_joiners_of_the_active_and_former_workers_of_the_others(firm: Firm) -> None:
    counts = firm.take([worker(1), worker(2, Active="False")], day(1))
    assert (counts.rows, counts.workers, counts.changes) == (2, 2, {"former": 1, "joiner": 1})
    assert firm.kinds(day(1)) == {"1": "joiner", "2": "former"}


def test_a_pick_rule_decides_between_rows_of_one_worker(tmp_path: Path) -> None:
    firm = Firm(tmp_path, more=PICK)
    counts = firm.take(
        [worker(1, Primary="N", Hired="2026-02-01", City="Rome"), worker(1, Primary="Y", Hired="2020-01-01", City="Oslo"),
         worker(2, Hired="2020-01-01", City="Rome"), worker(2, Hired="2021-01-01", City="Oslo")],
        day(1),
    )  # fmt: skip
    assert (counts.passed_over, counts.quarantined) == (2, 0)
    assert firm.snapshot(fields="city") == {"1": "Oslo", "2": "Oslo"}
    assert firm.sql("select row_no from passed_over_rows order by 1") == [(2,), (4,)]


def test_every_row_is_counted_once_and_one_in_quarantine_keeps_its_text(firm: Firm) -> None:
    rows = [worker(1), worker("x y", Left="2026-02-30"), worker(1), worker(2, City="A"), worker(2, City="B")]
    counts = firm.take(rows, day(1))
    assert (counts.rows, counts.collapsed, counts.quarantined, counts.workers) == (5, 1, 3, 2)
    assert firm.reasons(day(1)) == [
        (3, "date_unreadable", "Left"), (3, "pattern", "Number"), (5, "contradicts_another_row", "City"),
        (6, "contradicts_another_row", "City"),
    ]  # fmt: skip
    assert firm.sql("select row_no, held from quarantined_rows order by 1") == [(3, "row"), (5, "cells"), (6, "cells")]
    [(raw,)] = firm.sql("select raw from quarantined_rows where row_no = 3")
    assert "2026-02-30" in raw


def test_what_counts_say_names_no_value(firm: Firm) -> None:
    counts = firm.take([worker(1, Country="Atlantis"), worker(2)], day(1))
    assert "Atlantis" not in repr(counts)
    assert firm.sql('select value_class, "value" from quarantine_reasons') == [("letters (8)", "ATLANTIS")]


def test_a_worker_whose_number_cannot_be_read_keeps_the_last_good_version(firm: Firm) -> None:
    firm.take([worker(1, Department="A"), worker(2)], day(1))
    counts = firm.take([worker("1 ?", Department="B"), worker(2)], day(2))
    assert (counts.quarantined, counts.workers, counts.absent, counts.changes) == (1, 2, 1, {})
    assert firm.snapshot()["1"] == "A"


def test_an_absent_worker_is_kept_and_reported_until_they_are_back(firm: Firm) -> None:
    firm.take([worker(1), worker(2)], day(1))
    counts = firm.take([worker(1)], day(2))
    assert (counts.workers, counts.absent, counts.changes) == (2, 1, {})
    assert firm.sql("select person_number from absences where valid_to is null") == [("2",)]
    assert firm.take([worker(1), worker(2), worker(3)], day(3)).absent == 0


def test_a_changes_only_file_says_nothing_about_those_it_leaves_out(firm: Firm) -> None:
    firm.take([worker(1), worker(2)], day(1))
    counts = firm.take([worker(1, Department="B")], day(2), source="news")
    assert (counts.workers, counts.absent, counts.changes) == (2, 0, {"mover": 1})


def test_a_missing_optional_column_keeps_what_is_known(tmp_path: Path) -> None:
    firm = Firm(tmp_path, more='[workers.whole]\ncolumns = "report"\n')
    firm.take([worker(1, Department="A", City="Rome")], day(1))
    columns = [column for column in COLUMNS if column != "Department"]
    counts = firm.take([worker(1, City="Oslo"), worker(2)], day(2), columns=columns)
    assert counts.changes == {"joiner": 1, "update": 1}
    assert firm.snapshot() == {"1": "A", "2": None}


def test_a_full_extract_without_anybody_is_refused(firm: Firm) -> None:
    landed = firm.land([], day(1))
    assert landed.result == "refused"
    assert "header" in landed.message


def test_a_row_in_the_headers_place_is_not_told(firm: Firm) -> None:
    landed = firm.land_text("1,True,Ann,Lee,Sales\n2,True,Ben,Lee,Sales\n", day(2))
    assert landed.result == "refused"
    assert "of the 5 headings of the file the profile knows none, and the others are not shown" in landed.message
    assert "Ann" not in landed.message


def test_a_missing_required_column_is_refused_by_name(firm: Firm) -> None:
    landed = firm.land([worker(1)], day(1), columns=["Number", "Active", "First", "Last"])
    assert landed.result == "taken"
    landed = firm.land_text("Number,Active,First\n1,True,Ann\n", day(1))
    assert landed.result == "refused"
    assert "Last" in landed.message


def test_too_much_quarantine_stops_the_day_and_changes_nothing_but_the_quarantine(firm: Firm) -> None:
    firm.take([worker(n) for n in range(40)], day(1))
    before = firm.everything()
    firm.land([worker(n, Department="B", Active="?" if n < 25 else "True") for n in range(40)], day(2))
    with pytest.raises(GuardStop, match="25 of 40 rows"):
        firm.run(day(2))
    after = firm.everything()
    for table in ("worker_versions", "changes", "manager_warnings", "absences", "passed_over_rows"):
        assert after[table] == before[table]
    assert firm.sql("select count(*) from quarantined_rows where business_date = ?", [day(2)]) == [(25,)]
    assert firm.sql("select status from extracts order by extract_id") == [("applied",), ("stopped",)]


def test_quarantine_below_the_limit_lets_the_day_pass(firm: Firm) -> None:
    counts = firm.take([worker(n, Active="?" if n < 24 else "True") for n in range(40)], day(1))
    assert (counts.quarantined, counts.workers) == (24, 16)


def test_other_rooms_read_the_workers_and_their_changes_as_relations(firm: Firm) -> None:
    firm.take([worker(1, Department="A"), worker(2)], day(1))
    firm.take([worker(1, Department="B"), worker(2)], day(2))
    with firm.warehouse.write() as con, scratch(con) as t:
        assert t.rows(f"select person_number, department from {current_workers(t)} order by 1") == [
            ("1", "B"),
            ("2", None),
        ]
        assert t.count(worker_versions(t)) == 3
        changes = changes_of(t, day(2))
        assert changes.columns == ("business_date", "person_number", "kind", "attributes", "before_from")
        assert t.rows(f"from {changes}") == [(day(2), "1", "mover", ["department"], day(1))]


def test_the_snapshot_of_every_date_can_be_read(firm: Firm) -> None:
    for number, department in enumerate("ABBC", 1):
        firm.take([worker(1, Department=department), worker(number + 1, City=str(number))], day(number))
    assert [firm.snapshot(day(n))["1"] for n in range(1, 5)] == list("ABBC")
    assert [len(firm.snapshot(day(n))) for n in range(1, 5)] == [2, 3, 4, 5]


def test_storage_grows_with_change_and_not_with_days(firm: Firm) -> None:
    people = {n: worker(n) for n in range(400)}
    days = [day(number) for number in range(1, 11)]
    for number, date in enumerate(days, 1):
        for n in (2 * number, 2 * number + 1):  # 0.5 %
            people[n] = worker(n, Department=f"D{number}")
        firm.land(people.values(), date)
    firm.run(*days)
    assert firm.sql("select count(*) from worker_versions") == [(400 + 2 * 9,)]
    assert len(firm.snapshot(day(1))) == len(firm.snapshot(day(10))) == 400


def test_running_a_day_again_changes_nothing_and_says_so(firm: Firm) -> None:
    firm.take([worker(1), worker(2, Manager="9"), worker("!")], day(1))
    firm.take([worker(1, Department="B"), worker(1, Department="C")], day(2))
    before = firm.everything()
    again = firm.run(day(1), day(2))
    assert [counts.unchanged for counts in again] == [True, True]
    assert firm.everything() == before


def test_rebuilding_a_day_from_the_same_files_gives_the_same_tables(firm: Firm) -> None:
    for number in (1, 2, 3):
        firm.take([worker(1, Department=str(number)), worker(number + 1), worker("!")], day(number))
    before = firm.everything()
    firm.sql("update days set state = 'stale' where business_date = ?", [day(1)])
    firm.run(day(1))
    assert firm.everything() == before


def test_a_day_whose_files_were_superseded_uses_the_later_full_file(firm: Firm) -> None:
    firm.land([worker(1, Department="A"), worker(2)], day(1))
    firm.land([worker(1, Department="B")], day(1))
    counts = firm.run(day(1))[0]
    assert (counts.extracts, counts.workers) == (1, 1)
    assert firm.snapshot() == {"1": "B"}
    assert firm.sql("select status from extracts order by extract_id") == [("superseded",), ("applied",)]


DAYS = st.lists(st.tuples(st.integers(1, 4), st.booleans(), ROWS), min_size=2, max_size=4)


@settings(max_examples=examples(5), deadline=None)
@given(files=DAYS, data=st.data())
def test_files_in_any_order_end_like_files_in_order(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[int, bool, list[dict[str, str]]]], data: st.DataObject
) -> None:
    """A late file for an old day rebuilds what follows; the end equals a run from scratch in order."""
    ordered, shuffled = Firm(tmp_path_factory.mktemp("ordered")), Firm(tmp_path_factory.mktemp("shuffled"))
    by_day = {number: (number, full, rows) for number, full, rows in files}  # one file a day: arrival orders the others
    for number in sorted(by_day):
        _, full, rows = by_day[number]
        ordered.land(rows, day(number), source="people" if full else "news")
    ordered.run(*(day(number) for number in sorted(by_day)))
    for number in data.draw(st.permutations(sorted(by_day))):
        _, full, rows = by_day[number]
        if shuffled.land(rows, day(number), source="people" if full else "news").result == "taken":
            shuffled.run(day(number))
    if len({str(file) for file in by_day.values()}) == len(by_day) == len(shuffled.sql("from extracts")):
        assert shuffled.everything() == ordered.everything()


def test_a_profile_that_judges_otherwise_judges_every_row_again(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.take([worker(1, Country="DE"), worker(2)], day(1))
    stricter = Firm(tmp_path, PROFILE.replace('"GB", "DE", "US"', '"GB"'))
    counts = stricter.take([worker(1, Country="DE"), worker(2), worker(3)], day(2))
    assert counts.reasons == {"not_allowed in Country": 1}
    assert firm.snapshot(fields="country")["1"] == "DE"


def test_whatever_ends_a_day_in_the_middle_of_its_rows_is_what_is_told(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    firm.land([worker(1, Country="XX"), worker(2)], day(2))
    with monkeypatch.context() as patch:
        patch.setattr(validation, "_failures", interrupted)
        with pytest.raises(KeyboardInterrupt):
            firm.run(day(2))
    assert firm.sql("select count(*) from days") == [(0,)]
    assert firm.run(day(2))[0].workers == 2
