"""The kind of directory that a schema writes to: Entra ID, or Active Directory through an agent."""

from __future__ import annotations

from typing import Literal

from hcm_pipeline.synchronization.schema_model import Schema, SchemaFault

Kind = Literal["entra", "active_directory"]
"""The directories that API-driven provisioning writes to."""
ENTRA: Kind = "entra"
ACTIVE_DIRECTORY: Kind = "active_directory"

_OF_AD = frozenset(("samaccountname", "accountdisabled", "parentdistinguishedname", "useraccountcontrol", "cn"))
_OF_ENTRA = frozenset(("accountenabled", "mailnickname", "issoftdeleted", "passwordprofile.password"))
_ENTRA_NAMES = ("azure active directory", "entra", "azure ad")


def kind_of(schema: Schema) -> Kind | None:
    """The kind, by the name of the target directory and otherwise by the attributes of its accounts; None: nothing tells."""
    try:
        people = schema.people
    except SchemaFault:
        return None
    name = people.rule.target_directory.lower()
    if any(part in name for part in _ENTRA_NAMES):
        return ENTRA
    if "active directory" in name:
        return ACTIVE_DIRECTORY
    named = {one.target.lower() for one in people.mapping.mappings} | {one.lower() for one in people.target}
    ad, entra = len(named & _OF_AD), len(named & _OF_ENTRA)
    if ad == entra:
        return None
    return ACTIVE_DIRECTORY if ad > entra else ENTRA
