"""Text of others, secrets and modes: the shared cases, by the commands of their `expected.md`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from .support import ROOT, Site, extract, worker

CASES = ROOT.parent / "shared" / "cases"
pytestmark = pytest.mark.skipif(
    not CASES.is_dir() and "CI" not in os.environ, reason="the shared cases are not beside the project"
)
BEYOND = {*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), *map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A)))}


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
        assert site.json(*verb.split()) is not None
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
