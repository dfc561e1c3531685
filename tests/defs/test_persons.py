"""The person behind a decision that reached Dagster: the front says who is signed in, and no client does."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from hcm_pipeline import flow
from hcm_pipeline.defs.metadata import SIGNED_IN_TAG, WAY_TAG
from hcm_pipeline.defs.persons import Person, person_of, starter_of
from hcm_pipeline.defs.web_server import attribute
from hcm_pipeline.front import Front, Gate, Way


@dg.op
def nothing() -> None:
    """An op that decides nothing."""


@dg.job
def a_job() -> None:
    """A job of one op."""
    nothing()


def decided(claimed: str | None = None, **tags: str) -> Person:
    """The person behind a deciding run with these tags."""
    run = dg.DagsterRun(job_name="approve_manifest", tags={f"hcm/{name}": value for name, value in tags.items()})
    context: Any = SimpleNamespace(run=run, log=dg.get_dagster_logger())
    return person_of(context, claimed)


def test_the_proxys_name_counts_and_no_other() -> None:
    assert decided("cfo", way="proxy", signed_in="ada") == Person("ada", Way.PROXY)
    with pytest.raises(dg.Failure, match="nobody was signed in"):
        decided("cfo", way="proxy", signed_in="")


def test_without_a_sign_in_the_name_is_a_claim_and_the_decision_says_so() -> None:
    assert decided("cfo", way="ui", signed_in="") == Person("cfo", Way.UI)
    assert decided() == Person(flow.system_user(), Way.UI)
    assert decided("cfo", way="cli", signed_in="root") == Person("cfo", Way.UI)


def test_a_run_is_started_by_a_person_or_by_nobody() -> None:
    def started(**tags: str) -> str | None:
        return starter_of(
            dg.DagsterRun(job_name="daily_delta", tags={f"hcm/{name}": value for name, value in tags.items()})
        )

    assert started(way="proxy", signed_in="ada") == "ada"
    assert started(way="cli", signed_in="ben") == "ben"
    assert started(way="ui", signed_in="") == flow.system_user()
    assert started() is None


@pytest.mark.parametrize(
    ("front", "headers", "expected"),
    [
        (Front(80), {}, ("ui", "")),
        (Front(80), {"X-User": "cfo"}, ("ui", "")),
        (Front(80, user_header="X-User"), {"X-User": "ada"}, ("proxy", "ada")),
    ],
)
def test_a_launched_run_carries_its_caller_over_whatever_the_client_sent(
    front: Front, headers: dict[str, str], expected: tuple[str, str]
) -> None:
    seen: list[Any] = []

    async def server(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    async def silent(*_: Any) -> Any:
        return {}

    sent = [(b"host", b"localhost"), *((name.lower().encode(), value.encode()) for name, value in headers.items())]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": sent, "client": ("127.0.0.1", 5)}
    asyncio.run(Gate(server, front)(scope, silent, silent))
    with dg.DagsterInstance.ephemeral() as instance:
        attribute(instance)
        forged = {WAY_TAG: "proxy", SIGNED_IN_TAG: "cfo"}
        run = instance.create_run_for_job(a_job, tags=forged)
        workspace: Any = SimpleNamespace(source=SimpleNamespace(scope=seen[0]))
        with pytest.raises(Exception):  # noqa: B017, PT011 - an instance in memory launches nothing
            instance.run_coordinator.submit_run(SimpleNamespace(dagster_run=run, workspace=workspace))  # type: ignore[arg-type]
        found = instance.get_run_by_id(run.run_id)
    assert found is not None
    assert (found.tags[WAY_TAG], found.tags[SIGNED_IN_TAG]) == expected
