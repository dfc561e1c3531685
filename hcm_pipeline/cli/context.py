"""What every command starts from: settings, profile, warehouse, and the line that names the target."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from hcm_pipeline.cli.output import note
from hcm_pipeline.delivery import Journal
from hcm_pipeline.errors import HomeError, UsageError
from hcm_pipeline.flow.profiles import load_profile
from hcm_pipeline.profile import LoadedProfile
from hcm_pipeline.settings import Settings
from hcm_pipeline.warehouse import Warehouse


@dataclass(frozen=True)
class Context:
    """The environment of one command."""

    settings: Settings

    @classmethod
    def from_env(cls) -> Context:
        """Raises UsageError when the environment names a target incompletely."""
        return cls(Settings.from_env())

    @cached_property
    def loaded(self) -> LoadedProfile:
        """The profile. Raises ProfileError."""
        return load_profile(self.settings.profile)

    @cached_property
    def warehouse(self) -> Warehouse:
        """The home's warehouse; the home is made when it is missing."""
        return Warehouse(self.settings.home.create(), notice=note)

    def journal(self) -> Journal:
        """The delivery journal."""
        return Journal(self.settings.home.create().journal)

    def existing_home(self) -> None:
        """Raises HomeError when there is no home yet: a reading command makes none."""
        if not self.settings.home.path.is_dir():
            raise HomeError(
                f"{self.settings.home.path}: there is no home here; `hcm-pipeline init` or `land` makes one"
            )


def day(text: str | None, option: str = "--date") -> dt.date | None:
    """A date given as YYYY-MM-DD. Raises UsageError for anything else."""
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text}: a date is written as YYYY-MM-DD") from None
