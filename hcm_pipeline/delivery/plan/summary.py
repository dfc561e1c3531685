"""What a plan does, in numbers: attribute by attribute, for people who decide about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import orjson

from hcm_pipeline.delivery.manifest import PLAN_FILE
from hcm_pipeline.errors import PipelineError
from hcm_pipeline.targets.entra.scim_mapping import Mapping
from hcm_pipeline.warehouse import first, literal, quote


def attributes(con: duckdb.DuckDBPyConnection, mapping: Mapping, target: str, operations: str) -> list[dict[str, Any]]:
    """How often each attribute of an account that the target has would change, and how often to nothing.

    `operations` is a SELECT of person_number and every mapped value. In the order of the mapping, without those that no
    operation changes; `from` is what the attribute is made from.
    """
    names = [leaf.column for leaf in mapping.leaves]
    tests = ", ".join(
        f"count(*) filter (n.{quote(c)} is distinct from o.{quote(c)}), "
        f"count(*) filter (n.{quote(c)} is null and o.{quote(c)} is not null)"
        for c in names
    )
    found = first(
        con,
        f"""select {tests} from ({operations}) n
        join (select * from delivered where target = {literal(target)}) o using (person_number)""",
    ) or (0,) * (2 * len(names))
    return [
        {"attribute": name, "from": leaf.origin, "changed": found[2 * i], "cleared": found[2 * i + 1]}
        for i, (name, leaf) in enumerate(zip(names, mapping.leaves, strict=True))
        if found[2 * i]
    ]


def read(folder: Path) -> dict[str, Any]:
    """What `plan.json` of a manifest's folder says; empty of a manifest of the first release.

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
