"""The one door from the command line into Dagster: the code location's jobs and sensors, run inside this process.

`hcm_pipeline.cli` may import this module of `defs`, and no other: `run` and `demo` record their work as Dagster runs, and that is
no use case of `flow`, which knows no Dagster. Dagster itself is loaded when a function needs it, so that a command that only
makes a home does not wait for it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hcm_pipeline.defs.instance_file import write_instance_file as write_instance_file
from hcm_pipeline.settings import Settings

if TYPE_CHECKING:
    from hcm_pipeline.flow import DagsterState
    from hcm_pipeline.home import Home


def materialize(settings: Settings, first: dt.date, last: dt.date, progress: Callable[[str], None]) -> None:
    """One run of the daily job over a range of business dates, recorded in the home's instance. Raises what it raised."""
    from hcm_pipeline.defs.assets import DAILY_JOB
    from hcm_pipeline.defs.code_location import build
    from hcm_pipeline.defs.instance import RANGE_END, RANGE_START, instance_of, run_job
    from hcm_pipeline.defs.metadata import DATE_TAG, SIGNED_IN_TAG, WAY_TAG
    from hcm_pipeline.flow import system_user
    from hcm_pipeline.front import Way

    tags = {DATE_TAG: last.isoformat(), WAY_TAG: Way.CLI.value, SIGNED_IN_TAG: system_user()}
    if first != last:
        tags |= {RANGE_START: first.isoformat(), RANGE_END: last.isoformat()}
    with instance_of(settings.home) as instance:
        run_job(
            build(settings),
            instance,
            DAILY_JOB,
            progress=progress,
            partition=first.isoformat() if first == last else None,
            tags=tags,
        )


def dagster_state(home: Home) -> DagsterState:
    """Heartbeats and switches of a home's instance, without loading Dagster. Raises NoInstance."""
    from hcm_pipeline.defs.heartbeats import dagster_state as read

    return read(home)


def let_sensors_decide(settings: Settings, sensors: Sequence[str], progress: Callable[[str], None]) -> None:
    """Each sensor decides once, as the daemon lets it all day, and the runs that it asks for are made. Raises what they raised."""
    from hcm_pipeline.defs.code_location import build
    from hcm_pipeline.defs.instance import instance_of, tick
    from hcm_pipeline.defs.resources import pipeline_of

    with instance_of(settings.home) as instance:
        for sensor in sensors:
            tick(build(settings), instance, sensor, pipeline_of(settings), progress)
