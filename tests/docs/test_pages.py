"""Links resolve, the README's commands stand where they must, and nothing local is named."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, PAGES, ROOT, anchors, blocks, prose

LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_resolves(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_file(), link
        assert not fragment or fragment in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_page_can_be_reached_from_the_readme(page: Path) -> None:
    reached, todo = set(), [ROOT / "README.md"]
    while todo:
        at = todo.pop()
        if at in reached:
            continue
        reached.add(at)
        links = (link.partition("#")[0] for link in LINK.findall(prose(at)) if not re.match(r"[a-z]+:", link))
        todo += [(at.parent / link).resolve() for link in links if link.endswith(".md")]
    assert page in reached


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_no_place_of_one_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"/(home|root|work|tmp|Users)/", text.replace("acme/", ""))


def test_the_readme_begins_with_demo_tests_and_ui() -> None:
    first, second, third = blocks(ROOT / "README.md")[:3]
    assert first.text.rstrip().endswith("&& .venv/bin/hcm-pipeline demo")
    assert second.text.rstrip().endswith("&& .venv/bin/pytest")
    assert third.text == ".venv/bin/hcm-pipeline ui\n"
    assert all(block.text.count("\n") == 1 for block in (first, second, third))


def test_ci_runs_the_second_block_of_the_readme() -> None:
    (extract,) = re.findall(r"command=\$\((awk .* README\.md)\)", (ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    done = subprocess.run(["bash", "-c", extract], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == blocks(ROOT / "README.md")[1].text


def test_a_profile_fault_points_to_a_page_that_is_there() -> None:
    source = (ROOT / "hcm_pipeline" / "profile" / "load.py").read_text(encoding="utf-8")
    named = re.findall(r"docs/[\w/-]+\.md", source)
    assert named
    assert all((ROOT / path).is_file() for path in named)
    assert (DOCS / "reference" / "environment.md").is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_module_that_a_page_names_is_there(page: Path) -> None:
    places = (ROOT, ROOT / "hcm_pipeline")
    for path in re.findall(r"`((?:\w+/)+\w+\.(?:py|sql))`", page.read_text(encoding="utf-8")):
        assert any((place / path).is_file() for place in places), path


def test_no_two_pages_make_a_home_of_one_name() -> None:
    made: dict[str, list[str]] = {}
    for page in PAGES:
        for name in set(re.findall(r"hcm-pipeline init ([\w-]+)", page.read_text(encoding="utf-8"))):
            made.setdefault(name, []).append(page.name)
    assert {name: pages for name, pages in made.items() if len(pages) > 1 and name not in ("DIR", "DIRECTORY")} == {}


FOLLOWED = {
    "clear-values.md", "deliver-to-a-tenant.md", "find-out-why.md", "go-live.md", "land-extracts.md", "mend-failures.md",
    "mend-wrong-matches.md", "recover.md", "serve-the-ui.md", "set-the-target-up.md", "several-targets.md",
    "take-files-from-places.md", "write-back.md",
}  # fmt: skip
"""Pages whose commands are run from the page."""
RUN = ("test", "sandbox", "served", "file", "part")


@pytest.mark.parametrize("name", sorted(FOLLOWED))
def test_what_no_test_runs_says_so_to_its_reader(name: str) -> None:
    for block in blocks(DOCS / "how-to" / name):
        if block.language in ("sh", "powershell", "nginx"):
            assert block.kind in RUN or block.apart, block.text


def test_the_glossary_is_in_the_order_of_the_alphabet() -> None:
    words = re.findall(r"^\*\*(.+?)\.\*\*", prose(DOCS / "reference" / "glossary.md"), re.MULTILINE)
    assert words == sorted(words, key=str.lower)


OWN_WORDS = (
    "manifest", "operation", "business date", "snapshot", "canary", "extract", "cohort", "withheld", "quarantine", "receipt",
    "ledger", "synchronization job",
)  # fmt: skip
"""Words that mean something of their own here."""


@pytest.mark.parametrize(
    "page", [*sorted((DOCS / "how-to").glob("*.md")), DOCS / "tutorial.md"], ids=lambda page: page.stem
)
def test_a_page_links_the_words_of_the_glossary_that_it_uses(page: Path) -> None:
    text = re.sub(r"`[^`\n]*`|^[|#].*$", "", prose(page), flags=re.MULTILINE)
    used = [word for word in OWN_WORDS if re.search(rf"(?<![\w-]){word}s?(?![\w-])", text, re.IGNORECASE)]
    linked = " ".join(re.findall(r"\[([^\]]*)\]\(", prose(page))).lower()
    assert [word for word in used if word not in linked] == []
