"""How the Oracle HCM of the sandbox behaves, where Oracle documents no bound or says nothing."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

Names = frozenset[str]
Count = Annotated[int, Field(ge=0, lt=10**9)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class HcmOptions:
    """All may change while the sandbox runs. Times are seconds. Raises pydantic's ValidationError, a ValueError."""

    clock_ahead_seconds: Annotated[float, Field(gt=-1e9, lt=1e9)] = 0.0
    """Oracle's clock against the sandbox's: it is what `Date`, stamps and "today" go by."""
    latency_seconds: Annotated[float, Field(ge=0, le=600)] = 0.0
    """Real seconds, added to every call."""

    page_size_cap: Annotated[int, Field(ge=1)] = 25
    """The most entries on a page of a feed, whatever `page-size` asks for; it is not told."""
    future_updated: Literal["effective", "published"] = "effective"
    """The `updated` of an entry about a day to come: that day (documented), or the moment of the transaction (in a sample)."""
    entry_id_form: Literal["plain", "doubled"] = "plain"
    """The path in an entry's id once, or twice as a sample of the documentation prints it."""
    related_rel: Literal["related", "workers", "emps"] = "related"
    """The rel of the link from an entry to the worker."""
    json_content: Literal["text", "object"] = "text"
    """The content of an entry in JSON: a text that holds JSON, or the object itself, as one client models it."""
    disabled_feeds: Names = frozenset()
    """Feeds that are switched off: 404."""
    content_type: Literal["text", "none"] = "text"
    """The type attribute of an entry's content in XML."""
    changed_attributes: bool = True
    """Whether entries say what changed; without a selection of attributes they do not."""
    assignment_entry_at_hire: bool = False
    """Whether a hire also raises an entry of empassignment."""
    termination_reversal: Literal["null_date", "none"] = "null_date"
    """The sign of a reversed termination: a termination entry without a date, or none."""
    future_start_entry: bool = True
    """Whether a moved start of a relationship that has not begun raises an entry of workrelshipupdate."""
    cancelled_person: Literal["kept", "gone"] = "kept"
    """A person whose only relationship is cancelled: still in `workers`, without a relationship, or not."""
    archive_days: Count = 60
    purge_days: Count = 90

    limit_cap: Annotated[int, Field(ge=1)] = 500
    """The most rows on a page of a resource."""
    in_operator: bool = False
    """Whether `q` knows IN."""
    emails_follow_date: bool = False
    """Whether e-mails show as of `effectiveDate`, as phones do, or all of them."""
    shuffled: bool = True
    """Whether rows come in another order at each call that asks for none."""
    most_url: Annotated[int, Field(ge=100)] = 8192
    """The longest address, in characters; a longer one is answered with 414."""

    refused: Names = frozenset()
    """Feeds, resources and children for which the caller lacks the privilege (403): `newhire`, `atom` for all feeds, `workers`,
    `workersEFF`, ...; `workers:write`, `userAccounts:write`, `scim:write`: to change them."""
    withheld_children: Names = frozenset()
    """Children of workers that are absent for want of a data privilege, such as `phones` or `managers`."""
    hidden_people: Names = frozenset()
    """Person numbers outside the caller's data security, in feeds and resources alike."""
    scim_mail_is_work_mail: bool = False
    """Whether an e-mail that SCIM writes becomes the worker's work e-mail, too."""
    token_seconds: Annotated[int, Field(gt=0, lt=10**9)] = 3600
