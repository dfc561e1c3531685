"""Writing a page: a template filled in, and a file that its owner alone may read."""

from __future__ import annotations

import datetime as dt
from importlib import resources
from pathlib import Path

from hcm_pipeline.flow.html_pages import html_environment
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.pages.charts import use_cache
from hcm_pipeline.flow.sign_off import replace_file


def write(installation: Installation, path: Path, page: str, **given: object) -> None:
    """Write a page of the home. Raises UsageError when the file cannot be written.

    `page`: the name of its template; `given`: what it shows. Texts are escaped, and signs that nobody sees are told.
    """
    from jinja2 import FunctionLoader

    environment = html_environment(FunctionLoader(_template))
    environment.filters |= {"moment": moment, "count": count}
    made = {
        "made_at": installation.clock(),
        "profile": installation.profile.name,
        "target": targets_words(installation),
    }
    text = environment.get_template(f"{page}.html").render(**made, **given)
    replace_file(path, "utf-8", lambda out: out.write(text))


def targets_words(installation: Installation) -> str:
    """The target that a page is about, or all of them."""
    if not installation.several:
        return installation.target
    return "; ".join(f"{one.name}: {one.target}" for one in installation.targets)


def prepare_charts(installation: Installation) -> None:
    """Have charts keep what they know of fonts in the home."""
    use_cache(installation.home.scratch / "charts")


def moment(at: dt.datetime | None) -> str:
    """A moment for people, in UTC."""
    return f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%MZ}" if at else ""


def count(number: float | None) -> str:
    """A number for people."""
    return "" if number is None else f"{number:,}"


def _template(name: str) -> str:
    return resources.files("hcm_pipeline.flow.pages").joinpath("templates", name).read_text(encoding="utf-8")
