"""Where a home lies: another place tells that it was copied or restored, and that another one like it may have gone on.

A file of the home that nobody changes has a number and a time of its last change of state, which no copy and no backup brings
along. A home that is moved within one file system keeps both.
"""

from __future__ import annotations

from hcm_pipeline.home import Home, private

WORDS = "By this file a home is told from its copies. Leave it as it is.\n"


def whereabouts(home: Home) -> str:
    """The place of a home, which must exist. Another text for the same path: its files are others than they were."""
    if not home.place.exists():
        private(home.place).write_text(WORDS, encoding="utf-8")
    found = home.place.stat()
    return f"{found.st_ino}-{found.st_ctime_ns}"
