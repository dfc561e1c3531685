"""The sandbox answers nobody who holds no token, on any path and by any method."""

from __future__ import annotations

import ssl

import httpx
from starlette.routing import Route

from hcm_pipeline.sandbox import app, control

from .support import Tenant, record

METHODS = ("GET", "HEAD", "POST", "PATCH", "DELETE", "PROPFIND")
OPEN = ("/common/discovery/instance", "/{tenant}/v2.0/.well-known/openid-configuration", "/{tenant}/oauth2/v2.0/token")
"""All that the authority tells everybody: where a token is asked for, which is refused without a secret."""


def test_no_path_and_no_method_tells_or_changes_anything_without_a_token(tenant: Tenant) -> None:
    tenant.provision(record("1"))
    paths = [
        route.path
        for route in (*control.routes(), *app.routes())
        if isinstance(route, Route) and "beta" not in route.path
    ]
    assert len(paths) > 25
    trusted = ssl.create_default_context(cafile=tenant.handle.target.ca_file)
    with httpx.Client(verify=trusted, trust_env=False, base_url=tenant.handle.url) as anybody:
        for path in dict.fromkeys(paths):
            address = path.replace("{tenant}", "x").replace("{key}", "worker1@contoso.com").replace("{principal}", "p")
            for method in METHODS:
                answer = anybody.request(
                    method, address.replace("{job}", "j"), content=b"{}" if method == "POST" else None
                )
                told = (method, path, answer.status_code)
                assert answer.status_code in (400, 401, 403, 404, 405) or (
                    path in OPEN[:2] and method in ("GET", "HEAD")
                ), told
                assert "worker1" not in answer.text, told
    assert tenant.state()["users"] == 1
