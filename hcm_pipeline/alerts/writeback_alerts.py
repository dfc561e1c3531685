"""The condition of writing back to Oracle HCM that people have to be told of, besides those of its manifests."""

from __future__ import annotations

from collections.abc import Mapping

from hcm_pipeline.alerts.messages import Alert, AlertKind, Severity

WRITE_BACK = "docs/how-to/write-back.md"


def fight_alerts(fought_over: Mapping[str, int]) -> list[Alert]:
    """The alert that another writer does not agree: by attribute, the values that somebody else has changed again and again."""
    if not fought_over:
        return []
    return [
        Alert(
            str(AlertKind.WRITTEN_OVER), AlertKind.WRITTEN_OVER, Severity.WARNING,
            "Somebody else keeps changing values that were written to Oracle HCM",
            "The same values were changed there after they were written, more than once: another integration may write them, too."
            " `hcm-pipeline status` names the workers. Let one of the two write an attribute ([writeback] of the profile).",
            {f"Values of {name}": f"{count:,}" for name, count in sorted(fought_over.items())},
            asset="writeback_receipts", page=WRITE_BACK,
        )
    ]  # fmt: skip
