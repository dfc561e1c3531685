"""Two histories of one target: a home that was restored, copied, or lost its journal sends nothing before a person says so."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from hcm_pipeline.home import Home
from hcm_pipeline.sandbox import SandboxHandle, SandboxOptions, running

from .support import Site, accounts, control, environment

HEAD = (
    "Person Number,Account Status,First Name,Last Name,Job Name,Department Name,Email Address,Mobile Phone Number,Country,"
    "Worker Type,Hire Date,Termination Date"
)
IDA = "1001,True,Ida,Berg,{job},R&D,,,NO,Employee,2020-01-01,"
PER = "1002,True,Per,Lund,Analyst,R&D,,,NO,Employee,2020-01-01,"
PER_LEFT = "1002,False,Per,Lund,Analyst,R&D,,,NO,Employee,2020-01-01,2026-11-12"


def file_of(job: str = "Engineer", per: str = PER) -> str:
    """An extract of two people."""
    return "\n".join([HEAD, IDA.format(job=job), per, ""])


@dataclass
class Tenant(Site):
    """A home whose target is a sandbox outside of it."""

    sandbox: SandboxHandle | None = None

    def environment(self) -> dict[str, str]:
        if self.sandbox is None:
            return environment(self.path)
        target = self.sandbox.target
        return environment(
            self.path,
            HCM_PIPELINE_PROFILE=self.profile,
            HCM_PIPELINE_GRAPH_URL=target.graph_url,
            HCM_PIPELINE_SERVICE_PRINCIPAL_ID=target.service_principal_id,
            HCM_PIPELINE_JOB_ID=target.job_id,
            AZURE_TENANT_ID=target.tenant_id,
            AZURE_CLIENT_ID=target.client_id,
            AZURE_CLIENT_SECRET=target.client_secret,
            AZURE_AUTHORITY_HOST=target.authority_host,
            SSL_CERT_FILE=str(target.ca_file),
        )

    def take(self, day: int, text: str) -> None:
        """An extract for a day of November is landed, processed and planned."""
        path = self.path.parent / f"w-2026-11-{day}.csv"
        path.write_text(text, encoding="utf-8")
        self.plan(dt.date(2026, 11, day), path)

    def copy(self, name: str) -> Tenant:
        """A copy of the home as it is now."""
        shutil.copytree(self.path, self.path.parent / name)
        return Tenant(self.path.parent / name, sandbox=self.sandbox)


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    """A home, and a sandbox over another one."""
    with running(Home(tmp_path / "elsewhere").create().sandbox, options=SandboxOptions(cycle_seconds=0.2)) as sandbox:
        yield Tenant(tmp_path / "home", sandbox=sandbox)


def enabled(tenant: Tenant) -> dict[str, bool]:
    """Whether each person may sign in at the target."""
    found = accounts(Home(tenant.path.parent / "elsewhere"))
    return {number: bool(account["accountEnabled"]) for number, account in found.items() if number.isdecimal()}


def test_what_was_planned_before_a_person_accepts_the_targets_history_does_not_go_out(tenant: Tenant) -> None:
    tenant.take(12, file_of())
    restored = tenant.copy("restored")
    tenant.send()
    tenant.take(13, file_of(per=PER_LEFT))
    tenant.send()
    said = restored.run("upload", "--accept-history", "nobody has landed anything")
    assert "1 manifest is closed: planned before this home knew of it" in said
    assert "2 workers are left alone" in said
    restored.run("run", "--date", "2026-11-12")
    restored.run("upload")
    assert restored.json("status")["withheld"] == {"history": 2}
    assert enabled(tenant) == {"1001": True, "1002": False}
    restored.take(14, file_of(per=PER_LEFT, job="Architect"))
    restored.send()
    assert enabled(tenant) == {"1001": True, "1002": False}


def test_a_copy_of_a_home_that_has_delivered_stops_when_the_other_has_gone_on(tenant: Tenant) -> None:
    tenant.take(12, file_of())
    tenant.send()
    copied = tenant.copy("copied")
    tenant.take(13, file_of(per=PER_LEFT))
    tenant.send()
    copied.take(14, file_of(job="Architect"))
    assert "1 change of 1 worker" in copied.run("upload", code=3)
    tenant.take(15, file_of(per=PER_LEFT, job="Director"))
    tenant.send()


def test_a_copied_home_asks_twice_for_the_log_lags(tenant: Tenant) -> None:
    """The target tells only later of what the other home has sent: see `log_lag_seconds` of the sandbox."""
    assert tenant.sandbox is not None
    control(tenant.sandbox, "options", log_lag_seconds=3600)
    tenant.take(12, file_of())
    restored = tenant.copy("restored")  # before it ever sent anything
    tenant.run("upload")
    for _ in range(2):
        said = restored.run("upload", code=3)
        assert "the files of this home are not where they were: it was copied or restored" in said
    assert "it was copied or restored" in restored.json("status")["fence"]["stopped"]


def test_a_lost_journal_is_not_replaced_by_an_empty_one(tenant: Tenant) -> None:
    tenant.take(12, file_of())
    tenant.send()
    tenant.home.journal.unlink()
    for verb in ("upload", "status", "run"):
        assert "delivery.sqlite is lost: it had noted 1 accepted request" in tenant.run(verb, code=3)
    assert not tenant.home.journal.exists()
    tenant.home.journal.touch()
    assert "delivery.sqlite is lost" in tenant.run("upload", code=3)
    tenant.run("upload", "--accept-history", "the disk was full, and somebody tidied up")
    tenant.take(13, file_of(per=PER_LEFT))
    tenant.send()
    assert enabled(tenant) == {"1001": True, "1002": False}
    with sqlite3.connect(tenant.home.journal) as journal:
        [(word, why)] = journal.execute("select decision, why from history_decisions").fetchall()
    assert (word, why) == ("accept-history", "the disk was full, and somebody tidied up")
    tenant.take(14, file_of(per=PER_LEFT, job="Architect"))
    tenant.send()


def test_an_older_journal_and_another_homes_are_noticed(tenant: Tenant) -> None:
    tenant.take(12, file_of())
    tenant.send()
    older = tenant.path.parent / "older.sqlite"
    with sqlite3.connect(tenant.home.journal) as journal:
        journal.execute("vacuum into ?", [str(older)])
    tenant.take(13, file_of(per=PER_LEFT))
    tenant.send()
    for path in tenant.path.glob("delivery.sqlite*"):
        path.unlink()
    shutil.copyfile(older, tenant.home.journal)
    tenant.take(14, file_of(per=PER_LEFT, job="Architect"))
    assert "delivery.sqlite is older than what this home knows of it" in tenant.run("upload", code=3)
    assert "delivery.sqlite is older" in tenant.json("status")["fence"]["stopped"]


def test_a_home_that_lost_its_environment_does_not_deliver_to_its_sandbox(tenant: Tenant) -> None:
    tenant.take(12, file_of())
    tenant.send()
    known = orjson.loads(tenant.home.target.read_bytes())
    assert known["own_sandbox"] is False
    assert tenant.home.target.stat().st_mode & 0o777 == 0o600
    tenant.take(13, file_of(job="Architect"))
    cron = Tenant(tenant.path)
    for verb in ("upload", "outcomes"):
        said = cron.run(verb, code=3)
        assert "the environment names none, so that the home's own sandbox would be taken for it" in said
    assert not (tenant.home.sandbox / "state.sqlite").exists()
    tenant.send()
    cron.run("upload", "--adopt-target", "this home is for tests from now on")
    assert orjson.loads(tenant.home.target.read_bytes())["own_sandbox"] is True


def test_a_verb_that_only_sends_makes_no_home(tmp_path: Path) -> None:
    for made in (False, True):
        site = Site(tmp_path / "none")
        if made:
            site.path.mkdir()
        for arguments in (["upload"], ["outcomes"], ["approve", "abc"], ["reject", "abc"], ["status"]):
            assert "there is no home here" in site.run(*arguments, code=1)
        assert "there is no home here" in site.run("upload", "no-such-manifest", code=2)
        assert site.path.exists() is made
        assert not made or not list(site.path.iterdir())


def test_a_first_delivery_to_a_job_with_a_history_asks_once(tenant: Tenant) -> None:
    tenant.take(12, file_of())
    tenant.send()
    ours = Tenant(tenant.path.parent / "ours", sandbox=tenant.sandbox)
    ours.take(13, file_of(job="Architect"))
    assert "upload --first REASON" in ours.run("upload", code=3)
    ours.run("upload", "--first", "this home takes over from the old one")
    ours.run("outcomes")
    ours.take(14, file_of(per=PER_LEFT))
    ours.send()
    assert enabled(tenant) == {"1001": True, "1002": False}
    assert "--first: this home has delivered to this target before" in ours.run("upload", "--first", "again", code=2)


def test_without_the_permission_to_read_the_log_nothing_goes_out_unless_the_profile_says_so(tenant: Tenant) -> None:
    assert tenant.sandbox is not None
    tenant.run("init", tenant.path)
    own = tenant.path / "profile.toml"
    tenant.profile = str(own)
    tenant.take(12, file_of())
    control(tenant.sandbox, "faults", kind="status", on="log", status=403, times=None)
    said = tenant.run("upload", code=3)
    assert "nothing was sent: the fence cannot ask what the target knows" in said
    assert "ProvisioningLog.Read.All" in said
    said_so = own.read_text(encoding="utf-8").replace("[delivery]\n", '[delivery]\nfence = "warn"\n')
    own.write_text(said_so, encoding="utf-8")
    tenant.run("run", "--date", "2026-11-12")
    assert "it is sent all the same (delivery.fence)" in tenant.run("upload")
    assert "the fence cannot ask" in tenant.json("status")["fence"]["unasked"]
