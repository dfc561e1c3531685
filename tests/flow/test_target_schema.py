"""Changing the job's schema: seen before, approved by a person, made over what was seen, read back, and put back as it was."""

from __future__ import annotations

import copy
import json
import stat
from pathlib import Path
from typing import Any, ClassVar

import pytest

from hcm_pipeline import flow
from hcm_pipeline.entra import EntraConnection
from hcm_pipeline.errors import GuardStop, PipelineError, ServiceRefused, ServiceUnavailable, UsageError
from hcm_pipeline.flow import target_schema
from hcm_pipeline.flow.profiles import built_in_text
from hcm_pipeline.home import Home
from hcm_pipeline.profile import TargetKind
from hcm_pipeline.settings import Settings
from hcm_pipeline.synchronization import DifferenceKind as Kind
from hcm_pipeline.targets.entra.default_schema import default_schema

Json = dict[str, Any]


class Job:
    """A job of which Graph shows the schema. `loses`: what becomes of a schema that is put; `refusal`: raised instead."""

    schema: ClassVar[Json] = {}
    puts: ClassVar[list[Json]] = []
    refusal: ClassVar[Exception | None] = None
    settings: ClassVar[dict[str, str] | Exception] = {}
    loses: ClassVar[Any] = staticmethod(lambda schema: schema)

    def __init__(self, *_: object, **__: object) -> None: ...

    def __enter__(self) -> Job:
        return self

    def __exit__(self, *_: object) -> None: ...

    def job_call(self, method: str, part: str, body: object = None, *, give_up_after: float | None = None) -> Json:
        if method == "GET":
            return copy.deepcopy(Job.schema)
        if part == "schema/parseExpression":
            text = json.loads(json.dumps(body))["expression"]
            return {
                "parsingSucceeded": True,
                "parsedExpression": {"expression": text, "name": "Shout", "type": "Function"},
            }
        if Job.refusal is not None:
            raise Job.refusal
        Job.puts.append(json.loads(json.dumps(body)))
        Job.schema = Job.loses(json.loads(json.dumps(body)))
        return {}

    def synchronization_settings(self) -> dict[str, str]:
        if isinstance(Job.settings, Exception):
            raise Job.settings
        return Job.settings

    @staticmethod
    def mappings() -> list[Json]:
        found: list[Json] = Job.schema["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"]
        return found

    @staticmethod
    def mapping(target: str) -> Json:
        return next(one for one in Job.mappings() if one["targetAttributeName"] == target)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> flow.Installation:
    """A home whose job has the default schema and a mapping that somebody made."""
    monkeypatch.setattr(target_schema, "GraphClient", Job)
    Job.schema = json.loads(json.dumps(default_schema(TargetKind.ENTRA).as_json())) | {
        "@odata.context": "x",
        "id": "j",
        "version": "1",
    }
    Job.mappings().append({
        "targetAttributeName": "facsimileTelephoneNumber",
        "source": {"expression": "[nickName]", "name": "nickName", "type": "Attribute", "parameters": []},
    })  # fmt: skip
    Job.settings = {}
    Job.puts, Job.refusal, Job.loses = [], None, staticmethod(lambda schema: schema)
    return installation(tmp_path)


def installation(folder: Path, *more: str) -> flow.Installation:
    profile = folder / "own.toml"
    text = built_in_text("oracle-hcm").replace("# parent_distinguished_name =", "parent_distinguished_name =")
    profile.write_text("\n".join((text, *more)), encoding="utf-8")
    connection = EntraConnection(
        "https://graph.example/v1.0", "https://login.example", "t", "c", "principal", "API2AAD.1.2", "s"
    )
    return flow.Installation(Settings(Home(folder / "home"), str(profile), connection))


def apply(here: flow.Installation, approval: flow.Approval | None = None) -> flow.SchemaChange:
    return flow.apply_schema(here, approval, started_by="ann", sleep=lambda _: None)


def approved(change: flow.SchemaChange, changes: int | None = None) -> flow.Approval:
    assert change.manifest is not None
    return flow.Approval(change.manifest, change.operations if changes is None else changes, "bob")


def test_nothing_is_changed_before_a_person_has_approved_this_very_change(here: flow.Installation) -> None:
    planned = apply(here)
    assert planned.held
    assert planned.operations == len(planned.differences.changes) > 40
    assert Job.puts == []
    assert apply(here).manifest == planned.manifest  # it waits, and is not planned anew
    [waiting] = flow.status(here).waiting
    assert (waiting.manifest_id, waiting.operations, waiting.held_for) == (
        planned.manifest,
        planned.operations,
        "configuration",
    )

    done = apply(here, approved(planned))
    assert done.applied
    assert len(Job.puts) == 1
    assert "@odata.context" not in Job.puts[0]
    assert Job.mapping("facsimileTelephoneNumber")["source"]["name"] == "nickName"
    assert apply(here).differences.changes == ()
    assert not apply(here).held


def test_the_schema_that_the_job_had_is_kept_for_its_owner_alone_and_put_back_whole(here: flow.Installation) -> None:
    before = copy.deepcopy(Job.schema)
    backup = apply(here, approved(apply(here))).backup
    assert backup is not None
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert json.loads(backup.read_bytes()) == before
    planned = flow.restore_schema(here, backup, sleep=lambda _: None)
    assert planned.held
    assert {one.kind for one in planned.differences.changes} == {
        Kind.MAPPING_BESIDES,
        Kind.ATTRIBUTE_BESIDES,
        Kind.NULL_FLOW_ON,
    }
    done = flow.restore_schema(here, backup, approved(planned), sleep=lambda _: None)
    assert done.applied
    assert {**Job.schema, "@odata.context": "x"} == before


def test_an_approval_by_the_usual_verb_counts_as_well(here: flow.Installation) -> None:
    planned = apply(here)
    assert planned.manifest is not None
    flow.approve(here, planned.manifest, operations=planned.operations, by="bob", why="seen")
    assert apply(here).applied
    with here.journal() as journal:
        [decision] = journal.decisions()
    assert (decision.manifest_id, decision.decided_by, decision.decision) == (planned.manifest, "bob", "approve")


def test_a_rejected_change_is_not_made(here: flow.Installation) -> None:
    planned = apply(here)
    assert planned.manifest is not None
    flow.reject(here, planned.manifest, operations=planned.operations, by="bob", why=None)
    assert apply(here).held
    assert Job.puts == []


def test_an_approval_is_of_no_use_once_the_jobs_schema_is_another(here: flow.Installation) -> None:
    planned = apply(here)
    Job.mapping("facsimileTelephoneNumber")["flowType"] = "ObjectAddOnly"
    with pytest.raises(UsageError, match="planned over another schema") as caught:
        apply(here, approved(planned))
    again = apply(here)
    assert again.manifest != planned.manifest
    assert str(again.manifest) in str(caught.value)
    assert Job.puts == []


def test_an_approval_is_of_no_use_once_the_profile_is_another(here: flow.Installation, tmp_path: Path) -> None:
    planned = apply(here)
    other = installation(tmp_path, "[target.entra]", "extensionAttribute9 = 'title'")
    with pytest.raises(UsageError, match="planned over another schema"):
        apply(other, approved(planned))


def test_what_the_service_writes_of_its_own_accord_makes_no_other_schema(here: flow.Installation) -> None:
    planned = apply(here)
    Job.schema |= {"version": "2", "@odata.context": "y"}
    Job.schema["directories"][0]["discoveryDateTime"] = "2026-11-28T00:00:00Z"
    assert apply(here, approved(planned)).applied


@pytest.mark.parametrize(("manifest", "changes", "says"), [
    (None, None, "give the number of changes"), (None, 1, "not 1"), ("abc", 1, "not enough of an id"), ("f" * 40, 1, "begins so"),
])  # fmt: skip
def test_an_approval_names_the_change_and_how_much_it_changes(
    here: flow.Installation, manifest: str | None, changes: int | None, says: str
) -> None:
    planned = apply(here)
    with pytest.raises(UsageError, match=says):
        apply(here, flow.Approval(manifest or str(planned.manifest), changes, "bob"))
    assert Job.puts == []


def test_the_rules_of_the_profile_about_who_approves_hold_here_too(here: flow.Installation, tmp_path: Path) -> None:
    strict = installation(tmp_path, "[guards]", "not_who_started = true")
    planned = apply(strict)
    with pytest.raises(UsageError, match="somebody else"):
        apply(strict, flow.Approval(str(planned.manifest), planned.operations, "ann"))
    assert apply(strict, approved(planned)).applied


def test_a_service_that_keeps_something_else_is_found_out(here: flow.Installation) -> None:
    def forgets(schema: Json) -> Json:
        mappings = schema["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"]
        mappings[:] = [one for one in mappings if one["targetAttributeName"] != "department"]
        return schema

    Job.loses = staticmethod(forgets)
    planned = apply(here)
    with pytest.raises(PipelineError, match="nothing is mapped to department") as caught:
        apply(here, approved(planned))
    assert "target restore" in str(caught.value)
    assert {one.attribute for one in apply(here).differences.changes} == {"department"}


def test_a_refusal_closes_the_change_and_an_answer_that_never_came_leaves_it_to_be_sent_again(
    here: flow.Installation,
) -> None:
    planned = apply(here)
    Job.refusal = ServiceUnavailable("gave up")
    with pytest.raises(ServiceUnavailable):
        apply(here, approved(planned))
    Job.refusal = None
    assert apply(here).applied  # approved, begun, and not held anew
    Job.mapping("jobTitle")["flowType"] = "ObjectAddOnly"
    once_more = apply(here)
    Job.refusal = ServiceRefused("no", 403, "Forbidden")
    with pytest.raises(ServiceRefused):
        apply(here, approved(once_more))
    with here.journal() as journal:
        assert journal.existing(str(once_more.manifest)).state == "failed"
    Job.refusal = None
    assert not apply(here).applied


def test_a_schema_that_would_break_a_rule_is_not_even_planned(here: flow.Installation, tmp_path: Path) -> None:
    wrong = installation(tmp_path, "[target.entra]", "jobTitle = '{enterprise}:manager'")
    with pytest.raises(GuardStop, match="jobTitle of type String"):
        apply(wrong)


def test_a_change_that_was_cut_off_and_has_arrived_is_found_there(here: flow.Installation) -> None:
    def cut(schema: Json) -> Json:
        Job.schema = schema
        raise KeyboardInterrupt

    Job.loses = staticmethod(cut)
    planned = apply(here)
    with pytest.raises(KeyboardInterrupt):
        apply(here, approved(planned))
    assert apply(here).differences.changes == ()
    with here.journal() as journal:
        assert journal.existing(str(planned.manifest)).state == "accepted"


def test_a_rule_that_the_jobs_own_mappings_break_stops_nobody(here: flow.Installation) -> None:
    Job.mappings().append({"targetAttributeName": "objectId", "source": None, "defaultValue": "x"})
    planned = apply(here)
    assert planned.held
    assert "target_writable" in {one.rule for one in planned.differences.broken}
    assert planned.differences.breaks == ()


FILTER = "[[scope.groups]]\nclauses = [{ field = 'country', operator = 'EQUALS', value = 'NL' }]"


@pytest.mark.parametrize("settings", [{}, {"SkipOutOfScopeDeletions": "False"}, ServiceRefused("no", 403, "Forbidden")])
def test_no_filter_is_planned_that_would_disable_accounts_which_the_profile_keeps(
    here: flow.Installation, tmp_path: Path, settings: dict[str, str] | Exception
) -> None:
    own = installation(tmp_path, FILTER)
    Job.settings = settings
    with pytest.raises(GuardStop, match="SkipOutOfScopeDeletions"):
        apply(own)
    assert Job.puts == []


def test_a_filter_is_planned_where_nobody_is_disabled_by_it_or_the_profile_means_it(
    here: flow.Installation, tmp_path: Path
) -> None:
    Job.settings = {"SkipOutOfScopeDeletions": "True"}
    own = installation(tmp_path, FILTER)
    assert apply(own, approved(apply(own))).applied
    assert Job.schema["synchronizationRules"][0]["objectMappings"][0]["scope"]["groups"][0]["name"] == "hcm-pipeline 1"
    Job.settings = {}
    assert apply(own).differences.changes == ()
    meant = installation(tmp_path, FILTER.replace("NL", "BE"), "[scope]", "leaving = 'disable'")
    assert apply(meant).held


def test_a_job_of_another_directory_than_the_profile_says_is_refused(here: flow.Installation, tmp_path: Path) -> None:
    container = "'{custom}:ParentDistinguishedName' = { value = 'OU=Users,DC=contoso,DC=com' }"
    other = installation(tmp_path, container, "[target]", "kind = 'active_directory'")
    with pytest.raises(PipelineError, match="writes to Entra ID"):
        flow.schema_differences(other)


def test_one_attribute_changed_by_hand_shows_as_exactly_that(here: flow.Installation, tmp_path: Path) -> None:
    apply(here, approved(apply(here)))
    Job.mapping("userPrincipalName")["flowType"] = "Always"
    [one] = flow.schema_differences(here).changes
    assert (one.kind, one.attribute) == (Kind.CREATE_ONLY_MISSING, "userPrincipalName")
    file = tmp_path / "exported.json"
    flow.export_schema(here, file)
    assert [one.kind for one in flow.schema_differences(here, file).changes] == [Kind.CREATE_ONLY_MISSING]
    assert [one.rule for one in flow.check_schema(here, file)] == ["create_only"]
    with pytest.raises(UsageError, match="is there already"):
        flow.export_schema(here, file)


def test_a_schema_of_another_kind_of_job_is_not_put_in_its_place(here: flow.Installation, tmp_path: Path) -> None:
    file = tmp_path / "ad.json"
    file.write_text(json.dumps(default_schema(TargetKind.ACTIVE_DIRECTORY).as_json()), encoding="utf-8")
    with pytest.raises(PipelineError, match="no directory 'Active Directory'"):
        flow.restore_schema(here, file)


def test_a_backup_of_another_job_takes_this_jobs_ids(here: flow.Installation, tmp_path: Path) -> None:
    other = copy.deepcopy(Job.schema) | {"id": "another"}
    for one in other["directories"]:
        one["id"] = f"{one['id']}-there"
    other["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"].clear()
    file = tmp_path / "other.json"
    file.write_text(json.dumps(other), encoding="utf-8")
    planned = flow.restore_schema(here, file)
    assert flow.restore_schema(here, file, approved(planned), sleep=lambda _: None).applied
    assert Job.schema["id"] == "j"
    assert [one["id"] for one in Job.schema["directories"]] == ["API", "Azure Active Directory"]


@pytest.mark.parametrize(("text", "says"), [
    (b"", "no JSON document"), (b"{", "no JSON document"), (b"[]", "an object"), (b"{}", "a list"), (None, "cannot be read"),
])  # fmt: skip
def test_a_file_that_holds_no_schema_is_refused_in_words(
    here: flow.Installation, tmp_path: Path, text: bytes | None, says: str
) -> None:
    file = tmp_path / "schema.json"
    if text is not None:
        file.write_bytes(text)
    with pytest.raises(PipelineError, match=says):
        flow.check_schema(here, file)


def test_the_service_parses_what_the_documentation_leaves_open(here: flow.Installation, tmp_path: Path) -> None:
    own = installation(tmp_path, "[target.entra]", "extensionAttribute9 = { expression = 'Shout([title])' }")
    assert apply(own, approved(apply(own))).applied
    assert Job.mapping("extensionAttribute9")["source"] == {
        "expression": "Shout([title])", "name": "Shout", "type": "Function",
    }  # fmt: skip
