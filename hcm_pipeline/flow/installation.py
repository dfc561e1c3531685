"""The installation that every use case works on: one home, its settings and profile, and ways to tell people and the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

from hcm_pipeline.delivery import Journal
from hcm_pipeline.errors import HomeError
from hcm_pipeline.flow.known_journal import open_journal, refuse_lost_journal
from hcm_pipeline.flow.profiles import load_profile
from hcm_pipeline.home import Home
from hcm_pipeline.http import Clock, utc_now
from hcm_pipeline.profile import LoadedProfile, Profile
from hcm_pipeline.settings import Settings
from hcm_pipeline.sources import Opener, OracleSignIn, open_place
from hcm_pipeline.targets.entra import EntraJob, known_target, target_key
from hcm_pipeline.warehouse import Warehouse

__all__ = ["Clock", "Counted", "Installation", "Progress", "quiet", "uncounted", "utc_now"]

Progress = Callable[[str], None]
"""Takes a line about what is being done."""


def quiet(message: str) -> None:
    """Progress for nobody."""
    del message


Counted = Callable[[int, int], None]
"""Takes how many are done, and how many there are."""


def uncounted(done: int, of: int) -> None:
    """Counts for nobody."""
    del done, of


@dataclass(frozen=True)
class Installation:
    """One home with its settings. `notice` is told what a person may want to know meanwhile (another process is waited for)."""

    settings: Settings
    notice: Progress = quiet
    clock: Clock = utc_now

    @property
    def opener(self) -> Opener:
        """Opens the places of the profile. WebCenter Content is signed in to as Oracle HCM is."""
        oracle = self.settings.oracle
        if oracle is None:
            return open_place
        from hcm_pipeline.oracle import signed_headers_of  # loads httpx, which most commands do not need

        sign_in = OracleSignIn(oracle.url, lambda: signed_headers_of(oracle), oracle.ca_file)
        return partial(open_place, oracle=sign_in)

    @cached_property
    def loaded(self) -> LoadedProfile:
        """The profile, read once. Raises ProfileError."""
        return load_profile(self.settings.profile)

    @property
    def profile(self) -> Profile:
        """The profile's values. Raises ProfileError."""
        return self.loaded.profile

    @property
    def home(self) -> Home:
        """The home directory."""
        return self.settings.home

    @property
    def target(self) -> str:
        """The key of the target, without starting anything."""
        return target_key(self.settings)

    @property
    def known_target(self) -> EntraJob:
        """The target, as far as it is known without starting anything."""
        return known_target(self.settings, self.profile.delivery)

    @cached_property
    def warehouse(self) -> Warehouse:
        """The home's warehouse; the home is made when it is missing."""
        return Warehouse(self.private_home(), notice=self.notice, share=self.settings.share)

    def journal(self, *, new: bool = False) -> Journal:
        """The delivery journal, for a `with` block; the first one is made.

        Raises HistoryStop where one is lost, unless a person wants a `new` one.
        """
        if not new:
            refuse_lost_journal(self.warehouse)
        return open_journal(self.private_home(), self.clock)

    def private_home(self) -> Home:
        """The home, made when it is missing; that it was open to others is told."""
        for sentence in self.home.close_to_others():
            self.notice(sentence)
        return self.home.create()

    def existing(self) -> Installation:
        """Itself, for a command that makes no home. Raises HomeError when there is none yet."""
        if not self.home.made:
            raise HomeError(f"{self.home.path}: there is no home here; `hcm-pipeline init` or `land` makes one")
        for sentence in self.home.close_to_others():
            self.notice(sentence)
        return self
