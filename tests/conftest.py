"""What holds for every test."""

import pytest


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name a parameter of bytes by its argument: pytest then numbers them.

    Bytes made by a packer can hold the second they were made in. A name of such bytes differs between two workers of
    pytest-xdist, which then refuse to run anything.
    """
    return argname if isinstance(val, bytes) else None
