"""Links of the UI to the jobs that decide, filled in; a person starts them there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

CODE_LOCATION = "__repository__@hcm_pipeline.definitions"
"""The code location's name in addresses, as `hcm-pipeline ui` and `workspace.yaml` load it."""


def launchpad(ui_url: str, job: str, op: str, config: Mapping[str, str | int]) -> str:
    """The address of a job's launchpad with the config of its one op.

    It names no host, so that it opens where its reader has the UI open, whatever the port or the proxy; of `ui_url` only the path
    counts, below which the UI is served.
    """
    lines = "".join(f"      {name}: {json.dumps(value)}\n" for name, value in config.items())
    filled = urlencode({"mode": "default", "config": f"ops:\n  {op}:\n    config:\n{lines}"})
    return f"{urlsplit(ui_url).path.rstrip('/')}/locations/{CODE_LOCATION}/jobs/{job}/playground/setup?{filled}"
