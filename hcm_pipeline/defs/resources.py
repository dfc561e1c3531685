"""What assets and jobs work with: the home, its warehouse and its profile."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path

import dagster as dg

from hcm_pipeline.flow.profiles import load_profile
from hcm_pipeline.home import Home
from hcm_pipeline.profile import LoadedProfile
from hcm_pipeline.settings import AlertSecrets, Ldap, Settings
from hcm_pipeline.warehouse import Warehouse

watcher: ContextVar[Callable[[str], None] | None] = ContextVar("watcher", default=None)
"""Who else is told of progress: a command that runs a job in its own process."""


class Pipeline(dg.ConfigurableResource[None]):
    """The home and the profile that a code location was loaded with."""

    home_path: str
    profile_name: str
    sandbox_only: bool = False
    """The home's own sandbox is the target, whatever the environment names."""

    @property
    def home(self) -> Home:
        """The home directory."""
        return Home(Path(self.home_path))

    @property
    def loaded(self) -> LoadedProfile:
        """The profile, read anew: what a run uses is what the file says when the run starts."""
        return load_profile(self.profile_name)

    @property
    def settings(self) -> Settings:
        """This home and profile with the environment's target and secrets."""
        target = None if self.sandbox_only else Settings.from_env().target
        return Settings(self.home, self.profile_name, target, Ldap.from_env(), AlertSecrets.from_env())

    def warehouse(self, log: logging.Logger | dg.DagsterLogManager) -> Warehouse:
        """The home's warehouse; waiting for another writer is logged."""
        return Warehouse(self.home.create(), notice=lambda message: log.info(message))

    def progress(self, log: logging.Logger | dg.DagsterLogManager) -> Callable[[str], None]:
        """Where progress goes: to the watching command, or else to the run's log."""
        return watcher.get() or (lambda message: log.info(message))
