"""The checks of delivery and telling people: judged by one job, started by one sensor, in the way of nothing."""

from __future__ import annotations

import dagster as dg
import pytest

from hcm_pipeline.alerts import AlertKind, Outbox, unknown_condition
from hcm_pipeline.defs.alert_checks import ALERTS_JOB, CHECKS
from hcm_pipeline.defs.delivery_jobs import OUTCOMES_JOB, UPLOAD_JOB
from hcm_pipeline.http import utc_now
from hcm_pipeline.settings import Settings
from hcm_pipeline.targets.entra.connection import target_key

from .conftest import Location
from .test_sensors import accept, plan_a_day, reason_of, requests_of


def told(location: Location) -> dict[str, bool]:
    """Run the job; which check passed."""
    result = location.defs.resolve_job_def(ALERTS_JOB).execute_in_process(instance=location.instance)
    assert result.success
    return {found.check_name: found.passed for found in result.get_asset_check_evaluations()}


def lose(location: Location) -> None:
    """An operation is missing."""
    target = target_key(Settings(location.home, location.profile, None))
    warehouse = location.pipeline.installation().warehouse
    with warehouse.write() as con:
        con.execute("insert into failures values (?, '1001', 1, 0, 0, 'missing', null, 'retry later', 'mend', 1, ?, ?, null)",
                    [target, utc_now(), utc_now()])  # fmt: skip
    warehouse.publish()


def test_nothing_is_told_before_there_is_a_read_copy(location: Location) -> None:
    assert reason_of(location.tick("something_to_tell")) == "nothing was processed yet"
    assert reason_of(location.tick("resend_due")) == "nothing was processed yet"


def test_a_condition_fails_its_check_is_told_once_and_ends(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    accept(location, plan_a_day(location))
    assert requests_of(location.tick("something_to_tell"))  # no check was judged yet, and none may be taken for passed
    assert told(location) == dict.fromkeys((check.name for check in CHECKS), True)
    assert reason_of(location.tick("something_to_tell")).startswith("nothing has begun or ended")
    location.instance.report_runless_asset_event(dg.AssetMaterialization("outcomes"))
    assert requests_of(location.tick("something_to_tell"))  # what was judged is not what is there now
    told(location)
    assert reason_of(location.tick("something_to_tell")).startswith("nothing has begun or ended")
    lose(location)
    assert requests_of(location.tick("something_to_tell"))
    # a receiver that is not there: the run succeeds all the same
    monkeypatch.setenv("HCM_PIPELINE_ALERT_WEBHOOK", "https://127.0.0.1:1/nobody")
    assert told(location) == {check.name: check.name != "no_operation_missing" for check in CHECKS}
    with Outbox(location.home.alerts) as outbox:
        [found] = outbox.occurrences()
        assert (found.alert.key, found.unsent) == ("missing", 1)
        assert found.error is not None
        assert "nobody" not in found.error
    assert reason_of(location.tick("something_to_tell")).startswith(
        "nothing has begun or ended"
    )  # its wait is not over
    warehouse = location.pipeline.installation().warehouse
    with warehouse.write() as con:
        con.execute("delete from failures")
    warehouse.publish()
    assert requests_of(location.tick("something_to_tell"))
    assert told(location)["no_operation_missing"]


def test_the_newest_date_is_planned_again_when_somebody_is_due_and_no_manifest_comes_first(location: Location) -> None:
    manifest = plan_a_day(location)
    assert f"{manifest.manifest_id[:12]} is ready" in reason_of(location.tick("resend_due"))
    accept(location, manifest)
    assert reason_of(location.tick("resend_due")) == "nobody is to be sent again now"
    lose(location)
    [request] = requests_of(location.tick("resend_due"))
    assert request.partition_key == "2026-11-02"
    assert requests_of(location.tick("resend_due"))[0].run_key == request.run_key


def test_no_other_job_plans_the_checks_of_delivery(location: Location) -> None:
    steps = {
        job: sorted(node.name for node in location.defs.resolve_job_def(job).nodes)
        for job in ("daily_delta", OUTCOMES_JOB, UPLOAD_JOB, ALERTS_JOB)
    }
    assert steps == {
        "daily_delta": ["plan", "snapshot"], OUTCOMES_JOB: ["outcomes"], UPLOAD_JOB: ["upload"],
        ALERTS_JOB: ["delivery_checks"],
    }  # fmt: skip


def test_a_check_whose_condition_nobody_can_look_at_does_not_pass(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_doubt = unknown_condition([AlertKind.FEEDS_BEHIND, AlertKind.MISSED_EVENTS], ValueError("x"))
    monkeypatch.setattr("hcm_pipeline.flow.look", lambda _: [in_doubt])
    assert told(location) == {check.name: check.name != "extract_is_fresh" for check in CHECKS}
