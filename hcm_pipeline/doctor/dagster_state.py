"""The word of a home's Dagster instance on its daemon, schedules and sensors. `defs/`, which knows Dagster, reads it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Heartbeat:
    """The last sign of life of one of Dagster's daemons, and whether it told of an error with it."""

    at: dt.datetime
    error: bool


@dataclass(frozen=True)
class DagsterState:
    """Heartbeats by daemon (SENSOR, SCHEDULER, ...); of each schedule and sensor that somebody switched, whether it is on.

    `default_on`: of those that the pipeline has, whether each is on as long as nobody switches it.
    """

    heartbeats: Mapping[str, Heartbeat] = field(default_factory=dict)
    switched: Mapping[str, bool] = field(default_factory=dict)


class NoInstance(Exception):
    """There is no instance, or one whose state lies elsewhere: the reason, fit to be shown."""
