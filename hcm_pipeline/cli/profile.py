"""Verbs of the profile: check, show."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import Json
from hcm_pipeline.cli.output import dump, say, table
from hcm_pipeline.settings import Settings

if TYPE_CHECKING:
    from hcm_pipeline.profile import Profile

profile_app = typer.Typer(help="Check and show the profile.", no_args_is_help=True, rich_markup_mode=None)
Named = Annotated[str | None, typer.Argument(help="A path or a built-in name; default: the environment's.")]
REST = {"workers", "scope", "identity", "delivery", "start_date"}
"""Keys of the profile that are shown as they are."""


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command."""
    app.add_typer(profile_app, name="profile")


@profile_app.command("check")
def profile_check(profile: Named = None, as_json: Json = False) -> None:
    """Validate a profile: every broken rule, with file, key, value and what is allowed."""
    loaded = flow.load_profile(profile or Settings.from_env().profile)
    fields, mapped = len(loaded.profile.columns), len(flow.mapped_attributes(loaded.profile))
    if as_json:
        dump({"file": loaded.file, "name": loaded.profile.name, "sha256": loaded.sha256, "valid": True, "fields": fields,
              "mapped": mapped, "blanks": flow.blanks_of(loaded.profile)})  # fmt: skip
        return
    say(f"{loaded.file}: valid; {fields} fields, {mapped} mapped attributes, sha256 {loaded.sha256[:12]}")
    for source in flow.blanks_of(loaded.profile):
        say(f"  {source.sentence}")


@profile_app.command("show")
def profile_show(profile: Named = None, as_json: Json = False) -> None:
    """Print the effective profile, defaults filled in."""
    loaded = flow.load_profile(profile or Settings.from_env().profile)
    values = loaded.profile.model_dump(mode="json", by_alias=True)
    if as_json:
        dump({"file": loaded.file, "sha256": loaded.sha256, **values})
        return
    say(f"{loaded.profile.name}: {loaded.profile.description} ({loaded.file})", "")
    _show(loaded.profile)
    rest = {k: v for k, v in values.items() if k in REST}
    table("The rest", ["key", "value"], [[k, json.dumps(v)] for k, v in rest.items()])


def _show(profile: Profile) -> None:
    table(
        "Sources",
        ["name", "files", "content", "business date"],
        [[s.name, s.glob, s.content, s.business_date.from_] for s in profile.sources],
    )
    table(
        "Worker fields",
        ["field", "column", "type", "required", "rules"],
        [
            [name, spec.column, profile.types[name], "yes" if spec.required else "",
             json.dumps(_rules(spec.model_dump(exclude_defaults=True)))]
            for name, spec in profile.columns.items()
        ],
    )  # fmt: skip
    table(
        "Mapping (worksheet 2)",
        ["SCIM attribute", "from"],
        [[mapped.attribute, mapped.origin] for mapped in flow.mapped_attributes(profile)],
    )


def _rules(values: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in values.items() if key not in {"column", "type", "required"}}
