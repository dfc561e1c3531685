"""The receivers of messages: a webhook over HTTPS, and a mail server over TLS.

An error says which kind of fault it was and nothing of where: the webhook's address is a secret.
"""

from __future__ import annotations

import smtplib
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Literal, Protocol

from hcm_pipeline.alerts.messages import Message, Phase
from hcm_pipeline.errors import UsageError
from hcm_pipeline.http import trust, trust_context
from hcm_pipeline.profile import Alerts, Mail
from hcm_pipeline.settings import AlertSecrets

TIMEOUT = 15.0
"""Seconds a receiver may take: nobody waits for it longer."""


class NotDelivered(Exception):
    """A receiver did not take a message; the text is fit to be kept and shown."""


class Receiver(Protocol):
    """Takes messages."""

    @property
    def name(self) -> str:
        """The name of the receiver in the outbox."""

    def send(self, message: Message) -> None:
        """Send one message. Raises NotDelivered."""


@dataclass(frozen=True)
class WebhookReceiver:
    """Posts each message as JSON, or as a card of Microsoft Teams. Any 2xx is taken for an answer."""

    url: str = field(repr=False)
    format: Literal["json", "teams"] = "json"
    ca_file: Path | None = None
    name: str = "webhook"

    def send(self, message: Message) -> None:
        """Post one message. Raises NotDelivered."""
        import httpx  # no command that posts nothing waits for it

        body = message.as_card() if self.format == "teams" else message.as_json()
        try:
            with httpx.Client(verify=trust(self.ca_file), timeout=TIMEOUT) as client:
                answer = client.post(self.url, json=body)
        except UsageError as error:  # the CA file
            raise NotDelivered(str(error)) from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
            raise NotDelivered(f"the webhook cannot be reached ({type(error).__name__})") from None
        if not answer.is_success:
            raise NotDelivered(f"the webhook answered {answer.status_code}")


@dataclass(frozen=True)
class MailReceiver:
    """Mails each message, over TLS always."""

    settings: Mail
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    name: str = "mail"

    def send(self, message: Message) -> None:
        """Send one mail to all recipients. Raises NotDelivered, also when one of them was refused."""
        mail = EmailMessage()
        mail["From"], mail["To"] = self.settings.sender, ", ".join(self.settings.recipients)
        mark = "" if message.phase is Phase.RESOLVED else f"{str(message.alert.severity).upper()}: "
        mail["Subject"] = f"[hcm-pipeline {message.profile}] {mark}{message.title}"
        mail["Message-ID"] = f"<{message.id}@hcm-pipeline.invalid>"
        mail["Date"] = message.at
        mail.set_content(message.as_text())
        try:
            with self._connect() as server:
                if self.settings.user is not None:
                    server.login(self.settings.user, self.password or "")
                refused = server.send_message(mail)
        except UsageError as error:  # the CA file
            raise NotDelivered(str(error)) from None
        except (smtplib.SMTPException, ValueError, OSError) as error:
            code = f" {error.smtp_code}" if isinstance(error, smtplib.SMTPResponseException) else ""
            raise NotDelivered(f"the mail server did not take it ({type(error).__name__}{code})") from None
        if refused:
            raise NotDelivered(f"the mail server refused {len(refused)} of {len(self.settings.recipients)} recipients")

    def _connect(self) -> smtplib.SMTP:
        context = trust_context(self.ca_file)
        if self.settings.security == "tls":
            return smtplib.SMTP_SSL(self.settings.host, self.settings.port, timeout=TIMEOUT, context=context)
        server = smtplib.SMTP(self.settings.host, self.settings.port, timeout=TIMEOUT)
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
        return server


def receivers_of(settings: Alerts, secrets: AlertSecrets) -> list[Receiver]:
    """The receivers that the profile and the environment name."""
    found: list[Receiver] = []
    if secrets.webhook is not None:
        found.append(WebhookReceiver(secrets.webhook, settings.webhook_format, secrets.ca_file))
    if settings.mail is not None:
        found.append(MailReceiver(settings.mail, secrets.smtp_password, secrets.ca_file))
    return found
