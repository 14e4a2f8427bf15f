"""What every answer has, and what becomes of an error nobody foresaw."""

from __future__ import annotations

import logging
import re
import secrets
from typing import TYPE_CHECKING, Final

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect

from . import wire
from .errors import error_answer

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

_SANE_ID: Final = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
"""An id a caller may choose: nothing that could be mistaken for markup or a line of a log."""
_HEADER: Final = wire.CORRELATION_ID.lower().encode()


class CorrelationMiddleware:
    """Give each request an id, say it in the answer, and turn a crash into a plain 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        correlation_id = _chosen_id(scope) or secrets.token_hex(16)
        scope[wire.CORRELATION_ID] = correlation_id
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers[wire.CORRELATION_ID] = correlation_id
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            return  # nobody is left to be answered
        except Exception:
            # The traceback is for the operator; the caller gets the id to find it by.
            logger.exception("request %s failed: %r", correlation_id, scope["path"])
            if started:
                raise
            response = error_answer(
                500, "the server failed to answer; its log says why", correlation_id=correlation_id
            )
            await response(scope, receive, send_with_headers)


def _chosen_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == _HEADER and _SANE_ID.fullmatch(value):
            return value.decode("ascii")
    return None
