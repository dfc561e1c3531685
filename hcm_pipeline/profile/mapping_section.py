"""`[scim]`: which attribute of the target takes which value."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from hcm_pipeline.profile.value_types import Model, Zone


class Mapped(Model):
    """The value of one SCIM attribute: a worker field, an SQL scalar expression, or a constant."""

    field: str | None = None
    sql: str | None = None
    value: str | bool | int | None = None
    time: str = Field("00:00:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$")
    """For dates: the local time of day that is sent."""
    zone: Zone = "UTC"
    """For dates: whose local time that is."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Mapped:
        if sum(part is not None for part in (self.field, self.sql, self.value)) != 1:
            raise ValueError("needs exactly one of field, sql and value")
        return self


def _field_name(value: object) -> object:
    return {"field": value} if isinstance(value, str) else value


class Scim(Model):
    """Worksheet 2: which SCIM attribute takes which value."""

    custom_schema: str = Field(
        "urn:ietf:params:scim:schemas:extension:contoso:1.0:User", pattern=r"^urn:[A-Za-z0-9][A-Za-z0-9-]*:\S+$"
    )
    mapping: dict[str, Annotated[Mapped, BeforeValidator(_field_name)]]
    """SCIM path to worker field (a string) or to a table. `{custom}` and `{enterprise}` stand for the schemas' URNs."""
