"""Oracle HCM's feeds in Dagster: what a poll records, and the arrows from entries to the snapshot."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import dagster as dg
import pytest

from hcm_pipeline import flow
from hcm_pipeline.defs.code_location import build
from hcm_pipeline.defs.feed_assets import FEEDS_JOB, FEEDS_SCHEDULE
from hcm_pipeline.flow import feeding
from hcm_pipeline.home import Home
from hcm_pipeline.settings import Settings
from tests.feeds.simulated import Simulated


def location(tmp_path: Path, profile: str = "oracle-hcm-live") -> dg.Definitions:
    return build(Settings(Home(tmp_path / "home"), profile, None))


def test_a_poll_records_entries_and_readings_without_a_personal_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hcm = Simulated(now=dt.datetime.now(dt.UTC))
    hcm.hire("100", hcm.now.date() - dt.timedelta(days=9), "Kowalski")
    monkeypatch.setattr(feeding, "open_client", hcm.opened)
    with dg.DagsterInstance.ephemeral() as instance:
        done = location(tmp_path).resolve_job_def(FEEDS_JOB).execute_in_process(instance=instance)
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
    graph = location(tmp_path).resolve_asset_graph()
    assert graph.get(dg.AssetKey("extracts")).parent_keys == {dg.AssetKey("feed_readings")}
    assert graph.get(dg.AssetKey("feed_readings")).parent_keys == {dg.AssetKey("feed_entries")}
    without = location(tmp_path, "oracle-hcm")
    assert dg.AssetKey("feed_readings") not in without.resolve_asset_graph().get_all_asset_keys()
    assert FEEDS_SCHEDULE not in {schedule.name for schedule in without.schedules or []}
    assert flow.load_profile("oracle-hcm").profile.oracle is None
