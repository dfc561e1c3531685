"""The fence of a home that was copied or restored, and what a person's word on it comes to, with a clock that waits for nobody."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from benchmarks.chaos.site import START, Site, site
from hcm_pipeline import flow
from hcm_pipeline.errors import UsageError
from hcm_pipeline.flow import HistoryStop, HistoryWord, Installation, PersonsWord, landing, plans, processing
from hcm_pipeline.home import Home
from hcm_pipeline.settings import Settings
from hcm_pipeline.targets.entra.connection import to_sandbox

HEAD = "Person Number,Account Status,First Name,Last Name,Job Name,Country,Hire Date,Termination Date"
PER = "1002,True,Per,Lund,Analyst,NO,2020-01-01,"
PER_LEFT = "1002,False,Per,Lund,Analyst,NO,2020-01-01,2030-05-31"
pytestmark = [
    pytest.mark.service,  # the sandbox is started by the chaos's site
    pytest.mark.usefixtures("one_instance"),
]
COPIED = "not where they were: it was copied or restored"


@dataclass
class Post:
    """A home that delivers to a job outside it."""

    site: Site
    home: Home
    here: Installation = field(init=False)

    def __post_init__(self) -> None:
        settings = Settings(self.home.create(), "oracle-hcm", to_sandbox(self.site.target))
        self.here = Installation(settings, clock=self.site.clock)

    def take(self, day: int, per: str = PER, job: str = "Engineer") -> None:
        """An extract of two people for a day of May is landed, processed and planned."""
        path = self.home.scratch / f"w-2030-05-{day}.csv"
        other = f"10{day},True,Ann,Lee {day},Clerk,NO,2020-01-01,"  # no two files have the same bytes
        rows = [HEAD, f"1001,True,Ida,Berg,{job},NO,2020-01-01,", per, *([other] if day > 12 else []), ""]
        path.write_text("\n".join(rows), encoding="utf-8")
        landing.land(self.here.warehouse, self.here.profile, [path], now=self.site.clock)
        list(processing.process(self.here.warehouse, self.here.loaded, [dt.date(2030, 5, day)], clock=self.site.clock))
        self.plan()

    def plan(self) -> None:
        plans.plan(self.here.warehouse, self.here.loaded, self.here.target, clock=self.site.clock)
        self.here.warehouse.publish()

    def upload(self) -> int:
        """Send what is ready, and have it worked off; how many manifests."""
        sent = len(flow.upload(self.here).reports)
        self.site.sleep(10)
        flow.read_outcomes(self.here, wait_seconds=0, interval=0)
        return sent

    def accept(self, *, everybody: bool = False) -> str:
        """Say a person's word, and send what is ready after it; the line that tells of it."""
        said: list[str] = []
        word = PersonsWord(HistoryWord.ACCEPT, "restored", "ada", everybody)
        flow.upload(self.here, word=word, announce=said.append)
        self.site.sleep(10)
        return next(line for line in said if line.startswith("accepted"))

    def stopped(self) -> str:
        """Nothing goes out; why."""
        with pytest.raises(HistoryStop) as stop:
            flow.upload(self.here)
        return str(stop.value)

    def copy(self, name: str) -> Post:
        return Post(self.site, Home(shutil.copytree(self.home.path, self.home.path.parent / name)))

    def accounts(self) -> dict[str, tuple[bool, str]]:
        """Whether each may sign in, and the job title."""
        found = self.site.directory()
        return {
            number: (bool(found[number]["accountEnabled"]), found[number]["jobTitle"]) for number in ("1001", "1002")
        }


@pytest.fixture(scope="module")
def a_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("elsewhere") / "sandbox") as made:
        yield made


@pytest.fixture
def post(a_site: Site, tmp_path: Path) -> Post:
    """A home that has delivered the 12th."""
    a_site.begin()
    assert a_site.now >= START
    made = Post(a_site, Home(tmp_path / "home"))
    made.take(12)
    made.upload()
    return made


def test_somebody_whom_the_lost_history_disabled_and_who_is_back_is_enabled_again(post: Post) -> None:
    """The target no longer has what this home delivered itself."""
    restored = post.copy("restored")
    post.take(13, PER_LEFT, "Director")
    post.upload()
    restored.take(14)  # as on the 12th
    assert "tells of 3 changes of 3 workers" in restored.stopped()
    assert "3 workers are sent again as they should be" in restored.accept()
    restored.plan()
    restored.upload()
    assert post.accounts() == {"1001": (True, "Engineer"), "1002": (True, "Analyst")}
    restored.plan()
    assert restored.upload() == 0


def test_whom_the_target_knows_more_of_is_left_alone_until_something_newer_was_landed_and_a_person_says_so(
    post: Post,
) -> None:
    restored = post.copy("restored")
    post.take(13, PER_LEFT)
    post.upload()
    assert "1 worker is left alone until their data change" in restored.accept()
    for _ in range(2):
        restored.plan()
        assert restored.upload() == 0
    assert post.accounts()["1002"] == (False, "Analyst")
    with pytest.raises(UsageError, match="nothing to accept"):
        restored.accept()

    restored.take(14)  # he is back, and his data are those of before
    restored.upload()
    assert post.accounts()["1002"] == (False, "Analyst")
    assert flow.status(restored.here).known.withheld == {"history": 1}
    restored.accept()
    restored.plan()
    restored.upload()
    assert post.accounts()["1002"] == (True, "Analyst")
    assert flow.status(restored.here).known.withheld == {}


def test_a_change_of_data_ends_it_that_somebody_is_left_alone(post: Post) -> None:
    restored = post.copy("restored")
    post.take(13, PER_LEFT)
    post.upload()
    restored.accept()
    restored.take(14, PER.replace("Analyst", "Architect"))
    restored.upload()
    assert post.accounts()["1002"] == (True, "Architect")


def test_a_copied_home_asks_twice_with_the_time_between_that_the_log_lags(post: Post) -> None:
    post.site.post("options", log_lag_seconds=600)
    restored = post.copy("restored")
    post.take(13, PER_LEFT)
    flow.upload(post.here)
    restored.take(13, job="Director")
    assert COPIED in restored.stopped()
    assert COPIED in str(flow.status(restored.here).fence.stopped)
    post.site.sleep(3000)
    assert "tells of" in restored.stopped()
    assert post.accounts()["1002"] == (False, "Analyst")


def test_a_copied_home_goes_on_when_the_target_knows_nothing_more_by_then(post: Post) -> None:
    copied = post.copy("copied")
    copied.take(13, job="Architect")
    assert COPIED in copied.stopped()
    post.site.sleep(59 * 60)
    assert COPIED in copied.stopped()
    post.site.sleep(120)
    assert copied.upload() == 1
    copied.take(14, job="Director")
    assert copied.upload() == 1
    assert post.accounts()["1001"] == (True, "Director")


def test_a_job_that_stands_still_tells_nothing_so_that_a_copied_home_waits_until_it_has_run(post: Post) -> None:
    copied = post.copy("copied")
    copied.take(13, job="Architect")
    post.take(13, PER_LEFT)
    flow.upload(post.here)
    post.site.post("job", status="Paused")
    assert "the synchronization job is paused" in copied.stopped()
    post.site.sleep(61 * 60)
    assert COPIED in copied.stopped()
    with pytest.raises(HistoryStop, match=r"nothing was accepted: the synchronization job is paused"):
        copied.accept()
    post.site.post("job", status="Active")
    assert COPIED in copied.stopped()  # what it was sent is worked off just now
    post.site.sleep(61 * 60)
    assert "tells of" in copied.stopped()
    assert post.accounts()["1002"] == (False, "Analyst")


def test_a_person_ends_the_wait_of_a_copied_home(post: Post) -> None:
    copied = post.copy("copied")
    copied.take(13, job="Architect")
    post.site.sleep(60)
    assert copied.accept() == "accepted: this home was copied or restored"
    assert post.accounts()["1001"] == (True, "Architect")
    copied.take(14, job="Director")
    assert copied.upload() == 1


def test_a_home_that_is_moved_within_its_disk_does_not_wait(post: Post) -> None:
    moved = Post(post.site, Home(post.home.path.rename(post.home.path.parent / "moved")))
    moved.take(13, job="Architect")
    assert moved.upload() == 1


def test_a_home_that_was_copied_before_it_ever_sent_anything_waits_too(a_site: Site, tmp_path: Path) -> None:
    a_site.begin()
    first = Post(a_site, Home(tmp_path / "home"))
    first.take(12)
    copied = first.copy("copied")
    assert COPIED in copied.stopped()
    assert first.upload() == 1


def test_whom_the_log_does_not_name_is_told_and_sent_again_when_a_person_says_so(post: Post) -> None:
    """The lost life disables somebody, the log loses the entry, and the home takes the account for right."""
    restored = post.copy("restored")
    post.site.post("faults", kind="lose_entry", external_ids=["1002"], each=1)
    post.take(13, PER_LEFT, "Director")
    post.upload()
    early = post.copy("early")
    restored.take(14)  # as on the 12th
    said = restored.accept()
    assert "2 workers are sent again as they should be" in said
    assert "1 worker is not named by the log, and nobody knows" in said
    restored.plan()
    restored.upload()
    assert post.accounts() == {"1001": (True, "Engineer"), "1002": (False, "Analyst")}
    told = flow.status(restored.here).known.unsure
    assert told is not None
    assert told.workers == 1
    assert flow.outlook(restored.here).unsure == told
    assert [alert.kind for alert in flow.look(restored.here)] == ["unsure"]

    assert "1 other worker is sent again, too" in restored.accept(everybody=True)
    restored.plan()
    restored.upload()
    assert post.accounts()["1002"] == (True, "Analyst")
    assert flow.status(restored.here).known.unsure is None
    with pytest.raises(UsageError, match="nothing to accept"):
        restored.accept(everybody=True)

    with pytest.raises(UsageError, match="--everybody: nothing was landed and processed since"):
        early.accept(everybody=True)
    assert post.accounts()["1002"] == (True, "Analyst")


def test_a_value_that_a_lost_life_has_sent_and_no_null_clears_is_told(post: Post) -> None:
    post.site.post("options", flow_nulls=False)
    titled = PER.replace("Analyst", "")
    post.take(13, titled)
    post.upload()
    restored = post.copy("restored")
    post.take(14, PER.replace("Analyst", "Architect"))
    post.upload()
    restored.take(15, titled)
    restored.accept()
    restored.plan()
    restored.upload()
    assert post.accounts()["1002"] == (True, "Architect")
    found = flow.status(restored.here).known.stale_values
    assert [(one.attribute, one.accounts) for one in found] == [("title", 1)]
