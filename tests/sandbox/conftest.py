"""A tenant whose clock is moved by hand, served over TLS for the length of one test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from hcm_pipeline.sandbox import SandboxOptions, running

from .support import Tenant, sign_in, trusting

TenantWith = Callable[..., Tenant]


@pytest.fixture
def tenant_with(tmp_path: Path) -> Iterator[TenantWith]:
    """Start a tenant with the given options; its clock stands still, its log may be read without pause."""
    with ExitStack() as stack:

        def start(**options: Any) -> Tenant:
            rules = SandboxOptions(**({"log_calls_per_10s": 1000} | options))
            handle = stack.enter_context(running(tmp_path / "sandbox", options=rules))
            client = stack.enter_context(trusting(handle))
            sign_in(handle, client)
            tenant = Tenant(handle, client)
            tenant.control("clock", mode="manual")
            return tenant

        yield start


@pytest.fixture
def tenant(tenant_with: TenantWith) -> Tenant:
    """A tenant with default behaviour."""
    return tenant_with()
