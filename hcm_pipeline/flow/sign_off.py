"""Files of a plan for people who sign it off: a page that needs nothing else, and a table. Both name people and hold values."""

from __future__ import annotations

import csv
import datetime as dt
import os
import re
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import TextIO

from hcm_pipeline.errors import UsageError
from hcm_pipeline.flow.html_pages import html_environment, seen
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.views.clearing import all_stale
from hcm_pipeline.flow.views.difference import Sketch
from hcm_pipeline.flow.views.people import AttributeDifference, Loss, Person
from hcm_pipeline.flow.views.target_findings import NamedFinding
from hcm_pipeline.home import private

COLUMNS = (
    "person_number",
    "name",
    "operation",
    "loses",
    "held_for",
    "why_held",
    "attribute",
    "made_from",
    "old",
    "new",
    "note",
)
SECTIONS = {
    Loss.DISABLED: "Accounts that would be disabled",
    Loss.RENAMED: "Accounts that would get another user name",
    Loss.MOVED: "Accounts that would move to another container",
    Loss.CLEARED: "Accounts that would lose a value",
    Loss.KEPT: "Accounts that would keep a value that HR has cleared",
    "enable": "Accounts that would be enabled",
    "create": "New accounts",
    "retry": "Accounts that are sent again as they are",
}
FINDING = "finding"
OTHER_SECTION = "Accounts that would get other values"
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


def write_page(path: Path) -> Callable[[Sketch], None]:
    """A writer of the page: HTML without a script, readable on a phone. Raises UsageError when the file cannot be written."""

    def write(sketch: Sketch) -> None:
        environment = html_environment()
        template = resources.files("hcm_pipeline.flow").joinpath("sign_off.html").read_text(encoding="utf-8")
        page = environment.from_string(template).stream(
            plan=sketch, people=sketch.people.read(), refused=_refused(sketch), section=section, note=note
        )
        page.enable_buffering(100)
        replace_file(path, "utf-8", lambda out: out.writelines(page))

    return write


def write_table(path: Path) -> Callable[[Sketch], None]:
    """A writer of the table: CSV for a spreadsheet (UTF-8 with its mark), a row for each attribute that changes.

    Below them stands a row for each value that the target would refuse, with FINDING for its operation.

    No cell is a formula: one that a spreadsheet would take for one has an apostrophe before it. Raises UsageError as `write_page`.
    """

    def write(sketch: Sketch) -> None:
        def fill(out: TextIO) -> None:
            rows = csv.writer(out, quoting=csv.QUOTE_ALL)
            rows.writerow(COLUMNS)
            for person in sketch.people.read(whole=True):
                rows.writerows([cell(value) for value in row] for row in _rows(person))
            for found in _refused(sketch):
                whom = (found.person_number, found.name, FINDING, "", None, found.sentence())
                rows.writerow([cell(value) for value in (*whom, found.attribute, None, None, None, None)])

        replace_file(path, "utf-8-sig", fill)

    return write


STALE_COLUMNS = ("person_number", "name", "attribute", "value_that_stays", "cleared_at", "cleared_by_the_next_plan")


def write_stale_values(installation: Installation, path: Path) -> int:
    """Write the values that HR has cleared and that accounts keep, to be worked through by hand; how many.

    CSV as `write_table` writes it. Raises UsageError when the file cannot be written.
    """
    found = all_stale(installation)

    def fill(out: TextIO) -> None:
        rows = csv.writer(out, quoting=csv.QUOTE_ALL)
        rows.writerow(STALE_COLUMNS)
        for one in found:
            moment = f"{one.cleared_at.astimezone(dt.UTC):%Y-%m-%d %H:%M}Z"
            texts = (one.person_number, one.name, one.attribute, one.value, moment, "yes" if one.clearable else "no")
            rows.writerow([cell(text) for text in texts])

    replace_file(path, "utf-8-sig", fill)
    return len(found)


def section(person: Person) -> str:
    """The heading under which a person stands."""
    return SECTIONS.get(person.loses[0] if person.loses else person.kind, OTHER_SECTION)


UNSURE = "nobody knows that the account has the old value"


def note(change: AttributeDifference, *, unsure: bool = False) -> str | None:
    """The remark that a change needs: it has no effect, stands for another, or is of an account of which nobody is sure."""
    said = ["stays in the account: no null clears it"] if change.stays else []
    said += ["in the place of nothing"] if change.instead and not change.stays else []
    said += [UNSURE] if unsure else []
    return "; ".join(said) or None


def cell(value: str | None) -> str:
    """A value as a cell that no spreadsheet computes."""
    text = value or ""
    return f"'{seen(text)}" if _FORMULA.match(text) else seen(text)


def _refused(sketch: Sketch) -> Iterator[NamedFinding]:
    return sketch.refused.read() if sketch.refused else iter(())


def _rows(person: Person) -> Iterator[tuple[str | None, ...]]:
    whom = (
        person.person_number,
        person.name,
        person.kind,
        ", ".join(person.loses),
        person.held_for,
        " ".join(person.why),
    )
    for change in person.changes:
        yield (*whom, change.attribute, change.from_, change.old, change.new, note(change, unsure=person.unsure))
    if not person.changes:
        yield (*whom, None, None, None, None, UNSURE if person.unsure else None)


def replace_file(path: Path, encoding: str, fill: Callable[[TextIO], object]) -> None:
    """Write a file that its owner alone may read, whole or not at all. Raises UsageError when it cannot be written."""
    half = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        with private(half).open("w", encoding=encoding, newline="") as out:
            fill(out)
        half.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        half.unlink(missing_ok=True)
