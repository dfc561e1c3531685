"""Graphs in which every node points to one other at most: reporting lines, for instance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def on_cycles(manager_of: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Indices that lie on a cycle of the graph i -> manager_of[i]; -1 means no manager.

    Everyone follows their chain for more steps than there are people, by doubling; where one still stands then is on a
    cycle, and everybody on a cycle is reached. O(n log n) time, three arrays of memory.
    """
    n = len(manager_of)
    jump = np.where(manager_of < 0, n, manager_of)
    jump = np.append(jump, n)  # n is the top: its own manager
    steps = 1
    while steps < n:
        jump = jump[jump]
        steps *= 2
    reached = np.unique(jump[:n])
    return reached[reached < n]
