"""The module that Dagster loads: the code location of the environment's home and profile."""

from __future__ import annotations

import os

from hcm_pipeline.defs.code_location import build
from hcm_pipeline.home import PRIVATE_UMASK
from hcm_pipeline.settings import Settings

os.umask(PRIVATE_UMASK)  # what loads this writes warehouse, manifests and logs
defs = build(Settings.from_env())
