"""The middleware: from here on, what is tracked is for the user of the request."""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from bearlumen.errors import InvalidRequestError
from bearlumen.integration import default, deliver, guard_of, inside, made_client

from .users import HELD, Held, end_user_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from bearlumen import AsyncBearLumen, BearLumen

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Any]]
    Send = Callable[[Any], Awaitable[None]]
    Application = Callable[[Any, Any, Any], Awaitable[None]]
    OfScope = Callable[[Scope], Any]

HEADER: Final = b"bearlumen-scope"
_CLEAR: Final = dict.fromkeys(
    ("feature", "agent", "workflow", "session", "session_type", "dimensions")
)
"""Whatever a task was left with, a request begins with nothing."""


class BearLumenMiddleware:
    """Tags what is tracked during a request or a websocket with its user.

        app.add_middleware(BearLumenMiddleware, client=bear)

    Streamed bodies and background tasks are part of it, in tasks and in threads. Who the user is is
    asked when something is tracked, and only then. At the server's end what is queued is delivered:
    uvicorn ends by a signal, after which Python runs nothing more.

    Args:
        app: The application within.
        client: What delivers at the end and is told of problems; the client of
            `bearlumen.configure` if left out.
        end_user: A function of the ASGI scope; `end_user_of` if left out.
        feature: `"endpoint"` for the name of the function that serves the request, or a function of
            the ASGI scope.
        trust_scope_headers: Whether a scope that another service of yours signed is opened.

    Raises:
        InvalidRequestError: An option cannot be meant.
    """

    def __init__(
        self,
        app: Application,
        *,
        client: BearLumen | AsyncBearLumen | None = None,
        end_user: OfScope | None = None,
        feature: OfScope | str | None = None,
        trust_scope_headers: bool = False,
    ) -> None:
        if isinstance(feature, str) and feature != "endpoint":
            raise InvalidRequestError(
                f"feature is {feature!r}; it is 'endpoint', or a function of the ASGI scope."
            )
        for name, value in (("end_user", end_user), ("feature", feature)):
            if inspect.iscoroutinefunction(value):
                raise InvalidRequestError(
                    f"{name} is {value!r}, which is async. It is called in the middle of "
                    "tracking, which does not wait: make it a plain function, or have a "
                    "dependency call set_end_user."
                )
        self._app = app
        self._client = client
        self._end_user = end_user or end_user_of
        self._feature = _endpoint_of if isinstance(feature, str) else feature
        self._trusts = trust_scope_headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, partial(self._send_at_the_end, send))
            return
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        if not isinstance(scope.get(HELD), Held):  # of a middleware further out
            scope[HELD] = Held()
        labels = {**_CLEAR, "end_user": partial(self._end_user, scope)}
        if self._feature is not None:
            labels["feature"] = partial(self._feature, scope)
        teller = self._client or default
        within = inside(teller, **labels)
        with within:
            if self._trusts:
                self._open_scope_of_headers(scope)
            await self._app(scope, receive, send)

    def _open_scope_of_headers(self, scope: Scope) -> None:
        teller = self._client or default
        with guard_of(teller)("reading the header of a scope"):
            for name, value in scope["headers"]:
                if name == HEADER:
                    # Left open: it is left with the request.
                    teller.scope_from_headers({HEADER: value}).__enter__()

    async def _send_at_the_end(self, send: Send, message: Any) -> None:
        if message["type"].startswith("lifespan.shutdown."):
            with guard_of(self._client or default)("delivering at the server's end"):
                await deliver(self._client or made_client())
        await send(message)


def _endpoint_of(scope: Scope) -> str | None:
    endpoint = scope.get("endpoint")
    return getattr(endpoint, "__name__", None)
