"""The caller of a request, as the front knows it."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_KEY = "hcm_pipeline.caller"
"""Where the scope of a request keeps its caller. A client cannot write it: headers and bodies are elsewhere."""


class Way(StrEnum):
    """How a person's decision was given."""

    CLI = "cli"
    UI = "ui"
    """In the browser, of which no sign-in is known."""
    PROXY = "proxy"
    """In the browser, signed in at the reverse proxy."""


@dataclass(frozen=True)
class Caller:
    """A request's caller. `name` is what the reverse proxy says, None without one."""

    way: Way
    name: str | None = None


def remember(scope: MutableMapping[str, Any], caller: Caller) -> None:
    """Keep the caller beside the request."""
    scope[_KEY] = caller


def caller_of(scope: Mapping[str, Any]) -> Caller | None:
    """The caller of a request that came through the front; None of any other."""
    found = scope.get(_KEY)
    return found if isinstance(found, Caller) else None
