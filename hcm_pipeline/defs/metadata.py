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
ONE_WORKER = {"one_worker_command": "hcm-pipeline trace PERSON_NUMBER"}
"""Beside the columns of every table of people: where one of them is looked up, for Dagster names nobody."""
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


def schema_of(table: str, columns: Mapping[str, str]) -> dict[str, dg.TableSchema]:
    """The same for columns of a table of the warehouse, with their meaning."""
    return schema(columns, flow.column_meanings(table))


def lineage(columns: Mapping[str, Iterable[tuple[str, str]]]) -> dict[str, dg.TableColumnLineage]:
    """`dagster/column_lineage`: for each column the columns that it is made from, each with its asset."""
    return {
        "dagster/column_lineage": dg.TableColumnLineage(
            {
                column: [dg.TableColumnDep(dg.AssetKey(asset), name) for asset, name in made_from]
                for column, made_from in columns.items()
            }
        )
    }


def extract_columns(profile: Profile) -> dict[str, dg.TableSchema]:
    """The columns that the profile reads from the files of its sources."""
    fields: dict[str, list[str]] = {}
    for field, columns in flow.field_columns(profile).items():
        for column in columns:
            fields.setdefault(column, []).append(field)
    about = {column: f"Becomes the worker field {', '.join(names)}." for column, names in fields.items()}
    return schema(dict.fromkeys(fields, "text"), about)


def workers_columns(profile: Profile) -> dict[str, Any]:
    """Columns of the snapshot, with their meaning, and the columns of extracts behind them."""
    read_from, meanings = flow.field_columns(profile), flow.column_meanings("worker_versions")
    columns = flow.worker_columns(profile)
    about = {
        **dict.fromkeys(columns, "No source of the profile fills it."),
        **meanings,
        **{field: f"Read from {', '.join(columns)} of the extracts." for field, columns in read_from.items()},
    }
    return {
        **schema(columns, about),
        **lineage({field: [("extracts", column) for column in columns] for field, columns in read_from.items()}),
    }


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


def identities_columns(profile: Profile) -> dict[str, Any]:
    """Columns of the ledger, with their meaning, and the worker fields that names are formed from."""
    parts = {"person_number": ("person_number",), **flow.name_parts(profile)}
    made_from = {name: [("workers", field) for field in fields] for name, fields in parts.items() if fields}
    return {**schema_of("identities", IDENTITIES_COLUMNS), **lineage(made_from)}


def desired_columns(profile: Profile) -> dict[str, Any]:
    """Columns of the desired state: SCIM paths, each with the worker fields and names that it is made from."""
    mapped = flow.mapped_attributes(profile)
    columns = {one.attribute: "VARCHAR" for one in mapped}
    made_from = {
        one.attribute: [
            ("identities" if name in IDENTITIES_COLUMNS and name != "person_number" else "workers", name)
            for name in one.reads
        ]
        for one in mapped
        if one.reads
    }
    return {
        **schema({"person_number": "VARCHAR", **columns}, {one.attribute: f"from {one.origin}" for one in mapped}),
        **lineage({"person_number": [("workers", "person_number")], **made_from}),
    }


KIND_WORDS = {
    "joiner": "joiners",
    "mover": "movers",
    "leaver": "leavers",
    "rehire": "rehires",
    "prehire": "workers hired ahead",
    "future_hire": "hires to come",
    "no_show": "workers who never came",
    "former": "former workers told for the first time",
    "conversion": "conversions",
    "global_transfer": "global transfers",
    "pending_hired": "pending workers hired",
    "leave": "leaves begun",
    "return_from_leave": "returns from leave",
    "future_leaver": "exits to come",
    "offboarding": "exits with an account that still works",
    "reversed_termination": "terminations reversed",
    "missing": "workers missing from a full extract",
    "found": "workers found again",
    "left_scope": "workers who left the scope",
    "entered_scope": "workers who entered the scope",
    "erasure": "erasures",
    "correction": "corrections",
    "update": "other updates",
}
"""Kinds of change as people call several of them."""
PLOTTED = ("joiner", "mover", "leaver", "rehire")
"""Kinds that are counted though there are none, so that a plot has no gaps."""


def kinds_of(changes: Mapping[str, int]) -> dict[str, int]:
    """Counts of changes in words: those that are plotted, and the others that there are."""
    return {
        words: changes.get(kind, 0) for kind, words in KIND_WORDS.items() if kind in PLOTTED or changes.get(kind, 0)
    }


def verdict_table(found: Iterable[Verdict]) -> dg.TableMetadataValue:
    """The verdicts of rules in sentences, the same for every rule. Nothing of it names a value of a worker's field."""
    rows = [{"guard": one.rule, "verdict": one.outcome, "why": flow.loggable(one)} for one in found]
    return table(rows, ("guard", "verdict", "why"))


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> dg.TableMetadataValue:
    """Rows as the UI shows a table; what is no number is shown as text."""
    records = [dg.TableRecord({name: _cell(value) for name, value in row.items()}) for row in rows]
    return dg.TableMetadataValue(records, dg.TableSchema([dg.TableColumn(name) for name in columns]))


def _cell(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float) else str(value)


def is_named(context: dg.AssetExecutionContext, manifest_id: str, job: str) -> bool:
    """Whether a run that sends was told what. To materialize everything sends nothing; the job itself wants an id.

    Raises Failure for a run of the job without one.
    """
    if manifest_id:
        return True
    if context.run.job_name == job:
        raise dg.Failure(
            "no manifest is named, so that nothing was sent: give its id as manifest_id", allow_retries=False
        )
    context.log.info("no manifest is named: nothing is sent")
    return False
