"""The verb `ui`: what it hands to the process that serves, and what it warns of."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hcm_pipeline.cli import ui as verb
from hcm_pipeline.cli.main import app
from hcm_pipeline.errors import UsageError

started: list[list[str]] = []


def served(command: list[str], environment: dict[str, str], folder: Path) -> int:
    """A process that has served, and ended well."""
    started.append(command)
    return 0


@pytest.fixture(autouse=True)
def _no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started.clear()
    monkeypatch.setenv("HCM_PIPELINE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(verb, "serve", served)


def said_of(*arguments: str) -> str:
    """All that the verb says."""
    found = CliRunner().invoke(app, ["ui", *arguments], catch_exceptions=False)
    assert found.exit_code == 0
    return found.output


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "build.example"])
def test_an_address_beyond_this_machine_without_a_sign_in_warns(host: str) -> None:
    assert "there is no sign-in" in said_of("--host", host)
    assert "warning" not in said_of("--host", host, "--proxy-user-header", "X-Forwarded-User")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_an_address_of_this_machine_does_not(host: str) -> None:
    assert "warning" not in said_of("--host", host)


def test_the_serving_process_gets_all_that_the_operator_names() -> None:
    said_of("--port", "3100", "--allowed-host", "a.example", "--allowed-host", "b.example:8443", "--proxy-user-header", "X-User",
            "--proxy-address", "10.0.0.0/24", "--path-prefix", "/dagster", "--no-daemon")  # fmt: skip
    [command] = started
    assert command == [
        sys.executable, "-m", "hcm_pipeline.defs.web_server", "--host=127.0.0.1", "--port=3100", "--path-prefix=/dagster",
        "--allowed-host=a.example", "--allowed-host=b.example:8443", "--proxy-user-header=X-User", "--proxy-address=10.0.0.0/24",
        "--no-daemon",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        ("--allowed-host", "https://x"),
        ("--proxy-user-header", "a b"),
        ("--proxy-address", "me"),
        ("--path-prefix", "x/"),
    ],
)
def test_an_option_that_cannot_be_meant_is_wrong_usage_before_anything_starts(wrong: tuple[str, str]) -> None:
    with pytest.raises(UsageError):
        said_of(*wrong)
    assert started == []
