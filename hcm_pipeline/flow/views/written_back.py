"""The view of what was written back to Oracle HCM for one worker: each value, where it came from, and whether it still stands."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb
import orjson

from hcm_pipeline.delivery import WRITES_BACK
from hcm_pipeline.oracle import same_number
from hcm_pipeline.profile import ATTRIBUTES, Attribute, Profile
from hcm_pipeline.targets.oracle import ENTRA, HR, ORIGINS
from hcm_pipeline.warehouse import literal


@dataclass(frozen=True)
class WrittenBack:
    """One value that Oracle HCM was given. `before`: what was there; `how`: the call, empty where it was there already.

    `source`: the property of Graph that it came from; `user` and `since`: whose, and since when it was known there. `stands`:
    Oracle HCM still says so, None when nothing is known; false: somebody else has changed it since.
    """

    attribute: str
    before: str
    value: str
    how: str
    written_at: dt.datetime
    manifest_id: str
    source: str
    user: str | None
    since: dt.datetime | None
    stands: bool | None


def written_back(con: duckdb.DuckDBPyConnection, profile: Profile, number: str) -> list[WrittenBack]:
    """The values that were written for a worker, the newest last."""
    if profile.writeback is None:
        return []
    rows = con.execute(
        f"""select manifest_id, logged_at, reason from receipts
        where person_number = ? and starts_with(target, {literal(WRITES_BACK)}) and state = 'succeeded' and reason is not null
        order by logged_at""",
        [number],
    ).fetchall()
    if not rows:
        return []
    now = _stated(con, profile, number)
    found = []
    for manifest_id, at, reason in rows:
        for name in ATTRIBUTES:
            said = orjson.loads(reason).get(name)
            if said is not None:
                user, since = _origin(con, name, number, said["after"], at)
                stands = None if name not in now else _same(name, now[name], said["after"])
                value = said["before"], said["after"], said["how"]
                found.append(WrittenBack(name, *value, at, manifest_id, ORIGINS[name], user, since, stands))
    return found


def _stated(con: duckdb.DuckDBPyConnection, profile: Profile, number: str) -> dict[Attribute, str]:
    """The values that Oracle HCM has, as it last said."""
    known = {name: HR[name] for name in ATTRIBUTES if HR[name] in profile.columns}
    if not known:
        return {}
    row = con.execute(
        f"select {', '.join(known.values())} from worker_versions where person_number = ? and valid_to is null",
        [number],
    ).fetchone()
    return {} if row is None else {name: value or "" for name, value in zip(known, row, strict=True)}


def _origin(
    con: duckdb.DuckDBPyConnection, name: Attribute, number: str, value: str, at: dt.datetime
) -> tuple[str | None, dt.datetime | None]:
    """The user of Entra ID who had the value when it was written, and since when that was known."""
    rows = con.execute(
        f"""select object_id, known_from, {ENTRA[name]} from entra_contacts
        where employee_id = ? order by known_from desc""",
        [number],
    ).fetchall()
    held = [(user, since) for user, since, theirs in rows if _same(name, theirs or "", value)]
    return next(((user, since) for user, since in held if since <= at), held[-1] if held else (None, None))


def _same(name: Attribute, one: str, other: str) -> bool:
    if name in ("work_phone", "mobile_phone"):
        return same_number(one, other)
    return one.strip().casefold() == other.strip().casefold()
