"""The ways a Graph call ends without success."""

from __future__ import annotations

import math
from collections.abc import Mapping

from hcm_pipeline.sandbox.faults import Fault
from hcm_pipeline.sandbox.options import SandboxOptions

_CODES = {
    400: "BadRequest", 401: "InvalidAuthenticationToken", 403: "Authorization_RequestDenied",
    404: "Request_ResourceNotFound", 429: "TooManyRequests", 500: "InternalServerError", 502: "BadGateway",
    503: "ServiceUnavailable", 504: "GatewayTimeout",
}  # fmt: skip


EXPIRED = "Access token has expired or is not yet valid."


class ConnectionDropped(Exception):
    """The connection is to be cut instead of answered."""


class GraphError(Exception):
    """An error answer in Graph's shape."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        self.status, self.code, self.headers = status, code, dict(headers or {})
        super().__init__(message)

    @classmethod
    def of(cls, fault: Fault) -> GraphError:
        """The error that a fault asks for."""
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        code = fault.code or _CODES.get(fault.status, "UnknownError")
        usual = EXPIRED if fault.status == 401 else "A fault was armed for this call."
        return cls(fault.status, code, fault.message or usual, headers)


def throttled(seconds: float, rules: SandboxOptions) -> GraphError:
    """Too many requests; `seconds` until one is taken again."""
    headers = {"Retry-After": str(max(1, math.ceil(round(seconds, 3))))} if rules.retry_after else {}
    return GraphError(429, "TooManyRequests", "Too many requests. Wait before trying again.", headers)


def not_found(what: str) -> GraphError:
    """The address names something that does not exist here."""
    return GraphError(404, "Request_ResourceNotFound", f"The {what} does not exist or is not accessible.")
