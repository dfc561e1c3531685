"""A plan in numbers: attribute by attribute, for people who decide about it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from hcm_pipeline.delivery.manifest import PLAN_FILE
from hcm_pipeline.delivery.target import Target
from hcm_pipeline.errors import PipelineError
from hcm_pipeline.warehouse import Relation, Scratch, quote


def attributes(
    t: Scratch, target: Target, operations: str, delivered: Relation, stays: Collection[str], replaced: Relation
) -> dict[int, list[dict[str, Any]]]:
    """How often each value of an account that the target has would change, and how often to nothing, by the number of the plan.

    `operations` (a SELECT in parentheses) has plan_no, person_number and every value, `delivered` the last two, `replaced` as of
    `Difference`. In the order of the target's columns, without those that no operation changes; `from` is what the value is made
    from. `stays`, of those cleared, and `replaced`, of those changed, are there where they are not 0.
    """
    instead = {
        (plan_no, name): count
        for plan_no, name, count in t.rows(
            f"select plan_no, attribute, count(*) from {replaced} join {operations} using (person_number) group by all"
        )
    }
    columns = [column for column in target.columns if not column.noted]
    tests = ", ".join(
        f"count(*) filter (new.{quote(name)} is distinct from old.{quote(name)}), "
        f"count(*) filter (new.{quote(name)} is null and old.{quote(name)} is not null)"
        for name in (column.name for column in columns)
    )
    theirs = f"(from {delivered} semi join {operations} using (person_number))"  # of the many, said first
    counts = t.rows(
        f"select new.plan_no, {tests} from {operations} new join {theirs} old using (person_number) group by 1"
    )
    return {
        plan_no: [
            {"attribute": column.name, "from": column.origin, "changed": changed, "cleared": cleared}
            | ({"stays": cleared} if cleared and column.name in stays else {})
            | ({"replaced": instead[plan_no, column.name]} if (plan_no, column.name) in instead else {})
            for column, changed, cleared in zip(columns, found[::2], found[1::2], strict=True)
            if changed
        ]
        for plan_no, *found in counts
    }


def stays(told: Iterable[Sequence[Mapping[str, Any]]]) -> dict[str, int]:
    """How many values the operations of all plans clear to no effect, by attribute; `told` as of `attributes`."""
    counts: Counter[str] = Counter()
    for attribute in itertools.chain.from_iterable(told):
        if "stays" in attribute:
            counts[attribute["attribute"]] += attribute["stays"]
    return dict(sorted(counts.items()))


def read(folder: Path) -> dict[str, Any]:
    """The content of `plan.json` of a manifest's folder says; empty where there is none.

    Raises PipelineError when it is no JSON document.
    """
    path = folder / PLAN_FILE
    if not path.is_file():
        return {}
    try:
        found: dict[str, Any] = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise PipelineError(f"{path}: cannot be read; plan again") from error
    return found
