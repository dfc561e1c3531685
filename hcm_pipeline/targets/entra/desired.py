"""Desired state: the SCIM user that every worker in scope should be, as a relation in the warehouse."""

from __future__ import annotations

import hashlib
import re

import duckdb

from hcm_pipeline.directory.distinguished_names import key_sql
from hcm_pipeline.identity import in_scope
from hcm_pipeline.identity.aliases import ALIASES, PROXY_ADDRESSES
from hcm_pipeline.profile import IDENTITY_COLUMNS, LIFE_COLUMNS, Profile
from hcm_pipeline.targets.entra.scim_mapping import Leaf, Mapping, compile_mapping
from hcm_pipeline.warehouse import ensure_columns, literal, quote


def prepare(con: duckdb.DuckDBPyConnection, profile: Profile) -> Mapping:
    """Give the tables of planned and delivered versions a column for every mapped value; returns the mapping."""
    mapping = compile_mapping(profile)
    for table in ("planned", "delivered", "delivered_before"):
        ensure_columns(con, table, {"basis": "UHUGEINT", **{leaf.column: "VARCHAR" for leaf in mapping.leaves}})
    return mapping


def context_sql(profile: Profile) -> str:
    """A relation with everything that mapping expressions may use: one row for every worker in scope and, where the profile
    disables those who leave it, for everybody who was ever delivered."""
    identity = ", ".join(f"i.{column}" for column in IDENTITY_COLUMNS)
    scope = in_scope(profile)
    everybody = f"select * from worker_versions where valid_to is null and ({scope})"
    if profile.scope.leaving == "disable":
        everybody = f"""select * replace (active and ({scope}) as active) from worker_versions
            where valid_to is null and (({scope}) or person_number in (select person_number from delivered))"""
    # scope conditions name bare worker fields, so they are judged before anything is joined
    return f"""(
        select v.*, {identity}, {PROXY_ADDRESSES} as proxy_addresses,
            case when m.person_number is null then v.manager end as manager_external_id
        from ({everybody}) v
        join identities i on i.person_number = v.person_number and i.status <> 'released'
        left join ({ALIASES}) a on a.person_number = v.person_number
        left join manager_warnings m on m.person_number = v.person_number and m.valid_to is null)"""


def desired_sql(profile: Profile, mapping: Mapping, target: str | None = None) -> str:
    """SELECT: person_number, every mapped value, `digest` over these values and the shape they are sent in, and `basis`.

    `basis` stands for all that a worker's SCIM user is made from. With a `target`, workers whose delivered version has the
    same basis are left out before anything is rendered, but for those in the temp tables `resend` and `doubtful`: they
    would come out the same.
    """
    names = ", ".join(quote(leaf.column) for leaf in mapping.leaves)
    made_from = ["active", *LIFE_COLUMNS, "manager_external_id", *IDENTITY_COLUMNS]
    made_from += ["proxy_addresses"] if carriers(mapping, "proxy_addresses") else []
    basis = ", ".join(f"coalesce({quote(column)}::varchar, chr(30))" for column in made_from)
    columns = repr([(name, profile.types[name]) for name in profile.columns])
    known = "select null::varchar as known_number, null::uhugeint as known_basis where false"
    if target is not None:
        known = f"""
            select person_number as known_number, basis as known_basis from delivered
            where target = {literal(target)}
            and person_number not in (select person_number from resend)
            and person_number not in (select person_number from doubtful)"""
    return f"""
        select person_number, {names}, basis, {digest_sql(mapping)} as digest
        from (
            select person_number, basis, {mapping.select}
            from (
                select *, md5_number(concat_ws(chr(31),
                    {literal(_fingerprint(mapping.select, mapping.user_json, columns))}, hex(digest), {basis})) as basis
                from {context_sql(profile)})
            left join ({known}) on known_number = person_number and known_basis = basis
            where known_number is null)
    """


def carriers(mapping: Mapping, column: str) -> list[Leaf]:
    """The mapped values that are made of a column of the ledger, alone or in an expression."""
    return [leaf for leaf in mapping.leaves if re.search(rf"\b{column}\b", leaf.origin)]


def moved_sql(mapping: Mapping) -> str:
    """SQL condition over `d` (desired) and `x` (delivered): the container is another one, and not only spelled differently."""
    places = [quote(leaf.column) for leaf in carriers(mapping, "parent_distinguished_name")]
    return (
        " or ".join(f"{key_sql(f'd.{place}')} is distinct from {key_sql(f'x.{place}')}" for place in places) or "false"
    )


def digest_sql(mapping: Mapping) -> str:
    """SQL for the digest over every mapped value and the shape they are sent in, given the values under their names."""
    values = ", ".join(f"coalesce({quote(leaf.column)}, chr(30))" for leaf in mapping.leaves)
    return f"md5_number(concat_ws(chr(31), {literal(_fingerprint(mapping.user_json))}, {values}))"


def _fingerprint(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
