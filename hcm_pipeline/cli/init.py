"""The verb init: make a home."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import day
from hcm_pipeline.cli.output import say
from hcm_pipeline.defs.in_process import write_instance_file
from hcm_pipeline.home import GITIGNORE, Home, private
from hcm_pipeline.settings import path_named

BY_HAND = """
[delivery]
# A tenant is sent nothing by a sensor until this says true and a person has started the first upload: opening the UI, running a day
# or a backfill sends nothing then. `hcm-pipeline upload` sends what is planned.
automatic = false
"""
ENV_EXAMPLE = """\
# Set these where the pipeline runs, for instance with `set -a; . ./.env; set +a` from a copy of this file called .env.
# Without HCM_PIPELINE_SERVICE_PRINCIPAL_ID the home's own sandbox is the target. docs/reference/environment.md describes
# each.
HCM_PIPELINE_HOME={home}
# HCM_PIPELINE_PROFILE={home}/profile.toml
# HCM_PIPELINE_GRAPH_URL=https://graph.microsoft.com/v1.0
# HCM_PIPELINE_SERVICE_PRINCIPAL_ID=
# HCM_PIPELINE_JOB_ID=
# AZURE_TENANT_ID=
# AZURE_CLIENT_ID=
# AZURE_CLIENT_CERTIFICATE_PATH=
# AZURE_CLIENT_SECRET=
# AZURE_FEDERATED_TOKEN_FILE=
# AZURE_AUTHORITY_HOST=https://login.microsoftonline.com
# SSL_CERT_FILE=
# With the profile oracle-hcm-live: where Oracle HCM is, and one of three ways to sign in.
# ORACLE_HCM_URL=https://example.fa.em2.oraclecloud.com
# ORACLE_HCM_USERNAME=
# ORACLE_HCM_PASSWORD=
# ORACLE_HCM_TOKEN=
# ORACLE_HCM_TOKEN_URL=
# ORACLE_HCM_CLIENT_ID=
# ORACLE_HCM_CLIENT_SECRET=
# ORACLE_HCM_SCOPE=
# HCM_PIPELINE_LDAP_PASSWORD=
"""


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command."""
    app.command()(init)


def init(
    directory: Annotated[Path, typer.Argument(help="The folder to make a home of.")],
    profile: Annotated[str, typer.Option(help="The built-in profile to start from.")] = "oracle-hcm",
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="The first business date: Dagster's partitions begin here. Default: that of the earliest file in landing/.",
        ),
    ] = None,
) -> None:
    """Make a home: profile.toml, dagster.yaml, .env.example, and a .gitignore of everything. A file that is there is left alone."""
    text, first = flow.built_in_text(profile), day(since, "--since")
    home = Home(path_named("DIRECTORY", str(directory)).absolute()).create()
    if first is None and not (home.path / "profile.toml").exists():
        first = _first_in(home, profile)
    text = _beginning(text, first)
    if "[delivery]" not in text:
        text += BY_HAND
    files = {"profile.toml": text, ".env.example": ENV_EXAMPLE.format(home=home.path)}
    if not (home.path / ".gitignore").exists():  # the folder was there, and not empty
        files[".gitignore"] = GITIGNORE
    for name, content in files.items():
        path = home.path / name
        if path.exists():
            say(f"{path}: is there already, left as it is")
        else:
            private(path).write_text(content, encoding="utf-8")
            say(f"{path}: written")
    say(f"{write_instance_file(home)}: ready")
    say("", f"Next: edit profile.toml, set HCM_PIPELINE_HOME={home.path}, and check with `hcm-pipeline profile check`")


def _first_in(home: Home, profile: str) -> dt.date | None:
    """The earliest business date of the files that lie in landing/ already."""
    found = flow.first_business_date(flow.load_profile(profile).profile, home.landing)
    if found is None:
        return None
    say(f"business dates begin {found[0]}, the date of {found[1]} in landing/")
    return found[0]


def _beginning(text: str, since: dt.date | None) -> str:
    """A profile's text with its first business date, below its name."""
    if since is None:
        return text
    return re.sub(
        r"^(name = .*\n)", rf'\1start_date = "{since}"  # no business date lies before it\n', text, count=1, flags=re.M
    )
