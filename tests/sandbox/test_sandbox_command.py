"""The sandbox by itself: one command, none of the pipeline, for any client."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from .support import Tenant

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "use-the-sandbox.md"

ALONE = """
import sys
import hcm_pipeline.sandbox.__main__
loaded = {name.partition(".")[0] for name in sys.modules} & {"dagster", "duckdb", "pandas", "pandera", "pyarrow"}
rooms = {name for name in sys.modules if name.startswith("hcm_pipeline.") and not name.startswith("hcm_pipeline.sandbox")}
print(sorted(loaded), sorted(rooms))
"""

NOT_YET = {"hcm_pipeline.home", "hcm_pipeline.settings"}


def test_the_sandbox_loads_nothing_of_the_pipeline_but_its_errors() -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, timeout=60, check=True)
    loaded, rooms = done.stdout.split("] [")
    assert loaded == "["
    assert set(re.findall(r"[\w.]+", rooms)) - NOT_YET <= {"hcm_pipeline.errors", "hcm_pipeline.plain_text"}


@pytest.mark.parametrize("option", ["colour=red", "strict=maybe"])
def test_a_wrong_option_is_wrong_usage(tmp_path: Path, option: str) -> None:
    command = [sys.executable, "-m", "hcm_pipeline.sandbox", "--directory", str(tmp_path / "s"), "--option", option]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert option.partition("=")[0] in done.stderr
    assert not (tmp_path / "s").exists()


def test_what_the_guide_steers_from_powershell_is_taken(tenant: Tenant) -> None:
    [block] = re.findall(r"```powershell\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    calls = re.findall(r'"\$base/sandbox/(\w+)" -Headers \$control -Body \'(.*?)\'', block)
    assert [path for path, _ in calls] == ["clock", "faults", "options"]
    for path, body in calls:
        assert tenant.http.post(f"{tenant.handle.url}/sandbox/{path}", content=body).status_code == 200
