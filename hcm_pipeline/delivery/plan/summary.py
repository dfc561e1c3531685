"""A plan in numbers: attribute by attribute, for people who decide about it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import orjson

from hcm_pipeline.delivery.manifest import PLAN_FILE
from hcm_pipeline.delivery.target import Target, names_of
from hcm_pipeline.errors import PipelineError
from hcm_pipeline.warehouse import Relation, Scratch, quote


def attributes(
    t: Scratch, target: Target, operations: Relation | str, delivered: Relation, stays: Collection[str],
    replaced: Relation,
) -> list[dict[str, Any]]:  # fmt: skip
    """How often each value of an account that the target has would change, and how often to nothing.

    `operations` (or a SELECT in parentheses) and `delivered` have person_number and every value, `replaced` as of `Difference`. In
    the order of the target's columns, without those that no operation changes; `from` is what the value is made from. `stays`, of
    those cleared, and `replaced`, of those changed, are there where they are not 0.
    """
    instead = dict(
        t.rows(f"select attribute, count(*) from {replaced} semi join {operations} using (person_number) group by 1")
    )
    tests = ", ".join(
        f"count(*) filter (new.{quote(name)} is distinct from old.{quote(name)}), "
        f"count(*) filter (new.{quote(name)} is null and old.{quote(name)} is not null)"
        for name in names_of(target)
    )
    counts = t.first(f"select {tests} from {operations} new join {delivered} old using (person_number)")
    found = counts or (0,) * (2 * len(target.columns))
    return [
        {"attribute": column.name, "from": column.origin, "changed": found[2 * i], "cleared": found[2 * i + 1]}
        | ({"stays": found[2 * i + 1]} if found[2 * i + 1] and column.name in stays else {})
        | ({"replaced": instead[column.name]} if column.name in instead else {})
        for i, column in enumerate(target.columns)
        if found[2 * i]
    ]


def stays(t: Scratch, operations: str, delivered: Relation, staying: Collection[str]) -> dict[str, int]:
    """How many values operations clear to no effect, by attribute. `operations`: a SELECT in parentheses of person_number and every
    value; `staying`: the attributes of which no null clears a value."""
    known = sorted(staying)
    if not known:
        return {}
    tests = ", ".join(
        f"count(*) filter (new.{quote(name)} is null and old.{quote(name)} is not null)" for name in known
    )
    counts = t.first(f"select {tests} from {operations} new join {delivered} old using (person_number)") or ()
    return {name: count for name, count in zip(known, counts, strict=False) if count}


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
