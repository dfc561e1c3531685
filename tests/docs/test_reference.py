"""The reference lists exactly what the code has."""

from __future__ import annotations

import dataclasses
import json
import re
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest
import typer
from pydantic import BaseModel

from hcm_pipeline import profile as model
from hcm_pipeline.alerts import AlertKind
from hcm_pipeline.cli.main import app
from hcm_pipeline.delivery import ManifestState, OperationKind
from hcm_pipeline.delivery.manifest import Manifest
from hcm_pipeline.doctor import CHECKS, NEEDED, Outcome
from hcm_pipeline.doctor.job_checks import QUARANTINE
from hcm_pipeline.expressions import FUNCTIONS as MAPPING_FUNCTIONS
from hcm_pipeline.first_load import COHORTS, LINK_KINDS, LIST_COLUMNS, REASONS, TIERS, OrphanKind
from hcm_pipeline.flow.initial_files import STAMP_COLUMNS
from hcm_pipeline.home import Home
from hcm_pipeline.oracle import COLUMNS
from hcm_pipeline.rehearsal import Mark
from hcm_pipeline.rehearsal import Outcome as Rehearsed
from hcm_pipeline.sandbox.options import SandboxOptions
from hcm_pipeline.sandbox.oracle import HcmOptions
from hcm_pipeline.sandbox.oracle.control import ACTIONS
from hcm_pipeline.sandbox.oracle.faults import CALLS, ENTRIES, PAGES, PEOPLE, Kind
from hcm_pipeline.settings import Settings
from hcm_pipeline.synchronization import described
from hcm_pipeline.targets.entra import MEANING
from hcm_pipeline.targets.entra.error_codes import KNOWN_CODES, mend_of
from hcm_pipeline.warehouse import Warehouse, column_meanings
from hcm_pipeline.warehouse.allowed_functions import FUNCTIONS
from hcm_pipeline.workers import FINDINGS, RULES
from hcm_pipeline.workers import KINDS as CHANGES
from tests.docs.pages import DOCS, code, headings, rows

REFERENCE = DOCS / "reference"
SECTIONS: dict[str, type[BaseModel]] = {
    "The top level": model.Profile,
    "`[[sources]]`": model.Source,
    "`sources.business_date`": model.BusinessDate,
    "`sources.parts`": model.Parts,
    "`sources.layout`": model.LayoutField,
    "`[sources.fields]`": model.SourceField,
    "`[[places]]`": model.PlaceSpec,
    "`[pgp]`": model.Pgp,
    "`[fields.<name>]` and `[extra_fields.<name>]`": model.FieldSpec,
    "`[workers]`": model.Workers,
    "`[[workers.pick]]`": model.Pick,
    "`workers.slices`": model.Slices,
    "`[workers.quarantine_limit]`": model.QuarantineLimit,
    "`[workers.whole]`": model.Completeness,
    "`workers.whole`: the limits": model.Share,
    "`[workers.life]`": model.Life,
    "`[[workers.life.zones]]`": model.ZoneFor,
    "`[[workers.life.steps]]`": model.Step,
    "`[workers.types]`": model.WorkerTypes,
    "`[scope]`": model.Scope,
    "`[[scope.groups]]`": model.ScopeGroup,
    "`scope.groups.clauses`": model.Clause,
    "`[identity]`": model.Identity,
    "`[identity.user_principal_name]`, `[identity.sam_account_name]`, `[identity.common_name]`": model.Naming,
    "`identity.spelling`": model.Spelling,
    "`[identity.directories.<name>]`": model.Directory,
    "`[[identity.special]]`": model.NamingFor,
    "`[[identity.rehire]]`": model.RehireBy,
    "`[[identity.adopt]]`": model.AdoptBy,
    "`[[identity.domains]]`": model.DomainFor,
    "`[[identity.placement]]`": model.PlacementFor,
    "`[[identity.leavers]]`": model.LeaversIn,
    "`[scim]`": model.Scim,
    "`[scim.mapping]`: the value of one path": model.Mapped,
    "`[target]`": model.Target,
    "`target.entra`, `target.active_directory`, `target.hybrid`: a row": model.Flow,
    "`[[target.populations]]`": model.Population,
    "`[delivery]`": model.Delivery,
    "`[guards]`": model.Guards,
    "`[[guards.protected]]`": model.Protected,
    "`[[guards.windows]]`": model.GuardWindow,
    "`[guards.several]`": model.GuardSeveral,
    "`[guards.resend]`": model.GuardResend,
    "`[[guards.limits]]`": model.GuardLimit,
    "`[outcomes]`": model.Outcomes,
    "`[oracle]`": model.Oracle,
    "`[writeback]`": model.Writeback,
    "`writeback.user_name`, `work_mail`, `work_phone`, `mobile_phone`": model.WrittenBack,
    "`[alerts]`": model.Alerts,
    "`[alerts.mail]`": model.Mail,
    "`[alerts.failures]`": model.FailureLimit,
}


def default_of(field: Any) -> str:
    """A field's default as the reference writes it."""
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "none"
    if isinstance(value, BaseModel) or (isinstance(value, tuple) and any(isinstance(one, BaseModel) for one in value)):
        return "its defaults"
    plain = list(value) if isinstance(value, tuple) else value
    return json.dumps(plain, default=lambda part: part.model_dump(exclude_unset=True))


def test_the_profile_reference_has_a_section_for_every_part_of_the_model() -> None:
    parts = {part for part in vars(model).values() if isinstance(part, type) and issubclass(part, model.Model)}
    assert parts - {model.Model} == set(SECTIONS.values())
    assert headings(REFERENCE / "profile.md") == list(SECTIONS)


@pytest.mark.parametrize("heading", SECTIONS)
def test_a_section_of_the_profile_reference_lists_every_key_with_its_default(heading: str) -> None:
    documented = {str(code(key)): default for key, _, default, _ in list(rows(REFERENCE / "profile.md", heading))[1:]}
    fields = {field.alias or name: field for name, field in SECTIONS[heading].model_fields.items()}
    assert list(documented) == list(fields)
    for key, field in fields.items():
        shown = documented[key]
        assert shown in (default_of(field), f"`{default_of(field)}`", f"`{default_of(field)}`".replace("\\\\", "\\"))


def test_the_profile_reference_lists_the_default_limits_of_the_guards() -> None:
    names, *listed = rows(REFERENCE / "profile.md", "Default limits")
    shown = [[code(cell) or (float(cell) if cell else None) for cell in row] for row in listed]
    assert shown == [[getattr(limit, name) for name in names] for limit in model.Guards.model_validate({}).limits]


def test_the_profile_reference_lists_every_worker_field() -> None:
    listed = {str(code(field)): kind for field, kind in list(rows(REFERENCE / "profile.md", "Worker fields"))[1:]}
    assert listed == model.CORE_FIELDS


def test_the_warehouse_reference_lists_every_table_and_column(tmp_path: Path) -> None:
    page = REFERENCE / "warehouse.md"
    with Warehouse(Home(tmp_path / "home")).write() as con:
        found = con.execute(
            """select table_name, column_name, lower(data_type) from duckdb_columns()
            where database_name not in ('system', 'temp') and not internal order by column_index"""
        ).fetchall()
    tables: dict[str, list[tuple[str | None, str]]] = {}
    for table, column, kind in found:
        tables.setdefault(table, []).append((column, kind))
    assert set(headings(page)) == set(tables)
    for table, columns in tables.items():
        listed = list(rows(page, table))[1:]
        assert [(code(column), kind) for column, kind, _ in listed] == columns
        assert {code(column): meaning for column, _, meaning in listed} == column_meanings()[table]


def verbs() -> dict[str, Any]:
    """Every verb of the command by its words."""
    found: dict[str, Any] = {}
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        below = getattr(command, "commands", None)
        found |= {f"{name} {sub}": it for sub, it in below.items()} if below else {name: command}
    return found


def test_the_command_line_reference_lists_every_verb_argument_and_option() -> None:
    page = REFERENCE / "command-line.md"
    documented = {" ".join(re.findall(r"\b[a-z]+\b", heading)): heading for heading in headings(page)}
    assert set(documented) == set(verbs())
    for verb, command in verbs().items():
        parameters = [parameter for parameter in command.params if parameter.name != "help"]
        options = [parameter.opts[0] for parameter in parameters if parameter.param_type_name == "option"]
        assert [code(option) for option, *_ in list(rows(page, documented[verb]))[1:]] == options, verb
        arguments = sum(parameter.param_type_name == "argument" for parameter in parameters)
        assert len(re.findall(r"\[?[A-Z]+\b", documented[verb])) == arguments, verb


def test_the_command_line_reference_gives_the_defaults_that_the_command_has() -> None:
    page = REFERENCE / "command-line.md"
    for verb, command in verbs().items():
        heading = next(h for h in headings(page) if " ".join(re.findall(r"\b[a-z]+\b", h)) == verb)
        shown = {code(option): default for option, default, _ in list(rows(page, heading))[1:]}
        for parameter in command.params:
            if parameter.param_type_name == "option" and parameter.default not in (None, False):
                assert shown[parameter.opts[0]] == str(parameter.default)


def test_the_environment_reference_lists_exactly_the_variables_that_are_read() -> None:
    read: set[str] = set()

    class Watched(dict[str, str]):
        def get(self, key: str, default: Any = None) -> Any:
            read.add(key)
            return super().get(key, default)

        def __getitem__(self, key: str) -> str:
            read.add(key)
            return super().__getitem__(key)

    Settings.from_env(Watched(
        HCM_PIPELINE_SERVICE_PRINCIPAL_ID="s", HCM_PIPELINE_JOB_ID="j", AZURE_TENANT_ID="t", AZURE_CLIENT_ID="c",
        AZURE_CLIENT_SECRET="x",
    ))  # fmt: skip
    assert {code(name) for name, *_ in list(rows(REFERENCE / "environment.md"))[1:]} == read


def test_the_reference_of_the_doctor_lists_every_check_permission_and_reason() -> None:
    page = REFERENCE / "doctor.md"
    checks = [(code(name), group, looks_at) for name, group, looks_at in list(rows(page, "Checks"))[1:]]
    assert checks == [(check.name, check.group, check.looks_at) for check in CHECKS]
    permissions = [(tuple(re.findall(r"`(.+?)`", names)), what) for names, what in list(rows(page, "Permissions"))[1:]]
    assert permissions == [(needed.any_of, needed.what_for) for needed in NEEDED]
    reasons = {str(code(reason)): (what, mend) for reason, what, mend in list(rows(page, "Quarantine"))[1:]}
    assert reasons == QUARANTINE
    assert [code(outcome) for outcome, _ in list(rows(page, "Outcomes"))[1:]] == [str(outcome) for outcome in Outcome]


def test_the_reference_of_schema_rules_lists_every_rule_with_what_it_asks_for_and_its_source() -> None:
    listed = [(code(name), asks, source) for name, asks, source in list(rows(REFERENCE / "schema-rules.md"))[1:]]
    assert listed == [(rule.name, rule.asks, rule.source) for rule in described()]


def test_the_reference_of_oracle_hcm_lists_every_column_of_a_row() -> None:
    listed = [code(name) for name, *_ in list(rows(REFERENCE / "oracle-hcm.md", "A worker's row"))[1:]]
    assert listed == list(COLUMNS)


def test_the_manifest_reference_lists_every_key_state_and_kind() -> None:
    page = REFERENCE / "manifest.md"
    keys = [name for row in list(rows(page, "manifest.json"))[1:] for name in re.findall(r"`(\w+)`", row[0])]
    assert set(keys) == set(Manifest.model_fields)
    assert [code(state) for state, _ in list(rows(page, "States"))[1:]] == [str(state) for state in ManifestState]
    text = page.read_text(encoding="utf-8")
    assert "the rest, by kind: " + ", ".join(f"`{kind}`" for kind in tuple(OperationKind)[1:]) in text


def test_the_warehouse_reference_names_every_kind_of_change() -> None:
    text = " ".join(cell for row in rows(REFERENCE / "warehouse.md", "changes") for cell in row)
    assert set(CHANGES) <= set(re.findall(r"`(\w+)`", text))


def test_the_page_on_landing_lists_every_rule_that_holds_an_extract() -> None:
    listed = {
        code(rule): words for rule, words in list(rows(DOCS / "how-to" / "land-extracts.md", "An extract is held"))[1:]
    }
    assert listed == FINDINGS


def test_the_page_on_working_lives_has_the_tables_of_the_code() -> None:
    page = DOCS / "explanation" / "working-lives.md"
    rules = [(str(code(kind)), *rest) for kind, *rest in list(rows(page, "Kinds of change"))[1:]]
    assert rules == [(rule.kind, rule.before, rule.now, rule.words) for rule in RULES]
    stages = [code(stage) for stage, *_ in list(rows(page, "Stages"))[1:] if not stage.startswith("a stage")]
    assert stages == list(model.STAGES)


def test_the_sandbox_reference_lists_every_option_with_its_default() -> None:
    listed = [row for row in rows(REFERENCE / "sandbox.md", "Rules") if row[0] != "option"]
    assert [code(name) for name, *_ in listed] == [field.name for field in dataclasses.fields(SandboxOptions)]
    shown = {code(name): code(default) for name, default, _ in listed}
    for field in dataclasses.fields(SandboxOptions):
        if shown[field.name] is not None:
            value = field.default
            assert shown[field.name] == (orjson.dumps(value).decode() if isinstance(value, bool) else str(value))


def test_the_sandbox_reference_lists_options_faults_and_actions_of_its_oracle_hcm() -> None:
    page = REFERENCE / "sandbox.md"
    listed = {code(name): code(default) for name, default, _ in list(rows(page, "Options of Oracle HCM"))[1:]}
    defaults = {field.name: field.default for field in dataclasses.fields(HcmOptions)}
    plain = {
        name: orjson.dumps(value).decode() if isinstance(value, bool) else str(value)
        for name, value in defaults.items()
    }
    assert listed == {name: None if defaults[name] == frozenset() else text for name, text in plain.items()}
    faults = {str(code(name)) for cell, _ in list(rows(page, "Faults of Oracle HCM"))[1:] for name in cell.split(", ")}
    assert faults == {*CALLS, *PAGES, *ENTRIES, *PEOPLE} == set(get_args(Kind))
    assert [code(name) for name, *_ in list(rows(page, "Actions"))[1:]] == list(ACTIONS)


def test_the_home_reference_names_every_path_of_a_home() -> None:
    listed = " ".join(cell for row in rows(REFERENCE / "home.md") for cell in row[:1])
    home = Home(Path("home"))
    for name, value in vars(Home).items():
        if isinstance(value, property) and isinstance(found := getattr(home, name), Path):
            assert found.relative_to("home").parts[0] in listed, name


def test_the_page_about_failures_lists_every_code_with_its_class_and_every_kind_of_alert() -> None:
    page = DOCS / "how-to" / "mend-failures.md"
    listed = {str(code(name)): failure_class for name, failure_class, _ in list(rows(page, "Codes"))[1:]}
    assert listed == {name: str(mend_of(name).failure_class) for name in KNOWN_CODES}
    kinds = {code(kind) for kind, _ in list(rows(page, "Be told"))[1:]}
    assert kinds == {str(kind) for kind in AlertKind} - {str(AlertKind.TEST)}


def test_the_page_about_failures_lists_every_state_that_receipts_can_have() -> None:
    schema = resources.files("hcm_pipeline.warehouse").joinpath("schema.sql").read_text(encoding="utf-8")
    view = schema[schema.index("create view receipts") :].partition(" end as state")[0]
    words = set(re.findall(r"(?:then|else) '(\w+)'", view)) | set(re.findall(r"if\(.*?, '(\w+)', '(\w+)'\)", view)[0])
    outcomes = {"succeeded", "failed", "skipped"}
    passed_on = set(re.findall(r"'(\w+)'", re.findall(r"journaled.state in \((.*?)\)", view)[0]))
    listed = {
        code(state) for state, _ in list(rows(DOCS / "how-to" / "mend-failures.md", "States of an operation"))[1:]
    }
    assert listed == words | outcomes | passed_on


def test_the_page_on_going_live_has_the_words_of_the_code() -> None:
    page = DOCS / "how-to" / "go-live.md"
    words = [(str(code(word)), told) for word, told in rows(page, "Look")]
    assert [(word, told) for word, told in words if word in REASONS] == list(REASONS.items())
    assert {word for word, _ in words} - {"None"} == {*REASONS, *TIERS, *OrphanKind}
    assert [code(why) for why, _ in list(rows(page, "Lifecycle workflows"))[1:]] == list(MEANING)
    text = page.read_text(encoding="utf-8")
    assert ", ".join(f"`{name}`" for name in STAMP_COLUMNS) in text
    assert all(f"`{name}`" in text for name in LIST_COLUMNS)
    assert {str(code(name)) for row in rows(REFERENCE / "command-line.md", "plan [SCHEMA]") for name in row[:1]} > {
        "--by"
    }
    assert all(f"`{name}`" in (REFERENCE / "command-line.md").read_text(encoding="utf-8") for name in COHORTS)


def test_the_page_on_wrong_matches_lists_every_sign() -> None:
    listed = list(rows(DOCS / "how-to" / "mend-wrong-matches.md"))[1:]
    assert [(code(sign), told) for sign, told in listed] == [(str(kind), told) for kind, told in LINK_KINDS.items()]


def test_the_functions_that_a_profile_may_call_are_listed() -> None:
    listed = {
        name for _, names in list(rows(REFERENCE / "profile.md", "Allowed expressions"))[1:] for name in names.split()
    }
    listed = {name.strip("`") for name in listed}
    assert listed == {name for name in FUNCTIONS if name.replace("_", "").isalnum()}


def test_the_reference_of_expressions_lists_every_function_with_its_form_and_source() -> None:
    listed = list(rows(REFERENCE / "expressions.md", "Functions"))[1:]
    assert [[code(name), code(form), evaluated, source] for name, form, evaluated, source in listed] == [
        [name, known.form, known.evaluated, known.source] for name, known in MAPPING_FUNCTIONS.items()
    ]


def test_the_page_about_rehearsals_lists_every_mark_and_outcome() -> None:
    listed = list(rows(DOCS / "how-to" / "rehearse-a-plan.md", "The result"))
    named = {str(code(name)) for cell, _ in listed for name in cell.split(", ")}
    assert {*map(str, Mark), *map(str, Rehearsed)} <= named
