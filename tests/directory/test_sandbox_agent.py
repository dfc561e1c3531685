"""The job for Active Directory with a real directory server behind it: Samba then has the accounts that a cycle makes."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import orjson

from hcm_pipeline.sandbox import SandboxOptions
from hcm_pipeline.sandbox.default_schema import direct
from hcm_pipeline.sandbox.expressions import mapping_source, read_expression
from hcm_pipeline.sandbox.schema_form import check_schema
from hcm_pipeline.sandbox.service import Sandbox
from tests.sandbox.support import record

from .samba import DOMAIN, Controller
from .samba_agent import DISABLED, ENABLED, SambaAgent, agent_of

STAFF, LEFT = f"OU=Staff,{DOMAIN}", f"OU=Left,{DOMAIN}"
ROWS = {
    "sAMAccountName": ('SelectUniqueValue([nickName], Append([nickName], "1"))', "ObjectAddOnly"),
    "cn": ('Join(" ", [name.givenName], [name.familyName], [externalId])', "ObjectAddOnly"),
    "parentDistinguishedName": (f'Switch([active], "{STAFF}", "False", "{LEFT}")', "Always"),
    "displayName": ('Join(", ", [name.familyName], [name.givenName])', "Always"),
    "countryCode": ("[profileUrl]", "Always"),
}


def schema_of(sandbox: Sandbox) -> dict[str, Any]:
    """The default schema with rows of this organisation over it; nulls of the title clear."""
    schema = deepcopy(sandbox.schema)
    [people] = schema["synchronizationRules"][0]["objectMappings"]
    kept = [one for one in people["attributeMappings"] if one["targetAttributeName"] not in ROWS]
    made = [
        {
            **deepcopy(kept[0]), "targetAttributeName": target, "flowType": flow, "matchingPriority": 0,
            "source": mapping_source(read_expression(text)),
        }
        for target, (text, flow) in ROWS.items()
    ]  # fmt: skip
    people["attributeMappings"] = [*kept, *made]
    for one in schema["directories"][0]["objects"][0]["attributes"]:
        one["flowNullValues"] = one["name"] == "title"
    assert direct("title") in [one["source"] for one in kept]
    check_schema(schema)
    return schema


def person(number: str, nick: str, family: str, **given: Any) -> dict[str, Any]:
    name = {"givenName": "Ann", "familyName": family}
    return record(number, **{"name": name, "nickName": nick, "userName": f"{nick}.{number}@example.test", **given})


def run(sandbox: Sandbox, *records: dict[str, Any]) -> list[tuple[str, str]]:
    """The action and the status of each entry that a cycle over these records writes."""
    last = sandbox.store.number("SELECT max(seq) FROM log")
    with sandbox.store.write() as db:
        db.executemany("INSERT INTO queue (data) VALUES (?)", [(orjson.dumps(one),) for one in records])
    sandbox.advance(5)
    rows = sandbox.store.rows("SELECT action, status FROM log WHERE seq > ? ORDER BY seq", (last,))
    return [(row["action"], row["status"]) for row in rows]


def differences(sandbox: Sandbox, agent: SambaAgent) -> list[str]:
    """The attributes of which the directory has another value than the sandbox."""
    found = []
    accounts, _ = sandbox.accounts(0, 100)
    names = {one["id"]: one["distinguishedName"] for one in accounts}
    for account in accounts:
        there = agent.read(account["distinguishedName"], *account, "userAccountControl", "title", "manager")
        control = DISABLED if account.pop("accountDisabled") else ENABLED
        wanted = {**account, "userAccountControl": control}
        wanted["manager"] = names.get(account.get("manager"))
        for name in ("id", "provisioned", "parentDistinguishedName"):
            wanted.pop(name)
        there["distinguishedName"] = account["distinguishedName"]  # it was found by it
        found += [
            f"{account['employeeID']} {name}: {wanted.get(name)} / {there.get(name)}"
            for name in {*wanted, *there}
            if wanted.get(name) != there.get(name)
        ]
    return found


def test_what_a_cycle_makes_is_what_a_real_directory_then_has(samba: Controller, tmp_path: Path) -> None:
    samba.add(*(f"dn: {unit}\nobjectClass: organizationalUnit\n" for unit in (STAFF, LEFT)))
    options = SandboxOptions(target="ad", default_container=STAFF)
    with agent_of(samba) as agent:
        sandbox = Sandbox(tmp_path, options, agent=agent)
        try:
            sandbox.clock.switch("manual")
            sandbox.set_schema(schema_of(sandbox))
            first = run(
                sandbox,
                person("1", "alee", "Lee", title="Boss", department="Sales", manager="2"),
                person("2", "alee", "Öst, von", title="Boss", profileUrl="578"),
                person("3", "clee", "O'Neil"),
            )
            assert first == [("create", "success")] * 3 + [("update", "success")]
            assert [one["sAMAccountName"] for one in sandbox.accounts(0, 9)[0]] == ["alee", "alee1", "clee"]
            assert differences(sandbox, agent) == []
            second = run(
                sandbox,
                person("1", "alee", "Lind", title=None, department="IT"),
                person("2", "other", "Öst, von", active=False),
                person("4", "dlee", "Poe", profileUrl="99999999999"),
            )
            assert second == [("update", "success"), ("disable", "success"), ("create", "failure")]
            shown = {one["employeeID"]: one for one in sandbox.accounts(0, 9)[0]}
            assert (len(shown), shown["1"]["cn"], "title" in shown["1"]) == (3, "Ann Lee 1", False)
            assert shown["2"]["distinguishedName"] == f"CN=Ann Öst\\, von 2,{LEFT}"
            assert differences(sandbox, agent) == []
        finally:
            sandbox.close()
