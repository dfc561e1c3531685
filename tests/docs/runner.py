"""Runs a page's blocks as its reader would: one shell, in their order, in an empty folder.

Blocks marked `<!-- test: name -->` are run, `<!-- file: path -->` are written to that path. A `text` block after a run one
shows what it prints: each of its lines must stand in the output, in that order, with `…` for anything.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests import warm
from tests.docs.pages import Block, blocks

OWN = re.compile(r"(HCM_PIPELINE|AZURE|DAGSTER|ORACLE_HCM)_.*|SSL_CERT_FILE|COLUMNS")


@dataclass(frozen=True)
class Step:
    """A run block, and the lines that the page says it prints."""

    script: str
    shown: list[str]


def steps(page: Path, name: str) -> list[Step]:
    """The marked blocks of a page, files included as the commands that write them."""
    found: list[Step] = []
    for block in blocks(page):
        if block.kind == "file":
            found.append(Step(_writing(block), []))
        elif (block.kind, block.value) == ("test", name):
            found.append(Step(block.text, []))
        elif block.language == "text" and found and block.kind is None:
            found[-1].shown.extend(line for line in block.text.splitlines() if line.strip())
    return found


def _writing(block: Block) -> str:
    return f"mkdir -p \"$(dirname {block.value})\"\ncat > {block.value} <<'END-OF-FILE'\n{block.text}END-OF-FILE\n"


def environment(home: Path) -> dict[str, str]:
    """The environment without anything that the pipeline reads, with its command on the path."""
    kept = {name: value for name, value in os.environ.items() if not OWN.fullmatch(name)}
    bin_folder = str(Path(sys.executable).parent)
    return {**kept, "PATH": f"{bin_folder}{os.pathsep}{kept.get('PATH', '')}", "HCM_PIPELINE_HOME": str(home)}


def run(page: Path, name: str, folder: Path, home: str = "home") -> None:
    """Run the marked blocks of a page in `folder`, where `home` is the name of the home.

    Fails with the output when a command fails or a line is missing.
    """
    todo = steps(page, name)
    assert todo, f"{page.name} has no block marked test: {name}"
    divider = "@@ next block @@"
    script = "set -euo pipefail\n" + f"echo '{divider}'\n".join(step.script for step in todo)
    with warm.on_the_path() as commands:
        around = environment(folder / home)
        around["PATH"] = f"{commands}{os.pathsep}{around['PATH']}"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=folder,
            env=around,
            capture_output=True,
            encoding="utf-8",
            timeout=600,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    for step, output in zip(todo, done.stdout.split(divider + "\n"), strict=True):
        printed = [" ".join(line.split()) for line in output.splitlines()]
        at = 0
        for line in step.shown:
            wanted = ".*".join(map(re.escape, " ".join(line.split()).split("…")))
            place = next((i for i in range(at, len(printed)) if re.fullmatch(wanted, printed[i])), None)
            assert place is not None, f"{page.name} shows a line that is not printed:\n{line}\n\n{output}"
            at = place + 1
