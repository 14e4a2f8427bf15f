"""What every answer has, and what becomes of an error nobody foresaw."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect

from bearlumen_server.logs import correlation_id as current_id
from bearlumen_server.observing import METHODS, NO_ROUTE, Answered

from . import wire
from .errors import error_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

CALLER: Final = "bearlumen.caller"
"""Under which a request's scope has its key, once it is known."""
MAX_HEAD_BYTES: Final = 64 * 1024
"""Of the URL, and of all headers together."""
SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""An answer is data for a program: no browser is to show it, keep it, or hand it to a page."""

_SANE_ID: Final = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
"""An id a caller may choose: nothing that could be mistaken for markup or a line of a log."""
_HEADER: Final = wire.CORRELATION_ID.lower().encode()
_GONE: Final = 499
"""For the log: nobody was left to be answered. nginx calls it so."""


class CorrelationMiddleware:
    """Give each request an id, say it in the answer, and turn a crash into a plain 500."""

    def __init__(self, app: ASGIApp, observers: Sequence[Callable[[Answered], None]] = ()) -> None:
        self._app = app
        self._observers = observers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        correlation_id = _chosen_id(scope) or secrets.token_hex(16)
        scope[wire.CORRELATION_ID] = correlation_id
        current_id.set(correlation_id)
        added = [(_HEADER, correlation_id.encode()), *SECURITY_HEADERS]
        status = 0
        began = time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *added]
            await send(message)

        try:
            await self._answer(scope, receive, send_with_headers)
        except ClientDisconnect:
            status = _GONE
        except asyncio.CancelledError:
            # The server stops, and this request has had its time.
            if not status:
                await _stopping(correlation_id)(scope, receive, send_with_headers)
            raise
        except Exception:
            # The traceback is for the operator; the caller gets the id to find it by.
            logger.exception("request %s failed: %s", correlation_id, _route(scope))
            if status:
                raise
            response = error_answer(
                500, "the server failed to answer; its log says why", correlation_id=correlation_id
            )
            await response(scope, receive, send_with_headers)
        finally:
            self._tell(scope, status, time.perf_counter() - began)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = _problem_of(scope)
        if problem is None:
            await self._app(scope, receive, send)
            return
        status, message = problem
        response = error_answer(status, message, correlation_id=scope[wire.CORRELATION_ID])
        await response(scope, receive, send)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        if not self._observers:
            return
        method = scope["method"]
        answered = Answered(
            method=method if method in METHODS else "other",
            route=_route(scope),
            status=status,
            seconds=seconds,
            key=scope.get(CALLER),
        )
        for observe in self._observers:
            observe(answered)


def _problem_of(scope: Scope) -> tuple[int, str] | None:
    """Return why a request is not even looked at."""
    if len(scope["query_string"]) + len(scope.get("raw_path") or b"") > MAX_HEAD_BYTES:
        return 414, f"the URL is longer than {MAX_HEAD_BYTES} bytes"
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEAD_BYTES:
        return 431, f"the headers are longer than {MAX_HEAD_BYTES} bytes"
    return None


def _stopping(correlation_id: str) -> Response:
    return error_answer(
        503,
        "the server is shutting down",
        correlation_id=correlation_id,
        headers={wire.RETRY_AFTER: "1"},
    )


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", NO_ROUTE)


def _chosen_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == _HEADER and _SANE_ID.fullmatch(value):
            return value.decode("ascii")
    return None
