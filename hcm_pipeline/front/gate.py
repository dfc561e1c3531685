"""The front as an ASGI application around the server's own."""

from __future__ import annotations

import json

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hcm_pipeline.front.callers import remember
from hcm_pipeline.front.judgement import Front, Head, Refused

FRAMES = (b"x-frame-options", b"DENY")
"""No page may show these in a frame and borrow the clicks of its reader."""
AGAINST_POLICY = 1008
"""The code with which a websocket is closed that asked for what is refused."""


class Gate:
    """Lets the requests of a server through that `Front` admits, each with its caller; the rest end here with 403."""

    def __init__(self, inner: ASGIApp, front: Front) -> None:
        self._inner = inner
        self._front = front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
            return
        try:
            remember(scope, self._front.admit(_head(scope)))
        except Refused as refused:
            await _refuse(scope, receive, send, str(refused))
            return
        if scope["type"] == "http":
            await self._inner(scope, receive, _unframed(send))
        else:
            await self._inner(scope, _Asking(receive, send), send)


def _head(scope: Scope) -> Head:
    client = scope.get("client")
    return Head(
        method=scope.get("method", "GET"),
        path=scope["path"],
        headers=tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]),
        peer=client[0] if client else None,
        websocket=scope["type"] == "websocket",
    )


async def _refuse(scope: Scope, receive: Receive, send: Send, why: str) -> None:
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await receive()
        await send({"type": "websocket.close", "code": AGAINST_POLICY, "reason": why[:120]})
        return
    headers = {"x-content-type-options": "nosniff", "cache-control": "no-store"}
    await PlainTextResponse(f"{why}\n", 403, headers)(scope, receive, send)


def _unframed(send: Send) -> Send:
    async def with_header(message: Message) -> None:
        if message["type"] == "http.response.start":
            others = [(name, value) for name, value in message.get("headers", []) if name.lower() != FRAMES[0]]
            message = {**message, "headers": [*others, FRAMES]}
        await send(message)

    return with_header


class _Asking:
    """The messages of a websocket, up to the first message that would change something; subscriptions are what it is for."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "websocket.receive" and changes_something(message.get("text") or message.get("bytes")):
            why = "changes are not sent over a websocket: POST them"
            await self._send({"type": "websocket.close", "code": AGAINST_POLICY, "reason": why})
            return {"type": "websocket.disconnect", "code": AGAINST_POLICY, "reason": why}
        return message


def changes_something(message: str | bytes | None) -> bool:
    """Whether a message of a GraphQL websocket holds an operation that is no query and no subscription.

    One that cannot be read counts as such, so that nothing passes that the server reads differently.
    """
    from graphql import GraphQLError, OperationDefinitionNode, parse  # takes long to load

    try:
        content = json.loads(message or "")
        payload = content.get("payload") if isinstance(content, dict) else None
        query = payload.get("query") if isinstance(payload, dict) else None
        if query is None:
            return False  # the beginning and the end of a connection, and of a subscription
        operations = [one for one in parse(query).definitions if isinstance(one, OperationDefinitionNode)]
    except (ValueError, TypeError, RecursionError, GraphQLError):
        return True
    return any(one.operation.value == "mutation" for one in operations)
