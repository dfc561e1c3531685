"""The places where extracts wait: reached, and listed. Nothing is taken or moved."""

from __future__ import annotations

from collections.abc import Iterator

from hcm_pipeline.doctor.examined import Examined
from hcm_pipeline.doctor.finding import Check, NotLookedAt, Said, failed, ok
from hcm_pipeline.errors import PipelineError
from hcm_pipeline.http import TryAgain
from hcm_pipeline.plain_text import counted


def _places(seen: Examined) -> Iterator[Said]:
    profile = seen.profile
    used = [spec for spec in profile.places if profile.sources_at(spec.name)]
    if not used:
        raise NotLookedAt("the profile has no place but landing/")
    for spec in used:
        try:
            store = seen.means.opener(spec)
            try:
                things = store.listing()
            finally:
                store.close()
        except (PipelineError, TryAgain, OSError) as error:
            why = str(error) if isinstance(error, PipelineError | TryAgain) else type(error).__name__
            yield failed(
                f"place {spec.name} cannot be listed: {why}", "its extracts do not arrive",
                "Look at its address and its account: docs/how-to/take-files-from-places.md",
            )  # fmt: skip
        else:
            yield ok(f"place {spec.name}: {counted(len(things), 'file')} there")


CHECKS = (Check("places", "places", "every place of the profile that a source is delivered to", _places),)
