"""An object store that speaks S3, as a process of its own on the loopback: seaweedfs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

KEY, SECRET = "a-key", "a-secret-key"
BUCKET = "drop"


@dataclass(frozen=True)
class S3Site:
    """A server that runs, with an empty bucket."""

    endpoint: str


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Site]:
    """The server, until the block ends."""
    folder.mkdir(exist_ok=True)
    names = ("master", "volume", "filer", "s3")
    ports, grpc = dict(zip(names, _free_ports(4), strict=True)), dict(zip(names, _free_ports(4), strict=True))
    command = [
        str(Path(sys.executable).with_name("weed")), "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        f"-bucket={BUCKET}", "-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
        "-master.telemetry=false", *(f"-{name}.port={port}" for name, port in ports.items()),
        *(f"-{name}.port.grpc={port}" for name, port in grpc.items()),
    ]  # fmt: skip
    environ = {**os.environ, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "HOME": str(folder)}
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environ, cwd=folder) as process,
    ):
        try:
            _wait(f"http://127.0.0.1:{ports['s3']}/", process)
            yield S3Site(f"http://127.0.0.1:{ports['s3']}")
        finally:
            process.kill()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url).status_code in (200, 403):
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise AssertionError("the object store did not start; see its log")
