"""How many examples a property is shown on: a fifth in the fast lane, and as many more as somebody asks for.

`HCM_PIPELINE_EXAMPLES=50 pytest tests/sources` runs fifty times as many.
"""

from __future__ import annotations

import os

SCALE = "HCM_PIPELINE_EXAMPLES"
"""Name of the environment variable that multiplies the examples."""
FAST = 1 / 5

_scale = float(os.environ.get(SCALE) or 1)
_spared = False


def examples(usual: int) -> int:
    """The examples of a property that the whole suite shows on `usual` of them."""
    return max(1, round(usual * _scale))


def spare() -> None:
    """Take the budget of the fast lane, unless the environment names another. To be called before tests are imported."""
    global _scale, _spared
    _spared = True
    if not os.environ.get(SCALE):
        _scale = FAST


def spared() -> bool:
    """Whether only the fast lane runs."""
    return _spared
