"""Managers who cannot be sent are held back with a warning, and sent once they can be."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hcm_pipeline.errors import ProfileError
from hcm_pipeline.flow.plan_facts import facts_of
from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.targets.entra import EntraTarget
from hcm_pipeline.warehouse import Scratch, memory, scratch
from hcm_pipeline.workers.managers import Newcomers, find_warnings
from tests.budget import examples

from .driver import COLUMNS, PROFILE, Firm, day, worker

NAMED = True


def warned(t: Scratch, managers: dict[str, str | None]) -> dict[str, str]:
    workers = t.of_rows("workers", {"person_number": "varchar", "manager": "varchar"}, list(managers.items()))
    return dict(t.rows(f"from {find_warnings(t, workers)}"))


def test_unknown_self_and_cyclic_managers_are_warned_of(t: Scratch) -> None:
    managers = {"1": None, "2": "1", "3": "99", "4": "4", "5": "6", "6": "7", "7": "5", "8": "5"}
    assert warned(t, managers) == {"3": "unknown", "4": "self", "5": "cycle", "6": "cycle", "7": "cycle"}


def test_nobody_has_no_warning(t: Scratch) -> None:
    assert warned(t, {}) == {}


MANAGERS = st.dictionaries(st.sampled_from("12345678"), st.sampled_from([None, *"123456789"]), min_size=1)


@settings(max_examples=examples(20), deadline=None)
@given(there=MANAGERS, come=MANAGERS)
@example(there={"1": "2"}, come={"2": "1"})
@example(there={"1": None, "3": "9"}, come={"2": "4", "4": "2", "5": "1", "6": "8"})
def test_newcomers_change_the_warnings_as_if_everybody_was_asked(
    there: dict[str, str | None], come: dict[str, str | None]
) -> None:
    now = {**come, **there}
    with memory() as con, scratch(con) as t:
        columns = {"person_number": "varchar", "manager": "varchar"}
        before, workers = (t.of_rows("workers", columns, list(people.items())) for people in (there, now))
        new = t.of_rows("new", {"person_number": "varchar"}, [(number,) for number in now if number not in there])
        only = Newcomers(new, find_warnings(t, before))
        assert dict(t.rows(f"from {find_warnings(t, workers, only)}")) == warned(t, now)


def test_warnings_follow_managers_and_newcomers_and_nothing_else(tmp_path: Path) -> None:
    firm, table = (
        Firm(tmp_path),
        "select person_number, status, valid_from, valid_to from manager_warnings order by all",
    )
    firm.take([worker(1, Manager="9"), worker(2, Manager="1")], day(1))
    firm.take([worker(1, Manager="9", City="Rome"), worker(2, Manager="1"), worker(3, Manager="3")], day(2))
    assert firm.sql(table) == [("1", "unknown", day(1), None), ("3", "self", day(2), None)]
    firm.take(
        [worker(1, Manager="2", City="Rome"), worker(2, Manager="1", City="Bonn"), worker(3, Manager="3")], day(3)
    )
    assert firm.warned() == {"1": "cycle", "2": "cycle", "3": "self"}
    firm.take([worker(1, Manager="2"), worker(2, Manager="1"), worker(3, Manager="3")], day(4))
    assert firm.warned() == {"1": "cycle", "2": "cycle", "3": "self"}


def sent(firm: Firm) -> dict[str, str | None]:
    """Person number to the manager that would be sent."""
    target = EntraTarget("t", profile=firm.loaded.profile)
    column = next(column.name for column in target.columns if column.name.endswith(":manager"))
    with firm.warehouse.write() as con, scratch(con) as t:
        facts = facts_of(t, firm.loaded.profile)
        assert facts is not None
        nobody = t.empty("nobody", {"person_number": "VARCHAR", "basis": "UUID"})
        found = target.desired(t, facts.sources, nobody, nobody)
        return dict(t.rows(f'select person_number, "{column}" from {found.versions}'))


def test_a_manager_is_sent_once_they_appear(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    counts = firm.take([worker(1, Manager="2")], day(1))
    assert (counts.manager_warnings, firm.warned()) == (1, {"1": "unknown"})
    assert sent(firm) == {"1": None}
    counts = firm.take([worker(1, Manager="2"), worker(2)], day(2))
    assert (counts.manager_warnings, firm.warned()) == (0, {})
    assert sent(firm) == {"1": "2", "2": None}
    assert firm.sql("select person_number, status, valid_from, valid_to from manager_warnings") == [
        ("1", "unknown", day(1), day(2))
    ]


BY_NAME = PROFILE.replace("[workers]\n", '[fields.email]\ncolumn = "Mail"\n[workers]\nmanager_by = "email"\n').replace(
    'glob = "people*"', 'glob = "people*"\nnamespace = "uk"'
)
MAIL = (*COLUMNS, "Mail")


def test_a_manager_may_be_named_by_address_and_is_nobody_where_several_have_it(tmp_path: Path) -> None:
    firm = Firm(tmp_path, BY_NAME)
    reports = [worker(n, Manager=name) for n, name in ((2, "Boss@firm.example"), (3, "both@firm.example"), (4, "uk:1"),
                                                       (5, "nobody@firm.example"))]  # fmt: skip
    bosses = [worker(1, Mail="boss@firm.example"), worker(6, Mail="both@firm.example"), worker(7, Mail="BOTH@firm.example"),
              worker(8, Mail="me@firm.example", Manager="me@firm.example")]  # fmt: skip
    firm.take([*bosses, *reports], day(1), columns=MAIL)
    assert firm.warned() == {"uk:3": "unknown", "uk:4": "unknown", "uk:5": "unknown", "uk:8": "self"}
    assert {number: manager for number, manager in sent(firm).items() if manager} == {"uk:2": "uk:1"}
    bosses[0]["Mail"], bosses[1]["Mail"] = "boss@firm.example.org", "one@firm.example"
    firm.take([*bosses, *reports], day(2), columns=MAIL)
    assert {number: manager for number, manager in sent(firm).items() if manager} == {"uk:3": "uk:7"}


def test_the_field_that_names_managers_must_be_mapped() -> None:
    with pytest.raises(ProfileError) as refused:
        parse_profile(BY_NAME.replace('"email"\n', '"username"\n'), "firm.toml")
    assert [fault.key for fault in refused.value.faults] == ["workers.manager_by"]
