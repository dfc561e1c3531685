"""The modules that commands import when they need them, read at once by the server that they are forked from."""

from __future__ import annotations

import gc
import pkgutil
from importlib import import_module

from alembic.config import Config
from alembic.script import ScriptDirectory
from dagster._core.storage.sql import ALEMBIC_SCRIPTS_LOCATION

import hcm_pipeline
from hcm_pipeline import flow
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
# each process reads the list of Dagster's migrations once
alembic = Config()
alembic.set_main_option("script_location", ALEMBIC_SCRIPTS_LOCATION)
ScriptDirectory.from_config(alembic).as_revision_number("head")
gc.collect()
gc.freeze()  # a fork leaves alone what it only shares
