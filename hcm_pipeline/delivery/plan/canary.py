"""The canary: the first operations go alone, and the rest follows when the provisioning log says that they were good.

What Microsoft's tutorial asks a person to do before the first full upload, at the first upload to a target and after every
change of the profile.
"""

from __future__ import annotations

from dataclasses import dataclass

from hcm_pipeline.profile import Delivery


@dataclass(frozen=True)
class Canary:
    """The profile's rule. `operations` 0: none. `interval`: the most seconds between two readings of the log."""

    operations: int = 0
    minutes: float = 15.0
    interval: float = 30.0


def canary_of(delivery: Delivery, *, sandbox: bool) -> Canary:
    """The profile's canary; the sandbox's log is read more often, for it does not lag."""
    return Canary(delivery.canary, delivery.canary_minutes, 1.0 if sandbox else 30.0)
