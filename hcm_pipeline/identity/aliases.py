"""Addresses that stay with a worker: the userPrincipalName, and the former ones as aliases."""

from __future__ import annotations

ALIASES = """
    select former.person_number, string_agg(',smtp:' || former.name, '' order by former.until, former.name) as aliases
    from (select person_number, lower(name) as name, max(until) as until from former_names
        where attribute = 'user_principal_name' and reason = 'renamed' group by 1, 2) former
    join identities ledger on ledger.person_number = former.person_number and lower(ledger.user_principal_name) <> former.name
    group by 1"""
"""SELECT: person_number and the former userPrincipalNames, each with `,smtp:` before it, in the order in which they were given up.
A name that was lost to somebody else while the worker was away is no alias."""
PROXY_ADDRESSES = "'SMTP:' || i.user_principal_name || coalesce(a.aliases, '')"
"""SQL over `identities` i and `ALIASES` a: what Active Directory calls proxyAddresses, joined by commas, the primary one first."""
