"""Alerts, which people are told without asking: conditions, one message for each occurrence, and the ways it goes out.

A message holds counts, codes of the documentation, dates, names of sources and ids of manifests: nothing personal.
"""

from hcm_pipeline.alerts.alert_rules import Observations, WatchedTarget, failed_runs, find_alerts, unknown_condition
from hcm_pipeline.alerts.dispatch import Dispatched, anything_to_tell, message_of, tell
from hcm_pipeline.alerts.failed_work import FailedWork, FailedWorkRecords
from hcm_pipeline.alerts.feed_alerts import FollowedFeeds, feed_alerts
from hcm_pipeline.alerts.messages import Alert, AlertKind, Message, Phase, Severity
from hcm_pipeline.alerts.outbox import Due, Occurrence, Outbox
from hcm_pipeline.alerts.place_alerts import WatchedPlace, place_alerts
from hcm_pipeline.alerts.receivers import MailReceiver, NotDelivered, Receiver, WebhookReceiver, receivers_of
from hcm_pipeline.alerts.writeback_alerts import fight_alerts

__all__ = [
    "Alert",
    "AlertKind",
    "Dispatched",
    "Due",
    "FailedWork",
    "FailedWorkRecords",
    "FollowedFeeds",
    "MailReceiver",
    "Message",
    "NotDelivered",
    "Observations",
    "Occurrence",
    "Outbox",
    "Phase",
    "Receiver",
    "Severity",
    "WatchedPlace",
    "WatchedTarget",
    "WebhookReceiver",
    "anything_to_tell",
    "failed_runs",
    "feed_alerts",
    "fight_alerts",
    "find_alerts",
    "message_of",
    "place_alerts",
    "receivers_of",
    "tell",
    "unknown_condition",
]
