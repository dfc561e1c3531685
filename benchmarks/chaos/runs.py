"""Any number of seeds at one site."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.chaos.company import Company
from benchmarks.chaos.site import Account, Site, site
from benchmarks.chaos.tally import Tally
from benchmarks.chaos.trial import Trial
from hcm_pipeline.home import Home

SEEDS_PER_COMPANY = 20


class Chaos:
    """Any number of seeds, at one site. Companies are made once, with their reference."""

    def __init__(self, site: Site, folder: Path) -> None:
        self._site = site
        self._folder = folder
        self._known: dict[int, tuple[Company, Home, dict[str, Account]]] = {}

    def run(self, seed: int) -> Tally:
        """Play one seed, and judge it."""
        company, template, reference = self._company(seed // SEEDS_PER_COMPANY)
        with self._copy(template) as home:
            trial = Trial(self._site, home, company, seed, chaos=True)
            trial.judge(trial.run(), reference)
        return trial.tally

    def _company(self, number: int) -> tuple[Company, Home, dict[str, Account]]:
        if number not in self._known:
            company, template = Company.make(number), Home(self._folder / f"company-{number}").create()
            company.begin(template)
            with self._copy(template) as home:
                trial = Trial(self._site, home, company, -1, chaos=False)
                reference = trial.run()
                trial.judge(reference, reference)
                assert not trial.tally.violations, trial.tally.violations
            self._known[number] = company, template, reference
        return self._known[number]

    @contextmanager
    def _copy(self, template: Home) -> Iterator[Home]:
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            shutil.copytree(template.path, f"{folder}/home")
            yield Home(Path(folder) / "home")


@contextmanager
def chaos() -> Iterator[Chaos]:
    """A site and a folder for as long as the block lasts."""
    with tempfile.TemporaryDirectory() as folder, site(Path(folder) / "sandbox") as at:
        yield Chaos(at, Path(folder))
