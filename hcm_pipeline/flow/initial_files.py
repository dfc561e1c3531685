"""Files of a first load for people: a table, a page, and the numbers that accounts are to be stamped with. They name people."""

from __future__ import annotations

import csv
from importlib import resources
from pathlib import Path
from typing import TextIO

from hcm_pipeline.flow.going_live import Look, LookWriter
from hcm_pipeline.flow.html_pages import html_environment
from hcm_pipeline.flow.sign_off import cell, replace_file

MATCH_COLUMNS = (
    "side",
    "person_number",
    "name",
    "tier",
    "reason",
    "sent_as_it_is",
    "evidence",
    "decided_by",
    "account_id",
    "user_principal_name",
    "employee_id",
    "display_name",
    "enabled",
)
"""Of the table: a row for each worker and account in question (side worker), and for each account without a worker (account)."""
STAMP_COLUMNS = (
    "account_id",
    "user_principal_name",
    "employee_id",
    "employee_id_now",
    "tier",
    "evidence",
    "confirmed_by",
    "protected",
)
_YES = {True: "yes", False: "no", None: ""}


def write_matches(path: Path) -> LookWriter:
    """A writer of the table: CSV for a spreadsheet (UTF-8 with its mark); no cell is a formula. Raises UsageError."""

    def write(look: Look) -> None:
        def fill(out: TextIO) -> None:
            rows = csv.writer(out, quoting=csv.QUOTE_ALL)
            rows.writerow(MATCH_COLUMNS)
            for match in look.matches(None):
                whom = (
                    "worker", match.person_number, match.name, match.tier, match.reason, _YES[match.said],
                    ", ".join(match.evidence), match.decided_by,
                )  # fmt: skip
                for one in match.accounts or (None,):
                    facts = (
                        (one.object_id, one.user_principal_name, one.employee_id, one.display_name, _YES[one.enabled])
                        if one
                        else (None,) * 5
                    )
                    rows.writerow([cell(value) for value in (*whom, *facts)])
            for orphan in look.orphans(None):
                it = orphan.account
                rows.writerow([cell(value) for value in (
                    "account", ", ".join(orphan.workers), None, "none", orphan.kind, None, None, None,
                    it.object_id, it.user_principal_name, it.employee_id, it.display_name, _YES[it.enabled],
                )])  # fmt: skip

        replace_file(path, "utf-8-sig", fill)

    return write


def write_stamps(path: Path) -> LookWriter:
    """A writer of the stamps: CSV (UTF-8, mode 0600) that a person signs and that whoever holds the right applies.

    No cell is a formula. Ids and numbers are of letters, digits, hyphens, full stops and underscores alone: the rest is told
    (`Initial.not_stampable`) and not written. Raises UsageError as `write_page`.
    """

    def write(look: Look) -> None:
        def fill(out: TextIO) -> None:
            rows = csv.writer(out, quoting=csv.QUOTE_ALL)
            rows.writerow(STAMP_COLUMNS)
            for one in look.stamps():
                texts = (
                    one.object_id, one.user_principal_name, one.employee_id, one.employee_id_now, one.tier, one.evidence,
                    one.confirmed_by, _YES[one.protected],
                )  # fmt: skip
                rows.writerow([cell(text) for text in texts])

        replace_file(path, "utf-8", fill)

    return write


def write_initial_page(path: Path) -> LookWriter:
    """A writer of the page: HTML without a script, readable on a phone. Raises UsageError as `write_page`."""

    def write(look: Look) -> None:
        environment = html_environment()
        environment.filters["thousands"] = "{:,}".format
        template = resources.files("hcm_pipeline.flow").joinpath("initial.html").read_text(encoding="utf-8")
        page = environment.from_string(template).stream(
            look=look, found=look.initial, matches=look.matches(None), orphans=look.orphans(None)
        )
        page.enable_buffering(100)
        replace_file(path, "utf-8", lambda out: out.writelines(page))

    return write
