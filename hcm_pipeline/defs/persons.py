"""The person who gave a decision that reached Dagster, and how: at the reverse proxy, or in the UI."""

from __future__ import annotations

from dataclasses import dataclass

import dagster as dg

from hcm_pipeline import flow
from hcm_pipeline.defs.metadata import SIGNED_IN_TAG, WAY_TAG
from hcm_pipeline.front import Way


@dataclass(frozen=True)
class Person:
    """The name that a decision records, and how it was given."""

    name: str
    way: Way


def starter_of(run: dg.DagsterRun) -> str | None:
    """The person who started a run: signed in at the reverse proxy or at the command line, else the account of the UI.

    None of a sensor's or a schedule's.
    """
    way = run.tags.get(WAY_TAG)
    if way is None:
        return None
    return run.tags.get(SIGNED_IN_TAG) or (flow.system_user() if way == Way.UI else None)


def person_of(context: dg.OpExecutionContext, claimed: str | None) -> Person:
    """The person behind the run that a decision is made in.

    Signed in at a reverse proxy, it is that name and no other. Without one, nobody has checked a name: it is `claimed`, else the
    run's tag `user`, else the account that Dagster runs under. A run that is made again has the name of the one who does that.
    Raises Failure when the proxy named nobody.
    """
    tags = context.run.tags
    if tags.get(WAY_TAG) != Way.PROXY:
        return Person(claimed or tags.get("user") or flow.system_user(), Way.UI)
    name = tags.get(SIGNED_IN_TAG)
    if not name:
        raise dg.Failure("nobody was signed in at the reverse proxy; sign in, and start the job again")
    if claimed and claimed != name:
        context.log.warning("the name in the config is left aside: the reverse proxy says who is signed in")
    return Person(name, Way.PROXY)
