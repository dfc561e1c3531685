"""A call to the Oracle HCM and its answer, apart from any server: the same for HTTPS and for tests in the process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

HTML = "text/html; charset=UTF-8"
ERROR = "application/vnd.oracle.adf.error+json"


@dataclass(frozen=True)
class Asked:
    """One call. `query` is decoded and in order; header names are in lower case; `base` is `https://host:port`."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    base: str
    length: int = 0
    """Characters of the address."""

    def value(self, name: str) -> str | None:
        """The last value of a query parameter."""
        return next((value for key, value in reversed(self.query) if key == name), None)

    def flag(self, name: str) -> bool:
        """Whether a query parameter is `true`."""
        return (self.value(name) or "").lower() == "true"


@dataclass(frozen=True)
class Reply:
    """The answer to a call. `cut`: the connection ends without one; `wait`: real seconds before it."""

    status: int = 200
    content: bytes = b""
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    wait: float = 0.0


class Refused(Exception):
    """The call ends without success."""

    def __init__(self, status: int, detail: str, code: str = "", path: str = "") -> None:
        self.status, self.detail, self.code, self.path = status, detail, code, path
        super().__init__(detail)


TITLES = {
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    414: "URI Too Long",
    415: "Unsupported Media Type",
}


def error_reply(refused: Refused, version: int) -> Reply:
    """An error as resources tell it: JSON with details, or with framework version 1 the bare text."""
    if version < 2:
        return Reply(refused.status, refused.detail.encode(), "text/plain; charset=UTF-8")
    details = {"detail": refused.detail, "o:errorCode": refused.code, "o:errorPath": refused.path}
    body = {
        "title": TITLES.get(refused.status, "Internal Server Error"),
        "status": str(refused.status),
        "o:errorDetails": [details],
    }
    return Reply(refused.status, orjson.dumps(body), ERROR)


def html_reply(status: int, title: str, headers: Mapping[str, str] | None = None) -> Reply:
    """An error of the server before any resource: a page."""
    page = (
        f"<HTML><HEAD><TITLE>Error {status}--{title}</TITLE></HEAD><BODY><H2>Error {status}--{title}</H2></BODY></HTML>"
    )
    return Reply(status, page.encode(), HTML, headers or {})
