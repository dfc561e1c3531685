"""Identities: unique names, given once and kept for life.

The room decides what a worker is called (`give_names`), which account of a directory is whose, how long a leaver's names stay
reserved, and in which container an account belongs. It reads workers from the relations that it is handed (see `Workforce`), and
the names that directories hold. Its tables are `identities`, `former_names`, `former_places`, `successions`, `identity_reviews`,
`identity_decisions` and `spelling_decisions`.
"""

from hcm_pipeline.identity.agreement import ACCOUNT_WORDS, worker_words
from hcm_pipeline.identity.aliases import ALIASES, PROXY_ADDRESSES
from hcm_pipeline.identity.attributes import entered
from hcm_pipeline.identity.capacity import Crowd, crowded
from hcm_pipeline.identity.correlation import GUARDED, HELD, SEVERAL, SHARED, UNLIKE
from hcm_pipeline.identity.explain import Tried, explain
from hcm_pipeline.identity.latest_decisions import latest_decisions
from hcm_pipeline.identity.ledger import give_names
from hcm_pipeline.identity.ledger_csv import Imported, Refused, export_ledger, import_ledger
from hcm_pipeline.identity.name_parts import PARTICLES, named_sql
from hcm_pipeline.identity.placement import Misplaced, Place, find_moves, places, unknown_places
from hcm_pipeline.identity.protection import protected_workers
from hcm_pipeline.identity.review import (
    Decided,
    Review,
    SpelledName,
    SpelledPart,
    decide,
    decide_rehire,
    decide_spelling,
    spelling_of,
    spellings_waiting,
    waiting,
)
from hcm_pipeline.identity.spelling import spell
from hcm_pipeline.identity.workforce import Workforce

__all__ = [
    "ACCOUNT_WORDS",
    "ALIASES",
    "GUARDED",
    "HELD",
    "PARTICLES",
    "PROXY_ADDRESSES",
    "SEVERAL",
    "SHARED",
    "UNLIKE",
    "Crowd",
    "Decided",
    "Imported",
    "Misplaced",
    "Place",
    "Refused",
    "Review",
    "SpelledName",
    "SpelledPart",
    "Tried",
    "Workforce",
    "crowded",
    "decide",
    "decide_rehire",
    "decide_spelling",
    "entered",
    "explain",
    "export_ledger",
    "find_moves",
    "give_names",
    "import_ledger",
    "latest_decisions",
    "named_sql",
    "places",
    "protected_workers",
    "spell",
    "spelling_of",
    "spellings_waiting",
    "unknown_places",
    "waiting",
    "worker_words",
]
