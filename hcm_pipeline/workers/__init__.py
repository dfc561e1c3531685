"""The workers: which rows of the extracts are believed, and what each worker is on a business date.

The room decides whether an extract is complete, which of its rows keep the contract, which row speaks for a worker, in which stage
of life the worker is, and what has changed. It keeps the versions of every worker in two times: since when they are true, and since
when they are known.
"""

from hcm_pipeline.workers.change_kinds import KINDS, RULES, first_kind_sql, kind_sql
from hcm_pipeline.workers.completeness import RULES as FINDINGS
from hcm_pipeline.workers.completeness import Finding
from hcm_pipeline.workers.day import Day
from hcm_pipeline.workers.forecast import Coming, forecast
from hcm_pipeline.workers.known import changes_of, current_workers, worker_versions
from hcm_pipeline.workers.managers import with_managers
from hcm_pipeline.workers.processed import DayCounts, is_current, prepare, recorded, rewind
from hcm_pipeline.workers.seen_names import OddName, odd_names, take_as_seen
from hcm_pipeline.workers.staged import CannotBeRead

__all__ = [
    "FINDINGS",
    "KINDS",
    "RULES",
    "CannotBeRead",
    "Coming",
    "Day",
    "DayCounts",
    "Finding",
    "OddName",
    "changes_of",
    "current_workers",
    "first_kind_sql",
    "forecast",
    "is_current",
    "kind_sql",
    "odd_names",
    "prepare",
    "recorded",
    "rewind",
    "take_as_seen",
    "with_managers",
    "worker_versions",
]
