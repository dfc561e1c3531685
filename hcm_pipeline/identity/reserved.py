"""Names that nobody is given: mailboxes and accounts that mean something else, and words that nobody wants to be called.

A profile adds its own (`identity.reserved`). Compared with the whole name without regard to case, never with a part of it:
a part is what makes people of the name Scunthorpe unnameable.
"""

from __future__ import annotations

from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import literal

MAILBOXES = ("abuse", "hostmaster", "info", "mailer-daemon", "marketing", "news", "noc", "noreply", "no-reply", "postmaster",
             "sales", "security", "support", "usenet", "webmaster", "www")  # fmt: skip
"""RFC 2142, and the addresses that mail systems answer from."""
ACCOUNTS = ("admin", "administrator", "anonymous", "authenticated", "backup", "batch", "creator", "daemon", "defaultaccount",
            "dialup", "domain", "enterprise", "everyone", "guest", "helpdesk", "interactive", "krbtgt", "local", "localhost",
            "localservice", "network", "networkservice", "nobody", "null", "operator", "owner", "public", "restricted", "root",
            "self", "service", "supervisor", "sys", "system", "test", "user", "users", "wdagutilityaccount", "world")  # fmt: skip
"""Built-in accounts and well-known security principals of Windows and Unix."""
OFFENSIVE = ("anus", "arse", "arsehole", "ass", "asshole", "bastard", "bitch", "bollocks", "crap", "cunt", "fag", "fuck",
             "fucker", "hitler", "nazi", "nigga", "nigger", "penis", "piss", "porn", "pussy", "rape", "rapist", "shit", "slut",
             "tit", "tits", "turd", "twat", "vagina", "wank", "wanker", "whore")  # fmt: skip

RESERVED = frozenset((*MAILBOXES, *ACCOUNTS, *OFFENSIVE))


def reserved_sql(profile: Profile) -> str:
    """SQL relation, in parentheses, with the column `name`: what nobody is given under this profile, in lower case."""
    words = sorted({*RESERVED, *(word.lower() for word in profile.identity.reserved)})
    return f"(select unnest([{', '.join(map(literal, words))}]) as name)"
