"""Cyrillic in Latin letters, by the tables of the countries that write their names in it.

Two scripts of one language give the same: Serbian goes by its own Latin alphabet, as do Azerbaijani and Uzbek.
"""

from __future__ import annotations

import re

import anyascii

from hcm_pipeline.identity.ways import Way, as_loud, table_of

# International Civil Aviation Organization, Doc 9303 part 3, section 6 B: Cyrillic as in passports
ICAO = table_of("""
    а a б b в v г g д d е e ж zh з z и i й i к k л l м m н n о o п p р r с s т t у u ф f х kh ц ts ч ch ш sh щ shch ъ ie ы y э e
    ю iu я ia ё e і i ў u ґ g є ie ї i ђ dj ѓ gj ѕ dz ј j љ lj њ nj ћ c ќ kj џ dj
""") | {"ь": ""}
_TURKIC = table_of("ә a ғ g қ k ң n ө o ұ u ү u һ h")
OF_COUNTRY: dict[str, dict[str, str]] = {
    "RU": {},
    "BY": {"г": "h", "ё": "io"},
    # Cabinet of Ministers of Ukraine, resolution 55 of 2010
    "UA": {"г": "h", "ґ": "g", "и": "y", "й": "i", "є": "ie", "ї": "i", "ю": "iu", "я": "ia"},
    # Transliteration Act of 2009
    "BG": {"й": "y", "х": "h", "щ": "sht", "ъ": "a", "ь": "y", "ю": "yu", "я": "ya"},
    # The Latin alphabet of Serbian without its marks, and dj as in passports
    "RS": {"ђ": "dj", "ж": "z", "ћ": "c", "х": "h", "ц": "c", "ч": "c", "џ": "dz", "ш": "s", "ј": "j"},
    "MK": {"ѓ": "gj", "ќ": "kj", "х": "h", "ц": "c", "џ": "dj"},
    # The Latin alphabet of Azerbaijan, law of 1991, without its marks; ə is a as in its passports
    "AZ": table_of("""
        г q ғ g ә a ж j и i ј y й y ҝ g ө o ү u х x һ h ч c ҹ c ш s ы i э e ю yu я ya ц s щ s
    """)
    | {"ъ": "", "ь": ""},
    # The Latin alphabet of Uzbekistan, law of 1995
    "UZ": table_of("ё yo ж j й y х x ц ts ч ch ш sh ы i э e ю yu я ya ў o' қ q ғ g' ҳ h ъ '"),
    # MNS 5217:2012
    "MN": table_of("ё yo е ye ж j й i х kh ц ts щ sh ъ i ы y ь i ө u ү u э e ю yu я ya"),
    # Passports of Tajikistan: the state's own Latin forms of its letters
    "TJ": table_of("ғ gh ё yo ж zh ӣ i й y қ q ӯ u ҳ h ҷ j э e ю yu я ya") | {"ъ": ""},
    "KZ": _TURKIC | table_of("ё yo ю yu я ya") | {"ъ": ""},
    "KG": _TURKIC | table_of("ё yo ж j ю yu я ya") | {"ъ": ""},
}
OF_COUNTRY |= {"ME": OF_COUNTRY["RS"], "BA": OF_COUNTRY["RS"], "XK": OF_COUNTRY["RS"]}
_AT_THE_BEGINNING = {
    "UA": {"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"},
    "UZ": {"е": "ye"},
    "KZ": {"е": "ye"},
    "TJ": {"е": "ye"},
}
_UNSETTLED = {"KZ": "йюяёщцхһ", "KG": "йжюяёщцх"}
"""Letters that people of these countries write in several ways, in passports too."""
_TELLING = (
    ("їєґ", "UA"), ("ҷӣӯ", "TJ"), ("ҹҝ", "AZ"), ("ұ", "KZ"), ("ҳ", "UZ"), ("ў", "BY"), ("ѓќѕ", "MK"), ("ђћ", "RS"), ("ёыэ", "RU"),
)  # fmt: skip
"""Letters that one alphabet of the tables has and its neighbours have not."""
_ALSO = {
    "ёыэ": ("BY", "MN", "KZ", "KG", "UZ", "TJ", "AZ"), "ђћ": ("ME", "BA", "XK"), "ў": ("UZ",), "ҳ": ("TJ",), "ҹҝ": (),
    "ұ": (), "їєґ": (),
    "ҷӣӯ": (), "ѓќѕ": (),
}  # fmt: skip
"""The countries whose alphabets have some of these letters all the same."""


def cyrillic(text: str, place: str) -> tuple[str, Way]:
    """A run of Cyrillic letters. Of no known country, it is sure only where the tables of several agree."""
    low = text.lower().replace("ʼ", "'")
    letters = set(low)
    home = place if place in OF_COUNTRY else None
    for telling, country in _TELLING:
        if letters & set(telling):
            home = place if place in _ALSO[telling] else country
            break
    if home is None:
        return _of_no_country(text)
    known = ICAO.keys() | OF_COUNTRY[home].keys()
    if any(letter.isalpha() and letter not in known for letter in low):
        return anyascii.anyascii(text), Way(f"Cyrillic, with letters that {home} has not", 0.4)
    unsettled = set(_UNSETTLED.get(home, "")) & letters or (home in _UNSETTLED and re.search("[аеиоуыэәөүұі]е", low))
    return _by_table(text, home), Way(f"Cyrillic of {home}", 0.4 if unsettled else 0.9)


def _of_no_country(text: str) -> tuple[str, Way]:
    if any(letter.isalpha() and letter not in ICAO for letter in text.lower()):
        return anyascii.anyascii(text), Way("Cyrillic, of no known country", 0.4)
    found = {_by_table(text, country) for country in ("RU", "BG")}
    if len(found) == 1:
        return found.pop(), Way("Cyrillic, of no known country, where the tables agree", 0.6)
    return _by_table(text, "RU"), Way("Cyrillic, of no known country, read as Russian", 0.4)


def _by_table(text: str, country: str) -> str:
    if country in ("UA", "BY"):  # between letters that would run into each other; nothing in Latin
        text = re.sub("['’ʼ]", "", text)
    low = text.lower()
    table = ICAO | OF_COUNTRY[country]
    begins = table | _AT_THE_BEGINNING.get(country, {})
    made = []
    for at, letter in enumerate(low):
        before, after = low[at - 1 : at], low[at + 1 : at + 2]
        plain = (table if before.isalpha() else begins).get(letter, letter)
        if country == "UA" and before + letter == "зг":
            plain = "gh"
        elif country == "BG" and before + letter == "ия" and not after.isalpha():
            plain = "a"
        elif country == "UZ" and letter == "е" and before in set("аеиоуэюяёў"):
            plain = "ye"
        made.append(plain.capitalize() if text[at] != letter else plain)
    return as_loud(text, "".join(made))
