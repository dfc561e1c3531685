"""Alerts: what holds that people should know of, and telling them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import duckdb

from hcm_pipeline.alerts import Alert as Alert
from hcm_pipeline.alerts import AlertKind as AlertKind
from hcm_pipeline.alerts import Dispatched as Dispatched
from hcm_pipeline.alerts import (
    Due,
    FollowedFeeds,
    NotDelivered,
    Observations,
    Outbox,
    Phase,
    Receiver,
    Severity,
    WatchedPlace,
    anything_to_tell,
    failed_runs,
    feed_alerts,
    fight_alerts,
    find_alerts,
    message_of,
    place_alerts,
    receivers_of,
    tell,
    unknown_condition,
)
from hcm_pipeline.delivery import Journal
from hcm_pipeline.errors import UsageError
from hcm_pipeline.flow.borders import as_failure
from hcm_pipeline.flow.fetching import place_statuses
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.unfinished import failed_work
from hcm_pipeline.flow.views.feeds import feed_status
from hcm_pipeline.flow.views.written_over import fought_over, written_over
from hcm_pipeline.targets.oracle import OracleSide, key_of, limits_of

OF_MANIFESTS = (AlertKind.GUARD_HELD, AlertKind.APPROVAL_EXPIRES, AlertKind.CANARY_FAILED)
"""Alerts about single manifests: of what is written back these are told, for all else is one and the same."""
OF_ALL = (AlertKind.DAY_STOPPED, AlertKind.STALE_EXTRACT, AlertKind.UNPROCESSED, AlertKind.UNKNOWN, AlertKind.QUOTA)
"""Alerts that are one and the same for all targets of a home; a quota is the tenant's."""


def look(installation: Installation) -> list[Alert]:
    """Every alert that holds now, as the read copy, the journal and the sensors' record of failed work know it.

    Raises HomeError when nothing was ever processed and nothing has failed.
    """
    failed = [*failed_runs(failed_work(installation.home)), *_of_places(installation)]
    if failed and not installation.home.read_copy.is_file():
        return failed
    with installation.warehouse.read() as con, installation.journal() as journal:
        home = installation.home

        def unforeseen(error: Exception) -> None:
            as_failure(error, "alerts", home)

        found: list[Alert] = []
        for one in installation.targets:
            observed = Observations.of(con, one.target)
            alerts = find_alerts(con, observed, journal, one.known_target, one.profile, one.clock(), unforeseen)
            found += [told for alert in alerts if (told := _at(one, alert)).key not in {other.key for other in found}]
        found += _of_writeback(con, installation, journal)
        try:
            found += _of_feeds(installation)
        except Exception as error:
            unforeseen(error)
            found.append(unknown_condition([AlertKind.FEEDS_BEHIND, AlertKind.MISSED_EVENTS], error))
        return found + failed


def _at(one: Installation, alert: Alert) -> Alert:
    """An alert with the name of the target, of several. The matter of another than the first is another one."""
    if not one.name or alert.kind in OF_ALL:
        return alert
    key = f"{alert.key}@{one.settings.place}" if one.settings.place else alert.key
    return replace(alert, key=key, facts={"Target": one.name, **alert.facts})


def _of_writeback(con: duckdb.DuckDBPyConnection, installation: Installation, journal: Journal) -> list[Alert]:
    """The alerts about what goes back to Oracle HCM."""
    if installation.profile.writeback is None or installation.settings.oracle is None:
        return []
    key = key_of(installation.settings.oracle)
    target = OracleSide(key, limits_of(1, 1), key)
    found = find_alerts(con, Observations.of(con, key), journal, target, installation.profile, installation.clock())
    fought = Counter[str](one.attribute for one in fought_over(written_over(con, installation)))
    return [*(alert for alert in found if alert.kind in OF_MANIFESTS), *fight_alerts(fought)]


def _of_feeds(installation: Installation) -> list[Alert]:
    seen = feed_status(installation)
    if seen is None or not seen.polls:
        return []
    day = seen.polls[0].business_date
    followed = FollowedFeeds(
        seen.last_good, day, sum(feed.fault is not None for feed in seen.feeds),
        sum(one.business_date == day for one in seen.missed),
    )  # fmt: skip
    return feed_alerts(followed, installation.profile, installation.clock())


def _of_places(installation: Installation) -> list[Alert]:
    seen = place_statuses(installation.home, installation.profile)
    return place_alerts(
        (WatchedPlace(one.name, one.looked_at, one.failing_since) for one in seen), installation.clock()
    )


def receivers(installation: Installation) -> list[Receiver]:
    """The receivers that the profile and the environment name."""
    return list(receivers_of(installation.profile.alerts, installation.settings.alerts))


def require_receivers(installation: Installation) -> list[Receiver]:
    """The receivers. Raises UsageError when there is none."""
    found = receivers(installation)
    if not found:
        raise UsageError("no receiver is named: set HCM_PIPELINE_ALERT_WEBHOOK, or alerts.mail in the profile")
    return found


def something_to_tell(installation: Installation) -> bool:
    """Whether an alert has begun or ended since the receivers were last told."""
    found = look(installation)
    with Outbox(installation.home.alerts) as outbox:
        return anything_to_tell(outbox, found, receivers(installation), installation.clock)


def tell_receivers(installation: Installation, found: list[Alert]) -> Dispatched:
    """Tell the receivers what has begun or ended, given all that holds. A receiver that is down stops nothing."""
    with Outbox(installation.home.alerts) as outbox:
        return tell(outbox, found, receivers(installation), installation.profile, installation.clock)


@dataclass(frozen=True)
class Tested:
    """The outcome of a test message to one receiver. `error`: why it was not taken."""

    receiver: str
    error: str | None


def send_test(installation: Installation) -> list[Tested]:
    """Send every receiver a message that says it is a test, past the outbox. Raises UsageError when no receiver is named."""
    now = installation.clock()
    alert = Alert(
        "test", AlertKind.TEST, Severity.NOTICE, "A test of hcm-pipeline", "Alerts arrive here. There is nothing to do.",
        {}, asset="outcomes",
    )  # fmt: skip
    tested = []
    for receiver in require_receivers(installation):
        due = Due(int(now.timestamp()), receiver.name, Phase.OPENED, alert, now)
        error = None
        try:
            receiver.send(message_of(due, installation.profile))
        except NotDelivered as fault:
            error = str(fault)
        tested.append(Tested(receiver.name, error))
    return tested
