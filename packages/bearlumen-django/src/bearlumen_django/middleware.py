"""The middleware: from here on, what is tracked is for the user of the request."""

from __future__ import annotations

import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from asgiref.sync import iscoroutinefunction, markcoroutinefunction

from bearlumen.integration import default, guard_of, inside

from .settings import install, options

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from bearlumen.integration import Inside

HEADER_IN_META: Final = "HTTP_BEARLUMEN_SCOPE"
_CLEAR: Final = dict.fromkeys(
    ("feature", "agent", "workflow", "session", "session_type", "dimensions")
)
"""Whatever a thread was left with, a request begins with nothing."""


class BearLumenMiddleware:
    """Tags what is tracked during a request, its streamed body included, with its user.

    Who that is is worked out when something is tracked, and only then: a request that tracks
    nothing makes no query and reads no session. Where it stands among the middleware makes no
    difference to it; what is tracked in middleware above it is not tagged.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        """Check the settings.

        Raises:
            ImproperlyConfigured: They cannot be meant.
        """
        options()
        install()
        self._get_response = get_response
        self._is_async = iscoroutinefunction(get_response)  # pyright: ignore[reportDeprecated]  # marks too
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Answer the request; of an async stack, what to await for it."""
        if self._is_async:
            return self._answer(request)
        within = _scope_of(request)
        with within:
            response = self._get_response(request)
        return _streamed(response, within)

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        within = _scope_of(request)
        with within:
            response = await self._get_response(request)
        return _streamed(response, within)


def _scope_of(request: HttpRequest) -> Inside:
    wanted = options()
    labels: dict[str, Any] = {**_CLEAR, "end_user": partial(wanted.user_of, request)}
    if wanted.feature_of is not None:
        labels["feature"] = partial(wanted.feature_of, request)
    within = inside(default, **labels)
    if wanted.trust_scope_headers and HEADER_IN_META in request.META:
        with within, guard_of(default)("reading the header of a scope"):
            # Left open: it is then open in all that follows.
            default.scope_from_headers({HEADER_IN_META: request.META[HEADER_IN_META]}).__enter__()
    return within


def _streamed(response: Any, within: Inside) -> Any:
    """The response, each step of a streamed body of it within the request's scope."""
    if not getattr(response, "streaming", False):
        return response
    # A file has no steps of ours, and the server sends it by itself as long as nobody wraps it.
    if getattr(response, "file_to_stream", None) is not None:
        return response
    with guard_of(default)("keeping the scope of a streamed body"):
        steps = _async_steps if getattr(response, "is_async", False) else _steps
        response.streaming_content = steps(response.streaming_content, within)
        response.close = _closing(response, within)
    return response


def _steps(body: Iterable[bytes], within: Inside) -> Iterator[bytes]:
    parts = iter(body)
    while True:
        with within:
            try:
                part = next(parts)
            except StopIteration:
                return
        yield part


async def _async_steps(body: AsyncIterable[bytes], within: Inside) -> AsyncIterator[bytes]:
    parts = aiter(body)
    try:
        while True:
            with within:
                try:
                    part = await anext(parts)
                except StopAsyncIteration:
                    return
            yield part
    finally:
        close = getattr(parts, "aclose", None)
        if close is not None:
            with within:
                await close()


def _closing(response: Any, within: Inside) -> Callable[[], None]:
    """What a body does at its end, such as when its reader is gone, belongs to the request too."""
    own = response.__dict__.get("close")
    alive = weakref.ref(response)  # a response that holds itself would wait for the collector

    def close() -> None:
        still: Any = alive()
        with within:
            if own is not None:
                own()
            elif still is not None:
                type(still).close(still)  # pyright: ignore[reportUnknownMemberType]

    return close
