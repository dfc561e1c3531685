"""Undo: putting back the versions that a target had before a manifest.

Nobody is deleted and no name is given back. Whoever the manifest created gets the same record with `active` false; anybody else
gets the whole record that the manifest replaced. A person approves it like anything that is held. What was undone is withheld
until the worker's desired version changes, or the next plan would do it again.

An undo is wanted from the moment somebody asks for it until nothing of the manifest is left in the target: each plan makes it
anew, as it makes everything else.
"""

from __future__ import annotations

import datetime as dt

import duckdb

from hcm_pipeline.targets.entra import desired
from hcm_pipeline.targets.entra.scim_mapping import Mapping
from hcm_pipeline.warehouse import Relation, Scratch, ensure_columns, quote

UNDO = "undo"
"""What such a manifest is held for."""


def ask(con: duckdb.DuckDBPyConnection, target: str, manifest_id: str, by: str, now: dt.datetime) -> None:
    """Note that a manifest is to be undone. Harmless twice."""
    con.execute(
        """insert into undos select ?, ?, ?, ?, null
        where not exists (from undos where target = ? and manifest_id = ? and closed is null)""",
        [target, manifest_id, by, now, target, manifest_id],
    )


def make(con: duckdb.DuckDBPyConnection, mapping: Mapping, target: str, operations: str) -> dict[str, dict[str, int]]:
    """Make temp table `undo_operations`: what is to be sent for every wanted undo.

    Its columns are those of `planned` but plan_no and position, and `undoes`. `operations` is a SELECT of person_number and
    digest: what the plan would send otherwise. Returns by manifest how many workers are left out, and why: `as_before` (no
    difference), `delivered_since` (a later version), `changed_since` (what they should be is another by now, which the plan
    sends), `not_kept` (replaced longer ago than versions are kept), `never_accepted`.
    """
    values = [quote(leaf.column) for leaf in mapping.leaves]
    back = ", ".join(
        f"if(b.person_number is null, {'$$false$$' if name == quote('active') else 'x.' + name}, b.{name}) as {name}"
        for name in values
    )
    con.execute(
        f"""
        create or replace temp table undo_states as
        select u.manifest_id as undoes, o.person_number, x.active as was, x."userName" as called, x.digest as has,
            case when x.person_number is null or (x.plan_no < m.plan_no) then 'never_accepted'
                when x.plan_no > m.plan_no then 'delivered_since'
                when d.digest is not null then 'changed_since'
                when b.person_number is null and o.kind <> 'create' then 'not_kept' end as left_out, {back}
        from undos u join manifests m using (manifest_id) join operations o using (plan_no)
        left join delivered x on x.target = u.target and x.person_number = o.person_number
        left join delivered_before b
            on b.target = u.target and b.person_number = o.person_number and b.replaced_by = m.plan_no
        left join ({operations}) d on d.person_number = o.person_number and d.digest <> x.digest
        where u.closed is null and u.target = ?
        """,
        [target],
    )
    con.execute(f"""
        create or replace temp table undo_operations as
        select undoes, person_number, case when was = 'true' and active = 'false' then 'disable'
                when was = 'false' and active = 'true' then 'enable'
                when called is distinct from "userName" then 'rename' else 'update' end as kind,
            digest, null::uhugeint as basis, {", ".join(values)}
        from (select *, {desired.digest_sql(mapping)} as digest from undo_states where left_out is null)
        where digest <> has
    """)
    found = con.execute(
        """select undoes, coalesce(left_out, 'as_before'), count(*) from undo_states
        anti join undo_operations using (undoes, person_number) group by all order by all"""
    ).fetchall()
    con.execute("drop table undo_states")
    left_out: dict[str, dict[str, int]] = {}
    for undoes, why, count in found:
        left_out.setdefault(undoes, {})[why] = count
    return left_out


def wanted(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The manifests of which `undo_operations` takes something back."""
    return [name for (name,) in con.execute("select distinct undoes from undo_operations order by 1").fetchall()]


def close_done(con: duckdb.DuckDBPyConnection, target: str) -> None:
    """Close the undos of which nothing is left to do."""
    con.execute(
        """update undos set closed = 'done' where target = ? and closed is null
        and manifest_id not in (select undoes from undo_operations)""",
        [target],
    )


def forget_old(con: duckdb.DuckDBPyConnection, now: dt.datetime, days: int) -> None:
    """Keep replaced versions for so many days."""
    con.execute("delete from delivered_before where replaced_at < ?", [now - dt.timedelta(days=days)])


def remember(t: Scratch, fresh: Relation, taken: Relation) -> None:
    """Keep the versions that are about to be replaced, and withhold what an undo takes back.

    `fresh` and `taken` say what was accepted (see `journal_sync.Synced`); `delivered` is still as it was.
    """
    columns = t.rows("select column_name, data_type from duckdb_columns() where table_name = 'delivered'")
    ensure_columns(t.con, "delivered_before", dict(columns))
    t.run(f"""
        insert into delivered_before by name
        select delivered.*, taken.plan_no as replaced_by, fresh.accepted_at as replaced_at
        from delivered join {taken} taken using (target, person_number)
        join {fresh} fresh on fresh.plan_no = taken.plan_no and fresh.request_no = taken.request_no
    """)
    if not t.first(f"select 1 from {taken} join manifests using (plan_no) where undoes is not null limit 1"):
        return
    t.run(f"""
        delete from withheld using {taken} taken, manifests manifest
        where manifest.plan_no = taken.plan_no and manifest.undoes is not null and withheld.target = taken.target
        and withheld.person_number = taken.person_number
    """)
    t.run(f"""
        insert into withheld
        select delivered.target, delivered.person_number, delivered.digest, 'undone', manifest.manifest_id, fresh.accepted_at
        from delivered join {taken} taken using (target, person_number) join manifests manifest on manifest.plan_no = taken.plan_no
        join {fresh} fresh on fresh.plan_no = taken.plan_no and fresh.request_no = taken.request_no
        where manifest.undoes is not null
    """)
