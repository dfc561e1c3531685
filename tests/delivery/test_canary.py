"""The canary: a few operations go first, and the rest only when the provisioning log says that they were good."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from hcm_pipeline.deciders import Decider
from hcm_pipeline.delivery import Canary, ManifestState, OutcomeEntry, PauseKind, UploadReport
from hcm_pipeline.delivery.manifest import Manifest
from hcm_pipeline.delivery.send.first_outcomes import CanaryFindings, find_canary_outcomes
from hcm_pipeline.http import Patience

from .conftest import Site, body_of, digests, write

FIVE = [body_of(number) for number in range(5)]
CANARY = Canary(operations=1, minutes=15, interval=60)
NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


@pytest.fixture
def site(site_with: Callable[..., Site]) -> Site:
    """A home whose sandbox has the clock of the test."""
    started = site_with(cycle_seconds=120)
    started.http.post(f"{started.handle.url}/sandbox/clock", json={"mode": "manual"})
    return started


def pass_time(site: Site, seconds: float) -> None:
    """Both clocks move."""
    site.time.sleep(seconds)
    site.http.post(f"{site.handle.url}/sandbox/clock", json={"advance_seconds": seconds})


def upload(site: Site, manifest: Manifest, canary: Canary = CANARY, **given: Any) -> UploadReport:
    """Upload while the clocks of both sides move together."""
    return site.upload(manifest, canary=canary, patience=Patience(sleep=partial(pass_time, site)), **given)


def plan(site: Site, profile: str, *bodies: bytes) -> Manifest:
    """A manifest that this profile made."""
    manifest = write(site.home, site.target.key, list(bodies), inputs={"profile": profile})
    site.register(manifest)
    return manifest


def test_the_first_request_waits_alone_for_its_outcome_and_the_rest_follows(site: Site) -> None:
    told: list[tuple[int, dt.datetime]] = []
    report = upload(site, plan(site, "one", *FIVE), progress=lambda settled, _: told.append((settled, site.time.now)))
    assert (report.state, report.accepted) == (ManifestState.ACCEPTED, 5)
    moments = dict(told)
    assert moments[2] - moments[1] >= dt.timedelta(seconds=120)  # a cycle of the service lies between


def test_a_proven_profile_needs_no_canary_until_it_changes(site: Site) -> None:
    upload(site, plan(site, "one", *FIVE))
    site.time.slept.clear()
    assert upload(site, plan(site, "one", *(body_of(n, "b") for n in range(5)))).state is ManifestState.ACCEPTED
    assert site.time.slept == []
    pass_time(site, 300)
    assert upload(site, plan(site, "two", *(body_of(n, "c") for n in range(5)))).state is ManifestState.ACCEPTED
    assert site.time.slept != []


def test_without_a_canary_in_the_profile_everything_goes_at_once(site: Site) -> None:
    assert upload(site, plan(site, "one", *FIVE), Canary(0)).state is ManifestState.ACCEPTED
    assert site.time.slept == []


def test_a_manifest_of_one_request_has_nothing_to_hold_back_and_proves_nothing(site: Site) -> None:
    assert upload(site, plan(site, "one", FIVE[0])).state is ManifestState.ACCEPTED
    assert site.time.slept == []
    upload(site, plan(site, "one", *FIVE[1:]))
    assert site.time.slept != []


def test_a_canary_that_failed_stops_the_rest_and_says_why_until_a_person_lets_it_go_on(site: Site) -> None:
    users = [{"userPrincipalName": "worker0@contoso.com", "employeeId": "99999"}]
    site.http.post(f"{site.handle.url}/sandbox/users", json={"users": users})
    manifest = plan(site, "one", *FIVE)
    report = upload(site, manifest)
    assert (report.state, report.accepted, report.stopped, report.paused_until) == (
        ManifestState.UPLOADING, 1, True, None,
    )  # fmt: skip
    assert report.reason is not None
    assert "the one operation that went first was not good (failure " in report.reason
    assert "00000" in report.reason
    again = upload(site, manifest)
    assert (again.sent, again.stopped, again.reason) == (0, True, report.reason)
    with site.journal() as journal:
        journal.pauses(site.target.key).release(manifest.manifest_id, Decider("ada", site.time.now))
    assert upload(site, manifest).state is ManifestState.ACCEPTED
    assert upload(site, plan(site, "one", *(body_of(n, "b") for n in range(1, 4)))).state is ManifestState.ACCEPTED
    assert site.time.slept[-1] == 60  # a profile that was let past its canary is not proven


def test_a_refused_canary_stops_the_rest(site: Site) -> None:
    report = upload(site, plan(site, "one", body_of(0, method="PATCH"), *FIVE[1:]))
    assert (report.stopped, report.accepted, report.refused) == (True, 0, 1)
    assert "the service refused the canary: 400" in (report.reason or "")


def test_a_canary_without_outcomes_pauses_the_upload_and_the_next_one_goes_on(site_with: Callable[..., Site]) -> None:
    site = site_with(cycle_seconds=1200)
    site.http.post(f"{site.handle.url}/sandbox/clock", json={"mode": "manual"})
    manifest = plan(site, "one", *FIVE)
    report = upload(site, manifest)
    assert (report.state, report.accepted, report.stopped) == (ManifestState.UPLOADING, 1, False)
    assert report.reason == "the one operation that went first has no outcome yet"
    with site.journal() as journal:
        pause = journal.pauses(site.target.key).paused()
    assert pause is not None
    assert (pause.kind, pause.manifest_id) == (PauseKind.CANARY, manifest.manifest_id)
    before = len(site.time.slept)
    assert upload(site, manifest).accepted == 1  # looks once, and waits no more
    assert len(site.time.slept) == before
    site.http.post(f"{site.handle.url}/sandbox/clock", json={"advance_seconds": 600})
    assert upload(site, manifest).state is ManifestState.ACCEPTED
    assert sorted(site.accepted()) == sorted(digests(*FIVE))
    with site.journal() as journal:
        assert journal.pauses(site.target.key).paused() is None


def test_an_upload_that_was_cut_off_while_it_waited_sends_nothing_before_the_outcomes(site: Site) -> None:
    class Killed(BaseException):
        pass

    def die(seconds: float) -> None:
        raise Killed

    manifest = plan(site, "one", *FIVE)
    with pytest.raises(Killed):
        site.upload(manifest, canary=CANARY, patience=Patience(sleep=die))
    assert site.accepted() == digests(FIVE[0])
    assert upload(site, manifest).state is ManifestState.ACCEPTED
    assert sorted(site.accepted()) == sorted(digests(*FIVE))


def entry(number: str, status: str, seconds: float = 1, code: str | None = None, **given: Any) -> OutcomeEntry:
    """An entry, so many seconds after noon."""
    made = OutcomeEntry(
        id=f"{number}-{seconds}", at=NOON + dt.timedelta(seconds=seconds), change_id="change", person_number=number,
        action="create", status=status, good=status == "success", error_code=code,
    )  # fmt: skip
    return replace(made, **given)


def test_the_verdict_counts_who_is_good_who_waits_and_names_the_codes_of_the_others() -> None:
    entries = [entry("1", "success"), entry("2", "failure", code="Conflict"), entry("3", "failure", code="Conflict")]
    assert find_canary_outcomes(entries, ["1", "2", "3", "4"], NOON) == CanaryFindings(
        good=1, waiting=1, bad=("failure Conflict: 2, 3",)
    )


def test_the_newest_entry_of_a_worker_decides_and_one_that_fills_in_a_manager_does_not() -> None:
    entries = [
        entry("1", "success", 2), entry("1", "failure", 1, "Conflict"),
        entry("2", "failure", 1, "Conflict"), entry("2", "success", 3, twin=True, action="update"),
    ]  # fmt: skip
    assert find_canary_outcomes(entries, ["1", "2"], NOON) == CanaryFindings(
        good=1, waiting=0, bad=("failure Conflict: 2",)
    )


def test_entries_of_before_the_canary_and_of_others_say_nothing() -> None:
    assert find_canary_outcomes([entry("1", "success", -1), entry("9", "failure")], ["1"], NOON) == CanaryFindings(
        0, 1, ()
    )


def test_a_skip_is_good_when_nothing_was_left_to_change() -> None:
    skipped = entry("1", "skipped", code="EntrySynchronizationSkipped")
    assert find_canary_outcomes([skipped], ["1"], NOON).good == 0
    assert find_canary_outcomes([replace(skipped, good=True)], ["1"], NOON).good == 1


def test_a_warning_is_not_good() -> None:
    assert find_canary_outcomes([entry("1", "warning")], ["1"], NOON).bad == ("warning no code: 1",)
