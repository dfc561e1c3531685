"""Decisions before a first load: which account is a worker's, a list of them, and who is sent as it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from hcm_pipeline.deciders import CLI, Decider
from hcm_pipeline.directory import last_read
from hcm_pipeline.errors import UsageError
from hcm_pipeline.first_load import AsIs, RefusedLine, enter_as_is, enter_match, enter_matches, read_list
from hcm_pipeline.flow.comparing import Compared, MatchRow, chosen_directories, compare, open_row
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.plain_text import counted
from hcm_pipeline.warehouse import Relation, Scratch, scratch, transaction


@dataclass(frozen=True)
class LiveDecided:
    """A decision before a first load, as it was entered. `account`: the userPrincipalName; None: new, or sent as it is."""

    person_number: str
    account: str | None
    as_is: bool = False


def decides_about(installation: Installation, number: str) -> MatchRow | None:
    """The worker as a first load has it, when something is open about it; None when nothing is, or nothing was read.

    Of several targets the first of which something is open.
    """
    return next((row for one in installation.targets if (row := _open_at(one, number)) is not None), None)


def _asking(installation: Installation, number: str) -> Installation:
    """The installation of the target of which something is open about a worker."""
    targets = installation.targets
    return next((one for one in targets if len(targets) > 1 and _open_at(one, number)), targets[0])


def _open_at(installation: Installation, number: str) -> MatchRow | None:
    with installation.warehouse.read() as con, scratch(con) as t:
        if not last_read(con):
            return None
        directories = chosen_directories(con, installation.profile, installation.target)
        return open_row(t, compare(t, installation.own_profile, directories), number)


def decide_match(
    installation: Installation, number: str, account: str | None, *, accept: bool, by: str, how: str = CLI
) -> LiveDecided:
    """Enter which account is a worker's, or (`accept`) that the one in question is, or that none is (`account` None).

    The next run adopts it, and takes names back that were given and never sent. Raises UsageError when it cannot be.
    """
    with _deciding(_asking(installation, number)) as (t, compared, sent):
        row = open_row(t, compared, number)
        if row is None:
            raise UsageError(f"{number}: nothing waits for a decision about this worker")
        if accept:
            if len(row.accounts) != 1:
                raise UsageError(
                    f"{number}: {counted(len(row.accounts), 'account', 'are')} in question; choose one with --set"
                )
            account = row.accounts[0].user_principal_name or row.accounts[0].object_id
        enter_match(t, compared.people, number, account, Decider(by, installation.clock(), how), sent)
    installation.warehouse.publish()
    return LiveDecided(number, account)


def send_as_is(installation: Installation, number: str, why: str, *, by: str, how: str = CLI) -> LiveDecided:
    """Enter that a worker who is not clean is sent as it is. Raises UsageError for one of whom nothing is open."""
    with _deciding(_asking(installation, number)) as (t, compared, _):
        row = t.first(f"select reason, accounts from {compared.open} where person_number = ?", [number])
        if row is None:
            raise UsageError(f"{number}: nothing is open about this worker before a first load")
        enter_as_is(t, AsIs(number, row[0], tuple(row[1])), why, Decider(by, installation.clock(), how))
    installation.warehouse.publish()
    return LiveDecided(number, None, as_is=True)


@dataclass(frozen=True)
class ListEntered:
    """A list that was entered: how many of its rows count, and those that cannot be taken."""

    entered: int
    refused: tuple[RefusedLine, ...]


def enter_list(installation: Installation, path: Path, *, by: str, how: str = CLI) -> ListEntered:
    """Enter the decisions of a confirmed list. Raises UsageError for a file that is none."""
    listed, refused = read_list(path)
    signed = [replace(one, confirmed_by=f"{one.confirmed_by} (list entered by {by})") for one in listed]
    with _deciding(installation) as (t, compared, sent):
        more = enter_matches(t, compared.people, signed, path.name, Decider(by, installation.clock(), how), sent)
    installation.warehouse.publish()
    return ListEntered(len(listed) - len(more), tuple(sorted([*refused, *more], key=lambda one: one.row)))


@contextmanager
def _deciding(installation: Installation) -> Iterator[tuple[Scratch, Compared, Relation]]:
    """The comparison on the live warehouse, and person_number of everybody whose names were ever sent."""
    with (
        installation.warehouse.write() as con, installation.journal() as journal, scratch(con) as t, transaction(con)
    ):  # fmt: skip
        directories = chosen_directories(con, installation.profile, installation.target)
        compared = compare(t, installation.own_profile, directories)
        begun = [one.manifest_id for one in journal.manifests() if one.state in ("uploading", "accepted", "failed")]
        sent = t.make(
            "sent",
            """select person_number from delivered union select person_number from operations
            where plan_no in (select plan_no from manifests where list_contains(?::varchar[], manifest_id))""",
            [begun],
        )
        yield t, compared, sent
