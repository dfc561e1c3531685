"""The facts that a plan is made of: what the rooms of workers and identities know, as relations that delivery can use."""

from __future__ import annotations

import datetime as dt

import duckdb

from hcm_pipeline.delivery import Facts, Rules, Snapshot, Target, Task, clearable, of_accounts_sql, why_plan
from hcm_pipeline.flow.populations import Split, moved_on, present
from hcm_pipeline.identity import ALIASES, PROXY_ADDRESSES, protected_workers
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import IDENTITY_COLUMNS, LoadedProfile, Profile, fallible, scope_sql
from hcm_pipeline.targets.oracle import ENTRA, HR, key_sql, same_sql
from hcm_pipeline.warehouse import DUCKDB_TYPES, Relation, Scratch, fails_sql, literal, quote, scratch, table
from hcm_pipeline.workers import with_managers


def task_of(
    t: Scratch, loaded: LoadedProfile, target: Target, now: dt.datetime, identities: Relation | None = None,
    split: Split | None = None,
) -> Task | None:  # fmt: skip
    """The plan to be made for a target; None when no business date was processed yet. See `facts_of`."""
    facts = facts_of(t, loaded.profile, identities, split)
    if facts is None:
        return None
    profile = loaded.profile
    return Task(target, Rules(profile.name, loaded.sha256, profile.guards, profile.delivery), facts, now)


def newest_snapshot(t: Scratch) -> Snapshot | None:
    """The newest business date that was processed; None when there is none."""
    row = t.first(
        "select business_date, state, contract from days where status = 'done' order by business_date desc limit 1"
    )
    return Snapshot(*row) if row else None


def facts_of(
    t: Scratch, profile: Profile, identities: Relation | None = None, split: Split | None = None
) -> Facts | None:
    """The facts about workers, as views: nothing is written, and a warehouse that lacks columns of the profile is read as if they
    were null. `identities` is the ledger (None: the warehouse's); `split`: which of several targets it is about (None: there is
    one). None when no business date was processed yet.
    """
    snapshot = newest_snapshot(t)
    if snapshot is None:
        return None
    ledger = identities or table(t.con, "identities")
    types = {name: DUCKDB_TYPES[kind] for name, kind in profile.types.items()}
    versions = with_managers(t, profile, t.complete(table(t.con, "worker_versions"), types))
    in_scope = f"({scope_sql(profile)})"
    unclear = fallible(profile, "scope.")
    if unclear:  # of whom nobody can tell whether they belong here: who has an account keeps it
        doubt = fails_sql(one.sql for one in unclear)
        has_account = f"person_number in (select person_number from delivered where {of_accounts_sql('target')})"
        in_scope = f"({in_scope} or ({doubt} and {has_account}))"
    workers = t.view("workers_in_scope", f"select *, {in_scope} as in_scope from {versions} where valid_to is null")
    without_manager = t.view("without_manager", "select person_number from manager_warnings where valid_to is null")
    fields = ", ".join(map(quote, profile.columns))
    here = present(t, profile, split, workers) if split else None
    if here is not None:
        workers = here.workers
        without_manager = t.view(
            "without_manager_here", f"from {without_manager} union select person_number from {here.strangers}"
        )
    return Facts(
        snapshot=snapshot,
        workers=workers_of(t, versions, without_manager),
        groups=t.view("groups", f"select person_number, valid_from, valid_to, {fields} from {versions}"),
        names=name_digests(t, ledger),
        extracts=table(t.con, "extracts"),
        protected=protected_workers(t, profile, versions, ledger, table(t.con, "directory_objects")),
        sources={
            **_with_contacts(t, profile, workers),
            "names": _names(t, ledger),
            "without_manager": without_manager,
            **({"unplaced": here.unplaced} if here else {}),
        },
        moving=here.moving if here else None,
    )


def _with_contacts(t: Scratch, profile: Profile, workers: Relation) -> dict[str, Relation]:
    """The workers, and what Entra ID itself has of the values that HR takes from there.

    `workers` have these as Entra ID has them, and `there` (person_number, field) says of whom: no record may put an account back
    to what HR had. `hr_workers` are as HR says. See `[writeback]`.
    """
    section = profile.writeback
    fields = {} if section is None else {HR[name]: name for name in section.to_hr if HR[name] in workers.columns}
    if section is None or not fields:
        return {"workers": workers, "hr_workers": workers}
    contacts = table(t.con, "entra_contacts")
    keys = ", ".join(
        f"{key_sql(name, f'worker.{field}')} as key_hr_{name}, {key_sql(name, f'users.{ENTRA[name]}')} as key_entra_{name}"
        for field, name in fields.items()
    )
    values = ", ".join(f"nullif(trim(users.{ENTRA[name]}), '') as entra_{name}" for name in fields.values())
    known = t.make(
        "known_contacts",
        f"""select worker.person_number, {values}, {keys} from {workers} worker join (
            from {contacts} where known_to is null and not deleted and employee_id is not null
            qualify count(*) over (partition by employee_id) = 1) users on users.employee_id = worker.person_number""",
    )
    counts = {
        field: f"entra_{name} is not null"
        + (
            ""
            if section.of(name).winner == "entra"
            else f" and {same_sql(name, f'key_entra_{name}', f'key_hr_{name}')}"
        )
        for field, name in fields.items()
    }
    replaced = ", ".join(
        f"if({counts[field]}, known.entra_{name}, worker.{field}) as {field}" for field, name in fields.items()
    )
    with_theirs = t.view(
        "workers_with_contacts",
        f"""select worker.* replace ({replaced}) from {workers} worker
        left join {known} known on known.person_number = worker.person_number""",
    )
    there = " union all ".join(
        f"select person_number, {literal(field)} as field from {known} where {counts[field]}" for field in fields
    )
    return {"workers": with_theirs, "hr_workers": workers, "there": t.view("values_there", there)}


def why_plan_now(
    con: duckdb.DuckDBPyConnection, profile: Profile, target: str, now: dt.datetime, split: Split | None = None
) -> tuple[str, str] | None:
    """The reason for which a plan made now would send workers again (see `why_plan`), clear values that stay, or disable accounts
    of workers who have moved to another target; None: none."""
    with scratch(con) as t:
        snapshot = newest_snapshot(t)
        if snapshot is None:
            return None
        types = {"manager": "VARCHAR", "hire_date": "DATE", profile.workers.manager_by: "VARCHAR"}
        versions = with_managers(t, profile, t.complete(table(con, "worker_versions"), types))
        without_manager = t.view("without_manager", "select person_number from manager_warnings where valid_to is null")
        again = why_plan(t, target, snapshot.contract, workers_of(t, versions, without_manager), now)
        stale = clearable(t, target)
        if split is not None and (gone := moved_on(t, profile, split, _open(t, versions, profile))):
            whom = f"{counted(gone, 'worker')} whose account at {split.here.name} is enabled"
            return f"another target has the account by now of {whom}", f"moved {split.here.name} {gone}"
    if stale is None:
        return again
    count, key = stale
    why = f"nulls flow by now for {counted(count, 'cleared value')} that stay in accounts"
    return (f"{again[0]}; {why}", f"{again[1]} {key}") if again else (why, key)


def _open(t: Scratch, versions: Relation, profile: Profile) -> Relation:
    """The open versions, with the profile's columns."""
    types = {name: DUCKDB_TYPES[kind] for name, kind in profile.types.items()}
    return t.view("open_versions", f"from {t.complete(versions, types)} where valid_to is null")


def workers_of(t: Scratch, versions: Relation, without_manager: Relation) -> Relation:
    """The workers of the newest snapshot, as `Facts.workers`. An account refers to the manager, where that one may be sent."""
    return t.view(
        "workers",
        f"""select version.person_number, version.extract_id, version.hire_date as starts_on,
            case when without_manager.person_number is null then version.manager end as refers_to
        from {versions} version
        left join {without_manager} without_manager on without_manager.person_number = version.person_number
        where version.valid_to is null""",
    )


def name_digests(t: Scratch, ledger: Relation) -> Relation:
    """Digests over the names that workers have, as `Facts.names`."""
    names = ", ".join(f"coalesce({column}, chr(30))" for column in ("person_number", *IDENTITY_COLUMNS, "status"))
    return t.view(
        "name_digests", f"select person_number, md5_number(concat_ws(chr(31), {names})) as digest from {ledger}"
    )


def _names(t: Scratch, ledger: Relation) -> Relation:
    """person_number, the columns of the ledger and proxy_addresses of everybody who has names."""
    return t.view(
        "names",
        f"""select i.*, {PROXY_ADDRESSES} as proxy_addresses from {ledger} i
        left join ({ALIASES}) a on a.person_number = i.person_number where i.status <> 'released'""",
    )
