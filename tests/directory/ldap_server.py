"""An LDAP server over TLS that answers as a test wants, for what a well-behaved domain controller does not do."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import sansldap
import trustme

Answer = Callable[[sansldap.LDAPServer, sansldap.LDAPMessage], None]


@contextmanager
def answering(folder: Path, answer: Answer, *names: str, tls: bool = True) -> Iterator[str]:
    """The server's url. `answer` puts its answers to one request into the session; `names` are those of its certificate."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(folder / "ca.pem")
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*(names or ("127.0.0.1",))).configure_cert(trust)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, trust if tls else None, answer), daemon=True)
        thread.start()
        yield f"ldaps://127.0.0.1:{listener.getsockname()[1]}"
    thread.join(10)


def _serve(listener: socket.socket, trust: ssl.SSLContext | None, answer: Answer) -> None:
    with suppress(OSError, sansldap.ProtocolError):
        plain, _ = listener.accept()
        with plain:
            if trust is None:
                plain.sendall(b"this is no TLS\n" * 10)
                return
            with trust.wrap_socket(plain, server_side=True) as peer:
                session = sansldap.LDAPServer()
                while data := peer.recv(65_536):
                    for request in session.receive(data):
                        answer(session, request)
                    peer.sendall(session.data_to_send())
