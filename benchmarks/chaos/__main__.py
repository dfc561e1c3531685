"""Run seeds and print what happened; exit code 1 when a rule was broken."""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import benchmarks.chaos
from benchmarks.chaos import Tally, chaos, sensor_runs


@contextmanager
def _played(*, sensors: bool) -> Iterator[Callable[[int], Tally]]:
    """Plays one seed at a time."""
    if not sensors:
        with chaos() as runs:
            yield runs.run
        return

    def play(seed: int) -> Tally:
        with tempfile.TemporaryDirectory() as folder:
            return sensor_runs(Path(folder), seed)

    yield play


def main() -> None:
    """Run seeds and print what happened."""
    parser = argparse.ArgumentParser(
        description=benchmarks.chaos.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first one")
    parser.add_argument("--sensors", action="store_true", help="kill the runs that sensors start")
    given = parser.parse_args()
    logging.getLogger("hcm_pipeline").setLevel(logging.ERROR)  # what goes wrong on purpose is no news
    tally, began, cpu = Tally(), time.perf_counter(), time.process_time()
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    with _played(sensors=given.sensors) as play:
        for seed in range(given.first, given.first + given.seeds):
            found = play(seed)
            tally.add(found)
            for violation in found.violations:
                print(violation, flush=True)
    seconds = time.perf_counter() - began
    print(f"{tally.seeds} seeds in {seconds:.0f} s ({time.process_time() - cpu:.0f} s of processor time)")
    for title, counts in (("faults that hit", tally.faults), ("what happened", tally.did), ("broken", tally.broken)):
        print(f"\n{title}")
        for name, count in sorted(counts.items()):
            print(f"  {name:32} {count:9,}")
    if tally.violations:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
