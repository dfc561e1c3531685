"""The marks `service` and `system`: set by the code that a test and its fixtures reach, and held while the test runs.

A test is `system` in a folder or file named below, or as a row beyond those that the fast lane shows. It is `service` when it, a
fixture or a helper of the tests that it calls names the sandbox's server or `subprocess`. So a test seldom needs a mark of its own,
and one without a mark that starts a process or a sandbox all the same fails and says so.
"""

from __future__ import annotations

import inspect
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

SYSTEM = (
    "acceptance", "defs", "delivery/test_chaos.py", "delivery/test_guard_study.py", "docs/test_commands.py",
    "docs/test_walks.py", "docs/test_dagster_reference.py", "workers/test_verbs.py",
    # whole careers and years, generated and driven through every day of them
    "workers/test_careers.py", "workers/test_lifecycle.py::test_stages_are_those_of_the_table_on_every_day_and_change_only_when",
    "workers/test_days.py::test_storage_grows_with_change_and_not_with_days",
    "workers/test_days.py::test_files_in_any_order_end_like_files_in_order",
    "workers/test_held_back.py::test_rebuilding_gives_the_same_tables",
    # every file of the repository, many rows, or one rule through every way in
    "test_rules.py::test_no_sentence_begins_like_a_question_that_it_is_not",
    "delivery/test_matching.py::test_a_large_load_is_settled_in_batches_and_nobody_is_left_out",
    "identity/test_ledger.py::test_ten_thousand_namesakes_in_one_day_and_the_next",
    "workers/test_rows.py::test_rows_that_stay_the_same_take_no_room",
)  # fmt: skip
"""Folders, files and tests, below `tests/`, that drive the whole from outside, through Dagster, or for years."""
LONG = (
    "delivery/test_toy_target.py::test_the_book_goes_through_plan_guard_approval_upload_crash_outcomes_and_undo",
    "feeds/test_company.py::test_following_ends_each_day_in_the_truth_with_every_fault_on",
    "flow/test_going_live.py::test_a_confirmed_account_is_adopted_stamped_and_then_clean",
    "identity/test_rules.py::test_the_conventions_of_the_docs_come_out_as_shown",
    "identity/test_rules.py::test_the_difficult_names_of_the_docs_come_out_as_shown", "identity/test_verbs.py",
    "identity/test_years.py",
    "mutants/test_mutants_of_profiles.py::test_under_a_mutant_that_is_right_a_day_is_done_or_its_error_is_one_for_people",
    "oracle/test_scim_server.py", "workers/test_days.py::test_rebuilding_a_day_from_the_same_files_gives_the_same_tables",
    "workers/test_recognised.py::test_days_leave_the_same_behind_whether_lines_are_looked_at_or_not",
)  # fmt: skip
"""Files and tests that are `system` as well: whole years, days of a simulated company, and ways through the whole whose rules are
shown one by one elsewhere. They start nothing, so they are watched and kept as the tests of the fast lane are."""
ROWS = {
    "delivery/test_clearing.py::test_a_directory_that_was_read_after_the_outcome": "2002-room-5|2001-name",
    "delivery/test_clearing.py::test_a_value_that_may_have_arrived": "True-None|lost, too",
    "delivery/test_clearing.py::test_an_account_that_was_made_of_a_record": "read after another record|it never arrived",
    "delivery/test_clearing.py::test_a_value_that_another_home_has_sent": "of an account",
    "delivery/test_sending.py::test_whatever_fails_and_whenever_it_is_killed": "^[0-9]$",
    "delivery/test_staleness.py::test_a_plan_whose_run_was_killed": "True",
    "first_load/test_tiers.py::test_one_thing_that_agrees": "theirs[02]",
    "first_load/test_tiers.py::test_several_attributes_that_agree": "theirs[02]",
    "flow/test_clearing.py::test_a_directory_closes_what_it_shows_empty": "a mapping|another directory|two places",
    "flow/test_workflow_report.py::test_a_date_in_a_form_that_no_workflow_reads": "False",
    "identity/test_correlation.py::test_a_name_that_anything_in_the_directory_holds": "taken[024]",
    "identity/test_protection.py::test_an_account_with_the_number_is_adopted": "person([0369]|10)-",
    "oracle/test_readings.py::test_everybody_is_read_as_is_true_on_each_day": "-[1-3]$",
    "profile/test_scope.py::test_clauses_hold_together": "disable",
    "sources/test_xml_days.py::test_of_changes_a_missing_tag": "then[0135]",
    "workers/test_computed.py::test_a_day_goes_on_whatever_an_expression_does": "placement|zones|scope",
    "workers/test_held_back.py::test_a_bad_cell_of_one_relationship": "people",
    "workers/test_held_back.py::test_an_exit_gets_through_in_a_record": "as_csv|as_json",
    "workers/test_judging.py::test_a_name_in_which_two_letters_draw_one": "True-",
    "workers/test_rows.py": "^(?!news$)",
}
"""By the beginning of its name below `tests/`: the rows that the fast lane shows of a test of whole days, a pattern of their ids.

The others bring the same rule in by another way: a file of changes, another format, another field. They are `system`, as LONG is.
"""
SYSTEM_FIXTURES = {"samba"}
SERVERS = {"hcm_pipeline.sandbox.server", "subprocess"}
"""Modules whose names a `service` test reaches."""
OF_SERVICES = "\npytestmark = pytest.mark.service"
OPENING = {"open_target"}
"""Functions of the product that start the home's own sandbox."""

_alone = pytest.StashKey[bool]()
"""Whether a `system` test starts nothing."""
_here = Path(__file__).parent
_fast: list[str] = []
"""The test that runs now, when it starts nothing."""


def mark(item: pytest.Item) -> None:
    """Give a collected test its mark."""
    path = f"{item.path.relative_to(_here).as_posix()}::{item.name}"
    fixtures = set(getattr(item, "fixturenames", ()))
    if path.startswith(SYSTEM) or fixtures & SYSTEM_FIXTURES:
        item.add_marker("system")
    elif any(reaches_a_server(function) for function in _functions(item)):
        item.add_marker("service")
    elif path.startswith(LONG) or not _is_shown(item, path):
        item.add_marker("system")
        item.stash[_alone] = True


def _is_shown(item: pytest.Item, path: str) -> bool:
    """Whether the fast lane shows this row of a test."""
    row = getattr(getattr(item, "callspec", None), "id", None)
    return row is None or all(re.search(shown, row) for name, shown in ROWS.items() if path.startswith(name))


def passed_over(path: Path, chosen: str) -> bool:
    """Whether a file or folder need not even be imported: `-m` chooses no `system` test, and it holds no other; or it chooses no
    `service` test, and the whole file says that it is one.
    """
    if not path.is_relative_to(_here):
        return False
    if "not system" in chosen and path.relative_to(_here).as_posix() in SYSTEM + LONG:
        return True
    return "not service" in chosen and path.match("test_*.py") and OF_SERVICES in path.read_text(encoding="utf-8")


def _functions(item: pytest.Item) -> Iterator[Any]:
    """The test and the fixtures behind it."""
    yield getattr(item, "function", None)
    known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    yield from (definition.func for definitions in known.values() for definition in definitions)


@cache
def reaches_a_server(function: Any) -> bool:
    """Whether a function of the tests, or one that it calls, names the sandbox's server or `subprocess`."""
    todo, seen = [function] if callable(function) else [], set()
    while todo:
        at = todo.pop()
        if id(at) in seen:
            continue
        seen.add(id(at))
        named = at.__name__ if isinstance(at, ModuleType) else getattr(at, "__module__", None)
        if named in SERVERS or getattr(at, "__name__", None) in OPENING:
            return True
        if str(named).partition(".")[0] == "tests" and not isinstance(at, ModuleType):
            todo += _named_by(at)
    return False


def _named_by(thing: Any) -> Iterator[Any]:
    """The global objects that a function of the tests, or a class's methods, name."""
    if inspect.isclass(thing):
        yield from (value for value in vars(thing).values() if isinstance(value, FunctionType))
    elif isinstance(thing := inspect.unwrap(thing), FunctionType):
        yield from (thing.__globals__[name] for name in _names(thing.__code__) if name in thing.__globals__)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    yield from (name for constant in code.co_consts if isinstance(constant, CodeType) for name in _names(constant))


def watch() -> None:
    """From now on a test without a mark cannot start a process or a sandbox. To be called once."""
    start, bind = subprocess.Popen.__init__, socket.socket.bind

    def started(self: subprocess.Popen[Any], *args: Any, **named: Any) -> None:
        assert not _fast, f"{_fast[-1]} starts a process: mark it with `service`"
        start(self, *args, **named)

    def bound(self: socket.socket, address: Any) -> None:
        if _fast and sys._getframe(1).f_globals.get("__name__") == "hcm_pipeline.sandbox.server":
            self.close()
            raise AssertionError(f"{_fast[-1]} starts a sandbox: mark it with `service`")
        bind(self, address)

    subprocess.Popen.__init__ = started  # type: ignore[method-assign]
    socket.socket.bind = bound  # type: ignore[method-assign, assignment]


def begin(item: pytest.Item) -> None:
    """Note which test runs, when it is one that starts nothing."""
    marked = item.get_closest_marker("service") or item.get_closest_marker("system")
    _fast[:] = [] if marked and not item.stash.get(_alone, False) else [item.nodeid]


def starts_nothing() -> bool:
    """Whether the test that runs now has neither mark, or is `system` for its length only."""
    return bool(_fast)


def end() -> None:
    """No test runs."""
    _fast.clear()
