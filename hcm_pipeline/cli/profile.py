"""Verbs of the profile: check, show, propose."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import Json, installation, verb_group
from hcm_pipeline.cli.output import Progress, dump, note, say, table
from hcm_pipeline.errors import UsageError
from hcm_pipeline.plain_text import counted
from hcm_pipeline.settings import Settings

if TYPE_CHECKING:
    from hcm_pipeline.profile import LoadedProfile, Profile, TargetKind

profile_app = verb_group("Check and show the profile.")
Named = Annotated[str | None, typer.Argument(help="A path or a built-in name; default: the environment's.")]
REST = {"workers", "scope", "identity", "delivery", "start_date"}
"""Keys of the profile that are shown as they are."""


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command."""
    app.add_typer(profile_app, name="profile")


@profile_app.command("check")
def profile_check(profile: Named = None, as_json: Json = False) -> None:
    """Validate a profile: every broken rule, with file, key, value and what is allowed."""
    loaded = flow.load_profile(profile or Settings.from_env().profile, only_look=True)
    fields, mapped = len(loaded.profile.columns), len(flow.mapped_attributes(loaded.profile))
    if as_json:
        dump({"file": loaded.file, "name": loaded.profile.name, "sha256": loaded.sha256, "valid": True, "fields": fields,
              "mapped": mapped, "blanks": flow.blanks_of(loaded.profile), "to_confirm": loaded.to_confirm,
              "notes": flow.target_sentences(loaded.profile)})  # fmt: skip
        return
    say(
        f"{loaded.file}: valid; {counted(fields, 'field')}, {counted(mapped, 'mapped attribute')}, sha256 {loaded.sha256[:12]}"
    )
    for source in flow.blanks_of(loaded.profile):
        say(f"  {source.sentence}")
    for sentence in flow.target_sentences(loaded.profile):
        say(f"  {sentence}")
    for mark in loaded.to_confirm:
        say(f"  to confirm: {mark.key}: {mark.what}")
    if any(mark.names for mark in loaded.to_confirm):
        say("  nothing runs with this profile before the domain of its names is confirmed")


@profile_app.command("show")
def profile_show(
    profile: Named = None,
    worksheets: Annotated[bool, typer.Option("--worksheets", help="Print worksheets 1 to 6, to be signed.")] = False,
    hybrid: Annotated[
        bool, typer.Option("--hybrid", help="Print what Entra Connect or cloud sync must flow, as a guide.")
    ] = False,
    form: Annotated[
        str | None, typer.Option("--format", help="Of these: table, markdown, csv or html; a guide: markdown or html.")
    ] = None,
    worker: Annotated[str | None, typer.Option(help="With --worksheets: whose values stand in them.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write them to a file that you alone may read.", dir_okay=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the effective profile, defaults filled in; or its worksheets, with the values of a worker; or the hybrid guide.

    Worksheets hold personal data where something was processed.
    """
    if worksheets or hybrid:
        profile, out = _or_file(profile, out)
    loaded = flow.load_profile(profile or Settings.from_env().profile, only_look=True)
    if worksheets and hybrid:
        raise UsageError("--worksheets and --hybrid are two documents: ask for one")
    if not (worksheets or hybrid):
        if form or worker or out:
            raise UsageError("--format, --worker and --out go with --worksheets or --hybrid")
        _show_profile(loaded, as_json)
    elif hybrid:
        if worker or as_json:
            raise UsageError("--worker and --json go with --worksheets, which holds values")
        _hybrid(loaded, form, out)
    else:
        _worksheets(loaded, profile, form, worker, out, as_json)


def _or_file(profile: str | None, out: Path | None) -> tuple[str | None, Path | None]:
    """The profile and the file: a name that ends as a document does is the file, where no --out names another."""
    if (
        profile is not None
        and out is None
        and Path(profile).suffix.lower() in flow.BY_ENDING
        and not Path(profile).is_file()
    ):
        return None, Path(profile)
    return profile, out


def _format(form: str | None, out: Path | None, allowed: tuple[str, ...], usual: str) -> str:
    found = form or (flow.BY_ENDING.get(out.suffix.lower()) if out is not None else None) or usual
    if found not in allowed:
        raise UsageError(f"--format {found}: one of {', '.join(allowed)}")
    return found


def _worksheets(
    loaded: LoadedProfile, named: str | None, form: str | None, worker: str | None, out: Path | None, as_json: bool
) -> None:
    here = installation()
    if named is not None:
        here = dataclasses.replace(here, settings=dataclasses.replace(here.settings, profile=named))
    chosen = _format(form, out, flow.FORMATS, "table")
    made = flow.filled_worksheets(
        loaded.profile, loaded.sha256, flow.read_sample(here, loaded.profile, worker), here.clock()
    )
    if as_json:
        dump(flow.worksheet_values(made))
        return
    _put(flow.written(made, chosen), out, chosen)


def _hybrid(loaded: LoadedProfile, form: str | None, out: Path | None) -> None:
    chosen = _format(form, out, ("markdown", "html"), "markdown")
    guide = flow.guide_of(loaded.profile, loaded.sha256, flow.utc_now())
    _put(flow.guide_html(guide) if chosen == "html" else flow.guide_markdown(guide), out, chosen)


def _put(text: str, out: Path | None, form: str) -> None:
    if out is None:
        sys.stdout.write(text)
        return
    flow.write_text(out, text, form)
    say(f"{out}: written, for its owner alone")


def _show_profile(loaded: LoadedProfile, as_json: bool) -> None:
    values = loaded.profile.model_dump(mode="json", by_alias=True)
    if as_json:
        dump({"file": loaded.file, "sha256": loaded.sha256, **values})
        return
    say(f"{loaded.profile.name}: {loaded.profile.description} ({loaded.file})", "")
    _show(loaded.profile)
    rest = {k: v for k, v in values.items() if k in REST}
    table("The rest", ["key", "value"], [[k, json.dumps(v)] for k, v in rest.items()])


@profile_app.command("propose")
def profile_propose(
    file: Annotated[Path, typer.Argument(help="An extract: delimited, XML or JSON lines, packed or not.")],
    out: Annotated[Path | None, typer.Option(help="Where to write it; default: standard output.")] = None,
    name: Annotated[str | None, typer.Option(help="The profile's name; default: the file's.")] = None,
    domain: Annotated[
        str | None, typer.Option(help="The domain of user names; default: that of the file's addresses.")
    ] = None,
    target: Annotated[str, typer.Option(help="entra or active_directory.")] = "entra",
    as_json: Json = False,
) -> None:
    """Propose a first profile from an extract; everything uncertain carries a mark that a person takes away."""
    progress = Progress()
    with progress.shown():
        made = flow.propose_profile(file, name=name, domain=domain, kind=_kind(target), progress=progress)
    if out is not None:
        flow.write_proposal(out, made.text)
    if as_json:
        dump({"file": str(file), "read_as": made.summary, "records": made.proposal.records, "out": out and str(out),
              "recognised": dict(made.proposal.recognised), "private": made.proposal.private, "unknown": made.proposal.unknown,
              "to_confirm": made.to_confirm, "profile": made.text})  # fmt: skip
        return
    if out is None:
        sys.stdout.write(made.text)
    note(
        f"{file.name}: {made.summary}",
        f"{counted(len(made.proposal.recognised), 'column')} recognised, {len(made.proposal.unknown)} left out,"
        f" {len(made.proposal.private)} of personal data that no account needs",
    )
    note(*(f"  to confirm: {mark.key}: {mark.what}" for mark in made.to_confirm))


def _kind(text: str) -> TargetKind:
    from hcm_pipeline.profile import TargetKind  # loads pydantic

    if text not in list(TargetKind):
        raise UsageError(f"--target {text}: one of {', '.join(TargetKind)}")
    return TargetKind(text)


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
