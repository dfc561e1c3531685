"""The person who decides something, the same for every decision: who, how the name came about, and when."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

CLI = "cli"


@dataclass(frozen=True)
class Decider:
    """The giver of a decision. `how`: at the command line (`cli`, the system's account), in the UI (`ui`, a name that nobody
    checked), or there signed in at the reverse proxy (`proxy`)."""

    name: str
    at: dt.datetime
    how: str = CLI
