"""Receivers on loopback, with certificates of an authority that exists for the test only."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import socketserver
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


@dataclass(frozen=True)
class Mail:
    """A mail that was taken."""

    recipients: list[str]
    content: bytes


@dataclass
class MailServer:
    """A mail server (RFC 5321) that asks for STARTTLS and a sign-in. `refuses`: recipients it does not know."""

    port: int = 0
    mails: list[Mail] = field(default_factory=list)
    refuses: frozenset[str] = frozenset()


@pytest.fixture
def mail_server(authority: Authority) -> Iterator[MailServer]:
    """A mail server that is there, for the user `pipeline` with the password `secret`."""
    found = MailServer()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):  # a client that does not trust the certificate goes away
                self.converse()
            for open_end in (self.rfile, self.wfile, self.request):  # those of TLS, which socketserver does not know of
                open_end.close()

        def say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

        def converse(self) -> None:
            secure = signed_in = False
            recipients: list[str] = []
            self.say("220 localhost")
            while line := self.rfile.readline().decode().strip():
                verb, _, rest = line.partition(" ")
                verb = verb.upper()
                if verb == "EHLO":
                    self.say(f"250-localhost\r\n250 {'AUTH PLAIN' if secure else 'STARTTLS'}")
                elif verb == "STARTTLS":
                    self.say("220 go on")
                    self.request = authority.context.wrap_socket(self.request, server_side=True)
                    self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", buffering=0)
                    secure = True
                elif verb == "AUTH":
                    signed_in = secure and base64.b64decode(rest.split()[1]) == b"\0pipeline\0secret"
                    self.say("235 welcome" if signed_in else "535 wrong password")
                elif verb == "MAIL":
                    recipients = []
                    self.say("250 OK" if signed_in else "530 sign in")
                elif verb == "RCPT":
                    address = rest.partition("<")[2].partition(">")[0]
                    known = address not in found.refuses
                    recipients += [address] if known else []
                    self.say("250 OK" if known else "550 no such user")
                elif verb == "DATA":
                    self.say("354 go on")
                    lines = list(iter(self.rfile.readline, b".\r\n"))
                    found.mails.append(Mail(recipients, b"".join(lines)))
                    self.say("250 taken")
                elif verb == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 OK")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        found.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        server.shutdown()
        thread.join()
