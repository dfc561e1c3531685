"""The operations that a plan made now would send: the same SQL as the plan's, over the read copy, with nothing written.

The preview stands temporary relations before the tables that a plan would write to. It is one function for all who look,
`_preview`, so that it can become delivery's own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import orjson

from hcm_pipeline.delivery.manifest import OPERATIONS_PER_REQUEST
from hcm_pipeline.delivery.plan import decisions, guards, summary, undo
from hcm_pipeline.delivery.plan.canary import first_request
from hcm_pipeline.delivery.plan.planning import KINDS, diff_sql
from hcm_pipeline.delivery.plan.resend import make_resend
from hcm_pipeline.delivery.send.batches import slices
from hcm_pipeline.delivery.state.journal import Journal
from hcm_pipeline.directory.distinguished_names import key_sql
from hcm_pipeline.flow import findings
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.quota import quota_outlook
from hcm_pipeline.flow.views.days import Day, newest_days
from hcm_pipeline.flow.views.manifests import Superseded, WaitingManifest, superseded_by, waiting_manifests
from hcm_pipeline.flow.views.rows import mappings_of, values_of
from hcm_pipeline.identity import in_scope
from hcm_pipeline.identity.placement import find_moves, places, today, unknown_places
from hcm_pipeline.profile.model import Profile
from hcm_pipeline.targets.entra import desired
from hcm_pipeline.targets.entra.scim_mapping import Mapping as ScimMapping
from hcm_pipeline.targets.entra.scim_mapping import compile_mapping
from hcm_pipeline.verdicts import Verdict
from hcm_pipeline.warehouse import DUCKDB_TYPES, first, quote


@dataclass(frozen=True)
class AttributeChanges:
    """How often an attribute of an account that the target has would change, and how often to nothing."""

    attribute: str
    from_: str
    """The worker field or expression that the attribute is made from."""
    changed: int
    cleared: int


@dataclass(frozen=True)
class Move:
    """So many accounts would come from one container into another. `cause`: rules, worker or date."""

    from_: str | None
    to: str | None
    cause: str
    accounts: int


@dataclass(frozen=True)
class Difference:
    """All that would be sent. `operations` by kind; `held` by what they are held for; `withheld` workers by reason.

    `requests` are those of every manifest that a plan would make.
    """

    operations: Mapping[str, int]
    attributes: tuple[AttributeChanges, ...]
    moves: tuple[Move, ...]
    guards: tuple[Verdict, ...]
    held: Mapping[str, int]
    withheld: Mapping[str, int]
    requests: int


@dataclass(frozen=True)
class Outlook(Difference):
    """All that would be sent, with the least seconds it takes, the calls left of the quota, and the manifests that wait already."""

    least_seconds: float
    quota_left: int
    ends_at: dt.datetime
    manifests: tuple[WaitingManifest, ...]
    superseded: tuple[Superseded, ...]


@dataclass(frozen=True)
class AttributeDifference:
    """One attribute of one account: what the target has, and what it should have."""

    attribute: str
    from_: str
    old: str | None
    new: str | None


@dataclass(frozen=True)
class WorkerDifference:
    """One worker's operation. `held_for` says what a person decides about first; `payload` is the exact SCIM user."""

    person_number: str
    kind: str
    held_for: str | None
    attributes: tuple[AttributeDifference, ...]
    payload: Any


def outlook(installation: Installation) -> Outlook:
    """Find what a plan made now would send, and when that would end."""
    profile, target = installation.profile, installation.target
    with installation.warehouse.read() as con, installation.journal() as journal:
        size = first_request(journal, installation.loaded, target)
        found = difference(con, profile, target, journal, first_request=size)
        newest = newest_days(con, 1)
        manifests = [m for m in journal.manifests() if m.target == target]
    pace = quota_outlook(installation, found.requests)
    waiting = waiting_manifests(installation, manifests)
    return Outlook(
        **{**vars(found), "guards": (*(_quarantine(profile, day) for day in newest), *found.guards)},
        least_seconds=pace.least_seconds,
        quota_left=pace.left,
        ends_at=pace.ends_at,
        manifests=tuple(waiting),
        superseded=tuple(superseded_by(manifests, waiting)),
    )


def _quarantine(profile: Profile, day: Day) -> Verdict:
    return findings.of_quarantine(
        profile, day.business_date, day.quarantined, day.rows, stopped=day.status == "stopped"
    )


def difference(
    con: duckdb.DuckDBPyConnection,
    profile: Profile,
    target: str,
    journal: Journal,
    *,
    first_request: int = OPERATIONS_PER_REQUEST,
) -> Difference:
    """Find what would be sent now, where the first request of a manifest holds `first_request` operations."""
    mapping = _preview(con, profile, target, journal)
    con.execute("delete from differing where person_number in (select person_number from undo_operations)")
    day = newest_date_or_last(con)
    judged = guards.judge(con, profile, mapping, target, day, "select * from differing")
    con.execute("""
        create or replace temp table sent as
        select d.*, h.held_for, null as undoes from differing d left join held_back h using (person_number)
        union all by name select *, 'undo' as held_for from undo_operations
    """)
    counts = dict(con.execute("select kind, count(*) from sent group by 1").fetchall())
    parts = con.execute("select held_for, count(*) from sent group by held_for, undoes").fetchall()
    held: dict[str, int] = {}
    for kind, operations in parts:
        if kind is not None:
            held[kind] = held.get(kind, 0) + operations
    changes = summary.attributes(con, mapping, target, "select * from sent")
    return Difference(
        operations={kind: counts[kind] for kind in KINDS if kind in counts},
        attributes=tuple(AttributeChanges(c["attribute"], c["from"], c["changed"], c["cleared"]) for c in changes),
        moves=tuple(moves(con, profile, target)),
        guards=(*_containers(con, profile), *(findings.of_limit(found, day.isoformat()) for found in judged)),
        held=held,
        withheld=decisions.withheld(con, target),
        requests=sum(sum(1 for _ in slices(operations, first_request)) for _, operations in parts),
    )


def worker_difference(installation: Installation, number: str) -> WorkerDifference | None:
    """One worker's operation; None when the target has what it should have, or the worker is not in scope."""
    profile, target = installation.profile, installation.target
    with installation.warehouse.read() as con, installation.journal() as journal:
        mapping = _preview(con, profile, target, journal)
        undone = mappings_of(con, "select * from undo_operations where person_number = ?", [number])
        found = undone or mappings_of(con, "select * from differing where person_number = ?", [number])
        if not found:
            return None
        held_for = "undo" if undone else _held_for(con, profile, mapping, target, number)
        source = "undo_operations" if undone else "differing"
        old = mappings_of(con, "select * from delivered where target = ? and person_number = ?", [target, number])
        payload = first(con, f"select {mapping.user_json} from {source} where person_number = ?", [number])
    (new,) = found
    return WorkerDifference(
        number,
        new["kind"],
        held_for,
        tuple(
            AttributeDifference(leaf.column, leaf.origin, old[0].get(leaf.column) if old else None, new[leaf.column])
            for leaf in mapping.leaves
            if not old or old[0].get(leaf.column) != new[leaf.column]
        ),
        orjson.loads(payload[0]) if payload and payload[0] else None,
    )


def _held_for(
    con: duckdb.DuckDBPyConnection, profile: Profile, mapping: ScimMapping, target: str, number: str
) -> str | None:
    guards.judge(con, profile, mapping, target, newest_date_or_last(con), "select * from differing")
    row = first(con, "select held_for from held_back where person_number = ?", [number])
    return row[0] if row else None


def newest_date_or_last(con: duckdb.DuckDBPyConnection) -> dt.date:
    """The newest business date that was processed; the last of all days when there is none."""
    row = first(con, "select max(business_date) from days where status = 'done'")
    return row[0] if row and row[0] else dt.date.max


def _preview(con: duckdb.DuckDBPyConnection, profile: Profile, target: str, journal: Journal) -> ScimMapping:
    """Temp tables `differing` and `undo_operations`: what a plan would hold, with the decisions that no plan has taken over yet."""
    mapping = compile_mapping(profile)
    complete(con, profile, mapping)
    _preview_moves(con, profile)
    for table in ("manifest_decisions", "withheld", "undos"):  # a read copy cannot be written to
        con.execute(f"create temp table {table} as from {_main(con)}.{table}")
    decisions.take_over(con, journal)
    con.execute("create or replace temp table doubtful(person_number varchar, plan_no integer)")
    make_resend(con, target, dt.datetime.now(dt.UTC))
    differing = diff_sql(desired.desired_sql(profile, mapping), target, desired.moved_sql(mapping))
    con.execute(f"create or replace temp table differing as {differing}")
    undo.make(con, mapping, target, "select * from differing")
    return mapping


def complete(con: duckdb.DuckDBPyConnection, profile: Profile, mapping: ScimMapping) -> None:
    """Stand temp views before the tables that lack columns of the profile: nothing was processed since it named them."""
    fields = {name: DUCKDB_TYPES[kind] for name, kind in profile.types.items()}
    leaves = {leaf.column: "VARCHAR" for leaf in mapping.leaves}
    wanted = {
        "worker_versions": fields,
        "withdrawn_versions": fields,
        "delivered": leaves,
        "delivered_before": leaves,
    }
    for table, columns in wanted.items():
        found = con.execute("select column_name from duckdb_columns() where table_name = ?", [table]).fetchall()
        missing = [name for name in columns if (name,) not in found]
        if missing:
            nulls = ", ".join(f"null::{columns[name]} as {quote(name)}" for name in missing)
            con.execute(f"create temp view {table} as select *, {nulls} from {_main(con)}.{table}")


def _main(con: duckdb.DuckDBPyConnection) -> str:
    """The schema of the permanent tables, which temporary ones may hide."""
    row = first(con, "select current_database()")
    return f"{quote(str(row[0]))}.main" if row else "main"


def _preview_moves(con: duckdb.DuckDBPyConnection, profile: Profile) -> None:
    """When the profile's rules of places have changed since the last run, stand a temp view before the ledger that has everybody
    where they say. A common name that is taken there is given another one only by the run."""
    if not find_moves(con, profile, today(con), in_scope(profile)):
        return
    con.execute(f"""
        create temp view identities as
        select i.* replace (coalesce(m.container, i.parent_distinguished_name) as parent_distinguished_name)
        from {_main(con)}.identities i left join moving m using (person_number)
    """)


def moves(con: duckdb.DuckDBPyConnection, profile: Profile, target: str) -> list[Move]:
    """Accounts that the target has, and that would come into another container: how many go where, and why.

    Over temp table `differing`, whatever kind of operation carries the move. `cause` is `rules` when the profile changed,
    `worker` when the worker did, `date` when days passed since somebody left.
    """
    leaves = desired.carriers(compile_mapping(profile), "parent_distinguished_name")
    if not leaves:
        return []
    place = quote(leaves[0].column)
    return values_of(
        con,
        Move,
        f"""with causes as (
            select person_number, cause from former_places
            qualify row_number() over (partition by person_number order by until desc) = 1)
        select delivered.{place} as "from", differing.{place} as "to",
            coalesce(moving.cause, causes.cause, 'worker') as cause, count(*) as accounts
        from differing join delivered on delivered.target = ? and delivered.person_number = differing.person_number
        left join moving on moving.person_number = differing.person_number
        left join causes on causes.person_number = differing.person_number
        where {key_sql(f"delivered.{place}")} is distinct from {key_sql(f"differing.{place}")}
        group by all order by accounts desc, 1, 2, 3""",
        [target],
    )


def _containers(con: duckdb.DuckDBPyConnection, profile: Profile) -> list[Verdict]:
    """The verdict of the guard of containers: none when no directory tells its containers, or no rule names one."""
    day = today(con)
    if not places(profile, day) or not first(con, "select 1 from directory_objects where kind = 'container' limit 1"):
        return []
    unknown = [(rule.setting, rule.container) for rule in unknown_places(con, profile, day)]
    return [findings.of_containers(day, unknown)]
