"""Metadata of materializations for the Dagster UI: counts that plot, column schemas, names of files. Nothing personal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from hcm_pipeline import flow
from hcm_pipeline.profile import Profile
from hcm_pipeline.verdicts import Verdict

OWNERS = ["team:identity-engineering"]
EXTRACT_TAG = "hcm/extract"
MANIFEST_TAG = "hcm/manifest"
DATE_TAG = "hcm/business_date"
STATUS_TAG = "hcm/status"
"""The reason for which a run failed, where that is no fault: `held`."""
PROCESS_TAG = "hcm/process"
"""The process of a run that a command made inside itself."""
WAY_TAG = "hcm/way"
SIGNED_IN_TAG = "hcm/signed_in"
"""How a run of the web server was started, and who was signed in there; the front sets both, over whatever a client sent."""
SHOWN_ROWS = 20
"""Refused rows of a file that a run's log names; the count is of all."""


def schema(columns: Mapping[str, str], about: Mapping[str, str] | None = None) -> dict[str, dg.TableSchema]:
    """`dagster/column_schema` for columns given as name to type."""
    notes = about or {}
    return {
        "dagster/column_schema": dg.TableSchema(
            columns=[dg.TableColumn(name, kind, description=notes.get(name)) for name, kind in columns.items()]
        )
    }


def workers_columns(profile: Profile) -> dict[str, str]:
    """Columns of the snapshot."""
    return flow.worker_columns(profile)


QUARANTINE_COLUMNS = {
    "business_date": "DATE",
    "extract_id": "INTEGER",
    "row_no": "BIGINT",
    "person_number": "VARCHAR",
    "broken": "STRUCT(rule, column_name, value_class, value)[]",
    "raw": "VARCHAR",
}
CHANGES_COLUMNS = {
    "business_date": "DATE",
    "person_number": "VARCHAR",
    "kind": "VARCHAR",
    "attributes": "VARCHAR[]",
    "before_from": "DATE",
}
EXTRACTS_COLUMNS = {
    "sha256": "VARCHAR",
    "source": "VARCHAR",
    "business_date": "DATE",
    "name": "VARCHAR",
    "size_bytes": "BIGINT",
    "shape": "JSON",
    "status": "VARCHAR",
    "rows": "BIGINT",
}
DIRECTORY_COLUMNS = {
    "directory": "VARCHAR",
    "object_id": "VARCHAR",
    "kind": "VARCHAR",
    "deleted": "BOOLEAN",
    **dict.fromkeys(
        ("employee_id", "user_principal_name", "sam_account_name", "common_name", "mail", "mail_nickname"), "VARCHAR"
    ),
    "proxy_addresses": "VARCHAR[]",
    **dict.fromkeys(("distinguished_name", "display_name", "given_name", "surname"), "VARCHAR"),
    "admin_count": "BOOLEAN",
    "member_of": "VARCHAR[]",
}
IDENTITIES_COLUMNS = {
    "person_number": "VARCHAR",
    **dict.fromkeys(flow.IDENTITY_COLUMNS, "VARCHAR"),
    "status": "VARCHAR",
    "given_on": "DATE",
    "released_on": "DATE",
    "upn_rule": "VARCHAR",
    "sam_rule": "VARCHAR",
    "cn_rule": "VARCHAR",
    "placed_by": "VARCHAR",
    "placed_on": "DATE",
}
RECEIPTS_COLUMNS = {
    "manifest_id": "VARCHAR",
    "request_no": "INTEGER",
    "op_no": "INTEGER",
    "person_number": "VARCHAR",
    "kind": "VARCHAR",
    "state": "VARCHAR",
    "accepted_at": "TIMESTAMPTZ",
    "error_code": "VARCHAR",
    "logged_at": "TIMESTAMPTZ",
}


def desired_columns(profile: Profile) -> dict[str, dg.TableSchema]:
    """Columns of the desired state: SCIM paths, each with the worker field or expression behind it."""
    mapped = flow.mapped_attributes(profile)
    columns = {one.attribute: "VARCHAR" for one in mapped}
    return schema({"person_number": "VARCHAR", **columns}, {one.attribute: f"from {one.origin}" for one in mapped})


def kinds_of(changes: Mapping[str, int]) -> dict[str, int]:
    """Counts of every kind of change, zeros too, so that a plot has no gaps."""
    return {f"{kind}s": changes.get(kind, 0) for kind in flow.CHANGE_KINDS}


LIMIT_COLUMNS = ("kind", "attribute", "cohort", "operations", "base", "allowed", "rule", "verdict")
"""The columns that are shown of the verdicts of limits: their figures, without the values of cohorts."""


def verdict_table(
    found: Iterable[Verdict], columns: Sequence[str] = ("guard", "verdict", "why")
) -> dg.TableMetadataValue:
    """The verdicts of rules as a table, the same for every rule. Nothing of it names a value of a worker's field."""
    rows = [{"guard": one.rule, "why": flow.loggable(one), **one.figures, "verdict": one.outcome} for one in found]
    return table([{name: row[name] for name in columns} for row in rows], columns)


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> dg.TableMetadataValue:
    """Rows as the UI shows a table; what is no number is shown as text."""
    records = [dg.TableRecord(dict(row)) for row in rows]
    return dg.TableMetadataValue(records, dg.TableSchema([dg.TableColumn(name) for name in columns]))
