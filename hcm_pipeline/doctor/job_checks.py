"""The synchronization job: there, of the right kind, started, not in quarantine, with an address to notify and an agent that runs.

Sources: `synchronizationJob` and `synchronizationQuarantine` of the Graph reference, "Application provisioning in quarantine
status", "Configure API-driven inbound provisioning app", and its page of known issues.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import orjson

from hcm_pipeline.doctor.examined import Examined
from hcm_pipeline.doctor.finding import Check, NotLookedAt, Said, failed, not_looked_at, ok, warning
from hcm_pipeline.doctor.phrases import moment_of, some
from hcm_pipeline.entra import Json
from hcm_pipeline.errors import ServiceRefused
from hcm_pipeline.profile import TargetKind

TEMPLATES = {
    TargetKind.ENTRA: ("40d8f01e-b0d7-4b4f-938b-05190712e598", "API2AAD", "API-driven provisioning to Microsoft Entra ID"),
    TargetKind.ACTIVE_DIRECTORY: (
        "ec7c5431-5d84-453f-80d3-e3385e284eef", "API2AD", "API-driven provisioning to on-premises Active Directory",
    ),
}  # fmt: skip
"""By the kind of target: the gallery template's id, the beginning of its job ids, its name."""
PORTAL = "Entra admin center > Enterprise applications > the app > Provisioning"
QUARANTINE: Mapping[str, tuple[str, str]] = {
    "EncounteredBaseEscrowThreshold": (
        "5,000 or more records fail, and they are over 40 % of all records",
        "`hcm-pipeline outcomes` groups the failures: mend the mapping or the values, then restart the job",
    ),
    "EncounteredTotalEscrowThreshold": (
        "60,000 or more records or references fail",
        "mend what the failures name (a missing manager counts, too), then restart the job",
    ),
    "EncounteredEscrowProportionThreshold": (
        "over 40 % of the records fail",
        "mend the mapping or the values that the failures name, then restart the job",
    ),
    "EncounteredQuarantineException": (
        "the service could not work at all: most often there is no address to notify, or the agent or its account was refused",
        "set the notification e-mail address, look at the agent, then restart the job",
    ),
    "Unknown": ("the service does not say why", f"read the error at {PORTAL}, then restart the job"),
    "QuarantinedOnDemand": ("somebody put the job into quarantine by hand", "ask who and why, then restart the job"),
    "TooManyDeletes": (
        "more accounts would be deleted or disabled in one cycle than the job's threshold allows",
        f"look at who they are (`hcm-pipeline status`), then allow or reject the deletions at {PORTAL}",
    ),
    "IngestionInterrupted": (
        "the service broke off while it took in the requests",
        "restart the job; the pipeline finds missing operations and sends them again",
    ),
}  # fmt: skip
RESTART_NOTE = (
    "a restart of a job that does not run purges what it has queued: wait 40 minutes, and what is missing is sent again"
)


def _job(seen: Examined) -> Iterator[Said]:
    try:
        job = seen.find_job()
    except ServiceRefused as refused:
        yield _absent(seen, refused)
        return
    yield from _disabled_app(seen)
    name = str(job.get("templateId") or seen.connection.job_id.partition(".")[0])
    kind = _kind(name) or _kind(seen.connection.job_id)
    if kind is None:
        yield failed(
            f"the job's template is {name[:60]}, which takes no bulk uploads",
            "only the two apps of API-driven provisioning accept them",
            "`hcm-pipeline target setup` walks through making the app from its gallery template",
        )
        return
    wanted = _wanted(seen)
    if wanted and kind not in wanted:
        yield failed(
            f"the job provisions to {_called(kind)}, and the profile's target is {' and '.join(map(_called, wanted))}",
            "attributes, names and limits of the one directory are sent to the other",
            "Set [target] kind of the profile, or HCM_PIPELINE_SERVICE_PRINCIPAL_ID and HCM_PIPELINE_JOB_ID to the other app's",
        )
        return
    yield ok(f"the job is there, and provisions to {_called(kind)}")


def _absent(seen: Examined, refused: ServiceRefused) -> Said:
    means = "nothing can be sent: the service knows no such job"
    if refused.status != 404:
        return failed(f"the job was refused: {refused}", means, f"Look at {PORTAL}")
    try:
        listed = seen.values(f"{seen.principal_path}/synchronization/jobs", "Synchronization.Read.All")
        jobs = [str(one.get("id")) for one in listed]
    except ServiceRefused:
        return failed(
            f"there is no service principal {seen.connection.service_principal_id}", means,
            "HCM_PIPELINE_SERVICE_PRINCIPAL_ID takes the object id of the enterprise application, not its application id",
        )  # fmt: skip
    except NotLookedAt:
        jobs = []
    if jobs:
        return failed(
            f"there is no job {seen.connection.job_id}",
            means,
            f"Set HCM_PIPELINE_JOB_ID to the app's job: {some(jobs)}",
        )
    return failed(f"the app has no job {seen.connection.job_id}", means, "`hcm-pipeline target setup` makes one")


def _disabled_app(seen: Examined) -> Iterator[Said]:
    try:
        enabled = seen.principal().get("accountEnabled")
    except (NotLookedAt, ServiceRefused):
        return
    if enabled is False:
        yield failed(
            "the enterprise application is disabled",
            "its job does not run",
            "Entra admin center > Enterprise applications > the app > Properties > Enabled for users to sign in: Yes",
        )


def _kind(name: str) -> TargetKind | None:
    beginning = name.partition(".")[0].upper()
    return next((kind for kind, (id_, prefix, _) in TEMPLATES.items() if beginning in (prefix, id_.upper())), None)


def _wanted(seen: Examined) -> tuple[TargetKind, ...]:
    try:
        return seen.profile.target.kinds
    except NotLookedAt:
        return ()


def _called(kind: TargetKind) -> str:
    return "Active Directory" if kind is TargetKind.ACTIVE_DIRECTORY else "Entra ID"


def _state(seen: Examined) -> Iterator[Said]:
    job = seen.job()
    status, schedule = _object(job.get("status")), _object(job.get("schedule"))
    code, planned = str(status.get("code") or ""), str(schedule.get("state") or "")
    if code == "Quarantine":
        yield _quarantined(_object(status.get("quarantine")))
    elif code == "Paused" or planned == "Paused":
        yield failed(
            "the job is paused",
            "uploads are accepted with 202 and pile up, and nothing is provisioned",
            f"{PORTAL} > Start provisioning",
        )
    elif code == "NotConfigured":
        yield failed(
            "the job is not configured",
            "it cannot be started, and nothing is provisioned",
            f"{PORTAL} > Admin credentials, Mappings; then Start",
        )
    elif planned == "Disabled" and code in ("Active", "NotRun"):
        started = "was never started" if code == "NotRun" else "is switched off (its schedule is Disabled)"
        yield failed(
            f"the job {started}",
            "uploads are accepted with 202 and nothing is provisioned",
            f"{PORTAL} > Start provisioning, or `hcm-pipeline target setup --start`",
        )
    elif code in ("Active", "NotRun"):
        yield ok(f"the job is started{_last_run(status)}")
    else:
        yield warning(
            f"the service calls the job {code[:40] or 'nothing'}, which no documentation names",
            "it may not run",
            f"Look at {PORTAL}",
        )


def _last_run(status: Json) -> str:
    ended = moment_of(_object(status.get("lastExecution")).get("timeEnded"))
    return f", and its last cycle ended {ended:%Y-%m-%d %H:%M}Z" if ended else ", and no cycle has ended yet"


def _quarantined(quarantine: Json) -> Said:
    reason = str(quarantine.get("reason") or "Unknown")
    what, mend = QUARANTINE.get(reason, QUARANTINE["Unknown"])
    code = str(_object(quarantine.get("error")).get("code") or "")
    told = f", {code}" if code and len(code) < 80 and code.isprintable() else ""
    return failed(
        f"the job is in quarantine ({reason}{told}): {what}",
        "it works once a day at most, and is disabled after four weeks",
        f"{mend[:1].upper()}{mend[1:]}; {RESTART_NOTE}",
    )


def _notification(seen: Examined) -> Iterator[Said]:
    seen.job()
    path = f"{seen.principal_path}/synchronization/secrets"
    try:
        listed = seen.values(path, "Synchronization.Read.All")
    except ServiceRefused:
        listed = seen.values(path, "Synchronization.Read.All", beta=True)
    told = next(
        (str(one.get("value")) for one in listed if str(one.get("key")).lower() == "syncnotificationsettings"), None
    )
    try:
        settings = orjson.loads(told) if told else {}
    except orjson.JSONDecodeError:
        settings = {}
    addresses = str(settings.get("Recipients") or "").strip() if isinstance(settings, dict) else ""
    if addresses:
        yield ok("the job has an address to notify")
        return
    yield failed(
        "the job has no address to notify",
        "it goes into quarantine as soon as it is started",
        f"{PORTAL} > Settings > Notification email, or `hcm-pipeline target setup --notify ADDRESS`",
    )


def _agent(seen: Examined) -> Iterator[Said]:
    if not seen.to_active_directory:
        yield not_looked_at("the job writes to Entra ID, which needs no agent")
        return
    path = "onPremisesPublishingProfiles/provisioning/agents"
    try:
        agents = seen.values(path, "OnPremisesPublishingProfiles.ReadWrite.All", beta=True)
    except ServiceRefused as refused:
        yield not_looked_at(f"the service does not list the agents ({refused.status})")
        return
    active = [one for one in agents if str(one.get("status")).lower() == "active"]
    if not active:
        found = (
            f"none of {len(agents)} provisioning agents is active" if agents else "no provisioning agent is registered"
        )
        yield failed(
            found, "uploads are accepted, and nothing reaches Active Directory",
            "On the agent's server: Get-Service AADConnectProvisioningAgent | Start-Service; it is listed at Entra admin center >"
            " Identity > Hybrid management > Cloud sync > Agents",
        )  # fmt: skip
    elif len(active) == 1:
        yield ok("one provisioning agent is active; a second one would take over when it fails")
    else:
        yield ok(f"{len(active)} provisioning agents are active")


def _silence(seen: Examined) -> Iterator[Said]:
    seen.connection  # noqa: B018 - without a target there is nothing to be silent
    state = seen.warehouse.job_state
    if state is None:
        yield not_looked_at("nothing was sent to this target yet")
    elif state[0] == "silent":
        yield failed(
            f"the service has gone silent: {state[1] or 'accepted requests have no entry in the log'}",
            "what is sent is accepted and nobody works on it: the job is paused, its agent is down, or the log may not be read",
            "Look at the job and, for Active Directory, at the agent; `hcm-pipeline outcomes` asks again",
        )
    else:
        yield ok("what was sent has its entries in the log, as far as they are due")


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


CHECKS = (
    Check(
        "job", "job", "whether the synchronization job and its app exist, are enabled and fit the profile's kind", _job
    ),
    Check("job-state", "job", "status, schedule and quarantine of the job", _state),
    Check("notification", "job", "the address to which the job reports its faults", _notification),
    Check("agent", "job", "the provisioning agents of Active Directory", _agent),
    Check("silence", "job", "the last reading of the provisioning log", _silence),
)
