"""The marks follow from what a test reaches, and a test without one is kept from starting what it does not say."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hcm_pipeline.sandbox import running as begin
from tests import marks


def test_a_test_that_names_subprocess_is_of_the_service_kind(request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("service")
    assert subprocess.run([sys.executable, "-c", ""], check=True).returncode == 0


def through_a_helper(folder: Path) -> None:
    """Start a sandbox, two calls away from the test."""
    with begin(folder):
        pass


def test_a_helper_that_starts_a_sandbox_makes_its_tests_service(request: pytest.FixtureRequest) -> None:
    assert marks.reaches_a_server(lambda folder: through_a_helper(folder))
    assert request.node.get_closest_marker("service")


def test_a_test_without_a_mark_starts_no_process() -> None:
    with pytest.raises(AssertionError, match="starts_no_process starts a process: mark it with `service`"):
        os.popen("true")


def test_a_test_without_a_mark_starts_no_sandbox(tmp_path: Path) -> None:
    start = importlib.import_module("hcm_pipeline.sandbox.server").running
    with pytest.raises(AssertionError, match="starts_no_sandbox starts a sandbox"), start(tmp_path):
        pass


def test_the_fast_lane_passes_over_what_is_only_system_or_service() -> None:
    acceptance, workers = Path(__file__).parent / "acceptance", Path(__file__).parent / "workers"
    pages = Path(__file__).parent / "flow" / "test_pages.py"
    assert marks.passed_over(pages, "not service and not system")
    assert not marks.passed_over(pages, "not system")
    assert not marks.passed_over(Path(__file__), "not service and not system")
    assert marks.passed_over(acceptance, "not service and not system")
    assert not marks.passed_over(acceptance, "")
    assert not marks.passed_over(workers, "not service and not system")


def test_every_name_of_a_system_test_is_there() -> None:
    folder = Path(__file__).parent
    for name in (*marks.SYSTEM, *marks.LONG, *marks.ROWS):
        path, _, test = name.partition("::")
        assert (folder / path).exists(), name
        assert not test or f"def {test}" in (folder / path).read_text(encoding="utf-8"), name


def test_the_fast_lane_shows_a_row_of_each_test_of_which_it_leaves_rows_out(request: pytest.FixtureRequest) -> None:
    left_out: dict[str, bool] = {}
    for item in request.session.items:
        test, _, row = item.nodeid.partition("[")
        if row and test.removeprefix("tests/").startswith(tuple(marks.ROWS)):
            left_out[test] = left_out.get(test, True) and item.get_closest_marker("system") is not None
    assert not [test for test, is_left_out in left_out.items() if is_left_out]
