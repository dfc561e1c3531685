"""All that a home does with some extracts, one date after the other, to be killed anywhere."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

from hcm_pipeline import flow
from hcm_pipeline.settings import Settings


def deliver(names: list[str]) -> None:
    """Land, process, plan and upload each file, and read its outcomes. It prints `ready` before it begins."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    here = flow.Installation(Settings.from_env())
    for name in names:
        file = Path(name)
        flow.land(here.warehouse, here.profile, [file], now=here.clock)
        list(flow.process(here.warehouse, here.loaded, [dt.date.fromisoformat(file.stem[-10:])]))
        flow.plan(here.warehouse, here.loaded, here.target)
        flow.upload(here)
        flow.read_outcomes(here, wait_seconds=60, interval=0.2)
