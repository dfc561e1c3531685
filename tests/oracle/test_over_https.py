"""The client and the sandbox's Oracle HCM as two ends of a connection: certificates, sign-in, a broken connection."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from hcm_pipeline.errors import ServiceError
from hcm_pipeline.http import Patience
from hcm_pipeline.oracle import OracleClient, OracleConnection, Person, ReadingRules, Window
from hcm_pipeline.sandbox import running
from tests.oracle.support import StoppedTime
from tests.sandbox.support import trusting

RULES = ReadingRules(patience=Patience(sleep=StoppedTime().sleep))


def test_workers_and_feeds_come_over_https_though_connections_break(tmp_path: Path) -> None:
    with running(tmp_path) as handle, trusting(handle) as http:
        there = handle.hcm
        steer = f"{there.url}/sandbox/hcm"
        actions = [{"do": "hire", "person_number": f"{number}", "last_name": "Li"} for number in range(30)]
        http.post(f"{steer}/act", json={"actions": actions}).raise_for_status()
        for kind in ("reset_before", "reset_after"):
            fault = {"kind": kind, "on": "workers", "times": 1}
            http.post(f"{steer}/faults", json=fault).raise_for_status()
        ways = [
            OracleConnection(there.url, username=there.username, password=there.password, ca_file=there.ca_file),
            OracleConnection(
                there.url, token_url=there.token_url, client_id=there.client_id, client_secret=there.client_secret,
                scope=there.scope, ca_file=there.ca_file,
            ),
        ]  # fmt: skip
        for way in ways:
            with OracleClient(way, RULES) as client:
                today = client.service_time()
                until = today + timedelta(seconds=1)  # `Date` knows no fractions
                people = [Person(None, f"{number}") for number in range(30)]
                assert {one.outcome for one in client.read(people, today.date())} == {"found"}
                entries = [
                    one for page in client.walk(Window("newhire", "published", None, until)) for one in page.entries
                ]
                assert len({one.person_id for one in entries}) == 30
        with (
            OracleClient(OracleConnection(there.url, token="x"), RULES) as client,
            pytest.raises(ServiceError, match="certificate is not trusted"),
        ):
            client.service_time()
