#!/usr/bin/env python3
"""Make `hcm_pipeline/identity/arabic_script_names.txt`: names in Arabic script and the spelling that most of their bearers have.

    python benchmarks/arabic_names.py names.sqlite3

`names.sqlite3` is the index of the package `arabic-name-romanizer` 0.2.0 (MIT), which holds labels of people in Wikidata (CC0 1.0),
counted by country. Only those are taken, and of them what is written at least twice and whose letters agree with its spelling: a
translated name (`Elias` for `إلياس` is one, `Raymond` for `ريمون` none) teaches nothing about others. The parts `عبد`, `ال` and
`الدين` are joined to what they belong to; the article is left out, for its spelling is the country's.
"""

from __future__ import annotations

import argparse
import re
import sqlite3
import sys
import textwrap
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

import anyascii

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from hcm_pipeline.identity.analogy import cut
from hcm_pipeline.identity.arabic_script import LOOSE, REGIONS, SPELLINGS, is_heard

HEAD = """
# Names in Arabic script and the spelling that most of their bearers have, letter by letter: names=pieces, the most frequent first.
# [*] holds what the name is everywhere, the others what it is in their countries; without pieces it is as everywhere.
# Made by benchmarks/arabic_names.py of labels of Wikidata, which are in the public domain (CC0 1.0), as the index of
# arabic-name-romanizer 0.2.0 (MIT, UNICEF) has them.
"""
ARTICLES = (
    "al",
    "el",
    "ash",
    "ath",
    "ech",
    "an",
    "as",
    "ar",
    "at",
    "ad",
    "az",
    "en",
    "es",
    "er",
    "ed",
    "ez",
    "et",
    "l",
    "",
)
WIDTH, LEAST = 128, 2


def read(index: Path) -> dict[str, Counter[tuple[str, str]]]:
    """By letters: how many bear the pieces of a spelling, by region."""
    found: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    with sqlite3.connect(index) as con:
        rows = con.execute("select arabic_key, latin, country, count from units where source = 'wikidata'").fetchall()
    region_of = {country: region for region, countries in REGIONS.items() for country in countries}
    for name, latin, country, count in rows:
        letters = name.replace(" ", "").translate(LOOSE)
        plain = re.sub("[^a-z]", "", anyascii.anyascii(unicodedata.normalize("NFC", latin)).lower())
        rests = [plain]
        if letters.startswith("ال") and len(letters) > 4:
            letters = letters[2:]
            rests = [plain[len(article) :] for article in ARTICLES if plain.startswith(article)]
        pieces = next(filter(None, (cut(letters, rest, SPELLINGS) for rest in rests)), None)
        if pieces and len(letters) > 1 and is_heard(letters, pieces):
            found[letters][".".join(pieces), region_of.get(country, "*")] += count
    return found


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path)
    found = read(parser.parse_args().index)
    everywhere: dict[str, Counter[str]] = {}
    for letters, counts in found.items():
        everywhere[letters] = Counter()
        for (pieces, _), count in counts.items():
            everywhere[letters][pieces] += count
    best = {letters: max(sorted(counts), key=counts.__getitem__) for letters, counts in everywhere.items()}
    frequent = sorted(best, key=lambda letters: (-everywhere[letters].total(), letters))
    text = HEAD.lstrip()
    for region in ("*", *REGIONS):
        words = []
        for letters in frequent:
            own = Counter({pieces: n for (pieces, where), n in found[letters].items() if region in ("*", where)})
            if region == "*" and everywhere[letters].total() >= LEAST:
                words.append(f"{letters}={best[letters]}")
            elif region != "*" and own.total() >= LEAST and everywhere[letters].total() >= LEAST:
                most = max(sorted(own), key=lambda pieces: (own[pieces], everywhere[letters][pieces]))
                words.append(letters if most == best[letters] else f"{letters}={most}")
        text += f"[{region}]\n" + textwrap.fill(" ".join(words), WIDTH, break_long_words=False) + "\n"
    target = Path(__file__).resolve().parent.parent / "hcm_pipeline" / "identity" / "arabic_script_names.txt"
    target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
