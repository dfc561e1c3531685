"""One domain controller for all tests of a worker that need one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.directory.samba import Controller, controller, provision, require_samba


@pytest.fixture(scope="session")
def samba(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """Samba's own objects and nothing else; tests add to it under names of their own."""
    require_samba()
    own = tmp_path_factory.getbasetemp()
    provisioned = (own.parent if own.name.startswith("popen-") else own) / "samba"
    provision(provisioned)
    with controller(provisioned, tmp_path_factory.mktemp("samba") / "dc") as running:
        yield running
