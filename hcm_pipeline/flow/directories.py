"""Reading the live directories of a profile, each by the reader of its kind."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from hcm_pipeline.delivery import close_shown_empty, held_as
from hcm_pipeline.directory import Account, Reading, forget_others, read_active_directory, read_csv_file, read_entra_id
from hcm_pipeline.directory import Read as Read
from hcm_pipeline.directory import max_age_hours as max_age_hours
from hcm_pipeline.entra import EntraConnection, GraphClient
from hcm_pipeline.errors import GuardStop, PipelineError, UsageError
from hcm_pipeline.flow import verdict_table
from hcm_pipeline.flow.borders import as_failure
from hcm_pipeline.flow.installation import Installation, Progress, quiet
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import Directory, Profile
from hcm_pipeline.settings import Settings
from hcm_pipeline.targets.entra import describe, open_target, shown_by
from hcm_pipeline.verdicts import Kind, Verdict
from hcm_pipeline.warehouse import literal, scratch, transaction


@dataclass(frozen=True)
class Wish:
    """How to read. `file` stands for the file of a csv directory; `full`: everything, even where changes would do."""

    file: Path | None = None
    full: bool = False
    accept_loss: bool = False


def read_directory(
    installation: Installation,
    name: str,
    wish: Wish = Wish(),
    *,
    progress: Progress = quiet,
    announce: Progress = quiet,
) -> Read:
    """Read one directory of the profile. `announce` is told from where, before anything is read.

    Raises UsageError when the profile or the environment lacks what the reading needs, GuardStop when suspiciously many objects
    are gone, and what the service makes of it; what was known is then kept.
    """
    directories = installation.profile.identity.directories
    directory = directories.get(name)
    if directory is None:
        raise UsageError(f"{name}: the profile's directories are {', '.join(directories)}")
    if wish.file is not None and directory.kind != "csv":
        raise UsageError(f"{name}: --file is for a directory of kind csv, and this one is of kind {directory.kind}")
    reading = Reading(
        installation.warehouse, name, installation.clock(), progress, full=wish.full, accept_loss=wish.accept_loss,
        max_loss_percent=directory.max_loss_percent,
    )  # fmt: skip
    try:
        read = _read(installation, reading, directory, wish.file, announce)
    except GuardStop as stop:
        _keep(installation, verdict_table.of_directory(name, str(stop), stopped=True))
        raise
    if _was_stopped(installation, name):
        _keep(installation, verdict_table.of_directory(name, f"shows {counted(read.objects, 'object')}", stopped=False))
    _close_clearings(installation, name, read.of)
    return read


def _close_clearings(installation: Installation, name: str, of: str | None) -> None:
    """Close the clearings of values that the directory shows to be gone. `of` as of `Read`."""
    closed = 0
    with installation.warehouse.write() as con, transaction(con), scratch(con) as t:
        for target in [one.target for one in installation.targets]:
            shown = shown_by(target, of, held_as(con, target))
            empty = " union all ".join(_shown_empty_sql(attribute, columns) for attribute, columns in shown.items())
            closed += close_shown_empty(t, target, t.make("shown", empty, {"directory": name})) if empty else 0
    if closed:
        installation.warehouse.publish()


def _shown_empty_sql(attribute: str, columns: Collection[str]) -> str:
    """SELECT: person_number, attribute, read_at of the workers whose accounts in the directory have no value in some columns.

    None at all of a column that nobody has a value in: a file may lack it, or the account that reads may not see it.
    """
    told = " and ".join(f"(select count({column}) > 0 from users)" for column in columns)
    empty = " and ".join(f"count({column}) = 0" for column in columns)
    return f"""
        (with users as (
            from directory_objects where directory = $directory and kind = 'user' and not deleted and employee_id is not null)
        select employee_id as person_number, {literal(attribute)} as attribute, min(read_at) as read_at
        from users join directory_reads using (directory) where {told} group by 1 having {empty})"""


def _read(
    installation: Installation, reading: Reading, directory: Directory, file: Path | None, announce: Progress
) -> Read:
    """By the reader of the directory's kind."""
    if directory.kind == "entra":
        with open_target(installation.tenant.settings) as target, GraphClient(target) as client:
            announce(describe(target))
            return read_entra_id(reading, client, tenant_name(target))
    name = reading.directory
    if directory.kind == "ad":
        announce(f"{name}: {directory.url}")
        return read_active_directory(reading, _account(installation.settings, name, directory))
    path = file or (installation.home.path / directory.file if directory.file else None)
    if path is None:
        raise UsageError(f"{name}: --file names its CSV file, or identity.directories.{name}.file of the profile")
    announce(f"{name}: {path.name}")
    return read_csv_file(reading, path)


def _keep(installation: Installation, verdict: Verdict) -> None:
    with installation.warehouse.write() as con:
        verdict_table.keep(con, [verdict], installation.clock())
    installation.warehouse.publish()


def _was_stopped(installation: Installation, name: str) -> bool:
    with installation.warehouse.write() as con:
        return any(verdict.kind is Kind.DIRECTORY and verdict.subject == name for verdict in verdict_table.tripped(con))


@dataclass(frozen=True)
class DirectoriesRead:
    """The readings of several directories. `forgotten` are those that the profile no longer has."""

    done: tuple[Read, ...]
    failed: tuple[PipelineError, ...]
    forgotten: tuple[str, ...] = ()


def read_directories(
    installation: Installation, wish: Wish = Wish(), *, progress: Progress = quiet, announce: Progress = quiet
) -> DirectoriesRead:
    """Read every directory that needs no file from the command line, and forget those that the profile no longer has.

    A directory that cannot be read does not keep the others from it. Where the profile has one only, its fault is raised.
    """
    names = [name for name, spec in installation.profile.identity.directories.items() if readable(spec)]
    done, failed = [], []
    for name in names:
        try:
            done.append(read_directory(installation, name, wish, progress=progress, announce=announce))
        except Exception as error:
            fault = as_failure(error, f"identity.directories.{name}", installation.home)
            if len(names) == 1:
                raise fault from error
            failed.append(fault)
    return DirectoriesRead(tuple(done), tuple(failed), tuple(forget_removed(installation)))


def forget_removed(installation: Installation) -> list[str]:
    """Forget the directories that the profile no longer has, with their names; which ones they were."""
    with installation.warehouse.write() as con:
        gone = forget_others(con, installation.profile.identity.directories)
    if gone:
        installation.warehouse.publish()
    return gone


def readable(directory: Directory) -> bool:
    """Whether nothing but the profile and the environment is needed to read it."""
    return directory.kind != "csv" or directory.file is not None


def directory_for_file(profile: Profile) -> str:
    """The directory that a CSV file is meant for when none is named. Raises UsageError unless there is exactly one."""
    names = [name for name, spec in profile.identity.directories.items() if spec.kind == "csv"]
    if len(names) != 1:
        known = f"NAME says which of {', '.join(names)}" if names else "the profile has no directory of kind csv"
        raise UsageError(f"--file: {known}")
    return names[0]


def tenant_name(target: EntraConnection) -> str:
    """The name of the tenant that a kept link belongs to. The port of the home's own sandbox is another at every start."""
    return f"{target.tenant_id} {'sandbox' if target.sandbox else urlsplit(target.graph_url).netloc}"


def _account(settings: Settings, name: str, directory: Directory) -> Account:
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
