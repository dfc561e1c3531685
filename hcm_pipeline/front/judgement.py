"""The rules of the front, as a function of a request's head: what is refused, and with which sentence."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from hcm_pipeline.errors import UsageError
from hcm_pipeline.front.callers import Caller, Way

LOOPBACK = ("127.0.0.1", "localhost", "::1")
PORTS = {"http": 80, "https": 443}
LONGEST_NAME = 200
HEALTH = "/server_info"
"""The page that a monitor may read without a sign-in; it holds versions only."""


class Authority(NamedTuple):
    """A host and port as an address names them. `port` None: none is named."""

    host: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Authority | None:
        """`name`, `name:port`, `[::1]:port`; None of anything else."""
        if not text or any(sign in text for sign in "/\\@?# \t,") or not text.isascii():
            return None
        try:
            parts = urlsplit(f"//{text if text.count(':') < 2 or text.startswith('[') else f'[{text}]'}")
            return cls((parts.hostname or "").rstrip("."), parts.port) if parts.hostname else None
        except ValueError:
            return None

    def with_port(self, scheme: str) -> Authority:
        """The same with the port that the scheme means when none is named."""
        return self if self.port is not None else Authority(self.host, PORTS.get(scheme))


@dataclass(frozen=True)
class Head:
    """The head of a request. Names of headers are lower case; a header that came twice has two entries."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    peer: str | None = "127.0.0.1"
    """The address that the connection comes from."""
    websocket: bool = False

    def all(self, name: str) -> list[str]:
        """The values of a header, in order."""
        return [value for key, value in self.headers if key == name]

    def one(self, name: str) -> str | None:
        """The value of a header that came once; None when it is missing."""
        values = self.all(name)
        return values[0].strip() if len(values) == 1 else None


class Refused(Exception):
    """A request that does not reach the server. The text says why, and what would mend it."""


@dataclass(frozen=True)
class Front:
    """The rules of one server.

    `hosts` are names that the operator adds, with or without a port. `user_header` is the header in which the reverse proxy hands
    over who is signed in; it is believed of `proxies` (addresses or networks) only, and of no header when it is None.
    """

    port: int
    host: str = "127.0.0.1"
    hosts: tuple[str, ...] = ()
    user_header: str | None = None
    proxies: tuple[str, ...] = ("127.0.0.1", "::1")

    def __post_init__(self) -> None:
        """Raise UsageError for a host or an address that is none."""
        for host in self.hosts:
            if Authority.parse(host) is None:
                raise UsageError(f"--allowed-host {host!r} is no host name; give NAME or NAME:PORT, without a scheme")
        if self.user_header is not None and not self.user_header.replace("-", "").isalnum():
            raise UsageError(f"--proxy-user-header {self.user_header!r} is no name of a header")
        for proxy in self.proxies:
            try:
                ipaddress.ip_network(proxy, strict=False)
            except ValueError:
                raise UsageError(f"--proxy-address {proxy!r} is no address and no network") from None

    def admit(self, head: Head) -> Caller:
        """The caller of a request that may pass. Raises Refused of any other."""
        host = self._host(head)
        self._origin(head, host)
        if not head.websocket:
            self._method(head)
        return self._caller(head)

    def _host(self, head: Head) -> Authority:
        named = head.one("host") or ""
        host = Authority.parse(named)
        if host is None or not (self._is_loopback(host) or self._is_named(host)):
            shown = "".join(sign for sign in named if sign.isalnum() or sign in ".:-[]_")[:100] or "none"
            raise Refused(
                f"This server is not called {shown}. If it should be, start it with --allowed-host {shown}."
                if host
                else "The request names no host, or several."
            )
        return host

    def _is_loopback(self, host: Authority) -> bool:
        listens = {*LOOPBACK, self.host.strip("[]").lower()} - {"0.0.0.0", "::", ""}
        return host.host in listens and (host.port or 80) == self.port

    def _is_named(self, host: Authority) -> bool:
        for text in self.hosts:
            named = Authority.parse(text)
            if named is None or named.host != host.host:
                continue
            if host.port == named.port or (named.port is None and host.port in (*PORTS.values(), self.port)):
                return True
        return False

    def _origin(self, head: Head, host: Authority) -> None:
        """A page of another origin may open a page of this one, as a link does, and nothing else."""
        site = head.all("sec-fetch-site")
        opens = head.method == "GET" and not head.websocket and head.one("sec-fetch-mode") == "navigate"
        if any(value.strip() not in ("same-origin", "none") for value in site) and not opens:
            raise Refused("The request comes from a page of another site. Open this server's own pages, and act there.")
        for origin in head.all("origin"):
            if not self._is_own(origin, host):
                raise Refused(
                    "The request comes from a page of another origin. Open this server's own pages, and act there;"
                    " behind a reverse proxy start it with --allowed-host and the name that people open."
                )

    def _is_own(self, origin: str, host: Authority) -> bool:
        scheme, _, rest = origin.strip().partition("://")
        found = Authority.parse(rest) if scheme in PORTS else None
        if found is None:
            return False
        return found.with_port(scheme) == host.with_port(scheme) or self._is_named(found)

    def _method(self, head: Head) -> None:
        if head.method in ("GET", "HEAD"):
            if head.path.rstrip("/").endswith("/graphql"):
                raise Refused("Nothing is asked or done by GET here. POST the query as application/json.")
        elif head.method != "POST":
            raise Refused(f"{head.method[:20]} is not served: pages are read by GET, and everything else is a POST.")
        elif (head.one("content-type") or "").partition(";")[0].strip().lower() != "application/json":
            raise Refused("A POST must be application/json: a form of any web page could send the others.")

    def _caller(self, head: Head) -> Caller:
        if self.user_header is None:
            return Caller(Way.UI)
        if not self._is_proxy(head.peer):
            raise Refused(
                f"Requests come by the reverse proxy, and {head.peer} is none. Open its address instead; if it is one, start"
                " this server with --proxy-address."
            )
        values = head.all(self.user_header.lower())
        name = _text(values[0]) if len(values) == 1 else ""
        if name and name.isprintable() and len(name) <= LONGEST_NAME:
            return Caller(Way.PROXY, name)
        if head.path == HEALTH and not head.websocket:
            return Caller(Way.PROXY)
        raise Refused(
            f"The reverse proxy does not say who is signed in: the header {self.user_header} must come once, with one name."
            " Sign in at the proxy, or mend its configuration."
        )

    def _is_proxy(self, peer: str | None) -> bool:
        try:
            address = ipaddress.ip_address(peer or "")
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in ipaddress.ip_network(proxy, strict=False) for proxy in self.proxies)


def loopback(host: str) -> bool:
    """Whether a server that listens there is reached from its own machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _text(value: str) -> str:
    """A header's value, which arrives as Latin-1, as the text that was meant: proxies send UTF-8."""
    try:
        return value.encode("latin-1").decode("utf-8").strip()
    except UnicodeError:
        return value.strip()
