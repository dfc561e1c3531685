"""Receivers on loopback, with certificates of an authority that exists for the test only."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from hcm_pipeline.alerts import Alert, AlertKind, Severity

NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
MISSING = Alert(
    "missing",
    AlertKind.MISSING,
    Severity.ERROR,
    "Operations are missing",
    "They are sent again.",
    {"Workers": "3"},
    "outcomes",
)


@dataclass
class Authority:
    """A certificate for localhost and the authority behind it."""

    context: ssl.SSLContext
    ca_file: Path


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Made once: keys take time."""
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    ca.cert_pem.write_to_path(path)
    return Authority(context, path)


@dataclass
class Webhook:
    """An HTTPS server that notes what is posted, and answers with `status`."""

    url: str
    status: int = 202
    bodies: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def webhook(authority: Authority) -> Iterator[Webhook]:
    """A webhook that is there."""
    found = Webhook("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/json"
            if found.status < 300:
                found.bodies.append(orjson.loads(body))
            self.send_response(found.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = authority.context.wrap_socket(server.socket, server_side=True)
    found.url = f"https://127.0.0.1:{server.server_port}/a-secret-path"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class MailServer:
    """A mail server that asks for STARTTLS and a sign-in. `refuses`: recipients it does not know."""

    port: int = 0
    mails: list[Envelope] = field(default_factory=list)
    refuses: frozenset[str] = frozenset()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert session.ssl is not None, "a mail came without TLS"
        self.mails.append(envelope)
        return "250 taken"


@pytest.fixture
def mail_server(authority: Authority) -> Iterator[MailServer]:
    """A mail server that is there, for the user `pipeline` with the password `secret`."""
    found = MailServer()

    def signs_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=(data.login, data.password) == (b"pipeline", b"secret"), handled=False)

    # not aiosmtpd's own Controller, which cannot take any free port
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        loop.create_server(
            lambda: SMTP(found, hostname="localhost", tls_context=authority.context, require_starttls=True,
                         authenticator=signs_in, auth_required=True, loop=loop),
            "127.0.0.1", 0,
        )
    )  # fmt: skip
    found.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield found
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
