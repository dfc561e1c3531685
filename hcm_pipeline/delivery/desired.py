"""Desired state: the SCIM user that every worker in scope should be, as a relation in the warehouse."""

from __future__ import annotations

import duckdb

from hcm_pipeline.identity import in_scope
from hcm_pipeline.profile.model import IDENTITY_COLUMNS, Profile
from hcm_pipeline.scim.mapping import Mapping, compile_mapping
from hcm_pipeline.warehouse import ensure_columns, quote

def prepare(con: duckdb.DuckDBPyConnection, profile: Profile) -> Mapping:
    """Give the tables of planned and delivered versions a column for every mapped value; returns the mapping."""
    mapping = compile_mapping(profile)
    for table in ("planned", "delivered"):
        ensure_columns(con, table, {leaf.column: "VARCHAR" for leaf in mapping.leaves})
    return mapping


def context_sql(profile: Profile) -> str:
    """A relation with everything that mapping expressions may use: one row for every worker in scope."""
    identity = ", ".join(f"i.{column}" for column in IDENTITY_COLUMNS)
    # scope conditions name bare worker fields, so they are judged before anything is joined
    return f"""(
        select v.*, {identity}, case when m.person_number is null then v.manager end as manager_external_id
        from (select * from worker_versions where valid_to is null and ({in_scope(profile)})) v
        join identities i using (person_number)
        left join manager_warnings m on m.person_number = v.person_number and m.valid_to is null)"""


def desired_sql(profile: Profile, mapping: Mapping) -> str:
    """SELECT: person_number, every mapped value, and `digest`, the md5 of the SCIM user as it would be sent."""
    names = ", ".join(quote(leaf.column) for leaf in mapping.leaves)
    return f"""
        select person_number, {names}, md5_number({mapping.user_json}) as digest from (
            select person_number, {mapping.select} from {context_sql(profile)})
    """
