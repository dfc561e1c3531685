"""The commands that the documentation shows work, and print what it shows."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import duckdb
import pytest

from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.sandbox import SandboxOptions, running
from tests.acceptance.support import Site, control
from tests.docs.pages import DOCS, PAGES, ROOT, blocks
from tests.docs.runner import environment, run

DAY = """Person Number,Account Status,First Name,Last Name,Department Name,Job Name,Manager,Country,Hire Date
00101,True,Maria,Garcia,Sales,Director,,ES,2019-05-01
00102,True,Jürgen,Groß,Finance,Director,00101,DE,2021-02-15
00104,True,Tom,Baker,Finance,Analyst,00101,DE,2023-01-09
00105,False,Anna,Kowalska,Finance,Analyst,00101,PL,2018-03-01
00106,True,Tom,Baker,Sales,Director,00101,GB,2026-03-03
"""
"""The tutorial's people on the day after it: two have another job."""
SAMPLE = ROOT.parent / "shared" / "data" / "microsoft-csv-with-1000-records.csv"


def marked(page: Path, kind: str, value: str) -> str:
    """The text of the blocks with this mark, joined."""
    return "\n".join(block.text for block in blocks(page) if (block.kind, block.value) == (kind, value))


def queries(page: Path, value: str) -> list[str]:
    """The statements of a page's marked SQL blocks."""
    return [text for text in marked(page, "sql", value).split(";") if text.strip()]


def ask(home: Path, query: str) -> list[tuple[object, ...]]:
    """The rows that a query finds in the read copy."""
    with duckdb.connect(str(home / "published" / "warehouse.duckdb"), read_only=True) as con:
        return con.execute(query).fetchall()


def test_the_tutorial_runs_as_written_and_so_do_the_pages_about_its_home(tmp_path: Path) -> None:
    run(DOCS / "tutorial.md", "tutorial", tmp_path)
    for page in ("pages-to-send.md", "rehearse-a-plan.md", "check-with-doctor.md", "set-the-target-up.md"):
        run(DOCS / "how-to" / page, "tutorial", tmp_path, "acme")
    why = queries(DOCS / "how-to" / "find-out-why.md", "why")
    answers = [ask(tmp_path / "acme", query) for query in why]
    assert [bool(rows) for rows in answers] == [False, True, False, True, True, True, False, True, False]
    newest = max((tmp_path / "acme" / "manifests").glob("*/*"))
    run(DOCS / "how-to" / "find-out-why.md", "why", tmp_path, "acme", filled={"MANIFEST": lambda: newest.name[:12]})
    _two_fail_and_are_mended(tmp_path)


def _two_fail_and_are_mended(folder: Path) -> None:
    """The day after the tutorial: the target does not know a domain, until somebody verifies it."""
    page = DOCS / "how-to" / "mend-failures.md"
    site = Site(folder / "acme", str(folder / "acme" / "profile.toml"))

    def look() -> None:
        answers = [ask(site.path, query) for query in queries(page, "failures")]
        assert [bool(rows) for rows in answers] == [True, True, True, True, True, False]

    with running(site.home.sandbox, options=SandboxOptions(cycle_seconds=0.2)) as sandbox:
        failing = {"kind": "fail", "code": "InvalidDomain", "external_ids": ["00102", "00106"], "each": 1}
        control(sandbox, "faults", **failing)
        (folder / "workers-2026-03-04.csv").write_text(DAY, encoding="utf-8")
        for command in (("land", folder / "workers-2026-03-04.csv"), ("run",), ("upload",)):
            site.run(*command)
        run(page, "mend", folder, "acme", meanwhile={"mended": look})
        assert site.json("outcomes")["failures"] == []


def test_landing_files_gives_the_outcomes_that_are_shown(tmp_path: Path) -> None:
    run(DOCS / "how-to" / "land-extracts.md", "land", tmp_path)


def test_oracle_hcm_is_followed_as_written(tmp_path: Path) -> None:
    run(DOCS / "how-to" / "follow-oracle-hcm.md", "live", tmp_path)


def test_what_a_guard_holds_is_read_and_approved_as_written(tmp_path: Path) -> None:
    run(DOCS / "how-to" / "read-a-plan-and-decide.md", "decide", tmp_path)


def test_the_example_profile_loads_and_its_file_runs(tmp_path: Path) -> None:
    run(DOCS / "how-to" / "write-a-profile.md", "profile", tmp_path)


def test_the_alerts_that_are_shown_are_those_of_a_profile() -> None:
    own = resources.files("hcm_pipeline.profile.builtin").joinpath("oracle-hcm.toml").read_text(encoding="utf-8")
    shown = marked(DOCS / "how-to" / "mend-failures.md", "part", "alerts.toml")
    alerts = parse_profile(f"{own}\n{shown}", "mend-failures.md").profile.alerts
    assert (alerts.webhook_format, alerts.mail and alerts.mail.user) == ("teams", "pipeline")


def test_the_target_that_is_shown_is_one_of_the_example_profile() -> None:
    page = DOCS / "how-to" / "write-a-profile.md"
    shown = "\n".join((marked(page, "file", "northwind/profile.toml"), marked(page, "part", "target.toml")))
    profile = parse_profile(shown, "write-a-profile.md").profile
    assert {"extensionAttribute2", "surname"} == set(profile.target.entra)


def test_the_words_about_nulls_that_are_shown_are_those_of_a_profile() -> None:
    own = resources.files("hcm_pipeline.profile.builtin").joinpath("oracle-hcm.toml").read_text(encoding="utf-8")
    shown = marked(DOCS / "how-to" / "clear-values.md", "part", "nulls.toml")
    delivery = parse_profile(f"{own}\n{shown}", "clear-values.md").profile.delivery
    assert (len(delivery.flows_nulls), delivery.instead_of_null) == (3, {"division": "N/A"})


def test_the_profiles_that_are_shown_as_files_load() -> None:
    found = ((page, block) for page in PAGES for block in blocks(page))
    shown = [(page, block) for page, block in found if (block.language, block.kind) == ("toml", "file")]
    assert shown
    for page, block in shown:
        assert parse_profile(block.text, page.name).profile.sources


def test_the_findings_in_microsofts_sample_are_those_of_a_real_run(tmp_path: Path) -> None:
    if not SAMPLE.is_file():
        pytest.skip(f"Microsoft's sample is not there: {SAMPLE.relative_to(ROOT.parent)} beside the project")
    shutil.copyfile(SAMPLE, tmp_path / SAMPLE.name)
    page = DOCS / "explanation" / "microsoft-sample.md"
    run(page, "microsoft", tmp_path)
    quarantined, warnings, countries, in_quarantine = (
        ask(tmp_path / "home", query) for query in queries(page, "microsoft")
    )
    assert quarantined == [(641, 265)]
    assert warnings == [("unknown", 213)]
    assert ("GB", 77) in countries
    assert in_quarantine == [(83,)]


@pytest.mark.parametrize(
    "command", ["hcm-pipeline sandbox", "python -m hcm_pipeline.sandbox --directory sandbox"], ids=["home", "alone"]
)
def test_another_client_signs_in_uploads_reads_the_log_and_steers_the_sandbox(tmp_path: Path, command: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    page = DOCS / "how-to" / "use-the-sandbox.md"
    script = "".join(marked(page, "sandbox", part) for part in ("curl", "control", "faults", "oracle"))
    with _sandbox_command(command, tmp_path):
        done = subprocess.run(
            ["bash", "-c", f"set -euo pipefail\n{script}"],
            cwd=tmp_path, env=environment(tmp_path), capture_output=True, encoding="utf-8", timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "202 Accepted" in done.stdout
    assert '"provisioningAction":"create"' in done.stdout
    assert '"error"' not in done.stdout


@contextmanager
def _sandbox_command(command: str, folder: Path) -> Iterator[None]:
    """A sandbox on a free port, until the end of the block, with what it prints in `sandbox.env`."""
    out = folder / "sandbox.env"
    words = [*command.split(), "--port", "0"]
    with out.open("w") as file, subprocess.Popen(words, stdout=file, cwd=folder, env=environment(folder)) as child:
        try:
            patience = time.monotonic() + 60
            while "SSL_CERT_FILE" not in out.read_text():
                assert child.poll() is None, "the sandbox has ended"
                assert time.monotonic() < patience, "the sandbox is not ready"
                time.sleep(0.1)
            yield
        finally:
            child.terminate()
