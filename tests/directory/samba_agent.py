"""A provisioning agent in front of Samba: it writes the sandbox's accounts into a real directory, and reads them back."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hcm_pipeline.sandbox.agent import Attributes, DirectoryRefused

from .samba import Controller

_SERVE = """
import json, sys, ldb
import samba.param
from samba.auth import system_session
from samba.samdb import SamDB
lp = samba.param.LoadParm(); lp.load(sys.argv[1])
db = SamDB(url=sys.argv[2], session_info=system_session(), lp=lp)
def message(dn, values, flag):
    m = ldb.Message(ldb.Dn(db, dn))
    for name, value in values.items():
        m[name] = ldb.MessageElement([] if value is None else value, flag, name)
    return m
for line in sys.stdin:
    step = json.loads(line)
    try:
        if step["do"] == "add":
            db.add(message(step["dn"], step["values"], ldb.FLAG_MOD_ADD)); told = {}
        elif step["do"] == "modify":
            db.modify(message(step["dn"], step["values"], ldb.FLAG_MOD_REPLACE)); told = {}
        elif step["do"] == "rename":
            db.rename(step["dn"], step["to"]); told = {}
        else:
            [found] = db.search(base=step["dn"], scope=ldb.SCOPE_BASE)
            told = {name: str(found[name][0]) for name in found.keys() if name in step["names"]}
    except ldb.LdbError as error:
        told = {"error": str(error.args[1])}
    print(json.dumps(told), flush=True)
"""

DERIVED = ("distinguishedName", "parentDistinguishedName", "cn", "accountDisabled")
ENABLED, DISABLED = "544", "546"  # with PASSWD_NOTREQD, for nobody has set a password


class SambaAgent:
    """Writes through one process of the system's Python, which has Samba's own modules."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def do(self, **step: Any) -> dict[str, str]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(step) + "\n")
        self._process.stdin.flush()
        told: dict[str, str] = json.loads(self._process.stdout.readline())
        if "error" in told:
            raise DirectoryRefused(told["error"])
        return told

    def write(self, before: Attributes | None, after: Attributes) -> None:
        dn = str(after["distinguishedName"])
        values = {name: str(value) for name, value in after.items() if name not in DERIVED and value is not None}
        values["userAccountControl"] = DISABLED if after.get("accountDisabled") else ENABLED
        if before is None:
            self.do(do="add", dn=dn, values={"objectClass": "user", **values})
            return
        if before["distinguishedName"] != dn:
            self.do(do="rename", dn=before["distinguishedName"], to=dn)
        gone = [name for name in before if name not in DERIVED and before[name] is not None and name not in values]
        self.do(do="modify", dn=dn, values={**values, **dict.fromkeys(gone)})

    def read(self, dn: str, *names: str) -> dict[str, str]:
        """The values of these attributes, where the object has any."""
        return self.do(do="read", dn=dn, names=names)


@contextmanager
def agent_of(samba: Controller) -> Iterator[SambaAgent]:
    """An agent until the end of the block."""
    command = ["/usr/bin/python3", "-c", _SERVE, str(samba.folder / "smb.conf")]
    with subprocess.Popen(
        [*command, str(samba.folder / "private" / "sam.ldb")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield SambaAgent(process)
        assert process.stdin
        process.stdin.close()
