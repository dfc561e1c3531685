"""Oracle HCM's feeds in Dagster: what a poll records, and the arrows from entries to the snapshot."""

from __future__ import annotations

import datetime as dt
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from hcm_pipeline import flow
from hcm_pipeline.defs.assets import DAILY_JOB
from hcm_pipeline.defs.code_location import build
from hcm_pipeline.defs.delivery_jobs import UPLOAD_JOB
from hcm_pipeline.defs.feed_assets import FEEDS_JOB, FEEDS_SCHEDULE
from hcm_pipeline.flow import feeding, landing, plans, processing
from hcm_pipeline.flow.landing import SETTLE_SECONDS
from hcm_pipeline.home import Home
from hcm_pipeline.settings import Settings
from tests.feeds.simulated import Simulated

from .conftest import Location

A_LOOK, A_QUEUE, A_PROCESS = 5, 5, 15
"""Seconds: between two looks of Dagster's daemon at its sensors, and at its queue of runs, and until a run's process works on a
slow machine."""


def code_location(tmp_path: Path, profile: str = "oracle-hcm-live") -> dg.Definitions:
    return build(Settings(Home(tmp_path / "home"), profile, None))


def test_a_poll_records_entries_and_readings_without_a_personal_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hcm = Simulated(now=dt.datetime.now(dt.UTC))
    hcm.hire("100", hcm.now.date() - dt.timedelta(days=9), "Kowalski")
    monkeypatch.setattr(feeding, "open_client", hcm.opened)
    with dg.DagsterInstance.ephemeral() as instance:
        done = code_location(tmp_path).resolve_job_def(FEEDS_JOB).execute_in_process(instance=instance)
        assert done.success
        told: dict[str, object] = {}
        for name in ("feed_entries", "feed_readings"):
            event = instance.get_latest_materialization_event(dg.AssetKey(name))
            assert event is not None
            assert event.asset_materialization is not None
            told |= {key: value.value for key, value in event.asset_materialization.metadata.items()}
    assert (told["new entries"], told["workers read"], told["missed events"]) == (1, 1, 0)
    assert "Kowalski" not in str(told)
    assert len(list((tmp_path / "home" / "landing").glob("hcm-*-feed.jsonl"))) == 1


def test_arrows_lead_from_the_feeds_to_the_snapshot_where_a_profile_follows_them(tmp_path: Path) -> None:
    graph = code_location(tmp_path).resolve_asset_graph()
    assert graph.get(dg.AssetKey("extracts")).parent_keys == {dg.AssetKey("feed_readings")}
    assert graph.get(dg.AssetKey("feed_readings")).parent_keys == {dg.AssetKey("feed_entries")}
    without = code_location(tmp_path, "oracle-hcm")
    assert dg.AssetKey("feed_readings") not in without.resolve_asset_graph().get_all_asset_keys()
    assert FEEDS_SCHEDULE not in {schedule.name for schedule in without.schedules or []}
    assert flow.load_profile("oracle-hcm").profile.oracle is None


class Chain:
    """The chain from a poll to the upload, by the sensors' own decisions. `seconds`: the longest that it takes."""

    def __init__(self, location: Location) -> None:
        self.location, self.seconds, self.runs = location, 0.0, list[str]()

    def run(self, job: str, key: str | None = None, **config: Any) -> None:
        """A run, from the moment when it is asked for."""
        begun = time.process_time()
        asset = {FEEDS_JOB: "feed_readings", UPLOAD_JOB: "upload"}.get(job)
        done = self.location.defs.resolve_job_def(job).execute_in_process(
            instance=self.location.instance, partition_key=key, run_config=config or None,
            tags={"hcm/manifest": config["ops"]["upload"]["config"]["manifest_id"]} if job == UPLOAD_JOB else None,
        )  # fmt: skip
        assert done.success, asset
        self.seconds += A_QUEUE + A_PROCESS + time.process_time() - begun
        self.runs.append(job)

    def sensor(self, name: str) -> bool:
        """A look of a sensor, and the run that it asks for; whether it did."""
        definition = self.location.defs.resolve_sensor_def(name)
        assert definition.minimum_interval_seconds is not None
        begun = time.process_time()
        found = self.location.tick(name)
        self.seconds += definition.minimum_interval_seconds + A_LOOK + time.process_time() - begun
        for request in found.run_requests or ():
            job = {"arrival": DAILY_JOB, "manifest_ready": UPLOAD_JOB}[name]
            self.run(job, request.partition_key, **request.run_config)
        return bool(found.run_requests)

    def poll(self) -> None:
        """A poll, whose files are whole from then on."""
        self.run(FEEDS_JOB)
        for file in self.location.home.landing.glob("hcm-*"):
            os.utime(file, (0, file.stat().st_mtime - SETTLE_SECONDS - 1))


def test_a_leaver_told_by_the_feed_is_on_the_way_to_the_directory_within_two_minutes_of_the_poll(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the real sensors and runs, without waiting: the longest that each may wait is added to the work's processor time."""
    location = replace(location, profile="oracle-hcm-live")
    hcm = Simulated(now=dt.datetime.now(dt.UTC))
    for number in range(100, 112):
        hcm.hire(str(number), hcm.now.date() - dt.timedelta(days=9), f"Kowalski{number}")
    monkeypatch.setattr(feeding, "open_client", hcm.opened)
    began = location.pipeline.installation()
    flow.drain(began, full=True)
    landing.land(began.warehouse, began.profile, None, now=flow.utc_now, settle=0)
    list(processing.process(began.warehouse, began.loaded, [hcm.now.date()]))
    plans.plan(began.warehouse, began.loaded, began.target)
    flow.upload(began)

    hcm.now += dt.timedelta(seconds=1)
    hcm.end("105", hcm.now.date() - dt.timedelta(days=1))
    told = Chain(location)
    told.poll()
    told.seconds = SETTLE_SECONDS  # from the end of the poll on
    assert [told.sensor("arrival"), told.sensor("manifest_ready")] == [True, True]
    assert told.runs == [FEEDS_JOB, DAILY_JOB, UPLOAD_JOB]
    [*_, sent] = flow.trace(began, "105").operations
    assert (sent.kind, sent.state, told.seconds < 120) == ("disable", "accepted", True)
