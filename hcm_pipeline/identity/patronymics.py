"""Patronymics: names made of the father's, which some countries write behind the first name or in the middle.

They are found in the spelled form by their endings. East Slavic ones (Ivanovich, Petrivna, Ilyich) are nothing else anywhere; the
Bulgarian ones (Ivanov, Petrova) look like last names, and count in Bulgaria alone; the Turkic ones are a word of their own behind
the father's name (Heydar oglu).
"""

from __future__ import annotations

from hcm_pipeline.warehouse import literal

EAST_SLAVIC = (
    r"[a-z'-]*[a-z](?:[aeoy]vi(?:ch|c)|[aeoy]vych|[aeoy]vna|[aeoy]una|[aeoy]wna|[iy]ivna|[^aeiou -]ivna|inichna)"
)
"""Russian, Ukrainian and Belarusian, as the tables of these countries spell them."""
IRREGULAR = ("ilich", "ilyich", "illich", "illych", "illivna", "kuzmich", "kuzmych", "fomich", "fomych", "lukich", "lukych",
             "nikitich", "nikitichna", "mykytych", "savvich", "savvichna")  # fmt: skip
"""Of fathers whose name ends in a: their endings are those of other names, too."""
BULGARIAN = r"[a-z'-]+(?:ov|ova|ev|eva|ski|ska)"
TURKIC = r"[a-z'-]+[ -](?:oglu|ogly|oghlu|ohly|uly|ulu|kyzy|qizi|gizi|kizi)"


def without_patronymics(text: str, place: str, *, keep_one: bool) -> str:
    """SQL for a spelled first or middle name (SQL) without patronymics; `place` is SQL for the country.

    With `keep_one` the first word stays, whatever it is: somebody's only first name is nobody's to drop.
    """
    everywhere = f"{EAST_SLAVIC}|{'|'.join(IRREGULAR)}|{TURKIC}"

    def cut(endings: str) -> str:
        if keep_one:
            pattern, kept = rf"^(.*?[^ -].*?)(?: +(?:{endings}))+$", r"\1"
        else:
            pattern, kept = rf"(?:^| +)(?:(?:{endings})(?: +|$))+", " "
        return f"trim(regexp_replace({text}, {literal(pattern)}, {literal(kept)}, 'i'))"

    return f"case when {place} = 'BG' then {cut(f'{everywhere}|{BULGARIAN}')} else {cut(everywhere)} end"
