"""Provisioning log entries, in the shapes of Graph v1.0 (GD provisioningobjectsummary) and beta."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from hcm_pipeline.entra import LogEntry
from hcm_pipeline.entra.provisioning_log import parse_time, read_entries
from hcm_pipeline.errors import ServiceError

CREATE_V1: dict[str, Any] = {
    "id": "75b5b0ec-0000-4000-8000-000000000001",
    "activityDateTime": "2023-01-22T21:40:47.1234567Z",
    "tenantId": "ded4600b-620e-486e-b6f1-8b4fc7166a5f",
    "jobId": "API2AAD.ded4600b620e486eb6f18b4fc7166a5f.30242ce7-13d1-4d46-9cf1-a4fe5dcee2da",
    "cycleId": "767de129-0000-4000-8000-000000000001",
    "changeId": "aaaaaaaa-0000-4000-8000-000000000001",
    "provisioningAction": "create",
    "durationInMilliseconds": 2217,
    "provisioningStatusInfo": {"status": "success", "errorInformation": None},
    "provisioningSteps": [
        {"name": "EntryImportAdd", "provisioningStepType": "import", "status": "success", "details": {}},
        {
            "name": "EntrySynchronizationSkip",
            "provisioningStepType": "processing",
            "status": "success",
            "details": {
                "10019": "manager Add",
                "PropertyName": "manager",
                "SkipReason": "UnableToResolveReferenceAttributeValue",
            },
        },
        {"name": "EntryExportAdd", "provisioningStepType": "export", "status": "success", "details": {}},
    ],
    "sourceIdentity": {"id": "10018", "displayName": "", "identityType": "urn:…:User", "details": {}},
    "targetIdentity": {"id": "bbbbbbbb-0000-4000-8000-000000000001", "displayName": "", "identityType": "User"},
}
FIX_UP_V1 = CREATE_V1 | {
    "provisioningAction": "update",
    "provisioningSteps": [{"name": "EntryExportUpdate", "provisioningStepType": "export", "status": "success"}],
}
FAILURE = {
    "errorCode": "AzureActiveDirectoryInvalidUserPrincipalName",
    "reason": "jane@x is invalid",
    "recommendedAction": "Mend it",
}


def test_a_create_with_a_manager_who_is_not_there_yet() -> None:
    entry = LogEntry.from_json(CREATE_V1)
    assert (entry.action, entry.status, entry.external_id) == ("create", "success", "10018")
    assert entry.unresolved_references == ("manager",)
    assert not entry.resolves_references
    assert (entry.duration_ms, entry.target_id) == (2217, "bbbbbbbb-0000-4000-8000-000000000001")
    assert entry.error_code is None


@pytest.mark.parametrize(("details", "received"), [
    ({"userName": "ida@x", "title": "", "namefamilyName": "Berg", "mobile": None}, ("userName", "namefamilyName")), ({}, None),
])  # fmt: skip
def test_an_entry_names_the_attributes_that_the_record_had(
    details: dict[str, Any], received: tuple[str, ...] | None
) -> None:
    step = {"name": "EntryImportAdd", "provisioningStepType": "import", "status": "success", "details": details}
    export = {"name": "EntryExportAdd", "provisioningStepType": "export", "details": {"jobTitle": "Lead"}}
    assert LogEntry.from_json(CREATE_V1 | {"provisioningSteps": [step, export]}).received == received
    assert LogEntry.from_json(FIX_UP_V1).received is None


def test_the_update_that_fills_a_reference_in_is_known_by_having_no_import() -> None:
    entry = LogEntry.from_json(FIX_UP_V1)
    assert entry.resolves_references
    assert entry.change_id == CREATE_V1["changeId"]


@pytest.mark.parametrize(
    "status",
    [
        {"provisioningStatusInfo": {"status": "failure", "errorInformation": FAILURE}},
        {"provisioningStatusInfo": None, "statusInfo": {"status": "Failure", **FAILURE}},
        {"provisioningStatusInfo": None, "statusInfo": {"status": "failure", "errorInformation": FAILURE}},
    ],
    ids=["v1.0", "beta", "mixed"],
)
def test_a_failure_carries_code_reason_and_advice_in_every_shape(status: dict[str, Any]) -> None:
    entry = LogEntry.from_json(CREATE_V1 | status)
    assert (entry.status, entry.error_code) == ("failure", "AzureActiveDirectoryInvalidUserPrincipalName")
    assert (entry.reason, entry.recommended_action) == ("jane@x is invalid", "Mend it")
    assert "jane" not in repr(entry)


def test_the_action_of_beta_is_read_in_lower_case() -> None:
    beta = {key: value for key, value in CREATE_V1.items() if key != "provisioningAction"} | {"action": "StagedDelete"}
    assert LogEntry.from_json(beta).action == "stageddelete"


def test_seven_digits_of_a_second_and_offsets_are_tolerated() -> None:
    expected = dt.datetime(2023, 1, 22, 21, 40, 47, 123456, tzinfo=dt.UTC)
    assert parse_time("2023-01-22T21:40:47.1234567Z") == expected
    assert parse_time("2023-01-22T23:40:47.123456+02:00") == expected
    assert parse_time("2023-01-22T21:40:47") == expected.replace(microsecond=0)
    assert parse_time("yesterday") is None


@pytest.mark.parametrize("entry", [{}, [], None, CREATE_V1 | {"id": None}, CREATE_V1 | {"activityDateTime": "soon"}])
def test_an_entry_without_id_or_time_is_an_error_and_not_passed_over(entry: object) -> None:
    with pytest.raises(ServiceError, match="without a usable id"):
        LogEntry.from_json(entry)


@pytest.mark.parametrize(
    "bad", [None, {"id": "2", "activityDateTime": "0001-01-01T00:00:00+14:00"}, CREATE_V1 | {"id": ""}]
)
def test_an_entry_that_cannot_be_read_is_counted_and_the_others_of_its_page_are_read(bad: object) -> None:
    entries, unreadable = read_entries([CREATE_V1, bad, FIX_UP_V1])
    assert ([entry.action for entry in entries], unreadable) == (["create", "update"], 1)


def test_an_error_that_nobody_foresaw_is_one_entrys_and_too_little_memory_is_nobodys(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    good = LogEntry.from_json(CREATE_V1)
    for error in (KeyError("a value of somebody"), MemoryError()):
        answers = iter([good, error])

        def read(_: object, answers: Iterator[LogEntry | Exception] = answers) -> LogEntry:
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(LogEntry, "from_json", read)
        if isinstance(error, MemoryError):
            with pytest.raises(MemoryError):
                read_entries([1, 2])
        else:
            assert read_entries([1, 2]) == ((good,), 1)
    assert "KeyError" in caplog.text
    assert "somebody" not in caplog.text


def test_an_entry_with_the_least_is_read() -> None:
    entry = LogEntry.from_json({"id": "1", "activityDateTime": "2023-01-22T21:40:47Z"})
    assert (entry.action, entry.status, entry.unresolved_references) == ("other", "", ())
