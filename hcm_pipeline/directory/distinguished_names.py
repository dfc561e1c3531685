"""Distinguished names (RFC 4514) in one spelling, and in the form in which they are compared.

A directory takes `ou=Users , dc=x` and `OU=Users,DC=x` for the same, and so must the ledger: a container that is only spelled
differently is no other container, and nobody moves.
"""

from __future__ import annotations

import re

_PIECE = re.compile(r"\s*([A-Za-z][A-Za-z0-9.-]*)\s*=\s*((?:\\[0-9A-Fa-f]{2}|\\.|[^,\\])*?)\s*(,|\Z)", re.DOTALL)
_ESCAPED = re.compile(r"(?:\\[0-9A-Fa-f]{2})+|\\.", re.DOTALL)
_DN_SPECIAL = re.compile(r'([,+"\\<>;=])')


def escape_rdn(value: str) -> str:
    """A value as it stands in a distinguished name (RFC 4514, section 2.4).

    >>> escape_rdn("Smith, John"), escape_rdn("#1 ")
    ('Smith\\\\, John', '\\\\#1\\\\ ')
    """
    escaped = _DN_SPECIAL.sub(r"\\\1", value).replace("\0", r"\00")
    if escaped[:1] in ("#", " "):
        escaped = "\\" + escaped
    if escaped.endswith(" ") and len(value) > 1:
        escaped = escaped[:-1] + "\\ "
    return escaped


def canonical(name: str) -> str:
    """A distinguished name as directories write it: types in capitals, no spaces around separators, shortest escapes.

    Raises ValueError for what is no distinguished name.

    >>> canonical(r"ou = Smith\\2C John , dc=x")
    'OU=Smith\\\\, John,DC=x'
    """
    pieces, position, separator = [], 0, ","
    while separator:
        match = _PIECE.match(name, position)
        if not match or not match[2]:
            raise ValueError("is no distinguished name (RFC 4514)")
        pieces.append(f"{match[1].upper()}={escape_rdn(_ESCAPED.sub(_plain, match[2]))}")
        position, separator = match.end(), match[3]
    return ",".join(pieces)


def _plain(match: re.Match[str]) -> str:
    text = match[0]
    if len(text) == 2:
        return text[1]
    return bytes.fromhex(text.replace("\\", "")).decode("utf-8", "replace")


def key(name: str) -> str:
    """The form in which distinguished names are compared: that of `key_sql`, of a canonical name."""
    return canonical(name).lower()


def key_sql(name: str) -> str:
    r"""SQL for the form in which `name` (SQL) is compared: lower case, without spaces around separators.

    An escaped character stays as it is: `OU=A\, B` and `OU=A\,B` are two containers.
    """
    return rf"lower(regexp_replace({name}, '(\\.)|\s*([,=])\s*', '\1\2', 'g'))"
