"""Oracle HCM client: sign-in, Atom feeds, the workers REST resource, and a worker reduced to one row.

It knows nothing of extracts or of the warehouse. The client itself is loaded when it is first asked for: it brings httpx along.
"""

from typing import TYPE_CHECKING, Any

from hcm_pipeline.oracle.feed_entry import Entry, Page, Stamp, Window
from hcm_pipeline.oracle.hcm_connection import OracleConnection
from hcm_pipeline.oracle.phone_parts import LEAST_NATIONAL, TWO_DIGITS, same_number
from hcm_pipeline.oracle.privileges import ACCOUNTS as ACCOUNTS_PRIVILEGE
from hcm_pipeline.oracle.privileges import FEEDS as FEEDS_PRIVILEGE
from hcm_pipeline.oracle.privileges import WORKERS as WORKERS_PRIVILEGE
from hcm_pipeline.oracle.reading_rules import MoreColumn, ReadingRules
from hcm_pipeline.oracle.worker_reading import COLUMNS, Person, Reading
from hcm_pipeline.oracle.write_rules import LONGEST_USER_NAME, Way, WriteRules

if TYPE_CHECKING:
    from hcm_pipeline.oracle.hcm_calls import HcmCalls, HcmReply
    from hcm_pipeline.oracle.hcm_client import OracleClient
    from hcm_pipeline.oracle.posted_entries import entries_posted
    from hcm_pipeline.oracle.privileges import OracleRefused
    from hcm_pipeline.oracle.signed_headers import signed_headers_of
    from hcm_pipeline.oracle.worker_writes import Forbidden, NotWritten, Passing, Wish, WorkerWriter, Written

__all__ = [
    "ACCOUNTS_PRIVILEGE",
    "COLUMNS",
    "FEEDS_PRIVILEGE",
    "LEAST_NATIONAL",
    "LONGEST_USER_NAME",
    "TWO_DIGITS",
    "WORKERS_PRIVILEGE",
    "Entry",
    "Forbidden",
    "HcmCalls",
    "HcmReply",
    "MoreColumn",
    "NotWritten",
    "OracleClient",
    "OracleConnection",
    "OracleRefused",
    "Page",
    "Passing",
    "Person",
    "Reading",
    "ReadingRules",
    "Stamp",
    "Way",
    "Window",
    "Wish",
    "WorkerWriter",
    "WriteRules",
    "Written",
    "entries_posted",
    "same_number",
    "signed_headers_of",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from hcm_pipeline.oracle import hcm_calls, hcm_client, posted_entries, privileges, signed_headers, worker_writes

    parts = (hcm_client, privileges, posted_entries, signed_headers, hcm_calls, worker_writes)
    return next(getattr(part, name) for part in parts if hasattr(part, name))
