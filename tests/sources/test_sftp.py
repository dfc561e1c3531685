"""An SFTP server is known by its key before anything is said to it; its files are read, moved and deleted as the very ones seen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from hcm_pipeline.errors import ServiceError, SignInFailed
from hcm_pipeline.home import Home
from hcm_pipeline.http import TryAgain
from hcm_pipeline.sources.places import Changed, Gone, Store, Thing, open_place, sftp

from .far import Clock, fresh, place, spec
from .sftp_server import SftpSite, sftp_server

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpSite]:
    with sftp_server(tmp_path_factory.mktemp("sftp")) as site:
        yield site


@pytest.fixture
def site(running: SftpSite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SftpSite]:
    """The server with an empty folder, and a user who has no keys of their own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    inside = running.files / "in"
    for path in sorted(inside.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    running.signed_in.clear()
    yield running
    while _opened:
        _opened.pop().close()


_opened: list[Store] = []


def opened(site: SftpSite, url: str | None = None, **keys: Any) -> Store:
    own = {"key_file": str(site.key_file), "known_hosts": str(site.known_hosts)}
    _opened.append(open_place(spec(url or site.url, **{**own, **keys})))
    return _opened[-1]


@pytest.fixture
def store(site: SftpSite) -> Store:
    return opened(site)


def put(site: SftpSite, name: str, data: bytes, at: int = 1_000_000_000) -> None:
    path = site.files / "in" / name
    path.write_bytes(data)
    os.utime(path, (at, at))


def only(store: Store) -> Thing:
    [thing] = store.listing()
    return thing


def test_files_are_listed_and_read_and_folders_are_not(site: SftpSite, store: Store) -> None:
    data = os.urandom(9_000_000)
    put(site, "a.csv", data)
    (site.files / "in" / "done").mkdir()
    thing = only(store)
    pieces = list(store.read(thing))
    assert (thing.name, thing.size, b"".join(pieces) == data) == ("a.csv", len(data), True)
    assert max(map(len, pieces)) <= 4 << 20
    assert site.signed_in == ["ann"]


def test_a_symbolic_link_and_a_name_of_other_bytes_are_told_as_they_are(site: SftpSite, store: Store) -> None:
    (site.files / "in" / "link.csv").symlink_to("/etc/hostname")
    (site.files / "in" / os.fsdecode(b"\xff.csv")).write_text("x")
    found = {thing.name: thing.odd for thing in store.listing()}
    assert found == {"link.csv": "a symbolic link", "\udcff.csv": None}


def test_a_server_whose_key_nobody_knows_is_told_nothing(site: SftpSite, tmp_path: Path) -> None:
    put(site, "a.csv", b"x")
    empty = tmp_path / "known_hosts"
    empty.touch()
    with pytest.raises(SignInFailed, match=r"is not in .*known_hosts; compare it with") as refused:
        opened(site, known_hosts=str(empty)).listing()
    assert site.host_key in str(refused.value)
    with pytest.raises(SignInFailed, match=r"is not in ~/.ssh/known_hosts"):
        opened(site, known_hosts=None).listing()
    other = "SHA256:" + "A" * 43
    with pytest.raises(SignInFailed, match="host_key has another one"):
        opened(site, known_hosts=None, host_key=(other,)).listing()
    assert site.signed_in == []


def test_a_server_is_known_by_a_fingerprint_or_by_the_users_own_file(site: SftpSite, tmp_path: Path) -> None:
    put(site, "a.csv", b"x")
    assert only(opened(site, known_hosts=None, host_key=(site.host_key,))).name == "a.csv"
    own = tmp_path / ".ssh" / "known_hosts"
    own.parent.mkdir()
    own.write_bytes(site.known_hosts.read_bytes())
    assert only(opened(site, known_hosts=None)).name == "a.csv"


@pytest.mark.parametrize("line", [b"\xff\xfe\x00damaged\n", b"@cert-authority\n", b"@nothing host key more\n"])
def test_host_keys_that_cannot_be_read_are_told_and_nobody_is_asked(
    site: SftpSite, tmp_path: Path, line: bytes
) -> None:
    damaged = tmp_path / ".ssh" / "known_hosts"
    damaged.parent.mkdir()
    damaged.write_bytes(site.known_hosts.read_bytes() + line)
    for named in (None, str(damaged)):
        with pytest.raises(ServiceError, match=r"known_hosts: .*a line is no host key"):
            opened(site, known_hosts=named).listing()
    assert site.signed_in == []


def test_a_time_that_is_none_hides_no_file() -> None:
    assert [sftp._moment(one) for one in (None, 2**62, -(2**62))] == [None, None, None]


def test_a_password_from_a_file_signs_in_and_is_in_no_message(site: SftpSite, tmp_path: Path) -> None:
    put(site, "a.csv", b"x")
    secret = tmp_path / "password"
    secret.write_text("a password\n")
    secret.chmod(0o644)
    with pytest.raises(ServiceError, match=r"others may read it .*chmod 600"):
        opened(site, key_file=None, password_file=str(secret)).listing()
    secret.chmod(0o600)
    assert only(opened(site, key_file=None, password_file=str(secret))).name == "a.csv"
    secret.write_text("another one")
    with pytest.raises(SignInFailed, match="refused the sign-in of ann") as refused:
        opened(site, key_file=None, password_file=str(secret)).listing()
    assert "another one" not in str(refused.value)


def test_a_key_that_the_server_does_not_trust_is_refused_with_the_mend(site: SftpSite, tmp_path: Path) -> None:
    other = tmp_path / "other"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(other))
    other.chmod(0o600)
    with pytest.raises(SignInFailed, match="have the public key put into its account there"):
        opened(site, key_file=str(other)).listing()
    other.write_text("no key")
    with pytest.raises(SignInFailed, match="no private key without a passphrase"):
        opened(site, key_file=str(other)).listing()
    with pytest.raises(ServiceError, match="cannot be read: No such file"):
        opened(site, key_file=str(tmp_path / "none")).listing()


def test_a_folder_may_begin_at_the_accounts_own(site: SftpSite) -> None:
    put(site, "a.csv", b"x")
    home = opened(site, site.url.removesuffix("/in") + "/~/in")
    assert b"".join(home.read(only(home))) == b"x"
    assert opened(site, site.url.removesuffix("/in") + "/~").listing() == []


@pytest.mark.parametrize("way", ["delete", "move"])
def test_another_file_under_the_name_is_neither_read_nor_deleted_nor_moved(
    site: SftpSite, store: Store, way: str
) -> None:
    put(site, "a.csv", b"one")
    thing = only(store)
    put(site, "a.csv", b"other")
    with pytest.raises(Changed):
        list(store.read(thing))
    with pytest.raises(Changed):
        store.delete(thing) if way == "delete" else store.move(thing, "done")
    now = only(store)
    store.delete(now) if way == "delete" else store.move(now, "old/done")
    assert store.listing() == []
    for lost in (lambda: list(store.read(now)), lambda: store.delete(now), lambda: store.move(now, "done")):
        with pytest.raises(Gone):
            lost()


def test_a_moved_file_replaces_none_that_was_moved_before(site: SftpSite, store: Store) -> None:
    for data in (b"one", b"two!"):
        put(site, "a.csv", data)
        store.move(only(store), "done")
    assert sorted(path.read_bytes() for path in (site.files / "in" / "done").iterdir()) == [b"one", b"two!"]


def test_a_connection_that_breaks_off_is_made_anew_and_the_file_is_taken_whole(site: SftpSite, tmp_path: Path) -> None:
    data = os.urandom(6_000_000)
    put(site, "a.csv", data)
    home = Home(tmp_path / "home").create()
    store = opened(site)
    with fresh(home) as memory:
        at = place(store, memory, Clock(), url=site.url)
        [each] = at.look(None).waiting
        site.cut_after = 5_000_000
        assert at.take(each, home).stored.read_bytes() == data
        at.close()
    assert site.signed_in == ["ann", "ann"]


def test_a_server_that_is_not_there_passes_and_a_folder_that_is_not_there_does_not(site: SftpSite) -> None:
    with pytest.raises(TryAgain, match="cannot be reached"):
        opened(site, "sftp://ann@127.0.0.1:1/in").listing()
    with pytest.raises(ServiceError, match=r"no such folder on 127.0.0.1; correct the address"):
        opened(site, site.url.replace("/in", "/none")).listing()
