"""A faithful local Oracle HCM: Atom feeds, workers and user accounts, people and a company, its faults and extracts."""

from __future__ import annotations

from hcm_pipeline.sandbox.oracle.options import HcmOptions
from hcm_pipeline.sandbox.oracle.service import Hcm

__all__ = ["Hcm", "HcmOptions"]
