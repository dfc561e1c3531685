"""A domain controller for tests: Samba's, provisioned in a folder, on a loopback address of its own, over TLS.

Port 636 cannot be changed, so the address is one of 127.0.0.0/8 by process. Where Samba or the right to use it is missing the
tests that need it are skipped, but not in CI (`CI` is set there), where they fail.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from hcm_pipeline.directory import Account

PASSWORD = "Secret-Pass-1"
USER = "Administrator@EXAMPLE.TEST"
DOMAIN = "DC=example,DC=test"
HOST = "dc.example.test"
_PYTHON = "/usr/bin/python3"  # Samba's own modules are the system's

_CHANGE = """
import json, sys, ldb
import samba.param
from samba.auth import system_session
from samba.samdb import SamDB
lp = samba.param.LoadParm(); lp.load(sys.argv[1])
db = SamDB(url=sys.argv[2], session_info=system_session(), lp=lp)
for step in json.load(sys.stdin):
    if step["do"] == "delete":
        db.delete(step["dn"])
    elif step["do"] == "password":
        db.setpassword(f"(sAMAccountName={step['name']})", step["to"])
    else:
        db.modify_ldif(step["ldif"]) if step["do"] == "modify" else db.add_ldif(step["ldif"])
"""


@dataclass(frozen=True)
class Controller:
    """A running domain controller."""

    address: str
    folder: Path
    ca_file: Path

    @property
    def url(self) -> str:
        return f"ldaps://{self.address}"

    def account(self, user: str = USER, password: str = PASSWORD, bases: Sequence[str] = ()) -> Account:
        return Account(self.url, user, password, bases, "employeeID", self.ca_file)

    def change(self, *steps: dict[str, str]) -> None:
        """Change the directory behind the server's back, as its own tools do."""
        _run([_PYTHON, "-c", _CHANGE, str(self.folder / "smb.conf"), str(self.folder / "private" / "sam.ldb")],
             json.dumps(steps))  # fmt: skip

    def add(self, *ldif: str) -> None:
        self.change(*({"do": "add", "ldif": one} for one in ldif))

    def delete(self, *names: str) -> None:
        self.change(*({"do": "delete", "dn": name} for name in names))


def require_samba() -> None:
    """Skip, or fail in CI, when a domain controller cannot be run here."""
    missing = next((tool for tool in ("samba-tool", "samba") if shutil.which(tool) is None), None)
    why = f"{missing} is not installed (Debian: samba-ad-dc, samba-ad-provision)" if missing else None
    if os.geteuid() != 0:
        why = why or "Samba needs root for its port"
    if why and os.environ.get("CI"):
        pytest.fail(f"{why}, and in CI these tests are never skipped")
    if why:
        pytest.skip(why)


@contextmanager
def controller(provisioned: Path, folder: Path) -> Iterator[Controller]:
    """A domain controller with a copy of a provisioned domain, until the end of the block."""
    number = os.getpid()
    address = f"127.{64 + number // 65_536 % 64}.{number // 256 % 256}.{number % 254 + 1}"
    shutil.copytree(provisioned, folder)
    ca = trustme.CA()
    certificate = ca.issue_cert(address, HOST)
    ca.cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    (folder / "key.pem").chmod(0o600)  # else Samba does not take it
    (folder / "smb.conf").write_text(_settings(folder, address), encoding="utf-8")
    with (folder / "out").open("w") as out:
        server = subprocess.Popen(
            ["samba", "-i", "-M", "single", "-s", str(folder / "smb.conf")],
            stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            _wait(server, address)
            yield Controller(address, folder, folder / "ca.pem")
        finally:
            server.terminate()
            server.communicate(timeout=30)


def provision(folder: Path) -> None:
    """Make a domain in `folder`, once, for several controllers: whoever comes second waits for the first."""
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _run(["samba-tool", "domain", "provision", "--realm=EXAMPLE.TEST", "--domain=EXAMPLE", "--server-role=dc",
                  f"--adminpass={PASSWORD}", "--dns-backend=NONE", "--host-name=DC", f"--targetdir={folder}"])  # fmt: skip


def _settings(folder: Path, address: str) -> str:
    return f"""[global]
netbios name = DC
workgroup = EXAMPLE
realm = EXAMPLE.TEST
server role = active directory domain controller
server services = ldap
dcerpc endpoint servers =
interfaces = {address}/8
bind interfaces only = yes
private dir = {folder}/private
state directory = {folder}/state
cache directory = {folder}/cache
lock directory = {folder}
pid directory = {folder}/run
ncalrpc dir = {folder}/ncalrpc
binddns dir = {folder}/bind-dns
winbindd socket directory = {folder}/winbindd
log file = {folder}/log
tls keyfile = {folder}/key.pem
tls certfile = {folder}/cert.pem
tls cafile = {folder}/ca.pem
"""


def _wait(server: subprocess.Popen[bytes], address: str) -> None:
    patience = time.monotonic() + 60
    while True:
        assert server.poll() is None, "the domain controller has ended"
        try:
            socket.create_connection((address, 636), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < patience, "the domain controller does not answer"
            time.sleep(0.1)


def _run(command: list[str], text: str = "") -> None:
    done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
