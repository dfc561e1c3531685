"""Phone numbers by their digits: whether two texts mean one number, and the parts in which Oracle keeps one.

Oracle formats a number anew when it is written (`5550101` comes back as `555-0101`), and directories spell it as people like: only
digits count. Country codes: ITU-T E.164, assigned country codes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_EXTENSION = re.compile(r"(?:\bext(?:ension|n)?\b\.?|[x#;])[\s:.=]*(?:ext=)?(\d{1,10})\s*$", re.IGNORECASE)
_TRUNK = re.compile(r"\(\s*0\s*\)")
TWO_DIGITS = (
    *("20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49"),
    *("51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66"),
    *("81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98"),
)
"""Country codes of two digits; 1 and 7 have one, all others three."""
LEAST_NATIONAL = 5
"""Fewer digits are no number of a whole country, which another text could spell with its country."""


@dataclass(frozen=True)
class Number:
    """A phone number. `digits`: with the country where `international`, else as they were dialled, without a leading 0."""

    digits: str
    extension: str
    international: bool


def number_of(text: str | None) -> Number | None:
    """The number that a text means; None: it has no digits."""
    said = " ".join((text or "").split())
    found = _EXTENSION.search(said)
    extension = found[1].lstrip("0") if found else ""
    head = _TRUNK.sub("", said[: found.start()] if found else said)
    digits = re.sub(r"\D", "", head, flags=re.ASCII)
    international = head.lstrip().startswith("+") or digits.startswith("00")
    digits = digits.removeprefix("00") if international and not head.lstrip().startswith("+") else digits
    digits = digits if international else digits.lstrip("0")
    return Number(digits, extension, international) if digits else None


def same_number(one: str | None, other: str | None) -> bool:
    """Whether two texts mean one number. One that names no country means any that ends like it, a country code before."""
    a, b = number_of(one), number_of(other)
    if a is None or b is None:
        return a is b
    if a.extension != b.extension:
        return False
    if a.international == b.international:
        return a.digits == b.digits
    whole, national = (a.digits, b.digits) if a.international else (b.digits, a.digits)
    return len(national) >= LEAST_NATIONAL and whole == country_of(whole) + national


def country_of(digits: str) -> str:
    """The country code that the digits of an international number begin with."""
    if digits[:1] in ("1", "7"):
        return digits[:1]
    return digits[:2] if digits[:2] in TWO_DIGITS else digits[:3]


def parts_of(text: str, like: Mapping[str, str]) -> dict[str, str | None]:
    """The parts of a number as a row of Oracle has them. `like`: those of the row that is there, whose split is kept where it fits.

    Raises ValueError for a text without digits.
    """
    number = number_of(text)
    if number is None:
        raise ValueError("the number has no digits")
    extension = number.extension or None
    known = re.sub(r"\D", "", like.get("CountryCodeNumber", ""))
    area = re.sub(r"\D", "", like.get("AreaCode", ""))
    if not number.international:
        local = number.digits.removeprefix(area.lstrip("0")) if area.strip("0") else number.digits
        kept = area if local != number.digits and local else ""
        return _parts(known, kept, local or number.digits, extension)
    country = known if known and number.digits.startswith(known) else country_of(number.digits)
    national = number.digits.removeprefix(country)
    split = area.lstrip("0")
    if split and national.startswith(split) and len(national) > len(split):
        return _parts(country, area, national.removeprefix(split), extension)
    groups = re.findall(r"\d+", _TRUNK.sub("", text.partition("+")[2] or ""))
    if len(groups) >= 3 and groups[0] == country and national.startswith(groups[1]):
        return _parts(country, groups[1], national.removeprefix(groups[1]), extension)
    return _parts(country, "", national, extension)


def _parts(country: str, area: str, number: str, extension: str | None) -> dict[str, str | None]:
    return {
        "CountryCodeNumber": country or None,
        "AreaCode": area or None,
        "PhoneNumber": number,
        "Extension": extension,
    }
