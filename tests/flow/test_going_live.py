"""A first load: what is not clean keeps everything back, a person decides, and the files carry what people have to do."""

from __future__ import annotations

import csv
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hcm_pipeline import flow
from hcm_pipeline.cli.main import app
from hcm_pipeline.entra import EntraConnection
from hcm_pipeline.errors import GuardStop, UsageError
from hcm_pipeline.flow import Installation, parse_profile
from hcm_pipeline.flow.first_load_guard import applies, kept_back
from hcm_pipeline.settings import Settings
from hcm_pipeline.verdicts import Kind
from tests.workers.driver import PROFILE, Firm, day, worker

DIRECTORY = '\n[identity.directories.people]\nkind = "csv"\n'
TENANT = EntraConnection(
    "https://graph.example/v1.0", "https://login.example", "tenant", "client", "principal", "API2AAD.1.2", "s"
)
ACCOUNTS = """objectId,userPrincipalName,employeeId,displayName,accountEnabled,department
id-1,ann.one@firm.example,1,Ann Lee,true,Sales
id-2,=ann.two@firm.example,0002,Bo Quist,true,Sales
id-3,svc-mail@firm.example,,Mail,true,
id-4,left@firm.example,99,Gone Long,false,
"""
STAFF = [(1, "Ann", "Lee"), (2, "Bo", "Quist"), (3, "Cy", "Ma")]


class Start:
    """A home before its first load: three workers, and a directory of four accounts."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *, sandbox: bool = False, more: str = "") -> None:
        text = PROFILE + DIRECTORY + more
        (folder / "firm.toml").write_text(text, encoding="utf-8")
        (folder / "accounts.csv").write_text(ACCOUNTS, encoding="utf-8")
        self.folder = folder
        self.firm = Firm(folder, PROFILE, DIRECTORY + more)
        settings = Settings(self.firm.home, str(folder / "firm.toml"), None if sandbox else TENANT)
        self.here = Installation(settings)
        monkeypatch.setattr(Settings, "from_env", classmethod(lambda _: settings))

    def read(self, accounts: str = ACCOUNTS) -> None:
        """The directory is read, and shows these."""
        (self.folder / "accounts.csv").write_text(accounts, encoding="utf-8")
        flow.read_directory(self.here, "people", flow.Wish(self.folder / "accounts.csv", accept_loss=True))

    def plan(self) -> flow.Plan:
        """A date with three workers, up to its plan."""
        if not self.firm.sql("select 1 from days"):
            self.firm.take(
                [worker(n, First=first, Last=last, Department="Sales", Hired="2020-01-01") for n, first, last in STAFF],
                day(2),
            )
        made = flow.plan(self.here.warehouse, self.here.loaded, self.here.target)
        self.here.warehouse.publish()
        assert made is not None
        return made

    def run(self, *arguments: str, code: int = 0) -> str:
        """A command's output."""
        result = CliRunner().invoke(app, list(arguments))
        raised = getattr(result.exception, "exit_code", None)
        assert code in (result.exit_code, raised), (result.output, result.exception)
        return result.output + (str(result.exception) if raised is not None else "")


def test_a_first_load_of_which_no_directory_was_read_says_how_to_read_one_and_sends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Start(tmp_path, monkeypatch, more='\n[guards]\nfirst_load = "always"\n')
    start.plan()
    with pytest.raises(UsageError, match="hcm-pipeline identity directory"):
        flow.initial(start.here)
    with pytest.raises(GuardStop, match="identity directory"):
        flow.upload(start.here)
    with start.here.journal() as journal:
        assert journal.last_send(start.here.target) == 0


def test_a_tenant_of_which_no_directory_was_read_is_told_so_and_not_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Start(tmp_path, monkeypatch)
    start.plan()
    [told] = [one for one in flow.outlook(start.here).guards if one.kind is Kind.FIRST_LOAD]
    assert (told.outcome, "nobody knows who has an account" in told.sentence) == ("passed", True)
    with start.here.journal() as journal:
        assert kept_back(start.here, journal) is None


def test_nothing_is_sent_until_all_is_clean_or_a_person_said_so_for_the_rows_that_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Start(tmp_path, monkeypatch)
    start.read()
    made = start.plan()
    found = flow.initial(start.here)
    assert (found.first_load, found.stops, found.verdict.tripped) == (True, True, True)
    assert found.workers == {"agreeing": 1, "none": 1, "number": 1}
    assert (found.new, found.open, found.orphans) == (
        1, {"agrees, and nobody has confirmed it": 1}, {"number of nobody": 1, "protected": 1},
    )  # fmt: skip
    assert [(row.person_number, row.tier) for row in found.matches] == [
        ("2", "agreeing"),
        ("3", "none"),
        ("1", "number"),
    ]
    assert found.load.requests == 1
    assert found.load.days == 1
    [held] = [one for one in flow.holding(start.here) if one.kind is Kind.FIRST_LOAD]
    assert "1 worker is not clean" in held.sentence
    with pytest.raises(GuardStop, match="1 worker is not clean"):
        flow.upload(start.here, made.manifest.manifest_id if made.manifest else None)
    ready = flow.ready_manifests(start.here)
    assert all(one.verdict.tripped for one in ready)
    assert start.run("identity", "review", "2", "--as-is", code=2)
    assert "decided" in start.run("identity", "review", "2", "--as-is", "--why", "a namesake")
    with start.here.journal() as journal:
        assert kept_back(start.here, journal) is None
    start.read(ACCOUNTS.replace("id-2,", "id-5,"))  # another account than the one that somebody looked at
    with start.here.journal() as journal:
        assert kept_back(start.here, journal) is not None
    about = start.firm.sql("select about, subject, decision, why from decisions")
    assert about == [("first load", "2", "as it is: agrees, and nobody has confirmed it", "a namesake")]


def test_a_confirmed_account_is_adopted_stamped_and_then_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = Start(tmp_path, monkeypatch)
    start.read()
    start.plan()
    shown = start.run("plan", "--initial", "--by", "department", code=3)
    assert "Stopped: 1 worker is not clean" in shown
    assert "Workers to look at" in shown
    assert "decided" in start.run("identity", "review", "2", "--accept")
    files = {name: tmp_path / f"initial.{name}" for name in ("csv", "html", "stamp")}
    flags = [part for name, path in files.items() for part in (f"--{name}", str(path))]
    start.run("plan", "--initial", *flags, code=3)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files.values())
    [stamp] = list(csv.DictReader(files["stamp"].read_text(encoding="utf-8").splitlines()))
    assert (stamp["account_id"], stamp["employee_id"], stamp["employee_id_now"], stamp["tier"]) == (
        "id-2", "2", "0002", "confirmed",
    )  # fmt: skip
    assert stamp["user_principal_name"] == "'=ann.two@firm.example"
    assert stamp["confirmed_by"] == flow.system_user()
    table = list(csv.DictReader(files["csv"].read_text(encoding="utf-8-sig").splitlines()))
    assert [(row["side"], row["person_number"], row["account_id"]) for row in table] == [
        ("worker", "2", "id-2"), ("worker", "3", ""), ("worker", "1", "id-1"), ("account", "", "id-4"), ("account", "", "id-3"),
    ]  # fmt: skip
    page = files["html"].read_text(encoding="utf-8")
    assert "<script" not in page
    assert "=ann.two@firm.example" in page
    start.plan()
    assert start.firm.sql("select person_number, status from identities order by 1") == [
        ("1", "adopted"), ("2", "adopted"), ("3", "given"),
    ]  # fmt: skip
    start.read(ACCOUNTS.replace(",0002,", ",2,"))
    assert "Clean: " in start.run("plan", "--initial")
    with start.here.journal() as journal:
        assert kept_back(start.here, journal) is None


def test_a_list_is_looked_at_before_it_is_entered_and_names_those_who_sign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Start(tmp_path, monkeypatch)
    start.read()
    start.plan()
    path = tmp_path / "list.csv"
    path.write_text(
        "Person Number;Account;Confirmed By\n2;id-2;Ida Berg\n9;id-4;Ida Berg\n3;;\n1;id-1;Ida;\n1;id-1;Ida\n",
        encoding="utf-8",
    )
    found = flow.initial(start.here, flow.LiveWish(confirmed=path))
    assert found.workers["confirmed"] == 1
    assert start.firm.sql("select 1 from identity_decisions") == []
    entered = flow.enter_list(start.here, path, by="jo")
    assert entered.entered == 1
    assert [(one.row, one.rule) for one in entered.refused] == [
        (3, "unknown_worker"), (4, "blank"), (5, "repeated"), (6, "repeated"),
    ]  # fmt: skip
    assert start.firm.sql("select person_number, account, decided_by from identity_decisions") == [
        ("2", "=ann.two@firm.example", "Ida Berg (list entered by jo)")
    ]


def test_the_profile_says_where_a_first_load_has_to_be_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = parse_profile(PROFILE, "firm.toml").profile
    rules = {
        rule: profile.model_copy(update={"guards": profile.guards.model_copy(update={"first_load": rule})})
        for rule in ("tenant", "always", "never")
    }
    assert profile == rules["tenant"]
    assert {(rule, sandbox) for rule, one in rules.items() for sandbox in (True, False) if applies(one, sandbox=sandbox)} == {
        ("tenant", False), ("always", True), ("always", False),
    }  # fmt: skip
    start = Start(tmp_path, monkeypatch, sandbox=True, more='\n[guards]\nfirst_load = "always"\n')
    start.read()
    start.plan()
    with start.here.journal() as journal:
        assert kept_back(start.here, journal) is not None


def test_after_the_first_delivery_it_says_that_this_is_no_first_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Start(tmp_path, monkeypatch)
    start.read()
    start.plan()
    start.firm.sql(
        "insert into versions by name select ? as target, '1' as person_number, uuid() as digest, true as is_delivered,"
        " 1 as plan_no, 0 as position, 'create' as kind, 0 as request_no, 0 as op_no",
        [start.here.target],
    )
    start.here.warehouse.publish()
    found = flow.initial(start.here)
    assert (found.first_load, found.stops) == (False, False)
    assert found.said.startswith("This is no first load: 1 worker was")
    with start.here.journal() as journal:
        assert kept_back(start.here, journal) is None
