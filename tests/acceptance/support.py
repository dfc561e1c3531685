"""A home that is driven through the command line, extracts to put into it, and the directory at the other end."""

from __future__ import annotations

import csv
import datetime as dt
import os
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from hcm_pipeline import flow
from hcm_pipeline.home import Home
from hcm_pipeline.sandbox import SandboxHandle
from hcm_pipeline.settings import Settings
from hcm_pipeline.targets.entra.connection import target_key
from tests import warm
from tests.kept_instances import kept
from tests.sandbox.support import trusting

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "hcm_pipeline.cli.main")
OURS = ("HCM_PIPELINE_", "AZURE_", "ORACLE_", "DAGSTER_")
TARGET = target_key(Settings(Home(Path("nowhere")), "oracle-hcm", None))
COLUMNS = ("Person Number", "Account Status", "First Name", "Last Name", "Department Name", "Job Name", "Manager",
           "Country", "Street Address", "Mobile Phone Number", "Hire Date", "Termination Date", "Worker Type")  # fmt: skip


def worker(number: str, first: str, last: str, **given: str) -> dict[str, str]:
    """A row of an extract; `given` names columns with underscores for spaces."""
    usual = {
        "Person Number": number, "Account Status": "True", "First Name": first, "Last Name": last,
        "Department Name": "Finance", "Job Name": "Analyst", "Country": "US", "Street Address": f"{number} Main Street",
        "Mobile Phone Number": "", "Hire Date": "2020-01-10", "Worker Type": "Employee",
    }  # fmt: skip
    return {**dict.fromkeys(COLUMNS, ""), **usual, **{name.replace("_", " "): value for name, value in given.items()}}


def extract(folder: Path, name: str, *rows: dict[str, str]) -> Path:
    """Write rows as a delivered file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, COLUMNS)
        out.writeheader()
        out.writerows(rows)
    return path


def environment(home: Path, **given: str) -> dict[str, str]:
    """This process's environment with a home, and without anything else that the pipeline reads."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS) and name != "SSL_CERT_FILE"}
    return {**kept, "HCM_PIPELINE_HOME": str(home), "PYTHONPATH": str(ROOT), **given}


def forking(given: dict[str, str]) -> dict[str, str]:
    """An environment in which Dagster's code server forks the processes of its runs instead of starting each anew."""
    return {**given, "PYTHONPATH": os.pathsep.join((str(ROOT / "tests" / "forked_runs"), given["PYTHONPATH"]))}


@dataclass
class Site:
    """A home and its command line. `heard` is everything any command ever printed."""

    path: Path
    profile: str = "oracle-hcm"
    heard: list[str] = field(default_factory=list)

    @property
    def home(self) -> Home:
        return Home(self.path)

    def environment(self) -> dict[str, str]:
        return environment(self.path, HCM_PIPELINE_PROFILE=self.profile)

    def start(self, *arguments: str | Path) -> warm.Started:
        """Start a command in a process group of its own, beside others."""
        return warm.start(list(map(str, arguments)), self.environment(), self.path.parent)

    def end(self, process: warm.Started, code: int = 0, seconds: float = 120) -> str:
        """Wait for a command and check its exit code; its standard output and then its standard error."""
        ended, out, err = process.end(seconds)
        self.heard += [out, err]
        assert ended is not None, f"still running after {seconds} s:\n{out}\n{err}"
        assert ended == code, f"exit {ended} instead of {code}:\n{out}\n{err}"
        return out + err

    def run_anew(self, *arguments: str | Path) -> str:
        """Run a command in a process that shares nothing with another; its standard output and then its standard error."""
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)], env=self.environment(), cwd=self.path.parent, text=True, timeout=120,
            capture_output=True, check=False,
        )  # fmt: skip
        self.heard += [done.stdout, done.stderr]
        assert done.returncode == 0, f"exit {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def run(self, *arguments: str | Path, code: int = 0) -> str:
        """Run a command to its end; its standard output and then its standard error."""
        ended, out, err = warm.command(list(map(str, arguments)), self.environment(), self.path.parent, 120)
        self.heard += [out, err]
        assert ended == code, f"exit {ended} instead of {code}:\n{out}\n{err}"
        return out + err

    def json(self, *arguments: str | Path, code: int = 0) -> Any:
        """Run a command with --json; what it printed on standard output, parsed."""
        self.run(*arguments, "--json", code=code)
        return orjson.loads(self.heard[-2])

    def land(self, name: str, *rows: dict[str, str]) -> None:
        """Deliver a file, long enough ago to be whole."""
        path = extract(self.path / "landing", name, *rows)
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 60))

    def here(self) -> flow.Installation:
        """Its home, for use cases in this process."""
        return flow.Installation(Settings.from_env(self.environment()))

    def plan(self, day: dt.date, path: Path) -> None:
        """An extract is landed, processed and planned by the use cases that `land` and `run` call, in a third of their time."""
        here = self.here()
        here.home.create()
        with kept():
            flow.land(here.warehouse, here.profile, [path], now=here.clock)
            list(flow.process(here.warehouse, here.loaded, [day]))
            flow.plan(here.warehouse, here.loaded, here.target)
            here.warehouse.publish()

    def send(self) -> None:
        """All that is planned goes out and is worked off, by the use cases of `upload` and `outcomes`, in half of their time."""
        here = self.here()
        with kept():
            assert [one for one in flow.upload(here).reports if one.accepted != one.requests] == []
            assert flow.read_outcomes(here, wait_seconds=30, interval=0.2).waiting == 0

    def accounts(self) -> dict[str, dict[str, Any]]:
        """The accounts of the sandbox's directory, by employeeId; those without one by userPrincipalName."""
        return accounts(self.home)


def accounts(home: Home, sandbox: Path | None = None) -> dict[str, dict[str, Any]]:
    """Accounts of a sandbox without their random ids; `manager` is the manager's employeeId."""
    db = sqlite3.connect(f"file:{(sandbox or home.sandbox) / 'state.sqlite'}?mode=ro", uri=True)
    try:
        rows = db.execute("SELECT id, employee_id, upn, body FROM users").fetchall()
    finally:
        db.close()
    numbers = {object_id: number for object_id, number, _, _ in rows}
    found = {}
    for _, number, upn, body in rows:
        account = orjson.loads(body)
        if account.get("manager"):
            account["manager"] = numbers[account["manager"]]
        found[number or upn] = account
    return found


def control(sandbox: SandboxHandle, path: str, **body: Any) -> None:
    """Post to a sandbox's control plane."""
    with trusting(sandbox) as http:
        answer = http.post(f"{sandbox.url}/sandbox/{path}", json=body)
    assert answer.status_code == 200, answer.text


def processes_of(home: Path) -> list[str]:
    """Command lines of the processes (not this one) that name a home in their arguments or environment."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal() or int(folder.name) == os.getpid():
            continue
        try:
            told = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue  # it has ended, or is not ours
        if os.fsencode(home) in told:
            found.append(f"{folder.name}: {told[:200]!r}")
    return found
