"""LDAP over TLS as far as reading a directory needs it: simple bind and paged search (RFC 4511, RFC 2696).

The protocol is sansldap's; this module is the connection. Certificate and host name are always checked, referrals are never
followed, and no more than one read of the socket and one message are held. Messages hold neither values nor the server's own texts.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import sansldap

from hcm_pipeline.directory.ber import Cutter, Entry, entry
from hcm_pipeline.errors import ServiceError, ServiceUnavailable, SignInFailed

CONNECT_SECONDS, READ_SECONDS = 10.0, 120.0
PAGE = 1000
"""Active Directory's own limit (MaxPageSize)."""
_READ_BYTES = 1 << 16
_LONGEST = 1 << 26
"""Bytes of one message; a server that sends a longer one is not believed."""
_NEVER_PASSES = {
    sansldap.LDAPResultCode.SIZE_LIMIT_EXCEEDED: "ends after fewer objects than there are: it does not page, or the account's size "
    "limit is too low",
    sansldap.LDAPResultCode.ADMIN_LIMIT_EXCEEDED: "has a limit that this search exceeds; name smaller bases",
    sansldap.LDAPResultCode.TIME_LIMIT_EXCEEDED: "has a time limit that this search exceeds; name smaller bases",
    sansldap.LDAPResultCode.NO_SUCH_OBJECT: "has no such base, or the account may not see it",
    sansldap.LDAPResultCode.INSUFFICIENT_ACCESS_RIGHTS: "does not let the account read this",
    sansldap.LDAPResultCode.OPERATIONS_ERROR: "does not let the account read this",
    sansldap.LDAPResultCode.REFERRAL: "says that another server has this base; name that server in a directory of its own",
    sansldap.LDAPResultCode.INVALID_DN_SYNTAX: "does not take the base for a distinguished name",
}
_PASSING = frozenset({"BUSY", "UNAVAILABLE"})
_BIND_DATA = {
    "525": "there is no such user",
    "52e": "the password or the user is wrong",
    "530": "the account may not sign in at this time",
    "531": "the account may not sign in from this machine",
    "532": "the password has expired",
    "533": "the account is disabled",
    "701": "the account has expired",
    "773": "the password must be changed first",
    "775": "the account is locked",
}
"""Why Active Directory refuses a sign-in: the `data` code of its diagnostic message (system error codes of Windows)."""


class Refused(ServiceError):
    """The server refused a search. `code` is the name of the LDAP result code."""

    def __init__(self, message: str, code: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass
class Connection:
    """One server for the time of a `with` block. Raises ServiceUnavailable when it cannot be reached or breaks off."""

    url: str
    ca_file: Path | None = None
    referrals: set[str] = field(default_factory=set)
    """Where else the server says that there is something; filled by searches."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        self._host, self._port = parts.hostname or "", parts.port or 636
        self.name = parts.netloc
        self._client = sansldap.LDAPClient()
        self._cutter = Cutter()

    def __enter__(self) -> Connection:
        # with a CA file only that is trusted, as for Graph
        trust = ssl.create_default_context(cafile=str(self.ca_file) if self.ca_file else None)
        try:
            plain = socket.create_connection((self._host, self._port), timeout=CONNECT_SECONDS)
        except OSError as error:
            raise ServiceUnavailable(f"{self.name} cannot be reached ({_why(error)})") from error
        try:
            self._socket = trust.wrap_socket(plain, server_hostname=self._host)
        except ssl.SSLCertVerificationError as error:
            plain.close()
            raise ServiceError(
                f"{self.name}: its certificate is not trusted ({error.verify_message}); SSL_CERT_FILE names the CA file to "
                "trust, and the url must name the host as the certificate does"
            ) from error
        except OSError as error:
            plain.close()
            raise ServiceUnavailable(f"{self.name} does not speak TLS there ({_why(error)})") from error
        self._socket.settimeout(READ_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._client.unbind()
            self._send()
        self._socket.close()

    def bind(self, user: str, password: str) -> None:
        """Sign in. Raises SignInFailed; an empty password would be an anonymous bind, and is refused here (RFC 4513, 5.1.2)."""
        if not password:
            raise SignInFailed(f"{self.name}: the password of {user} is empty; HCM_PIPELINE_LDAP_PASSWORD holds it")
        self._client.bind_simple(user, password)
        self._send()
        answer = next(self._messages())
        if not isinstance(answer, sansldap.BindResponse):
            raise ServiceError(f"{self.name}: the sign-in was answered with something else")
        result = answer.result
        if result.result_code == sansldap.LDAPResultCode.SUCCESS:
            return
        data = re.search(r"\bdata ([0-9a-f]+)\b", result.diagnostics_message or "")
        why = _BIND_DATA.get(data[1] if data else "", "")
        raise SignInFailed(f"{self.name}: {user} cannot sign in: {why or _name(result.result_code)}")

    def search(
        self,
        base: str,
        attributes: Sequence[str],
        *,
        filter: sansldap.LDAPFilter | None = None,
        controls: Sequence[sansldap.LDAPControl] = (),
    ) -> Iterator[Entry]:
        """Every object below `base`, itself too, page by page; to be read to its end before anything else is asked.

        Without a filter: all objects. Raises Refused.
        """
        cookie = b""
        while True:
            paging = sansldap.PagedResultControl(critical=False, size=PAGE, cookie=cookie)
            done = yield from self._ask(base, attributes, sansldap.SearchScope.SUBTREE, filter, [*controls, paging])
            cookie = next((c.cookie for c in done.controls if isinstance(c, sansldap.PagedResultControl)), b"")
            if not cookie:
                return

    def one(self, dn: str, attributes: Sequence[str], controls: Sequence[sansldap.LDAPControl] = ()) -> Entry | None:
        """One object by its name; "" is what the server says of itself. None when it shows nothing. Raises Refused."""
        found = list(self._ask(dn, attributes, sansldap.SearchScope.BASE, None, controls))
        return found[0] if found else None

    def _ask(
        self,
        base: str,
        attributes: Sequence[str],
        scope: sansldap.SearchScope,
        filter: sansldap.LDAPFilter | None,
        controls: Sequence[sansldap.LDAPControl],
    ) -> Generator[Entry, None, sansldap.SearchResultDone]:
        asked = self._client.search_request(
            base, scope, filter=filter, attributes=list(attributes), controls=list(controls)
        )
        self._send()
        for message in self._messages():
            if isinstance(message, Entry):
                yield message
            elif isinstance(message, sansldap.SearchResultEntry):
                values = {one.name.lower(): list(one.values) for one in message.attributes if one.values}
                yield Entry(message.object_name, values)
            elif isinstance(message, sansldap.SearchResultReference):
                self.referrals.update(_place(uri) for uri in message.uris)
            elif isinstance(message, sansldap.SearchResultDone):
                if message.message_id != asked:
                    raise ServiceError(f"{self.name}: it answers a question of before")
                self._require_success(message.result, base)
                return message
        raise AssertionError("messages end with an error or not at all")

    def _require_success(self, result: sansldap.LDAPResult, base: str) -> None:
        code = result.result_code
        if code == sansldap.LDAPResultCode.SUCCESS:
            return
        where = f" ({base})" if base else ""
        if _name(code) in _PASSING:
            raise ServiceUnavailable(f"{self.name}: it is {_name(code)} and may answer later")
        raise Refused(
            f"{self.name} {_NEVER_PASSES.get(code, 'refuses the search: ' + _name(code))}{where}", _name(code)
        )

    def _messages(self) -> Iterator[Entry | sansldap.LDAPMessage]:
        while True:
            try:
                data = self._socket.recv(_READ_BYTES)
            except OSError as error:
                raise ServiceUnavailable(f"{self.name} broke the connection ({_why(error)})") from error
            if not data:
                raise ServiceUnavailable(f"{self.name} closed the connection before it had answered")
            for message in self._cutter.feed(data):
                found = entry(message)
                if found is not None:
                    yield found
                    continue
                try:
                    yield from self._client.receive(message)
                except sansldap.ProtocolError as error:
                    raise ServiceError(f"{self.name}: what it sends is no LDAP, or it ended the session") from error
            if self._cutter.waiting > _LONGEST:
                raise ServiceError(f"{self.name}: it sends a message of more than {_LONGEST:,} bytes")

    def _send(self) -> None:
        try:
            self._socket.sendall(self._client.data_to_send())
        except OSError as error:
            raise ServiceUnavailable(f"{self.name} broke the connection ({_why(error)})") from error


def _name(code: sansldap.LDAPResultCode | int) -> str:
    return code.name if isinstance(code, sansldap.LDAPResultCode) else f"result code {code}"


def _why(error: OSError) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else error.strerror or type(error).__name__


def _place(uri: str) -> str:
    """A referral without its query."""
    return uri.partition("?")[0]
