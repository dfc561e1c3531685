"""The two commands' common parts: options from words, and the environment of a client as `export` lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from hcm_pipeline.sandbox.options import SandboxOptions, checked, from_words
from hcm_pipeline.sandbox.problems import SandboxProblem

if TYPE_CHECKING:
    from hcm_pipeline.sandbox.server import SandboxHandle


def options_of(words: Iterable[str], given: Mapping[str, object]) -> SandboxOptions:
    """Options from `key=value` words, over those that are given otherwise. Raises SandboxProblem with what is allowed."""
    try:
        return checked(SandboxOptions, {**given, **from_words(words)})
    except ValueError as error:
        raise SandboxProblem(f"--option {error}", exit_code=2) from None


def greeting(handle: SandboxHandle, directory: object, name: str = "") -> Iterator[str]:
    """The lines that a started sandbox prints: about itself, and a client's environment.

    `name`: of one of several targets, whose variables end in it; the Oracle HCM is another's.
    """
    end = f"_{name.upper()}" if name else ""
    target, source = handle.target, handle.hcm
    yield f"sandbox: {handle.url} (Ctrl-C stops it; its state is kept in {directory})"
    yield f"page for people, with its token: {handle.page}"
    yield "# Oracle HCM by client credentials instead of user and password:"
    for part in ("token_url", "client_id", "client_secret", "scope"):
        yield f"#   export ORACLE_HCM_{part.upper()}='{getattr(source, part)}'"
    yield ""
    for variable, value in {
        "HCM_PIPELINE_GRAPH_URL": target.graph_url,
        "HCM_PIPELINE_SERVICE_PRINCIPAL_ID": target.service_principal_id,
        "HCM_PIPELINE_JOB_ID": target.job_id,
        "AZURE_TENANT_ID": target.tenant_id,
        "AZURE_CLIENT_ID": target.client_id,
        "AZURE_CLIENT_SECRET": target.client_secret,
        "AZURE_AUTHORITY_HOST": target.authority_host,
        "ORACLE_HCM_URL": source.url,
        "ORACLE_HCM_USERNAME": source.username,
        "ORACLE_HCM_PASSWORD": source.password,
        "SSL_CERT_FILE": target.ca_file,
    }.items():
        if not (end and variable.startswith("ORACLE_")):
            yield f"export {variable}{end}='{value}'"
