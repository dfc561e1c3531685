"""The profile: one organisation's configuration as typed values.

A profile is data, never code. Everything that differs between organisations stands here, a module for each section; every rule
that always holds stands in the rooms that use it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hcm_pipeline.profile.alert_section import Alerts
from hcm_pipeline.profile.delivery_section import Delivery, Outcomes
from hcm_pipeline.profile.guard_section import Guards
from hcm_pipeline.profile.identity_section import Identity
from hcm_pipeline.profile.mapping_section import Scim
from hcm_pipeline.profile.oracle_section import Oracle
from hcm_pipeline.profile.place_section import Pgp, PlaceSpec
from hcm_pipeline.profile.scope_section import Scope
from hcm_pipeline.profile.source_section import Source
from hcm_pipeline.profile.target_section import Target
from hcm_pipeline.profile.value_types import Identifier, IsoDate, Model
from hcm_pipeline.profile.worker_fields import CORE_FIELDS, NAME_FIELDS, FieldSpec
from hcm_pipeline.profile.worker_section import Workers
from hcm_pipeline.profile.writeback_section import Writeback


class Profile(Model):
    """One organisation's configuration."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
    description: str = ""
    sources: tuple[Source, ...]
    places: tuple[PlaceSpec, ...] = ()
    pgp: Pgp = Pgp.model_validate({})
    fields: dict[Identifier, FieldSpec]
    extra_fields: dict[Identifier, FieldSpec] = Field({})
    workers: Workers = Workers.model_validate({})
    scope: Scope = Scope.model_validate({})
    identity: Identity
    scim: Scim
    target: Target = Target.model_validate({})
    delivery: Delivery = Delivery.model_validate({})
    guards: Guards = Guards.model_validate({})

    outcomes: Outcomes = Outcomes.model_validate({})
    alerts: Alerts = Alerts.model_validate({})
    oracle: Oracle | None = None
    """None: Oracle HCM is not followed live; its extracts come as files."""
    writeback: Writeback | None = None
    """None: Oracle HCM takes nothing back from Entra ID."""
    start_date: IsoDate = "2020-01-01"
    """The first business date there can be; Dagster's partitions begin here."""

    @property
    def columns(self) -> dict[str, FieldSpec]:
        """Every mapped worker field, core and extra, in the profile's order."""
        return {**self.fields, **self.extra_fields}

    def columns_of(self, source: Source) -> dict[str, FieldSpec]:
        """The same as one source writes them: what it says of a field goes before what the profile says. Those that name no
        placeholders have the profile's."""
        own = {
            name: self._with_placeholders(name, source.fields[name].over(spec) if name in source.fields else spec)
            for name, spec in self.columns.items()
        }
        if source.blank_clears is None:
            return own
        meaning = "cleared" if source.blank_clears else "unchanged"
        return {
            name: spec if spec.blank_in_changes else spec.model_copy(update={"blank_in_changes": meaning})
            for name, spec in own.items()
        }

    def _with_placeholders(self, name: str, spec: FieldSpec) -> FieldSpec:
        default = self.workers.placeholders if self.types[name] == "string" else ()
        placeholders = default if spec.placeholders is None else spec.placeholders
        no_name = (self.workers.no_name if spec.no_name is None else spec.no_name) if name in NAME_FIELDS else ()
        return spec.model_copy(update={"placeholders": placeholders, "no_name": no_name})

    def source_of(self, name: str) -> Source:
        """The source with a name. Extracts of one that the profile no longer has are read by its first."""
        return next((source for source in self.sources if source.name == name), self.sources[0])

    def sources_at(self, place: str) -> tuple[Source, ...]:
        """The sources whose files are delivered to a place."""
        return tuple(source for source in self.sources if source.place == place)

    @property
    def types(self) -> dict[str, str]:
        """Type of every worker field, mapped or not: of a decimal with its places, where the field says how many are kept."""
        return {**CORE_FIELDS, **{name: spec.kind for name, spec in self.extra_fields.items()}}
