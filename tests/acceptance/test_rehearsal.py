"""A plan is rehearsed by the commands, and what the job then does is what was rehearsed."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path
from typing import Any

from .support import Site, extract, worker


def people(rehearsed: Any) -> dict[str, dict[str, str | None]]:
    """By worker, the values that were rehearsed for the account, but for those that are not known."""
    return {
        person["person_number"]: {
            one["attribute"]: one["then"] for one in person["attributes"] if one["by"] and one["then"] != "‹not known›"
        }
        for person in rehearsed["people"]
    }


def test_a_plan_is_rehearsed_and_the_cycle_does_what_was_rehearsed(tmp_path: Path) -> None:
    site = Site(tmp_path / "home")
    first = extract(
        tmp_path, "workers-2026-11-02.csv", worker("1", "Ann", "Lee"), worker("2", "Zoë", "Núñez", Manager="1")
    )
    site.plan(dt.date(2026, 11, 2), first)
    rehearsed = site.json("plan", "--rehearse")
    assert (rehearsed["outcomes"], rehearsed["stops"]) == ({"create": 2}, 0)
    assert "the schema that the job has now" in rehearsed["schema"]
    site.send()
    accounts = site.accounts()
    for number, values in people(rehearsed).items():
        for name, then in values.items():
            if name not in ("manager", "mail"):
                there = accounts[number].get(name)
                assert (None if there is None else str(there)) == then, name
    second = extract(
        tmp_path,
        "workers-2026-11-03.csv",
        worker("1", "Ann", "Lee", Job_Name="Lead"),
        worker("2", "Zoë", "Núñez", Account_Status="False"),
    )
    site.plan(dt.date(2026, 11, 3), second)
    changed = people(site.json("plan", "--rehearse"))
    assert (changed["1"]["jobTitle"], changed["2"]["accountEnabled"]) == ("Lead", "False")

    schema = site.json("target", "show")
    [mapping] = schema["synchronizationRules"][0]["objectMappings"]
    [names] = [one for one in mapping["attributeMappings"] if one["targetAttributeName"] == "userPrincipalName"]
    names |= {
        "flowType": "Always",
        "source": {"expression": 'Join("", [externalId], RandomString(3, 3, 0, 0, 0, ), "@contoso.com")'},
    }
    names["source"] |= {"name": "Join", "type": "Function", "parameters": None}
    file = tmp_path / "exported.json"
    file.write_text(json.dumps(schema))
    said = site.run("plan", "--rehearse", file, "--csv", tmp_path / "r.csv", code=3)
    assert "the schema of exported.json" in said
    assert "undone" in said
    with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as table:
        undone = [row for row in csv.DictReader(table) if row["mark"] == "undone"]
    assert {row["attribute"] for row in undone} == {"userPrincipalName"}
    assert "‹3 random characters›" in undone[0]["then"]
    assert "goes with --rehearse" in site.run("plan", file, code=2)
    file.write_text("[]")
    assert "an object" in site.run("plan", "--rehearse", file, code=1)
