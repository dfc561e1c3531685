"""The consequences of a person's word that a home goes on although its target knows more than the home does.

Of the workers whom the target knows more of, this home does not know what the target has. Where it has been told of something
newer since, they are sent again, as they should be now; where it has not, they are left alone until their data change or a person
says once more that the home goes on.

The log names them, and a log loses entries and forgets. So of everybody else whose version was accepted before, it is told that
nobody knows; a person may have them sent again, too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from hcm_pipeline.delivery.fence.history import Finding, Received
from hcm_pipeline.plain_text import counted
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


def send_again(
    t: Scratch,
    target: str,
    workers: Sequence[str],
    now: dt.datetime,
    received: Received = (),
) -> Relation:
    """Note that the target has other versions of these workers than the delivered ones, so that they are sent again; person_number
    of all of them. `received`: what the log tells of these versions."""
    known = t.of_rows("known_workers", {"person_number": "varchar"}, [(one,) for one in workers])
    kinds = {"attributes": "varchar[]", "workers": "varchar[]"}
    told = t.of_rows("told", kinds, [(list(attributes), list(workers)) for attributes, workers in received])
    news = t.make(
        "unknown_now",
        f"""select known.person_number, min(coalesce(before.since, $now)) as since,
            list_distinct(flatten(list(coalesce(before.received, [])) || list(coalesce(told.received, [])))) as received
        from {known} known
        left join unknown_versions before on before.target = $target and before.person_number = known.person_number
        left join (select person_number, flatten(list(attributes)) as received
            from (select attributes, unnest(workers) as person_number from {told}) group by 1) told
            on told.person_number = known.person_number
        group by 1""",
        {"target": target, "now": now},
    )
    t.run(
        f"delete from unknown_versions where target = ? and person_number in (select person_number from {news})",
        [target],
    )
    t.run(
        f"""insert into unknown_versions by name
        select ? as target, person_number, since, nullif(received, []) as received from {news}""",
        [target],
    )
    return known


def note_history(t: Scratch, target: str, newest: dt.datetime | None, accepted_at: dt.datetime) -> None:
    """Note that a person let the home go on although the target was sent something that it does not know of. `accepted_at` on the
    service's clock; `newest` of what the log tells, or of what was told before."""
    t.run(
        """insert or replace into accepted_histories
        select $target, coalesce($newest, (select newest from accepted_histories where target = $target)), $accepted""",
        {"target": target, "newest": newest, "accepted": accepted_at},
    )


@dataclass(frozen=True)
class Unsure:
    """So many workers whom the log does not name may have other versions than this home knows. `since`: the last acceptance of a
    history, `newest` as of the table."""

    workers: int
    since: dt.datetime
    newest: dt.datetime | None

    @property
    def told(self) -> str:
        """The cause, the meaning of it, and a way out."""
        return f"since a history was accepted ({self.since:%Y-%m-%d}): {self.sentence}"

    @property
    def sentence(self) -> str:
        """The meaning of it, and a way out."""
        return (
            f"{counted(self.workers, 'worker', 'are')} not named by the log, and nobody knows for certain that the target has of"
            " them what this home delivered: a log loses entries, and forgets those of more than 30 days, without a licence of more"
            " than 7. The view unsure_versions of the read copy names them. To send them again as well:"
            " `hcm-pipeline upload --accept-history REASON --everybody`"
        )


def unsure(con: duckdb.DuckDBPyConnection, target: str) -> Unsure | None:
    """The workers of whom nobody knows what the target has, since a history was accepted; None: there are none."""
    if first(con, "select 1 from accepted_histories where target = ?", [target]) is None:
        return None
    row = first(con, "select count(*), max(since), max(newest) from unsure_versions where target = ?", [target])
    return Unsure(*row) if row and row[0] else None


def unsure_workers(con: duckdb.DuckDBPyConnection, target: str) -> list[str]:
    """Their person numbers."""
    found = con.execute("select person_number from unsure_versions where target = ? order by 1", [target]).fetchall()
    return [number for (number,) in found]


def send_everybody(t: Scratch, target: str, now: dt.datetime) -> int:
    """Note that nobody knows what the target has of these workers, so that they are sent again, too; how many."""
    everybody = t.make("unsure", "select person_number from unsure_versions where target = ?", [target])
    t.run(
        f"insert into unknown_versions by name select ? as target, person_number, ? as since from {everybody}",
        [target, now],
    )
    return t.count(everybody)


def take_over(
    t: Scratch, target: str, finding: Finding, closed: Sequence[str], *, newer: bool, now: dt.datetime
) -> int:
    """Note that the target has other versions of the finding's workers than this home knows; how many are left alone.

    `newer`: the home was told of something newer since, and plans these workers anew. Else neither the versions of manifests that
    were planned from less, `closed`, nor those that it delivered itself go out again.
    """
    known = send_again(t, target, finding.workers, now, finding.received)
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
