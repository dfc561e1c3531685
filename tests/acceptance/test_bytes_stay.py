"""The bytes and the ids of manifests, which stay what they are while the code that makes them is moved about.

A manifest's id is the sha256 of all that its `manifest.json` says, among it the sha256 of `bulk.ndjson` and of `plan.json`, the
target, the manifest before it, names and sha256 of the extracts, and digests of the profile, of the chain of business dates,
of the names given out and of what was delivered. These inputs are pinned here:

- the clock: it enters neither file nor id, but whether a business date lies too far ahead, at which moment a worker's stage
  is judged and who has waited too long in the order of sending depend on it. It stands on a day when both dates are over;
- the target's key: that of a fresh sandbox, as a literal;
- what was sent before: the service is played, takes the first day whole and proves the profile, so that the second manifest
  has the first for its `previous`, the delivered digest of plan 1, and no canary;
- the profiles and the extracts: those of the package and Microsoft's sample, whose sha256 are checked first. A failure there
  says that an input is another one, not that the code makes something else of it.

The home's path, the user, the machine, its time zone and the version of the package enter nothing. The ids of the two days are
therefore those that `hcm-pipeline demo` makes through Dagster and the sandbox.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from hcm_pipeline.delivery.manifest import Manifest
from hcm_pipeline.flow import landing, plans, processing
from hcm_pipeline.flow.profiles import load_profile
from hcm_pipeline.home import Home
from tests.acceptance.support import ROOT
from tests.acceptance.test_microsoft_sample import SAMPLE
from tests.delivery.chain import Chain

SAMPLES = ROOT / "hcm_pipeline" / "cli" / "samples"
CLOCK = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
TARGET = (
    "7c0f2b4e-6a51-4d38-9f0e-5a4d424f5803/API2AAD.7c0f2b4e6a514d389f0e5a4d424f5801.7c0f2b4e-6a51-4d38-9f0e-5a4d424f5804"
)
PROFILES = {
    "oracle-hcm": "fb022900cd5999060a77792e0082e0cae9bec8d978d1c7dc6a6a782d32ccc5e7",
    "microsoft-csv2scim": "2f5d5fd4743018fa82bcb5c158729ced85bad94a8b1eabefe7800a4fb806ee0f",
}
EXTRACTS = {
    "workers-2026-11-02.csv": "079922620dd03009d032851fe110acf88a7b6dea2c97ea35ed78711b10944cb6",
    "workers-2026-11-03.csv": "59dc5da67dfd93694931c6348ebcbd175a94b5038b1c17d826f7786b022f0bd3",
    "microsoft-csv-with-1000-records.csv": "7d9ca28579499c01f966223f926b2fdd11159d5b8376d842daf55f13c014462f",
}
"""The sha256 of the inputs, by name."""


@dataclass(frozen=True)
class Kept:
    """A manifest as its folder shows it: its id, the sha256 of its two other files, and what `bulk.ndjson` holds."""

    business_date: str
    manifest_id: str
    bulk_sha256: str
    plan_sha256: str
    requests: int
    operations: int


FIRST_DAY = Kept(
    business_date="2026-11-02",
    manifest_id="07912e9d894e05f159e743447d9235a44c3828b97cb0b109c764875dbbf2ff85",
    bulk_sha256="def1287a9a7acc4df51cc919ac0deebbb5e5bec0afd687f6775252c0dd9a6e28",
    plan_sha256="06dea7adff4d6c7804f1039e81c3c5116b191ce57934380638bcce346331d6e4",
    requests=2,
    operations=42,
)
SECOND_DAY = Kept(
    business_date="2026-11-03",
    manifest_id="43d76978f68c2b69c9c280c35efbe1a25d14201c6f476c9a4022843eeec642d0",
    bulk_sha256="2ee48f8d84ecc638291e474e4c048ec2f3428e5fab28f3783f169efd1dc93a6d",
    plan_sha256="86f52ea82d9483d0ee7b3eea8bfb980fa16dbcd817c06ec4222c1d31cf1c5d43",
    requests=1,
    operations=13,
)
MICROSOFT = Kept(
    business_date="2026-11-02",
    manifest_id="7c91c01a6c87433d58888444e0c803f7accdf74b31f1f1d1f7c563d7031d0b72",
    bulk_sha256="ac455ce046e9a00f05532b269972564ca0a93b0a5bcf1f2a442cdb4cec90c22c",
    plan_sha256="218f9da5a62df42b534b1f70f26fd255ce9aba1322fbbedb99d239d8e344f043",
    requests=9,
    operations=359,
)


def begun(folder: Path, profile: str) -> Chain:
    """A fresh home under a built-in profile that is the pinned one."""
    chain = Chain(Home(folder / "home").create(), CLOCK, load_profile(profile))
    assert chain.loaded.sha256 == PROFILES[profile]
    return chain


def planned(chain: Chain, extract: Path, date: dt.date | None = None) -> Manifest:
    """The one manifest of a business date, from its extract on; the extract's name tells the date unless it is given."""
    [landed] = landing.land(chain.warehouse, chain.loaded.profile, [extract], now=chain.clock, date=date)
    assert (landed.result, landed.sha256) == ("taken", EXTRACTS[extract.name])
    assert landed.business_date is not None
    [_] = processing.process(chain.warehouse, chain.loaded, [landed.business_date], clock=chain.clock)
    plan = plans.plan(chain.warehouse, chain.loaded, TARGET, clock=chain.clock)
    assert plan is not None
    [manifest] = plan.manifests
    return manifest


def kept(home: Home) -> list[Kept]:
    """The manifests in a home's folders, in the order of business dates."""
    found = []
    for folder in sorted(home.manifests.glob("*/*")):
        assert orjson.loads((folder / "manifest.json").read_bytes())["manifest_id"] == folder.name
        bulk = (folder / "bulk.ndjson").read_bytes()
        bodies = [orjson.loads(line) for line in bulk.splitlines()]
        found.append(
            Kept(
                business_date=folder.parent.name,
                manifest_id=folder.name,
                bulk_sha256=hashlib.sha256(bulk).hexdigest(),
                plan_sha256=hashlib.sha256((folder / "plan.json").read_bytes()).hexdigest(),
                requests=len(bodies),
                operations=sum(len(body["Operations"]) for body in bodies),
            )
        )
    return found


def test_the_two_days_of_the_demonstration_keep_their_bytes_and_ids(tmp_path: Path) -> None:
    chain = begun(tmp_path, "oracle-hcm")
    first = planned(chain, SAMPLES / "workers-2026-11-02.csv")
    assert kept(chain.home) == [FIRST_DAY]
    chain.accept_all(first)
    with chain.journal() as journal:
        journal.pauses(TARGET).prove(chain.loaded.sha256, chain.now)
    planned(chain, SAMPLES / "workers-2026-11-03.csv")
    assert kept(chain.home) == [FIRST_DAY, SECOND_DAY]


@pytest.mark.skipif(not SAMPLE.is_file(), reason=f"{SAMPLE.name} is not beside the project")
def test_the_sample_of_microsoft_keeps_its_bytes_and_its_id(tmp_path: Path) -> None:
    chain = begun(tmp_path, "microsoft-csv2scim")
    planned(chain, SAMPLE, dt.date(2026, 11, 2))
    assert kept(chain.home) == [MICROSOFT]
