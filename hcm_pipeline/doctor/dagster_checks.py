"""Dagster: whether its daemon is alive, and whether schedules and sensors are on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from hcm_pipeline.doctor.dagster_state import DagsterState, NoInstance
from hcm_pipeline.doctor.examined import Examined
from hcm_pipeline.doctor.finding import Check, NotLookedAt, Said, ok, warning
from hcm_pipeline.doctor.phrases import some

ALIVE = dt.timedelta(minutes=5)
"""A daemon that works says so every 30 seconds."""
NEEDED = ("SENSOR", "SCHEDULER")


def _state(seen: Examined) -> DagsterState:
    if seen.means.dagster is None:
        raise NotLookedAt("nobody asked Dagster")
    try:
        return seen.means.dagster()
    except NoInstance as reason:
        raise NotLookedAt(str(reason)) from None


def _daemon(seen: Examined) -> Iterator[Said]:
    state = _state(seen)
    start = "Start it: `hcm-pipeline ui`, or as a service: docs/how-to/serve-the-ui.md"
    if not state.heartbeats:
        yield warning(
            "Dagster's daemon has never run for this home",
            "nothing runs by itself: no sensor, no schedule, no backfill",
            start,
        )
        return
    late = [name for name in NEEDED if name not in state.heartbeats or seen.today() - state.heartbeats[name].at > ALIVE]
    if late:
        newest = max(beat.at for beat in state.heartbeats.values())
        yield warning(
            f"Dagster's daemon gave its last sign of life at {newest:%Y-%m-%d %H:%M}Z ({some(late)})",
            "nothing runs by itself: no sensor, no schedule, no backfill", start,
        )  # fmt: skip
    elif errors := [name for name, beat in state.heartbeats.items() if beat.error]:
        yield warning(
            f"Dagster's daemon is alive and tells of errors ({some(errors)})", "what it does by itself may not be done",
            "The UI shows them: Deployment > Daemons",
        )  # fmt: skip
    else:
        yield ok("Dagster's daemon is alive")


def _automation(seen: Examined) -> Iterator[Said]:
    state = _state(seen)
    if not state.heartbeats:
        raise NotLookedAt("Dagster's daemon has never run for this home: see `daemon`")
    off = sorted(name for name, on in state.switched.items() if not on)
    on = sorted(name for name, on in state.switched.items() if on)
    if off:
        yield warning(
            f"switched off: {some(off)}",
            "what they start does not start by itself",
            "The UI switches them on: Automation",
        )
    if on:
        yield ok(f"switched on: {some(on)}")
    if not (on or off):
        yield ok("schedules and sensors are as the profile has them (automatic or not), and nobody has switched one")


CHECKS = (
    Check("daemon", "dagster", "the heartbeats of the Dagster daemon of this home", _daemon),
    Check("automation", "dagster", "the schedules and sensors that somebody has switched on or off", _automation),
)
