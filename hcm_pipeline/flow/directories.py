"""Reading the directories of a profile: what the command line and Dagster both do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hcm_pipeline.directory import csv_file, entra_id
from hcm_pipeline.directory.entries import Read
from hcm_pipeline.directory.reading import Reading
from hcm_pipeline.directory.tables import forget_others
from hcm_pipeline.entra import GraphClient
from hcm_pipeline.errors import UsageError
from hcm_pipeline.flow.processing import Clock, Progress, quiet, utc_now
from hcm_pipeline.profile import Directory, Profile
from hcm_pipeline.settings import Settings, Target
from hcm_pipeline.targets.entra.connection import describe, open_target
from hcm_pipeline.warehouse import Warehouse

if TYPE_CHECKING:
    from hcm_pipeline.directory.active_directory import Account


@dataclass(frozen=True)
class Wish:
    """How to read. `file` stands for the file of a csv directory; `full`: everything, even where changes would do."""

    file: Path | None = None
    full: bool = False
    accept_loss: bool = False


def read_directory(
    settings: Settings,
    warehouse: Warehouse,
    profile: Profile,
    name: str,
    wish: Wish = Wish(),
    *,
    clock: Clock = utc_now,
    progress: Progress = quiet,
    announce: Callable[[str], None] = quiet,
) -> Read:
    """Read one directory of the profile. `announce` is told from where, before anything is read.

    Raises UsageError when the profile or the environment lacks what the reading needs, GuardStop when suspiciously many objects
    are gone, and what the service makes of it; what was known is then kept.
    """
    directory = profile.identity.directories.get(name)
    if directory is None:
        raise UsageError(f"{name}: the profile's directories are {', '.join(profile.identity.directories)}")
    if wish.file is not None and directory.kind != "csv":
        raise UsageError(f"{name}: --file is for a directory of kind csv, and this one is of kind {directory.kind}")
    reading = Reading(
        warehouse, name, clock(), progress, full=wish.full, accept_loss=wish.accept_loss,
        max_loss_percent=directory.max_loss_percent,
    )  # fmt: skip
    if directory.kind == "entra":
        with open_target(settings) as target, GraphClient(target) as client:
            announce(describe(target))
            return entra_id.refresh(reading, client, _tenant(target))
    if directory.kind == "ad":
        announce(f"{name}: {directory.url}")
        from hcm_pipeline.directory import active_directory  # loads LDAP, which few need

        return active_directory.refresh(reading, _account(settings, name, directory))
    path = wish.file or (settings.home.path / directory.file if directory.file else None)
    if path is None:
        raise UsageError(f"{name}: --file names its CSV file, or identity.directories.{name}.file of the profile")
    announce(f"{name}: {path.name}")
    return csv_file.refresh(reading, path)


def forget_removed(warehouse: Warehouse, profile: Profile) -> list[str]:
    """Forget the directories that the profile no longer has; which ones."""
    with warehouse.write() as con:
        gone = forget_others(con, profile.identity.directories)
    if gone:
        warehouse.publish()
    return gone


def readable(directory: Directory) -> bool:
    """Whether nothing but the profile and the environment is needed to read it."""
    return directory.kind != "csv" or directory.file is not None


def _tenant(target: Target) -> str:
    """What makes a kept link the tenant's. The port of the home's own sandbox is another at every start."""
    return f"{target.tenant_id} {'sandbox' if target.sandbox else urlsplit(target.graph_url).netloc}"


def _account(settings: Settings, name: str, directory: Directory) -> Account:
    from hcm_pipeline.directory.active_directory import Account

    if not settings.ldap.password:
        raise UsageError(f"{name}: HCM_PIPELINE_LDAP_PASSWORD is not set; it is the password of {directory.user}")
    return Account(
        url=directory.url or "",
        user=directory.user or "",
        password=settings.ldap.password,
        bases=directory.bases,
        employee_id=directory.employee_id,
        ca_file=settings.ldap.ca_file,
    )
