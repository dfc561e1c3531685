"""Limits of the directories for names: one table, each line with its source.

Sources: [upn] Microsoft Entra "User name policies" and Microsoft 365 "Prepare for directory synchronization"
(64 + @ + 48 = 113 characters); [sam] the same page and the Active Directory schema (sAMAccountName of users: 20 characters);
[cn] Active Directory schema, attribute Common-Name (rangeUpper 64); [nick] Microsoft 365, mailNickname; [proxy] Microsoft 365,
proxyAddresses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hcm_pipeline.directory.folding import folded_sql
from hcm_pipeline.warehouse import literal


@dataclass(frozen=True)
class Limit:
    """The limits of one attribute. The three patterns match one character each; an empty one matches none."""

    attribute: str
    chars: int
    forbidden: str
    not_first: str
    not_last: str
    source: str

    def faults(self, name: str) -> list[str]:
        """The faults of a name, in words that do not hold it; empty when it is legal."""
        found = []
        if not name:
            found.append("is empty")
        if len(name) > self.chars:
            found.append(f"is longer than {self.chars} characters")
        if re.search(self.forbidden, name):
            found.append("holds a character that the directory does not allow")
        if self.not_first and re.match(self.not_first, name):
            found.append("begins with a character that may not come first")
        if self.not_last and re.search(rf"{self.not_last}\Z", name):
            found.append("ends with a character that may not come last")
        return found


UPN_LOCAL = Limit("user_principal_name before the @", 64, r"[^A-Za-z0-9'._!#^~-]", r"\.", r"\.", "[upn]")
UPN_DOMAIN = Limit("user_principal_name behind the @", 48, r"[^A-Za-z0-9.-]", r"[.-]", r"[.-]", "[upn]")
SAM = Limit("sam_account_name", 20, r"""[]\x00-\x1f\x7f-\U0010ffff["/\\:;|=,+*?<>'@]""", r"\s", r"[.\s]", "[sam]")
COMMON_NAME = Limit("common_name", 64, r"[\x00-\x1f\x7f]", r"\s", r"\s", "[cn]")
MAIL_NICKNAME = Limit("mail_nickname", 64, r"[^A-Za-z0-9'._!#^~-]", r"\.", r"\.", "[nick]")
PROXY_ADDRESS = Limit("proxy_addresses", 256, r"""[\s<>(),;\[\]"]""", "", "", "[proxy]")

EDGES = "._ -'"
"""Characters that no name begins or ends with."""


def beginning_sql(name: str, limit: Limit, *, folded: bool = False) -> str:
    """SQL for what a name has in common with all that have the same stem and with all its numbered forms, cut or not.

    `folded`: it has the form in which names are compared already. A number has at most seven digits and one separator before it, so
    that it never takes the place of what is left here.
    """
    behind = literal(f"[0-9{re.escape(EDGES)}]+$")
    return f"regexp_replace(left({name if folded else folded_sql(name)}, {limit.chars - 8}), {behind}, '')"
