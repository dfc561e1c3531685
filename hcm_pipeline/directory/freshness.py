"""What must be known of the directories before a name is given."""

from __future__ import annotations

import datetime as dt

import duckdb

from hcm_pipeline.directory.tables import last_read
from hcm_pipeline.errors import GuardStop
from hcm_pipeline.profile import Directory, Identity, Profile


def max_age_hours(identity: Identity, directory: Directory) -> float | None:
    """How old the reading of a directory may be; None: it need not be read."""
    return directory.max_age_hours or identity.directory_max_age_hours


def require_directories(con: duckdb.DuckDBPyConnection, profile: Profile, now: dt.datetime) -> None:
    """Raises GuardStop when a directory that the profile needs was read too long ago or never, or a domain is not verified."""
    identity, read = profile.identity, last_read(con)
    faults = []
    for name, directory in identity.directories.items():
        hours = max_age_hours(identity, directory)
        if hours is None:
            continue
        if name not in read:
            faults.append(f"the directory {name} was never read, so a new name may be taken")
            continue
        age = (now - read[name][0]).total_seconds() / 3600
        if age > hours:
            faults.append(f"the directory {name} was read {age:,.0f} hours ago, and the profile allows {hours:g}")
    if faults:
        raise GuardStop("; ".join(faults) + "; `hcm-pipeline identity directory` reads it")
    _require_verified(con, profile)


def _require_verified(con: duckdb.DuckDBPyConnection, profile: Profile) -> None:
    """A userPrincipalName under a domain that the tenant has not verified is refused by it, or gets the initial domain."""
    entra = [name for name, directory in profile.identity.directories.items() if directory.kind == "entra"]
    rows = con.execute("select directory, domain, verified from directory_domains").fetchall()
    known = {domain: verified for directory, domain, verified in rows if directory in entra}
    ours = {profile.identity.domain.lower(), *(rule.domain.lower() for rule in profile.identity.domains)}
    unverified = sorted(domain for domain in ours if known and not known.get(domain))
    if unverified:
        raise GuardStop(
            f"{', '.join(unverified)}: no verified domain of the tenant as it was last read, so no userPrincipalName can have it; "
            "verify it there, or change identity.domain or identity.domains, then `hcm-pipeline identity directory`"
        )
