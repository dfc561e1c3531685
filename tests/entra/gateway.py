"""A server over TLS in the place of the sign-in authority, which misleads its clients."""

from __future__ import annotations

import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme


class Gateway:
    """A server over TLS that takes the place of the authority. `answers`: path's end to status, headers and body."""

    def __init__(self, ca_file: Path, server: http.server.HTTPServer) -> None:
        self.ca_file, self.heard = ca_file, list[tuple[str, str, bytes]]()
        self.url = f"https://127.0.0.1:{server.server_port}"
        self.redirect: tuple[int, str] | None = None
        self.token_endpoint = f"{self.url}/tenant/oauth2/v2.0/token"

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        self.heard.append((method, path, body))
        if path.endswith("openid-configuration"):
            found = {
                "token_endpoint": self.token_endpoint,
                "authorization_endpoint": f"{self.url}/a",
                "issuer": self.url,
            }
            return 200, {"Content-Type": "application/json"}, json.dumps(found).encode()
        if self.redirect:
            return self.redirect[0], {"Location": self.redirect[1]}, b""
        return (
            200,
            {"Content-Type": "application/json"},
            b'{"access_token": "stolen", "expires_in": 3599, "token_type": "Bearer"}',
        )


@contextmanager
def serving(folder: Path) -> Iterator[Gateway]:
    """A gateway, and its CA file in the folder."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "gateway.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    here: list[Gateway] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, content = here[0].answer(self.command, self.path, body)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content)), "Connection": "close"}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        here.append(Gateway(folder / "gateway.pem", server))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield here[0]
        server.shutdown()
        thread.join()
