"""One process serves a directory; state and access outlive it, however it ends."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from asyncio import base_events
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hcm_pipeline.sandbox import SandboxOptions, SandboxProblem, job_key, running

from .support import Tenant, record, sign_in, trusting

SERVE = """
import sys
from pathlib import Path
from typing import Any
from hcm_pipeline.sandbox import SandboxOptions, serve
serve(Path(sys.argv[1]), 0, SandboxOptions(cycle_seconds=3600), lambda handle: print(handle.url, flush=True))
print("ended", flush=True)
"""


@contextmanager
def served(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that serves the directory; killed at the end if it still lives."""
    command = [sys.executable, "-W", "error", "-c", SERVE, str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            process.url = process.stdout.readline().strip()  # type: ignore[attr-defined]
            yield process
        finally:
            process.kill()


def test_a_second_caller_uses_the_first_ones_sandbox_and_leaves_it_running(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        with running(tmp_path) as second:
            assert (second.owner, second.url, second.target) == (False, first.url, first.target)
        with trusting(first) as client:
            assert client.get(f"{first.url}/sandbox/state").status_code == 200


def test_the_target_is_the_sandbox(tmp_path: Path) -> None:
    with running(tmp_path) as handle:
        target = handle.target
        assert (target.graph_url, target.authority_host) == (f"{handle.url}/v1.0", handle.url)
        assert target.job_id.startswith(f"API2AAD.{target.tenant_id.replace('-', '')}.")
        assert target.ca_file == tmp_path / "tls" / "ca.pem"


def test_state_and_tokens_outlive_a_restart(tmp_path: Path) -> None:
    options = SandboxOptions(cycle_seconds=3600)
    with running(tmp_path, options=options) as handle, trusting(handle) as client:
        sign_in(handle, client)
        authorization = client.headers["Authorization"]
        assert Tenant(handle, client).upload(record("1")).status_code == 202
    with running(tmp_path, options=options) as handle, trusting(handle) as client:
        client.headers["Authorization"] = authorization
        tenant = Tenant(handle, client)
        tenant.advance(3600)
        assert tenant.user("1")["employeeId"] == "1"


def test_the_directory_keeps_the_ids_it_began_with(tmp_path: Path) -> None:
    options = SandboxOptions(tenant_id="11111111-2222-3333-4444-555555555555", client_secret="mine")
    with running(tmp_path, options=options) as handle:
        first = handle.target
    with running(tmp_path) as handle:
        assert replace(handle.target, graph_url="", authority_host="") == replace(
            first, graph_url="", authority_host=""
        )


def test_cycles_run_by_themselves_on_the_real_clock(tmp_path: Path) -> None:
    options = SandboxOptions(cycle_seconds=0.05, log_calls_per_10s=100_000)
    with running(tmp_path, options=options) as handle, trusting(handle) as client:
        sign_in(handle, client)
        tenant = Tenant(handle, client)
        tenant.upload(record("1"))
        deadline = time.monotonic() + 10
        while tenant.state()["queue"] and time.monotonic() < deadline:
            time.sleep(0.01)
        assert tenant.user("1")["employeeId"] == "1"


def test_nothing_is_left_behind_at_the_end(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with ExitStack() as until_later:
        with running(tmp_path) as handle:
            client = until_later.enter_context(trusting(handle))  # its connection outlives the sandbox
            client.get(f"{handle.url}/sandbox/state")
        for thread in set(threading.enumerate()) - before:
            thread.join(10)  # one that has been told to end may not have come to it yet
        assert set(threading.enumerate()) <= before
        assert not (tmp_path / "endpoint.json").exists()


def test_private_files_are_their_owners_alone(tmp_path: Path) -> None:
    with running(tmp_path):
        for name in ("state.sqlite", "state.sqlite-wal", "endpoint.json", "tls/server.key"):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_an_answer_waits_for_no_acknowledgement_of_its_first_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once: list[int] = []

    def note(connection: socket.socket) -> None:
        inner(connection)
        at_once.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    inner = base_events._set_nodelay  # type: ignore[attr-defined]
    monkeypatch.setattr(base_events, "_set_nodelay", note)
    with running(tmp_path / "sandbox") as handle, trusting(handle) as client:
        client.get(handle.url)
    assert at_once
    assert all(at_once)


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with running(tmp_path / "one") as handle:
        port = int(handle.url.rpartition(":")[2])
        with pytest.raises(SandboxProblem, match=str(port)), running(tmp_path / "two", port=port):
            pass


def test_another_process_is_found_and_used(tmp_path: Path) -> None:
    with served(tmp_path) as process, running(tmp_path) as handle:
        assert (handle.owner, handle.url) == (False, process.url)  # type: ignore[attr-defined]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serving_ends_cleanly_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    with served(tmp_path) as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "ended\n", "")


def test_serving_twice_is_refused(tmp_path: Path) -> None:
    with running(tmp_path) as handle:
        command = [sys.executable, "-c", SERVE, str(tmp_path)]
        second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 1
    assert f"already runs at {handle.url}" in second.stderr


def test_a_killed_server_loses_nothing_it_accepted_and_blocks_nobody(tmp_path: Path) -> None:
    with served(tmp_path) as process:
        with running(tmp_path) as handle, trusting(handle) as client:
            sign_in(handle, client)
            assert Tenant(handle, client).upload(record("1"), record("2")).status_code == 202
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        assert (tmp_path / "endpoint.json").exists()
    with running(tmp_path, options=SandboxOptions(cycle_seconds=3600)) as handle, trusting(handle) as client:
        assert handle.owner
        sign_in(handle, client)
        tenant = Tenant(handle, client)
        tenant.advance(3600)
        assert tenant.state()["users"] == 2


def test_of_many_that_start_at_once_one_serves(tmp_path: Path) -> None:
    ready = threading.Barrier(4)
    done = threading.Barrier(4)
    seen: list[tuple[bool, str]] = []

    def start() -> None:
        ready.wait()
        with running(tmp_path) as handle:
            seen.append((handle.owner, handle.url))
            done.wait()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(owner for owner, _ in seen) == [False, False, False, True]
    assert len({url for _, url in seen}) == 1


@pytest.mark.parametrize("target", ["entra", "ad"])
def test_the_key_of_the_job_is_known_running_or_not(tmp_path: Path, target: Any) -> None:
    fresh = job_key(tmp_path)
    with running(tmp_path, options=SandboxOptions(target=target)) as handle:
        assert job_key(tmp_path) == handle.target.key
    assert job_key(tmp_path) == handle.target.key
    assert (fresh == handle.target.key) is (target == "entra")
