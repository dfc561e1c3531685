"""The form in which the directories compare names: two that come to one form are one name.

Active Directory compares without regard to case, marks, kind of kana and width (MS-ADTS 3.1.1.2.2.4: NORM_IGNORECASE,
NORM_IGNORENONSPACE, NORM_IGNOREKANATYPE, NORM_IGNOREWIDTH), so that ü is u, å is a, ø is o, ß is ss and æ is ae when it
judges whether a logon name or an object name is in use (Microsoft KB 938447). Entra ID takes its names from there. Samba, which
stands in for Active Directory in tests, compares by case alone.
"""

from __future__ import annotations

from hcm_pipeline.warehouse import literal

_WIDE = {chr(0xFEE0 + code): chr(code) for code in range(0x21, 0x7F) if not chr(code).isupper()}
_HALF_WIDTH_KANA = dict(
    zip(
        map(chr, range(0xFF66, 0xFF9E)),
        "ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン",
        strict=True,
    )
)
_HIRAGANA = {chr(code): chr(code - 0x60) for code in range(0x30A1, 0x30F7)}
_STROKES = dict(zip("øđðłħŧıſςŀªº¹²³\u00a0\u3000", "oddlhtisσlao123  ", strict=True))
_ALIKE = _WIDE | {half: _HIRAGANA.get(kana, kana) for half, kana in _HALF_WIDTH_KANA.items()} | _HIRAGANA | _STROKES
_WRITTEN_OUT = {"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ĳ": "ij"}
_NO_WEIGHT = "".join(
    map(chr, (*range(0x300, 0x370), 0xAD, 0x61C, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065),
              *range(0x2066, 0x206A), *range(0xFE00, 0xFE10), 0xFEFF, 0xFF9E, 0xFF9F, 0x3099, 0x309A))
)  # fmt: skip
"""Marks that stand by themselves, among them those of half-width kana, and what nobody sees."""
_FROM, _TO = "".join(_ALIKE) + _NO_WEIGHT, "".join(_ALIKE.values())


def folded_sql(name: str) -> str:
    """SQL for the form in which a name (SQL) is compared; NULL for NULL. A name in ASCII is only in lower case."""
    low, bare = f"lower({name})", f"strip_accents(nfc_normalize(lower({name})))"
    folded = bare
    for sign, text in _WRITTEN_OUT.items():
        folded = f"replace({folded}, {literal(sign)}, {literal(text)})"
    folded = f"translate({folded}, {literal(_FROM)}, {literal(_TO)})"  # what has no counterpart goes
    return f"case when {_ascii(name)} then {low} when {_ascii(bare)} then {bare} else {folded} end"


def same_name_sql(one: str, other: str) -> str:
    """SQL (BOOLEAN, NULL where either is NULL): the directories take two names (SQL) for one."""
    return f"{folded_sql(one)} = {folded_sql(other)}"


def _ascii(text: str) -> str:
    return f"strlen({text}) = length({text})"
