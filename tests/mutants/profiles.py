"""Profiles, and what can happen to them while somebody edits them: to lines, values, types, keys and sections."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from hcm_pipeline.flow.profiles import built_in_text
from tests.workers.driver import PROFILE

DOCS = Path(__file__).parents[2] / "docs"
VALUES = ("", '""', "''", '" "', "0", "-1", "1", "2", "1.5", "-0.0", "nan", "inf", "1e400", "9223372036854775807",
    "9223372036854775808", "0x7f",
          "9" * 400, "true", "false", "[]", "{}", "[[]]", '[""]', "[1]", "[true, 1]", '["a", "a"]', "{ a = 1 }",
          '{ sql = "1" }', '{ field = "x" }',
          "2026-11-02", "2026-11-02T10:00:00Z", "10:00:00", '"2026-13-45"', '"0000-00-00"', '"first_name"', '"nobody"',
          '"person_number"',
          '"\\u0000"', '"\\u202e"', '"\\U0001f4a5"', "'''", '"""a', '"' + "x" * 5000 + '"', '"("', "'(a+)+$'", "'[^'",
          "'(?P<a>x)(?P<a>y)'", "'\\\\'",
          '"%Y"', '"%"', '"%Q"', '"{first}"', '"{"', '"{nobody}"', '"{first:99999999999}"', '"../.."', '"/dev/zero"',
          '"https://x.example"',
          '"select 1"', '"1; drop table workers"', '"count(*)"', '"sum(active)"', '"first_name ||"', '"case when"',
          '"1/0"', '"-- x"',
          '"current_date"', '"now()"', '"getenv(\'HOME\')"', '"read_text(\'/etc/passwd\')"', '"(select 1)"',
          '"first_name::int"', '"[1,2][5]"',
          '"unnest([1,2])"', '"Europe/Nowhere"', '"UTC"', '"utf-7"', '"idna"', '"rot13"', '"auto"', '","', '"\\t"',
          '"a.b"', '"a b"',
          '"*"', '"**"', '"["', '"' + "*" * 50 + '"')  # fmt: skip
KEY = re.compile(r"^(\s*)([\w'\"{}:.-]+)(\s*=\s*)(.*)$")


@cache
def bases() -> tuple[str, ...]:
    """Profiles that are right."""
    return (PROFILE, built_in_text("oracle-hcm"), built_in_text("microsoft-csv2scim"))


@cache
def snippets() -> tuple[str, ...]:
    """Every example of the documentation that is TOML, and every section of a profile that is right."""
    found = []
    for page in sorted(DOCS.rglob("*.md")):
        found += re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    for base in bases():
        found += re.split(r"\n(?=\[)", base)
    return tuple(found)


def profile(seed: int, base: str | None = None) -> tuple[str, tuple[str, ...]]:
    """The mutant of a seed, and how it came about."""
    dice = random.Random(seed)
    lines = (base or dice.choice(bases())).splitlines()
    story = []
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        change = dice.choice(CHANGES)
        story.append(change(dice, lines))
    return "\n".join(lines) + "\n", tuple(story)


def value(dice: random.Random, lines: list[str]) -> str:
    """Another value for one key."""
    place = _keyed(dice, lines)
    indent, key, equals, _ = KEY.match(lines[place]).groups()  # type: ignore[union-attr]
    lines[place] = f"{indent}{key}{equals}{dice.choice(VALUES)}"
    return lines[place][:120]


def other(dice: random.Random, lines: list[str]) -> str:
    """The value of another key."""
    place, from_ = _keyed(dice, lines), _keyed(dice, lines)
    head, tail = KEY.match(lines[place]), KEY.match(lines[from_])
    assert head
    assert tail
    lines[place] = f"{head[1]}{head[2]}{head[3]}{tail[4]}"
    return lines[place]


def key(dice: random.Random, lines: list[str]) -> str:
    """Another name for one key."""
    place = _keyed(dice, lines)
    indent, name, equals, rest = KEY.match(lines[place]).groups()  # type: ignore[union-attr]
    other_name = KEY.match(lines[_keyed(dice, lines)])[2]  # type: ignore[index]
    lines[place] = (
        f"{indent}{dice.choice((name + 'x', name[:-1] or 'x', name.upper(), 'a.b', '', other_name))}{equals}{rest}"
    )
    return lines[place]


def gone(dice: random.Random, lines: list[str]) -> str:
    """A line less."""
    return f"without {lines.pop(dice.randrange(len(lines)))}" if len(lines) > 1 else ""


def twice(dice: random.Random, lines: list[str]) -> str:
    """A line again, elsewhere."""
    line = dice.choice(lines)
    lines.insert(dice.randrange(len(lines) + 1), line)
    return f"again {line}"


def moved(dice: random.Random, lines: list[str]) -> str:
    """A line elsewhere: under the heading of another section."""
    line = lines.pop(dice.randrange(len(lines)))
    lines.insert(dice.randrange(len(lines) + 1), line)
    return f"moved {line}"


def section(dice: random.Random, lines: list[str]) -> str:
    """An example of the documentation, or a section of another profile, in place of nothing."""
    added = dice.choice(snippets())
    headings = [place for place, line in enumerate(lines) if line.startswith("[")] + [len(lines)]
    place = dice.choice(headings)
    lines[place:place] = added.splitlines()
    return f"with {added}"


def character(dice: random.Random, lines: list[str]) -> str:
    """One character more or less."""
    place = dice.randrange(len(lines))
    at = dice.randrange(len(lines[place]) + 1)
    lines[place] = lines[place][:at] + dice.choice(("", '"', "'", "[", "]", "{", "}", "=", ",", ".", "#", "\\", "\t",
        "\0", "\ufeff", "\u200b", "9", "ä")) + lines[place][at + dice.choice((0, 1)) :]  # fmt: skip
    return lines[place]


def word(dice: random.Random, lines: list[str]) -> str:
    """A word of one line in place of a word of another: fields, functions and operators where they do not belong."""
    place = dice.randrange(len(lines))
    words = re.findall(r"\w+", dice.choice(lines)) or ["x"]
    found = list(re.finditer(r"\w+", lines[place]))
    if found:
        spot = dice.choice(found)
        lines[place] = lines[place][: spot.start()] + dice.choice(words) + lines[place][spot.end() :]
    return lines[place]


CHANGES: tuple[Callable[[random.Random, list[str]], str], ...] = (
    value, value, value, other, key, gone, twice, moved, section, section, character, word, word,
)  # fmt: skip


def _keyed(dice: random.Random, lines: list[str]) -> int:
    found = [place for place, line in enumerate(lines) if KEY.match(line)]
    if not found:
        lines.append("name = 1")
        return len(lines) - 1
    return dice.choice(found)
