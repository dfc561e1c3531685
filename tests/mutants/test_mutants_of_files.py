"""Mutants of files: every record of one that is taken is somewhere, and no message tells whose it was."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from hcm_pipeline.errors import GuardStop
from hcm_pipeline.flow import landing
from hcm_pipeline.http import utc_now
from tests.budget import examples
from tests.mutants.files import TOKEN, Mutant, mutant
from tests.mutants.markup import KEYS, fixed_mutant, xml_mutant
from tests.workers.driver import PROFILE, Firm, day

TOGETHER = 4
"""Files of one business date, each of a source with person numbers of its own: a day takes longer than a file."""
FORMATS: dict[str, Callable[[int], Mutant]] = {
    **dict.fromkeys("abcdefgh"[:TOGETHER], mutant),
    "x": xml_mutant,
    "f": fixed_mutant,
}
"""Source to what makes its files."""
SOURCES = "".join(
    f'[[sources]]\nname = "{letter}"\nglob = "{letter}-*"\nnamespace = "{letter}"\n'
    + {"x": KEYS["xml"], "f": KEYS["fixed"]}.get(letter, "")
    for letter in FORMATS
)
TAKEN_WHATEVER = (
    PROFILE[PROFILE.index("[fields.person_number]") :]
    .replace("percent = 50.0", "percent = 100.0")
    .replace("at_least = 25", "at_least = 1000")
)
ROOMS = " union all ".join(
    f"select extract_id, row_no from {table}"
    for table in ("worker_versions", "other_rows", "passed_over_rows", "quarantined_rows")
)


@settings(max_examples=examples(5), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 2**40), min_size=len(FORMATS), max_size=len(FORMATS)))
def test_every_record_of_a_mutant_is_somewhere_and_no_message_tells_a_value(tmp_path: Path, seeds: list[int]) -> None:
    shutil.rmtree(tmp_path / "home", ignore_errors=True)
    firm = Firm(tmp_path, 'name = "firm"\n' + SOURCES + TAKEN_WHATEVER)
    mutants = {letter: make(seed) for (letter, make), seed in zip(FORMATS.items(), seeds, strict=True)}
    said = []
    for letter, one in mutants.items():
        note(f"{letter}: {one.story}")
        path = tmp_path / f"{letter}-2026-11-02.csv"
        path.write_bytes(one.data)
        [landed] = landing.land(firm.warehouse, firm.loaded.profile, [path], now=utc_now)
        assert landed.result in ("taken", "refused"), landed
        said.append(landed.message)
    try:
        said += [line for counts in firm.run(day(2)) for line in counts.refused]
    except GuardStop as stop:
        said.append(str(stop))
    _tell_nothing(firm, said)
    _account(firm, mutants)


def _tell_nothing(firm: Firm, said: list[str]) -> None:
    said += [text for (text,) in firm.sql("""
        select coalesce(reason, '') from extracts union all select concat_ws(' ', rule, message) from extract_findings
        union all select coalesce(reason, '') from days
        union all select concat_ws(' ', "rule", column_name, value_class) from quarantine_reasons""")]  # fmt: skip
    for text in said:
        assert TOKEN not in text.lower(), text
        assert "unexpected fault" not in text, firm.home.fault.read_text(encoding="utf-8")


def _account(firm: Firm, mutants: dict[str, Mutant]) -> None:
    """Records are as many as the reader counts, and rows of the day as many as there are in one table or the other."""
    [*days] = firm.sql("select status, rows, collapsed from days")
    extracts = firm.sql(
        """select source, status, "rows" + (control_total is not null)::int, (shape->>'records')::bigint, reason from extracts"""
    )
    for source, status, rows, records, reason in extracts:
        assert status == "applied" or reason or days[0][0] == "stopped"
        if status == "applied":
            assert records in (rows, None), mutants[source].story
    if not days or days[0][0] == "stopped":
        return
    [(found,)] = firm.sql(f"select count(*) from (select distinct extract_id, row_no from ({ROOMS}))")
    assert found + days[0][2] == days[0][1] == sum(rows for _, status, rows, _, _ in extracts if status == "applied")
    known = {
        number
        for (number,) in firm.sql(
            "select person_number from worker_versions union select person_number from quarantined_rows"
        )
    }
    for source, status, *_ in extracts:
        if status == "applied":
            lost = {f"{source}:{number}" for number in mutants[source].untouched} - known
            assert not lost, (lost, mutants[source].story)


@pytest.mark.parametrize("make", [mutant, xml_mutant, fixed_mutant])
def test_a_mutant_is_what_its_seed_says(make: Callable[[int], Mutant]) -> None:
    assert make(7) == make(7)
    assert len({make(seed).data for seed in range(50)}) > 45


@pytest.mark.parametrize("make", [mutant, xml_mutant, fixed_mutant])
def test_most_mutants_have_rows_that_nothing_touched(make: Callable[[int], Mutant]) -> None:
    found = [make(seed) for seed in range(200)]
    assert 60 < sum(bool(one.untouched) for one in found) < 180
