"""When Oracle HCM last said what it has of a worker."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack

import pyarrow as pa

from hcm_pipeline.feeds import FeedState
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.warehouse import Relation, Scratch


def stated(installation: Installation, t: Scratch) -> Relation:
    """person_number, statement: counts up whenever Oracle HCM has said anew what it has of a worker, whatever that is.

    Of workers who are read live the poll that read them last, of others the extract.
    """
    if installation.profile.oracle is not None:
        read: Iterable[tuple[str, int]] = ()
        with ExitStack() as stack:
            if installation.home.feeds.is_file():
                read = stack.enter_context(FeedState(installation.home.feeds)).read_by()
            rows = list(read)
        columns = pa.table({
            "person_number": pa.array([number for number, _ in rows], pa.string()),
            "statement": pa.array([poll for _, poll in rows], pa.int64()),
        })  # fmt: skip
        return t.of_arrow("stated", columns)
    return t.view(
        "stated",
        """select person_number, greatest(extract_id, (
            select max(extract_id) from extracts where status = 'applied' and content = 'full'))::bigint as statement
        from worker_versions where valid_to is null""",
    )
