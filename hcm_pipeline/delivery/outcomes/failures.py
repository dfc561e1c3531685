"""Failures: which workers are not in the target as they should be, and when each is sent again.

A failure that only waits is tried again with growing waits; the others are not sent again before something has changed, for the
answer would be the same. A target says which is which (`OutcomeRules.mend`).
"""

from __future__ import annotations

import duckdb

from hcm_pipeline.deciders import Decider
from hcm_pipeline.delivery.service import FailureClass, Mend, Mends, OutcomeRules
from hcm_pipeline.profile import Outcomes
from hcm_pipeline.warehouse import Relation, Scratch, first, query

MISSING = Mend(
    FailureClass.RETRY,
    "accepted, and the log never spoke of it: it is sent again; if many are missing, look at the job",
)
UNRESOLVED = Mend(FailureClass.MANAGER, "the account has no manager yet: it is sent again when the manager's is there")
LONGEST_WAIT_SECONDS = 24 * 3600


def find_codes(t: Scratch, target: Mends, entries: Relation) -> Relation:
    """The codes in entries, with what mends them: error_code, failure_class, mend, skip_mend. `entries`: error_code."""
    found = t.rows(f"select distinct error_code from {entries} where error_code is not null")
    kinds = dict.fromkeys(("error_code", "failure_class", "mend", "skip_mend"), "varchar")
    rows = [
        (code, str(target.mend(code).failure_class), target.mend(code).mend, target.mend_of_skip(code).mend)
        for (code,) in found
    ]
    return t.of_rows("codes", kinds, rows)


def refresh(t: Scratch, target: OutcomeRules, touched: Relation, rules: Outcomes) -> None:
    """Bring the table `failures` up to date for the workers in `touched` (person_number).

    A failure that passes is tried again after a wait that doubles with each attempt at the same version of the worker; an
    operation that is missing, at once the first time. After `rules.retry_limit` attempts, counted anew from a person's decision,
    nothing happens by itself.
    """
    of_touched = f"select error_code from log_entries semi join {touched} using (person_number) where target = ?"
    codes = find_codes(t, target, t.make("codes_of_touched", of_touched, [target.key]))
    t.run(
        f"delete from failures where target = ? and person_number in (select person_number from {touched})",
        [target.key],
    )
    t.run(
        f"insert into failures by name {query(__package__, 'current_failures', touched=touched, codes=codes)}",
        {
            "target": target.key, "retry": str(FailureClass.RETRY), "manager": str(FailureClass.MANAGER),
            "missing_mend": MISSING.mend, "unresolved_mend": UNRESOLVED.mend, "skip_mend": target.mend_of_skip(None).mend,
            "unknown_mend": target.mend(None).mend, "limit": rules.retry_limit, "longest": LONGEST_WAIT_SECONDS,
            "first": rules.retry_after_minutes * 60,
        },
    )  # fmt: skip
    t.drop(codes)


def decide_retry(con: duckdb.DuckDBPyConnection, target: str, number: str | None, by: Decider) -> int:
    """Note a person's decision: send a failed worker again (None: all of them) with the next plan; how many it is about."""
    row = first(
        con,
        "select count(*) from failures where target = $target and person_number = coalesce($number, person_number)",
        {"target": target, "number": number},
    )
    count = int(row[0]) if row else 0
    if count:
        con.execute("insert into retry_decisions values (?, ?, ?, ?, ?)", [target, number, by.name, by.at, by.how])
    return count
