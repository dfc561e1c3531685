"""Verbs before the first day: init, profile, land, sandbox, ui."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hcm_pipeline.cli.context import Context, day
from hcm_pipeline.cli.output import dump, note, say, table
from hcm_pipeline.defs.instance_file import write_instance_file
from hcm_pipeline.errors import ExtractRefused, HomeError, UsageError
from hcm_pipeline.flow import landing
from hcm_pipeline.flow.processing import utc_now
from hcm_pipeline.flow.profiles import load_profile
from hcm_pipeline.home import Home
from hcm_pipeline.profile import BUILT_IN, built_in_names
from hcm_pipeline.sandbox.command import greeting, options_of
from hcm_pipeline.targets.entra.scim_mapping import compile_mapping

if TYPE_CHECKING:
    from hcm_pipeline.sandbox import SandboxHandle

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
# AZURE_AUTHORITY_HOST=https://login.microsoftonline.com
# SSL_CERT_FILE=
# HCM_PIPELINE_LDAP_PASSWORD=
"""
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
profile_app = typer.Typer(help="Check and show the profile.", no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command."""
    app.command()(init)
    app.add_typer(profile_app, name="profile")
    app.command()(land)
    app.command()(sandbox)
    app.command()(ui)


def init(
    directory: Annotated[Path, typer.Argument(help="The folder to make a home of.")],
    profile: Annotated[str, typer.Option(help="The built-in profile to start from.")] = "oracle-hcm",
) -> None:
    """Make a home: profile.toml, dagster.yaml and .env.example. What is there already is left alone."""
    if profile not in built_in_names():
        raise UsageError(f"--profile {profile}: built-in profiles are {', '.join(built_in_names())}")
    home = Home(directory.expanduser().absolute()).create()
    text = resources.files(BUILT_IN).joinpath(f"{profile}.toml").read_text(encoding="utf-8")
    for name, content in (("profile.toml", text), (".env.example", ENV_EXAMPLE.format(home=home.path))):
        path = home.path / name
        if path.exists():
            say(f"{path}: is there already, left as it is")
        else:
            path.write_text(content, encoding="utf-8")
            say(f"{path}: written")
    say(f"{write_instance_file(home)}: ready")
    say(f"\nNext: edit profile.toml, set HCM_PIPELINE_HOME={home.path}, and check with `hcm-pipeline profile check`")


@profile_app.command("check")
def profile_check(
    profile: Annotated[
        str | None, typer.Argument(help="A path or a built-in name; default: the environment's.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Validate a profile: every broken rule, with file, key, value and what is allowed."""
    loaded = load_profile(profile or Context.from_env().settings.profile)
    mapping = compile_mapping(loaded.profile)
    if as_json:
        dump(
            {
                "file": loaded.file,
                "name": loaded.profile.name,
                "sha256": loaded.sha256,
                "valid": True,
                "fields": len(loaded.profile.columns),
                "mapped": len(mapping.leaves),
            }
        )
        return
    say(
        f"{loaded.file}: valid; {len(loaded.profile.columns)} fields, {len(mapping.leaves)} mapped attributes, "
        f"sha256 {loaded.sha256[:12]}"
    )


@profile_app.command("show")
def profile_show(
    profile: Annotated[
        str | None, typer.Argument(help="A path or a built-in name; default: the environment's.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the effective profile, defaults filled in."""
    loaded = load_profile(profile or Context.from_env().settings.profile)
    values = loaded.profile.model_dump(mode="json", by_alias=True)
    if as_json:
        dump({"file": loaded.file, "sha256": loaded.sha256, **values})
        return
    say(f"{loaded.profile.name}: {loaded.profile.description} ({loaded.file})\n")
    table(
        "Sources",
        ["name", "files", "content", "business date"],
        [[s.name, s.glob, s.content, s.business_date.from_] for s in loaded.profile.sources],
    )
    table(
        "Worker fields",
        ["field", "column", "type", "required", "rules"],
        [
            [
                n,
                s.column,
                loaded.profile.types[n],
                "yes" if s.required else "",
                json.dumps(_rules(s.model_dump(exclude_defaults=True))),
            ]
            for n, s in loaded.profile.columns.items()
        ],
    )
    table(
        "Mapping (worksheet 2)",
        ["SCIM attribute", "from"],
        [[leaf.column, leaf.origin] for leaf in compile_mapping(loaded.profile).leaves],
    )
    rest = {k: v for k, v in values.items() if k in {"workers", "scope", "identity", "delivery", "start_date"}}
    table("The rest", ["key", "value"], [[k, json.dumps(v)] for k, v in rest.items()])


def _rules(values: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in values.items() if key not in {"column", "type", "required"}}


def land(
    files: Annotated[list[Path], typer.Argument(help="Files to take; they are copied and stay where they are.")],
    date: Annotated[str | None, typer.Option(help="The business date they speak for, YYYY-MM-DD.")] = None,
    source: Annotated[str | None, typer.Option(help="The profile's source they belong to.")] = None,
    as_json: Json = False,
) -> None:
    """Take files as extracts: once, by the sha256 of their bytes. Exit 1 when one cannot be taken."""
    context = Context.from_env()
    profile = context.loaded.profile
    chosen = next((s for s in profile.sources if s.name == source), None)
    if source and chosen is None:
        raise UsageError(f"--source {source}: the profile's sources are {', '.join(s.name for s in profile.sources)}")
    results = landing.land(context.warehouse, profile, files, now=utc_now, date=day(date), source=chosen, wait=True)
    if any(r.result == "taken" for r in results):
        context.warehouse.publish()
    if as_json:
        dump(results)
    else:
        for r in results:
            about = f" for {r.business_date} ({r.source}, sha256 {r.sha256[:12]})" if r.sha256 else ""
            say(f"{r.name}: {r.result}{about}: {r.message}")
    bad = [r for r in results if r.result in {"refused", "left"}]
    if bad and not as_json:
        raise ExtractRefused(
            bad[0].name, bad[0].result, f"{len(bad)} of {len(results)} files were not taken; see above"
        )
    if bad:
        raise typer.Exit(1)


def sandbox(
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1; 0 takes a free one.")] = 8443,
    cycle_seconds: Annotated[float, typer.Option(help="Seconds between two provisioning cycles.")] = 1.0,
    log_lag_seconds: Annotated[float, typer.Option(help="Seconds until an entry shows in the log.")] = 0.0,
    option: Annotated[
        list[str] | None, typer.Option(help="Any option of the sandbox, key=value; may be repeated.")
    ] = None,
) -> None:
    """Run the home's sandbox, a local Entra ID, until it is interrupted."""
    from hcm_pipeline.sandbox import serve  # loads a web server

    given = {"cycle_seconds": cycle_seconds, "log_lag_seconds": log_lag_seconds}
    options = options_of(option or (), given)
    home = Context.from_env().settings.home.create()

    def ready(handle: SandboxHandle) -> None:
        for line in greeting(handle, home.sandbox):
            say(line)
        sys.stdout.flush()

    serve(home.sandbox, port, options, ready)


def ui(
    port: Annotated[int, typer.Option(help="The port of the web page.")] = 3000,
    host: Annotated[str, typer.Option(help="The address it listens on.")] = "127.0.0.1",
) -> None:
    """Open the Dagster UI over the current home, with its daemon (sensors, schedules, backfills), until interrupted."""
    context = Context.from_env()
    home = context.settings.home
    _ = context.loaded
    write_instance_file(home)
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(home.path),
        "HCM_PIPELINE_HOME": str(home.path),
        "HCM_PIPELINE_PROFILE": _absolute(context.settings.profile),
    }
    note(f"Dagster UI: http://{host}:{port} over the home {home.path} (Ctrl-C stops it)")
    command = [sys.executable, "-m", "dagster", "dev", "-m", "hcm_pipeline.definitions", "-h", host, "-p", str(port)]
    child = subprocess.Popen(command, env=environment, cwd=home.scratch)  # not where a .env may lie
    signal.signal(signal.SIGTERM, lambda *_: child.send_signal(signal.SIGINT))
    try:
        code = child.wait()
    except KeyboardInterrupt:
        code = child.wait()
    if code not in (0, -signal.SIGINT, 130):
        raise HomeError(f"the Dagster UI ended with exit code {code}; is port {port} taken?")


def _absolute(profile: str) -> str:
    """A profile's path as seen from another folder; a built-in name stays as it is."""
    return profile if profile in built_in_names() else str(Path(profile).expanduser().absolute())
