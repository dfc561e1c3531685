"""A folder of an SFTP server.

The server is known by its host key, or nothing is said to it. Sign-in is as with `ssh`: the agent, the user's keys and
configuration, or a key file or a password file that the profile names.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import posixpath
import secrets
import threading
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import asyncssh
from asyncssh import constants as ssh

from hcm_pipeline.errors import ServiceError, SignInFailed
from hcm_pipeline.http import TryAgain
from hcm_pipeline.profile import PlaceSpec
from hcm_pipeline.sources.places.far_store import Changed, Gone, Thing
from hcm_pipeline.sources.places.secret_files import first_line, own_file

CONNECT_SECONDS = 15
ANSWER_SECONDS = 120
"""For so long an answer may take; a larger piece of a file is one."""
_CHUNK = 1 << 20
_KNOWN_HOSTS = ("~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts")
_T = TypeVar("_T")


class _HostKeys(asyncssh.SSHClient):
    """Knows a server by fingerprint, and keeps that of one that it does not know."""

    def __init__(self, expected: Sequence[str]) -> None:
        self._expected = {each.rstrip("=") for each in expected}
        self.met: str | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """See asyncssh: asked for keys that no file of known hosts has."""
        del host, addr, port
        self.met = key.get_fingerprint()
        return self.met in self._expected


class Sftp:
    """A store that is a folder of an SFTP server; one connection, made when it is first needed and again when it was lost.

    A file is known by size and time of its last change, which servers tell in seconds.
    """

    def __init__(self, spec: PlaceSpec) -> None:
        self._spec = spec
        self._at = spec.address
        folder = spec.address.folder
        self._folder = (folder[3:] if folder == "/~" or folder.startswith("/~/") else folder) or "."
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None

    def listing(self) -> Sequence[Thing]:
        """See `Store`. Folders are no things; a symbolic link is not followed."""
        return self._ask(self._list())

    def read(self, thing: Thing) -> Iterator[bytes]:
        """See `Store`."""
        file = self._ask(self._open(thing))
        try:
            while chunk := self._ask(_piece(file)):
                yield chunk
            if _mark(self._ask(_stat(file))) != thing.mark:
                raise Changed
        finally:
            with suppress(Exception):
                self._ask(_close(file))

    def delete(self, thing: Thing) -> None:
        """See `Store`. It leaves its name first, so that what comes under the name meanwhile is not deleted unread."""
        self._ask(self._delete(thing))

    def move(self, thing: Thing, folder: str) -> None:
        """See `Store`."""
        self._ask(self._move(thing, folder))

    def close(self) -> None:
        """See `Store`."""
        if self._loop is None:
            return
        with suppress(Exception):
            self._wait_for(self._let_go())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._loop = None

    # --- what is asked of the server

    async def _list(self) -> list[Thing]:
        client = await self._connected()
        found = []
        async for entry in client.scandir(self._folder):
            name, attributes = str(entry.filename), entry.attrs
            kind = attributes.type
            if name in (".", "..") or kind == ssh.FILEXFER_TYPE_DIRECTORY:
                continue
            link = kind == ssh.FILEXFER_TYPE_SYMLINK
            odd = "a symbolic link" if link else "a pipe, socket or device" if _is_odd(kind) else None
            found.append(Thing(name, _mark(attributes), attributes.size, _moment(attributes.mtime), odd))
        return found

    async def _open(self, thing: Thing) -> asyncssh.SFTPClientFile:
        client = await self._connected()
        file = await client.open(self._path(thing.name), "rb")
        if _mark(await file.stat()) != thing.mark:
            await file.close()
            raise Changed
        return file

    async def _aside(self, client: asyncssh.SFTPClient, thing: Thing) -> str:
        """Take away the name of the very file that was taken."""
        path = self._path(thing.name)
        aside = posixpath.join(self._folder, f".taken~{secrets.token_hex(8)}")
        if _mark(await client.lstat(path)) != thing.mark:
            raise Changed
        await client.rename(path, aside)
        if _mark(await client.lstat(aside)) != thing.mark:
            await self._put_back(client, aside, path)
            raise Changed
        return aside

    async def _put_back(self, client: asyncssh.SFTPClient, aside: str, path: str) -> None:
        """Give a file its name again, or one like it when a third file has that by now: `rename` replaces nothing."""
        root, ending = posixpath.splitext(path)
        for name in (path, *(f"{root}-{n}{ending}" for n in range(2, 20))):
            if not await client.lexists(name):
                await client.rename(aside, name)
                return

    async def _delete(self, thing: Thing) -> None:
        client = await self._connected()
        await client.remove(await self._aside(client, thing))

    async def _move(self, thing: Thing, folder: str) -> None:
        client = await self._connected()
        target = posixpath.join(self._folder, folder)
        await client.makedirs(target, exist_ok=True)
        aside = await self._aside(client, thing)
        free = posixpath.join(target, thing.name)
        while await client.lexists(free):
            free = posixpath.join(target, f"{thing.name}~{secrets.token_hex(4)}")
        try:
            await client.rename(aside, free)
        except asyncssh.SFTPError:
            await self._put_back(client, aside, self._path(thing.name))
            raise

    def _path(self, name: str) -> str:
        if "/" in name or name in ("", ".", ".."):  # a listing that tells such a name wants more than its folder
            raise ServiceError("the server tells a name with a slash; its administrator should look at it")
        return posixpath.join(self._folder, name)

    # --- the connection

    async def _connected(self) -> asyncssh.SFTPClient:
        if self._client is not None:
            return self._client
        hosts = _HostKeys(self._spec.host_key)
        try:
            self._connection = await asyncssh.connect(
                self._at.root,
                self._at.port or (),
                client_factory=lambda: hosts,
                known_hosts=self._known_hosts(),
                connect_timeout=CONNECT_SECONDS,
                login_timeout=CONNECT_SECONDS,
                keepalive_interval=15,
                **self._sign_in(),
            )
            self._client = await self._connection.start_sftp_client(path_errors="surrogateescape")
        except asyncssh.HostKeyNotVerifiable as error:
            raise self._unknown_host(hosts.met) from error
        except (asyncssh.PermissionDenied, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
            raise self._refused(error) from error
        return self._client

    def _known_hosts(self) -> list[str] | bytes:
        if self._spec.host_key:
            return b""
        if self._spec.known_hosts:
            path = Path(self._spec.known_hosts).expanduser()
            if not path.is_file():
                raise ServiceError(f"known_hosts: {path}: no file is there; put the server's host key into it")
            return [_understood(path)]
        found = [path for name in _KNOWN_HOSTS if (path := Path(name).expanduser()).is_file()]
        return [_understood(path) for path in found] or b""

    def _sign_in(self) -> dict[str, Any]:
        options: dict[str, Any] = {"username": self._at.user} if self._at.user else {}
        if self._spec.key_file:
            options |= {"client_keys": [str(own_file("key_file", self._spec.key_file))], "agent_path": None}
        if self._spec.password_file:
            options["password"] = first_line("password_file", self._spec.password_file)
        return options

    def _unknown_host(self, met: str | None) -> SignInFailed:
        host, where = self._at.root, self._spec.known_hosts or _KNOWN_HOSTS[0]
        if self._spec.host_key:
            return SignInFailed(
                f"{host} shows the host key {met}, and host_key has another one; ask its administrator which it"
                " is. Nothing was sent"
            )
        shown = f" ({met})" if met else ""
        return SignInFailed(
            f"the host key of {host}{shown} is not in {where}; compare it with what its administrator says, and put it there"
            " (`ssh-keyscan`) or into host_key. Nothing was sent"
        )

    def _refused(self, error: Exception) -> SignInFailed:
        user = self._at.user or "this account's user"
        if isinstance(error, asyncssh.PermissionDenied):
            return SignInFailed(
                f"{self._at.root} refused the sign-in of {user}; have the public key put into its account there, or name"
                " key_file or password_file"
            )
        return SignInFailed(
            f"{self._spec.key_file}: no private key without a passphrase; an SSH agent can hold one that has"
        )

    async def _let_go(self) -> None:
        client, connection, self._client, self._connection = self._client, self._connection, None, None
        if client is not None:
            client.exit()
        if connection is not None:
            connection.abort()
            await connection.wait_closed()

    def _ask(self, question: Coroutine[Any, Any, _T]) -> _T:
        """The answer to a question, with faults as a store tells them. A connection that was lost is made anew by the next one."""
        try:
            return self._wait_for(question)
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath) as error:
            if self._client is not None and not self._folder_is_there():
                raise ServiceError(f"{self._folder}: no such folder on {self._at.root}; correct the address") from error
            raise Gone from None
        except asyncssh.SFTPPermissionDenied as error:
            raise ServiceError(
                f"the account may not do this in {self._folder} of {self._at.root}; have it given the right"
            ) from error
        except (
            asyncssh.SFTPConnectionLost,
            asyncssh.SFTPNoConnection,
            asyncssh.DisconnectError,
            TimeoutError,
            OSError,
        ) as error:
            with suppress(Exception):
                self._wait_for(self._let_go())
            self._client = self._connection = None
            raise TryAgain(f"{self._at.root} cannot be reached or broke off ({_why(error)})") from error
        except asyncssh.Error as error:
            raise ServiceError(f"{self._at.root} answered: {_why(error)}") from error

    def _wait_for(self, question: Coroutine[Any, Any, _T]) -> _T:
        """The answer to a question. The connection lives in a thread of its own, so that it is kept alive and read between two."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=_serve, args=(self._loop,), daemon=True, name=f"sftp-{self._spec.name}").start()
        return asyncio.run_coroutine_threadsafe(asyncio.wait_for(question, ANSWER_SECONDS), self._loop).result()

    def _folder_is_there(self) -> bool:
        try:
            assert self._client
            return self._wait_for(self._client.isdir(self._folder))
        except (asyncssh.Error, OSError):
            return True


def _understood(path: Path) -> str:
    """The path of a file of host keys that can be read. Raises ServiceError: no key of a damaged one is believed."""
    try:
        asyncssh.read_known_hosts([str(path)])
    except OSError as error:
        raise ServiceError(f"known_hosts: {path}: cannot be read ({error.strerror or type(error).__name__})") from None
    except ValueError:  # a line that is none; its text says which, and not where
        raise ServiceError(
            f"known_hosts: {path}: a line is no host key, or the file is no text; mend it, or name the key with host_key"
        ) from None
    return str(path)


def _moment(seconds: int | None) -> dt.datetime | None:
    """When a file was changed, as far as that is a time at all."""
    try:
        return None if seconds is None else dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()


async def _piece(file: asyncssh.SFTPClientFile) -> bytes:
    read = await file.read(_CHUNK)
    return read.encode() if isinstance(read, str) else read


async def _stat(file: asyncssh.SFTPClientFile) -> asyncssh.SFTPAttrs:
    return await file.stat()


async def _close(file: asyncssh.SFTPClientFile) -> None:
    await file.close()


def _is_odd(kind: int) -> bool:
    plain = (ssh.FILEXFER_TYPE_REGULAR, ssh.FILEXFER_TYPE_UNKNOWN)
    return kind not in plain


def _mark(attributes: asyncssh.SFTPAttrs) -> str:
    return f"{attributes.size}:{attributes.mtime}"


def _why(error: BaseException) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
