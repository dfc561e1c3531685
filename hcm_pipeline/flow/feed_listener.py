"""A small endpoint that takes entries of feeds from an integration, such as one of Oracle Integration Cloud.

An entry that is handed over is a hint like one that was read: it is kept as it came, and the next poll reads the worker.
"""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from hcm_pipeline.errors import HomeError, PipelineError
from hcm_pipeline.feeds import FeedState
from hcm_pipeline.flow.feeding import oracle_section
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.home import private
from hcm_pipeline.oracle import Entry, Page, entries_posted

LONGEST = 8 << 20
"""Bytes of one request."""


def token_file(installation: Installation) -> Path:
    """The file with the token that a request must bear; made when it is missing. Only its owner may read it."""
    path = installation.private_home().feed_token
    try:
        if not path.is_file() or not path.read_text(encoding="ascii").strip():
            private(path).write_text(f"{secrets.token_urlsafe(32)}\n", encoding="ascii")
    except (OSError, ValueError) as error:
        raise HomeError(
            f"{path}: cannot be used as the token of the listener; delete it, and a new one is made"
        ) from error
    return path


def listener(installation: Installation) -> Starlette:
    """The endpoint as an ASGI application: POST /feeds/<feed> with a bearer token.

    202 with the counts of entries; 401 without the token, 404 for a feed that the profile does not have, 400 for a body that names
    no worker, 413 for one that is too long, 503 where the entry could not be kept: it is to be sent again.
    """
    feeds = oracle_section(installation).feeds
    token = token_file(installation).read_text(encoding="ascii").strip().encode()

    async def take(request: Request) -> JSONResponse:
        given = request.headers.get("authorization", "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, b"Bearer " + token):
            return _refused(401, "the request bears no token of this listener", {"www-authenticate": "Bearer"})
        feed = request.path_params["feed"]
        if feed not in feeds:
            return _refused(404, f"the profile's feeds are {', '.join(feeds)}")
        body = await _body(request)
        if body is None:
            return _refused(413, f"a request has at most {LONGEST:,} bytes")
        try:
            entries = entries_posted(feed, body, request.headers.get("content-type", ""))
            new = await run_in_threadpool(keep_posted, installation, feed, entries)
        except ValueError as error:
            return _refused(400, str(error))
        except PipelineError:
            return _refused(503, "the entry could not be kept; send it again", {"retry-after": "60"})
        return JSONResponse({"entries": len(entries), "new": new}, 202)

    return Starlette(routes=[Route("/feeds/{feed}", take, methods=["POST"])])


def keep_posted(installation: Installation, feed: str, entries: tuple[Entry, ...]) -> int:
    """Keep entries that were handed over; how many were new."""
    now = installation.clock()
    day = installation.profile.workers.life.day_of(now)
    with FeedState(installation.home.feeds) as state, state.transaction():
        poll = state.begin("posted", now, now, day)
        new = state.take(poll, feed, Page(1, entries), day)
        state.finish(poll, now, files=(), calls={}, fault=None)
    return new


async def _body(request: Request) -> bytes | None:
    """The body; None where it is too long, which is noticed before it fills the memory."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LONGEST:
            return None
        parts.append(part)
    return b"".join(parts)


def _refused(status: int, why: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": why}, status, headers)
