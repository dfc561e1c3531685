"""Wrong links: workers whose operations the service carried out on somebody else's account, by its log and the directory."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hcm_pipeline.directory import folded_sql, same_name_sql
from hcm_pipeline.first_load.sides import People
from hcm_pipeline.warehouse import Relation, Scratch, literal, query


class LinkKind(StrEnum):
    """Why a link is taken for a wrong one."""

    OTHER_NUMBER = "account has another worker's number"
    SHARED = "two workers' operations went to one account"
    OTHER_NAMES = "account has the names that the ledger gave to another worker"
    CHANGED = "a new worker's operation changed an account that was there, and no name agrees"


LINK_KINDS = {
    LinkKind.OTHER_NUMBER: "The directory shows the account under the employeeId of another worker.",
    LinkKind.SHARED: "The newest operations of both went there: whichever came last has overwritten the other.",
    LinkKind.OTHER_NAMES: "A record of this worker renamed, or would rename, an account that is another one's.",
    LinkKind.CHANGED: "The plan was to create an account, the ledger gave new names, and the service updated one instead.",
}


@dataclass(frozen=True)
class WrongLink:
    """One link, with its evidence. `others`: the workers whose the account seems to be. `action`, `change_id` and `logged_at` are
    of the newest entry of the log; `read_at`: when the directory was read, maybe before that."""

    person_number: str
    name: str | None
    account_id: str
    user_principal_name: str | None
    display_name: str | None
    employee_id: str | None
    kinds: tuple[str, ...]
    others: tuple[str, ...]
    action: str
    change_id: str
    logged_at: dt.datetime
    read_at: dt.datetime
    protected: bool

    @property
    def again(self) -> bool:
        """Whether the service would match the two again by number: the account has this worker's."""
        return self.employee_id is not None and self.employee_id.casefold() == self.person_number.casefold()


def find_wrong_links(t: Scratch, people: People, everybody: Relation, target: str) -> list[WrongLink]:
    """Every link that is taken for a wrong one, in the order of person numbers. `everybody`: person_number of all workers."""
    rows = t.rows(
        query(__package__, "wrong_links", workers=people.workers, words=people.words, accounts=people.accounts, everybody=everybody,
              folded_everybody=folded_sql("person_number"), folded_own=folded_sql("landed.person_number"),
              same_name=same_name_sql("ledger.user_principal_name", "account.user_principal_name"),
              other_number=literal(LinkKind.OTHER_NUMBER), shared=literal(LinkKind.SHARED),
              other_names=literal(LinkKind.OTHER_NAMES), changed=literal(LinkKind.CHANGED)),
        {"target": target},
    )  # fmt: skip
    return [_link(*row) for row in rows]


def _link(
    number: str, name: str | None, account: str, upn: str | None, shown: str | None, employee_id: str | None, kinds: list[str],
    others: list[str], *rest: Any,
) -> WrongLink:  # fmt: skip
    return WrongLink(number, name, account, upn, shown, employee_id, tuple(kinds), tuple(sorted(set(others))), *rest)
