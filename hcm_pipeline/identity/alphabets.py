"""Greek, Armenian and Georgian in Latin letters, by the tables of their countries."""

from __future__ import annotations

import unicodedata

import anyascii

from hcm_pipeline.identity.ways import Way, as_loud, like_names, table_of

# ISO 843 type 2, which is ELOT 743 and what Greek passports go by
_GREEK = table_of("""
    α a β v γ g δ d ε e ζ z η i θ th ι i κ k λ l μ m ν n ξ x ο o π p ρ r σ s ς s τ t υ y φ f χ ch ψ ps ω o
""")
_GREEK_PAIRS = {"ου": "ou", "γγ": "ng", "γξ": "nx", "γχ": "nch"}
_VOICELESS = set("θκξπσςτφχψ")


def greek(text: str, _place: str) -> tuple[str, Way]:
    """A run of Greek letters."""
    apart = unicodedata.normalize("NFD", text.lower())
    low, split = "", set()
    for character in apart:
        if character == "\u0308":  # a diaeresis keeps two letters apart, and so does an accent on the first of them
            split.add(len(low) - 1)
        elif character == "\u0301":
            split.add(len(low))
        if not unicodedata.category(character).startswith("M"):
            low += character
    made, at = "", 0
    while at < len(low):
        pair = low[at : at + 2] if at + 1 not in split else low[at]
        first = at == 0 or not low[at - 1].isalpha()
        if pair in ("αυ", "ευ", "ηυ"):
            after = low[at + 2 : at + 3]
            made += _GREEK[pair[0]] + ("f" if not after.isalpha() or after in _VOICELESS else "v")
        elif pair == "μπ" and first:
            made += "b"
        elif pair in _GREEK_PAIRS:
            made += _GREEK_PAIRS[pair]
        else:
            made += _GREEK.get(low[at]) or anyascii.anyascii(low[at])
            at -= 1
        at += 2
    return as_loud(text, like_names(made)), Way("Greek, ISO 843", 0.9)


# BGN/PCGN 1981 without its apostrophes, which is how passports of Armenia have it: ռ is r
_ARMENIAN = table_of("""
    ա a բ b գ g դ d ե e զ z է e ը y թ t ժ zh ի i լ l խ kh ծ ts կ k հ h ձ dz ղ gh ճ ch մ m յ y ն n շ sh ո o չ ch պ p ջ j ռ r
    ս s վ v տ t ր r ց ts
    ւ v փ p ք k և ev օ o ֆ f
""")
_ARMENIAN_AT_THE_BEGINNING = {"ե": "ye", "ո": "vo", "և": "yev"}


def armenian(text: str, _place: str) -> tuple[str, Way]:
    """A run of Armenian letters: ու is u; a word begins with ye and vo, but ov."""
    low, made, at = text.lower(), "", 0
    while at < len(low):
        first = at == 0 or not low[at - 1].isalpha()
        pair = low[at : at + 2]
        if pair == "ու":
            made += "u"
            at += 1
        elif first and pair != "ով":
            made += _ARMENIAN_AT_THE_BEGINNING.get(low[at]) or _ARMENIAN.get(low[at], low[at])
        else:
            made += _ARMENIAN.get(low[at], low[at])
        at += 1
    return as_loud(text, like_names(made)), Way("Armenian, as in passports", 0.8)


# The national system of Georgia of 2002, without its apostrophes
_GEORGIAN = table_of("""
    ა a ბ b გ g დ d ე e ვ v ზ z თ t ი i კ k ლ l მ m ნ n ო o პ p ჟ zh რ r ს s ტ t უ u ფ p ქ k ღ gh ყ q შ sh ჩ ch ც ts ძ dz წ
    ts ჭ ch ხ kh ჯ j ჰ h
""")


def georgian(text: str, _place: str) -> tuple[str, Way]:
    """A run of Georgian letters; those of other times are left to general transliteration."""
    low = text.lower()
    if any(letter.isalpha() and letter not in _GEORGIAN for letter in low):
        return like_names(anyascii.anyascii(text)), Way("Georgian, with letters of other times", 0.4)
    return like_names("".join(_GEORGIAN.get(letter, letter) for letter in low)), Way(
        "Georgian, the national system", 0.9
    )
