"""Delivery brings a target from what it has to what it should have: plans, guards, decides, journals, paces, sends and settles.

It knows no service. `OutcomeRules`, `LiveTarget` and `Service` are what it asks of one; `Journal` is its state.
"""

from hcm_pipeline.delivery.kinds import OperationKind
from hcm_pipeline.delivery.outcomes.failures import decide_retry, find_codes
from hcm_pipeline.delivery.outcomes.health import Remembered, ServiceStopped, refuse_silent, remembered
from hcm_pipeline.delivery.outcomes.log_reading import OutcomeReport, read_outcomes, sync_warehouse, why_read
from hcm_pipeline.delivery.outcomes.matching import SKEW, first_in_first_out
from hcm_pipeline.delivery.send.eta import ends_at
from hcm_pipeline.delivery.send.upload import UploadReport, upload
from hcm_pipeline.delivery.service import (
    UNKNOWN_CODE,
    Answer,
    FailureClass,
    Health,
    HealthState,
    LiveTarget,
    Mend,
    Mends,
    OutcomeEntry,
    OutcomePage,
    OutcomeRules,
    Reception,
    Service,
)
from hcm_pipeline.delivery.state import (
    WAITING,
    Decision,
    DeliveryState,
    Journal,
    JournaledManifest,
    ManifestProgress,
    ManifestState,
    NotYet,
    Pace,
    Pause,
    PauseKind,
    PauseState,
    RequestRecord,
    RequestState,
    SendResult,
)
from hcm_pipeline.delivery.target import Limits, RequestForm, Target

__all__ = [
    "SKEW",
    "UNKNOWN_CODE",
    "WAITING",
    "Answer",
    "Decision",
    "DeliveryState",
    "FailureClass",
    "Health",
    "HealthState",
    "Journal",
    "JournaledManifest",
    "Limits",
    "LiveTarget",
    "ManifestProgress",
    "ManifestState",
    "Mend",
    "Mends",
    "NotYet",
    "OperationKind",
    "OutcomeEntry",
    "OutcomePage",
    "OutcomeReport",
    "OutcomeRules",
    "Pace",
    "Pause",
    "PauseKind",
    "PauseState",
    "Reception",
    "Remembered",
    "RequestForm",
    "RequestRecord",
    "RequestState",
    "SendResult",
    "Service",
    "ServiceStopped",
    "Target",
    "UploadReport",
    "decide_retry",
    "ends_at",
    "find_codes",
    "first_in_first_out",
    "read_outcomes",
    "refuse_silent",
    "remembered",
    "sync_warehouse",
    "upload",
    "why_read",
]
