"""Names in the scripts of Burma, Laos and Cambodia: proposals, by syllables, in letters that people there use for names.

The tables follow BGN/PCGN (Burmese 1970, Lao 1966, Khmer 1972) without marks. Tones are not written in Latin letters.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from hcm_pipeline.identity.analogy import sayable_words
from hcm_pipeline.identity.ways import Way, like_names, table_of

# --- Burmese

_BURMESE = table_of("""
    က k ခ kh ဂ g ဃ g င ng စ s ဆ s ဇ z ဈ z ဉ ny ည ny ဋ t ဌ ht ဍ d ဎ d ဏ n တ t ထ ht ဒ d ဓ d န n ပ p ဖ ph ဗ b ဘ b မ m ယ y ရ y လ l
    ဝ w သ th ဟ h ဠ l ဿ th
""") | {"အ": ""}
_BURMESE_WHOLE = table_of("ဣ i ဤ i ဥ u ဦ u ဧ e ဩ aw ဪ aw")
_RHYMES = table_of("""
    ာ a ါ a ိ i ီ i ု u ူ u ေ e ဲ e ော aw ေါ aw ံ an ို o ိုး oe ုံ on ာံ an ိံ ein
    က et ောက auk ေါက auk ိုက aik င in င့ int ောင aung ေါင aung ိုင aing စ it ည i ဉ in ဏ an န an ိန ein ုန on ောန aun တ at ိတ eik
    ုတ oke ပ at ိပ eik ုပ oke မ an ိမ ein ုမ on ယ e ဒ at လ al သ at ဓ at ဗ at ဘ at ရ ar ွန un ွမ un ွတ ut ွပ ut ွံ un
""")
_SYLLABLE = re.compile(
    "(?P<onset>[က-အဿ])(?P<medials>[ျ-ှ]*)(?P<vowel>[ါ-ဲံ]*)(?:်(?![က-အ]?်))?(?P<tone>[့း]*)"
    "(?:(?P<final>[က-အ])(?P<stop>့?)[်္](?P<late>့?)း?)?|(?P<whole>[ဣ-ဪ])း?|."
)


def burmese(text: str, _place: str) -> tuple[str, Way]:
    """A run of Burmese: each syllable of a name is written by itself."""
    composed = unicodedata.normalize("NFC", text)
    words = re.split("([^\u1000-\u109f]+)", composed)
    made = "".join(" ".join(filter(None, map(_burmese, _SYLLABLE.finditer(word)))) if _within(word, 0x1000, 0x109F) else word
                   for word in words)  # fmt: skip
    return sayable_words(like_names(made)), Way("Burmese, by its syllables", 0.4)


def _burmese(found: re.Match[str]) -> str:
    if found["whole"]:
        return _BURMESE_WHOLE.get(found["whole"], "")
    if not found["onset"]:
        return ""
    medials, vowel, final = found["medials"], found["vowel"], found["final"] or ""
    plain = _BURMESE[found["onset"]]
    if "ှ" in medials:
        plain = "sh" if found["onset"] in "ရယ" else f"h{plain}"
    if "ျ" in medials or "ြ" in medials:
        plain = {"kh": "ch", "hl": "sh"}.get(plain, f"{plain}y")
    rhyme = _RHYMES.get(f"ွ{vowel}{final}") if "ွ" in medials and (final or "ံ" in vowel) else None
    if rhyme is None:
        plain += "w" if "ွ" in medials else ""
        stop = "့" if final == "င" and (found["stop"] or found["late"]) else ""
        long_ = "း" if vowel == "ို" and not final and "း" in found["tone"] and not re.search("[ျြ]", medials) else ""
        rhyme = _RHYMES.get(f"{vowel}{final}{stop}{long_}") or _RHYMES.get(vowel) or _RHYMES.get(final) or "a"
    return plain + rhyme


def _within(word: str, first: int, last: int) -> bool:
    return bool(word) and first <= ord(word[0]) <= last


# --- Lao

_LAO = table_of("""
    ກ k ຂ kh ຄ kh ງ ng ຈ ch ສ s ຊ x ຍ ny ດ d ຕ t ຖ th ທ th ນ n ບ b ປ p ຜ ph ຝ f ພ ph ຟ f ມ m ຢ y ຣ r ລ l ວ v ຫ h ຮ h ໜ n ໝ m
    ຫນ n ຫມ m ຫລ l ຫຼ l ຫງ ng ຫຍ ny ຫວ v ຫຣ r
""") | {"ອ": ""}
_LAO_FINALS = table_of("ກ k ງ ng ຍ i ດ t ນ n ບ p ມ m ວ o")
_LAO_FORMS = """
    ເIົາ ao ເIືອF eua ເIຶອF eua ເIັຍ ia ເIຍ ia ເIາະ o ເIິF oe ເIີF oe ເIິ oe ເIີ oe ເIັF e ເIະ e ເIF e ເI e ແIັF e ແIະ e ແIF e ແI e
    ໂIະ o ໂIF o ໂI o ໄI ai ໃI ai Iັວ oua Iົວ oua IວF oua IຽF ia Iຽ ia Iຳ am IໍາF am Iໍາ am Iໍ o IອF o Iອ o Iັຍ ai IັF a Iະ a IາF a Iາ a
    IິF i Iິ i IີF i Iີ i IຶF u Iຶ u IືF u Iື u IຸF ou Iຸ ou IູF ou Iູ ou IົF o IF o I a
"""
"""Forms of a syllable and their vowels: I and F are its initial and final consonants; the first that fits is taken."""
_LAO_SIGNS = "ະ-ົຼຽເ-ໄໍຳ"
_LAO_INITIAL = "|".join(sorted(_LAO, key=len, reverse=True))


def _lao_form(written: str) -> re.Pattern[str]:
    final = f"(?P<f>[{''.join(_LAO_FINALS)}])(?![ະ-ົຽໍອ])"
    return re.compile(written.replace("I", f"(?P<i>{_LAO_INITIAL})").replace("F", final))


@cache
def _lao_syllables() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((_lao_form(written), vowel) for written, vowel in table_of(_LAO_FORMS).items())


def lao(text: str, _place: str) -> tuple[str, Way]:
    """A run of Lao."""
    bare = re.sub("[\u0ec8-\u0ecc\u0ece]", "", text)
    made, at = "", 0
    while at < len(bare):
        for form, vowel in _lao_syllables():
            if found := form.match(bare, at):
                parts = found.groupdict()
                made += _LAO[parts["i"]] + vowel + _LAO_FINALS.get(parts.get("f") or "", "")
                at = found.end()
                break
        else:
            made += "" if unicodedata.category(bare[at])[0] in "LM" else bare[at]
            at += 1
    return sayable_words(like_names(made)), Way("Lao, by its syllables", 0.4)


# --- Khmer

_A_SERIES = table_of("ក k ខ kh ច ch ឆ chh ដ d ឋ th ណ n ត t ថ th ប b ផ ph ស s ហ h ឡ l ឝ s ឞ s") | {"អ": ""}
_O_SERIES = table_of("""
    គ k ឃ kh ង ng ជ ch ឈ chh ញ nh ឌ d ឍ th ទ t ធ th ន n ព p ភ ph ម m យ y រ r ល l វ v
""")
_KHMER = _A_SERIES | _O_SERIES
_KHMER_FINALS = {"kh": "k", "chh": "ch", "th": "t", "ph": "p", "d": "t", "b": "p", "r": "r", "s": "s", "v": "v"}
_KHMER_VOWELS = {
    "": ("a", "o"), "ា": ("a", "ea"), "ិ": ("e", "i"), "ី": ("ei", "i"), "ឹ": ("oe", "i"), "ឺ": ("eu", "eu"), "ុ": ("o", "u"),
    "ូ": ("o", "u"), "ួ": ("uo", "uo"), "ើ": ("aeu", "eu"), "ឿ": ("oea", "oea"), "ៀ": ("ie", "ie"), "េ": ("e", "e"), "ែ": ("e", "e"),
    "ៃ": ("ai", "ey"), "ោ": ("ao", "o"), "ៅ": ("au", "ov"), "ំ": ("am", "om"), "ុំ": ("om", "um"), "ាំ": ("am", "oam"),
    "ះ": ("ah", "eah"),
}  # fmt: skip
"""Behind a consonant of the first series, and of the second."""
_KHMER_WHOLE = table_of("ឣ a ឤ a ឥ e ឦ ei ឧ o ឩ u ឪ ov ឫ rue ឬ rue ឭ lue ឮ lue ឯ e ឰ ai ឱ ao ឲ ao ឳ au")
_CLUSTER = re.compile(
    "(?P<base>[ក-អ])(?P<shift>[៉៊]?)(?P<below>(?:្[ក-អ])*)(?P<late>[៉៊]?)(?P<vowel>[ា-ះ]*)|(?P<whole>[ឣ-ឳ])|."
)
_LIQUIDS = "rylv"


def khmer(text: str, _place: str) -> tuple[str, Way]:
    """A run of Khmer."""
    words = re.split("([^\u1780-\u17ff]+)", re.sub("[\u17cb-\u17d1\u17dd]", "", text))
    made = "".join(_khmer(word) if _within(word, 0x1780, 0x17FF) else word for word in words)
    return sayable_words(like_names(made)), Way("Khmer, by its syllables", 0.4)


def _khmer(word: str) -> str:
    """From the end, for a consonant without a vowel closes the syllable before it."""
    clusters = [found for found in _CLUSTER.finditer(word) if found["base"] or found["whole"]]
    made, final = "", ""
    for at in range(len(clusters) - 1, -1, -1):
        one = clusters[at]
        if one["whole"]:
            made, final = _KHMER_WHOLE.get(one["whole"], "") + final + made, ""
            continue
        below = [_KHMER[letter] for letter in one["below"] if letter != "្"]
        base = _KHMER[one["base"]]
        if not one["vowel"] and at > 0 and not final:
            final = _KHMER_FINALS.get(base, base)
            continue
        first = one["base"] in _A_SERIES
        shift = one["shift"] or one["late"]
        vowel = _KHMER_VOWELS.get(one["vowel"], ("a", "o"))[0 if shift == "៉" or (first and shift != "៊") else 1]
        if shift == "៉" and one["vowel"] == "":
            vowel = "a"
        closes = at > 0 and bool(below) and below[0][0] not in _LIQUIDS and base
        if not one["vowel"] and made[:1] == base[:1]:
            vowel = "a"
        onset = "".join(below) if closes else base + "".join(below)
        made = onset + vowel + final + made
        final = _KHMER_FINALS.get(base, base) if closes else ""
    return final + made
