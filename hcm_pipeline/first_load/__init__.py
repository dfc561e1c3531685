"""Before the first load: how workers and the accounts that are there already belong together, and what has to be clean first.

The room puts every worker in scope and every account of one reading into one tier: matched by number, confirmed by a person, by
several agreeing attributes, ambiguous, or none. It finds duplicates on either side, accounts without a worker, and links that are
wrong; it counts heads. It decides nothing: a person's decisions are handed in. It reads the relations that it is handed, and the
table `directory_objects`; its table is `first_load_decisions`.
"""

from hcm_pipeline.first_load.confirmed_list import COLUMNS as LIST_COLUMNS
from hcm_pipeline.first_load.confirmed_list import Listed, RefusedLine, read_list
from hcm_pipeline.first_load.duplicates import Duplicate, find_duplicates
from hcm_pipeline.first_load.headcount import COHORTS, Heads, count_heads
from hcm_pipeline.first_load.number_stamps import NUMBER, OBJECT_ID, Stamp, stamps, unfit
from hcm_pipeline.first_load.sides import People, people_of
from hcm_pipeline.first_load.tiers import (
    NOBODY_CONFIRMED,
    REASONS,
    TIERS,
    Matched,
    OrphanKind,
    Tier,
    match,
    open_reasons,
)
from hcm_pipeline.first_load.words import AsIs, enter_as_is, enter_match, enter_matches, enter_new, listed_relation
from hcm_pipeline.first_load.wrong_links import LINK_KINDS, LinkKind, WrongLink, find_wrong_links

__all__ = [
    "COHORTS",
    "LINK_KINDS",
    "LIST_COLUMNS",
    "NOBODY_CONFIRMED",
    "NUMBER",
    "OBJECT_ID",
    "REASONS",
    "TIERS",
    "AsIs",
    "Duplicate",
    "Heads",
    "LinkKind",
    "Listed",
    "Matched",
    "OrphanKind",
    "People",
    "RefusedLine",
    "Stamp",
    "Tier",
    "WrongLink",
    "count_heads",
    "enter_as_is",
    "enter_match",
    "enter_matches",
    "enter_new",
    "find_duplicates",
    "find_wrong_links",
    "listed_relation",
    "match",
    "open_reasons",
    "people_of",
    "read_list",
    "stamps",
    "unfit",
]
