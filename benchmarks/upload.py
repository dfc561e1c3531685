#!/usr/bin/env python3
"""How near an upload comes to the rate that the service allows, and whether it is ever throttled for it.

    python benchmarks/upload.py [--requests 240] [--operations 50] [--latency 0.2]

Starts a sandbox with the documented limits and the given latency in a process of its own, sends a manifest of full requests
through the whole of `upload` (journal, pace, sign-in, TLS) and shows the calls made beside those that 40 in any 5 seconds
allow. The first 40 may go at once: the rate is that of all that follow them. Times are those at which the sandbox took the
calls. A pace that knows only when a call began and ended can reach 5 / (5 + latency) of the rate, and no more.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import os
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import orjson

from hcm_pipeline.delivery import BULK_FILE, Journal, Manifest, ManifestState, folder_of, upload, write_manifest
from hcm_pipeline.entra import UPLOAD_RATE
from hcm_pipeline.home import Home, private
from hcm_pipeline.sandbox import running
from hcm_pipeline.targets.entra.connection import to_sandbox
from hcm_pipeline.targets.entra.scim_schema import BULK_REQUEST
from hcm_pipeline.targets.entra.service import live

GOAL = 0.95
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
SERVE = """
import sys
from pathlib import Path
from hcm_pipeline.sandbox import SandboxOptions, running
options = SandboxOptions(latency_seconds=float(sys.argv[2]), cycle_seconds=3600, daily_quota=10**8)
with running(Path(sys.argv[1]), options=options):
    print("ready", flush=True)
    sys.stdin.read()
"""


def main() -> None:
    """Run it and print what was reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=240, help="bulk requests; a multiple of 40")
    parser.add_argument("--operations", type=int, default=50, help="operations in each")
    parser.add_argument("--latency", type=float, default=0.2, help="seconds that the service adds to each call")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home").create()
        server = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(home.sandbox), str(given.latency)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == b"ready\n"
            _measure(home, given.requests, given.operations)
        finally:
            server.communicate(timeout=60)


def _measure(home: Home, requests: int, operations: int) -> None:
    with running(home.sandbox) as sandbox, Journal(home.journal) as journal:
        manifest = _write(home, sandbox.target.key, requests, operations)
        journal.register(manifest, folder_of(home.manifests, manifest).relative_to(home.path))
        started, cpu = time.perf_counter(), time.process_time()
        report = upload(home, live(to_sandbox(sandbox.target), 10**9), manifest.manifest_id, journal=journal)
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        assert report.state is ManifestState.ACCEPTED, report
        trust = ssl.create_default_context(cafile=sandbox.target.ca_file)
        with httpx.Client(verify=trust, trust_env=False) as http:
            url = f"{sandbox.url}/sandbox/received"
            received: list[dict[str, Any]] = http.get(url, params={"limit": 100_000}).json()["received"]
    times = [dt.datetime.fromisoformat(call["time"]).timestamp() for call in received]
    throttled = sum(call["status"] == 429 for call in received)
    per, most = UPLOAD_RATE.per.total_seconds(), UPLOAD_RATE.calls
    fullest = max(sum(start <= moment < start + per for moment in times) for start in times)
    # from the end of the first burst to the end of the last: whole periods, so that no burst is counted without its pause
    rate = (requests - most) / (times[-1] - times[most - 1])
    allowed = most / per
    print(f"{requests:,} requests of {operations} operations in {seconds:.1f} s, {cpu:.1f} s of them processor time")
    print(f"fullest 5 seconds: {fullest} calls of {most} allowed; throttled: {throttled}")
    print(f"rate: {rate:.3f} calls a second, {rate / allowed:.1%} of the {allowed:g} allowed (goal {GOAL:.0%})")
    print(f"whole upload: {requests / seconds:.3f} calls a second, {requests / seconds / allowed:.1%}")
    if throttled or rate < GOAL * allowed:
        raise SystemExit(1)


def _write(home: Home, target: str, requests: int, operations: int) -> Manifest:
    lines = []
    for number in range(requests):
        batch = [_operation(number * operations + i) for i in range(operations)]
        lines.append(orjson.dumps({"schemas": [BULK_REQUEST], "Operations": batch, "failOnErrors": None}) + b"\n")
    content = b"".join(lines)
    manifest = Manifest.seal(
        business_date=dt.date(2026, 11, 23), target=target, profile="benchmark", previous=None, requests=requests,
        operations=requests * operations, bulk_sha256=hashlib.sha256(content).hexdigest(), bulk_bytes=len(content),
        counts={"create": requests * operations}, inputs={}, extracts=(),
    )  # fmt: skip
    folder = folder_of(home.manifests, manifest)
    folder.mkdir(parents=True)
    private(folder / BULK_FILE).write_bytes(content)
    write_manifest(folder, manifest)
    return manifest


def _operation(number: int) -> dict[str, Any]:
    data = {
        "schemas": [CORE, ENTERPRISE], "externalId": f"{number:07}", "userName": f"worker{number}@contoso.com",
        "displayName": f"Worker {number}", "active": True, "name": {"givenName": "Worker", "familyName": str(number)},
        "addresses": [{"type": "work", "streetAddress": f"{number} High Street", "locality": "Springfield"}],
        ENTERPRISE: {"department": f"Department {number % 50}", "employeeNumber": f"{number:07}"},
    }  # fmt: skip
    return {"method": "POST", "path": "/Users", "bulkId": f"b{number}", "data": data}


if __name__ == "__main__":
    main()
