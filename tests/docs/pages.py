"""Reading the documentation: fenced blocks with the mark above them, tables by heading, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")), *sorted(DOCS.rglob("*.md"))]

_FENCE = re.compile(r"^```(?P<language>[a-z]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"<!-- (?P<kind>[a-z]+): (?P<value>[^ ]+)(?: exits (?P<code>\d))? -->\n\Z")
_APART = re.compile(r"^\*Not run by the tests: .+\*\n\n?\Z", re.MULTILINE)
_CELLS = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Block:
    """A fenced block. `kind`, `value` and `code` come from the comment `<!-- kind: value exits code -->` in the line above it.

    `at` is where it begins in the page; `apart` says that the line above tells readers why no test runs it.
    """

    language: str
    text: str
    kind: str | None = None
    value: str | None = None
    code: int = 0
    at: int = 0
    apart: bool = False


def blocks(page: Path) -> list[Block]:
    """Fenced blocks in their order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for fence in _FENCE.finditer(text):
        before = text[: fence.start()]
        mark, apart = _MARK.search(before), bool(_APART.search(before))
        kind, value, code = (mark["kind"], mark["value"], int(mark["code"] or 0)) if mark else (None, None, 0)
        found.append(Block(fence["language"], fence["text"], kind, value, code, fence.start(), apart))
    return found


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def rows(page: Path, heading: str | None = None) -> Iterator[list[str]]:
    """Cells of the table rows below a heading (of any level, up to the next heading; None: of the whole page)."""
    inside = heading is None
    for line in prose(page).splitlines():
        if heading is not None and line.startswith("#"):
            inside = line.lstrip("#").strip() == heading
        elif inside and line.startswith("|") and not line.startswith("|---"):
            yield [cell.strip() for cell in _CELLS.split(line)[1:-1]]


def headings(page: Path, level: int = 2) -> list[str]:
    """Headings of a level."""
    mark = "#" * level + " "
    return [line.removeprefix(mark) for line in prose(page).splitlines() if line.startswith(mark)]


def code(cell: str) -> str | None:
    """The text between backticks at the beginning of a cell; None when it does not begin so."""
    found = re.match(r"`([^`]*)`", cell)
    return found[1] if found else None


def anchors(page: Path) -> set[str]:
    """The fragments that a page's headings can be linked by."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
