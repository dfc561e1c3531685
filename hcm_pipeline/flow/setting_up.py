"""Setting a target up: what is there already, what the token gives us the right to do, and commands for the rest.

Every step is looked at first and done at most once, so that a second run does nothing. Nothing is run without the right to it, and
nothing without a yes. The schema is no step of this walk: `target apply` plans it, and a person approves it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

import orjson

from hcm_pipeline.doctor import NEEDED, TEMPLATES, Examined, Means, NotLookedAt
from hcm_pipeline.entra import EntraConnection, Json, TenantSetup, make_certificate
from hcm_pipeline.errors import ServiceError, ServiceRefused, UsageError
from hcm_pipeline.flow import set_up_commands as commands
from hcm_pipeline.flow.installation import Installation, Progress, quiet
from hcm_pipeline.flow.set_up_commands import GRAPH_APP, ByHand
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import DEFAULT, TargetKind
from hcm_pipeline.settings import IDS, Settings
from hcm_pipeline.synchronization import SchemaFault, compare, read
from hcm_pipeline.targets.entra import describe, found_target, generated_schema

APPS = frozenset(("Application.ReadWrite.OwnedBy", "Application.ReadWrite.All"))
JOBS = frozenset(("Application.ReadWrite.OwnedBy", "Synchronization.ReadWrite.All"))
CONSENT = frozenset(("AppRoleAssignment.ReadWrite.All",))
READ_JOBS, READ_APPS = "Synchronization.Read.All", "Application.Read.All"
NOTIFICATION = "SyncNotificationSettings"
_PLAIN = re.compile(r"[\w .@:/+-]{1,256}")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
APP_NAME, CLIENT_NAME = "HCM inbound provisioning", "hcm-pipeline"


class StepState(StrEnum):
    """The end of a step."""

    THERE = "there already"
    DONE = "done"
    BY_HAND = "by hand"
    DECLINED = "not done"
    REFUSED = "refused"
    WAITS = "waits"


@dataclass(frozen=True)
class Step:
    """One step: what was found or done, and for whoever holds the right what to run or to click."""

    name: str
    state: StepState
    said: str
    by_hand: tuple[ByHand, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wishes:
    """The end that a set-up is to have. `certificate`: the PEM file to make; `federation`: issuer and subject of others' tokens."""

    kind: str | None = None
    name: str = APP_NAME
    notify: str | None = None
    start: bool = False
    certificate: Path | None = None
    secret: bool = False
    managed_identity: bool = False
    federation: tuple[str, str] | None = None
    outbound: bool = False


@dataclass(frozen=True)
class SetUp:
    """The steps, in their order, and the variables that the environment needs afterwards."""

    target: str
    steps: tuple[Step, ...]
    environment: Mapping[str, str]

    @property
    def complete(self) -> bool:
        """Whether everything is there."""
        return all(step.state in (StepState.THERE, StepState.DONE) for step in self.steps)


def to_set_up(name: str | None, notice: Progress = quiet) -> Installation:
    """The installation of a target that may not be there yet; `name`: of one of several. Raises UsageError."""
    return Installation(Settings.for_setup(name="" if name in (None, DEFAULT) else str(name)), notice, name=name or "")


def set_up(installation: Installation, wishes: Wishes, ask: Callable[[str], bool]) -> SetUp:
    """Walk through the steps. `ask` is told what would be done, and answers whether it is. Raises what disks raise."""
    _judge(wishes)
    connection = found_target(installation.settings)
    walk = _Walk(installation, connection, wishes, ask)
    try:
        steps = tuple(walk.steps())
    finally:
        walk.close()
    target = describe(connection) if connection and connection.job_id else _tenant(connection)
    return SetUp(target, steps, walk.environment())


def _judge(wishes: Wishes) -> None:
    """Raises UsageError for a text that a command could not carry as it is."""
    given = {"--name": wishes.name, "--notify": wishes.notify, "--federation": " ".join(wishes.federation or ())}
    for option, text in given.items():
        if text and not _PLAIN.fullmatch(text):
            raise UsageError(
                f"{option}: letters, digits, blanks and . _ - + @ : / only; commands would read other signs their own way"
            )
    if wishes.notify is not None and not _ADDRESS.fullmatch(wishes.notify):
        raise UsageError("--notify: one mail address, such as hr-it@contoso.com")


def _tenant(connection: EntraConnection | None) -> str:
    if connection is None:
        return "target: none yet (set AZURE_TENANT_ID, AZURE_CLIENT_ID and a way to sign in, and run it again)"
    return f"target: tenant {connection.tenant_id}, no job yet"


class _Walk:
    """One walk; what is found or made on the way is known to the steps behind it."""

    def __init__(
        self, installation: Installation, connection: EntraConnection | None, wishes: Wishes, ask: Callable[[str], bool]
    ) -> None:
        self._installation, self._connection, self._wishes, self._ask = installation, connection, wishes, ask
        self._seen = Examined(
            installation.settings,
            connection,
            (),
            Means(lambda: installation.alone, installation.opener, clock=installation.clock),
        )
        self._root = connection.graph_url if connection else "https://graph.microsoft.com/v1.0"
        self._client = (
            connection.client_id if connection and connection.client_id else "<application id of the pipeline>"
        )
        self._principal = connection.service_principal_id if connection else ""
        self._job = connection.job_id if connection else ""
        self._kind = TargetKind(wishes.kind) if wishes.kind else self._kind_of_profile()
        self._template, self._prefix, _ = TEMPLATES[self._kind]
        self._roles = frozenset[str]()
        self._signed_in = False
        self._writer: TenantSetup | None = None

    def close(self) -> None:
        self._seen.close()
        if self._writer is not None:
            self._writer.close()

    def steps(self) -> Iterator[Step]:
        """All of them, in the order in which they can be done."""
        yield from self._registration()
        yield from self._credentials()
        yield self._permissions()
        yield self._app()
        yield self._make_job()
        yield self._schema()
        yield self._notification()
        yield self._start()
        if self._wishes.outbound or self._uses_outbound():
            yield self._outbound()

    def environment(self) -> dict[str, str]:
        """The variables that name the target, as far as they are known."""
        told = {
            "AZURE_TENANT_ID": self._connection.tenant_id if self._connection else "",
            "AZURE_CLIENT_ID": self._connection.client_id if self._connection else "",
            "HCM_PIPELINE_SERVICE_PRINCIPAL_ID": self._principal,
            "HCM_PIPELINE_JOB_ID": self._job,
        }
        if self._wishes.certificate is not None and self._wishes.certificate.is_file():
            told["AZURE_CLIENT_CERTIFICATE_PATH"] = str(self._wishes.certificate.absolute())
        if self._wishes.managed_identity:
            told["AZURE_TOKEN_CREDENTIALS"] = "ManagedIdentityCredential"
        place = self._installation.settings.place
        end = f"_{place.upper()}" if place else ""
        return {f"{name}{end if name in IDS else ''}": value for name, value in told.items() if value}

    def _kind_of_profile(self) -> TargetKind:
        if self._job.upper().startswith("API2AD."):
            return TargetKind.ACTIVE_DIRECTORY
        return self._installation.kind or TargetKind.ENTRA

    # --- who we are

    def _registration(self) -> Iterator[Step]:
        if self._connection is None:
            yield Step(
                "registration", StepState.BY_HAND, "nobody is named to sign in: register an app for the pipeline",
                (commands.register(CLIENT_NAME),),
            )  # fmt: skip
            return
        try:
            self._roles = self._seen.roles()
            self._signed_in = True
        except NotLookedAt:
            why = self._why_not()
            yield Step(
                "registration",
                StepState.BY_HAND,
                f"the sign-in does not work yet: {why}",
                (commands.register(CLIENT_NAME),),
            )
            return
        yield Step(
            "registration", StepState.THERE, f"the pipeline signs in as {self._connection.client_id or 'this machine'}"
        )

    def _why_not(self) -> str:
        try:
            self._seen.token()
        except (NotLookedAt, ServiceError) as error:
            return str(error)
        return "the token does not say what it may"

    def _credentials(self) -> Iterator[Step]:
        wishes = self._wishes
        if wishes.certificate is not None:
            yield self._make_certificate(wishes.certificate)
        if wishes.secret:
            yield Step(
                "client secret",
                StepState.BY_HAND,
                "its value is shown once; AZURE_CLIENT_SECRET takes it",
                (commands.secret(self._client),),
            )
        if wishes.managed_identity:
            yield Step(
                "managed identity", StepState.BY_HAND,
                "AZURE_TOKEN_CREDENTIALS=ManagedIdentityCredential; without AZURE_CLIENT_ID the machine's own counts",
                (commands.managed_identity(),),
            )  # fmt: skip
        if wishes.federation is not None:
            yield self._federation(*wishes.federation)

    def _make_certificate(self, path: Path) -> Step:
        public = path.with_suffix(".cer")
        by_hand = (commands.certificate(self._client, str(public)),)
        if path.exists():
            return Step(
                "certificate",
                StepState.THERE,
                f"{path} is there, and is not replaced; register {public} if that is not done yet",
                by_hand,
            )
        if not self._ask(
            f"make a private key and a certificate for two years: {path} (this account's only) and {public}"
        ):
            return Step("certificate", StepState.DECLINED, f"{path} was not made")
        make_certificate(path, public)
        return Step(
            "certificate",
            StepState.DONE,
            f"{path} holds key and certificate, {public} the certificate alone; register it",
            by_hand,
        )

    def _federation(self, issuer: str, subject: str) -> Step:
        by_hand = (commands.federation(self._client, issuer, subject),)
        said = "AZURE_FEDERATED_TOKEN_FILE names the file of the token"
        try:
            application = str(self._seen.application().get("id"))
            known = self._seen.values(
                f"applications/{quote(application, safe='')}/federatedIdentityCredentials", READ_APPS
            )
        except (NotLookedAt, ServiceRefused):
            known = []
        if any((one.get("issuer"), one.get("subject")) == (issuer, subject) for one in known):
            return Step("federation", StepState.THERE, f"the app trusts tokens of {issuer} for {subject}; {said}")
        return Step("federation", StepState.BY_HAND, said, by_hand)

    def _permissions(self) -> Step:
        missing = [needed for needed in NEEDED if not self._roles.intersection(needed.any_of)]
        if not missing:
            return Step("permissions", StepState.THERE, "the token carries every permission that is used")
        roles, graph, principal = self._graph_roles([needed.name for needed in missing])
        hands = (commands.grant(self._root, self._client, principal, graph, roles),)
        named = ", ".join(f"{needed.name} ({needed.what_for})" for needed in missing)
        if not (
            self._roles & CONSENT
            and all(roles.values())
            and not principal.startswith("<")
            and not graph.startswith("<")
        ):
            return Step("permissions", StepState.BY_HAND, f"missing: {named}", hands)

        def give() -> str:
            for role in roles.values():
                self._write().grant(principal, graph, role)
            return f"given: {', '.join(roles)}; a token carries them from the next sign-in on"

        return self._do("permissions", f"give the pipeline's app {', '.join(roles)}", give, hands)

    def _graph_roles(self, names: list[str]) -> tuple[dict[str, str], str, str]:
        """The ids of permissions by name, of Graph's service principal and of our own; placeholders for what cannot be seen."""
        graph, ours = "<object id of Microsoft Graph>", "<object id of the pipeline's service principal>"
        found = {name: commands.ROLE_IDS.get(name, "") for name in names}
        try:
            for one in self._principals("appId", GRAPH_APP):
                graph = str(one.get("id"))
                listed = one.get("appRoles")
                known = (
                    {str(role.get("value")): str(role.get("id")) for role in listed or () if isinstance(role, dict)}
                    if isinstance(listed, list)
                    else {}
                )
                found = {name: known.get(name, found[name]) for name in names}
            for one in self._principals("appId", self._client):
                ours = str(one.get("id"))
        except (NotLookedAt, ServiceRefused):
            pass  # the commands look them up by name
        return found, graph, ours

    def _principals(self, name: str, value: str) -> list[Json]:
        return self._seen.values("servicePrincipals", READ_APPS, {"$filter": f"{name} eq '{value}'"})

    # --- app and job

    def _app(self) -> Step:
        hands = (commands.instantiate(self._root, self._template, self._wishes.name),)
        if not self._signed_in:
            return Step(
                "app", StepState.BY_HAND, "whether there is an app cannot be seen before somebody is signed in", hands
            )
        try:
            found = self._principals("applicationTemplateId", self._template)
        except (NotLookedAt, ServiceRefused) as reason:
            if self._principal and self._seen_directly():
                return Step("app", StepState.THERE, f"the enterprise application {self._principal} is there")
            return Step("app", StepState.BY_HAND, f"whether there is an app cannot be seen ({reason})", hands)
        ids = [str(one.get("id")) for one in found]
        if self._principal and self._principal not in ids:
            return Step(
                "app", StepState.BY_HAND,
                f"HCM_PIPELINE_SERVICE_PRINCIPAL_ID is no app of this template; those are {', '.join(ids) or 'none'}", hands,
            )  # fmt: skip
        if not self._principal and len(ids) > 1:
            return Step(
                "app",
                StepState.BY_HAND,
                f"there are several apps; set HCM_PIPELINE_SERVICE_PRINCIPAL_ID to one of {', '.join(ids)}",
            )
        if ids:
            self._principal = self._principal or ids[0]
            return Step("app", StepState.THERE, f"the enterprise application {self._principal} is there")
        if not self._roles & APPS:
            return Step("app", StepState.BY_HAND, "there is no app of the gallery template yet", hands)

        def make() -> str:
            self._principal = self._write().instantiate(self._template, self._wishes.name)
            return f"the enterprise application {self._principal} was made"

        return self._do(
            "app", f"make the enterprise application {self._wishes.name} of the gallery template", make, hands
        )

    def _seen_directly(self) -> bool:
        try:
            return bool(self._seen.principal())
        except (NotLookedAt, ServiceRefused):
            return False

    def _make_job(self) -> Step:
        if not self._principal:
            return Step(
                "job",
                StepState.WAITS,
                "the app comes first",
                (commands.create_job(self._root, "<object id of the app>", self._prefix),),
            )
        path = f"servicePrincipals/{quote(self._principal, safe='')}/synchronization"
        template = self._prefix
        try:
            jobs = [str(one.get("id")) for one in self._seen.values(f"{path}/jobs", READ_JOBS)]
            offered = [str(one.get("id")) for one in self._seen.values(f"{path}/templates", READ_JOBS)]
            template = next((one for one in offered if one.split(".")[0].upper() == self._prefix), template)
        except (NotLookedAt, ServiceRefused) as reason:
            return Step(
                "job",
                StepState.BY_HAND,
                f"whether there is a job cannot be seen ({reason})",
                (commands.create_job(self._root, self._principal, template),),
            )
        hands = (commands.create_job(self._root, self._principal, template),)
        if self._job and self._job not in jobs:
            return Step(
                "job",
                StepState.BY_HAND,
                f"HCM_PIPELINE_JOB_ID is no job of the app; those are {', '.join(jobs) or 'none'}",
                hands,
            )
        if not self._job and len(jobs) > 1:
            return Step(
                "job",
                StepState.BY_HAND,
                f"the app has several jobs; set HCM_PIPELINE_JOB_ID to one of {', '.join(jobs)}",
            )
        if jobs:
            self._job = self._job or jobs[0]
            return Step("job", StepState.THERE, f"the job {self._job} is there")
        if not self._roles & JOBS:
            return Step("job", StepState.BY_HAND, "the app has no job yet", hands)

        def make() -> str:
            self._job = self._write().create_job(self._principal, template)
            return f"the job {self._job} was made"

        return self._do("job", f"make a job of the template {template}", make, hands)

    def _schema(self) -> Step:
        if not self._job:
            return Step("schema", StepState.WAITS, "the job comes first")
        try:
            present = read(self._seen.read(f"{self._job_path()}/schema", READ_JOBS))
            differences = compare(present, generated_schema(self._installation.profile, self._kind, present).schema)
        except (NotLookedAt, ServiceRefused, SchemaFault) as reason:
            return Step(
                "schema", StepState.BY_HAND, f"the schema cannot be compared ({reason}); `hcm-pipeline target diff`"
            )
        if not differences:
            return Step("schema", StepState.THERE, "custom attributes and mappings are the profile's")
        return Step(
            "schema",
            StepState.BY_HAND,
            f"{counted(len(differences), 'thing', 'differ')} from the profile: `hcm-pipeline target diff`, then"
            " `hcm-pipeline target apply`",
        )

    def _job_path(self) -> str:
        return f"servicePrincipals/{quote(self._principal, safe='')}/synchronization/jobs/{quote(self._job, safe='')}"

    def _notification(self) -> Step:
        principal, address = self._principal or "<object id of the app>", self._wishes.notify
        hands = (commands.notify(self._root, principal, address or "<address>"),)
        if not self._job:
            return Step("notification", StepState.WAITS, "the job comes first", hands)
        path = f"servicePrincipals/{quote(principal, safe='')}/synchronization/secrets"
        try:
            pairs = {str(one.get("key")): str(one.get("value")) for one in self._seen.values(path, READ_JOBS)}
        except (NotLookedAt, ServiceRefused) as reason:
            return Step(
                "notification", StepState.BY_HAND, f"whether the job has an address cannot be seen ({reason})", hands
            )
        settings = _settings(pairs.get(NOTIFICATION))
        known = str(settings.get("Recipients") or "").strip()
        if known and (address is None or known == address):
            return Step("notification", StepState.THERE, "the job has an address to notify")
        if address is None:
            return Step(
                "notification",
                StepState.BY_HAND,
                "the job has no address to notify, and goes into quarantine when it is started: give --notify ADDRESS",
                hands,
            )
        if not self._roles & JOBS:
            return Step(
                "notification",
                StepState.BY_HAND,
                "the job has no address to notify" if not known else "the job notifies another address",
                hands,
            )
        wanted = {"DeleteThresholdEnabled": False, **settings, "Enabled": True, "Recipients": address}

        def keep() -> str:
            self._write().keep_secrets(principal, {**pairs, NOTIFICATION: orjson.dumps(wanted).decode()})
            return "the job notifies the address; the other settings are as they were"

        return self._do("notification", "have the job notify the address that was given", keep, hands)

    def _start(self) -> Step:
        hands = (commands.start(self._root, self._principal or "<object id of the app>", self._job or "<job id>"),)
        if not self._job:
            return Step("start", StepState.WAITS, "the job comes first", hands)
        try:
            job = self._seen.read(self._job_path(), READ_JOBS)
        except (NotLookedAt, ServiceRefused) as reason:
            return Step("start", StepState.BY_HAND, f"whether the job is started cannot be seen ({reason})", hands)
        schedule = job.get("schedule")
        if isinstance(schedule, dict) and schedule.get("state") == "Active":
            return Step("start", StepState.THERE, "the job is started")
        if not self._wishes.start:
            return Step(
                "start",
                StepState.BY_HAND,
                "the job is not started: give --start when schema and address are right",
                hands,
            )
        if not self._roles & JOBS:
            return Step("start", StepState.BY_HAND, "the job is not started", hands)

        def begin() -> str:
            self._write().start(self._principal, self._job)
            return "the job was started"

        return self._do("start", "start the job: from then on it provisions what it is sent", begin, hands)

    # --- the outbound app

    def _uses_outbound(self) -> bool:
        back = self._installation.profile.writeback
        return back is not None and back.outbound_app is not None

    def _outbound(self) -> Step:
        back, oracle = self._installation.profile.writeback, self._installation.settings.oracle
        lines = tuple(commands.outbound(oracle.url if oracle else "https://<pod>"))
        app = back.outbound_app if back else None
        if app is None:
            return Step(
                "outbound app",
                StepState.BY_HAND,
                "the app that writes back besides, as the tutorial has it",
                lines=lines,
            )
        try:
            _ = self._seen.read(f"servicePrincipals/{quote(app, safe='')}", READ_APPS)
        except (NotLookedAt, ServiceRefused):
            return Step("outbound app", StepState.BY_HAND, f"{app} is not there, or cannot be seen", lines=lines)
        return Step(
            "outbound app", StepState.THERE, f"{app} is there; `hcm-pipeline doctor --only outbound-app` looks after it"
        )

    # --- doing

    def _write(self) -> TenantSetup:
        if self._writer is None:
            assert self._connection is not None
            self._writer = TenantSetup(self._connection, self._seen.token())
        return self._writer

    def _do(self, name: str, what: str, work: Callable[[], str], hands: tuple[ByHand, ...]) -> Step:
        """Carry a step out after a yes. A refusal is the step's own, and the walk goes on."""
        if not self._ask(what):
            return Step(name, StepState.DECLINED, f"not done: {what}", hands)
        try:
            return Step(name, StepState.DONE, work())
        except ServiceError as error:
            return Step(name, StepState.REFUSED, str(error), hands)


def _settings(text: str | None) -> dict[str, object]:
    try:
        found = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
