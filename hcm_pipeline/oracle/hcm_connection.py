"""An Oracle HCM and how to sign in to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True, repr=False)
class OracleConnection:
    """An Oracle HCM, and one way to sign in to it.

    `url` is https://host[:port], without a path. One of three ways is set: `username` and `password` (Basic), `token` (a
    bearer token that was given), or `token_url`, `client_id`, `client_secret` and `scope` (client credentials, RFC 6749 4.4).
    When more are set, client credentials win over a token, and a token over a password. `ca_file` is a PEM file trusted for
    the service and the token's address alike; None means the system's.
    """

    url: str
    username: str | None = None
    password: str | None = None
    token: str | None = None
    token_url: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    scope: str | None = None
    ca_file: Path | None = None

    @property
    def host(self) -> str:
        """The host, and the port where one is named, for messages."""
        return urlsplit(self.url).netloc

    @property
    def on_this_machine(self) -> bool:
        """Whether it is reached without a proxy, whatever the environment names: the sandbox, a tunnel."""
        return urlsplit(self.url).hostname in ("localhost", "127.0.0.1", "::1")

    def __repr__(self) -> str:
        return f"OracleConnection({self.url})"
