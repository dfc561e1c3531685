"""A tenant in which all is well, with a home that delivers to it, and ways to break one thing of it and to mend it again."""

from __future__ import annotations

import copy
import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from hcm_pipeline.doctor import CHECKS, DagsterState, Examined, Finding, Heartbeat, Means, Outcome, examine
from hcm_pipeline.entra import EntraConnection, make_certificate
from hcm_pipeline.flow import built_in_text, parse_profile
from hcm_pipeline.home import Home
from hcm_pipeline.http import utc_now
from hcm_pipeline.oracle import OracleConnection
from hcm_pipeline.profile import LoadedProfile, TargetKind
from hcm_pipeline.sandbox import SandboxHandle, SandboxOptions, running
from hcm_pipeline.settings import Settings
from hcm_pipeline.sources import open_place
from hcm_pipeline.synchronization import read
from hcm_pipeline.targets.entra import generated_schema, to_sandbox
from hcm_pipeline.warehouse import Warehouse
from tests.sandbox.support import trusting

Json = dict[str, Any]
WELL: Json = {"verified_domains": ["contoso.com"]}
PEOPLE = ("1", "2", "3")
SETUP = """
insert into worker_versions (person_number, valid_from, digest, extract_id, row_no) values
    ('1', date '2026-01-01', uuid(), 1, 1), ('2', date '2026-01-01', uuid(), 1, 2), ('3', date '2026-01-01', uuid(), 1, 3);
insert into identities (person_number, user_principal_name, mail_nickname, status, upn_rule, upn_beginning)
    select person_number, 'person' || person_number || '@contoso.com', 'person' || person_number, 'given', 'candidate 1', 'person'
    from worker_versions;
insert into directory_objects (directory, object_id, kind, deleted, employee_id, user_principal_name)
    select 'entra', person_number, 'user', false, person_number, user_principal_name from identities;
"""


@dataclass
class Tenant:
    """A sandbox, and a home with a warehouse of three people. `settings` and `dagster` may be others for a time."""

    handle: SandboxHandle
    http: httpx.Client
    home: Home
    loaded: LoadedProfile
    settings: Settings
    schema: Json = field(default_factory=dict)
    dagster: Callable[[], DagsterState] = field(default=lambda: ALIVE())

    @property
    def connection(self) -> EntraConnection:
        assert self.settings.target is not None
        return self.settings.target

    def examine(self, *names: str) -> list[Finding]:
        """The doctor's findings."""
        means = Means(lambda: self.loaded, open_place, self.dagster)
        seen = Examined(self.settings, self.settings.target, self.settings.other_sign_ins, means)
        try:
            return examine([check for check in CHECKS if not names or check.name in names], seen, lambda _: None)
        finally:
            seen.close()

    def control(self, path: str, body: Json | None = None, *, method: str = "POST") -> Any:
        answer = self.http.request(method, f"{self.handle.url}/sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    # --- one thing is broken, for the time of a `with` block

    @contextmanager
    def options(self, **changes: object) -> Iterator[None]:
        self.control("options", {**WELL, **changes})
        try:
            yield
        finally:
            self.control("options", method="DELETE")
            self.control("options", WELL)

    @contextmanager
    def job(self, **wanted: object) -> Iterator[None]:
        self.control("job", wanted)
        try:
            yield
        finally:
            self.control("job", {"status": "Active"})

    @contextmanager
    def changed_schema(self, change: Callable[[Json], None]) -> Iterator[None]:
        schema = copy.deepcopy(self.schema)
        change(schema)
        self.control("schema", {"schema": schema})
        try:
            yield
        finally:
            self.control("schema", {"schema": self.schema})

    @contextmanager
    def warehouse(self, sql: str) -> Iterator[None]:
        """The read copy after some statements."""
        kept = self.home.path / "kept.duckdb"
        shutil.copyfile(self.home.warehouse, kept)
        warehouse = Warehouse(self.home)
        try:
            with warehouse.write() as con:
                con.execute(sql.replace("{target}", self.connection.key))
            warehouse.publish()
            yield
        finally:
            kept.replace(self.home.warehouse)
            warehouse.publish()

    @contextmanager
    def set(self, **changes: object) -> Iterator[None]:
        """Other settings."""
        before = self.settings
        self.settings = replace(before, **changes)  # type: ignore[arg-type]
        try:
            yield
        finally:
            self.settings = before

    def connected(self, **changes: object) -> Any:
        """Another connection to the target."""
        return self.set(target=replace(self.connection, **changes))  # type: ignore[arg-type]

    @contextmanager
    def certificate(self, days: float) -> Iterator[None]:
        """Signed in by a certificate that expires in so many days, as the tenant has it."""
        pem, registered = self.home.path.parent / "app.pem", self.home.sandbox / "certificates"
        if not pem.exists():
            make_certificate(pem, pem.with_suffix(".cer"))
            registered.mkdir(exist_ok=True)
            shutil.copyfile(pem.with_suffix(".cer"), registered / "app.pem")
        with self.options(certificate_days=days), self.connected(client_secret=None, certificate_path=pem):
            yield

    @contextmanager
    def open_key(self) -> Iterator[None]:
        """Signed in by a certificate whose key is open to others."""
        with self.certificate(365):
            pem = self.home.path.parent / "app.pem"
            pem.chmod(0o644)
            try:
                yield
            finally:
                pem.chmod(0o600)

    def spoilt_file(self) -> Path:
        """A PEM file that holds none of what it says."""
        path = self.home.path.parent / "spoilt.pem"
        path.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
        return path

    def oracle(self, **changes: object) -> Any:
        assert self.settings.oracle is not None
        return self.set(oracle=replace(self.settings.oracle, **changes))  # type: ignore[arg-type]

    @contextmanager
    def hcm(self, **options: object) -> Iterator[None]:
        """Another behaviour of Oracle HCM."""
        self.control("hcm/options", options)
        try:
            yield
        finally:
            self.control("hcm/options", method="DELETE")

    @contextmanager
    def profile(self, text: str, instead: str = "") -> Iterator[None]:
        """The profile with more text, or with text instead of some of its own."""
        before = self.loaded
        own = profile_text()
        self.loaded = parse_profile(own.replace(instead, text, 1) if instead else own + text, "profile.toml")
        try:
            yield
        finally:
            self.loaded = before

    @contextmanager
    def meant_for(self, kind: TargetKind) -> Iterator[None]:
        """The profile with another kind of target."""
        before, profile = self.loaded, self.loaded.profile
        meant = profile.target.model_copy(update={"kind": kind})
        self.loaded = replace(before, profile=profile.model_copy(update={"target": meant}))
        try:
            yield
        finally:
            self.loaded = before

    def places(self, folder: str) -> Any:
        """The profile with a source that is delivered to a place of its own."""
        source = '[[sources]]\nname = "files"\nglob = "*.csv"\nplace = "drop"\n\n'
        return self.profile(f'[[places]]\nname = "drop"\nurl = "file://{folder}"\n\n{source}[oracle]\n', "[oracle]\n")

    @contextmanager
    def beats(self, state: DagsterState) -> Iterator[None]:
        before, self.dagster = self.dagster, lambda: state
        try:
            yield
        finally:
            self.dagster = before


def ALIVE(age: float = 10.0, **switched: bool) -> DagsterState:
    """The state of a daemon that gave a sign of life so many seconds ago."""
    at = utc_now() - dt.timedelta(seconds=age)
    return DagsterState({"SENSOR": Heartbeat(at, False), "SCHEDULER": Heartbeat(at, False)}, switched)


def profile_text() -> str:
    return built_in_text("oracle-hcm-live")


@contextmanager
def healthy_tenant(folder: Path) -> Iterator[Tenant]:
    """A tenant in which all is well."""
    home = Home(folder / "home").create()
    warehouse = Warehouse(home)
    with warehouse.write() as con:
        con.execute(SETUP)
    warehouse.publish()
    options = SandboxOptions(verified_domains=frozenset(WELL["verified_domains"]))
    with running(home.sandbox, options=options) as handle, trusting(handle) as http:
        loaded = parse_profile(profile_text(), "profile.toml")
        source = handle.hcm
        oracle = OracleConnection(source.url, source.username, source.password, ca_file=source.ca_file)
        settings = Settings(home, "profile.toml", to_sandbox(handle.target), oracle=oracle)
        tenant = Tenant(handle, http, home, loaded, settings)
        tenant.control(
            "hcm/act", {"actions": [{"do": "hire", "person_number": number, "last_name": "Li"} for number in PEOPLE]}
        )
        present = tenant.control("schema", method="GET")
        made = generated_schema(loaded.profile, TargetKind.ENTRA, read(present)).schema
        tenant.schema = dict(made.as_json())
        by_hand = ("mail", "mobile")  # the template maps them, and nobody but a person takes away what is not ours
        mappings(tenant.schema)[:] = [
            one for one in mappings(tenant.schema) if one["targetAttributeName"] not in by_hand
        ]
        tenant.control("schema", {"schema": tenant.schema})
        tenant.control("job", {"status": "Active"})
        yield tenant


def bad(findings: list[Finding]) -> list[Finding]:
    """Those that are not well."""
    return [one for one in findings if one.outcome in (Outcome.FAILED, Outcome.WARNING)]


def mapping_of(schema: Json, target: str) -> Json:
    """The attribute mapping to an attribute."""
    found: Json = next(one for one in mappings(schema) if one["targetAttributeName"] == target)
    return found


def mappings(schema: Json) -> list[Json]:
    """The attribute mappings of people."""
    found: list[Json] = schema["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"]
    return found


def source_attributes(schema: Json) -> list[Json]:
    """The attributes of the source directory."""
    source = schema["synchronizationRules"][0]["sourceDirectoryName"]
    [directory] = [one for one in schema["directories"] if one["name"] == source]
    found: list[Json] = directory["objects"][0]["attributes"]
    return found
