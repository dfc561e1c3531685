"""Runs a page's blocks as its reader would: one shell, in their order, in an empty folder.

Blocks marked `<!-- test: name -->` are run, `<!-- file: path -->` are written to that path; `<!-- test: name exits 3 -->`
is one that ends so. A `text` block after a run one shows what it prints: each of its lines must stand in the output, in
that order, with `…` for anything. `<!-- meanwhile: name -->` is where people do something that no command of the page does,
in a portal or in HR.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer

from tests import warm
from tests.docs.pages import Block, blocks

OWN = re.compile(r"(HCM_PIPELINE|AZURE|DAGSTER|ORACLE_HCM)_.*|SSL_CERT_FILE|COLUMNS")
DIVIDER = "@@ next block @@"
SECONDS = 600
_MEANWHILE = re.compile(r"^<!-- meanwhile: (\S+) -->$", re.MULTILINE)
_SHELL = 'set -euo pipefail; while IFS= read -r -u {door} step; do . "$step"; echo "{divider}"; done'


@dataclass(frozen=True)
class Step:
    """A run block, and the lines that the page says it prints; or the name of what happens meanwhile."""

    script: str
    shown: list[str]
    meanwhile: str | None = None


def steps(page: Path, name: str) -> list[Step]:
    """The marked blocks of a page in their order, files included as the commands that write them."""
    found: list[tuple[int, Step]] = []
    shows = False
    for block in blocks(page):
        if block.kind == "file":
            found.append((block.at, Step(_writing(block), [])))
        elif (block.kind, block.value) == ("test", name):
            found.append((block.at, Step(_ending(block), [])))
        elif block.language == "text" and shows and block.kind is None:
            found[-1][1].shown.extend(line for line in block.text.splitlines() if line.strip())
            continue
        shows = block.kind == "file" or (block.kind, block.value) == ("test", name)
    walks = [(block.at, block.value) for block in blocks(page) if block.kind == "test"]
    for mark in _MEANWHILE.finditer(page.read_text(encoding="utf-8")):  # of the walk whose block stands before it
        before = [value for at, value in walks if at < mark.start()] or [value for _, value in walks]
        if before[-1 if walks[0][0] < mark.start() else 0] == name:
            found.append((mark.start(), Step("", [], mark[1])))
    return [step for _, step in sorted(found, key=lambda one: one[0])]


def _writing(block: Block) -> str:
    return f"mkdir -p \"$(dirname {block.value})\"\ncat > {block.value} <<'END-OF-FILE'\n{block.text}END-OF-FILE\n"


def _ending(block: Block) -> str:
    if not block.code:
        return block.text
    told = f'[ "$code" = {block.code} ] || {{ echo "exit code $code instead of {block.code}"; exit 1; }}'
    return f"set +e\n(\nset -e\n{block.text})\ncode=$?\nset -e\n{told}\n"


def environment(home: Path) -> dict[str, str]:
    """The environment without anything that the pipeline reads, with its command on the path."""
    kept = {name: value for name, value in os.environ.items() if not OWN.fullmatch(name)}
    bin_folder = str(Path(sys.executable).parent)
    return {**kept, "PATH": f"{bin_folder}{os.pathsep}{kept.get('PATH', '')}", "HCM_PIPELINE_HOME": str(home)}


def run(
    page: Path,
    name: str,
    folder: Path,
    home: str = "home",
    *,
    variables: Mapping[str, str] | None = None,
    meanwhile: Mapping[str, Callable[[], object]] | None = None,
    filled: Mapping[str, Callable[[], str]] | None = None,
) -> None:
    """Run the marked blocks of a page in `folder`, where `home` is the name of the home.

    `variables` are what the reader's environment has besides; `meanwhile` has what others do at the places that the page
    marks; `filled` has what readers write in the place of a word, such as MANIFEST. Fails with the output when a command
    ends otherwise than the page says, or a line is missing.
    """
    todo = steps(page, name)
    done = meanwhile or {}
    assert any(step.script for step in todo), f"{page.name} has no block marked test: {name}"
    assert {step.meanwhile for step in todo if step.meanwhile} == set(done), f"what happens meanwhile in {page.name}"
    own = {key: value for key, value in (variables or {}).items() if OWN.fullmatch(key)}
    with warm.on_the_path() as commands, TemporaryDirectory() as here, _Shell(folder, Path(here)) as shell:
        around = {**environment(folder / home), **own}
        around["PATH"] = f"{commands}{os.pathsep}{around['PATH']}"
        shell.open(around)
        for step in todo:
            if step.meanwhile:
                done[step.meanwhile]()
                continue
            script = step.script
            for word, value in (filled or {}).items():
                if word in script:
                    script = re.sub(rf"\b{word}\b", value(), script)
            _compare(page, step, shell.say(script))


class _Shell:
    """One bash that takes scripts one after the other and says when each is done."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self._folder, self._script = folder, scratch / "step.sh"

    def __enter__(self) -> _Shell:
        self._read, self._write = os.pipe()
        return self

    def open(self, around: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            ["bash", "-c", _SHELL.format(door=self._read, divider=DIVIDER)], cwd=self._folder, env=dict(around),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
            pass_fds=[self._read],
        )  # fmt: skip
        self._late = Timer(SECONDS, self._process.kill)
        self._late.start()

    def say(self, script: str) -> str:
        """Run a script in it; what it printed. Fails with that when the shell has ended."""
        self._script.write_text(script, encoding="utf-8")
        os.write(self._write, f"{self._script}\n".encode())
        printed: list[str] = []
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.rstrip("\n").endswith(DIVIDER):
                return "".join((*printed, line.rstrip("\n").removesuffix(DIVIDER)))
            printed.append(line)
        raise AssertionError(f"{script}\nended with {self._process.wait()}:\n{''.join(printed)}")

    def __exit__(self, *_: object) -> None:
        os.close(self._write)
        os.close(self._read)
        self._process.wait()
        self._late.cancel()
        assert self._process.stdout is not None
        self._process.stdout.close()


def _compare(page: Path, step: Step, output: str) -> None:
    printed = [" ".join(line.split()) for line in output.splitlines()]
    at = 0
    for line in step.shown:
        wanted = ".*".join(map(re.escape, " ".join(line.split()).split("…")))
        place = next((i for i in range(at, len(printed)) if re.fullmatch(wanted, printed[i])), None)
        assert place is not None, f"{page.name} shows a line that is not printed:\n{line}\n\n{output}"
        at = place + 1
