"""The end of the processes that `hcm-pipeline ui` starts: in order where they can, and in any case."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

SERVER = """
import subprocess, sys, time
from pathlib import Path
from hcm_pipeline.defs.endings import end_by_signals, end_with_parent
end_by_signals()
end_with_parent()
daemon = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], preexec_fn=end_with_parent)
Path("pids").write_text(f"{__import__('os').getpid()} {daemon.pid}")
try:
    time.sleep(60)
except KeyboardInterrupt:
    Path("ended").touch()
    if "tidy" in sys.argv:
        daemon.terminate()
        daemon.wait()
    elif "stubborn" in sys.argv:
        time.sleep(60)
"""
UI = """
import sys
from pathlib import Path
from hcm_pipeline.cli import ui
ui.END_SECONDS = 1.0
sys.exit(ui.serve([sys.executable, *sys.argv[1:]], None, Path()))
"""


def until(found: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(process: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def begun(folder: Path, *options: str) -> tuple[subprocess.Popen[bytes], list[int]]:
    """A user interface that was started in the background, where SIGINT is ignored; and the processes that it started."""
    (folder / "server.py").write_text(SERVER)
    process = subprocess.Popen(
        [sys.executable, "-c", UI, "server.py", *options], cwd=folder, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )  # fmt: skip
    until(lambda: (folder / "pids").is_file() and len((folder / "pids").read_text().split()) == 2)
    return process, [int(pid) for pid in (folder / "pids").read_text().split()]


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_server_in_order_however_it_was_started(tmp_path: Path, ending: signal.Signals) -> None:
    process, started = begun(tmp_path, "tidy")
    process.send_signal(ending)
    assert process.wait(30) == 0
    assert (tmp_path / "ended").exists()
    until(lambda: not any(map(alive, started)))


@pytest.mark.parametrize("option", ["careless", "stubborn"])
def test_what_does_not_end_is_ended(tmp_path: Path, option: str) -> None:
    process, started = begun(tmp_path, option)
    process.terminate()
    assert process.wait(30) == 0
    until(lambda: not any(map(alive, started)))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a process of its parent's end")
def test_nothing_stays_when_the_command_itself_is_killed(tmp_path: Path) -> None:
    process, started = begun(tmp_path, "careless")
    process.kill()
    process.wait()
    until(lambda: not any(map(alive, started)))
