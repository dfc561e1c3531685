"""Names that nobody is given: mailboxes and accounts that mean something else, and words that nobody wants to be called.

A profile adds its own (`identity.reserved`). Compared with the whole name as the directories compare (`folded_sql`), never with a
part of it: a part is what makes people of the name Scunthorpe unnameable.
"""

from __future__ import annotations

from collections.abc import Iterable

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
BUILT_IN = ("administrator", "guest", "krbtgt", "defaultaccount", "wdagutilityaccount", "helpassistant", "support_388945a0",
            "administrateur", "invite", "administrador", "invitado", "convidado", "amministratore", "ospite",
            "administratör", "gäst", "järjestelmänvalvoja", "vieras", "rendszergazda", "vendég", "администратор", "гость",
            "domain admins", "domain users", "domain guests", "domain computers", "domain controllers", "enterprise admins",
            "schema admins", "cert publishers", "group policy creator owners", "ras and ias servers", "protected users",
            "key admins", "enterprise key admins", "cloneable domain controllers", "dnsadmins", "dnsupdateproxy",
            "read-only domain controllers", "enterprise read-only domain controllers",
            "allowed rodc password replication group", "denied rodc password replication group")  # fmt: skip
"""Objects that a domain of Active Directory begins with, in the languages in which Windows names them otherwise: they hold
these as sAMAccountName and as common name. "Default local accounts" and "Active Directory security groups" of Microsoft."""
OFFENSIVE = ("anus", "arse", "arsehole", "ass", "asshole", "bastard", "bitch", "bollocks", "crap", "cunt", "fag", "fuck",
             "fucker", "hitler", "nazi", "nigga", "nigger", "penis", "piss", "porn", "pussy", "rape", "rapist", "shit", "slut",
             "tit", "tits", "turd", "twat", "vagina", "wank", "wanker", "whore")  # fmt: skip

RESERVED = frozenset((*MAILBOXES, *ACCOUNTS, *BUILT_IN, *OFFENSIVE))


def reserved_names_sql(profile: Profile) -> str:
    """SQL relation, in parentheses, with the column `name`: nobody is given these under a profile."""
    return _listed(RESERVED | {*profile.identity.reserved}, "name")


def built_in_names_sql(profile: Profile) -> str:
    """SQL relation, in parentheses, with the columns `name` and `container`: the common names of what a domain begins with, in
    every container that the profile names."""
    identity = profile.identity
    named = [
        identity.parent_distinguished_name,
        *(rule.container for rule in identity.placement),
        *(rule.container for rule in identity.leavers),
    ]
    containers = {"", *(container for container in named if container)}
    return f"(from {_listed(BUILT_IN, 'name')}, {_listed(containers, 'container')})"


def _listed(words: Iterable[str], column: str) -> str:
    return f"(select unnest([{', '.join(map(literal, sorted(words)))}]) as {column})"
