"""Each command line that a page shows, run by a test or not, is one that the command takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from hcm_pipeline.cli.main import app
from tests.docs.pages import DOCS, PAGES, ROOT, blocks, prose

SHELLS = ("sh", "bash", "powershell")
ENDS = re.compile(r"\s(?:&&|\|\|?|2?>)|\)(?:\s|$)")
UNSAID = ("BadParameter", "MissingParameter", "BadOptionUsage")
"""Faults of a line whose values were left out, or stand for others."""
COMMAND = typer.main.get_command(app)


def command_lines(page: Path) -> Iterator[str]:
    """The text behind `hcm-pipeline` in the blocks and in the inline code of a page."""
    for block in blocks(page):
        if block.language in SHELLS:
            for line in block.text.replace("\\\n", " ").splitlines():
                yield from _of(re.sub(r"\s+#.*$", "", line))
    for code in re.findall(r"`([^`\n]*hcm-pipeline [^`\n]*)`", prose(page)):
        yield from _of(code)


def _of(line: str) -> Iterator[str]:
    for rest in re.split(r"(?:^|[\s(/`])hcm-pipeline (?=[a-z-])", line)[1:]:
        yield ENDS.split(rest)[0].strip()


def fault_of(line: str) -> str | None:
    """The fault that the command finds in a line, before it does anything; values are not looked at."""
    words = [word.strip("[]") for word in shlex.split(re.sub(r"<[^<>]+>|…", "x", line))]
    command, context = COMMAND, None
    try:
        while True:
            given = command.make_context(command.name, words, parent=context, resilient_parsing=False)
            context = given
            if not hasattr(command, "resolve_command"):
                return None
            _, command, words = command.resolve_command(given, [*given._protected_args, *given.args])
    except (typer.Exit, SystemExit):
        return None
    except Exception as error:
        kind = type(error).__name__
        return None if kind in UNSAID else f"{kind}: {error}"


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=lambda page: str(page.relative_to(ROOT))
)
def test_every_command_line_of_a_page_is_one(page: Path) -> None:
    found = {line: fault for line in command_lines(page) if line and (fault := fault_of(line))}
    assert found == {}


def test_a_command_line_that_is_none_is_found() -> None:
    assert fault_of("upload --no-such-thing") is not None
    assert fault_of("no-such-verb") is not None
    assert fault_of("upload --accept-history REASON") is None
    assert next(command_lines(DOCS / "tutorial.md")) == "init acme --since 2026-03-02"
