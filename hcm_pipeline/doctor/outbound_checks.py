"""The outbound app that writes back as the tutorial has it, where the profile names one (`writeback.outbound_app`).

Sources: "Configure Oracle Fusion ERP / generic SCIM app for writeback" of the Oracle HCM tutorial: Update only, nothing created.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from hcm_pipeline.doctor.examined import Examined
from hcm_pipeline.doctor.finding import Check, NotLookedAt, Said, failed, ok, warning
from hcm_pipeline.entra import Json
from hcm_pipeline.errors import ServiceRefused

PORTAL = "Entra admin center > Enterprise applications > the outbound app > Provisioning"
JOBS = "Synchronization.Read.All"


def _outbound(seen: Examined) -> Iterator[Said]:
    back = seen.profile.writeback
    if back is None or back.outbound_app is None:
        raise NotLookedAt("the profile names no outbound app (writeback.outbound_app)")
    path = f"servicePrincipals/{quote(back.outbound_app, safe='')}/synchronization/jobs"
    try:
        jobs = seen.values(path, JOBS)
    except ServiceRefused as refused:
        yield failed(
            f"the outbound app {back.outbound_app} is not there ({refused.status})", "nothing comes back to Oracle HCM by it",
            "Correct writeback.outbound_app (the object id of the enterprise application), or make the app:"
            " `hcm-pipeline target setup --outbound`",
        )  # fmt: skip
        return
    if not jobs:
        yield failed(
            "the outbound app has no job",
            "nothing comes back to Oracle HCM by it",
            f"{PORTAL} > Get started: Automatic",
        )
        return
    yield from _state(jobs[0])
    yield from _actions(seen, f"{path}/{quote(str(jobs[0].get('id')), safe='')}/schema")


def _state(job: Json) -> Iterator[Said]:
    status = job.get("status")
    code = str(status.get("code")) if isinstance(status, dict) else ""
    if code in ("Active", "NotRun"):
        yield ok("the outbound app's job is started")
    else:
        yield failed(
            f"the outbound app's job is {code or 'in no state that it tells'}",
            "nothing comes back to Oracle HCM by it",
            f"{PORTAL} > Start provisioning",
        )


def _actions(seen: Examined, path: str) -> Iterator[Said]:
    try:
        rules = seen.read(path, JOBS).get("synchronizationRules")
    except (NotLookedAt, ServiceRefused):
        return
    listed = [one for one in rules if isinstance(one, dict)] if isinstance(rules, list) else []
    actions = {
        action.strip()
        for rule in listed for mapping in rule.get("objectMappings") or () if isinstance(mapping, dict)
        and mapping.get("enabled") is not False
        for action in str(mapping.get("flowTypes") or "").split(",") if action.strip()
    }  # fmt: skip
    if more := sorted(actions - {"Update"}):
        yield warning(
            f"the outbound app may {' and '.join(name.lower() for name in more)} besides update",
            "it would make or delete user accounts of Oracle HCM, whose people come from there",
            f"{PORTAL} > Mappings > Provision Microsoft Entra ID Users > Target Object Actions: Update alone",
        )
    elif actions:
        yield ok("the outbound app updates alone")


CHECKS = (Check("outbound-app", "oracle", "the enterprise application that also writes back", _outbound),)
