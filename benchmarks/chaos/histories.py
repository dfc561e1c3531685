"""Two histories of one target: a home that is restored, copied, or loses its journal. Nothing goes out before a person says so."""

from __future__ import annotations

import datetime as dt
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.chaos.site import Site
from benchmarks.chaos.tally import Tally
from benchmarks.chaos.verdict import Plans, plans_of
from hcm_pipeline.delivery import HistoryStop, HistoryWord, Journal
from hcm_pipeline.errors import ServiceError, UsageError
from hcm_pipeline.flow.accepting_history import accept_history
from hcm_pipeline.flow.fencing import PersonsWord
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.home import Home
from hcm_pipeline.http import Patience
from hcm_pipeline.profile import LoadedProfile
from hcm_pipeline.settings import Settings
from hcm_pipeline.targets.entra.connection import to_sandbox
from hcm_pipeline.targets.entra.service import EntraLive

TAKEN = 202
PATIENCE = 10
"""So often a person tries again what the service is not there for."""


class Player(Protocol):
    """The trial, as far as histories need it."""

    home: Home
    site: Site
    chance: random.Random
    tally: Tally
    processed: list[dt.date]
    seed: int

    def live(self) -> EntraLive: ...
    def close(self) -> None: ...
    def plan(self) -> None: ...
    def process(self, days: list[dt.date]) -> None: ...
    def send_from(self, home: Home) -> None: ...


def installation_of(home: Home, site: Site, loaded: LoadedProfile) -> Installation:
    """A home whose environment names the site's job."""
    made = Installation(Settings(home, "chaos", to_sandbox(site.target)), clock=site.clock)
    made.__dict__["loaded"] = loaded  # no file has it
    return made


@dataclass(frozen=True)
class Backup:
    """A copy of the home, the business dates that it knew, and how many requests the service had taken then."""

    path: Path
    processed: list[dt.date]
    taken: int


class Histories:
    """The home's other lives. `caused`: the target may know more than the home, so that a stop is no false one."""

    def __init__(self, player: Player, loaded: LoadedProfile) -> None:
        self._player = player
        self._loaded = loaded
        self._backup: Backup | None = None
        self._copies = 0
        self.caused = False
        self.plans: Plans = {}
        """The plans of homes that are gone."""
        self.era = 0
        """How often the home was another one."""

    @property
    def installation(self) -> Installation:
        """The home as it is now."""
        return installation_of(self._player.home, self._player.site, self._loaded)

    def backup(self) -> None:
        """The nightly backup."""
        player = self._player
        self._backup = Backup(self._copied(player.home), list(player.processed), self._taken())

    def restore(self) -> None:
        """The disk dies, and the last backup is put in its place."""
        if self._backup is None:
            self.backup()
            return
        player = self._player
        player.close()
        self._remember()
        player.home.path.rename(self._place("lost"))
        shutil.copytree(self._backup.path, player.home.path)
        known = player.processed
        player.processed = list(self._backup.processed)
        player.tally.did["restored homes"] += 1
        self._nothing_goes_out(player.home, "a restored home")
        self._a_person_goes_on(known, lacks=self._taken() > self._backup.taken)

    def lose_journal(self) -> None:
        """Somebody tidied up."""
        player = self._player
        if not player.home.target.is_file():
            return  # it has never delivered: there is nothing to lose
        player.close()
        self._remember()
        for path in player.home.path.glob("delivery.sqlite*"):
            path.unlink()
        player.tally.did["lost journals"] += 1
        self._nothing_goes_out(player.home, "a home without a journal")
        self._a_person_goes_on(player.processed, lacks=True)

    def copy(self) -> None:
        """A copy of the home is started, for a test, with the environment of the first one."""
        player = self._player
        twin = Home(self._copied(player.home))
        player.tally.did["copied homes"] += 1
        for _ in range(2):
            self._nothing_goes_out(twin, "a copied home")
            player.site.sleep(player.chance.choice((0.0, 600.0)))
        shutil.rmtree(twin.path)

    def accept(self, *, everybody: bool = False) -> None:
        """A person lets the home go on; `everybody`: and has those sent again, too, whom the log does not name."""
        player = self._player
        player.close()
        with Journal(player.home.journal, clock=player.site.clock) as journal:
            word = PersonsWord(HistoryWord.ACCEPT, "chaos", "somebody", everybody)
            for _ in range(PATIENCE):
                patience = Patience(sleep=player.site.sleep, jitter=player.chance.uniform)
                try:
                    accept_history(self.installation, journal, player.live(), word, patience)
                    break
                except ServiceError:
                    continue  # a fault of the service's: the person says it again
                except (UsageError, HistoryStop):
                    break  # there is nothing to accept, or the job stands still, and nothing goes out before it runs
        player.tally.did["histories accepted"] += 1

    def forget(self) -> None:
        """Remove the copies."""
        for path in self._player.home.path.parent.glob("history-*"):
            shutil.rmtree(path)

    def _a_person_goes_on(self, known: list[dt.date], *, lacks: bool) -> None:
        """Land and process what the home has not seen, and let it go on; sometimes the log has caught up before.

        One that does not lack a request that was taken knows all that the target does: it has waited, and may go on by itself.
        """
        player = self._player
        self.caused = True
        player.site.sleep(player.chance.choice((0.0, 600.0, 4000.0)))
        for day in known:
            if day not in player.processed:
                player.process([day])
        player.plan()
        if lacks:
            self._nothing_goes_out(player.home, "a home that has landed what it lacked")
        else:
            player.send_from(player.home)
        self.accept()
        player.plan()

    def _nothing_goes_out(self, home: Home, what: str) -> None:
        before = len(self._player.site.received())
        self._player.send_from(home)
        sent = len(self._player.site.received()) - before
        broken = self._player.tally
        broken.broken["sent before a person said so"] += bool(sent)
        if sent:
            broken.violations.append(f"seed {self._player.seed}: {sent} requests left {what} before a person said so")

    def _taken(self) -> int:
        """How many requests the service has taken, whether or not it could answer."""
        return sum(call["status"] == TAKEN for call in self._player.site.received())

    def _remember(self) -> None:
        self.plans = plans_of(self._player.home, self.era, self.plans)
        self.era += 1

    def _copied(self, home: Home) -> Path:
        self._player.close()
        return Path(shutil.copytree(home.path, self._place("copy")))

    def _place(self, what: str) -> Path:
        self._copies += 1
        return self._player.home.path.parent / f"history-{what}-{self._copies}"
