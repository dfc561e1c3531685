"""The log's own reason beside a failure: the attribute and the rule, and nothing of a person."""

from __future__ import annotations

from hcm_pipeline.flow.views.receipts import failures
from hcm_pipeline.warehouse import ensure_columns
from tests.pool import empty_warehouse


def test_a_failure_shows_the_reason_of_the_log_without_the_values_that_were_sent() -> None:
    con = empty_warehouse()
    ensure_columns(con, "versions", {"displayName": "VARCHAR"})
    for number, reason in (
        ("1", "department can only hold 64 characters."),
        ("2", "Another object has the displayName Ida Holm (ida@contoso.com)."),
        ("3", None),
    ):
        con.execute(
            """insert into failures by name select 't' as target, ? as person_number, 1 as plan_no, 0 as request_no,
            ?::integer as op_no, 'failed' as state, 'Conflict' as error_code, 'needs data' as failure_class, 'mend it' as mend,
            1 as attempts, timestamptz '2026-11-02' as since""",
            [number, number],
        )
        con.execute(
            """insert into outcomes by name select 1 as plan_no, 0 as request_no, ?::integer as op_no, ? as person_number,
            'failed' as outcome, 'create' as action, ? as reason, ? as log_id, timestamptz '2026-11-02' as logged_at""",
            [number, number, reason, number],
        )
        con.execute(
            """insert into versions by name select 't' as target, ? as person_number, true as is_delivered, 1 as plan_no,
            0 as position, 'update' as kind, 0 as request_no, ?::integer as op_no,
            uuid '00000000-0000-0000-0000-000000000001' as digest, 'Ida Holm' as displayName""",
            [number, number],
        )
    assert [(one.person_number, one.reason) for one in failures(con, "t")] == [
        ("1", "department can only hold 64 characters."),
        ("2", "Another object has the displayName … (…)."),
        ("3", None),
    ]
