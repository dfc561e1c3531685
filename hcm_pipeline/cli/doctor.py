"""The verb doctor: everything that can be looked at, what is wrong with it, and the mend."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Annotated

import typer

from hcm_pipeline import flow
from hcm_pipeline.cli.context import Json, by_target, installation
from hcm_pipeline.cli.output import Progress, dump, lines_of, say
from hcm_pipeline.defs.in_process import dagster_state

WIDTH = 80
MARGIN = 10
"""Columns for the outcome."""
ORDER = ("failed", "warning", "not looked at", "ok")


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command."""
    app.command()(doctor)


def doctor(
    only: Annotated[
        list[str] | None, typer.Option(help="A check that is to be run; may be given several times.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Look at home, target, job, Oracle HCM, Dagster and places: what is wrong, what it means, and the mend. Writes nothing."""
    here = installation()
    found = []
    with Progress().shown() as progress:
        for place, one in enumerate(flow.examined(here)):
            wanted = only or ()
            if place:  # the home has been looked at with the first target
                wanted = [name for name in flow.check_names_of_a_target() if not only or name in only]
                if not wanted:
                    continue
            found.append(
                (one, flow.diagnose(one, only=wanted, progress=progress, dagster=lambda: dagster_state(here.home)))
            )
    if as_json:
        dump(by_target(found))
    else:
        for _, told in found:
            say(*report(told, min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)))
    if any(told.failed for _, told in found):
        raise typer.Exit(1)


def report(found: flow.Diagnosis, width: int) -> Iterator[str]:
    """The lines for people: failures first, then warnings, then what was not looked at, and a line for each healthy group."""
    yield from lines_of(f"home {found.home}, profile {found.profile}", width)
    yield from lines_of(found.target, width)
    yield ""
    findings = sorted(found.findings, key=lambda one: ORDER.index(str(one.outcome)))
    wrong = [one for one in findings if str(one.outcome) in ("failed", "warning")]
    for _, alike in groupby(wrong, key=lambda one: (one.outcome, one.check, one.means, one.mend)):
        yield from _told(list(alike), width)
        yield ""
    passed_over = [one for one in findings if str(one.outcome) == "not looked at"]
    if passed_over:
        yield "not looked at"
        for reason, names in _by_reason(passed_over):
            yield from lines_of(f"{', '.join(names)}: {reason}", width, "  ", "    ")
        yield ""
    yield from _healthy(found.findings, width)
    yield from lines_of(_sum(found.findings), width)


def _told(alike: list[flow.Finding], width: int) -> Iterator[str]:
    """Findings of one check that mean the same and have one mend."""
    indent = " " * MARGIN
    for one in alike:
        head = f"{'FAILED' if str(one.outcome) == 'failed' else 'warning':<{MARGIN}}"
        yield from lines_of(f"{one.check}: {one.found}", width, head, indent)
    if one.means:
        yield from lines_of(f"means: {one.means}", width, indent, f"{indent}  ")
    if one.mend:
        yield from lines_of(f"mend: {one.mend}", width, indent, f"{indent}  ")


def _by_reason(findings: Iterable[flow.Finding]) -> list[tuple[str, list[str]]]:
    by_reason: dict[str, list[str]] = defaultdict(list)
    for one in findings:
        if one.check not in by_reason[one.found]:
            by_reason[one.found].append(one.check)
    return list(by_reason.items())


def _healthy(findings: Iterable[flow.Finding], width: int) -> Iterator[str]:
    """A line for each group, with its checks that found nothing wrong."""
    outcomes: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for one in findings:
        outcomes[one.group][one.check].add(str(one.outcome))
    for group, checks in outcomes.items():
        fine = [name for name, said in checks.items() if said <= {"ok", "not looked at"} and "ok" in said]
        if fine:
            yield from lines_of(f"{group}: {', '.join(fine)}", width, f"{'ok':<{MARGIN}}", " " * MARGIN)


def _sum(findings: Iterable[flow.Finding]) -> str:
    counts = dict.fromkeys(ORDER, 0)
    for one in findings:
        counts[str(one.outcome)] += 1
    if not counts["failed"] + counts["warning"]:
        return "nothing is wrong with what was looked at"
    told = [f"{counts['failed']} failed"] if counts["failed"] else []
    told += [f"{counts['warning']} warning{'s' if counts['warning'] > 1 else ''}"] if counts["warning"] else []
    return f"{' and '.join(told)}; `hcm-pipeline doctor --only NAME` looks at one again"
