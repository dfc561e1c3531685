"""The file by which a home has a Dagster instance. It is written without loading Dagster."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from hcm_pipeline.home import Home, private

INSTANCE_FILE = "dagster.yaml"


def write_instance_file(home: Home) -> Path:
    """Put a `dagster.yaml` into the home unless it has one; returns its path."""
    path = home.create().path / INSTANCE_FILE
    if not path.exists():
        text = resources.files("hcm_pipeline.defs").joinpath(INSTANCE_FILE).read_text(encoding="utf-8")
        half = private(home.scratch / f"{INSTANCE_FILE}-{os.getpid()}")
        half.write_text(text, encoding="utf-8")
        half.replace(path)
    return path
