"""HTTP as every far side speaks it: what an answer says, how patiently a call is repeated, which certificates are trusted.

The room knows no service: the clients (Entra ID, later Oracle HCM) and delivery share it.
"""

from hcm_pipeline.http.call_gate import CallGate, OwnGate
from hcm_pipeline.http.clock import Clock, Sleep, utc_now
from hcm_pipeline.http.patience import Patience, Rate, TryAgain, looks
from hcm_pipeline.http.replies import NoAnswer, Reply, date_of, identifier, retry_after_of
from hcm_pipeline.http.trust import trust, trust_context, untrusted

__all__ = [
    "CallGate",
    "Clock",
    "NoAnswer",
    "OwnGate",
    "Patience",
    "Rate",
    "Reply",
    "Sleep",
    "TryAgain",
    "date_of",
    "identifier",
    "looks",
    "retry_after_of",
    "trust",
    "trust_context",
    "untrusted",
    "utc_now",
]
