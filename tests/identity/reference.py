"""The rules of names once more, without SQL: one worker and one name after another, as a person with a pencil would.

Slow, and written from docs/explanation/names.md and the profile's reference, to compare with. Spelling is the product's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hcm_pipeline.directory import COMMON_NAME, SAM, UPN_LOCAL, Limit
from hcm_pipeline.identity.reserved import RESERVED
from hcm_pipeline.identity.spelling import spell_many
from hcm_pipeline.profile import Naming, Profile

EDGES = "._ -'"
OTHER = {"first": "last", "preferred": "last", "last": "preferred"}
ATTRIBUTES = ("user_principal_name", "sam_account_name", "common_name")


@dataclass
class Books:
    """The books of names: lower case name to its holder, by attribute. A userPrincipalName stands without its domain."""

    profile: Profile
    taken: dict[str, dict[str, str]] = field(default_factory=lambda: {name: {} for name in ATTRIBUTES})

    def __post_init__(self) -> None:
        for word in (*RESERVED, *self.profile.identity.reserved):
            self.take("user_principal_name", word, "reserved")
            self.take("sam_account_name", word, "reserved")

    def take(self, attribute: str, name: str, who: str) -> None:
        """Write it down."""
        self.taken[attribute][name.lower()] = who

    def join(self, people: list[tuple[str, str, str]]) -> dict[str, tuple[str, str, str]]:
        """Names for people (number, first and last name) who come on one day: number to userPrincipalName and so on."""
        parts = {number: self._parts(number, first, last) for number, first, last in people}
        identity, found = self.profile.identity, []
        for attribute, naming, limit in (
            ("user_principal_name", identity.user_principal_name, UPN_LOCAL),
            ("sam_account_name", identity.sam_account_name, SAM),
            ("common_name", identity.common_name, COMMON_NAME),
        ):
            found.append(self._give(attribute, naming, limit, parts))
        return {n: (f"{found[0][n]}@{identity.domain}", found[1][n], found[2][n]) for n in parts}

    def _parts(self, number: str, first: str, last: str) -> dict[str, str]:
        spelled = spell_many([(first, ""), (last, "")])
        if min(spelling.confidence for spelling in spelled) < self.profile.identity.spelling.review_below:
            plain = ["", ""]
        else:
            plain = [spelling.plain for spelling in spelled]
        plain[1] = re.sub(r"[ ,]+(jr|sr|ii|iii|iv|phd|md|esq)[.]?$", "", plain[1], flags=re.IGNORECASE)
        return {"first": plain[0], "preferred": plain[0], "middle": "", "last": plain[1], "number": number}

    def _give(self, attribute: str, naming: Naming, limit: Limit, parts: dict[str, dict[str, str]]) -> dict[str, str]:
        ladders = {
            n: [candidate(template, p, naming, limit) for template in naming.candidates] for n, p in parts.items()
        }
        got: dict[str, str] = {}
        for step in range(len(naming.candidates)):
            for number in sorted(ladders):
                self._try(attribute, number, ladders[number][step], got)
        bases = {n: next((name for name in ladder if name), None) for n, ladder in ladders.items()}
        for number in sorted(bases):
            if bases[number] is None:
                bases[number] = stand_in(attribute, number)
                self._try(attribute, number, bases[number], got)
        self._number(attribute, naming, limit, {n: base or "" for n, base in bases.items()}, got)
        return got

    def _try(self, attribute: str, number: str, name: str | None, got: dict[str, str]) -> None:
        if number not in got and name and name.lower() not in self.taken[attribute]:
            got[number] = name
            self.take(attribute, name, number)

    def _number(self, attribute: str, naming: Naming, limit: Limit, bases: dict[str, str], got: dict[str, str]) -> None:
        last: dict[str, int] = {}
        for base in bases.values():
            alike = [name for name in self.taken[attribute] if stem(name, limit) == stem(base, limit)]
            numbers = [int(found[0]) for name in alike if (found := re.search("[1-9][0-9]{0,5}$", name))]
            counted = [n for n in numbers if n <= 2 * len(alike) + 8]
            last[stem(base, limit)] = max([naming.number_from - 1, *counted])
        while left := [number for number in sorted(bases) if number not in got]:
            for number in left:
                kind = stem(bases[number], limit)
                last[kind] += 1
                self._try(attribute, number, numbered(bases[number], last[kind], naming, limit), got)


def candidate(template: str, parts: dict[str, str], naming: Naming, limit: Limit) -> str | None:
    """The name that a template makes of the parts; None when it makes no name of its own."""
    pieces = [(part, modifier, piece(parts, part, modifier, naming))
              for part, modifier in re.findall(r"\{(\w+)(?::(\w+))?\}", template)]  # fmt: skip
    names = [text for part, _, text in pieces if part in OTHER]
    if any(not text for part, _, text in pieces if part not in OTHER) or (names and not any(names)):
        return None
    texts = iter(text for _, _, text in pieces)
    made = re.sub(r"\{[^}]*\}", lambda _: next(texts), template)
    if not all(names):  # what stood before or behind a blank goes with it
        made = re.sub("([._ -])[._ -]+", r"\1", made)
        made = made.strip(EDGES)
    if len(made) > limit.chars or made[-1:] in (*EDGES, ""):
        made = made.strip(EDGES)[: limit.chars].strip(EDGES)
    letters = "".join(parts[part] for part, _, _ in pieces)
    if limit is SAM and made.isdecimal() and any(map(str.isalpha, letters)):
        return None  # digits alone are no name where there was a letter
    return made or None


def piece(parts: dict[str, str], part: str, modifier: str, naming: Naming) -> str:
    """The text for one placeholder."""
    text = parts[part]
    words = re.split("[ -]+", text)
    if modifier == "initials":
        text = "".join(word[:1] for word in words)
    elif modifier.startswith("part"):
        place = int(modifier.removeprefix("part"))
        text = words[place - 1] if place <= len(words) else ""
    text = "".join(character for character in text if character not in " .'-" or character in naming.keep)
    text = {"lower": text.lower(), "upper": text.upper(), "keep": text}[naming.case]
    if modifier.isdigit() and (part not in OTHER or parts[OTHER[part]]):
        text = text[: int(modifier)]
    return text


def stem(name: str, limit: Limit) -> str:
    """The part that names with numbers behind them have in common."""
    return re.sub("([._ -]?[0-9]+)+$", "", name.lower())[: limit.chars - 5]


def numbered(base: str, number: int, naming: Naming, limit: Limit) -> str:
    """The name with the number behind it, and nothing lost of the number."""
    behind = f"{naming.number_separator}{number}"
    return base[: limit.chars - len(behind)].rstrip(EDGES) + behind


def stand_in(attribute: str, number: str) -> str:
    """The name of whom no candidate names; person numbers of these tests are short, and of letters and digits."""
    return {"user_principal_name": f"user-{number.lower()}", "sam_account_name": f"u{number.lower()}"}.get(
        attribute, f"User {number}"
    )
