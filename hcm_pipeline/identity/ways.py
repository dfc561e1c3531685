"""The words that the rules of romanisation share."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Way:
    """How one run of letters was spelled. `confidence` from 0 (nothing of it is known) to 1 (nothing was to decide)."""

    how: str
    confidence: float


LONGEST_WORD = 100
"""Letters of a word that is read syllable by syllable; no name is longer."""
LATIN = Way("Latin letters, without their marks", 1.0)


def table_of(text: str) -> dict[str, str]:
    """A letter and its spelling, and so on, between spaces."""
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


def as_loud(text: str, plain: str) -> str:
    """Capitals throughout where the name is written so."""
    return plain.upper() if text.isupper() and sum(map(str.isalpha, text)) > 1 else plain


def like_names(plain: str) -> str:
    """A capital at the beginning of every word, and small letters behind it."""
    return re.sub(r"[A-Za-z]+", lambda word: word[0].capitalize(), plain)
