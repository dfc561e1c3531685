"""Which service a command talks to, and that it says so."""

from __future__ import annotations

from pathlib import Path

from hcm_pipeline.entra import GraphClient
from hcm_pipeline.settings import Settings
from hcm_pipeline.targets.entra.connection import describe, open_target, target_key, tenant_of

REAL = {
    "HCM_PIPELINE_SERVICE_PRINCIPAL_ID": "sp",
    "HCM_PIPELINE_JOB_ID": "API2AAD.tenant.guid",
    "AZURE_TENANT_ID": "tenant",
    "AZURE_CLIENT_ID": "client",
    "AZURE_CLIENT_SECRET": "hush",
}


def test_without_a_service_principal_the_homes_own_sandbox_runs_for_the_time_of_the_block(tmp_path: Path) -> None:
    settings = Settings.from_env({"HCM_PIPELINE_HOME": str(tmp_path)})
    expected = target_key(settings), tenant_of(settings)
    with open_target(settings) as target:
        assert describe(target) == "target: the home's own sandbox (no HCM_PIPELINE_SERVICE_PRINCIPAL_ID set)"
        assert (target.key, target.tenant) == expected == (target_key(settings), tenant_of(settings))
        with GraphClient(target) as client:
            assert client.job_status().code == "Active"


def test_a_real_target_is_named_by_host_and_job_and_not_by_secret(tmp_path: Path) -> None:
    with open_target(Settings.from_env({"HCM_PIPELINE_HOME": str(tmp_path), **REAL})) as target:
        assert describe(target) == "target: graph.microsoft.com, job API2AAD.tenant.guid"
    assert not (tmp_path / "sandbox").exists()
