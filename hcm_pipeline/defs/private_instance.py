"""The Dagster instance of a home, as every process of Dagster's loads it: whatever the umask, its files are their owner's only.

`dagster.yaml` names the class, so that daemon, web server and workers that are started by hand load this before they make a file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster._core.instance.ref import InstanceRef

from hcm_pipeline.defs.instance_tables import make_tables_at_once
from hcm_pipeline.defs.kept_engines import keep_engines
from hcm_pipeline.home import PRIVATE_UMASK

os.umask(PRIVATE_UMASK)
keep_engines()
make_tables_at_once()


class PrivateInstance(dg.DagsterInstance):
    """Dagster's own instance; to name it is what counts."""

    @classmethod
    def config_schema(cls) -> Mapping[str, Any]:
        """It has no keys of its own in `dagster.yaml`."""
        return {}

    @staticmethod
    def config_defaults(base_dir: str) -> Mapping[str, Any]:
        """Storages and launcher are Dagster's own."""
        return InstanceRef.config_defaults(base_dir)
