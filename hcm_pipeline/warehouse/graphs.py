"""Graphs in which each node points to one other, such as workers and their managers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def on_cycles(points_to: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Indices that lie on a cycle of the graph i -> points_to[i]; -1 means no other.

    Every node follows its chain for more steps than there are nodes, by doubling; where one still stands then is on a
    cycle, and every node of a cycle is reached. O(n log n) time, three arrays of memory.
    """
    n = len(points_to)
    jump = np.where(points_to < 0, n, points_to)
    jump = np.append(jump, n)  # n is the top: it points to itself
    steps = 1
    while steps < n:
        jump = jump[jump]
        steps *= 2
    reached = np.unique(jump[:n])
    return reached[reached < n]
