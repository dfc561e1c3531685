"""How entries of the provisioning log settle operations: `OutcomeRules.decide` for Entra ID.

The log knows neither request nor bulkId. An entry carries the externalId, the time, the job and a changeId; what the service
was observed to do (one changeId for each record it works off, in the order in which it took them) is the rule:

1. Entries of one worker with one changeId are one *change*. One that follows a failure under the same changeId is the
   service's own retry of it; one that follows anything else is a change of its own.
2. Changes serve operations first in, first out (`delivery.first_in_first_out`), and the newest entry decides.
3. An update under the changeId of an earlier entry that only exports is that entry's twin: it fills in a reference (the
   manager), and decides nothing.
4. A skip because nothing was left to change is no failure; one because the app's scope leaves the worker out is. A first skip
   that does not say why is taken for the latter only of a create.
"""

from __future__ import annotations

from hcm_pipeline.delivery import Mends, find_codes, first_in_first_out
from hcm_pipeline.targets.entra.error_codes import SKIPPED, mend_of
from hcm_pipeline.warehouse import Relation, Scratch, query


def decide(t: Scratch, mends: Mends, accepted: Relation, entries: Relation) -> Relation:
    """The rows of `outcomes` for the operations in `accepted` that an entry settles; see `OutcomeRules.decide`."""
    changes = t.make("changes", query(__package__, "changes", entries=entries))
    served = first_in_first_out(t, accepted, changes)
    codes = find_codes(t, mends, entries)
    return t.make(
        "decided",
        query(__package__, "decided", served=served, entries=entries, changes=changes, accepted=accepted, codes=codes),
        {"unknown": str(mend_of(None).failure_class), "skipped": str(SKIPPED.failure_class)},
    )
