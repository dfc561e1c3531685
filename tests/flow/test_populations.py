"""Several targets in one home: where a worker is at home, who moves, and that nobody loses an account by a condition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from uuid import UUID

import duckdb
import pytest
from hypothesis import Phase, given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from hcm_pipeline.errors import UsageError
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.populations import Place, Split, only, present
from hcm_pipeline.flow.profiles import built_in_text, load_profile, parse_profile
from hcm_pipeline.flow.setting_up import to_set_up
from hcm_pipeline.home import Home
from hcm_pipeline.profile import Profile, TargetKind, scope_sql
from hcm_pipeline.settings import IDS, Settings, environ_of
from hcm_pipeline.warehouse import Scratch, scratch
from tests.budget import examples
from tests.pool import empty_warehouse

TARGETS = """
[target]
kind = "active_directory"

[[target.populations]]
name = "cloud"
when = "country = 'DE'"
kind = "entra"

[[target.populations]]
name = "plant"
when = "country in ('DE', 'FR')"
kind = "active_directory"
"""
NAMES = ("default", "cloud", "plant")
PLACES = tuple(Place(name, TargetKind.ENTRA, f"job/{name}") for name in NAMES)
BELONGS = {"DE": "cloud", "FR": "plant", "US": "default", None: "default"}
TENANT = {
    "HCM_PIPELINE_SERVICE_PRINCIPAL_ID": "app", "HCM_PIPELINE_JOB_ID": "job", "AZURE_TENANT_ID": "contoso.com",
    "AZURE_CLIENT_ID": "client", "AZURE_CLIENT_SECRET": "common",
}  # fmt: skip


def text(more: str = TARGETS) -> str:
    found = built_in_text("oracle-hcm").replace("# parent_distinguished_name", "parent_distinguished_name")
    place = "'{custom}:ParentDistinguishedName' = 'parent_distinguished_name'"
    return found.replace("[scim.mapping]\n", f"[scim.mapping]\n{place}\n") + more


@cache
def firm() -> Profile:
    return parse_profile(text(), "firm.toml").profile


@dataclass
class Person:
    number: str
    country: str | None
    active: bool = True


@dataclass
class Company:
    """People, and the accounts that targets took: whether enabled, and whether the log has told."""

    con: duckdb.DuckDBPyConnection
    people: list[Person]
    plans: int = 0
    held: dict[tuple[str, str], bool] = field(default_factory=dict)
    """The moves that the newest plans hold: by target and person number, whether the account is to be enabled."""

    def accounts(self, number: str) -> dict[str, bool]:
        rows = self.con.execute("select target, active = 'true' from delivered where person_number = ?", [number])
        return {str(target).partition("/")[2]: bool(enabled) for target, enabled in rows.fetchall()}

    def known(self, number: str) -> set[str]:
        rows = self.con.execute(
            "select target from delivered join outcomes using (plan_no) where delivered.person_number = ?", [number]
        )
        return {str(target).partition("/")[2] for (target,) in rows.fetchall()}

    def told(self, t: Scratch, name: str) -> tuple[dict[str, bool], set[str]]:
        """The workers that a target is told of, and whether enabled; and those who move there."""
        columns = {"person_number": "VARCHAR", "country": "VARCHAR", "active": "BOOLEAN", "in_scope": "BOOLEAN"}
        workers = t.of_rows("workers", columns, [(p.number, p.country, p.active, True) for p in self.people])
        here = present(t, firm(), Split(PLACES[NAMES.index(name)], PLACES), workers)
        rows = t.rows(f"select person_number, active from {here.workers}")
        return dict(rows), {number for (number,) in t.rows(f"from {here.moving}")}

    def plan(self) -> None:
        """Plan for every target, and send all that is not held."""
        self.held = {}
        ops: list[tuple[str, str, bool]] = []
        with scratch(self.con) as t:
            for name in NAMES:
                told, moving = self.told(t, name)
                for number, active in told.items():
                    if self.accounts(number).get(name) is active:
                        continue
                    if number in moving:
                        self.held[name, number] = active
                    else:
                        ops.append((name, number, active))
        for op in ops:
            self.take(*op)

    def take(self, name: str, number: str, active: bool) -> None:
        self.plans += 1
        self.con.execute("delete from versions where target = ? and person_number = ?", [f"job/{name}", number])
        self.con.execute(
            "insert into versions by name select ? as target, ? as person_number, ? as digest, ? as plan_no, 0 as position,"
            " 'update' as kind, true as is_delivered, 0 as request_no, 0 as op_no, ? as active",
            [f"job/{name}", number, UUID(int=self.plans), self.plans, str(active).lower()],
        )

    def tell(self, only: str | None = None) -> None:
        """The log tells that everything is there, of one worker or of all."""
        self.con.execute(
            """insert into outcomes by name select plan_no, 0 as request_no, 0 as op_no, person_number, 'succeeded' as outcome,
            'create' as action, 'log' as log_id, now() as logged_at from delivered
            where plan_no not in (select plan_no from outcomes) and coalesce(?, person_number) = person_number""",
            [only],
        )

    def approve(self, only: str | None = None) -> None:
        """Send what is held, of one worker or of all."""
        for (name, number), active in self.held.items():
            if only in (None, number):
                self.take(name, number, active)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    yield from opened()


def opened() -> Iterator[duckdb.DuckDBPyConnection]:
    found = empty_warehouse()
    found.begin()
    found.execute("alter table versions add column if not exists active varchar")
    try:
        yield found
    finally:
        found.rollback()


MANY = 24
"""So many people live in one example: a plan for two dozen costs what a plan for one does."""
STEP = st.sampled_from(
    [("country", "DE"), ("country", "FR"), ("country", "US"), ("country", None), ("active", True), ("active", False),
     ("approve", None), ("approve", None), ("tell", None), ("tell", None), ("wait", None)]
)  # fmt: skip
ROUNDS = st.lists(st.lists(STEP, min_size=MANY, max_size=MANY), min_size=3, max_size=6)


@settings_of(max_examples=examples(2), phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(ROUNDS)
def test_nobody_loses_an_account_by_a_condition_and_a_decision_ends_in_one(
    rounds: list[list[tuple[str, str | bool | None]]],
) -> None:
    for con in opened():
        company = Company(con, [Person(str(n), ("DE", "FR", "US")[n % 3]) for n in range(MANY)])
        company.plan()
        for steps in rounds:
            before = [(company.accounts(p.number), company.known(p.number)) for p in company.people]
            for person, (what, value) in zip(company.people, steps, strict=True):
                if what == "country":
                    person.country = None if value is None else str(value)
                elif what == "active":
                    person.active = bool(value)
                elif what == "approve":
                    company.approve(person.number)
                elif what == "tell":
                    company.tell(person.number)
            company.plan()
            for person, (what, _), (had, known) in zip(company.people, steps, before, strict=True):
                check(company, person, had, known, decided=what == "approve")
        for _ in range(3):
            company.approve()
            company.tell()
            company.plan()
        for (
            person
        ) in company.people:  # once all is decided and told, everybody is where the conditions say, and there alone
            enabled = {name for name, on in company.accounts(person.number).items() if on}
            assert enabled == ({BELONGS[person.country]} if person.active else set())
        assert company.held == {}


def check(company: Company, person: Person, had: dict[str, bool], known: set[str], *, decided: bool) -> None:
    """Hold one worker to the rules after a plan. `had` and `known` are the worker's accounts before."""
    enabled = {name for name, on in company.accounts(person.number).items() if on}
    before = {name for name, on in had.items() if on}
    if not person.active:
        assert not enabled, "a leaver has no account anywhere that is enabled"
        return
    assert enabled, "a worker has an account"
    if not decided and had:
        assert not enabled - before or not before, "an account beside another one is a person's decision"
        assert enabled <= had.keys(), "and so is a new one of somebody who has one"
    if before - enabled:
        assert enabled & (known | company.known(person.number)), (
            "the new account is known before the old one is disabled"
        )


def test_a_mover_is_asked_about_and_stays_meanwhile(con: duckdb.DuckDBPyConnection) -> None:
    company = Company(con, [Person("1", "US"), Person("2", "DE")])
    company.plan()
    company.tell()
    company.people[0].country = "DE"
    company.plan()
    assert company.held == {("cloud", "1"): True}
    assert (company.accounts("1"), company.accounts("2")) == ({"default": True}, {"cloud": True})
    company.approve()
    company.plan()
    assert company.accounts("1") == {"default": True, "cloud": True}  # nobody knows yet that it is there
    company.tell()
    company.plan()
    assert company.accounts("1") == {"default": False, "cloud": True}


def test_a_leaver_is_disabled_wherever_there_is_an_account_and_made_nowhere(con: duckdb.DuckDBPyConnection) -> None:
    company = Company(con, [Person("1", "US")])
    company.plan()
    company.people[0].country = "DE"
    company.plan()
    company.approve()
    company.people[0].active = False
    company.plan()
    assert company.accounts("1") == {"default": False, "cloud": False}
    company.people[0].country = "FR"
    company.plan()
    assert company.accounts("1") == {"default": False, "cloud": False}


def test_a_manager_of_another_target_is_not_sent(con: duckdb.DuckDBPyConnection) -> None:
    columns = {
        "person_number": "VARCHAR",
        "country": "VARCHAR",
        "active": "BOOLEAN",
        "in_scope": "BOOLEAN",
        "manager": "VARCHAR",
    }
    rows = [("1", "US", True, True, None), ("2", "US", True, True, "1"), ("3", "DE", True, True, "1")]
    with scratch(con) as t:
        workers = t.of_rows("workers", columns, rows)
        found = {
            place.name: t.rows(f"from {present(t, firm(), Split(place, PLACES), workers).strangers}")
            for place in PLACES
        }
    assert found == {"default": [], "cloud": [("3",)], "plant": []}


def test_a_worker_whose_target_cannot_be_computed_is_told_and_sent_nowhere(con: duckdb.DuckDBPyConnection) -> None:
    profile = parse_profile(text(TARGETS.replace("country = 'DE'", "country::integer > 0")), "firm.toml").profile
    columns = {"person_number": "VARCHAR", "country": "VARCHAR", "active": "BOOLEAN", "in_scope": "BOOLEAN"}
    with scratch(con) as t:
        workers = t.of_rows("workers", columns, [("1", "US", True, True), ("2", "7", True, True)])
        told = {place.name: present(t, profile, Split(place, PLACES), workers) for place in PLACES}
        who = {name: t.rows(f"select person_number from {one.workers}") for name, one in told.items()}
        assert who == {"default": [], "cloud": [("2",)], "plant": []}
        [(number, why)] = t.rows(f"from {told['default'].unplaced}")
        assert (number, why) == ("1", "target.populations: which target is meant cannot be computed")
        assert t.rows(f"from {told['cloud'].unplaced}") == []


def test_the_scope_of_each_population_is_its_own(con: duckdb.DuckDBPyConnection) -> None:
    rows = {}
    for name in NAMES:
        scope = scope_sql(only(firm(), name))
        rows[name] = con.execute(
            f"select country from (values ('DE'), ('FR'), ('US'), (null)) one(country) where {scope}"
        ).fetchall()
    assert rows == {"cloud": [("DE",)], "plant": [("FR",)], "default": [("US",), (None,)]}


# --- which targets there are


def settings(tmp_path: Path, **environ: str) -> Settings:
    return Settings.from_env(
        {"HCM_PIPELINE_HOME": str(tmp_path), "HCM_PIPELINE_PROFILE": str(profile_file(tmp_path)), **environ}
    )


def profile_file(tmp_path: Path, more: str = TARGETS) -> Path:
    path = tmp_path / "profile.toml"
    path.write_text(text(more), encoding="utf-8")
    return path


def test_each_target_has_its_variables_and_shares_the_others(tmp_path: Path) -> None:
    own = {f"{name}_{end}": f"{TENANT[name]}-{end.lower()}" for end in ("CLOUD", "PLANT") for name in IDS}
    other = {"AZURE_TENANT_ID_PLANT": "plant.com", "AZURE_CLIENT_SECRET_CLOUD": "o"}
    here = Installation(settings(tmp_path, **TENANT, **own, **other))
    jobs = {one.name: one.settings.target for one in here.targets}
    assert {name: job and (job.job_id, job.tenant_id, job.client_secret) for name, job in jobs.items()} == {
        "default": ("job", "contoso.com", "common"), "cloud": ("job-cloud", "contoso.com", "o"),
        "plant": ("job-plant", "plant.com", "common"),
    }  # fmt: skip
    assert [one.settings.home.target_of(one.settings.place).name for one in here.targets] == [
        "target.json", "target-cloud.json", "target-plant.json",
    ]  # fmt: skip


def test_without_any_job_each_target_is_a_sandbox_of_its_own(tmp_path: Path) -> None:
    here = Installation(settings(tmp_path))
    keys = [one.target for one in here.targets]
    assert len({*keys}) == len(NAMES)
    assert [key.partition("/")[2].partition(".")[0] for key in keys] == ["API2AD", "API2AAD", "API2AD"]


@pytest.mark.parametrize(
    ("environ", "said"),
    [(TENANT, "HCM_PIPELINE_SERVICE_PRINCIPAL_ID is set, but not HCM_PIPELINE_SERVICE_PRINCIPAL_ID_CLOUD"),
     ({**TENANT, "HCM_PIPELINE_SERVICE_PRINCIPAL_ID_SALES": "x", "HCM_PIPELINE_JOB_ID_SALES": "y"}, "targets are cloud, plant")],
)  # fmt: skip
def test_an_environment_with_other_targets_than_the_profile_is_refused(
    tmp_path: Path, environ: dict[str, str], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        _ = Installation(settings(tmp_path, **environ)).targets


def test_a_target_that_the_profile_names_no_more_is_not_forgotten(tmp_path: Path) -> None:
    (tmp_path / "target-sales.json").write_text("{}")
    with pytest.raises(UsageError, match="does not name any more"):
        _ = Installation(settings(tmp_path)).targets


def test_one_of_several_targets_has_to_be_named_where_one_is_meant(tmp_path: Path) -> None:
    here = Installation(settings(tmp_path))
    with pytest.raises(UsageError, match="--target"):
        _ = here.target
    with pytest.raises(UsageError, match="default, cloud, plant"):
        here.at("sales")
    assert here.at("plant").kind is TargetKind.ACTIVE_DIRECTORY


def test_two_targets_are_never_one_job(tmp_path: Path) -> None:
    same = {f"{name}_{end}": value for end in ("CLOUD", "PLANT") for name, value in TENANT.items()}
    with pytest.raises(UsageError, match="one and the same job"):
        _ = Installation(settings(tmp_path, **TENANT, **same)).targets[0].split


def test_a_profile_of_one_target_is_as_it_was(tmp_path: Path) -> None:
    here = Installation(replace(settings(tmp_path), profile="oracle-hcm"))
    assert here.targets == (here,)
    assert (here.name, here.split, here.kind) == ("", None, None)
    assert load_profile("oracle-hcm").sha256 == here.alone.sha256
    assert Home(tmp_path).target_of("") == Home(tmp_path).target


def test_a_way_to_sign_in_of_its_own_leaves_those_of_the_others_out() -> None:
    found = environ_of(
        "cloud", {**TENANT, "AZURE_CLIENT_CERTIFICATE_PATH": "/a.pem", "AZURE_CLIENT_SECRET_CLOUD": "own"}
    )
    assert (found.get("AZURE_CLIENT_SECRET"), found.get("AZURE_CLIENT_CERTIFICATE_PATH")) == ("own", None)
    assert "HCM_PIPELINE_JOB_ID" not in found


def test_a_target_is_set_up_before_it_has_a_job_whatever_the_others_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = {**TENANT, "HCM_PIPELINE_SERVICE_PRINCIPAL_ID_CLOUD": "app-cloud"}
    for name, value in {
        **begun,
        "HCM_PIPELINE_HOME": str(tmp_path),
        "HCM_PIPELINE_PROFILE": str(profile_file(tmp_path)),
    }.items():
        monkeypatch.setenv(name, value)
    here = to_set_up("cloud")
    here.require_name()
    target = here.settings.target
    assert target is not None
    assert (target.service_principal_id, target.job_id, here.kind) == ("app-cloud", "", TargetKind.ENTRA)
    with pytest.raises(UsageError, match="default, cloud, plant"):
        to_set_up("sales").require_name()
