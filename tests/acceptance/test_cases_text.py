"""Text of others, secrets and modes: the shared cases, by the commands of their `expected.md`."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tests import warm
from tests.entra.gateway import serving

from .support import COMMAND, ROOT, Site, environment, extract, worker

CASES = ROOT.parent / "shared" / "cases"
pytestmark = pytest.mark.skipif(
    not CASES.is_dir() and "CI" not in os.environ, reason="the shared cases are not beside the project"
)
BEYOND = {
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    *map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))),
}


def test_sec_terminal_escapes(tmp_path: Path) -> None:
    site = Site(tmp_path / "home")
    site.run("init", site.path)
    name = "w\x1b]0;pwned\x07\x1b[2J\n\u202e-2026-11-12.csv"
    path = extract(site.path / "landing", name, worker("1001", "Ida", "Berg", Job_Name="Head\x9b2J\u202eof"))
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 60))
    taken = site.json("run")["landed"]
    for verb in ("status", "extract show", "trace 1001", "plan", "plan --worker 1001", "run"):
        said = site.run(*verb.split())
        assert not set(said) & (BEYOND - {"\n"}), verb
        site.json(*verb.split())  # is JSON; `null` of a worker who waits in quarantine
        assert not set(site.heard[-2]) & (BEYOND - {"\n"}), verb
    assert [one["name"] for one in taken] == [name]
    assert r"w\x1b]0;pwned\x07\x1b[2J\n\u202e-2026-11-12.csv" in site.run("trace", "1001")


def test_sec_markup_in_values(tmp_path: Path) -> None:
    site = Site(tmp_path / "home")
    shutil.copy(CASES / "sec-markup-in-values" / "w-2026-11-12.csv", tmp_path)
    site.run("land", tmp_path / "w-2026-11-12.csv")
    site.run("run")
    assert r"\[/x]Boss " in site.run("trace", "1001")
    assert r"\[/x]Boss " in site.run("plan", "--worker", "1001")
    assert "Head :warning: of" in site.run("trace", "1002")


TARGET = {
    "HCM_PIPELINE_SERVICE_PRINCIPAL_ID": "principal", "HCM_PIPELINE_JOB_ID": "job", "AZURE_TENANT_ID": "tenant",
    "AZURE_CLIENT_ID": "client", "AZURE_CLIENT_SECRET": "hush-hush",
}  # fmt: skip


def under(site: Site, *arguments: str, **variables: str) -> tuple[int, str]:
    """Exit code and output of a command with more variables."""
    code, out, err = warm.command(arguments, {**environment(site.path), **variables}, site.path.parent, 120)
    return code, out + err


def started_under(site: Site, *arguments: str, **variables: str) -> tuple[int, str]:
    """The same for variables that Python reads when it starts."""
    done = subprocess.run(
        [*COMMAND, *arguments], env={**environment(site.path), **variables}, cwd=site.path.parent, text=True, timeout=120,
        capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def planned(folder: Path) -> Site:
    """A home with a manifest for a target that the environment names."""
    site = Site(folder / "home")
    site.run("init", site.path)
    site.land("w-2026-11-12.csv", worker("1001", "Zoë", "Berg"))
    assert under(site, "run", **TARGET)[0] == 0
    return site


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A home with a manifest that is ready."""
    return planned(tmp_path_factory.mktemp("ready"))


def test_sec_secret_follows_a_redirect(ready: Site, tmp_path: Path) -> None:
    with serving(tmp_path) as gateway:
        gateway.redirect = (307, "http://evil.example/token")
        given = {
            **TARGET,
            "AZURE_AUTHORITY_HOST": gateway.url,
            "SSL_CERT_FILE": str(gateway.ca_file),
            "no_proxy": "127.0.0.1",
        }
        code, said = under(ready, "upload", **given)
    assert (code, "hush-hush" in said) == (1, False)
    assert "answered with a redirect to another host (evil.example); nothing was sent there" in said
    code, said = under(ready, "upload", **{**TARGET, "HCM_PIPELINE_GRAPH_URL": "http://graph.example/v1.0"})
    assert (code, said.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("verb", "name", "value"),
    [
        *(("upload", "SSL_CERT_FILE", value) for value in ("/nope", "/tmp", "/etc/passwd")),
        ("upload", "HTTPS_PROXY", "nonsense://x"),
        ("upload", "HCM_PIPELINE_GRAPH_URL", "https://[::1/v1.0"),
        ("status", "HCM_PIPELINE_HOME", "~nosuchuser/x"),
        ("status", "HCM_PIPELINE_HOME", "x" * 300),
        ("profile check", "HCM_PIPELINE_PROFILE", "~nosuchuser/x"),
    ],
)
def test_sec_environment_nonsense(ready: Site, verb: str, name: str, value: str) -> None:
    code, said = under(ready, *verb.split(), **{**TARGET, name: value})
    assert (code, said.count("\n")) == (2, 1), said
    assert said.startswith(f"hcm-pipeline: {name}: ")


@pytest.mark.parametrize(
    "given", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]
)
def test_sec_environment_without_the_letters(ready: Site, given: dict[str, str]) -> None:
    code, said = started_under(ready, "trace", "1001", **{**TARGET, **given})
    assert (code, r"Zo\xeb" in said) == (0, True), said
    assert rb"Zo\u00eb".decode() in started_under(ready, "trace", "1001", "--json", **{**TARGET, **given})[1]


def test_a_disk_that_is_full_is_told_in_one_line_and_nothing_is_left_of_it(tmp_path: Path) -> None:
    site = Site(tmp_path / "home")
    site.run("init", site.path)
    path = extract(tmp_path, "w-2026-11-12.csv", worker("1001", "Ida", "Berg"))
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 8; exec "$@"', "sh", *COMMAND, "land", str(path)],
        env=site.environment(), cwd=tmp_path, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "the disk or its quota is full; free some space and do it again" in done.stderr
    assert list(site.home.scratch.iterdir()) == []
    assert "taken for 2026-11-12" in site.run("land", path)


def open_to_others(folder: Path) -> list[str]:
    """Paths with which group or others may do something."""
    found = [folder, *folder.rglob("*")]
    return [str(path) for path in found if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_sec_modes_left_to_the_umask(tmp_path: Path) -> None:
    site = Site(tmp_path / "home")
    site.path.mkdir(mode=0o755)
    site.path.chmod(0o755)
    assert "open to others (mode 0755)" in site.run(
        "land", extract(tmp_path, "w-2026-11-12.csv", worker("1001", "Ida", "Berg"))
    )
    site.path.chmod(0o755)
    shutil.copy(ROOT / "hcm_pipeline" / "defs" / "dagster.yaml", site.path)  # as `ui` and `run` do
    (site.path / "dagster.yaml").chmod(0o600)
    dagster = subprocess.Popen(
        [sys.executable, "-m", "dagster", "asset", "materialize", "-m", "hcm_pipeline.definitions", "--select",
         "extracts,workers,quarantined_rows,changes,identities,desired_users,manifest",
         "--partition", "2026-11-12"],
        env=site.environment() | {"DAGSTER_HOME": str(site.path)}, cwd=tmp_path, umask=0o022, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    said, _ = dagster.communicate(timeout=120)
    assert dagster.returncode == 0, said
    assert (site.path / "published" / "warehouse.duckdb").is_file()
    assert (site.path / "history" / "runs.db").is_file()
    assert open_to_others(site.path) == []


def test_sec_sandbox_open_to_the_machine(tmp_path: Path) -> None:
    site = Site(tmp_path / "home")
    site.run("init", site.path)
    site.land("w-2026-11-12.csv", worker("1001", "Ida", "Berg"))
    site.run("run")
    site.run("upload")
    site.run("outcomes", "--wait", "30")
    sandbox = site.start("sandbox", "--port", "0")
    assert sandbox.stdout is not None
    link = ""
    while "token=" not in link:
        link = sandbox.stdout.readline()
        assert link, "it has ended"
    endpoint = site.path / "sandbox" / "endpoint.json"
    url, token = (orjson.loads(endpoint.read_bytes())[name] for name in ("url", "token"))
    foreign = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
    with httpx.Client(verify=False, trust_env=False) as curl:
        assert curl.get(f"{url}/sandbox/users?limit=1000").status_code == 401
        assert curl.post(f"{url}/sandbox/reset", content="{}", headers=foreign).status_code == 401
        held = {"Authorization": f"Bearer {token}"}
        assert curl.post(f"{url}/sandbox/reset", content="{}", headers={**foreign, **held}).status_code == 403
        assert [user["employeeId"] for user in curl.get(f"{url}/sandbox/users", headers=held).json()["users"]] == [
            "1001"
        ]
        assert curl.get(url).status_code == 401
        assert "ida.berg" in curl.get(link.split()[-1]).text
        secret = "sandbox-secret-of-no-worth-outside-this-machine"  # what everybody knew
        form = {"grant_type": "client_credentials", "client_id": "x", "client_secret": secret, "scope": "x"}
        assert "access_token" not in curl.post(f"{url}/tenant/oauth2/v2.0/token", data=form).text
    assert stat.S_IMODE(endpoint.stat().st_mode) == 0o600
    sandbox.terminate()
    site.end(sandbox)


VALUES = {
    "fields.first_name.max_length": "first_name.max_length = 99999999999999999999999999",
    "fields.hire_date.formats[0]": 'hire_date.formats = ["%Q"]',
    "fields.hire_date.formats": "hire_date.formats = []",
    "sources[0].business_date.format": 'business_date.format = "%Q"',
    "guards.approval_hours": "approval_hours = inf",
    "identity.retention_days": "retention_days = 900000000000",
    "fields.country.pattern": 'country.pattern = "(a+)+$"',
    "fields.hire_date.column": r'hire_date.column = "Hire\u0000Date"',
    "alerts.mail.host": r'mail.host = "h\nx"',
}
"""The lines of values.toml, as they stand in a profile."""


def with_value(line: str, key: str) -> str:
    """The built-in profile with one value changed."""
    values = tomllib.loads(
        (ROOT / "hcm_pipeline" / "profile" / "builtin" / "oracle-hcm.toml").read_text(encoding="utf-8")
    )
    path = re.findall(r"\w+", key)
    at: Any = values
    if path[-1] in ("0", "1"):
        path.pop()
    for name in path[:-1]:
        at = at[int(name)] if name.isdecimal() else at.setdefault(name, {})
    if key == "alerts.mail.host":
        at |= {"sender": "a@b", "recipients": ["a@b"]}
    at[path[-1]] = None
    return toml(values).replace('"<here>"', line.partition("= ")[2])


def toml(values: Any) -> str:
    """A profile as TOML, everything in one line for each key; None is where the value goes."""
    return "\n".join(f"{orjson.dumps(key).decode()} = {_inline(value)}" for key, value in values.items()) + "\n"


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{orjson.dumps(key).decode()} = {_inline(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return '"<here>"' if value is None else orjson.dumps(value).decode()


@pytest.mark.parametrize(("key", "line"), VALUES.items())
def test_sec_profile_values(tmp_path: Path, key: str, line: str) -> None:
    profile = tmp_path / "profile.toml"
    profile.write_text(with_value(line, key), encoding="utf-8")
    said = Site(tmp_path / "home").run("profile", "check", profile, code=1)
    assert said.startswith(f"hcm-pipeline: {profile}: {key} = ")
    assert (said.count("\n"), "fault" in said) == (1, False), said


def test_every_value_of_the_case_is_tried() -> None:
    text = (CASES / "sec-profile-values" / "values.toml").read_text(encoding="utf-8")
    tried = {re.sub(r"\[\d\]$", "", key) for key in VALUES}
    assert set(re.findall(r"^# [a-z]: ([\w.\[\]]+) =", text, re.MULTILINE)) == tried


def test_every_file_that_a_command_makes_is_its_owners_alone_under_a_umask_that_closes_nothing(tmp_path: Path) -> None:
    site, made = Site(tmp_path / "home"), tmp_path / "made"
    made.mkdir(mode=0o700)
    file = extract(tmp_path, "w-2026-11-12.csv", worker("1001", "Ida", "Berg"), worker("1002", "Per", "Lund"))
    for arguments in (
        ["init", site.path], ["land", file], ["run"], ["plan", "--html", made / "plan.html", "--csv", made / "plan.csv"],
        ["identity", "export", made / "ledger.csv"], ["upload"],
        ["outcomes", "--csv", made / "values.csv"],
    ):  # fmt: skip
        ended, out, err = warm.command([*map(str, arguments)], site.environment(), tmp_path, 120, umask=0)
        assert ended == 0, out + err
    assert {path.name for path in made.iterdir()} == {"plan.html", "plan.csv", "ledger.csv", "values.csv"}
    assert [*open_to_others(site.path), *open_to_others(made)] == []
