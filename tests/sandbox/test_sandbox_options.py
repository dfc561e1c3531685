"""Every option may be set on the command line and, but for those of a fresh directory, while the sandbox runs."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from hcm_pipeline.sandbox.options import CHANGEABLE, FIXED, SandboxOptions, checked, from_words, with_changes

from .conftest import TenantWith
from .support import Tenant, record

OTHER: dict[str, Any] = {
    "cycle_seconds": 60, "log_lag_seconds": 300, "calls_per_5s": 1, "daily_quota": 6000, "log_calls_per_10s": 1,
    "retry_after": False, "bucket_records": 10, "bucket_retry_after": 60, "strict": False, "delete_method": "ignore",
    "active_omitted": "disable", "flow_nulls": ["title"], "omission_clears": True, "map_mobile": False,
    "mail": "create_only", "unchanged_record": "update", "verified_domains": ["contoso.com"],
    "default_container": "OU=Staff,DC=contoso,DC=com", "containers": ["OU=A,DC=contoso,DC=com"],
    "notification_email": False, "agent": "down", "agent_down_shows": "warnings", "quarantine_failures": None,
    "retry_failed_seconds": 2400, "withheld_permissions": ["User.Read.All"], "token_seconds": 60,
    "latency_seconds": 0.001, "unverified_domains": ["contoso.com"], "default_domain": "contoso.com",
    "target_directory": "Microsoft Entra ID", "further_permissions": ["Application.ReadWrite.All"], "secret_days": -1,
    "certificate_days": 3, "clock_skew_seconds": -600, "license": "governance", "license_seats": 5,
}  # fmt: skip
"""For each option a value that is not its default."""


def options(tenant: Tenant) -> dict[str, Any]:
    found: dict[str, Any] = tenant.http.get(f"{tenant.handle.url}/sandbox/options").json()["options"]
    return found


def test_every_option_is_either_of_a_fresh_directory_or_changeable() -> None:
    assert {*FIXED, *CHANGEABLE} == {field.name for field in dataclasses.fields(SandboxOptions)}
    assert set(OTHER) == set(CHANGEABLE)


def test_every_changeable_option_is_read_set_and_put_back_while_it_runs(tenant: Tenant) -> None:
    before = options(tenant)
    for name, value in OTHER.items():
        assert before[name] != value
        assert tenant.control("options", **{name: value})["options"][name] == value
    assert options(tenant) == OTHER
    tenant.http.delete(f"{tenant.handle.url}/sandbox/options")
    assert options(tenant) == before


def test_a_reset_puts_the_options_of_the_start_back(tenant_with: TenantWith) -> None:
    tenant = tenant_with(daily_quota=7)
    tenant.control("options", daily_quota=1)
    tenant.control("reset")
    assert options(tenant)["daily_quota"] == 7


def test_a_changed_option_counts_from_the_next_call(tenant: Tenant) -> None:
    tenant.control("options", calls_per_5s=1)
    assert [tenant.upload(record("1")).status_code for _ in range(2)] == [202, 429]
    tenant.control("options", calls_per_5s=2)
    assert tenant.upload(record("1")).status_code == 202


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({"colour": 1}, "allowed: cycle_seconds, "),
        ({"tenant_id": "x"}, "fresh directory only"),
        ({"strict": "yes"}, "boolean"),
        ({"daily_quota": -1}, "greater than or equal to 0"),
        ({"daily_quota": True}, "integer"),
        ({"cycle_seconds": 0}, "greater than 0"),
        ({"delete_method": "maybe"}, "'reject' or 'ignore'"),
        ({"verified_domains": "contoso.com"}, "array"),
        ({"agent": "asleep"}, "'running' or 'down'"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_and_changes_nothing(changes: dict[str, object], allowed: str) -> None:
    with pytest.raises(ValueError, match=next(iter(changes))) as refused:
        with_changes(SandboxOptions(), {"bucket_records": 1, **changes})
    assert allowed in str(refused.value)


def test_a_wrong_value_is_an_error_of_the_control_plane(tenant: Tenant) -> None:
    before = options(tenant)
    answer = tenant.http.post(f"{tenant.handle.url}/sandbox/options", json={"strict": 1, "daily_quota": 1})
    assert (answer.status_code, answer.json()["error"]) == (400, "strict: Input should be a valid boolean")
    assert options(tenant) == before


def test_words_of_a_command_line_become_options() -> None:
    words = [
        "strict=false",
        "delete_method=ignore",
        'verified_domains=["contoso.com"]',
        "bucket_records=null",
        "target=ad",
    ]
    found = checked(SandboxOptions, from_words(words))
    assert (found.strict, found.delete_method, found.target) == (False, "ignore", "ad")
    assert (found.verified_domains, found.bucket_records) == (frozenset({"contoso.com"}), None)


@pytest.mark.parametrize("word", ["strict", "colour=red", "=1", ""])
def test_a_word_that_is_no_option_is_refused_with_those_that_are(word: str) -> None:
    with pytest.raises(ValueError, match=r"key=value.*cycle_seconds"):
        from_words([word])
