"""Advisory locks: one holder at a time, who is named to the others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hcm_pipeline.locks import advisory_lock, process_is_alive


class Refused(Exception):
    """Nobody waits any longer."""


def test_a_second_holder_waits_as_long_as_it_is_told_and_hears_once_who_holds_it(tmp_path: Path) -> None:
    path, slept, heard = tmp_path / "lock", list[float](), list[str]()
    with advisory_lock(path, 0, refuse=Refused):
        second = advisory_lock(path, 1, refuse=Refused, step=0.25, sleep=slept.append, notice=heard.append)
        with pytest.raises(Refused, match=str(os.getpid())), second:
            pass
    assert (slept, heard) == ([0.25] * 4, [str(os.getpid())])


def test_a_lock_is_free_again_after_the_block_whatever_ended_it(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), advisory_lock(tmp_path / "lock", 0, refuse=Refused):
            raise ZeroDivisionError


def test_a_process_is_alive_until_it_has_ended() -> None:
    assert process_is_alive(str(os.getpid()))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert not process_is_alive(str(ended.pid))
