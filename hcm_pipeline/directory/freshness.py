"""Freshness of the directories, which names wait for: how old each reading is, and which domains are verified."""

from __future__ import annotations

import datetime as dt

import duckdb

from hcm_pipeline.directory.findings import Finding
from hcm_pipeline.directory.tables import last_read
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import Directory, Identity, Profile

_READ = "`hcm-pipeline identity directory` reads it"
_VERIFY = "verify it there, or change identity.domain or identity.domains, then `hcm-pipeline identity directory`"


def max_age_hours(identity: Identity, directory: Directory) -> float | None:
    """How old the reading of a directory may be; None: it need not be read."""
    return directory.max_age_hours or identity.directory_max_age_hours


def directory_findings(con: duckdb.DuckDBPyConnection, profile: Profile, now: dt.datetime) -> list[Finding]:
    """A finding for each directory that was read too long ago or never (`directory_age`) or, when there is none, one for domains
    of the profile that the tenant has not verified (`unverified_domain`)."""
    return _ages(con, profile.identity, now) or _unverified(con, profile.identity)


def _ages(con: duckdb.DuckDBPyConnection, identity: Identity, now: dt.datetime) -> list[Finding]:
    read, found = last_read(con), []
    for name, directory in identity.directories.items():
        hours = max_age_hours(identity, directory)
        if hours is None:
            continue
        age = (now - read[name][0]).total_seconds() / 3600 if name in read else None
        if age is None:
            sentence = f"the directory {name} was never read, so a new name may be taken"
            found.append(Finding("directory_age", sentence, _READ))
        elif age > hours:
            sentence = (
                f"the directory {name} was read {counted(round(age), 'hour')} ago, and the profile allows {hours:g}"
            )
            found.append(Finding("directory_age", sentence, _READ))
    return found


def _unverified(con: duckdb.DuckDBPyConnection, identity: Identity) -> list[Finding]:
    """A userPrincipalName under a domain that the tenant has not verified is refused by it, or gets the initial domain."""
    entra = [name for name, directory in identity.directories.items() if directory.kind == "entra"]
    rows = con.execute("select directory, domain, verified from directory_domains").fetchall()
    known = {domain: verified for directory, domain, verified in rows if directory in entra}
    ours = {identity.domain.lower(), *(rule.domain.lower() for rule in identity.domains)}
    unverified = sorted(domain for domain in ours if known and not known.get(domain))
    if not unverified:
        return []
    sentence = f"{', '.join(unverified)}: no verified domain of the tenant as it was last read, so no userPrincipalName can have it"
    return [Finding("unverified_domain", sentence, _VERIFY)]
