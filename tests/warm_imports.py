"""The modules that commands import when they need them, read at once by the server that they are forked from."""

from __future__ import annotations

import gc
import pkgutil
from importlib import import_module

import hcm_pipeline

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
LAZY = ("alembic.command", "dagster._core.storage.event_log.sqlite.sqlite_event_log", "dagster._core.storage.sqlite_storage",
        "dagster._core.execution.execute_in_process", "hcm_pipeline.sandbox.server", "pandera.pandas",
        "sqlalchemy.dialects.sqlite")  # fmt: skip

for part in PARTS:
    package = import_module(f"{hcm_pipeline.__name__}.{part}")
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        import_module(module.name)
for name in LAZY:
    import_module(name)
gc.collect()
gc.freeze()  # a fork leaves alone what it only shares
