"""Findings that keep names from being given: one for each rule that is broken, and the one place that stops for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from hcm_pipeline.errors import GuardStop
from hcm_pipeline.verdicts import Kind


@dataclass(frozen=True)
class Finding:
    """One rule that is broken, with the sentence that says so and the mend. Neither holds a personal value."""

    rule: str
    sentence: str
    mend: str


def require_none(findings: Iterable[Finding], kind: Kind) -> None:
    """Raise GuardStop with every sentence, and each mend once behind the sentences that it is for; nothing when there are none."""
    said = [
        "; ".join([*(finding.sentence for finding in group), mend])
        for mend, group in groupby(findings, key=lambda finding: finding.mend)
    ]
    if said:
        raise GuardStop("; ".join(said), kind)
