"""`[identity.directories.<name>]`: a directory whose names are taken and whose accounts are adopted."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hcm_pipeline.profile.value_types import HOURS, DistinguishedName, Model


class Directory(Model):
    """A directory whose names are taken and whose accounts are adopted. Which keys belong to which kind is checked on loading."""

    kind: Literal["entra", "ad", "csv"]
    """Microsoft Entra ID (the target's tenant) over Graph, Active Directory over LDAPS, or a CSV file of either."""
    url: str | None = None
    """Of an ad: `ldaps://` and a domain controller, with a port unless it is 636."""
    user: str | None = None
    """Of an ad: who signs in, as a userPrincipalName or a distinguished name."""
    bases: tuple[DistinguishedName, ...] = ()
    """Of an ad: what is read; without one, the server's own domain."""
    employee_id: str = Field("employeeID", pattern=r"^[A-Za-z][A-Za-z0-9-]*$")
    """Of an ad: the attribute that holds the person number."""
    file: str | None = None
    """Of a csv: its path, from the home on unless it is absolute. None: `--file` names it."""
    max_age_hours: float | None = Field(None, gt=0, le=HOURS)
    """Instead of the identity's `directory_max_age_hours`."""
    max_loss_percent: float = Field(20.0, ge=0, le=100)
    """A reading that shows so many fewer living objects stops; so does one that shows none any more."""
