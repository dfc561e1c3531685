"""`[alerts]`: what people are told, and where."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hcm_pipeline.profile.value_types import COUNT, HOURS, Identifier, Model


class FailureLimit(Model):
    """Too many: more than `percent` of the workers delivered, and at least `at_least` of them."""

    percent: float = Field(1.0, ge=0, le=100)
    at_least: int = Field(5, ge=1, le=COUNT)


class Mail(Model):
    """The server that takes alerts as mail. Its password is HCM_PIPELINE_SMTP_PASSWORD."""

    host: str = Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._:-]{0,252})$")
    port: int = Field(587, gt=0, lt=65536)
    security: Literal["starttls", "tls"] = "starttls"
    """`tls`: from the first byte, as on port 465. There is no way without."""
    user: str | None = None
    """None: the server asks for no sign-in."""
    sender: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    recipients: tuple[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")], ...] = Field(min_length=1)


class Alerts(Model):
    """The conditions that people are told, and where. The webhook's address is a secret: HCM_PIPELINE_ALERT_WEBHOOK."""

    webhook_format: Literal["json", "teams"] = "json"
    mail: Mail | None = None
    failures: FailureLimit = FailureLimit.model_validate({})
    quota_left_percent: float = Field(10.0, ge=0, le=100)
    """Less of the daily quota than this is told."""
    stale_after_hours: float | None = Field(72.0, gt=0, le=HOURS)
    """A source that delivered nothing for so long is stale. None: not watched."""
    stale_after_hours_by_source: dict[Identifier, Annotated[float, Field(gt=0, le=HOURS)]] = Field({})
    """The same for single sources."""
    ui_url: str = Field("http://127.0.0.1:3000", pattern=r"^https?://\S+$")
    """Where people open the Dagster UI; alerts link to it."""
    docs_url: str | None = Field(None, pattern=r"^https?://\S+$")
    """Where people read these pages; alerts then link to them as well."""

    def stale_after(self, source: str) -> float | None:
        """Hours without an extract after which a source is stale; None: it is not watched."""
        return next(
            (h for name, h in self.stale_after_hours_by_source.items() if name == source), self.stale_after_hours
        )
