"""An SFTP server on the loopback, in a thread of its own, that trusts one key and shows one folder."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh


@dataclass
class SftpSite:
    """A server that runs: its port, its files, its host key's fingerprint, the user's key, and the connections that were made."""

    port: int
    files: Path
    host_key: str
    known_hosts: Path
    key_file: Path
    signed_in: list[str] = field(default_factory=list)
    cut_after: int | None = None
    """Bytes after which the server breaks a connection off, once."""
    connections: list[asyncssh.SSHServerConnection] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"sftp://ann@127.0.0.1:{self.port}/in"


def _server_of(site: SftpSite) -> type[asyncssh.SSHServer]:
    class Server(asyncssh.SSHServer):
        def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
            site.connections.append(conn)

        def begin_auth(self, username: str) -> bool:
            site.signed_in.append(username)
            return True

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == ("ann", "a password")

    return Server


def _files_of(site: SftpSite) -> type[asyncssh.SFTPServer]:
    class Files(asyncssh.SFTPServer):
        def __init__(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
            super().__init__(chan, chroot=str(site.files).encode())

        def read(self, file_obj: Any, offset: int, size: int) -> Any:
            if site.cut_after is not None and offset >= site.cut_after:
                site.cut_after = None
                site.connections[-1].abort()
            return super().read(file_obj, offset, size)

    return Files


@contextmanager
def sftp_server(folder: Path) -> Iterator[SftpSite]:
    """The server, until the block ends. Its files are in `folder/files`; the place is `in` there."""
    (folder / "files" / "in").mkdir(parents=True)
    own, user = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    key_file, known_hosts = folder / "key", folder / "known_hosts"
    user.write_private_key(str(key_file))
    key_file.chmod(0o600)
    authorized = asyncssh.import_authorized_keys(user.export_public_key().decode())
    site = SftpSite(0, folder / "files", own.get_fingerprint(), known_hosts, key_file)
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        server = await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[own], authorized_client_keys=authorized, sftp_factory=_files_of(site),
            server_factory=_server_of(site), gss_host=None,
        )  # fmt: skip
        site.port = server.get_port()
        ready.set()
        await stop.wait()
        for connection in site.connections:
            connection.abort()
        server.close()
        await server.wait_closed()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(20)
    known_hosts.write_text(f"[127.0.0.1]:{site.port} {own.export_public_key().decode()}")
    try:
        yield site
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()
