"""Uploading a manifest: all of it, the same bytes, whatever happens on the way."""

from __future__ import annotations

import datetime as dt
import fcntl
import logging
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from hcm_pipeline.delivery import Journal, ManifestState, Pace, RequestState, UploadReport
from hcm_pipeline.delivery.manifest import BULK_FILE, Manifest, folder_of
from hcm_pipeline.delivery.send.in_flight import Attempt, Ended
from hcm_pipeline.entra import GraphClient, client
from hcm_pipeline.errors import GuardStop, PipelineError, ServiceRefused, ServiceUnavailable, SignInFailed, UsageError
from hcm_pipeline.http import Patience
from hcm_pipeline.targets.entra.service import limits_of, live

from .conftest import Site, StoppedThreads, body_of, digests, one_at_a_time, write

FIVE = [body_of(number) for number in range(5)]


def statuses(site: Site) -> list[int]:
    """The status of every call received."""
    return [status for status, _ in site.received()]


def states(site: Site, manifest_id: str) -> list[RequestState]:
    """The state of every request that was begun."""
    with site.journal() as journal:
        return [request.state for request in journal.requests(manifest_id)]


@pytest.mark.parametrize("in_flight", [StoppedThreads, one_at_a_time])
def test_every_body_arrives_once_with_exactly_its_bytes(site: Site, in_flight: Any) -> None:
    manifest = site.plan(*FIVE)
    told: list[tuple[int, int]] = []
    report = site.upload(
        manifest, in_flight=in_flight, progress=lambda settled, requests: told.append((settled, requests))
    )
    assert report == UploadReport(manifest.manifest_id, ManifestState.ACCEPTED, 5, accepted=5, refused=0, sent=5)
    assert sorted(site.received()) == sorted((202, digest) for digest in digests(*FIVE))
    assert in_flight is StoppedThreads or site.accepted() == digests(*FIVE)
    assert told == [(settled, 5) for settled in range(6)]


def test_what_was_accepted_can_be_read_in_the_order_of_acceptance(site: Site) -> None:
    manifest = site.plan(*FIVE)
    site.upload(manifest)
    with site.journal() as journal:
        taken = list(journal.accepted_requests())
        later = list(journal.accepted_requests(after=taken[2].accept_seq))
    assert [one.accept_seq for one in taken] == sorted(one.accept_seq for one in taken)
    assert sorted(one.request_no for one in taken) == [0, 1, 2, 3, 4]
    assert later == taken[3:]
    assert all(one.request_id and (site.home.path / one.folder / BULK_FILE).is_file() for one in taken)


def test_an_accepted_manifest_is_left_alone_and_that_is_said(site: Site) -> None:
    manifest = site.plan(*FIVE)
    site.upload(manifest)
    report = site.upload(manifest)
    assert (report.already, report.state, report.sent) == (True, ManifestState.ACCEPTED, 0)
    assert len(site.received()) == 5


def test_an_empty_manifest_is_accepted_without_a_call(site: Site) -> None:
    assert site.upload(site.plan()).state is ManifestState.ACCEPTED
    assert site.received() == []


def test_a_throttled_request_waits_as_long_as_it_is_told(site: Site) -> None:
    site.fault("status", status=429, retry_after=17)
    assert site.upload(site.plan(*FIVE)).state is ManifestState.ACCEPTED
    assert site.time.slept == [17.0]
    assert statuses(site) == [429, 202, 202, 202, 202, 202]


def test_without_a_retry_after_the_waits_are_jittered(site: Site) -> None:
    site.fault("status", status=429, times=3)
    assert site.upload(site.plan(*FIVE)).state is ManifestState.ACCEPTED
    assert len(site.time.slept) == 3
    assert all(0.5 <= seconds <= 4 for seconds in site.time.slept)


def test_a_wait_longer_than_patience_ends_the_upload_with_the_time_to_go_on(site: Site) -> None:
    manifest, began = site.plan(*FIVE), site.time.now
    site.fault("status", status=429, retry_after=7200)
    report = site.upload(manifest)
    assert (report.state, report.paused_until) == (ManifestState.UPLOADING, began + dt.timedelta(hours=2))
    again = site.upload(manifest)
    assert (again.sent, again.paused_until, again.reason) == (0, report.paused_until, report.reason)
    site.time.sleep(7200)
    assert site.upload(manifest).state is ManifestState.ACCEPTED


def test_a_full_bucket_is_waited_for_in_minutes(site: Site) -> None:
    site.fault("bucket_full", times=2)
    assert site.upload(site.plan(*FIVE)).state is ManifestState.ACCEPTED
    assert site.time.slept == [300, 600]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failing_service_is_tried_again_with_the_same_bytes(site: Site, status: int) -> None:
    site.fault("status", status=status, times=2)
    assert site.upload(site.plan(*FIVE)).state is ManifestState.ACCEPTED
    assert site.received()[:3] == [(code, digests(FIVE[0])[0]) for code in (status, status, 202)]


def test_a_service_that_keeps_failing_ends_patience_and_leaves_the_manifest_to_resume(site: Site) -> None:
    manifest = site.plan(*FIVE)
    site.fault("status", status=503, times=None)
    with pytest.raises(ServiceUnavailable, match=r"request \d: gave up: 503 ServiceUnavailable"):
        site.upload(manifest, patience=Patience(give_up_after=300, sleep=site.time.sleep))
    assert 240 < sum(site.time.slept) <= 300
    site.http.delete(f"{site.handle.url}/sandbox/faults")
    assert site.upload(manifest).state is ManifestState.ACCEPTED


def test_a_connection_cut_before_acceptance_loses_nothing(site: Site) -> None:
    site.fault("reset_before")
    assert site.upload(site.plan(*FIVE)).accepted == 5
    assert sorted(site.accepted()) == sorted(digests(*FIVE))


def test_a_connection_cut_after_acceptance_sends_the_same_bytes_again(site: Site) -> None:
    site.fault("reset_after")
    assert site.upload(site.plan(*FIVE)).accepted == 5
    assert sorted(site.accepted()) == sorted(digests(FIVE[0], *FIVE))


def test_an_unreachable_authority_is_waited_for_before_anything_is_sent(site: Site) -> None:
    site.fault("reset_before", on="token", times=2)
    assert site.upload(site.plan(*FIVE)).accepted == 5
    assert len(site.time.slept) == 2
    assert statuses(site) == [202] * 5


def test_a_token_that_expires_under_way_is_renewed(site: Site) -> None:
    def expire(settled: int, _: int) -> None:
        if settled in (1, 3):
            site.fault("revoke_tokens")

    report = site.upload(site.plan(*FIVE), progress=expire, in_flight=one_at_a_time)
    assert (report.state, report.sent) == (ManifestState.ACCEPTED, 7)
    assert site.accepted() == digests(*FIVE)


def test_a_token_that_expires_under_several_requests_is_renewed_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed: list[int] = []
    forget = GraphClient.forget_token

    def counted(client: GraphClient) -> None:
        renewed.append(1)
        forget(client)

    monkeypatch.setattr(GraphClient, "forget_token", counted)

    def expire(settled: int, _: int) -> None:
        if settled == 1:
            site.fault("revoke_tokens")

    assert site.upload(site.plan(*FIVE), progress=expire).state is ManifestState.ACCEPTED
    assert sorted(site.accepted()) == sorted(digests(*FIVE))
    assert len(renewed) == 1


def test_a_fresh_token_that_is_refused_too_stops_the_upload(site: Site) -> None:
    manifest = site.plan(*FIVE)
    site.fault("status", status=401, times=2)
    with pytest.raises(ServiceRefused, match="401 InvalidAuthenticationToken"):
        site.upload(manifest)
    assert statuses(site) == [401, 401]
    assert site.upload(manifest).state is ManifestState.ACCEPTED


def test_a_missing_permission_stops_the_upload_and_is_named(site_with: Callable[..., Site]) -> None:
    site = site_with(withheld_permissions=frozenset({"SynchronizationData-User.Upload"}))
    manifest = site.plan(*FIVE)
    with pytest.raises(ServiceRefused, match=r"403 .* needs the permission SynchronizationData-User\.Upload"):
        site.upload(manifest)
    with site.journal() as journal:
        assert journal.get(manifest.manifest_id).state is ManifestState.UPLOADING
        assert journal.progress(manifest.manifest_id).planned == 5


def test_an_unknown_job_stops_the_upload(site: Site) -> None:
    target = live(replace(site.connection, job_id="API2AAD.none"))
    manifest = write(site.home, target.key, FIVE)
    site.register(manifest)
    with pytest.raises(ServiceRefused, match=r"404 .*HCM_PIPELINE_JOB_ID"):
        site.upload(manifest, target=target)


def test_a_failed_sign_in_leaves_the_manifest_to_resume(site: Site) -> None:
    manifest = site.plan(*FIVE)
    with pytest.raises(SignInFailed):
        site.upload(manifest, target=live(replace(site.connection, client_secret="wrong")))
    assert site.upload(manifest).state is ManifestState.ACCEPTED


def test_a_refused_request_fails_the_manifest_but_not_the_others(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    bodies = [FIVE[0], body_of(1, method="PATCH"), FIVE[2]]
    manifest = site.plan(*bodies)
    report = site.upload(manifest)
    assert (report.state, report.accepted, report.refused) == (ManifestState.FAILED, 2, 1)
    assert report.reason == "1 of 3 requests was refused"
    assert sorted(statuses(site)) == [202, 202, 400]
    with site.journal() as journal:
        [refused] = journal.requests(manifest.manifest_id, RequestState.REFUSED)
    assert (refused.request_no, refused.status) == (1, 400)
    assert "Invalid Data Format" in (refused.error or "")
    assert "worker1" not in caplog.text


def test_a_failed_manifest_stays_failed(site: Site) -> None:
    site.fault("status", status=400)
    manifest = site.plan(*FIVE)
    assert site.upload(manifest).state is ManifestState.FAILED
    assert site.upload(manifest).already


def test_a_newer_plan_stops_the_upload_of_the_older(site: Site) -> None:
    old, newer = site.plan(*FIVE), write(site.home, site.target.key, [body_of(9)])

    def plan_again(settled: int, _: int) -> None:
        if settled == 2:
            site.register(newer)

    report = site.upload(old, progress=plan_again, in_flight=one_at_a_time)
    assert (report.state, report.accepted) == (ManifestState.SUPERSEDED, 2)
    assert newer.manifest_id in (report.reason or "")
    assert site.accepted() == digests(*FIVE[:2])
    assert site.upload(old).already
    assert site.upload(newer).state is ManifestState.ACCEPTED


def test_what_arrived_while_its_manifest_was_superseded_still_counts_as_delivered(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, newer = site.plan(*FIVE), write(site.home, site.target.key, [body_of(9)])
    post = GraphClient.bulk_upload

    def superseded_in_flight(client: GraphClient, body: bytes, token: str) -> Any:
        answer = post(client, body, token)
        site.register(newer)
        return answer

    monkeypatch.setattr(GraphClient, "bulk_upload", superseded_in_flight)
    assert site.upload(old).state is ManifestState.SUPERSEDED
    with site.journal() as journal:
        assert [one.request_no for one in journal.accepted_requests()] == [0]


def test_a_spent_quota_pauses_without_error_and_goes_on_a_day_later(site: Site) -> None:
    manifest, began = site.plan(*FIVE), site.time.now
    report = site.upload(manifest, target=live(site.connection, 3))
    assert (report.state, report.accepted) == (ManifestState.UPLOADING, 3)
    assert report.paused_until == began + dt.timedelta(hours=24)
    assert site.upload(manifest, target=live(site.connection, 3)).sent == 0  # another process counts the same calls
    site.time.sleep(24 * 3600)
    assert site.upload(manifest, target=live(site.connection, 3)).state is ManifestState.ACCEPTED
    assert sorted(site.accepted()) == sorted(digests(*FIVE))


def test_forty_calls_go_out_at_once_and_the_next_after_five_seconds(site_with: Callable[..., Site]) -> None:
    site = site_with(calls_per_5s=1000)  # it goes by the machine's time, in which all of this is one moment
    site.upload(site.plan(*(body_of(number) for number in range(41))))
    assert site.time.slept == [5.0]


class Killed(BaseException):
    """Stands for the end of the process at one instruction."""


CUTS = [
    (owner, name, when, nth)
    for owner, name, calls in (
        (Journal, "start", 1),
        (Pace, "claim", 2),
        (Journal, "begin_send", 2),
        (GraphClient, "bulk_upload", 2),
        (Journal, "end_send", 2),
        (Pace, "done", 2),
        (Journal, "finish", 1),
    )
    for when in ("before", "after")
    for nth in range(1, calls + 1)
]


@pytest.mark.parametrize(
    ("owner", "name", "when", "nth"),
    CUTS,
    ids=[f"{when}-{owner.__name__}.{name}-{nth}" for owner, name, when, nth in CUTS],
)
def test_cut_off_at_any_step_it_resumes_and_loses_nothing(
    site: Site, owner: type, name: str, when: str, nth: int
) -> None:
    bodies = FIVE[:3]
    manifest, calls, real = site.plan(*bodies), 0, getattr(owner, name)

    def cut(*args: Any, **given: Any) -> Any:
        nonlocal calls
        calls += 1
        turn = calls  # threads come by while this one is away
        if turn == nth and when == "before":
            raise Killed
        result = real(*args, **given)
        if turn == nth:
            raise Killed
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, cut)
        with pytest.raises(Killed):
            site.upload(manifest)
    assert site.upload(manifest).state is ManifestState.ACCEPTED
    taken = site.accepted()
    assert set(taken) == set(digests(*bodies))
    assert len(taken) <= len(bodies) + 2  # at most those on their way were sent again
    assert states(site, manifest.manifest_id) == [RequestState.ACCEPTED] * 3


KILL = """
import os, signal, sys
from pathlib import Path
from hcm_pipeline.delivery import Journal, upload
from hcm_pipeline.entra import GraphClient
from hcm_pipeline.home import Home
from hcm_pipeline.sandbox import running
from hcm_pipeline.targets.entra.connection import to_sandbox
from hcm_pipeline.targets.entra.service import live

post, seen = GraphClient.bulk_upload, []

def deadly(client, body, token):
    answer = post(client, body, token)
    seen.append(body)
    if len(seen) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer

GraphClient.bulk_upload = deadly
home = Home(Path(sys.argv[1]))
with running(home.sandbox) as sandbox, Journal(home.journal) as journal:
    upload(home, live(to_sandbox(sandbox.target)), sys.argv[2], journal=journal)
"""


def test_a_killed_process_leaves_an_upload_that_another_finishes(site: Site) -> None:
    manifest = site.plan(*FIVE)
    child = subprocess.run(
        [sys.executable, "-c", KILL, str(site.home.path), manifest.manifest_id],
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()
    left = states(site, manifest.manifest_id)
    assert set(left) == {RequestState.ACCEPTED, RequestState.SENDING}
    report = site.upload(manifest)
    assert (report.state, report.sent) == (ManifestState.ACCEPTED, 5 - left.count(RequestState.ACCEPTED))
    assert set(site.accepted()) == set(digests(*FIVE))


def test_of_two_uploaders_at_once_one_sends_and_the_other_finds_it_done(site_with: Callable[..., Site]) -> None:
    site = site_with(latency_seconds=0.02)
    manifest, reports = site.plan(*FIVE), list[UploadReport]()

    def run() -> None:
        reports.append(site.upload(manifest, patience=Patience(lock_wait=30, sleep=lambda _: time.sleep(0.01))))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(report.already for report in reports) == [False, True]
    assert sorted(site.received()) == sorted((202, digest) for digest in digests(*FIVE))


def test_an_uploader_that_does_not_finish_is_not_waited_for_for_ever(site: Site) -> None:
    manifest = site.plan(*FIVE)
    site.upload(site.plan())  # makes the lock
    site.register(manifest)
    [lock] = site.home.locks.glob("upload-*.lock")
    with lock.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(PipelineError, match="another upload to this target still runs after 30 s"):
            site.upload(manifest)
    assert sum(site.time.slept) == 30
    assert site.upload(manifest).state is ManifestState.ACCEPTED


def test_altered_bytes_are_not_sent(site: Site) -> None:
    manifest = site.plan(*FIVE)
    path = folder_of(site.home.manifests, manifest) / BULK_FILE
    path.write_bytes(path.read_bytes().replace(b"Worker 3", b"Worker 4"))
    with pytest.raises(PipelineError, match="not those that were planned"):
        site.upload(manifest)
    assert site.received() == []


def test_a_manifest_that_holds_no_more_is_not_begun_but_one_that_was_begun_goes_on(site: Site) -> None:
    def moved(_: Manifest) -> None:
        raise GuardStop("what it was made from has moved")

    manifest = site.plan(*FIVE)
    with pytest.raises(GuardStop, match="has moved"):
        site.upload(manifest, still_holds=moved)
    assert site.received() == []
    site.upload(manifest, target=live(site.connection, 2))
    site.time.sleep(24 * 3600)
    assert site.upload(manifest, still_holds=moved).state is ManifestState.ACCEPTED


def test_a_manifest_for_another_target_is_not_sent(site: Site) -> None:
    manifest = write(site.home, "someone/else", FIVE)
    site.register(manifest)
    with pytest.raises(PipelineError, match="was planned for someone/else"):
        site.upload(manifest)
    assert site.received() == []


def test_a_home_that_was_moved_goes_on_where_it_stood(site: Site, tmp_path: Path) -> None:
    manifest = site.plan(*FIVE)
    site.upload(manifest, target=live(site.connection, 2))
    moved = replace(site, home=replace(site.home, path=site.home.path.rename(tmp_path / "elsewhere")))
    ca_file = moved.home.sandbox / "tls" / "ca.pem"
    site.time.sleep(24 * 3600)
    report = moved.upload(manifest, target=live(replace(site.connection, ca_file=ca_file)))
    assert report.state is ManifestState.ACCEPTED
    assert sorted(site.accepted()) == sorted(digests(*FIVE))


def test_an_unknown_manifest_is_a_wrong_call(site: Site) -> None:
    with site.journal() as journal, pytest.raises(UsageError, match="no manifest's id begins so"):
        journal.get("f00")


def test_a_client_that_gave_up_waiting_sends_the_same_bytes_again_and_nothing_is_lost(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TIMEOUT", httpx.Timeout(5.0, read=1.0))
    manifest = site.plan(*FIVE)
    site.fault("latency", seconds=2.5, times=1)
    report = site.upload(manifest)
    assert report.state is ManifestState.ACCEPTED
    assert report.sent >= 6  # a busy machine may be late more often
    assert set(site.accepted()) == set(digests(*FIVE))


def test_two_jobs_of_a_tenant_are_uploaded_to_side_by_side_and_share_the_quota(site: Site) -> None:
    manifest = site.plan(*FIVE)
    with site.journal() as journal:
        other = Pace(journal, site.target.tenant, "its other job", limits_of(4), clock=site.time.clock)
        for _ in range(2):
            call = other.claim()
            assert isinstance(call, int)
            other.done(call, site.time.now)
    report = site.upload(manifest, target=live(site.connection, 4))
    assert (report.accepted, report.reason) == (2, "the quota is spent")
    with (site.home.locks / "upload-of-another-job.lock").open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        site.time.sleep(24 * 3600)
        assert site.upload(manifest).state is ManifestState.ACCEPTED


@pytest.mark.parametrize("state", ["Paused", "Quarantine"])
def test_nothing_is_sent_to_a_job_that_stands_still_and_the_reason_is_told(site: Site, state: str) -> None:
    manifest = site.plan(*FIVE)
    site.http.post(f"{site.handle.url}/sandbox/job", json={"status": state})
    report = site.upload(manifest)
    assert (report.state, report.sent, report.stopped) == (ManifestState.READY, 0, True)
    assert state.lower() in (report.reason or "")
    assert site.received() == []
    site.http.post(f"{site.handle.url}/sandbox/job", json={"status": "Active"})
    assert site.upload(manifest).state is ManifestState.ACCEPTED


def test_a_job_that_cannot_be_read_is_sent_to_all_the_same(site_with: Callable[..., Site]) -> None:
    site = site_with(withheld_permissions=frozenset({"Synchronization.ReadWrite.All", "Synchronization.Read.All"}))
    assert site.upload(site.plan(*FIVE)).state is ManifestState.ACCEPTED


class Dying(StoppedThreads):
    """Attempts during which the process ends at a given step, as if killed."""

    left = 0

    def _step(self) -> None:
        Dying.left -= 1
        if not Dying.left:
            raise Killed

    def start(self, attempt: Attempt) -> None:
        self._step()
        super().start(attempt)
        self._step()

    def next(self, seconds: float | None) -> Ended | None:
        self._step()
        ended = super().next(seconds)
        self._step()
        return ended


def test_over_the_wire_with_random_faults_and_kills_everything_arrives_and_no_limit_is_broken(site: Site) -> None:
    """Six uploads against the sandbox itself, whose limits count by its own clock, which stands still beside ours."""
    site.http.post(f"{site.handle.url}/sandbox/clock", json={"mode": "manual"})

    def sleep(seconds: float) -> None:
        seconds = round(seconds, 6)  # both clocks count whole microseconds, and stay together
        site.time.sleep(seconds)
        site.http.post(f"{site.handle.url}/sandbox/clock", json={"advance_seconds": seconds})

    faults: list[dict[str, Any]] = [
        {"kind": "status", "status": 429}, {"kind": "status", "status": 429, "retry_after": 9},
        {"kind": "status", "status": 503}, {"kind": "bucket_full"}, {"kind": "reset_before"}, {"kind": "reset_after"},
        {"kind": "revoke_tokens"}, {"kind": "reset_before", "on": "token"},
    ]  # fmt: skip
    for seed in range(6):
        chance = random.Random(seed)
        bodies = [body_of(number, f"seed {seed}") for number in range(25)]
        manifest = site.plan(*bodies)
        before = len(site.received())
        for fault in chance.sample(faults, 4):
            site.fault(**fault)
        while True:
            Dying.left = chance.randrange(5, 120)
            try:
                report = site.upload(manifest, in_flight=Dying, patience=Patience(sleep=sleep))
            except Killed:
                continue
            break
        assert report.state is ManifestState.ACCEPTED
        new = site.received()[before:]
        assert {digest for status, digest in new if status == 202} == set(digests(*bodies))
        armed = sum(status == 429 for status, _ in new)
        assert armed <= 2, "throttled more often than it was told to"
