"""Links between records and accounts: read by a known id, severed while the job is paused, harmless twice."""

from __future__ import annotations

from typing import Any

import pytest

from hcm_pipeline.entra import GraphClient, ObjectConnection, ObjectConnections
from hcm_pipeline.errors import ServiceError, ServiceRefused


class Answering(GraphClient):
    """A client that answers by itself, or refuses, and keeps what it was asked."""

    def __init__(self, answer: dict[str, Any] | int) -> None:
        self.answer, self.asked = answer, list[tuple[str, str, bool]]()

    def job_call(
        self, method: Any, part: str, body: object = None, *, give_up_after: float | None = None, beta: bool = False
    ) -> Any:
        self.asked.append((method, part, beta))
        if isinstance(self.answer, int):
            raise ServiceRefused("refused", self.answer, "code")
        return self.answer


def test_a_link_is_read_in_beta_by_the_records_id_whatever_signs_it_has() -> None:
    client = Answering({"sourceAnchor": "a/1", "targetAnchor": "id-1"})
    assert ObjectConnections(client).get("a/1") == ObjectConnection("a/1", "id-1")
    assert client.asked == [("GET", "objectConnections/a%2F1", True)]


def test_a_link_that_is_not_there_is_none_and_severing_it_does_nothing() -> None:
    assert ObjectConnections(Answering(404)).get("1") is None
    ObjectConnections(Answering(404)).sever("1")


def test_a_job_that_runs_leaves_the_severing_for_later_and_any_other_refusal_is_one() -> None:
    with pytest.raises(ServiceError, match="pause it") as later:
        ObjectConnections(Answering(409)).sever("1")
    assert not isinstance(later.value, ServiceRefused)
    for call in (ObjectConnections.get, ObjectConnections.sever):
        with pytest.raises(ServiceRefused):
            call(ObjectConnections(Answering(403)), "1")
