"""An examination: every check at its own border, those that wait beside each other, and none for longer than it may."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence

from hcm_pipeline.doctor.examined import Examined
from hcm_pipeline.doctor.finding import Check, Finding, NotLookedAt, Outcome, Said, failed, not_looked_at
from hcm_pipeline.errors import PipelineError, ServiceRefused

LONGEST = 90.0
"""Seconds that a check may take; its thread ends with the process."""


def examine(
    checks: Sequence[Check], seen: Examined, progress: Callable[[str], None], longest: float = LONGEST
) -> list[Finding]:
    """The findings of the checks, in their order. One that throws, or that does not end, is a finding; the others go on."""
    done: queue.SimpleQueue[tuple[int, list[Said]]] = queue.SimpleQueue()
    for place, check in enumerate(checks):
        threading.Thread(target=_run, args=(place, check, seen, done), daemon=True, name=f"doctor {check.name}").start()
    found: dict[int, list[Said]] = {}
    end = time.monotonic() + longest
    while len(found) < len(checks):
        try:
            place, said = done.get(timeout=max(0.0, min(1.0, end - time.monotonic())))
            found[place] = said
        except queue.Empty:
            if time.monotonic() >= end:
                break
        waiting = [check.name for place, check in enumerate(checks) if place not in found]
        if waiting:
            progress(f"waits for {', '.join(waiting[:4])}{' ...' if len(waiting) > 4 else ''}")
    late = failed(
        f"it did not end within {longest:.0f} seconds",
        "a service or a disk does not answer",
        "Look at the network and at proxies, and run it alone: hcm-pipeline doctor --only NAME",
    )
    return [
        Finding(check.name, check.group, said.outcome, check.looks_at, said.found, said.means, said.mend)
        for place, check in enumerate(checks)
        for said in found.get(place, [late])
    ]


def _run(place: int, check: Check, seen: Examined, done: queue.SimpleQueue[tuple[int, list[Said]]]) -> None:
    done.put((place, said_by(check, seen)))


def said_by(check: Check, seen: Examined) -> list[Said]:
    """The words of one check, whatever it raises."""
    try:
        return list(check.run(seen)) or [not_looked_at("there was nothing to look at")]
    except NotLookedAt as reason:
        return [not_looked_at(str(reason))]
    except ServiceRefused as refused:
        return [not_looked_at(f"the service refused to tell: {refused}")]
    except PipelineError as error:
        return [failed(" ".join(error.lines), "the check could not be made to its end", "Mend that, and look again")]
    except Exception as error:
        return [
            failed(
                f"an unexpected fault of the check itself ({type(error).__name__})",
                "nothing is known of what it looks at; the other checks went on",
                "Please report it",
            )
        ]


def worst(findings: Sequence[Finding]) -> Outcome:
    """The worst of their outcomes; ok without any."""
    return min((finding.outcome for finding in findings), key=list(Outcome).index, default=Outcome.OK)
