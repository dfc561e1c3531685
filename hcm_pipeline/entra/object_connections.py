"""Object connections of a synchronization job: the link between a source record and an account, read and severed by a known id.

Source: `objectConnection: get, delete` of the Graph reference, beta (September 2026). There is no listing. A link cannot be severed
while the job's schedule is active; severing one that is gone does nothing. The account stays as it is, its employeeId too: a
record whose number the account still has is matched with it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from hcm_pipeline.errors import ServiceError, ServiceRefused

if TYPE_CHECKING:
    from hcm_pipeline.entra.client import GraphClient  # at run time it brings httpx along

NOT_FOUND, CONFLICT = 404, 409
PART = "objectConnections"


@dataclass(frozen=True)
class ObjectConnection:
    """A link. `source`: the record's externalId; `account`: the object id of the account."""

    source: str
    account: str


class ObjectConnections:
    """The links of one job, through a client that is open."""

    def __init__(self, client: GraphClient) -> None:
        self._client = client

    def get(self, source: str) -> ObjectConnection | None:
        """The link of a source record; None: there is none. Raises ServiceRefused and ServiceError."""
        try:
            found = self._client.job_call("GET", _part(source), beta=True)
        except ServiceRefused as refused:
            if refused.status == NOT_FOUND:
                return None
            raise
        return ObjectConnection(str(found.get("sourceAnchor") or ""), str(found.get("targetAnchor") or ""))

    def sever(self, source: str) -> None:
        """Delete the link of a source record; nothing happens where there is none.

        Raises ServiceRefused and, while the job's schedule is active, ServiceError: the same call does it later.
        """
        try:
            self._client.job_call("DELETE", _part(source), beta=True)
        except ServiceRefused as refused:
            if refused.status == NOT_FOUND:
                return
            if refused.status == CONFLICT:
                raise ServiceError(
                    f"{refused}: links are severed while the job is paused; pause it, and carry this out again"
                ) from refused
            raise


def _part(source: str) -> str:
    return f"{PART}/{quote(source, safe='')}"
