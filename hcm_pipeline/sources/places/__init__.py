"""Places where extracts wait to be taken: the landing folder, other folders, servers for files, object storage.

A store (`far_store.Store`) knows one protocol: list, read, move, delete. `FarPlace` has the rules that are the same for all: what
is taken, when, and once. `open_place` loads the library of a kind only when the profile names a place of it.
"""

from hcm_pipeline.sources.places.far_place import FarPlace
from hcm_pipeline.sources.places.far_store import Changed, Gone, Store, Thing
from hcm_pipeline.sources.places.folder import Folder
from hcm_pipeline.sources.places.opening import Opener, OracleSignIn, open_place
from hcm_pipeline.sources.places.place import Looked, Place, Waiting
from hcm_pipeline.sources.places.seen_and_taken import LookedAt, SeenAndTaken

__all__ = [
    "Changed",
    "FarPlace",
    "Folder",
    "Gone",
    "Looked",
    "LookedAt",
    "Opener",
    "OracleSignIn",
    "Place",
    "SeenAndTaken",
    "Store",
    "Thing",
    "Waiting",
    "open_place",
]
