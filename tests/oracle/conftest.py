"""The sandbox's Oracle HCM for the length of one test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oracle.support import Site, site


@pytest.fixture
def hcm(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as here:
        yield here
