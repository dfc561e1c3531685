"""A synchronization job's schema executed on records that would be sent, beside the accounts as they are: nothing is written."""

from hcm_pipeline.rehearsal.accounts import Account, Accounts, NobodyTells, Present, Reference, Untold
from hcm_pipeline.rehearsal.execution import Rehearsal, Sent
from hcm_pipeline.rehearsal.prepared import Limit, Prepared, Target, prepare
from hcm_pipeline.rehearsal.results import AttributeResult, Mark, Outcome, Rehearsed, as_shown
from hcm_pipeline.rehearsal.source_record import SourceRecord, source_record

__all__ = [
    "Account",
    "Accounts",
    "AttributeResult",
    "Limit",
    "Mark",
    "NobodyTells",
    "Outcome",
    "Prepared",
    "Present",
    "Reference",
    "Rehearsal",
    "Rehearsed",
    "Sent",
    "SourceRecord",
    "Target",
    "Untold",
    "as_shown",
    "prepare",
    "source_record",
]
