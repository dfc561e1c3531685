"""The doors of the Oracle HCM: its addresses over HTTPS, those of its control, and a transport for clients in the same process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote

import httpx
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hcm_pipeline.sandbox.oracle.messages import Asked, Reply
from hcm_pipeline.sandbox.oracle.sign_in import TOKEN_PATH

if TYPE_CHECKING:
    from hcm_pipeline.sandbox.oracle.service import Hcm

METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]


def routes(hcm_of: Callable[[], Hcm], drop: Callable[[Request], Awaitable[Response]]) -> list[BaseRoute]:
    """Every address of the service. `drop` ends a connection without an answer."""

    async def endpoint(request: Request) -> Response:
        asked = Asked(
            request.method,
            request.url.path if "%" not in request.url.path else unquote(request.url.path),
            tuple(request.query_params.multi_items()),
            {name.lower(): value for name, value in request.headers.items()},
            await request.body(),
            f"{request.url.scheme}://{request.url.netloc}",
            len(str(request.url)),
        )
        reply = await run_in_threadpool(hcm_of().reply, asked)
        if reply.wait:
            await asyncio.sleep(reply.wait)
        if reply.cut:
            return await drop(request)
        return Response(reply.content, reply.status, {**reply.headers, "Content-Type": reply.kind})

    places = ("/hcmRestApi/{rest:path}", "/hcmCoreApi/{rest:path}", TOKEN_PATH)
    return [Route(place, endpoint, methods=METHODS) for place in places]


class HcmTransport(httpx.BaseTransport):
    """Answers a client in the same process, without a socket. `sleep` is called for latency, in real seconds."""

    def __init__(self, hcm: Hcm, sleep: Callable[[float], None] = time.sleep) -> None:
        self._hcm, self._sleep = hcm, sleep

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request. Raises httpx.ReadError for a connection that is cut."""
        url = request.url
        reply: Reply = self._hcm.reply(
            Asked(
                request.method,
                url.path,
                tuple(url.params.multi_items()),
                {name.lower(): value for name, value in request.headers.items()},
                request.read(),
                f"{url.scheme}://{url.netloc.decode()}",
                len(str(url)),
            )
        )
        if reply.wait:
            self._sleep(reply.wait)
        if reply.cut:
            raise httpx.ReadError("the connection was cut", request=request)
        headers = {**reply.headers, "Content-Type": reply.kind, "Content-Length": str(len(reply.content))}
        return httpx.Response(reply.status, headers=headers, content=reply.content, request=request)
