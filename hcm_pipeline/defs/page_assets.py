"""Pages about the home as an asset: written anew after a plan and after outcomes, with where they lie."""

import dagster as dg

from hcm_pipeline import flow
from hcm_pipeline.defs import metadata as md
from hcm_pipeline.defs.code_versions import code_version
from hcm_pipeline.defs.expected import expected
from hcm_pipeline.defs.resources import Pipeline

PAGES = {
    "company": flow.write_company,
    "guards": flow.write_guards,
    "quota": flow.write_quota,
    "now": flow.write_now,
}
OF_TARGETS = ("guards", "quota")
"""Pages that are about one target: of several each has its own, and all but the first their names in those of the files."""
FOLLOWS = "pages_follow"


@dg.asset(
    name="pages",
    deps=["manifest", "outcomes"],
    group_name="delivery",
    owners=md.OWNERS,
    kinds={"html", "file"},
    code_version=code_version("flow/pages"),
    automation_condition=dg.AutomationCondition.eager(),
    description="Pages to send or to look at, in `pages/` of the home: the company by day, how near each limit came, the quota, "
    "and `now.html`: the things that hold now and what to type. `hcm-pipeline page` writes one by itself, and one worker's life.",
)
def pages_asset(context: dg.AssetExecutionContext, pipeline: Pipeline) -> dg.MaterializeResult[None]:
    """Write every page that names nobody."""
    here = pipeline.installation(context.log)
    folder = here.home.pages
    written = []
    with expected():
        for name, write in PAGES.items():
            for one in here.targets if name in OF_TARGETS else (here,):
                written.append(f"{name}-{one.settings.place}" if one.settings.place else name)
                write(one, folder / f"{written[-1]}.html")
    return dg.MaterializeResult(
        metadata={name: dg.MetadataValue.path(str(folder / f"{name}.html")) for name in written}
        | {"one_worker_command": "hcm-pipeline page worker PERSON_NUMBER FILE"}
    )


def build_pages_sensor() -> dg.AutomationConditionSensorDefinition:
    """The sensor that has pages follow what they are about."""
    return dg.AutomationConditionSensorDefinition(
        FOLLOWS,
        target=dg.AssetSelection.assets("pages"),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=60,
        description="Has the asset `pages` written anew when a plan was made or outcomes were read. It sends nothing.",
    )
