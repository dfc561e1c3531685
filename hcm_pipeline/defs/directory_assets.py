"""The live directories as assets of their own: read when somebody or a schedule materializes them, and kept with their time.

Their arrows lead to `desired_users`, which has no partitions either. The giving of names on a date reads them, too; an arrow to
`identities` would make a backfill of a range wait for them.
"""

import datetime as dt

import dagster as dg

from hcm_pipeline import flow
from hcm_pipeline.defs import metadata as md
from hcm_pipeline.defs.code_versions import code_version
from hcm_pipeline.defs.expected import expected
from hcm_pipeline.defs.resources import Pipeline
from hcm_pipeline.profile import Directory, Profile

_ABOUT = {
    "entra": "Users, deleted users, groups and domains of the target's tenant, by what has changed since the reading before.",
    "ad": "Every object of Active Directory below the profile's bases, and the deleted ones where they can be read.",
    "csv": "The objects of an exported CSV file.",
}
_KINDS = {"entra": "azure", "ad": "ldap", "csv": "csv"}


def build_directories(profile: Profile) -> list[dg.AssetsDefinition]:
    """An asset `directory_<name>` for each directory of the profile, stale after the hours that the profile allows."""
    return [_build(profile, name, directory) for name, directory in profile.identity.directories.items()]


def directory_asset(name: str) -> str:
    """The asset of a directory of the profile."""
    return f"directory_{name}"


def _build(profile: Profile, name: str, directory: Directory) -> dg.AssetsDefinition:
    hours = flow.max_age_hours(profile.identity, directory)
    policy = dg.FreshnessPolicy.time_window(fail_window=dt.timedelta(hours=hours)) if hours else None

    @dg.asset(
        name=directory_asset(name),
        group_name="identity",
        owners=md.OWNERS,
        kinds={"duckdb", _KINDS[directory.kind]},
        metadata=md.schema_of("directory_objects", md.DIRECTORY_COLUMNS),
        freshness_policy=policy,
        code_version=code_version("directory", "entra"),
        description=f"{_ABOUT[directory.kind]} Nobody is given a name that one of them holds, and their accounts are adopted.",
    )
    def read(context: dg.AssetExecutionContext, pipeline: Pipeline) -> dg.MaterializeResult[None]:
        with expected():
            done = flow.read_directory(
                pipeline.installation(context.log),
                name,
                progress=pipeline.progress(context.log),
                announce=lambda line: context.log.info(line),
            )
        for line in done.told:
            context.log.warning(line)
        for one in done.refused[: md.SHOWN_ROWS]:
            context.log.warning(
                f"{one.file}, row {one.row}, {one.column or 'the whole row'}: {one.reason} ({one.rule})"
            )
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": done.objects,
                "changed": done.changed,
                "refused_rows": len(done.refused),
                "read": done.read,
            }
        )

    return read
