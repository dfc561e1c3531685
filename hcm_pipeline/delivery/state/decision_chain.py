"""The chain of decisions: each holds the sha256 of the one before and of the manifest, so that none is changed unseen.

A chain proves that nobody has altered, inserted or removed a decision afterwards without computing all later ones anew. It does
not prove who gave one: see `Decision.how`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from hcm_pipeline.delivery.state.journal_records import Decision
from hcm_pipeline.errors import PipelineError
from hcm_pipeline.sqlite_state import text_of

START = "0" * 64
"""Stands in the first decision for the one before."""


class BrokenChain(PipelineError):
    """The decisions of the journal are not those that were given."""


def digest_of(decision: Decision) -> str:
    """The sha256 over all that a decision says, the digest of the one before among it, as hexadecimal digits.

    Over a JSON array without spaces: before, number, manifest, decision, who, how, when, why, until when.
    """
    until = text_of(decision.expires_at) if decision.expires_at else None
    said = [
        decision.before, decision.decision_no, decision.manifest_id, decision.decision, decision.decided_by, decision.how,
        text_of(decision.decided_at), decision.why, until,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()


def verify_chain(decisions: Sequence[Decision], last: int) -> None:
    """Raise BrokenChain with the place where it breaks. `decisions`: all, in order; `last`: the number that was given last."""
    before, expected = START, 1
    for decision in decisions:
        broken = None
        if decision.decision_no != expected:
            broken = f"decision {expected} is missing"
        elif decision.before != before:
            broken = f"decision {decision.decision_no} does not follow the one before it"
        elif digest_of(decision) != decision.digest:
            broken = f"decision {decision.decision_no} was changed after it was given"
        if broken:
            raise _broken(f"{broken} ({_named(decision)})")
        before, expected = decision.digest, expected + 1
    if last >= expected:
        raise _broken(f"decision {expected} is missing, and {last} were given")


def verify_let_go(manifests: Sequence[str], decisions: Sequence[Decision]) -> None:
    """Raise BrokenChain for a manifest that was held and may go out now, although the last decision about it does not say so."""
    last = {decision.manifest_id: decision.decision for decision in decisions}
    for manifest_id in manifests:
        if last.get(manifest_id) != "approve":
            raise _broken(f"manifest {manifest_id[:12]} was held and may go out, and no decision says so")


def _named(decision: Decision) -> str:
    return f"{decision.decision} of manifest {decision.manifest_id[:12]} by {decision.decided_by}"


def _broken(where: str) -> BrokenChain:
    return BrokenChain(
        f"the chain of decisions in delivery.sqlite is broken: {where}. Nothing is planned, approved or sent on it: find out who"
        " wrote to the file, and restore it from a backup"
    )
