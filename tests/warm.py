"""Commands in processes of their own whose imports are done: forks of a server that has read the modules once.

A command spends half of its time on imports. Here it has a process, an environment, a folder and an exit code of its own all the
same. A shell finds such commands under their name in the folder of `on_the_path`.
"""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, reduction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.warm_imports"])
_CLIENT = """#!{python} -IS
import json, os, socket, sys
mask = os.umask(0)
asked = {{"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd(), "umask": mask}}
with socket.socket(socket.AF_UNIX) as door:
    door.connect({address!r})
    socket.send_fds(door, [json.dumps(asked).encode() + b"\\n"], [0, 1, 2])
    sys.exit(int(door.makefile().readline() or 1))
"""


def command(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path, seconds: float, umask: int = 0o022
) -> tuple[int, str, str]:
    """Run `hcm-pipeline` to its end; exit code, standard output and standard error. Fails after so many seconds."""
    with TemporaryDirectory() as here:
        out, err = Path(here) / "out", Path(here) / "err"
        with out.open("wb") as said, err.open("wb") as told, Path(os.devnull).open() as nothing:
            process = _started(
                list(arguments), dict(environment), folder, umask, (nothing.fileno(), said.fileno(), told.fileno())
            )
        process.join(seconds)
        late = process.exitcode is None
        if late:
            process.kill()
        code = _ended(process)
        printed = out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")
    assert not late, f"still running after {seconds} s:\n{printed[0]}\n{printed[1]}"
    return code, *printed


class Started:
    """A process that was started and goes on; what it prints is read while it runs. It has a process group of its own."""

    def __init__(
        self, work: Callable[[list[str]], None], arguments: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> None:
        (out, said), (err, told) = os.pipe(), os.pipe()
        with open(said, "wb") as first, open(told, "wb") as second, Path(os.devnull).open() as nothing:
            streams = (nothing.fileno(), first.fileno(), second.fileno())
            self._process = _started(list(arguments), dict(environment), folder, 0o022, streams, work)
        self.stdout, self.stderr = os.fdopen(out, encoding="utf-8"), os.fdopen(err, encoding="utf-8")
        self.pid = int(self._process.pid)

    def wait(self, seconds: float | None = None) -> int | None:
        """Its exit code, or minus the signal that ended it; None when it still runs after so many seconds."""
        self._process.join(seconds)
        code: int | None = self._process.exitcode
        return code

    def kill(self) -> None:
        """kill -9 of its whole group."""
        os.killpg(self.pid, signal.SIGKILL)
        self.wait()

    def terminate(self) -> None:
        """Ask it to end."""
        os.kill(self.pid, signal.SIGTERM)

    def end(self, seconds: float) -> tuple[int | None, str, str]:
        """Its exit code, and what it printed that was not yet read. The code is None when it was killed after so many seconds."""
        printed: dict[Any, str] = {}
        readers = [
            threading.Thread(target=lambda file: printed.update({file: file.read()}), args=(file,), daemon=True)
            for file in (self.stdout, self.stderr)
        ]
        for reader in readers:
            reader.start()
        code = self.wait(seconds)
        if code is None:
            self.kill()
        for reader in readers:
            reader.join(5)
        self.stdout.close()
        self.stderr.close()
        self._process.close()
        return code, printed[self.stdout], printed[self.stderr]


def start(arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> Started:
    """Start `hcm-pipeline`. It lets go of each file as it does in real life, so that others may work beside it."""
    return Started(command_line, arguments, environment, folder)


def command_line(arguments: list[str]) -> None:
    """The work of a process that is `hcm-pipeline`."""
    from hcm_pipeline.cli.main import main

    sys.argv = ["hcm-pipeline", *arguments]
    main()


def _alone(arguments: list[str]) -> None:
    """The same for a command with no other beside it."""
    from tests import kept_instances

    kept_instances.keep()
    command_line(arguments)


@contextmanager
def on_the_path() -> Iterator[Path]:
    """A folder with a command `hcm-pipeline`, for the PATH of shells that run within the block."""
    with TemporaryDirectory() as here, socket.socket(socket.AF_UNIX) as door:
        folder = Path(here)
        door.bind(str(folder / "door"))
        door.listen()
        client = folder / "hcm-pipeline"
        client.write_text(_CLIENT.format(python=sys.executable, address=str(folder / "door")), encoding="utf-8")
        client.chmod(0o700)
        threading.Thread(target=_answer_all, args=(door,), daemon=True).start()
        try:
            yield folder
        finally:
            door.shutdown(socket.SHUT_RDWR)


def _answer_all(door: socket.socket) -> None:
    with suppress(OSError):  # the door is shut
        while True:
            threading.Thread(target=_answer, args=(door.accept()[0],), daemon=True).start()


def _answer(caller: socket.socket) -> None:
    """Run what a caller asks for with its streams; it goes when the caller goes."""
    with caller:
        text, streams, _, _ = socket.recv_fds(caller, 1 << 16, 3)
        try:
            while not text.endswith(b"\n"):
                text += caller.recv(1 << 16)
            asked = orjson.loads(text)
            process = _started(
                asked["arguments"], asked["environment"], Path(asked["folder"]), asked["umask"], tuple(streams)
            )
        finally:
            for stream in streams:
                os.close(stream)
        select.select([process.sentinel, caller], [], [])
        if process.exitcode is None and process.is_alive():
            os.killpg(int(process.pid or 0), signal.SIGTERM)
        with suppress(BrokenPipeError):
            caller.sendall(f"{_ended(process)}\n".encode())


def _started(
    arguments: list[str],
    environment: dict[str, str],
    folder: Path,
    umask: int,
    streams: tuple[int, ...],
    work: Callable[[list[str]], None] = _alone,
) -> Any:
    forkserver.ensure_running()
    process = _processes.Process(target=_run, args=(work, arguments, environment, folder, umask, _Streams(streams)))
    process.start()
    return process


def _ended(process: Any) -> int:
    process.join()
    code = int(process.exitcode)
    process.close()
    return code


class _Streams:
    """Standard input, output and error on their way to another process."""

    def __init__(self, numbers: tuple[int, ...]) -> None:
        self.numbers = numbers

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrived, tuple(map(reduction.DupFd, self.numbers))


def _arrived(*streams: Any) -> tuple[int, ...]:
    return tuple(stream.detach() for stream in streams)


def _run(
    work: Callable[[list[str]], None],
    arguments: list[str],
    environment: dict[str, str],
    folder: Path,
    umask: int,
    streams: tuple[int, ...],
) -> None:
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    # the server's own are of other files
    sys.stdin, sys.stdout = os.fdopen(0, encoding="utf-8"), os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    os.umask(umask)
    work(arguments)
