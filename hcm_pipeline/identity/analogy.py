"""Names by analogy: the vowels that a script leaves out, as names that are written alike have them.

Known names are cut letter by letter (`محمد` is `mo ha me d`). An unknown one takes, for each letter, the consonant and the vowels
that this letter has in known names where the letters around it are most alike (memory-based learning: W. Daelemans and A. van den
Bosch, Memory-Based Language Processing, 2005). A proposal can be said; it never is more than that.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

import anyascii

_VOWELS = "aeiouy"
_AFTER = re.compile("[aeiouy]*")
_EDGE, _FAR = "#", 3
"""Before the first letter and behind the last, and as many as a window reaches."""


class _Window(NamedTuple):
    """Letters before and behind that must agree, and kinds of letters; the letter itself where `own` says so."""

    before: int
    behind: int
    kinds_before: int
    kinds_behind: int
    own: bool = True

    def of(self, letters: str, kinds: str, at: int) -> tuple[str, str]:
        """The surroundings of a letter, in names with edges around them."""
        near = letters[at - self.before : at + self.behind + 1] if self.own else ""
        return near, kinds[at - self.kinds_before : at + self.kinds_behind + 1]


_FOR_CONSONANTS = (
    _Window(2, 2, 0, 0),
    _Window(1, 1, 2, 2),
    _Window(0, 1, 1, 2),
    _Window(0, 0, 1, 1),
    _Window(0, 0, 0, 0),
)
_FOR_VOWELS = (
    _Window(2, 2, 0, 0), _Window(1, 1, 2, 2), _Window(0, 1, 1, 2), _Window(0, 0, 3, 3, own=False), _Window(0, 0, 1, 1),
    _Window(0, 0, 1, 1, own=False), _Window(0, 0, 0, 0),
)  # fmt: skip
"""The most alike first; each counts half of the one before it."""

Spellings = Mapping[str, Sequence[str]]
"""Each letter of a script, and what it may be by itself in Latin letters, the usual one first; empty where it may be silent."""


class _Votes:
    """The pieces that were seen in surroundings, and how often."""

    def __init__(self, windows: Sequence[_Window]) -> None:
        self._windows = windows
        self._seen: dict[Hashable, Counter[str]] = defaultdict(Counter)

    def count(self, name: _Name, at: int, state: Hashable, what: str) -> None:
        for level, window in enumerate(self._windows):
            self._seen[level, window.of(name.letters, name.kinds, at), state][what] += 1

    def most(self, name: _Name, at: int, state: Hashable) -> str | None:
        """The piece that most of the surroundings that are alike have; None where there are none."""
        votes: dict[str, float] = defaultdict(float)
        for level, window in enumerate(self._windows):
            found = self._seen.get((level, window.of(name.letters, name.kinds, at), state))
            if found:
                total = (found.total() + 0.5) * 2**level
                for what, times in found.items():
                    votes[what] += times / total
        return max(votes, key=lambda what: (votes[what], what)) if votes else None


class _Name(NamedTuple):
    """Letters, and kinds of letters, with edges around them."""

    letters: str
    kinds: str


class Analogy:
    """The spelling of names after known ones.

    `spellings`: the letters of the script; `kinds`: letters that stand for a kind of their own (all others are plain consonants);
    `at_least`: letters that are heard, and the vowel that they are where nothing else speaks for them; `known`: names, and the
    pieces of their spellings, one for each letter and all of small letters (see `cut`).
    """

    def __init__(
        self, known: Iterable[tuple[str, Sequence[str]]], spellings: Spellings, kinds: Mapping[str, str],
        at_least: Mapping[str, str],
    ) -> None:  # fmt: skip
        self._spellings, self._kinds, self._at_least = spellings, kinds, at_least
        self._consonants, self._vowels = _Votes(_FOR_CONSONANTS), _Votes(_FOR_VOWELS)
        for letters, pieces in known:
            name, before = self._name(letters), ""
            for at, (letter, piece) in enumerate(zip(letters, pieces, strict=True), _FAR):
                own = max((plain for plain in spellings[letter] if piece.startswith(plain)), key=len)
                self._consonants.count(name, at, _is_open(before), own)
                self._vowels.count(name, at, (_is_open(before), own == "", _is_open(own)), piece[len(own) :])
                before += piece

    def _name(self, letters: str) -> _Name:
        kinds = "".join(self._kinds.get(letter, "C") for letter in letters)
        return _Name(*(f"{_EDGE * _FAR}{one}{_EDGE * _FAR}" for one in (letters, kinds)))

    def spell(self, letters: str) -> str:
        """A proposal in small letters. A letter that the script's table has not is spelled by general transliteration."""
        name, made = self._name(letters), ""
        for at, letter in enumerate(letters, _FAR):
            if letter not in self._spellings:
                made += re.sub("[^a-z]", "", anyascii.anyascii(letter).lower())
                continue
            own = self._consonants.most(name, at, _is_open(made))
            own = self._spellings[letter][0] if own is None else own
            piece = own + (self._vowels.most(name, at, (_is_open(made), own == "", _is_open(own))) or "")
            made += piece or ("" if _is_open(made) else self._at_least.get(letter, ""))
        return sayable(made)


def _is_open(plain: str) -> bool:
    return plain[-1:] in tuple(_VOWELS)


_ONE = r"(?>[kscgtdpbz]h|[^aeiouy])"


def sayable(plain: str) -> str:
    """Small letters with a vowel between four consonants, and no letter three times.

    >>> sayable("mhammdstr"), sayable("bbbr"), sayable("")
    ('mhammadsatr', 'bbar', '')
    """
    plain = re.sub(r"(.)\1\1+", r"\1\1", plain)
    plain = re.sub(rf"({_ONE}{_ONE})(?={_ONE}{_ONE})", r"\1a", plain)
    return plain if re.search(f"[{_VOWELS}]", plain) else re.sub(rf"^({_ONE}+?)(?={_ONE}?$)", r"\1a", plain)


def sayable_words(plain: str) -> str:
    """The words of a name, each with its capital and with a vowel where it lacks one."""
    return re.sub(r"[A-Za-z]+", lambda word: sayable(word[0].lower()).capitalize(), plain)


def cut(letters: str, plain: str, spellings: Spellings) -> list[str]:
    """The piece of the spelling that each letter has, vowels that are not written behind it; empty where they do not agree.

    >>> cut("בדק", "bedek", {"ב": ["b"], "ד": ["d"], "ק": ["k"]})
    ['be', 'de', 'k']
    """
    if len(plain) > 4 * len(letters) or any(letter not in spellings for letter in letters):
        return []
    best: dict[int, tuple[float, list[str]]] = {
        0: (0, [])
    }  # by how far the spelling is used up: the price, and the pieces
    for letter in letters:
        reached: dict[int, tuple[float, list[str]]] = {}
        for at, (price, pieces) in best.items():
            for rank, own in enumerate(spellings[letter]):
                found = _AFTER.match(plain, at + len(own)) if plain.startswith(own, at) else None
                if found is None:
                    continue
                for stop in range(at + len(own), found.end() + 1):
                    cost = (
                        price + rank / 10 + (stop - at - len(own))
                    )  # a vowel belongs to the letter that stands for it
                    if stop not in reached or cost < reached[stop][0]:
                        reached[stop] = (cost, [*pieces, plain[at:stop]])
        best = reached
    return best[len(plain)][1] if len(plain) in best else []
