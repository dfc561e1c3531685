"""The way to a real Active Directory: whoever serves the sandbox may put a directory server behind the job, as an agent does."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Protocol

import orjson

from hcm_pipeline.sandbox.ad_accounts import DN, ad_attributes
from hcm_pipeline.sandbox.attribute_mapping import Value
from hcm_pipeline.sandbox.log_codes import INVALID_PARAMETER, Failure, failure

Attributes = Mapping[str, Value]


class DirectoryRefused(Exception):
    """The directory server does not take a change; the text is its own, and the log does not tell it."""


class Agent(Protocol):
    """A directory server that accounts are written to, by Active Directory's names."""

    def write(self, before: Attributes | None, after: Attributes) -> None:
        """Make an account (None before) or change one. `manager` is a distinguished name. Raises DirectoryRefused."""


def written(
    agent: Agent, db: sqlite3.Connection, before: dict[str, Value] | None, after: dict[str, Value]
) -> Failure | None:
    """Write an account through; why the directory server would not take it."""
    try:
        agent.write(None if before is None else _told(db, before), _told(db, after))
    except DirectoryRefused:
        return failure(INVALID_PARAMETER, "The directory server refused the change.")
    return None


def _told(db: sqlite3.Connection, attributes: dict[str, Value]) -> Attributes:
    """An account by Active Directory's names, its manager by the distinguished name."""
    named = ad_attributes(attributes)
    if named.get("manager") is not None:
        row = db.execute("SELECT body FROM users WHERE id = ?", (named["manager"],)).fetchone()
        named["manager"] = None if row is None else orjson.loads(row["body"]).get(DN)
    return named
