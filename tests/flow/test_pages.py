"""Pages to send: what each shows, and that it needs nothing else."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from hcm_pipeline import flow
from hcm_pipeline.delivery import CONFIGURES, WRITES_BACK, ManifestState
from hcm_pipeline.errors import UsageError
from hcm_pipeline.flow import Installation, utc_now
from hcm_pipeline.flow.pages import charts
from hcm_pipeline.flow.pages.now_page import type_next
from hcm_pipeline.flow.pages.quota_page import DAY, _steps
from hcm_pipeline.settings import Settings
from tests.workers.driver import PROFILE, Firm, day, worker

LIMIT = '\n[[guards.limits]]\nkind = "create"\nmax = 1\n'
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.service  # a first drawing asks for the fonts of the machine
PAGES = {
    "company": flow.write_company,
    "guards": flow.write_guards,
    "quota": flow.write_quota,
    "now": flow.write_now,
}


class Read(HTMLParser):
    """The text of a page, its elements, and every address that it would load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.loads: list[str] = []
        self._hidden = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._hidden = tag in {"style", "title"}
        self.loads += [
            f"{name}={value}" for name, value in attrs if name in {"src", "href", "data", "srcset"} and value
        ]
        self.loads += [
            f"{name}={value}" for name, value in attrs if name.endswith(":href") and not (value or "").startswith("#")
        ]

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.words.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        return " ".join(self.words)


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    """A firm that lets nobody create two accounts without a decision."""
    (tmp_path / "firm.toml").write_text(PROFILE + LIMIT, encoding="utf-8")
    return Firm(tmp_path, PROFILE, LIMIT)


@pytest.fixture
def here(firm: Firm) -> Installation:
    """The firm after a plan of two that is held."""
    installation = Installation(Settings(firm.home, str(firm.folder / "firm.toml"), None))
    firm.take([worker(1, Department="<b>Byron</b>"), worker(2)], day(2))
    assert flow.plan(installation.warehouse, installation.loaded, installation.target) is not None
    installation.warehouse.publish()
    return installation


def read(write: Callable[[Installation, Path], None], here: Installation, folder: Path) -> Read:
    path = folder / "page.html"
    write(here, path)
    assert path.stat().st_mode & 0o777 == 0o600
    return Read(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_needs_nothing_else_and_names_nobody(name: str, here: Installation, tmp_path: Path) -> None:
    page = read(PAGES[name], here, tmp_path)
    assert page.loads == []
    assert "script" not in page.tags
    assert "Byron" not in page.text
    whole = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in whole
    assert "#0102" not in whole  # every colour of a drawing is the page's
    assert whole.count("<svg") == {"company": 3, "guards": 1, "quota": 1, "now": 0}[name]


def test_the_company_is_shown_by_day(here: Installation, firm: Firm, tmp_path: Path) -> None:
    page = read(flow.write_company, here, tmp_path)
    assert page.text.startswith(f"2 workers on {day(2)}")
    assert f"{day(2)} 2 2 0 0 0 2 done" in page.text  # two operations were held


def test_the_nearest_of_a_limit_is_shown_with_its_figures(here: Installation, tmp_path: Path) -> None:
    page = read(flow.write_guards, here, tmp_path)
    assert "create everybody 1 1 200 %" in page.text
    assert "2 of 0 accounts, where 1 is allowed" in page.text


def test_the_page_for_the_night_has_the_commands_that_decide(here: Installation, tmp_path: Path) -> None:
    page = read(flow.write_now, here, tmp_path)
    [held] = flow.open_manifests(here).held
    assert f"hcm-pipeline approve {held.manifest_id} 2" in page.text
    assert f"hcm-pipeline reject {held.manifest_id} 2" in page.text


def test_every_kind_of_manifest_that_waits_has_its_own_command(here: Installation) -> None:
    held = next(iter(flow.status(here).waiting))
    ready = replace(held, state=ManifestState.READY)
    assert type_next(held, f"{WRITES_BACK}pod")[0] == f"hcm-pipeline approve {held.manifest_id} 2"
    assert type_next(ready, here.target) == (f"hcm-pipeline upload {held.manifest_id}",)
    assert type_next(ready, f"{WRITES_BACK}pod") == ("hcm-pipeline writeback apply",)
    assert type_next(ready, f"{CONFIGURES}job") == ("hcm-pipeline target apply",)


def test_a_workers_life_is_a_line_from_row_to_operation_and_its_values_are_no_markup(
    here: Installation, tmp_path: Path
) -> None:
    number = worker(1)["Number"]
    page = read(lambda installation, path: flow.write_worker(installation, number, path), here, tmp_path)
    assert "row 2 of" in page.text
    assert "department: <b>Byron</b>" in page.text
    assert "b" not in page.tags
    assert page.text.index("joiner") < page.text.index("names given") < page.text.index("create: held")


def test_a_worker_whom_no_extract_holds_has_no_page(here: Installation, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no extract holds"):
        flow.write_worker(here, "nobody", tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_a_call_is_given_back_a_day_after_it_was_made() -> None:
    now = utc_now()
    made = [now - dt.timedelta(hours=hours) for hours in (20, 2, 1)]
    moments, left = _steps(made, now, 10)
    assert list(zip(moments, left, strict=True)) == [
        (now - DAY, 10), (made[0], 9), (made[1], 8), (made[2], 7), (made[0] + DAY, 8), (made[1] + DAY, 9), (made[2] + DAY, 10),
        (now + DAY, 10),
    ]  # fmt: skip
    assert min(_steps([now] * 2000, now, 2000)[1]) == 0


def test_a_drawing_is_the_same_for_the_same_figures() -> None:
    days = [day(2), day(3)]
    assert charts.lines("Workers", days, {"workers": [1, 2]}) == charts.lines("Workers", days, {"workers": [1, 2]})


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize("width", [360, 1200])
def test_a_page_fits_its_window_in_a_real_browser(here: Installation, tmp_path: Path, width: int) -> None:
    page = tmp_path / "page.html"
    flow.write_company(here, page)
    frame = tmp_path / "frame.html"
    frame.write_text(
        f"<iframe style='width:{width}px;height:900px;border:0' src='{page.as_uri()}'></iframe><p id=p></p><script>"
        "onload = () => { const d = frames[0].document.documentElement; p.textContent = `${d.scrollWidth} ${d.clientWidth}` }"
        "</script>", encoding="utf-8",
    )  # fmt: skip
    assert CHROMIUM is not None
    shown = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", "--virtual-time-budget=3000",
         f"--user-data-dir={tmp_path / 'chromium'}", "--dump-dom", frame.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    needs, has = (int(number) for number in shown.rpartition('<p id="p">')[2].partition("<")[0].split())
    assert needs <= has in {width, width - 15}  # a bar to scroll down by may take 15
