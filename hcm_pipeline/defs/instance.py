"""The Dagster instance of a home, and running the code location's jobs in this process."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg

from hcm_pipeline.defs.expected import ExpectedFailure
from hcm_pipeline.defs.instance_file import write_instance_file
from hcm_pipeline.defs.kept_engines import connections_kept
from hcm_pipeline.defs.metadata import PROCESS_TAG
from hcm_pipeline.defs.resources import Pipeline, watcher
from hcm_pipeline.home import Home

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


@contextmanager
def instance_of(home: Home) -> Iterator[dg.DagsterInstance]:
    """The instance whose runs the UI shows for this home."""
    write_instance_file(home)
    with connections_kept(), dg.DagsterInstance.from_config(str(home.path)) as instance:
        yield instance


def run_job(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    job: str,
    *,
    progress: Callable[[str], None],
    config: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    partition: str | None = None,
) -> None:
    """Run a job here and now; it is recorded like any other run. Raises what the job raised, an expected failure as itself."""
    token = watcher.set(progress)
    try:
        defs.resolve_job_def(job).execute_in_process(
            instance=instance,
            run_config={**(config or {}), "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            tags={**(tags or {}), PROCESS_TAG: str(os.getpid())},
            partition_key=partition,
            raise_on_error=True,
        )
    except ExpectedFailure as failure:
        raise failure.error from None
    finally:
        watcher.reset(token)


@contextmanager
def _no_log_lines() -> Iterator[None]:
    """A sensor's log goes to its tick, and in the daemon to the console too; among the sentences of a command it has no place."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def tick(
    defs: dg.Definitions, instance: dg.DagsterInstance, sensor: str, pipeline: Pipeline, progress: Callable[[str], None]
) -> list[str]:
    """Let a sensor decide once, as the daemon does, and run what it asks for; the jobs that ran.

    Raises what a job raised. For headless use: the daemon itself is started by `hcm-pipeline ui`.
    """
    definition = defs.resolve_sensor_def(sensor)
    context = dg.build_sensor_context(instance=instance, resources={"pipeline": pipeline}, definitions=defs)
    ran = []
    with _no_log_lines():
        requests = definition.evaluate_tick(context).run_requests or []
    for request in requests:
        job = str(request.job_name or definition.job_name)
        run_job(
            defs,
            instance,
            job,
            progress=progress,
            config=request.run_config,
            tags={**request.tags, "dagster/sensor_name": sensor, "dagster/run_key": request.run_key or ""},
            partition=request.partition_key,
        )
        ran.append(job)
    return ran
