"""The resource of assets, jobs and sensors: the installation of a code location, with where its progress goes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path

import dagster as dg

from hcm_pipeline import flow
from hcm_pipeline.home import Home
from hcm_pipeline.plain_text import shown
from hcm_pipeline.settings import Settings

watcher: ContextVar[Callable[[str], None] | None] = ContextVar("watcher", default=None)
"""Takes progress as well: a command that runs a job in its own process."""


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
    def settings(self) -> Settings:
        """This home and profile with the environment's target and secrets."""
        found = Settings.from_env()
        target = None if self.sandbox_only else found.target
        named = {} if self.sandbox_only else found.named
        return replace(found, home=self.home, profile=self.profile_name, target=target, named=named)

    def installation(self, log: logging.Logger | dg.DagsterLogManager | None = None) -> flow.Installation:
        """The installation, read anew: a run uses what the environment and the profile say when it starts.

        Waiting for another writer of the warehouse is logged.
        """
        told = log or dg.get_dagster_logger()
        return flow.Installation(self.settings, lambda message: told.info(shown(message)))

    def progress(self, log: logging.Logger | dg.DagsterLogManager) -> Callable[[str], None]:
        """Where progress goes: to the watching command, or else to the run's log."""
        return watcher.get() or (lambda message: log.info(shown(message)))


def pipeline_of(settings: Settings) -> Pipeline:
    """The resource for a home, a profile and a target."""
    return Pipeline(
        home_path=str(settings.home.path), profile_name=settings.profile, sandbox_only=settings.target is None
    )
