"""The people of a plan: those who lose something first, in words, on a page and in a table that harm nobody who opens them."""

from __future__ import annotations

import csv
import datetime as dt
import io
import stat
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from hcm_pipeline.delivery import Preview, Unsure
from hcm_pipeline.errors import UsageError
from hcm_pipeline.flow.html_pages import seen
from hcm_pipeline.flow.sign_off import cell, write_page, write_table
from hcm_pipeline.flow.views.clearing import clearing_sentence
from hcm_pipeline.flow.views.difference import Sketch
from hcm_pipeline.flow.views.people import NOBODY, People, find_people
from hcm_pipeline.flow.views.target_findings import FindingsToRead
from hcm_pipeline.verdicts import Kind, Verdict
from hcm_pipeline.warehouse import Scratch, memory, scratch
from tests.delivery.toy_target import PhoneBook

Operation = tuple[str, str, str | None, str | None, str | None, str | None, str | None, str | None]
VALUES = {"person_number": "varchar", "name": "varchar", "room": "varchar", "printed": "varchar"}
OPERATION = {**VALUES, "kind": "varchar", "held_for": "varchar", "rest_of": "varchar", "undoes": "varchar"}
HELD = "1 of 5 accounts would be disabled (20 %); the limit is 0. Held."
OPERATIONS: list[Operation] = [
    ("1", "Ann Lee", "Sales", "yes", "create", None, None, None),
    ("2", "Ben Okri", None, "yes", "update", None, None, None),
    ("3", "Cat King", "Lab", "yes", "rename", None, None, None),
    ("4", "Dan Roe", "Sales", "no", "disable", "disable", None, None),
    ("5", "Eve Poe", "Lab", "yes", "update", "update", "an approved one", None),
]
DELIVERED = [
    ("2", "Ben Okri", "Sales", "yes"), ("3", "Cat Stevens", "Lab", "yes"), ("4", "Dan Roe", "Sales", "yes"),
    ("5", "Eve Poe", "Sales", "yes"),
]  # fmt: skip
WORKERS = {"person_number": "varchar", "first_name": "varchar", "last_name": "varchar", "display_name": "varchar"}


@pytest.fixture
def t() -> Iterator[Scratch]:
    """Relations in memory."""
    with memory() as con, scratch(con) as made:
        yield made


def people(
    t: Scratch, *, hostile: str | None = None, operations: list[Operation] = OPERATIONS, stays: frozenset[str] = frozenset(),
    replaced: tuple[str, ...] = (), unsure: tuple[str, ...] = (),
) -> People:  # fmt: skip
    """The people of five operations. `hostile` is the new room of the fifth; `replaced` numbers get a room in the place of none."""
    changed = [(row[0], row[1], hostile if hostile and row[0] == "5" else row[2], *row[3:]) for row in operations]
    found = Preview(
        operations=t.of_rows("operations", OPERATION, changed),
        delivered=t.of_rows("delivered", VALUES, DELIVERED),
        counts={}, held={}, requests=1, verdicts=(), withheld={}, stays=stays,
        replaced=t.of_rows("replaced", {"person_number": "varchar", "attribute": "varchar"}, [(n, "room") for n in replaced]),
    )  # fmt: skip
    book = PhoneBook()
    book.columns = tuple(replace(c, instead="N/A") if c.name == "room" and replaced else c for c in book.columns)  # type: ignore[assignment]
    workers = t.of_rows("workers", WORKERS, [(f"{n}", f"First{n}", f"Last{n}", None) for n in range(1, 5)])
    doubted = t.of_rows("doubted", {"person_number": "varchar"}, [(number,) for number in unsure]) if unsure else None
    return find_people(t, book, ["room"], found, workers, {"disable": [HELD]}, doubted)


def sketch(found: People) -> Sketch:
    """A plan of one held operation."""
    now = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
    held = Verdict(Kind.LIMIT, "disable", "2026-11-20", True, HELD)
    return Sketch(now.date(), now, "firm", "phone book", (held,), (), found, clearing_sentence({"urn:x:room": 1}))


def test_those_who_lose_something_come_first_and_everybody_has_old_and_new(t: Scratch) -> None:
    found = people(t)
    assert [(one.person_number, one.loses) for one in found.read()] == [
        ("4", ("disabled",)), ("3", ("renamed",)), ("5", ("moved",)), ("2", ("cleared",)), ("1", ()),
    ]  # fmt: skip
    assert [one.person_number for one in found.read(2)] == ["4", "3"]
    first = next(found.read())
    assert (first.name, first.kind, first.held_for, first.why) == ("First4 Last4", "disable", "disable", (HELD,))
    assert [(one.attribute, one.old, one.new) for one in first.changes] == [("printed", "yes", "no")]
    assert (found.total, found.losing, found.held) == (5, 4, 1)


def test_a_new_account_is_named_alone_unless_all_its_values_are_asked_for(t: Scratch) -> None:
    found = people(t)
    [*_, brief], [*_, whole] = found.read(), found.read(whole=True)
    assert [one.new for one in brief.changes] == ["Ann Lee"]
    assert [(one.attribute, one.old, one.new) for one in whole.changes] == [
        ("name", None, "Ann Lee"), ("room", None, "Sales"), ("printed", None, "yes"),
    ]  # fmt: skip


def test_the_rest_of_an_approved_manifest_is_held_no_more(t: Scratch) -> None:
    assert [one.held_for for one in people(t).read() if one.person_number == "5"] == [None]


def test_the_headline_says_in_words_how_many_lose_what(t: Scratch) -> None:
    assert people(t).headline == (
        "5 accounts: 1 would be disabled, 1 would get another user name, 1 would move to another container, "
        "1 would lose a value, 1 would be created. 1 of these waits for a decision."
    )
    assert people(t, operations=[]).headline == NOBODY


def test_a_value_that_no_null_clears_is_kept_and_the_page_and_the_table_say_so(t: Scratch, tmp_path: Path) -> None:
    found = people(t, stays=frozenset({"room"}))
    assert [one.loses for one in found.read() if one.person_number == "2"] == [("kept",)]
    assert "1 would keep a value that HR has cleared" in found.headline
    [change] = next(one for one in found.read() if one.person_number == "2").changes
    assert (change.old, change.new, change.stays) == ("Sales", None, True)
    write_page(tmp_path / "plan.html")(sketch(found))
    page = (tmp_path / "plan.html").read_text(encoding="utf-8")
    assert "<h2>Accounts that would keep a value that HR has cleared" in page
    assert "(stays in the account: no null clears it)" in page
    assert "1 value that HR has cleared stays in its account: the job does not flow nulls for room 1." in page
    write_table(tmp_path / "plan.csv")(sketch(found))
    rows = list(csv.DictReader(io.StringIO((tmp_path / "plan.csv").read_text(encoding="utf-8-sig"))))
    assert {row["person_number"] for row in rows if row["note"]} == {"2"}


def test_of_whom_nobody_knows_what_the_target_has_is_told_with_the_plan_and_marked(t: Scratch, tmp_path: Path) -> None:
    found = people(t, unsure=("2", "4", "9"))
    assert [one.person_number for one in found.read() if one.unsure] == ["4", "2"]
    now = dt.datetime(2026, 11, 19, tzinfo=dt.UTC)
    plan = replace(sketch(found), unsure=Unsure(3, now, None))
    write_page(tmp_path / "plan.html")(plan)
    page = (tmp_path / "plan.html").read_text(encoding="utf-8")
    assert "since a history was accepted (<time>2026-11-19</time>): 3 workers are not named by the log" in page
    assert page.count("nobody knows that the account has the old values") == 2
    write_table(tmp_path / "plan.csv")(plan)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "plan.csv").read_text(encoding="utf-8-sig"))))
    assert [row["person_number"] for row in rows if "nobody knows" in row["note"]] == ["4", "2"]


FINDINGS = {"person_number": "varchar", "attribute": "varchar", "rule": "varchar", "length": "integer", "longest": "integer",
            "others": "varchar[]", "meanwhile": "varchar"}  # fmt: skip
SIXTY_FIVE = "The value is too long (65 characters, at most 64); the last good value stays."


def test_what_the_target_would_refuse_stands_on_the_page_and_in_the_table_with_the_people_who_wait_first(
    t: Scratch, tmp_path: Path
) -> None:
    rows = [
        ("2", "department", "is too long", 65, 64, None, "last value stays"),
        ("9<b>", "userName", "is another worker's as well", None, None, ["2", "9<b>"], "waits"),
    ]
    workers = t.of_rows("named", WORKERS, [("2", "Ben", "Okri", None)])
    refused = FindingsToRead(t.con, t.of_rows("findings", FINDINGS, rows), workers)
    plan = replace(sketch(people(t)), refused=refused)
    write_page(tmp_path / "plan.html")(plan)
    page = (tmp_path / "plan.html").read_text()
    assert "Values that the target would refuse" in page
    assert "<bdi>Ben Okri</bdi> <bdi>2</bdi>" in page
    assert SIXTY_FIVE in page
    assert "9&lt;b&gt;" in page
    assert page.index("account waits") < page.index("last good value")
    write_table(tmp_path / "plan.csv")(plan)
    with (tmp_path / "plan.csv").open(encoding="utf-8-sig", newline="") as file:
        found = [row for row in csv.DictReader(file) if row["operation"] == "finding"]
    assert [(row["person_number"], row["name"], row["attribute"], row["why_held"]) for row in found] == [
        ("9<b>", "", "userName", "The value is another worker's as well (2); the account waits."),
        ("2", "Ben Okri", "department", SIXTY_FIVE),
    ]


def test_a_value_in_the_place_of_null_is_shown_as_such(t: Scratch) -> None:
    found = people(t, replaced=("3", "5"))
    instead = {one.person_number: [c.attribute for c in one.changes if c.instead] for one in found.read(whole=True)}
    assert instead == {"1": [], "2": [], "3": [], "4": [], "5": ["room"]}  # the room of the third does not change


HOSTILE = "<script>alert(1)</script>{{ plan }}\u202e\x1b[2J"


class Tags(HTMLParser):
    """The elements and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}


def test_the_page_needs_nothing_else_runs_nothing_and_is_private(t: Scratch, tmp_path: Path) -> None:
    page = tmp_path / "plan.html"
    page.write_text("of before", encoding="utf-8")
    page.chmod(0o644)
    write_page(page)(sketch(people(t, hostile=HOSTILE)))
    text, mode = page.read_text(encoding="utf-8"), stat.S_IMODE(page.stat().st_mode)
    assert mode == 0o600
    found = Tags(text)
    assert not found.tags & {"script", "link", "img", "iframe", "object", "form", "a"}
    assert not any(name in ("src", "href", "style") or name.startswith("on") for name in found.names)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ plan }}\\u202e\\x1b[2J" in text
    assert "<h1>5 accounts: 1 would be disabled" in text
    assert "width=device-width" in text
    assert HELD in text
    places = [text.index(f"<h2>{heading}") for heading in
              ("Accounts that would be disabled", "Accounts that would lose a value", "New accounts")]  # fmt: skip
    assert places == sorted(places)
    assert [one.name for one in tmp_path.iterdir()] == ["plan.html"]


def test_the_table_has_a_row_for_each_attribute_and_no_formula(t: Scratch, tmp_path: Path) -> None:
    table = tmp_path / "plan.csv"
    write_table(table)(sketch(people(t, hostile='=HYPERLINK("http://x")')))
    assert stat.S_IMODE(table.stat().st_mode) == 0o600
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8-sig"))))
    assert [(row["person_number"], row["attribute"], row["old"], row["new"]) for row in rows[:3]] == [
        ("4", "printed", "yes", "no"), ("3", "name", "Cat Stevens", "Cat King"),
        ("5", "room", "Sales", "'=HYPERLINK(\"http://x\")"),
    ]  # fmt: skip
    assert (rows[0]["held_for"], rows[0]["why_held"]) == ("disable", HELD)
    assert len(rows) == 7


@pytest.mark.parametrize("value", ["=1+1", "+44 1", "-1", "@SUM(1)", "\t=1", " =1", "\r=1", "\n=1", "＝1"])
def test_no_cell_begins_as_a_formula_does(value: str) -> None:
    assert cell(value).startswith("'")


@pytest.mark.parametrize("value", ["O'Neill", "00101", "Łódź", "محمد", "a=b", ""])
def test_another_value_stays_as_it_is(value: str) -> None:
    assert cell(value) == seen(value) == value


def test_a_file_that_cannot_be_written_is_wrong_usage(t: Scratch, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        write_page(tmp_path / "none" / "plan.html")(sketch(people(t)))
