"""`plan --rehearse`: what the job's mappings would make of a plan, those of whom something goes wrong first."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import orjson
import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import sandbox_used
from hcm_pipeline.cli.output import Progress, note, say, table
from hcm_pipeline.errors import GuardStop
from hcm_pipeline.plain_text import counted, json_for

SHOWN_ATTRIBUTES = 5
"""Attributes of one person that are listed."""


def rehearse_plan(
    here: flow.Installation, schema: Path | None, shown: int | None, csv: Path | None, *, as_json: bool
) -> None:
    """Rehearse and print; exit 3 when something would be refused or undone. Prints personal data, and so does the file.

    `shown`: people that are listed, None: all. JSON has everybody.
    """
    with sandbox_used(), flow.rehearse(here, schema, announce=note, progress=Progress()) as found:
        if csv is not None:
            flow.write_rehearsal(csv, found)
            note(
                f"{csv}: {counted(found.people_in_all, 'person')}, for your eyes and those of whom you send it to (mode 0600)"
            )
        if as_json:
            _dump(found)
        else:
            _show(found, shown)
        if found.stops:
            raise typer.Exit(GuardStop.exit_code)


def _show(found: flow.RehearsedPlan, shown: int | None) -> None:
    say(f"Rehearsed: {found.schema}; {found.accounts}.", found.headline, "")
    table("What becomes of the accounts", ("outcome", "operations"), list(found.outcomes.items()))
    table(
        "What the mappings would refuse, undo or ignore, and what is not known",
        ("mark", "attribute", "operations", "why", "code", "mapping"),
        [[one.mark, _short(one.attribute), one.operations, one.why, one.code, one.by] for one in found.marks],
    )
    columns = ("person number", "name", "operation", "outcome", "now and then", "why")
    table("Everybody", columns, [_row(person) for person in found.people(shown)])
    left = 0 if shown is None else found.people_in_all - shown
    if left > 0:
        say(f"and {left:,} more: `plan --rehearse --all` lists them, `plan --rehearse --csv FILE` writes them")


def _row(person: dict[str, Any]) -> list[object]:
    told = [one for one in person["attributes"] if one["mark"] in ("refused", "undone") or one["now"] != one["then"]]
    said = [_attribute(one) for one in told[:SHOWN_ATTRIBUTES]]
    left = len(told) - SHOWN_ATTRIBUTES
    why = [person["why"] or "", f"({person['code']})" if person["code"] else ""]
    return [
        person["person_number"], person["name"], person["kind"], person["outcome"],
        "; ".join([*said, *([f"and {left} more"] if left > 0 else [])]), " ".join(filter(None, why)),
    ]  # fmt: skip


def _attribute(one: dict[str, Any]) -> str:
    now, then, mark = one["now"], one["then"], one["mark"]
    said = (then or "nothing") if now is None else f"{now} → {'nothing' if then is None else then}"
    return f"{_short(one['attribute'])}: {said}" + (f" ({mark})" if mark else "")


def _short(attribute: str) -> str:
    return attribute.rpartition(":")[2] if attribute.startswith("urn:") else attribute


def _dump(found: flow.RehearsedPlan) -> None:
    """One JSON object; the people one by one, so that their number does not count."""
    head = {
        "business_date": found.business_date, "schema": found.schema, "accounts": found.accounts, "headline": found.headline,
        "outcomes": found.outcomes, "marks": found.marks, "stops": found.stops, "people_in_all": found.people_in_all,
    }  # fmt: skip
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(json_for(orjson.dumps(head).decode()[:-1], encoding) + ',\n"people": [')
    for i, person in enumerate(found.people()):
        sys.stdout.write((",\n" if i else "\n") + json_for(orjson.dumps(person).decode(), encoding))
    sys.stdout.write("]}\n")
