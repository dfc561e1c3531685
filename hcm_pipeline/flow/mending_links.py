"""Wrong links between workers and accounts: found, shown with their evidence, and severed once a person has approved it.

Severing is a manifest (`delivery.configuration_change`): it names the links, a person approves it by its id and their number, and
it is kept in the chain of decisions. The workers of both sides are planned anew afterwards.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import orjson

from hcm_pipeline.delivery import (
    CONFIGURES,
    ConfigurationChange,
    ManifestState,
    carry_out,
    plan_change,
    send_again,
)
from hcm_pipeline.entra import GraphClient, ObjectConnections
from hcm_pipeline.errors import UsageError
from hcm_pipeline.first_load import NUMBER, OBJECT_ID, find_wrong_links, people_of
from hcm_pipeline.first_load import WrongLink as WrongLink
from hcm_pipeline.flow.comparing import chosen_directories, force_of
from hcm_pipeline.flow.confirming import LEAST_OF_ID
from hcm_pipeline.flow.deciding import approve
from hcm_pipeline.flow.installation import Installation, Progress, quiet
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import TargetKind
from hcm_pipeline.settings import GRAPH
from hcm_pipeline.targets.entra import describe, kind_of_job, open_target
from hcm_pipeline.warehouse import scratch, table, transaction

LINKS = f"{CONFIGURES}links "
"""Keys of targets begin so whose manifests sever links."""


@dataclass(frozen=True)
class WrongLinks:
    """All links that are taken for wrong ones. `untold`: operations of which the log did not say which account they went to."""

    links: tuple[WrongLink, ...]
    untold: int


@dataclass(frozen=True)
class Severing:
    """A plan to sever links, and what became of it. `missing`: person numbers whose link the service does not have, or has to
    another account than the log said: nothing is done about them."""

    manifest: str | None
    links: tuple[WrongLink, ...]
    missing: tuple[str, ...]
    state: str | None
    sent_again: tuple[str, ...] = ()
    """Workers of both sides, whom the next plan sends again."""

    @property
    def held(self) -> bool:
        """Whether a person has to decide."""
        return self.state == ManifestState.HELD


def wrong_links(installation: Installation) -> WrongLinks:
    """Find the wrong links by the read copy. Asks no service. Raises UsageError when no directory was read."""
    with installation.warehouse.read() as con, scratch(con) as t:
        directories = chosen_directories(con, installation.profile, installation.target)
        force = force_of(t, installation.profile)
        people = people_of(t, installation.profile, force, table(con, "directory_objects"), directories)
        found = find_wrong_links(t, people, force.workers, installation.target)
        row = t.first(
            "select count(*) from log_entries where target = ? and status in ('success', 'failure') and landed_on is null",
            [installation.target],
        )
    return WrongLinks(tuple(found), int(row[0]) if row else 0)


def number_command(installation: Installation, link: WrongLink) -> str | None:
    """The command by which whoever holds the right gives an account its own number back, or takes the wrong worker's away where
    nobody knows which is its own; None where it has not the wrong worker's, or no shell could carry the values as they are.

    Severing changes nothing of an account: one that keeps the number is matched with the same worker again.
    """
    own = link.others[0] if len(link.others) == 1 else None
    if not link.again or not re.fullmatch(OBJECT_ID, link.account_id) or (own and not re.fullmatch(NUMBER, own)):
        return None
    if (installation.kind or kind_of_job(installation.target)) is TargetKind.ACTIVE_DIRECTORY:
        return f"Set-ADUser -Identity '{link.account_id}' " + (f"-EmployeeID '{own}'" if own else "-Clear employeeID")
    target = installation.settings.target
    body = orjson.dumps({"employeeId": own}).decode()
    return f"az rest --method PATCH --url '{target.graph_url if target else GRAPH}/users/{link.account_id}' --body '{body}'"


def plan_severing(
    installation: Installation, numbers: Sequence[str], *, protected: bool = False, started_by: str | None = None,
    announce: Progress = quiet,
) -> Severing:  # fmt: skip
    """Plan to sever the wrong links of these workers, held for a decision.

    `protected`: links to accounts that the profile protects may be among them. Raises UsageError for a worker without a wrong link,
    and for a protected account without that word.
    """
    found = {link.person_number: link for link in wrong_links(installation).links}
    wanted = list(dict.fromkeys(numbers))
    unknown = [number for number in wanted if number not in found]
    if unknown:
        raise UsageError(f"{', '.join(unknown)}: no wrong link is known; `hcm-pipeline target matches` lists them")
    guarded = [number for number in wanted if found[number].protected]
    if guarded and not protected:
        raise UsageError(
            f"{', '.join(guarded)}: the profile protects the account; say --protected if it is meant, and look twice"
        )
    with _connections(installation, announce) as connections:
        there = {number: connections.get(number) for number in wanted}
    links = [
        found[number] for number in wanted
        if (link := there[number]) is not None and link.account.lower() == found[number].account_id
    ]  # fmt: skip
    missing = tuple(number for number in wanted if found[number] not in links)
    if not links:
        return Severing(None, (), missing, None)
    body = orjson.dumps([{"source": link.person_number, "account": link.account_id} for link in links])
    change = ConfigurationChange(
        f"{LINKS}{installation.target}", installation.profile.name, len(links),
        {"change": "links severed", "wanted": hashlib.sha256(body).hexdigest()}, body, body,
        {"operations": {"links": len(links)}, "links": [asdict(link) for link in links]},
    )  # fmt: skip
    with installation.journal() as journal:
        planned = plan_change(installation.home, journal, change, installation.clock(), started_by)
    return Severing(planned.manifest_id, tuple(links), missing, str(planned.state))


def sever(
    installation: Installation, manifest: str, links: int | None, *, by: str, why: str | None = None, announce: Progress = quiet
) -> Severing:  # fmt: skip
    """Approve a plan to sever links, where that is not done yet, and carry it out; the workers of both sides are planned anew.

    `manifest`: at least twelve characters of its id; `links`: how many it severs. A link that is to another account by now stays.
    Raises UsageError unless both are those of one, and ServiceError while the job is not paused: carry it out again then.
    """
    if len(manifest) < LEAST_OF_ID:
        raise UsageError(
            f"nothing was severed: {manifest} is not enough of an id; give at least {LEAST_OF_ID} characters"
        )
    with installation.journal() as journal:
        found = journal.get(manifest)
    if found.target != f"{LINKS}{installation.target}":
        raise UsageError(
            f"nothing was severed: manifest {found.manifest_id[:12]} is none that severs links of this job"
        )
    if links != found.operations:
        given = "give the number of links (--links)" if links is None else f"not {links:,}"
        raise UsageError(f"nothing was severed: it is about {counted(found.operations, 'link')}; {given}")
    if found.state is ManifestState.HELD:
        found = approve(installation, found.manifest_id, operations=links, by=by, why=why)
    if found.state not in (ManifestState.READY, ManifestState.UPLOADING):
        return Severing(found.manifest_id, (), (), str(found.state))
    others = {link.person_number: link for link in wrong_links(installation).links}
    severed: list[str] = []
    with _connections(installation, announce) as connections, installation.journal() as journal:

        def send(body: bytes) -> None:
            for one in orjson.loads(body):
                link = connections.get(one["source"])
                if link is not None and link.account.lower() == one["account"]:
                    connections.sever(one["source"])
                severed.append(one["source"])

        state = carry_out(installation.home, journal, found.manifest_id, send)
    again = sorted({*severed, *(other for number in severed if number in others for other in others[number].others)})
    with installation.warehouse.write() as con, scratch(con) as t, transaction(con):
        send_again(t, installation.target, again, installation.clock())
    installation.warehouse.publish()
    return Severing(
        found.manifest_id, tuple(others[number] for number in severed if number in others), (), str(state), tuple(again)
    )


@contextmanager
def _connections(installation: Installation, announce: Progress) -> Iterator[ObjectConnections]:
    with open_target(installation.settings) as connection, GraphClient(connection, clock=installation.clock) as client:
        announce(describe(connection))
        yield ObjectConnections(client)
