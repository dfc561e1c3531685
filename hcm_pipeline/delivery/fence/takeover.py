"""The consequences of a person's word that a home goes on although its target knows more than the home does.

Of the workers whom the target knows more of, this home does not know what the target has. Where it has been told of something
newer since, they are sent again, as they should be now; where it has not, they are left alone until their data change or a person
says once more that the home goes on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import duckdb

from hcm_pipeline.warehouse import Relation, Scratch, first, literal

HISTORY = "history"
"""Why a worker is withheld: the target knows a version of the worker that this home does not."""


def newer_since(con: duckdb.DuckDBPyConnection, moment: dt.datetime | None) -> dt.datetime | None:
    """When a snapshot was first made of an extract that was landed after `moment`; None: never, or there is no moment."""
    row = first(
        con,
        """select min(day.finished_at) from days day join extracts extract using (business_date)
        where extract.status = 'applied' and extract.landed_at > ? and day.status = 'done'""",
        [moment],
    )
    return row[0] if row and moment is not None else None


def left_alone(con: duckdb.DuckDBPyConnection, target: str) -> tuple[int, dt.datetime | None]:
    """How many workers are left alone for what the target knows, and since when the last of them is."""
    row = first(
        con,
        "select count(distinct person_number), max(since) from withheld where target = ? and reason = ?",
        [target, HISTORY],
    )
    return (int(row[0]), row[1]) if row else (0, None)


def send_again(t: Scratch, target: str, workers: Sequence[str], now: dt.datetime) -> Relation:
    """Note that the target has other versions of these workers than the delivered ones, so that they are sent again; person_number
    of all of them."""
    known = t.of_rows("known_workers", {"person_number": "varchar"}, [(one,) for one in workers])
    t.run(
        f"""insert into unknown_versions select ?, person_number, ? from {known}
        where person_number not in (select person_number from unknown_versions where target = ?)""",
        [target, now, target],
    )
    return known


def take_over(
    t: Scratch, target: str, workers: Sequence[str], closed: Sequence[str], *, newer: bool, now: dt.datetime
) -> int:
    """Note that the target has other versions of these workers than this home knows; how many are left alone.

    `newer`: the home was told of something newer since, and plans these workers anew. Else neither the versions of manifests that
    were planned from less, `closed`, nor those that it delivered itself go out again.
    """
    known = send_again(t, target, workers, now)
    if newer:
        t.run("delete from withheld where target = ? and reason = ?", [target, HISTORY])
        return 0
    ids = t.of_rows("closed", {"manifest_id": "varchar"}, [(one,) for one in closed])
    found = t.make(
        "to_withhold",
        f"""select operation.person_number, operation.digest, manifest.manifest_id
        from operations operation join manifests manifest using (plan_no) semi join {ids} using (manifest_id)
        semi join {known} using (person_number)
        union select person_number, digest, null from delivered semi join {known} using (person_number)
        where target = {literal(target)}""",
    )
    t.run(
        f"""insert into withheld select ?, person_number, digest, ?, manifest_id, ? from {found}
        where (person_number, digest) not in (select person_number, digest from withheld where target = ? and reason = ?)""",
        [target, HISTORY, now, target, HISTORY],
    )
    row = t.first(f"select count(distinct person_number) from {found}")
    return int(row[0]) if row else 0
