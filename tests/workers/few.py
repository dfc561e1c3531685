"""A handful of rows as relations, for the rules that are functions of relations: no file, no home, no day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from hcm_pipeline.extracts import Description, Extract
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import DUCKDB_TYPES, Relation, Scratch
from hcm_pipeline.workers.batch import Batch
from hcm_pipeline.workers.judging import Judged, judge
from hcm_pipeline.workers.known import Known, facts_of, known_before
from hcm_pipeline.workers.normalise import DIGEST_TYPE, digest_of
from hcm_pipeline.workers.staged import Staged

from .driver import COLUMNS, day

Row = Mapping[str, str]
TODAY = day(3)


def columns_of(profile: Profile, more: Mapping[str, str]) -> dict[str, str]:
    """Name to DuckDB type: the worker fields and more."""
    return {name: DUCKDB_TYPES[kind] for name, kind in profile.types.items()} | dict(more)


def extract(
    number: int = 9, *, source: str = "people", content: str = "full", header: Sequence[str] = COLUMNS
) -> Extract:
    """An extract that was never taken."""
    found = Description(tuple(header), 0, {})
    return Extract(number, f"{number:064}", source, content, TODAY, f"{source}-{number}.csv", found, "landed")


def staged(
    t: Scratch, profile: Profile, rows: Iterable[Row], of: Extract | None = None, *, records: int | None = None,
    total: int | None = None,
) -> Staged:  # fmt: skip
    """The rows of a file as it is; row numbers begin with 2, as below a header."""
    taken = of or extract()
    header = taken.columns
    cells = [[number, *(row.get(column) or None for column in header)] for number, row in enumerate(rows, 2)]
    raw = t.of_rows("raw", {"row_no": "bigint", **dict.fromkeys(header, "varchar")}, cells)
    names = ("rule", "column_name", "value_class", "raw")
    rejects = t.empty("rejects", {"row_no": "bigint", **dict.fromkeys(names, "varchar")})
    return Staged(
        taken,
        profile.columns_of(profile.source_of(taken.source)),
        raw,
        rejects,
        len(cells) if records is None else records,
        total,
    )


def versions(t: Scratch, profile: Profile, workers: Iterable[Mapping[str, object]] = ()) -> Relation:
    """Versions of workers, a row each: fields, and what else stands in `worker_versions`, with something plausible for it."""
    kinds = {"valid_from": "date", "valid_to": "date", "digest": DIGEST_TYPE, "extract_id": "integer", "row_no": "bigint",
             "status_active": "boolean", "life_stage": "varchar",
             "next_at": "timestamptz", "known_from": "timestamptz", "as_read": DIGEST_TYPE}  # fmt: skip
    columns = columns_of(profile, kinds)
    usual = {"active": True, "status_active": True, "life_stage": "active", "valid_from": day(1), "extract_id": 1, "row_no": 2,
             "first_name": "Ann", "digest": UUID(int=0)}  # fmt: skip
    rows = [{**usual, **worker} for worker in workers]
    made = t.of_rows("versions", columns, [[row.get(name) for name in columns] for row in rows])
    t.run(f"update {made} set digest = {digest_of(list(profile.columns))}")
    return made


def other_rows(t: Scratch, profile: Profile) -> Relation:
    """Nobody has a second row."""
    kinds = {
        "valid_from": "date",
        "valid_to": "date",
        "digest": DIGEST_TYPE,
        "extract_id": "integer",
        "row_no": "bigint",
    }
    return t.empty("other_rows", columns_of(profile, kinds))


def known(t: Scratch, profile: Profile, workers: Iterable[Mapping[str, object]] = ()) -> Known:
    """The known workers, by some of their fields."""
    return known_before(t, profile, versions(t, profile, workers), other_rows(t, profile))


def judged(
    t: Scratch, profile: Profile, rows: Iterable[Row], workers: Iterable[Mapping[str, object]] = (),
    *, of: Extract | None = None, same_contract: bool = True,
) -> Judged:  # fmt: skip
    """The decisions about the rows of one file, beside workers who are known."""
    batch = Batch(profile, (staged(t, profile, rows, of),), known(t, profile, workers))
    return judge(t, batch, other_rows(t, profile), nobody(t), TODAY, same_contract=same_contract)


def nobody(t: Scratch) -> Relation:
    """Of nobody anything is held back."""
    return t.empty("held", {"person_number": "varchar"})


def accepted(t: Scratch, profile: Profile, found: Judged, fields: str) -> dict[str, object]:
    """Person number to a field of the accepted row."""
    facts = f"(select {facts_of(profile)} from {found.accepted.facts} semi join {found.accepted.rows} using (extract_id, row_no))"
    rows = t.rows(f"select person_number, {fields} from {facts}")
    return {row[0]: row[1] if len(row) == 2 else row[1:] for row in rows}


def reasons(t: Scratch, found: Judged) -> list[tuple[int, str, str | None]]:
    """Row, rule and column of every violation."""
    return t.rows(
        f"""select row_no, violation."rule", violation.column_name
        from (select row_no, unnest(violations) as violation from {found.quarantined}) order by all"""
    )


def people(*numbers: int, **fields: object) -> list[dict[str, object]]:
    """Workers who are known, with the fields of `driver.worker`."""
    return [{"person_number": str(n), "last_name": f"Lee{n}", **fields} for n in numbers]


def noon(date: dt.date) -> dt.datetime:
    """Twelve o'clock, UTC."""
    return dt.datetime.combine(date, dt.time(12), dt.UTC)
