"""Thai names by the Royal Thai General System of Transcription (1999), as far as the spelling says how a name is read.

Thai writes no sign for some vowels, and names of Sanskrit have syllables that nothing shows (วิทยา is Witthaya). A name is
transcribed where each syllable has its sign, or is the last one of two consonants, and where all readings by these rules come to
one. Of the others the likeliest reading is proposed.
"""

from __future__ import annotations

import re
from functools import cache

from hcm_pipeline.identity.ways import LONGEST_WORD, table_of

INITIALS = table_of("""
    ก k ข kh ฃ kh ค kh ฅ kh ฆ kh ง ng จ ch ฉ ch ช ch ซ s ฌ ch ญ y ฎ d ฏ t ฐ th ฑ th ฒ th ณ n ด d ต t ถ th ท th ธ th น n บ b ป p ผ ph
    ฝ f พ ph ฟ f ภ ph ม m ย y ร r ล l ว w ศ s ษ s ส s ห h ฬ l ฮ h
""") | {"อ": ""}
FINALS = table_of("""
    ก k ข k ค k ฆ k ง ng จ t ช t ซ t ฎ t ฏ t ฐ t ฑ t ฒ t ด t ต t ถ t ท t ธ t ศ t ษ t ส t ญ n ณ n น n ร n ล n ฬ n บ p ป p พ p ฟ p ภ p
    ม m
""")
_OPEN = {**INITIALS, **{a + b: INITIALS[a] + INITIALS[b] for a, b in
         ("กร", "กล", "กว", "ขร", "ขล", "ขว", "คร", "คล", "คว", "ตร", "ปร", "ปล", "พร", "พล", "ผล")},
         **{f"ห{letter}": INITIALS[letter] for letter in "งญนมยรลว"}, "อย": "y"}  # fmt: skip
"""Initial consonants, alone and in the clusters that are read as such."""
_INITIAL = "|".join(sorted(_OPEN, key=len, reverse=True))
_VOWELS = ("a", "e", "i", "o", "u")
"""A syllable that begins with one is set off with a hyphen."""
_ENDS, _SONORANT = "".join(FINALS), "งญณนม"
_SIGNS = "\u0e30-\u0e3a\u0e47"
_SILENT = re.compile("[\u0e01-\u0e2e][\u0e34\u0e38]?\u0e4c")
"""A consonant that the sign of silence stands on, with its vowel."""
_MUTE = re.compile(f"[{_SIGNS}][ตฒธ][\u0e34\u0e38]$|เ[ก-ฮ][รล][\u0e34-\u0e39]")
"""A vowel that may be written and not read (ชาติ), and one that may be read before another (เจริญ)."""
_TONES = re.compile("[\u0e48-\u0e4b]")
_WRITTEN = """
    เIือF uea เIือ| uea เIียว| iao เIียF ia เIีย| ia เIาะ o เIา ao เIิF oe เIอF oe เIอ| oe เIย| oei เI็?ว| eo เI็?F e เIะ e เI! e
    แI็?ว| aeo แI็?F ae แIะ ae แI! ae โIย| oi โIF o โIะ o โI! o [ใไ]Iย?| ai Iัว| ua Iัย| ai IัF a Iำ am Iะ a Iาย| ai Iาว| ao
    IาF a Iา a Iิว| io I[ิี]F i I[ิี] i I[ึื]F ue Iือ| ue Iึ ue I[ุู]ย| ui I[ุู]F u I[ุู] u I็?อย| oi I็?อF o Iอ| o
    IรรF a Iรร| an IN$ o พร$ on
"""
"""Forms of a syllable and their vowels: I and F are its initial and final consonants, N a final one that is no stop; behind |
stands no sign of a vowel, and behind ! a consonant that has one, or nothing."""


def _form(written: str) -> re.Pattern[str]:
    marks = {
        "!": f"(?=[ก-ฮ][{_SIGNS}]|$)", "|": f"(?![{_SIGNS}])", "I": f"(?P<i>{_INITIAL})",
        "F": f"(?P<f>[{_ENDS}])(?![{_SIGNS}])", "N": f"(?P<f>[{_SONORANT}ล])",
    }  # fmt: skip
    return re.compile("".join(marks.get(character, character) for character in written))


@cache
def _forms() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((_form(written), vowel) for written, vowel in table_of(_WRITTEN).items())


def rtgs(text: str) -> str:
    """A run of Thai letters in RTGS; empty where it may be read in several ways, or in none by these rules.

    >>> rtgs("มาลี"), rtgs("วิทยา")
    ('Mali', '')
    """
    word = _TONES.sub("", _SILENT.sub("", text))
    found = frozenset[str]() if len(word) > LONGEST_WORD or _MUTE.search(word) else _readings(word)
    return next(iter(found)).capitalize() if len(found) == 1 else ""


@cache
def _readings(word: str) -> frozenset[str]:
    if not word:
        return frozenset({""})
    found = set()
    for form, vowel in _forms():
        if match := form.match(word):
            rest, parts = word[match.end() :], match.groupdict()
            last = parts.get("f") or ""
            if rest and last and last not in _SONORANT and _readings(rest):
                return frozenset()  # behind k, t and p a vowel may be read that nothing shows
            if last == "ร" and vowel in ("i", "u"):
                continue
            begins = _OPEN[parts.get("i", "พ")] + vowel + FINALS.get(last, "")
            found |= {f"{begins}-{behind}" if behind[:1] in _VOWELS else begins + behind for behind in _readings(rest)}
    return frozenset(found)


# --- the likeliest reading

_LIKELY = (
    (f"(?P<i>{_INITIAL})(?P<f>[{_ENDS}])(?![{_SIGNS}])", "o", 1.6),
    (f"(?P<i>{_INITIAL})ร(?![{_SIGNS}])$", "on", 1.2),
    (f"เ(?P<i>[จฉชดตส])ริ(?P<f>[{_ENDS}])", "aroe", 1.0),
    (f"เ(?P<i>[จฉชดตส])ลิ(?P<f>[{_ENDS}])", "aloe", 1.0),
    ("พร(?=[ก-ฮเ-ไ])", "on", 1.4),
    (f"(?P<i>{_INITIAL})(?=ร[ก-ฮ](?!์))", "o", 1.3),
    (f"(?P<i>{_INITIAL})(?![{_SIGNS}])", "a", 1.5),
    (f"(?P<i>{_INITIAL})ว(?P<f>[{_ENDS}])(?![{_SIGNS}])", "ua", 1.2),
    (f"เ(?P<i>{_INITIAL})ว", "eo", 1.2),
    (f"แ(?P<i>{_INITIAL})ว", "aeo", 1.0),
    (f"(?P<i>{_INITIAL})[รล]?ฤ", "ri", 1.5),
    ("ฤ(?P<i>)", "rue", 1.5),
)
"""Forms of a syllable beside those that are sure, their vowels, and the price of each: an unwritten vowel is likely where no other
form fits."""
_SAID_TWICE, _SAID_ONCE = 1.3, 3.0
"""The price of a consonant that ends a syllable and begins another, and of one that ends a syllable where it hardly does."""
_BOTH_SILENT = re.compile(f"(?<=[{_SIGNS}\u0e32][ก-ฮ])[ก-ฮ]{{2}}[\u0e34\u0e38]?\u0e4c")
"""Two consonants behind the last that is said (จันทร์)."""
_FINAL_UNSAID = re.compile(
    f"(?<=[{_SIGNS}ร][ตฒธ])[\u0e34\u0e38]$|(?:(?<=[\u0e31\u0e34\u0e38][จชตทด])|(?<=เ[ก-ฮ][จชตทด]))ร$"
)
"""A vowel, or ร, behind the last consonant that is not said (ชาติ, เพชร)."""


def likely(text: str) -> str:
    """A run of Thai letters as it is probably read, in RTGS; empty where no reading is found.

    >>> likely("ธนากร"), likely("วิชญา")
    ('Thanakon', 'Wichaya')
    """
    word = _FINAL_UNSAID.sub("", _SILENT.sub("", _BOTH_SILENT.sub("", _TONES.sub("", text))))
    if len(word) > LONGEST_WORD:
        return ""
    found = _likeliest(re.sub("^ทร", "ซ", word).replace("ศร", "ศ"))
    return found[1].capitalize() if found else ""


@cache
def _likely_forms() -> tuple[tuple[re.Pattern[str], str, float], ...]:
    sure = ((form, vowel, 1.0) for form, vowel in _forms())
    return (*sure, *((re.compile(form), vowel, price) for form, vowel, price in _LIKELY))


@cache
def _likeliest(word: str) -> tuple[float, str] | None:
    """The price and the reading of the likeliest way through a word."""
    if not word:
        return 0.0, ""
    best: tuple[float, str] | None = None
    for form, vowel, price in _likely_forms():
        match = form.match(word)
        if not match:
            continue
        last = match.groupdict().get("f") or ""
        begins = _OPEN.get(match.groupdict().get("i", "พ"), "") + vowel + FINALS.get(last, "")
        rest, is_stop = word[match.end() :], bool(last) and FINALS[last] not in ("ng", "n", "m")
        if last == "ร" and rest:
            price += _SAID_ONCE
        ways = [(rest, price + (_SAID_ONCE if is_stop and rest[:1] in tuple("ญณนมยรลว") else 0.0))]
        if is_stop:  # as in วิทยา
            ways.append((word[match.end() - 1 :], price + _SAID_TWICE))
        for rest, cost in ways:
            behind = _likeliest(rest)
            if behind:
                joint = "-" if behind[1][:1] in _VOWELS and behind[1] else ""
                best = min(best or (99.0, ""), (cost + behind[0], begins + joint + behind[1]))
    return best
