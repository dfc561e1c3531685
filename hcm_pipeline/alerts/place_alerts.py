"""The condition of places from which extracts are fetched that people have to be told of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from hcm_pipeline.alerts.messages import Alert, AlertKind, Severity

PLACES = "docs/how-to/take-files-from-places.md"
FAILING_FOR = dt.timedelta(hours=1)
"""A place that could not be looked at for so long is no passing fault."""


@dataclass(frozen=True)
class WatchedPlace:
    """A place by its name in the profile. `failing_since`: the first of the looks that have failed one behind the other; None: the
    last one succeeded, or there was none."""

    name: str
    looked_at: dt.datetime | None
    failing_since: dt.datetime | None


def place_alerts(places: Iterable[WatchedPlace], now: dt.datetime) -> list[Alert]:
    """One alert for each place that keeps failing. The words of a service stay in `status`."""
    return [
        Alert(
            f"{AlertKind.PLACE_FAILING}:{one.name}", AlertKind.PLACE_FAILING, Severity.ERROR,
            "A place from which extracts are fetched keeps failing",
            "Nothing is fetched from there meanwhile, and leavers whom an extract tells keep their accounts. `hcm-pipeline status`"
            " says why.",
            {"Place": one.name, "Failing since": f"{one.failing_since:%Y-%m-%d %H:%M}Z",
             "Last look": f"{one.looked_at:%Y-%m-%d %H:%M}Z" if one.looked_at else "none"},
            asset="extracts", page=PLACES,
        )
        for one in places
        if one.failing_since is not None and now - one.failing_since >= FAILING_FOR
    ]  # fmt: skip
