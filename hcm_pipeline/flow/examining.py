"""Looking at an installation with the doctor's eyes. Nothing is made, migrated, started or sent."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from hcm_pipeline.doctor import (
    CHECKS,
    CHECKS_OF_A_TARGET,
    DagsterState,
    Examined,
    Finding,
    Heartbeat,
    Means,
    NoInstance,
    Outcome,
    examine,
    worst,
)
from hcm_pipeline.errors import ProfileError, UsageError
from hcm_pipeline.flow.installation import Installation, Progress, named, quiet
from hcm_pipeline.sqlite_state import read_only
from hcm_pipeline.targets.entra import describe, found_target

__all__ = [
    "DagsterState",
    "Diagnosis",
    "Finding",
    "Heartbeat",
    "NoInstance",
    "Outcome",
    "check_names",
    "check_names_of_a_target",
    "diagnose",
    "examined",
    "read_only",
]


@dataclass(frozen=True)
class Diagnosis:
    """All findings, in the order of the checks. `target`: which one was looked at, or why none was."""

    home: str
    profile: str
    target: str
    outcome: Outcome
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> bool:
        """Whether something is broken."""
        return self.outcome is Outcome.FAILED


def check_names() -> tuple[str, ...]:
    """The names of all checks."""
    return tuple(check.name for check in CHECKS)


def check_names_of_a_target() -> tuple[str, ...]:
    """The names of those that look at a target, and not at the home."""
    return tuple(check.name for check in CHECKS_OF_A_TARGET)


def examined(installation: Installation) -> tuple[Installation, ...]:
    """The installation of each target; itself where the profile cannot be read, which a check tells."""
    try:
        return installation.targets
    except ProfileError:
        return (installation,)


def diagnose(
    installation: Installation, *, only: Collection[str] = (), progress: Progress = quiet,
    dagster: Callable[[], DagsterState] | None = None,
) -> Diagnosis:  # fmt: skip
    """Run the checks, all of them or those that are named. `dagster` reads its instance. Raises UsageError for an unknown name."""
    for name in only:
        if name not in check_names():
            raise UsageError(f"--only {name}: the checks are {', '.join(check_names())}")
    chosen = [check for check in CHECKS if not only or check.name in only]
    settings = installation.settings
    connection = found_target(settings)
    means = Means(lambda: installation.alone, installation.opener, dagster, clock=installation.clock)
    seen = Examined(settings, connection, settings.other_sign_ins, means)
    try:
        found = examine(chosen, seen, progress)
    finally:
        seen.close()
    target = named(
        installation, describe(connection) if connection else "target: none (the home's own sandbox does not run)"
    )
    return Diagnosis(str(installation.home.path), settings.profile, target, worst(found), tuple(found))
