"""The synchronization schema that a profile asks for.

This module is light, for every command loads it; `schema_making` is loaded when a schema is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hcm_pipeline.profile import Profile, TargetKind
from hcm_pipeline.targets.entra.scim_schema import written_by

if TYPE_CHECKING:
    from hcm_pipeline.synchronization import Schema


@dataclass(frozen=True)
class Aside:
    """Something that is not mapped, or not ours, and why it is so. `side`: source, target or scope."""

    side: str
    attribute: str
    why: str


@dataclass(frozen=True)
class GeneratedSchema:
    """A generated schema. `left_out`: what the profile asks for and nothing maps. `not_ours`: what the job has besides, and keeps.

    `notes`: what a person has to do by hand.
    """

    kind: TargetKind
    schema: Schema
    left_out: tuple[Aside, ...]
    not_ours: tuple[Aside, ...]
    notes: tuple[str, ...]


def generated_schema(profile: Profile, kind: TargetKind, present: Schema | None = None) -> GeneratedSchema:
    """The schema of a kind of target, out of the job's present one or, without it, of the built-in default.

    Raises SchemaFault when nothing in the present schema maps people.
    """
    from hcm_pipeline.targets.entra.schema_making import make  # loads the room of schemas, and expressions

    return make(profile, kind, present)


def kind_of_job(key: str) -> TargetKind:
    """The kind of directory that a job writes to, by its key."""
    return TargetKind.ACTIVE_DIRECTORY if written_by(key) == "ad" else TargetKind.ENTRA
