"""Chaos: deliveries that are killed, refused, throttled, dropped and decided late end where an undisturbed one ends.

    python -m benchmarks.chaos [--seeds 200] [--from 0] [--sensors]

Each seed plays days of one small company against the sandbox, over TLS: business dates, of which some come late, guards that
hold, people who approve late or reject first, every fault that the sandbox knows, and processes that end in the middle of any
line, as after kill -9. In half of them the home has other lives: a backup is restored, a copy is started with the same
environment, the journal is lost; nothing may go out then before a person says so, and nobody who left may be let back in. Some
journals are slow, some tenants flow no nulls, and some uploads are what a sensor would start. In the end the faults stop,
everything is approved, and the same is done until nothing is left to do. Then the directory must be that of a run without any
of it, and no rule may have been broken on the way (see `verdict`). Everything is drawn by the seed, time included.

With `--sensors` the runs are Dagster's: two dates under the sensors of a home, whose runs are killed at any line. Other runs must
do their work, so many and no more, and nothing may be left that nobody is told of.

A seed either has records dropped or has the service try failed ones again by itself: the log does not tell whether an entry
is of a newer record or of another try of the one before, so that a newer one that is dropped in between would not be missed.
"""

from benchmarks.chaos.runs import chaos
from benchmarks.chaos.sensor_runs import sensor_runs
from benchmarks.chaos.tally import Tally

__all__ = ["Tally", "chaos", "sensor_runs"]
