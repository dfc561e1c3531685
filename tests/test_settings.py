"""The environment is judged once: a variable that is nonsense is named in one line, and is wrong usage."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from hcm_pipeline.errors import UsageError
from hcm_pipeline.home import Share
from hcm_pipeline.http import trust_context
from hcm_pipeline.settings import AlertSecrets, Ldap, Settings

TARGET = {
    "HCM_PIPELINE_SERVICE_PRINCIPAL_ID": "principal", "HCM_PIPELINE_JOB_ID": "job", "AZURE_TENANT_ID": "contoso.com",
    "AZURE_CLIENT_ID": "client", "AZURE_CLIENT_SECRET": "hush-hush",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HCM_PIPELINE_HOME", "~nosuchuser/x"),
        ("HCM_PIPELINE_HOME", "/tmp/\udcff"),
        ("HCM_PIPELINE_HOME", "/tmp/" + "x" * 300),
        ("HCM_PIPELINE_HOME", "/etc/passwd/x"),
        ("HCM_PIPELINE_PROFILE", "~nosuchuser/x"),
        ("HCM_PIPELINE_PROFILE", "x" * 300),
        ("HCM_PIPELINE_MEMORY", "lots"),
        ("HCM_PIPELINE_MEMORY", "0GB"),
        ("HCM_PIPELINE_MEMORY", "8GB'; drop table extracts; --"),
        ("HCM_PIPELINE_THREADS", "0"),
        ("HCM_PIPELINE_THREADS", "many"),
        ("HCM_PIPELINE_GRAPH_URL", "https://[::1/v1.0"),
        ("HCM_PIPELINE_GRAPH_URL", "http://graph.microsoft.com/v1.0"),
        ("HCM_PIPELINE_GRAPH_URL", "HTTP://127.0.0.1:8443/v1.0"),
        ("HCM_PIPELINE_GRAPH_URL", "graph.microsoft.com/v1.0"),
        ("HCM_PIPELINE_GRAPH_URL", "https://"),
        ("HCM_PIPELINE_GRAPH_URL", "https://graph.example:port/v1.0"),
        ("HCM_PIPELINE_GRAPH_URL", "https://user:hush-hush@graph.example/v1.0"),
        ("HCM_PIPELINE_GRAPH_URL", "https://graph.example/v1.0?x=1"),
        ("HCM_PIPELINE_GRAPH_URL", "https://graph.example/v1.0\nx"),
        ("AZURE_AUTHORITY_HOST", "http://login.microsoftonline.com"),
        ("AZURE_AUTHORITY_HOST", "ftp://login.example"),
        ("AZURE_AUTHORITY_HOST", "[::1"),
        ("AZURE_TENANT_ID", "contoso.com/oauth2?x="),
        ("AZURE_CLIENT_CERTIFICATE_PATH", "/nope.pem"),
        ("AZURE_CLIENT_CERTIFICATE_PATH", "/tmp"),
        ("SSL_CERT_FILE", "/nope"),
        ("SSL_CERT_FILE", "/tmp"),
        ("SSL_CERT_FILE", "/etc/passwd"),
        ("HTTPS_PROXY", "nonsense://x"),
        ("https_proxy", "http://[::1"),
        ("ALL_PROXY", "socks5://127.0.0.1:9050"),
        ("HTTP_PROXY", "http://:hush-hush@"),
        ("HCM_PIPELINE_ALERT_WEBHOOK", "http://alerts.example/hush-hush"),
        ("HCM_PIPELINE_ALERT_WEBHOOK", "https://[hush-hush"),
        *(
            (name, value)
            for name in ("HCM_PIPELINE_SERVICE_PRINCIPAL_ID", "HCM_PIPELINE_JOB_ID", "AZURE_CLIENT_ID")
            for value in ("  ", "a b", "a\nb", "\udcff", "é", "x" * 257)
        ),
        *(
            (name, value)
            for name in ("AZURE_CLIENT_SECRET", "HCM_PIPELINE_LDAP_PASSWORD", "HCM_PIPELINE_SMTP_PASSWORD")
            for value in ("   ", "hush-hush\n", "hush-hush\x00", "hush-hush\udcff")
        ),
    ],
)
def test_nonsense_is_wrong_usage_by_the_name_of_its_variable(name: str, value: str) -> None:
    with pytest.raises(UsageError) as caught:
        Settings.from_env({**TARGET, name: value})
    assert str(caught.value).startswith(f"{name}: ")
    assert len(caught.value.lines) == 1
    assert "hush-hush" not in str(caught.value)
    assert caught.value.exit_code == 2


EVERY = (*TARGET, "HCM_PIPELINE_HOME", "HCM_PIPELINE_PROFILE", "HCM_PIPELINE_GRAPH_URL", "AZURE_AUTHORITY_HOST",
         "AZURE_CLIENT_CERTIFICATE_PATH", "SSL_CERT_FILE", "HTTPS_PROXY", "no_proxy", "HCM_PIPELINE_ALERT_WEBHOOK",
         "HCM_PIPELINE_LDAP_PASSWORD", "HCM_PIPELINE_SMTP_PASSWORD", "HCM_PIPELINE_MEMORY", "HCM_PIPELINE_THREADS")  # fmt: skip
TEXTS = st.text(st.sampled_from("a0 ~/.:@?#[]%\n\t\x1b\x7fé\u202e\udcff"), max_size=12)


@given(st.sampled_from(EVERY), st.sampled_from(["", "https://", "/"]), TEXTS, st.sampled_from([1, 500]))
def test_whatever_a_variable_holds_it_is_taken_or_named_in_one_line(
    name: str, head: str, text: str, times: int
) -> None:
    said: list[UsageError] = []
    try:
        Settings.from_env({**TARGET, name: head + text * times})
    except UsageError as error:
        said.append(error)
    assert [(name in str(error), len(error.lines)) for error in said] in ([], [(True, 1)])


def test_an_environment_that_makes_sense_is_taken(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(ca_file))
    settings = Settings.from_env({
        **TARGET, "HCM_PIPELINE_HOME": str(tmp_path / "home"), "HCM_PIPELINE_GRAPH_URL": "https://graph.microsoft.us/v1.0/",
        "AZURE_AUTHORITY_HOST": "login.microsoftonline.us", "SSL_CERT_FILE": str(ca_file), "HTTPS_PROXY": "proxy.example:3128",
        "http_proxy": "http://user:hush-hush@proxy.example:3128", "NO_PROXY": "*",
        "HCM_PIPELINE_ALERT_WEBHOOK": "https://alerts.example/hook?sig=hush-hush",
    })  # fmt: skip
    assert settings.target is not None
    assert settings.target.graph_url == "https://graph.microsoft.us/v1.0"
    assert settings.target.authority_host == "https://login.microsoftonline.us"
    assert (settings.target.ca_file, settings.ldap.ca_file, settings.alerts.ca_file) == (ca_file, ca_file, ca_file)
    assert settings.alerts.webhook == "https://alerts.example/hook?sig=hush-hush"
    assert "hush-hush" not in repr(settings)


def test_proxies_are_judged_where_one_is_used() -> None:
    environ = {"HTTPS_PROXY": "nonsense://x"}
    assert Settings.from_env(environ).target is None
    with pytest.raises(UsageError, match="HTTPS_PROXY"):
        AlertSecrets.from_env({**environ, "HCM_PIPELINE_ALERT_WEBHOOK": "https://alerts.example/"})


def test_a_file_of_certificates_that_cannot_be_read_is_told_when_it_is_used(tmp_path: Path) -> None:
    damaged = tmp_path / "ca.pem"
    damaged.write_text("-----BEGIN CERTIFICATE-----\nxyz\n-----END CERTIFICATE-----\n")
    assert Ldap.from_env({"SSL_CERT_FILE": str(damaged)}).ca_file == damaged
    for file in (damaged, tmp_path / "nope", tmp_path):
        with pytest.raises(UsageError, match="SSL_CERT_FILE"):
            trust_context(file)


HCM = {"ORACLE_HCM_URL": "https://pod.fa.example"}
PASSWORD = {"ORACLE_HCM_USERNAME": "reader", "ORACLE_HCM_PASSWORD": "hush-hush"}
CLIENT = {
    "ORACLE_HCM_TOKEN_URL": "https://idcs.example/oauth2/v1/token", "ORACLE_HCM_CLIENT_ID": "client",
    "ORACLE_HCM_CLIENT_SECRET": "hush-hush", "ORACLE_HCM_SCOPE": "urn:opc:x",
}  # fmt: skip


@pytest.mark.parametrize(
    ("way", "fields"),
    [
        (PASSWORD, {"username", "password"}), ({"ORACLE_HCM_TOKEN": "hush-hush"}, {"token"}),
        (CLIENT, {"token_url", "client_id", "client_secret", "scope"}),
        ({**PASSWORD, "ORACLE_HCM_TOKEN": "hush-hush"}, {"token"}),
        ({**PASSWORD, **CLIENT, "ORACLE_HCM_TOKEN": "hush-hush"}, {"token_url", "client_id", "client_secret", "scope"}),
    ],
)  # fmt: skip
def test_an_oracle_hcm_is_taken_with_the_strongest_way_of_signing_in(way: dict[str, str], fields: set[str]) -> None:
    settings = Settings.from_env({**HCM, **way})
    assert settings.oracle is not None
    assert settings.oracle.url == "https://pod.fa.example"
    ways = ("username", "password", "token", "token_url", "client_id", "client_secret", "scope")
    assert {name for name in ways if getattr(settings.oracle, name)} == fields
    assert "hush" not in repr(settings)
    assert Settings.from_env({}).oracle is None


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        (HCM, "ORACLE_HCM_TOKEN_URL, ORACLE_HCM_TOKEN or ORACLE_HCM_USERNAME"),
        ({**HCM, "ORACLE_HCM_USERNAME": "reader"}, "ORACLE_HCM_PASSWORD"),
        ({**HCM, "ORACLE_HCM_PASSWORD": "hush-hush"}, "ORACLE_HCM_USERNAME"),
        ({**HCM, "ORACLE_HCM_CLIENT_ID": "x", "ORACLE_HCM_CLIENT_SECRET": "hush-hush"}, "ORACLE_HCM_TOKEN_URL"),
        ({**HCM, **CLIENT, "ORACLE_HCM_SCOPE": "", "ORACLE_HCM_CLIENT_SECRET": ""}, "ORACLE_HCM_CLIENT_SECRET, ORACLE_HCM_SCOPE"),
        (PASSWORD, "ORACLE_HCM_URL"), ({"ORACLE_HCM_TOKEN": "hush-hush"}, "ORACLE_HCM_URL"),
    ],
)  # fmt: skip
def test_an_oracle_hcm_that_is_named_incompletely_is_wrong_usage(environ: dict[str, str], missing: str) -> None:
    with pytest.raises(UsageError) as caught:
        Settings.from_env(environ)
    assert str(caught.value).endswith(f"but not {missing}")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ORACLE_HCM_URL", "http://pod.fa.example"), ("ORACLE_HCM_URL", "https://reader:hush-hush@pod.fa.example"),
        ("ORACLE_HCM_URL", "https://pod.fa.example/hcmRestApi"), ("ORACLE_HCM_URL", "pod.fa.example"),
        ("ORACLE_HCM_URL", "https://pod.fa.example?x=1"), ("ORACLE_HCM_TOKEN", "Bearer hush-hush"),
        ("ORACLE_HCM_TOKEN", "hush-hush\n"), ("ORACLE_HCM_TOKEN_URL", "http://idcs.example/oauth2/v1/token"),
        ("ORACLE_HCM_TOKEN_URL", "https://a:hush-hush@idcs.example/t"), ("ORACLE_HCM_USERNAME", "re:ader"),
        ("ORACLE_HCM_PASSWORD", "hush-hush\r"), ("ORACLE_HCM_CLIENT_SECRET", "hush-hush\udcff"), ("HTTPS_PROXY", "nonsense://x"),
        ("SSL_CERT_FILE", "/nope"),
    ],
)  # fmt: skip
def test_nonsense_about_an_oracle_hcm_is_wrong_usage(name: str, value: str) -> None:
    way = CLIENT if name in CLIENT else {} if name == "ORACLE_HCM_TOKEN" else PASSWORD
    with pytest.raises(UsageError) as caught:
        Settings.from_env({**HCM, **way, name: value})
    assert str(caught.value).startswith(f"{name}: ")
    assert "hush" not in str(caught.value)


FEDERATED = {"AZURE_FEDERATED_TOKEN_FILE": "/var/run/secrets/azure/tokens/token"}


def ways(**given: str) -> list[str]:
    """The ways to sign in by these variables, the one that counts first."""
    needed = {name: value for name, value in TARGET.items() if name != "AZURE_CLIENT_SECRET"}
    found = Settings.from_env(needed | given)
    assert found.target is not None
    return [str(one.way) for one in (found.target, *found.other_sign_ins)]


def test_the_ways_to_sign_in_count_in_the_order_of_azures_own_libraries(tmp_path: Path) -> None:
    pem = tmp_path / "app.pem"
    pem.write_text("-----BEGIN ")
    certificate, secret = {"AZURE_CLIENT_CERTIFICATE_PATH": str(pem)}, {"AZURE_CLIENT_SECRET": "hush-hush"}
    managed = {"AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential"}
    assert ways(**FEDERATED) == ["federated token"]
    assert ways(**managed) == ["managed identity"]
    assert ways(**FEDERATED, **secret, **certificate) == ["certificate", "client secret", "federated token"]
    assert ways(**FEDERATED, **secret, **managed) == ["managed identity", "client secret", "federated token"]
    chosen = {"AZURE_TOKEN_CREDENTIALS": "workloadidentitycredential"}
    assert ways(**FEDERATED, **secret, **chosen) == ["federated token", "client secret"]
    with pytest.raises(
        UsageError, match=r"AZURE_TOKEN_CREDENTIALS is WorkloadIdentityCredential, but .* AZURE_FEDERATED_TOKEN_FILE"
    ):
        ways(**secret, **chosen)
    with pytest.raises(UsageError, match="AZURE_TOKEN_CREDENTIALS: AzureCliCredential is none of Env"):
        ways(**secret, AZURE_TOKEN_CREDENTIALS="AzureCliCredential")
    with pytest.raises(
        UsageError, match="AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE"
    ):
        ways()


def test_a_machines_own_identity_needs_no_client_id() -> None:
    needed = {name: value for name, value in TARGET.items() if name not in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")}
    found = Settings.from_env(needed | {"AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential"}).target
    assert found is not None
    assert (found.client_id, found.managed_identity) == ("", True)
    with pytest.raises(UsageError, match="AZURE_CLIENT_ID"):
        Settings.from_env(needed | FEDERATED)


def test_the_machines_share_is_that_of_the_environment() -> None:
    assert Settings.from_env({}).share == Share("900MB", None)
    given = Settings.from_env({"HCM_PIPELINE_MEMORY": "8GB", "HCM_PIPELINE_THREADS": "12"})
    assert given.share == Share("8GB", 12)
