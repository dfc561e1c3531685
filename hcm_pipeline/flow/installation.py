"""The installation that every use case works on: one home, its settings and profile, and ways to tell people and the time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TypeVar

from hcm_pipeline.delivery import Journal
from hcm_pipeline.errors import HomeError, PipelineError, ProfileError, UsageError
from hcm_pipeline.flow.known_journal import open_journal, refuse_lost_journal
from hcm_pipeline.flow.populations import Place, Split, only
from hcm_pipeline.flow.profiles import load_profile
from hcm_pipeline.home import Home
from hcm_pipeline.http import Clock, utc_now
from hcm_pipeline.profile import DEFAULT, LoadedProfile, Profile, TargetKind
from hcm_pipeline.settings import Settings
from hcm_pipeline.sources import Opener, OracleSignIn, open_place
from hcm_pipeline.targets.entra import EntraJob, fresh_sandbox, known_target, target_key
from hcm_pipeline.warehouse import Warehouse, reads_kept

__all__ = [
    "Clock",
    "Counted",
    "Installation",
    "Progress",
    "each",
    "named",
    "quiet",
    "reads_kept",
    "uncounted",
    "utc_now",
]

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


Done = TypeVar("Done")


def named(installation: Installation, line: str) -> str:
    """A line about a target with the target's name, where there are several."""
    return f"{installation.name}: {line}" if installation.name else line


def each(
    targets: Sequence[Installation], do: Callable[[Installation], Done]
) -> tuple[list[tuple[Installation, Done]], list[PipelineError]]:
    """Do something for every target. The fault of one keeps no other from it: the results, and the faults of several targets.

    Raises the fault of the only one.
    """
    done: list[tuple[Installation, Done]] = []
    faults: list[PipelineError] = []
    for one in targets:
        try:
            done.append((one, do(one)))
        except PipelineError as error:
            if len(targets) == 1:
                raise
            one.notice(f"{one.name}: {' '.join(error.lines)}")
            faults.append(error)
    return done, faults


@dataclass(frozen=True)
class Installation:
    """One home with its settings. `notice` is told what a person may want to know meanwhile (another process is waited for).

    Of a home with several targets it speaks of none before one is chosen, of `targets` or by its name: `name` is that one's, and
    `whole` the installation that it was chosen from.
    """

    settings: Settings
    notice: Progress = quiet
    clock: Clock = utc_now
    name: str = ""
    whole: Installation | None = field(default=None, repr=False, compare=False)

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
        return self.whole.loaded if self.whole else load_profile(self.settings.profile)

    @property
    def profile(self) -> Profile:
        """The profile's values. Raises ProfileError."""
        return self.loaded.profile

    @property
    def home(self) -> Home:
        """The home directory."""
        return self.settings.home

    # --- the target, or one of several

    @property
    def several(self) -> bool:
        """Whether the profile names several targets."""
        return bool(self.profile.target.populations)

    @cached_property
    def targets(self) -> tuple[Installation, ...]:
        """The installation of each target, that of everybody who is in no population first; of one target, or of one that was
        chosen, itself. Raises UsageError where the environment and the home do not have those of the profile.
        """
        if self.name or not self.several:
            return (self,)
        populations = self.profile.target.populations
        names = {population.name for population in populations}
        if unknown := sorted(set(self.settings.named) - {name.upper() for name in names}):
            raise UsageError(
                f"HCM_PIPELINE_SERVICE_PRINCIPAL_ID_{unknown[0]} is set, and the profile's targets are"
                f" {', '.join(sorted(names))} (target.populations)"
            )
        left = {path.stem.removeprefix("target-") for path in self.home.targets} - names - {self.home.target.stem}
        if left:
            raise UsageError(
                f"this home has delivered to the target {min(left)}, which the profile does not name any more: whoever leaves would"
                " keep the account there. Name it again in target.populations, with a condition that nobody fulfils if it is to end"
            )
        return (
            self._at(DEFAULT, self.profile.target.kind),
            *(self._at(population.name, population.kind) for population in populations),
        )

    @property
    def first(self) -> Installation:
        """The installation of the first target; itself where the profile cannot be read."""
        try:
            return self.targets[0]
        except ProfileError:
            return self

    def _at(self, name: str, kind: TargetKind | None) -> Installation:
        writes_to = "ad" if kind is TargetKind.ACTIVE_DIRECTORY else "entra"
        settings = self.settings.at("" if name == DEFAULT else name, writes_to)
        return replace(self, settings=settings, name=name, whole=self)

    def at(self, name: str | None) -> Installation:
        """The installation of the target of that name; None: of the only one. Raises UsageError where that is none, or one of
        several.
        """
        if name is None:
            _ = self.target
            return self
        replace(self, name=name, whole=self).require_name()
        return next(one for one in self.targets if one.name == name)

    def of_key(self, key: str) -> Installation:
        """The installation of the target with that key; itself where it is none of several."""
        return next((one for one in self.targets if one.several and one.target == key), self)

    @property
    def target(self) -> str:
        """The key of the target, without starting anything. Raises UsageError where it is one of several, and none was chosen."""
        self._chosen()
        return target_key(self.settings)

    def _chosen(self) -> None:
        if not self.name and self.several:
            names = ", ".join([DEFAULT, *(population.name for population in self.profile.target.populations)])
            raise UsageError(f"this home has several targets ({names}): name the one that is meant with --target")

    @property
    def kind(self) -> TargetKind | None:
        """The directory of the target, by the profile; None: the profile does not say it."""
        populations = self.profile.target.populations
        return next((one.kind for one in populations if one.name == self.name), self.profile.target.kind)

    @cached_property
    def split(self) -> Split | None:
        """The targets, where there are several, and the one that was chosen of them."""
        if not self.several:
            return None
        here, whole = self.target, self.whole or self
        places = tuple(
            Place(one.name, one.kind or TargetKind.ENTRA, one.target, one.settings.target is None)
            for one in whole.targets
        )
        keys = [place.key for place in places]
        if repeated := [place.name for place in places if keys.count(place.key) > 1]:
            raise UsageError(
                f"the targets {' and '.join(repeated)} are one and the same job: each population needs a job of its own"
                " (HCM_PIPELINE_JOB_ID and the variable that ends in the target's name)"
            )
        return Split(next(place for place in places if place.key == here), places)

    def require_name(self) -> None:
        """Raise UsageError where several targets are there and the name is none of them, or there is none to name."""
        if self.name:
            known = [DEFAULT, *(population.name for population in self.profile.target.populations)]
            if not self.several or self.name not in known:
                listed = ", ".join(known) if self.several else "one alone, without a name"
                raise UsageError(f"--target {self.name}: the targets of this home are {listed}")
        self._chosen()

    @property
    def alone(self) -> LoadedProfile:
        """The profile as if the target were the only one: for what is about its job. Raises ProfileError."""
        if not self.name:
            return self.loaded
        target = self.profile.target.model_copy(update={"kind": self.kind, "populations": ()})
        return replace(self.loaded, profile=self.profile.model_copy(update={"target": target}))

    @property
    def fresh_sandbox(self) -> dict[str, object]:
        """The options with which the target's own sandbox begins, where it is one of several."""
        options = fresh_sandbox(self.settings)
        return {} if options is None else {"target": options.target, "job_guid": options.job_guid}

    @property
    def own_profile(self) -> Profile:
        """The profile with the scope of those who belong to the target by its conditions."""
        return only(self.profile, self.name) if self.name else self.profile

    @property
    def tenant(self) -> Installation:
        """The installation of the target by which Entra ID is read: of several the first that writes to it, or else the first."""
        if self.name or not self.several:
            return self
        return next((one for one in self.targets if one.kind is TargetKind.ENTRA), self.targets[0])

    @property
    def known_target(self) -> EntraJob:
        """The target, as far as it is known without starting anything."""
        self._chosen()
        return known_target(self.settings, self.profile.delivery)

    @cached_property
    def warehouse(self) -> Warehouse:
        """The home's warehouse; the home is made when it is missing."""
        if self.whole is not None:
            return self.whole.warehouse
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
