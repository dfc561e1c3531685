"""The directories of a profile, read as the command line and Dagster do."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from hcm_pipeline.cli.main import app
from hcm_pipeline.errors import PipelineError, UsageError
from hcm_pipeline.flow import Installation
from hcm_pipeline.flow.directories import Wish, read_directory
from hcm_pipeline.home import Home
from hcm_pipeline.sandbox import SandboxOptions, running
from hcm_pipeline.settings import Ldap, Settings
from hcm_pipeline.warehouse import Warehouse
from tests.directory.samba import PASSWORD, USER, Controller

BUILT_IN = resources.files("hcm_pipeline.profile.builtin").joinpath("oracle-hcm.toml").read_text(encoding="utf-8")


class Site:
    """A home with a profile of its own."""

    def __init__(self, home: Path) -> None:
        self.home = Home(home).create()
        self.warehouse = Warehouse(self.home)
        self.settings = Settings(self.home, str(self.home.path / "profile.toml"), None)
        self.text = BUILT_IN
        Path(self.settings.profile).write_text(self.text, encoding="utf-8")

    def list(self, directories: str) -> None:
        self.text = f"{BUILT_IN}\n[identity.directories]\n{directories}\n"
        Path(self.settings.profile).write_text(self.text, encoding="utf-8")

    def read(self, name: str, wish: Wish = Wish(), **given: Any) -> Any:
        settings = Settings(self.home, self.settings.profile, None, **given)
        return read_directory(Installation(settings), name, wish)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "home")


Command = Callable[..., tuple[int, Any]]


@pytest.fixture
def command(site: Site, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`identity directory --json` in this process: exit code, and what it printed."""
    for name in [name for name in os.environ if name.startswith(("HCM_PIPELINE_", "AZURE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HCM_PIPELINE_HOME", str(site.home.path))
    monkeypatch.setattr(os, "umask", lambda mask: mask)

    def run(*words: str) -> tuple[int, Any]:
        done = CliRunner().invoke(app, ["identity", "directory", *words, "--json"])
        if isinstance(done.exception, PipelineError):
            return done.exception.exit_code, str(done.exception)
        return done.exit_code, orjson.loads(done.stdout)["directories"]

    return run


def test_the_homes_own_sandbox_is_read_by_changes_although_it_starts_anew_each_time(site: Site) -> None:
    with running(site.home.sandbox, options=SandboxOptions(verified_domains=frozenset({"contoso.com"}))):
        assert site.read("entra").read == "full"
    assert [site.read("entra").read, site.read("entra", Wish(full=True)).read] == ["changes", "full"]


def test_active_directory_is_read_with_the_profiles_account_and_the_environments_password(
    site: Site, samba: Controller
) -> None:
    site.list(f"ad = {{ kind = 'ad', url = '{samba.url}', user = '{USER}' }}")
    assert site.read("ad", ldap=Ldap(PASSWORD, samba.ca_file)).objects > 100
    with pytest.raises(UsageError, match="HCM_PIPELINE_LDAP_PASSWORD is not set"):
        site.read("ad")


def test_the_password_is_in_nothing_that_is_printed() -> None:
    assert PASSWORD not in repr(
        Settings(Home(Path("home")), "oracle-hcm", None, Ldap.from_env({"HCM_PIPELINE_LDAP_PASSWORD": PASSWORD}))
    )


@pytest.mark.parametrize(
    ("name", "wish", "said"),
    [
        ("other", Wish(), "the profile's directories are entra, files"),
        ("entra", Wish(file=Path("x.csv")), "of kind entra"),
        ("files", Wish(), "--file names its CSV file"),
    ],
)
def test_what_the_reading_of_a_directory_lacks_is_wrong_usage(site: Site, name: str, wish: Wish, said: str) -> None:
    site.list("entra = { kind = 'entra' }\nfiles = { kind = 'csv' }")
    with pytest.raises(UsageError, match=said):
        site.read(name, wish)


def test_one_directory_that_cannot_be_read_keeps_no_other_from_it(site: Site, command: Command) -> None:
    site.list(
        "gone = { kind = 'csv', file = 'gone.csv' }\nfiles = { kind = 'csv', file = 'files.csv' }\nlater = { kind = 'csv' }"
    )
    (site.home.path / "files.csv").write_text("id,mail\n1,a@x.test\n", encoding="utf-8")
    code, done = command()
    assert (code, [(one["directory"], one["objects"]) for one in done]) == (1, [("files", 1)])
    code, said = command("gone")
    assert (code, "gone.csv: cannot be read" in said) == (1, True)


def test_refused_rows_end_with_exit_code_1_and_the_others_are_taken(
    site: Site, command: Command, tmp_path: Path
) -> None:
    site.list("files = { kind = 'csv' }")
    export = tmp_path / "export.csv"
    export.write_text("id,mail\n1,a@x.test\n,b@x.test\n", encoding="utf-8")
    code, [done] = command("--file", str(export))
    assert (code, done["objects"]) == (1, 1)
    assert done["refused"] == [
        {"file": "export.csv", "row": 3, "column": "id", "rule": "no_object_id", "reason": "is blank, or is no id"}]  # fmt: skip


def test_a_loss_ends_with_exit_code_3_and_is_taken_at_a_word(site: Site, command: Command) -> None:
    site.list("files = { kind = 'csv', file = 'files.csv' }")
    export = site.home.path / "files.csv"
    export.write_text("id,mail\n1,a@x.test\n", encoding="utf-8")
    command()
    export.write_text("id,mail\n", encoding="utf-8")
    code, said = command()
    assert (code, "--accept-loss" in said) == (3, True)
    assert command("--accept-loss")[1][0]["objects"] == 0


def test_a_directory_that_the_profile_no_longer_has_is_forgotten(site: Site, command: Command) -> None:
    site.list("old = { kind = 'csv', file = 'files.csv' }")
    (site.home.path / "files.csv").write_text("id,mail\n1,a@x.test\n", encoding="utf-8")
    command()
    site.list("new = { kind = 'csv', file = 'files.csv' }")
    command("new")
    with site.warehouse.read() as con:
        assert con.execute("select distinct directory from directory_names order by 1").fetchall() == [
            ("new",),
            ("old",),
        ]
    command()
    with site.warehouse.read() as con:
        assert con.execute("select distinct directory from directory_names order by 1").fetchall() == [("new",)]


def test_a_file_needs_a_directory_to_stand_for(site: Site, command: Command) -> None:
    site.list("one = { kind = 'csv' }\ntwo = { kind = 'csv' }")
    assert command("--file", "x.csv") == (2, "--file: NAME says which of one, two")
    site.list("entra = { kind = 'entra' }")
    assert command("--file", "x.csv") == (2, "--file: the profile has no directory of kind csv")
