"""Messages as a webhook and a mail server receive them, and what is said when they do not take it."""

from __future__ import annotations

import socket
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from hcm_pipeline.alerts import MailReceiver, Message, NotDelivered, Phase, WebhookReceiver, receivers_of
from hcm_pipeline.errors import UsageError
from hcm_pipeline.profile import Alerts, Mail
from hcm_pipeline.settings import AlertSecrets

from ..entra.gateway import serving
from .conftest import MISSING, NOW, Authority, MailServer, Webhook

OPENED = Message(
    "missing-1-opened", Phase.OPENED, MISSING, NOW, "acme", "https://dagster.example/", "https://docs.example"
)


def mail(server: MailServer, **given: Any) -> Mail:
    usual: dict[str, Any] = {
        "host": "localhost", "port": server.port, "user": "pipeline", "sender": "pipeline@example.com",
        "recipients": ["ops@example.com", "hr@example.com"],
    }  # fmt: skip
    return Mail(**(usual | given))


def test_a_webhook_receives_json_with_the_links_to_look_at(webhook: Webhook, authority: Authority) -> None:
    WebhookReceiver(webhook.url, "json", authority.ca_file).send(OPENED)
    [body] = webhook.bodies
    assert body == {
        "id": "missing-1-opened", "phase": "opened", "at": "2026-11-23T09:00:00+00:00", "profile": "acme", "key": "missing",
        "kind": "missing", "severity": "error", "title": "Operations are missing", "text": "They are sent again.",
        "facts": {"Workers": "3"}, "page": "docs/how-to/mend-failures.md",
        "links": {
            "Dagster": "https://dagster.example/assets/outcomes?view=checks",
            "What to do": "https://docs.example/how-to/mend-failures.md",
        },
    }  # fmt: skip


def test_teams_receives_an_adaptive_card(webhook: Webhook, authority: Authority) -> None:
    WebhookReceiver(webhook.url, "teams", authority.ca_file).send(OPENED)
    [body] = webhook.bodies
    [attachment] = body["attachments"]
    card = attachment["content"]
    assert (body["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert card["body"][0]["text"] == "Operations are missing"
    assert {"title": "Workers", "value": "3"} in card["body"][2]["facts"]
    assert [action["url"] for action in card["actions"]] == list(OPENED.links.values())


def test_a_mail_goes_over_tls_after_signing_in(mail_server: MailServer, authority: Authority) -> None:
    MailReceiver(mail(mail_server), "secret", authority.ca_file).send(OPENED)
    [taken] = mail_server.mails
    assert taken.recipients == ["ops@example.com", "hr@example.com"]
    read = message_from_bytes(taken.content, policy=default)
    assert read["Subject"] == "[hcm-pipeline acme] ERROR: Operations are missing"
    assert read["Message-ID"] == "<missing-1-opened@hcm-pipeline.invalid>"
    text = read.get_content()
    assert "Workers: 3" in text
    assert "https://dagster.example/assets/outcomes" in text


def test_a_webhook_that_fails_is_told_without_its_address(webhook: Webhook, authority: Authority) -> None:
    webhook.status = 500
    with pytest.raises(NotDelivered, match=r"^the webhook answered 500$"):
        WebhookReceiver(webhook.url, "json", authority.ca_file).send(OPENED)
    with pytest.raises(NotDelivered) as untrusted:
        WebhookReceiver(webhook.url).send(OPENED)
    assert "secret" not in str(untrusted.value)
    assert "secret" not in repr(WebhookReceiver(webhook.url))


@pytest.mark.parametrize("url", ["https://127.0.0.1:1/secret", "https://127.0.0.1:notaport/secret"])
def test_a_webhook_that_is_not_there_is_told_without_its_address(url: str) -> None:
    with pytest.raises(NotDelivered) as caught:
        WebhookReceiver(url).send(OPENED)
    assert "secret" not in str(caught.value)


def test_a_wrong_password_an_unknown_recipient_and_a_missing_authority_are_told(
    mail_server: MailServer, authority: Authority, tmp_path: Path
) -> None:
    with pytest.raises(NotDelivered, match="SMTPAuthenticationError 535"):
        MailReceiver(mail(mail_server), "wrong", authority.ca_file).send(OPENED)
    with pytest.raises(NotDelivered, match="SSLCertVerificationError"):
        MailReceiver(mail(mail_server), "secret").send(OPENED)
    with pytest.raises(NotDelivered, match="SSL_CERT_FILE"):
        MailReceiver(mail(mail_server), "secret", tmp_path / "none.pem").send(OPENED)
    mail_server.refuses = frozenset({"hr@example.com"})
    with pytest.raises(NotDelivered, match="refused 1 of 2 recipients"):
        MailReceiver(mail(mail_server), "secret", authority.ca_file).send(OPENED)


def test_a_mail_server_without_tls_is_sent_nothing(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        settings = Mail(
            host="127.0.0.1", port=port, security="tls", sender="a@example.com", recipients=("b@example.com",)
        )
        server.close()
        with pytest.raises(NotDelivered, match="ConnectionRefusedError"):
            MailReceiver(settings, None, authority.ca_file).send(OPENED)


def test_receivers_are_those_that_profile_and_environment_name(mail_server: MailServer) -> None:
    environ = {"HCM_PIPELINE_ALERT_WEBHOOK": "https://example.com/secret", "HCM_PIPELINE_SMTP_PASSWORD": "secret"}
    secrets = AlertSecrets.from_env(environ)
    assert receivers_of(Alerts(), AlertSecrets()) == []
    assert [r.name for r in receivers_of(Alerts(mail=mail(mail_server)), secrets)] == ["webhook", "mail"]
    assert "secret" not in repr(secrets)
    with pytest.raises(UsageError) as caught:
        AlertSecrets.from_env({"HCM_PIPELINE_ALERT_WEBHOOK": "http://example.com/hidden"})
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_of_the_webhook_is_not_followed_and_the_message_is_not_taken_as_told(
    tmp_path: Path, status: int
) -> None:
    with serving(tmp_path) as gateway:
        for place in ("http://127.0.0.1:9/other", f"{gateway.url}/other"):
            gateway.redirect = (status, place)
            with pytest.raises(NotDelivered, match=f"^the webhook answered {status}$"):
                WebhookReceiver(f"{gateway.url}/a-secret-path", "json", gateway.ca_file).send(OPENED)
        assert [path for _, path, _ in gateway.heard] == ["/a-secret-path"] * 2
