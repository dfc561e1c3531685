"""One thing's fault is that thing's: what nobody foresaw is caught where the thing begins and ends, and the others go on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hcm_pipeline.errors import DiskFull, ExtractRefused
from hcm_pipeline.flow import arrivals, borders, directories, landing
from hcm_pipeline.http import utc_now
from hcm_pipeline.sources import Folder
from hcm_pipeline.sources.delimited.delimited_format import Delimited
from tests.workers.driver import COLUMNS, PROFILE, Firm, day, worker


class Unforeseen(Exception):
    """No reader knows it."""


BAD = "people-bad-2026-11-02.csv"


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    """A firm in whose landing folder two files lie, the first of which is bad."""
    news = 'glob = "news*"\ncontent = "changes-only"\nrows = "narrow"'
    firm = Firm(tmp_path, PROFILE.replace(news, 'glob = "people-b*"').replace(
        'name = "people"\nglob = "people*"', 'name = "people"\nglob = "people-good*"'
    ))  # fmt: skip
    for name, number in ((BAD, 1), ("people-good-2026-11-02.csv", 2)):
        row = worker(number)
        path = firm.home.landing / name
        path.write_text(
            "\n".join([",".join(COLUMNS), ",".join(row.get(c, "") for c in COLUMNS)]) + "\n", encoding="utf-8"
        )
        os.utime(path, (1, 1))
    return firm


def breaking(real: Callable[..., object], error: Exception) -> Callable[..., object]:
    """The same call, that fails over the bad file."""

    def call(*arguments: object, **named: object) -> object:
        if BAD in f"{arguments}{named}":
            raise error
        return real(*arguments, **named)

    return call


@pytest.mark.parametrize(
    ("of", "method"), [(Folder, "state"), (Folder, "take"), (Folder, "remove"), (Delimited, "describe"), (Delimited, "summary")]
)  # fmt: skip
def test_a_file_that_fails_in_a_way_nobody_foresaw_is_refused_and_the_others_are_taken(
    firm: Firm, monkeypatch: pytest.MonkeyPatch, of: type, method: str
) -> None:
    if method == "summary":
        count = iter((True, False))
        real = Delimited.summary
        monkeypatch.setattr(of, method, lambda *a: 1 / 0 if next(count) else real(*a))
    else:
        monkeypatch.setattr(of, method, breaking(getattr(of, method), Unforeseen("a value of somebody")))
    first, second = landing.land(firm.warehouse, firm.loaded.profile, None, now=utc_now)
    assert (first.result, second.result) == ("refused", "taken")
    assert "unexpected fault" in first.message
    assert "value of somebody" not in first.message
    assert (firm.home.fault.stat().st_mode & 0o777, (firm.home.landing / BAD).exists()) == (0o600, True)
    if method in ("state", "take", "describe"):
        assert len([path for path in firm.home.extracts.rglob("*") if path.is_file()]) == 1


def test_a_file_that_cannot_be_deleted_is_taken_all_the_same(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Folder, "remove", breaking(Folder.remove, PermissionError(13, "Permission denied")))
    first, second = landing.land(firm.warehouse, firm.loaded.profile, None, now=utc_now)
    assert (first.result, second.result) == ("taken", "taken")
    assert "cannot be deleted (Permission denied)" in f"{first.message} {second.message}"
    assert "known" in {one.result for one in landing.land(firm.warehouse, firm.loaded.profile, None, now=utc_now)}


def test_a_file_that_cannot_be_looked_at_keeps_no_other_from_arriving(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Folder, "state", breaking(Folder.state, Unforeseen()))
    found = arrivals.find_arrivals(firm.home, firm.loaded.profile)
    assert (len(found.dates["2026-11-02"]), BAD in found.reasons[0]) == (1, True)


@pytest.mark.parametrize(
    "error", [lambda: Unforeseen("a value"), lambda: ExtractRefused(BAD, "rule", "it is odd")], ids=["fault", "refusal"]
)  # an error that stays keeps all that it has come through
def test_an_extract_that_cannot_be_staged_is_left_out_and_its_day_goes_on(
    firm: Firm, monkeypatch: pytest.MonkeyPatch, error: Callable[[], Exception]
) -> None:
    landing.land(firm.warehouse, firm.loaded.profile, None, now=utc_now)
    monkeypatch.setattr(Delimited, "stage", breaking(Delimited.stage, error()))
    [counts] = firm.run(day(2))
    assert (counts.workers, len(counts.refused), counts.stopped) == (1, 1, None)
    assert firm.sql("select status from extracts order by name") == [("refused",), ("applied",)]
    assert firm.run(day(2))[0].refused == ()


def test_a_full_disk_and_too_little_memory_are_no_files_fault(firm: Firm) -> None:
    with pytest.raises(DiskFull):
        borders.as_refusal(OSError(28, "No space left on device"), BAD, firm.home)
    with pytest.raises(MemoryError):
        borders.as_refusal(MemoryError(), BAD, firm.home)


def test_a_directory_that_fails_in_a_way_nobody_foresaw_keeps_no_other_from_being_read(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Here:
        home, profile = firm.home, firm.loaded.profile

    two = dict.fromkeys(("first", "second"))
    read: list[str] = []

    def one(_: object, name: str, *__: object, **___: object) -> str:
        if name == "first":
            raise Unforeseen("a value")
        read.append(name)
        return name

    identity = Here.profile.identity.model_copy(update={"directories": two})
    Here.profile = Here.profile.model_copy(update={"identity": identity})
    monkeypatch.setattr(directories, "read_directory", one)
    monkeypatch.setattr(directories, "readable", lambda _: True)
    monkeypatch.setattr(directories, "forget_removed", lambda _: [])
    found = directories.read_directories(Here())  # type: ignore[arg-type]
    assert (read, [type(error).__name__ for error in found.failed]) == (["second"], ["PipelineError"])
    assert "identity.directories.first" in str(found.failed[0])
