"""Telling people what holds: each occurrence once to each receiver, and again when it is over."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hcm_pipeline.alerts.messages import Alert, Message
from hcm_pipeline.alerts.outbox import Due, Outbox
from hcm_pipeline.alerts.receivers import NotDelivered, Receiver
from hcm_pipeline.http import Clock
from hcm_pipeline.profile import Profile

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Dispatched:
    """Messages that receivers took, and why others were not taken; those are sent again."""

    sent: int
    errors: tuple[str, ...]


def anything_to_tell(outbox: Outbox, alerts: Collection[Alert], receivers: Sequence[Receiver], clock: Clock) -> bool:
    """Whether `tell` would do anything."""
    return outbox.differs(alerts, [receiver.name for receiver in receivers], clock())


def tell(
    outbox: Outbox, alerts: Collection[Alert], receivers: Sequence[Receiver], profile: Profile, clock: Clock
) -> Dispatched:
    """Bring the outbox up to what holds, and send what is due.

    A receiver that is down is passed over until its next try; it stops nothing.
    """
    outbox.update(alerts, [receiver.name for receiver in receivers], clock())
    sent, errors = 0, []
    for receiver in receivers:
        while (due := outbox.claim(receiver.name, clock())) is not None:
            try:
                receiver.send(message_of(due, profile))
            except NotDelivered as error:
                outbox.failed(due, str(error), clock())
                log.warning("an alert was not delivered: %s", error)
                errors.append(str(error))
                break  # what else is due for it would fail alike
            outbox.sent(due, clock())
            sent += 1
    return Dispatched(sent, tuple(errors))


def message_of(due: Due, profile: Profile) -> Message:
    """The message of an occurrence that is due."""
    return Message(
        id=f"{due.alert.key}-{due.occurrence_id}-{due.phase}".replace(":", "-"),
        phase=due.phase,
        alert=due.alert,
        at=due.at,
        profile=profile.name,
        ui_url=profile.alerts.ui_url,
        docs_url=profile.alerts.docs_url,
    )
