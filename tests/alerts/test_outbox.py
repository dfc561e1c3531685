"""Each occurrence is told once to each receiver, again when it is over, and later when a receiver was down."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.alerts import Alert, AlertKind, Message, NotDelivered, Outbox, anything_to_tell, tell
from hcm_pipeline.flow.profiles import load_profile
from hcm_pipeline.profile import Profile
from tests.budget import examples

from .conftest import MISSING, NOW, Authority, Webhook

QUOTA = replace(MISSING, key="quota", kind=AlertKind.QUOTA, title="The quota is nearly spent")


@dataclass
class Ear:
    """A receiver that may be down."""

    name: str
    down: bool = False
    heard: list[str] = field(default_factory=list)

    def send(self, message: Message) -> None:
        if self.down:
            raise NotDelivered("it is down")
        self.heard.append(message.title)


@dataclass
class Watch:
    """An outbox with its receivers and its clock."""

    outbox: Outbox
    profile: Profile
    ears: list[Ear]
    now: dt.datetime = NOW

    def tell(self, *alerts: Alert, minutes: float = 1) -> int:
        self.now += dt.timedelta(minutes=minutes)
        before = anything_to_tell(self.outbox, alerts, self.ears, lambda: self.now)
        told = tell(self.outbox, alerts, self.ears, self.profile, lambda: self.now)
        assert before or not (told.sent or told.errors)
        return told.sent


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    """Two receivers that are there."""
    with Outbox(tmp_path / "alerts.sqlite") as outbox:
        yield Watch(outbox, load_profile("oracle-hcm").profile, [Ear("webhook"), Ear("mail")])


def test_an_occurrence_is_told_once_and_told_when_it_is_over(watch: Watch) -> None:
    assert [watch.tell(MISSING) for _ in range(3)] == [2, 0, 0]
    assert [watch.tell() for _ in range(3)] == [2, 0, 0]
    assert watch.ears[0].heard == ["Operations are missing", "Over: Operations are missing"]


def test_what_nobody_can_tell_of_is_not_over(watch: Watch) -> None:
    doubt = replace(QUOTA, key="unknown:missing", kind=AlertKind.UNKNOWN, title="Unknown", in_doubt=("missing",))
    watch.tell(MISSING, QUOTA)
    watch.tell(doubt)
    assert sorted(watch.ears[0].heard[2:]) == ["Over: The quota is nearly spent", "Unknown"]
    watch.tell(doubt)
    watch.tell()
    assert sorted(watch.ears[0].heard[4:]) == ["Over: Operations are missing", "Over: Unknown"]


def test_what_comes_back_is_another_occurrence(watch: Watch) -> None:
    for alerts in ((MISSING,), (), (MISSING,)):
        watch.tell(*alerts)
    assert len(watch.ears[0].heard) == 3
    assert [found.resolved_at is None for found in watch.outbox.occurrences(also_resolved=True)] == [True, False]


def test_a_receiver_that_is_down_is_told_later_in_order_and_holds_up_nobody(watch: Watch) -> None:
    webhook, mail = watch.ears
    webhook.down = True
    watch.tell(MISSING, QUOTA)
    assert mail.heard == ["Operations are missing", "The quota is nearly spent"]
    watch.tell(QUOTA)
    [quota] = watch.outbox.occurrences()
    assert quota.unsent == 1
    assert watch.outbox.occurrences(also_resolved=True)[1].error == "it is down"
    webhook.down = False
    watch.tell(QUOTA, minutes=120)
    assert webhook.heard == ["Operations are missing", "Over: Operations are missing", "The quota is nearly spent"]
    assert watch.tell(QUOTA) == 0


def test_waits_between_tries_grow_up_to_an_hour(watch: Watch) -> None:
    watch.ears[0].down = True
    tries = []
    for minute in range(300):
        watch.now += dt.timedelta(minutes=1)
        if tell(watch.outbox, [MISSING], watch.ears, watch.profile, lambda: watch.now).errors:
            tries.append(minute)
    waits = [b - a for a, b in itertools.pairwise(tries)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_receiver_that_is_named_later_is_told_of_what_holds_then(watch: Watch) -> None:
    watch.tell(MISSING, QUOTA)
    watch.tell(QUOTA)
    watch.ears.append(Ear("another"))
    watch.tell(QUOTA)
    assert watch.ears[2].heard == ["The quota is nearly spent"]


def test_a_message_that_is_being_sent_is_not_sent_by_another_process_as_well(watch: Watch, tmp_path: Path) -> None:
    watch.outbox.update([MISSING], ["webhook"], NOW)
    with Outbox(tmp_path / "alerts.sqlite") as other:
        due = watch.outbox.claim("webhook", NOW)
        assert due is not None
        assert other.claim("webhook", NOW) is None
        again = other.claim("webhook", NOW + dt.timedelta(minutes=3))  # the first one was killed
        assert again == due


def test_what_is_over_for_long_is_forgotten(watch: Watch) -> None:
    watch.tell(MISSING)
    watch.tell()
    watch.tell(minutes=60 * 24 * 91)
    assert watch.outbox.occurrences(also_resolved=True) == []


def test_the_outbox_is_its_owners_only(tmp_path: Path) -> None:
    with Outbox(tmp_path / "alerts.sqlite"):
        assert (tmp_path / "alerts.sqlite").stat().st_mode & 0o777 == 0o600


@settings(max_examples=examples(12), deadline=None)
@given(st.lists(st.tuples(st.sets(st.sampled_from(["missing", "quota"])), st.booleans()), min_size=1, max_size=8))
def test_everybody_hears_beginnings_and_ends_alternately_whatever_holds_and_whoever_is_down(
    tmp_path_factory: pytest.TempPathFactory, story: list[tuple[set[str], bool]]
) -> None:
    alerts = {"missing": MISSING, "quota": QUOTA}
    with Outbox(tmp_path_factory.mktemp("outbox") / "alerts.sqlite") as outbox:
        watch = Watch(outbox, load_profile("oracle-hcm").profile, [Ear("webhook")])
        for keys, down in story:
            watch.ears[0].down = down
            watch.tell(*(alerts[key] for key in sorted(keys)))
        watch.ears[0].down = False
        watch.tell(minutes=24 * 60)
        watch.tell(minutes=24 * 60)
    for alert in alerts.values():
        heard = [title for title in watch.ears[0].heard if title.endswith(alert.title)]
        assert heard == [alert.title, f"Over: {alert.title}"] * (len(heard) // 2)
        began = sum(
            alert.key in keys and (i == 0 or alert.key not in story[i - 1][0]) for i, (keys, _) in enumerate(story)
        )
        assert len(heard) == 2 * began


def test_a_real_webhook_that_comes_back_is_told(watch: Watch, webhook: Webhook, authority: Authority) -> None:
    from hcm_pipeline.alerts import WebhookReceiver

    receiver = WebhookReceiver(webhook.url, "json", authority.ca_file)
    webhook.status = 503
    assert tell(watch.outbox, [MISSING], [receiver], watch.profile, lambda: NOW).errors == ("the webhook answered 503",)
    webhook.status = 200
    later = NOW + dt.timedelta(minutes=2)
    assert tell(watch.outbox, [MISSING], [receiver], watch.profile, lambda: later).sent == 1
    assert [body["id"] for body in webhook.bodies] == ["missing-1-opened"]
