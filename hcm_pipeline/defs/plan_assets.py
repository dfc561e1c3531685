"""The assets of a plan: the desired users and the manifest."""

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from hcm_pipeline import flow
from hcm_pipeline.defs import metadata as md
from hcm_pipeline.defs.code_versions import PLAN_ROOMS, code_version
from hcm_pipeline.defs.delivery_jobs import deciding_page
from hcm_pipeline.defs.directory_assets import directory_asset
from hcm_pipeline.defs.expected import expected
from hcm_pipeline.defs.persons import starter_of
from hcm_pipeline.defs.resources import Pipeline
from hcm_pipeline.defs.snapshot_assets import WAREHOUSE_POOL
from hcm_pipeline.errors import PlanHeld
from hcm_pipeline.plain_text import counted, markdown, shown
from hcm_pipeline.profile import Profile

MANIFEST_CHECK = "bytes_are_what_was_planned"
HELD_CHECK = "nothing_is_held"
HELD = "held"
"""The value of the status tag of a run whose plan waits for a person."""


def _plan_specs(profile: Profile) -> list[dg.AssetSpec]:
    directories = [directory_asset(name) for name in profile.identity.directories]
    return [
        dg.AssetSpec(
            "desired_users",
            deps=["identities", *directories],
            group_name="scim",
            owners=md.OWNERS,
            kinds={"duckdb", "json"},
            metadata={**md.desired_columns(profile), **md.ONE_WORKER},
            code_version=code_version(*PLAN_ROOMS),
            description="The full SCIM user that every worker in scope should be now. Directories count, too: a name that somebody "
            "has there is given to nobody else, and a manager is sent who is there.",
        ),
        dg.AssetSpec(
            "manifest",
            deps=["desired_users", "delivered_users"],
            group_name="delivery",
            owners=md.OWNERS,
            kinds={"json", "file"},
            code_version=code_version(*PLAN_ROOMS),
            description="Desired minus delivered: bulk requests of at most 50 operations, ready for upload. It is "
            "of the newest snapshot, and of no date alone: what an older one had left unsent, it contains. Its metadata name "
            "the extracts that it is made of.",
        ),
    ]


def _plan_checks() -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(
            MANIFEST_CHECK,
            asset="manifest",
            blocking=True,
            description="The file of bulk requests hashes to the sha256 in the manifest, and the manifest to its id.",
        ),
        dg.AssetCheckSpec(
            HELD_CHECK,
            asset="manifest",
            blocking=True,
            description="No guard tripped over the plan. A warning when what tripped is held and the rest goes on; an "
            "error when the profile says that nothing goes on. Either way the run fails: a person decides.",
        ),
    ]


def build_plan(profile: Profile) -> dg.AssetsDefinition:
    """The step that makes the manifests of the newest snapshot, and says what is held."""

    @dg.multi_asset(
        name="plan",
        specs=_plan_specs(profile),
        check_specs=_plan_checks(),
        pool=WAREHOUSE_POOL,
    )
    def plan(context: dg.AssetExecutionContext, pipeline: Pipeline) -> Iterator[Any]:
        with expected():
            yield from _plan(context, pipeline)

    return plan


Made = Sequence[tuple[flow.Installation, flow.Plan]]
"""The plan of each target, where there is something to plan for."""


def _plan(context: dg.AssetExecutionContext, pipeline: Pipeline) -> Iterator[Any]:
    here = pipeline.installation(context.log)

    def plan(one: flow.Installation) -> flow.Plan | None:
        return flow.plan(
            one.warehouse,
            one.loaded,
            one.target,
            progress=pipeline.progress(context.log),
            started_by=starter_of(context.run),
            split=one.split,
        )

    found, faults = flow.each(here.targets, plan)
    if faults and not found:
        raise faults[0]
    plans = [(one, made) for one, made in found if made is not None]
    here.warehouse.publish()
    for _, made in plans:
        flow.verify_files(here.home, made)
    if plans:
        context.instance.add_run_tags(context.run.run_id, _manifest_tags(plans))
    manifests = sum(len(made.manifests) for _, made in plans)
    said = f"The hashes of {counted(manifests, 'manifest')} are right." if plans else "There is no manifest."
    yield dg.AssetCheckResult(passed=True, check_name=MANIFEST_CHECK, asset_key="manifest", description=said)
    yield from _plan_results(here, plans)
    yield _held_check(plans)
    if faults:
        raise faults[0]
    if any(made.held for _, made in plans):
        context.instance.add_run_tags(context.run.run_id, {md.STATUS_TAG: HELD})
        raise PlanHeld("\n".join(_held_words(one, made) for one, made in plans if made.held))


def _held_words(here: flow.Installation, made: flow.Plan) -> str:
    """The reason for which a run fails whose plan is held, and its mend. The dates are processed, and what is free goes out."""
    of = f" for the target {here.name}" if here.name else ""
    goes_on = "Nothing of it goes out" if flow.nothing_goes_on(made) else "All else goes on"
    commands = "; ".join(_command("approve", manifest) for manifest in made.held)
    said = " ".join(flow.tripped_sentences(made)) or "A person asked to take back what was sent."
    return (
        f"the plan of {made.business_date}{of} is held, and waits for a decision: {said} {goes_on}. Decide: {commands}"
    )


def _command(verb: str, manifest: flow.Manifest) -> str:
    return f"hcm-pipeline {verb} {manifest.manifest_id} {manifest.operations}"


def _manifest_tags(plans: Made) -> dict[str, str]:
    """The tags that a run is found by: its manifests, each under what it is held for, and the business date. Of several targets
    those of each but the first have its name behind them."""
    tags: dict[str, str] = {}
    for one, made in plans:
        name = one.settings.place
        for manifest in made.manifests:
            kind = f"{md.MANIFEST_TAG}/{manifest.held_for}" if manifest.held_for else md.MANIFEST_TAG
            kind += "-rest" if manifest in made.approved else ""
            kind += f"{'-' if '/' in kind[len(md.MANIFEST_TAG) :] else '/'}{name}" if name else ""
            tags |= {kind: manifest.manifest_id, md.DATE_TAG: manifest.business_date.isoformat()}
    return tags


def _plan_results(here: flow.Installation, plans: Made) -> Iterator[dg.MaterializeResult[None]]:
    manifests = [manifest for _, made in plans for manifest in made.manifests]
    snapshot = manifests[0].inputs["snapshot"][:32] if manifests else "as delivered"
    yield dg.MaterializeResult(
        asset_key="desired_users",
        metadata={"dagster/row_count": sum(made.desired for _, made in plans)},
        data_version=dg.DataVersion(snapshot),
    )
    version = "+".join(m.manifest_id for m in manifests)[:200] or "nothing to send"
    metadata = _plan_metadata(here, plans)
    yield dg.MaterializeResult(asset_key="manifest", metadata=metadata, data_version=dg.DataVersion(version))


def _held_check(plans: Made) -> dg.AssetCheckResult:
    held = [(one, manifest) for one, made in plans for manifest in made.held]
    stopped = any(flow.nothing_goes_on(made) for _, made in plans)
    decide = {
        (f"{one.name}_{key}" if one.name else key): value
        for one, manifest in held
        for key, value in _deciding(one, manifest).items()
    }
    words = "\n".join(_held_words(one, made) for one, made in plans if made.held)
    return dg.AssetCheckResult(
        passed=not held,
        check_name=HELD_CHECK,
        asset_key="manifest",
        severity=dg.AssetCheckSeverity.ERROR if stopped else dg.AssetCheckSeverity.WARN,
        description=markdown(words or "No guard tripped. Nothing waits for a decision."),
        metadata={
            "held_operations": sum(m.operations for _, m in held),
            **decide,
        },
    )


PLOTTED = ("create", "disable", "update")
"""Kinds of operations that are counted though there are none, so that a plot has no gaps."""


FIGURES = ("operations", "operations_held", "requests")
"""Figures that are added up over several targets, besides those of each kind."""


def _plan_metadata(here: flow.Installation, plans: Made) -> dict[str, Any]:
    """The plan for people: first in words and where it waits for them, then the figures. Of several targets the entries of each
    have its name before them, and the figures are of all."""
    if not here.several:
        return _metadata_of(here, plans[0][1] if plans else None)
    values: dict[str, Any] = {}
    each = [(one.name, _metadata_of(one, made)) for one, made in plans]
    for name, found in each:
        values |= {f"{name}_{key}": value for key, value in found.items()}
    kinds = {key for _, found in each for key in found if key.startswith("operations_")}
    return values | {
        key: sum(found.get(key, 0) for _, found in each) for key in (*FIGURES, *sorted(kinds - set(FIGURES)))
    }


def _metadata_of(here: flow.Installation, made: flow.Plan | None) -> dict[str, Any]:
    """The same of one target."""
    manifests = made.manifests if made else ()
    behind = flow.extracts_of_manifests(here, [manifest.manifest_id for manifest in manifests])
    values: dict[str, Any] = {"in_words": dg.MetadataValue.md(_in_words(here, made))} if made else {}
    for manifest in manifests:
        values |= _manifest_metadata(here, manifest, behind, held=made is not None and manifest in made.held)
    kinds = flow.operation_kinds(made).items()
    values |= {
        "operations": sum(m.operations for m in manifests),
        "operations_held": sum(m.operations for m in manifests if m.held_for),
        **{f"operations_{kind}": count for kind, count in kinds if count or kind in PLOTTED},
        "requests": sum(m.requests for m in manifests),
    }
    if made:
        outlook = flow.quota_outlook(here, values["requests"])
        values["quota_left"] = outlook.left
        values["sent_at_once_it_ends_at"] = dg.MetadataValue.timestamp(outlook.ends_at)
        values["cleared_values_that_stay"] = sum(made.stays.values())
        values["guards"] = md.verdict_table(flow.plan_verdicts(made))
        values |= {"withheld": dg.MetadataValue.json(made.withheld)} if made.withheld else {}
        superseded = [manifest_id[:12] for manifest_id in made.superseded]
        values |= {"superseded": dg.MetadataValue.json(superseded)} if superseded else {}
    return values


EXTRACT_COLUMNS = ("business_date", "source", "name", "sha256", "operations")


def _extracts_behind(manifest: flow.Manifest, behind: Sequence[flow.ManifestExtract]) -> dg.TableMetadataValue:
    """The extracts that a manifest is made of, each with how many of its operations are as that one said."""
    found = [one for one in behind if one.manifest_id == manifest.manifest_id]
    rows = [
        {
            "business_date": one.business_date.isoformat(),
            "source": shown(one.source),
            "name": shown(one.name),
            "sha256": one.sha256[:12],
            "operations": one.operations,
        }
        for one in found
    ]
    return md.table(rows, EXTRACT_COLUMNS)


def _in_words(here: flow.Installation, made: flow.Plan) -> str:
    """The plan as a list of sentences, without a value of anybody's."""
    held = [f"{_waiting(m.operations)} for a decision, held for {m.held_for}." for m in made.held]
    clearing = flow.clearing_sentences(here, [flow.manifest_folder(here.home, m) for m in made.manifests])
    said = [
        flow.operations_sentence(made),
        *held,
        *flow.tripped_sentences(made),
        *clearing,
        *flow.unsure_sentences(here),
    ]
    return "\n".join(f"- {line}" for line in said)


def _prefix(manifest: flow.Manifest) -> str:
    return f"{manifest.held_for}_" if manifest.held_for else ""


def _deciding(here: flow.Installation, manifest: flow.Manifest) -> dict[str, Any]:
    """The links and commands that decide about a manifest."""
    prefix, ui = _prefix(manifest), here.profile.alerts.ui_url
    found: dict[str, Any] = {}
    for verb in ("approve", "reject"):
        page = deciding_page(ui, verb, manifest.manifest_id, manifest.operations)
        found[f"{prefix}{verb}"] = dg.MetadataValue.url(page)
        found[f"{prefix}{verb}_command"] = _command(verb, manifest)
    return found


def _waiting(operations: int) -> str:
    return "1 of these waits" if operations == 1 else f"{operations:,} of these wait"


def _manifest_metadata(
    here: flow.Installation, manifest: flow.Manifest, behind: Sequence[flow.ManifestExtract], *, held: bool
) -> dict[str, Any]:
    prefix = _prefix(manifest)
    payload = flow.manifest_folder(here.home, manifest) / "bulk.ndjson"
    return {
        **(_deciding(here, manifest) if held else {}),
        f"{prefix}manifest_id": manifest.manifest_id,
        f"{prefix}bytes": manifest.bulk_bytes,
        f"{prefix}business_date": manifest.business_date.isoformat(),
        f"{prefix}extracts": _extracts_behind(manifest, behind),
        f"{prefix}payload": dg.MetadataValue.path(str(payload)),
        f"{prefix}payload_command": f"python3 -m json.tool --json-lines {shlex.quote(str(payload))} | less",
        f"{prefix}one_worker_command": "hcm-pipeline trace PERSON_NUMBER",
    }
