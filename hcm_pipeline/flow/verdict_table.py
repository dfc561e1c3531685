"""Verdicts: what the rooms' rules found, brought into one shape and kept in one table.

The rooms judge, and raise or return what they found; here it becomes a `Verdict`. A subject's newest verdicts take the place of
those before, so that the table says of each extract, business date, plan and manifest what was last found.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace

import duckdb
import orjson

from hcm_pipeline.delivery import Plan
from hcm_pipeline.delivery import Verdict as LimitVerdict
from hcm_pipeline.errors import ExtractHeld, GuardStop
from hcm_pipeline.profile import Profile
from hcm_pipeline.verdicts import Effect, Kind, Verdict
from hcm_pipeline.workers import DayCounts

STATEMENT = "concat_ws('@', e.sha256, e.business_date, e.source)"
"""The subject of a verdict about an extract, of the table `extracts` as e."""
OF_PLANS = (Kind.LIMIT, Kind.FIRST_LOAD)
"""Kinds of verdicts on the newest plan of a target."""
ACCEPT = "hcm-pipeline extract accept"
APPROVE = "hcm-pipeline approve"
READ_DIRECTORY = "hcm-pipeline identity directory"
PAST_CANARY = "hcm-pipeline upload --past-canary"


def of_day(
    con: duckdb.DuckDBPyConnection, profile: Profile, counts: DayCounts, stop: GuardStop | None
) -> list[Verdict]:
    """The verdicts on a business date that was applied, or stopped by `stop`."""
    found = [*of_extracts(con, counts.business_date)]
    if not isinstance(stop, ExtractHeld):
        stopped = stop is not None and stop.kind is Kind.QUARANTINE
        found.append(of_quarantine(profile, counts.business_date, counts.quarantined, counts.rows, stopped=stopped))
    return found + of_stop(counts.business_date, stop)


def of_stop(day: dt.date, stop: GuardStop | None) -> list[Verdict]:
    """The verdict that kept a business date's workers from their names: the directories, or a container that they do not have."""
    if stop is None or stop.kind not in (Kind.DIRECTORY, Kind.CONTAINER):
        return []
    rule = "placement" if stop.kind is Kind.CONTAINER else "directories"
    return [Verdict(stop.kind, rule, day.isoformat(), True, str(stop), released_by=READ_DIRECTORY)]


def of_directory(name: str, sentence: str, *, stopped: bool) -> Verdict:
    """Whether a reading of a directory was believed."""
    return Verdict(
        Kind.DIRECTORY, "loss", name, stopped, sentence, released_by=f"{READ_DIRECTORY} {name} --accept-loss"
    )


def of_canary(manifest_id: str, failed: str | None) -> Verdict:
    """Whether the operations of a manifest that went first were good. `failed`: why they were not good."""
    sentence = failed or "the operations that went first were good, or are still waited for"
    return Verdict(
        Kind.CANARY,
        "canary",
        manifest_id,
        failed is not None,
        sentence,
        released_by=f"{PAST_CANARY} {manifest_id[:12]}",
    )


def of_extracts(con: duckdb.DuckDBPyConnection, day: dt.date) -> Iterator[Verdict]:
    """The verdicts on the extracts of a business date: one a finding, and one for an extract without any."""
    rows = con.execute(
        f"""select {STATEMENT}, e.status, f.rule, f.message, f.detail
        from extracts e left join extract_findings f using (extract_id)
        where e.business_date = ? and e.status in ('applied', 'stopped') order by e.extract_id, f.rule, f.message""",
        [day],
    ).fetchall()
    for statement, status, rule, message, detail in rows:
        if rule is None:
            yield Verdict(Kind.COMPLETENESS, "completeness", statement, False, "nothing was found", released_by=ACCEPT)
        else:
            yield of_finding(statement, rule, message, detail, tripped=status == "stopped")


def of_finding(statement: str, rule: str, message: str, detail: str | None, *, tripped: bool) -> Verdict:
    """The verdict of one finding of an extract; it does not trip once a person has accepted the extract."""
    figures = {"detail": detail} if detail is not None else {}
    return Verdict(Kind.COMPLETENESS, rule, statement, tripped, message, released_by=ACCEPT, figures=figures)


def of_quarantine(profile: Profile, day: dt.date, quarantined: int, rows: int, *, stopped: bool) -> Verdict:
    """Whether a business date has more rows in quarantine than the profile allows."""
    limit = profile.workers.quarantine_limit
    why = f"{quarantined:,} of {rows:,} rows of {day}; allowed are {limit.percent:g} %, or fewer than {limit.at_least}"
    return Verdict(
        Kind.QUARANTINE, "quarantine_limit", day.isoformat(), stopped, why, released_by=ACCEPT,
        figures={"quarantined": quarantined, "rows": rows, "percent": limit.percent, "at_least": limit.at_least},
    )  # fmt: skip


def of_containers(day: dt.date | None, unknown: Sequence[tuple[str, str]]) -> Verdict:
    """Whether the directory has the containers that the profile names. `unknown` are a rule's key and its container."""
    missing = "; ".join(f"{setting} is {container}" for setting, container in unknown)
    why = f"not in the directory: {missing}" if missing else "the directory has every container that the profile names"
    return Verdict(
        Kind.CONTAINER, "placement", day.isoformat() if day else "", bool(unknown), why, released_by=READ_DIRECTORY
    )


def of_limit(found: LimitVerdict, subject: str) -> Verdict:
    """The verdict of a limit of delivery on one group of a plan's operations."""
    return Verdict(
        Kind.LIMIT, found.kind, subject, found.tripped, found.describe(values=True),
        Effect.HOLD if found.others_go_on else Effect.STOP, APPROVE,
        found.as_row() | {"bound": found.bound, "sentence": found.describe(values=True)},
    )  # fmt: skip


def plan_verdicts(made: Plan, name: str = "") -> list[Verdict]:
    """The verdicts of the limits on a plan; their subject is its business date, with the name of the target of several."""
    return [of_limit(found, subject_at(made.business_date.isoformat(), name)) for found in made.verdicts]


def subject_at(subject: str, name: str) -> str:
    """The subject of a verdict on a plan for one of several targets; `name` is that one's."""
    return f"{subject} {name}" if name else subject


def is_at(verdict: Verdict, name: str) -> bool:
    """Whether a verdict is about this one of several targets, or about none in particular."""
    return not name or verdict.kind not in OF_PLANS or verdict.subject.endswith(f" {name}")


def loggable(verdict: Verdict) -> str:
    """The sentence of a verdict, fit for a log: of a limit without the value of a worker's field."""
    if verdict.kind is not Kind.LIMIT:
        return verdict.sentence
    return LimitVerdict.from_row(verdict.figures).describe(values=False)


def keep(con: duckdb.DuckDBPyConnection, found: Sequence[Verdict], now: dt.datetime) -> None:
    """Enter verdicts, in the place of what was found before of the same kind and subject."""
    if not found:
        return
    replaced = sorted({(verdict.kind, verdict.subject) for verdict in found})
    con.execute(
        f"delete from verdicts where {' or '.join('kind = ? and subject = ?' for _ in replaced)}",
        [value for pair in replaced for value in pair],
    )
    rows = [
        [verdict.kind, verdict.rule, verdict.subject, verdict.tripped, verdict.sentence, verdict.effect,
         verdict.released_by, orjson.dumps(dict(verdict.figures), default=str).decode(), now]
        for verdict in found
    ]  # fmt: skip
    places = ", ".join("?" for _ in rows[0])
    con.execute(
        f"insert into verdicts values {', '.join(f'({places})' for _ in rows)}",
        [value for row in rows for value in row],
    )


def keep_day(con: duckdb.DuckDBPyConnection, day: dt.date, found: Sequence[Verdict], now: dt.datetime) -> None:
    """Enter what the rules said of a business date; whatever was found of it before is past."""
    con.execute(
        f"""delete from verdicts where subject = ? and kind in (?, ?, ?)
            or kind = ? and subject in (select {STATEMENT} from extracts e where business_date = ?)""",
        [day.isoformat(), Kind.QUARANTINE, Kind.DIRECTORY, Kind.CONTAINER, Kind.COMPLETENESS, day],
    )
    keep(con, found, now)


def keep_plan(
    con: duckdb.DuckDBPyConnection, made: Plan, now: dt.datetime, first_load: Verdict | None = None, name: str = ""
) -> None:
    """Enter what the limits said of a plan: the newest plan is the only one that counts, and those before it are not sent.

    `first_load`: the verdict on workers and accounts, where they have to be clean first. `name`: that of the target, of several.
    """
    con.execute(
        "delete from verdicts where kind in (?, ?) and (? = '' or ends_with(subject, ' ' || ?) or not contains(subject, ' '))",
        [*OF_PLANS, name, name],
    )
    if first_load is not None:
        first_load = replace(first_load, subject=subject_at(first_load.subject, name))
    con.execute(
        "delete from verdicts where kind = ? and list_contains(?::varchar[], subject)",
        [Kind.CANARY, list(made.superseded)],
    )
    keep(con, [*plan_verdicts(made, name), *([first_load] if first_load else [])], now)


def tripped(con: duckdb.DuckDBPyConnection) -> list[Verdict]:
    """Everything that holds or stops something by what was last found, in the order of the chain."""
    rows = con.execute(
        """select kind, "rule", subject, tripped, sentence, effect, released_by, figures from verdicts where tripped
        order by judged_at, kind, subject, "rule" """
    ).fetchall()
    return [
        Verdict(Kind(kind), rule, subject, trips, sentence, Effect(effect), released_by, orjson.loads(figures))
        for kind, rule, subject, trips, sentence, effect, released_by, figures in rows
    ]
