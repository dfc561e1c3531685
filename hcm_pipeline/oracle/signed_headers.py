"""The headers that sign a call in, for a client of another resource of the same pod."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from hcm_pipeline.http import Clock, trust, utc_now
from hcm_pipeline.oracle.authentication import authentication
from hcm_pipeline.oracle.hcm_connection import OracleConnection


def signed_headers_of(connection: OracleConnection, clock: Clock = utc_now) -> Mapping[str, str]:
    """`Authorization` as the connection's strongest way has it now. Raises SignInFailed, or TryAgain for what passes."""
    with httpx.Client(verify=trust(connection.ca_file), follow_redirects=False) as http:
        return {"Authorization": authentication(connection, http, clock).header()}
