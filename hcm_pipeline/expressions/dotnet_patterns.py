"""Regular expressions of .NET, as far as they mean the same here.

A pattern is read part by part: what is known is translated, and everything else is refused. The patterns are other people's, so
each match has a bound on time, and a pattern that reached it once is not tried again. Sources: "Regular expression language" and
"Substitutions in regular expressions" of .NET.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hcm_pipeline.expressions.values import NotKnown, Unknown

SECONDS = 0.1
"""The time that one match may take."""
LONGEST_PATTERN, LONGEST_SEARCHED = 1_000, 10_000
"""Characters of a pattern, and of a text that one is looked for in: the bound on time does not hold while a long literal is
compared."""
WORD, SPACE = r"\p{L}\p{Mn}\p{Nd}\p{Pc}", r"\f\n\r\t\v\x85\p{Z}"
"""The characters of \\w and \\s in .NET, to stand in a class."""
CATEGORY = re.compile(r"[pP]\{(?:L|Lu|Ll|Lt|Lm|Lo|M|Mn|Mc|Me|N|Nd|Nl|No|P|Pc|Pd|Ps|Pe|Pi|Pf|Po|S|Sm|Sc|Sk|So|Z|Zs)\}")
GROUP = re.compile(r"\?(?:<([A-Za-z_][A-Za-z0-9_]*)>|'([A-Za-z_][A-Za-z0-9_]*)'|(:|=|!|<=|<!|>))")
COUNT = re.compile(r"\{(\d+)(,(\d*))?\}")
PLAIN_ESCAPES = "tnrfv"
PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ ")


@dataclass
class Pattern:
    """A translated pattern. `unnamed` and `named`: its groups, in order; `ascii_only`: it is sure of ASCII text alone.

    `slow`: a match of it has reached the bound on time.
    """

    compiled: Any
    unnamed: list[int]
    named: dict[str, int]
    ascii_only: bool = False
    slow: bool = False

    def substitute(self, text: str, replacement: str) -> str:
        """All matches replaced; the replacement may name groups, as `${name}` and `$1`."""
        make = self._maker(replacement)
        return str(self._timed(text, lambda: self.compiled.sub(make, text, timeout=SECONDS)))

    def substitute_group(self, text: str, group: str, replacement: str) -> str:
        """In all matches, what a group has matched replaced by a text."""
        number = self._number(group)
        pieces, at = [], 0
        for match in self._timed(text, lambda: list(self.compiled.finditer(text, timeout=SECONDS))):
            if len(match.captures(number)) > 1:
                raise NotKnown("the group matches more than once in one match")
            start, end = match.span(number)
            if start >= 0:
                pieces += [text[at:start], replacement]
                at = end
        return "".join([*pieces, text[at:]])

    def extract(self, text: str, group: str) -> str:
        """The value of a group in the first match. Raises NotKnown when nothing matches."""
        number = self._number(group)
        match = self._timed(text, lambda: self.compiled.search(text, timeout=SECONDS))
        if match is None or match.start(number) < 0:
            raise NotKnown("the documentation does not say what comes out when the pattern matches nothing")
        return str(match.group(number))

    def found_in(self, text: str) -> tuple[bool, bool]:
        """Whether a part of a text matches, and whether the whole text does."""
        part = self._timed(text, lambda: self.compiled.search(text, timeout=SECONDS))
        whole = self._timed(text, lambda: self.compiled.fullmatch(text, timeout=SECONDS))
        return part is not None, whole is not None

    def _number(self, group: str) -> int:
        if group not in self.named:
            raise NotKnown("the regular expression has no group of that name")
        return self.named[group]

    def _timed(self, text: str, run: Callable[[], Any]) -> Any:
        if self.ascii_only and not text.isascii():
            raise NotKnown("where a word begins and ends is not sure to be the same as in .NET outside of ASCII")
        if len(text) > LONGEST_SEARCHED:
            raise NotKnown(f"a regular expression is looked for in more than {LONGEST_SEARCHED:,} characters")
        if self.slow:
            raise NotKnown("the regular expression takes too long")
        try:
            return run()
        except TimeoutError:
            self.slow = True
            raise NotKnown("the regular expression takes too long") from None

    def _maker(self, replacement: str) -> Callable[[Any], str]:
        parts: list[str | int] = []
        at = 0
        for found in re.finditer(r"\$(?:\$|\{(\w+)\}|(\d+)|&|.|\Z)", replacement, re.DOTALL):
            parts.append(replacement[at : found.start()])
            at = found.end()
            name, said = found[1] or found[2], found[0]
            if said == "$$":
                parts.append("$")
            elif said == "$&":
                parts.append(0)
            elif name is not None:
                parts.append(self._named(name))
            elif said[1:] and said[1] in "`'+_{":
                raise NotKnown("the replacement uses a substitution that is not read here")
            else:
                parts.append(said)
        parts.append(replacement[at:])
        return lambda match: "".join(each if isinstance(each, str) else match.group(each) or "" for each in parts)

    def _named(self, name: str) -> int:
        if name in self.named:
            return self.named[name]
        order = [0, *self.unnamed, *self.named.values()]  # .NET numbers the named ones after the others
        if name.isdigit() and int(name) < len(order):
            return order[int(name)]
        raise NotKnown("the replacement names a group that the regular expression has not")


@lru_cache(maxsize=256)
def _cached(pattern: str) -> Pattern | str:
    try:
        return _Translator(pattern).made()
    except NotKnown as not_known:
        return not_known.why


def translated(pattern: str) -> Pattern:
    """A pattern that means here what it means in .NET. Raises NotKnown where that is not sure."""
    if len(pattern) > LONGEST_PATTERN:
        raise NotKnown(f"the regular expression has more than {LONGEST_PATTERN:,} characters")
    found = _cached(pattern)
    if isinstance(found, str):
        raise NotKnown(found)
    return found


def matches_pattern(pattern: str, text: str) -> tuple[bool | Unknown, bool | Unknown]:
    """Whether a part of a text matches a pattern of .NET, and whether the whole text does."""
    try:
        return translated(pattern).found_in(text)
    except NotKnown as not_known:
        return Unknown(not_known.why), Unknown(not_known.why)


class _Translator:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.out: list[str] = []
        self.unnamed: list[int] = []
        self.named: dict[str, int] = {}
        self.ascii_only = False

    def made(self) -> Pattern:
        quantifiable = False
        while self.at < len(self.pattern):
            quantifiable = self.part(quantifiable)
        if len(self.unnamed) + len(self.named) > 99:
            raise self.refused("so many groups")
        import regex  # few commands meet a pattern

        try:
            compiled = regex.compile("".join(self.out), regex.V0)
        except (regex.error, OverflowError, RecursionError):
            raise NotKnown("the regular expression cannot be read") from None
        return Pattern(compiled, self.unnamed, self.named, self.ascii_only)

    def refused(self, what: str) -> NotKnown:
        return NotKnown(f"the regular expression has {what}, which is not sure to mean the same here as in .NET")

    def part(self, quantifiable: bool) -> bool:
        """Translate the next part; whether a quantifier may follow it."""
        here = self.pattern[self.at]
        if here == "\\":
            return self.escape()
        if here == "[":
            self.character_class()
            return True
        if here == "(":
            self.group()
            return False
        if here in "*+?{":
            return self.quantifier(quantifiable)
        self.at += 1
        self.out.append(r"\}" if here == "}" else here)
        return here not in "|^"

    def quantifier(self, quantifiable: bool) -> bool:
        counted = COUNT.match(self.pattern, self.at)
        if self.pattern[self.at] == "{" and counted is None:
            self.out.append(r"\{")
            self.at += 1
            return True
        if not quantifiable:
            raise self.refused("a quantifier after nothing or after another")
        if counted and any(int(each) > 1_000 for each in (counted[1], counted[3]) if each):
            raise self.refused("a count above 1,000")
        written = counted[0] if counted else self.pattern[self.at]
        self.at += len(written)
        if self.pattern.startswith("?", self.at):
            written += "?"
            self.at += 1
        self.out.append(written)
        return False

    def group(self) -> None:
        self.at += 1
        if not self.pattern.startswith("?", self.at):
            self.unnamed.append(len(self.unnamed) + len(self.named) + 1)
            self.out.append("(")
            return
        found = GROUP.match(self.pattern, self.at)
        if found is None:
            raise self.refused("an option or a kind of group")
        self.at = found.end()
        name = found[1] or found[2]
        if name is None:
            self.out.append(f"(?{found[3]}")
            return
        if name in self.named:
            raise self.refused("two groups of one name")
        self.named[name] = len(self.unnamed) + len(self.named) + 1
        self.out.append(f"(?<{name}>")

    def escape(self) -> bool:
        """A backslash and what follows, outside of a class."""
        follows = self.pattern[self.at + 1 : self.at + 2]
        if follows in ("b", "B"):
            self.ascii_only = True
            self.out.append(f"\\{follows}")
            self.at += 2
            return False
        ends = {"A": r"\A", "z": r"\Z", "Z": r"(?=\n?\Z)"}
        if follows in ends:
            self.out.append(ends[follows])
            self.at += 2
            return False
        if follows in ("W", "S"):
            self.out.append(f"[^{WORD if follows == 'W' else SPACE}]")
            self.at += 2
            return True
        inside = self.in_class()
        self.out.append(f"[{inside}]" if follows in ("w", "s") else inside)
        return True

    def in_class(self) -> str:
        """A backslash and what follows, as it stands in a class; the position goes on behind it."""
        follows = self.pattern[self.at + 1 : self.at + 2]
        start, self.at = self.at, self.at + 2
        known = {"w": WORD, "s": SPACE, "d": r"\p{Nd}", "D": r"\P{Nd}", "e": r"\x1b"}
        if follows in known:
            return known[follows]
        if follows and (follows in PLAIN_ESCAPES or follows in PUNCTUATION):
            return f"\\{follows}"
        code = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})").match(self.pattern, start)
        category = CATEGORY.match(self.pattern, start + 1)
        if code:
            self.at = code.end()
            return code[0]
        if category:
            self.at = category.end()
            return f"\\{category[0]}"
        raise self.refused(f"\\{follows}")

    def character_class(self) -> None:
        self.at += 1
        pieces = ["["]
        if self.pattern.startswith("^", self.at):
            self.at += 1
            pieces.append("^")
        empty, after_many = True, False
        while empty or not self.pattern.startswith("]", self.at):
            if self.at >= len(self.pattern):
                raise NotKnown("the regular expression cannot be read")
            piece, many = self.class_member(after_many)
            pieces.append(piece)
            empty, after_many = False, many
        self.at += 1
        self.out.append("".join([*pieces, "]"]))

    def class_member(self, after_many: bool) -> tuple[str, bool]:
        """The next member of a class, and whether it stands for many characters: a hyphen after such is a character."""
        here, two = self.pattern[self.at], self.pattern[self.at : self.at + 2]
        if two == "-[":
            raise self.refused("a class without another")
        if two in (r"\W", r"\S"):
            raise self.refused("a negated class inside a class")
        if two == r"\b":
            self.at += 2
            return r"\x08", False
        if here == "\\":
            return self.in_class(), two[1:] in ("w", "s", "d", "D", "p", "P")
        self.at += 1
        if here == "-" and (after_many or self.pattern[self.at : self.at + 1] == "]"):
            return r"\-", False
        return (f"\\{here}" if here in "[]&|~" else here), False
