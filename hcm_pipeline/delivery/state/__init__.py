"""The state of deliveries: manifests, decisions, requests, pauses and calls, durable at every step.

`DeliveryState` is what delivery asks of it, and `Journal` its implementation in SQLite.
"""

from hcm_pipeline.delivery.state.decision_chain import BrokenChain
from hcm_pipeline.delivery.state.fences import Fence, FenceRecords, HistoryDecision, HistoryWord
from hcm_pipeline.delivery.state.interface import CallState, DeliveryState, FenceState, PauseState
from hcm_pipeline.delivery.state.journal import Journal
from hcm_pipeline.delivery.state.journal_records import (
    CLOSED,
    OPEN,
    REST_OF,
    UNREGISTERED,
    UNSETTLED,
    WAITING,
    Acceptance,
    ApprovalRule,
    Attempted,
    Decision,
    JournaledManifest,
    ManifestProgress,
    ManifestState,
    RequestRecord,
    RequestState,
    SendResult,
    SentMeanwhile,
)
from hcm_pipeline.delivery.state.pacing import DAY, LONGEST_CALL, NotYet, Pace, SharedGate
from hcm_pipeline.delivery.state.pauses import Pause, PauseKind, Pauses

__all__ = [
    "CLOSED",
    "DAY",
    "LONGEST_CALL",
    "OPEN",
    "REST_OF",
    "UNREGISTERED",
    "UNSETTLED",
    "WAITING",
    "Acceptance",
    "ApprovalRule",
    "Attempted",
    "BrokenChain",
    "CallState",
    "Decision",
    "DeliveryState",
    "Fence",
    "FenceRecords",
    "FenceState",
    "HistoryDecision",
    "HistoryWord",
    "Journal",
    "JournaledManifest",
    "ManifestProgress",
    "ManifestState",
    "NotYet",
    "Pace",
    "Pause",
    "PauseKind",
    "PauseState",
    "Pauses",
    "RequestRecord",
    "RequestState",
    "SendResult",
    "SentMeanwhile",
    "SharedGate",
]
