"""The modules that commands import when they need them, read at once by the server that they are forked from."""

from __future__ import annotations

import gc
import pkgutil
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import hcm_pipeline
from hcm_pipeline import flow
from hcm_pipeline.defs import instance_tables
from hcm_pipeline.defs.code_versions import DELIVERY_ROOMS, PLAN_ROOMS, SNAPSHOT_ROOMS, code_version
from hcm_pipeline.home import Home
from hcm_pipeline.sandbox import app as sandbox_app
from hcm_pipeline.sandbox import control
from hcm_pipeline.warehouse import Warehouse
from tests import kept_instances  # noqa: F401  # commands call it

PARTS = (
    "cli",
    "defs",
    "delivery",
    "directory",
    "entra",
    "extracts",
    "flow",
    "identity",
    "sources",
    "targets",
    "workers",
)
"""Rooms all of whose modules are read; `definitions` is not, as it reads the environment."""
LAZY = (
    "alembic.command",
    "anyascii._data",
    "anyio._backends._asyncio",
    "dagster._core.definitions.repository_definition.repository_data_builder",
    "dagster._core.execution.execute_in_process",
    "dagster._core.execution.plan.active",
    "dagster._core.executor.in_process",
    "dagster._core.instance.factory",
    "dagster._core.instance.runs.run_domain",
    "dagster._core.storage.event_log.sqlite.sqlite_event_log",
    "dagster._core.storage.migration.utils",
    "dagster._core.storage.root",
    "dagster._core.storage.sqlite_storage",
    "dagster._core.system_config.composite_descent",
    "fsspec.implementations.local",
    "hcm_pipeline.profile.builtin",
    "hcm_pipeline.sandbox.command",
    "hcm_pipeline.sandbox.server",
    "httpcore",
    "jinja2",
    "hypothesis.extra.pandas",
    "pandera.pandas",
    "pyarrow.pandas_compat",
    "pyarrow.vendored.version",
    "sqlalchemy.dialects.sqlite",
    "tenacity",
    "typer._adapters",
    "tzdata",
    "upath.implementations.local",
    "uvicorn.lifespan.on",
    "uvicorn.loops.asyncio",
    "uvicorn.protocols.http.h11_impl",
)
"""Modules that libraries read when they are needed, and nearly every command needs."""

for part in PARTS:
    package = import_module(f"{hcm_pipeline.__name__}.{part}")
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        import_module(module.name)
for name in LAZY:
    import_module(name)
flow.load_profile("oracle-hcm")  # its models are made when the first profile is read
for name in ("runs", "schedules", instance_tables.INDEX, instance_tables.OF_A_RUN):
    instance_tables.file_of(name)
for rooms in (SNAPSHOT_ROOMS, PLAN_ROOMS, DELIVERY_ROOMS):
    code_version(*rooms)
with TemporaryDirectory() as folder, Warehouse(Home(Path(folder) / "home")).write():
    pass  # the file of a warehouse without a row is kept
sandbox_app.routes()  # their patterns stay compiled
control.routes()
gc.collect()
gc.freeze()  # a fork leaves alone what it only shares
