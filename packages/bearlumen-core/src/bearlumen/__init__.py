"""Know what your AI costs, per customer, feature and agent.

    from bearlumen import BearLumen

    bear = BearLumen(api_key=...)
    bear.track(response, feature="summarise", user_id="customer_7")
    bear.costs.by_feature(start_date="2026-01-01", end_date="2026-01-31")

Importing this package imports neither an HTTP library nor pydantic nor any provider's SDK, and
little of the standard library: what is seldom named is loaded when it is.
"""

from ._client import AsyncBearLumen, BearLumen
from ._default import (
    bind,
    configure,
    get_client,
    scope,
    scope_from_headers,
    scope_headers,
    track,
    track_agent,
    track_calls,
    track_feature,
    track_session,
    track_workflow,
    wrap,
)
from ._typing import TYPE_CHECKING
from ._version import __version__
from .errors import (
    AuthenticationError,
    BearLumenApiError,
    BearLumenError,
    ConflictError,
    EventsDroppedError,
    InvalidRequestError,
    MissingExtraError,
    NetworkError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)

if TYPE_CHECKING:
    from ._context import Scope, ScopeOptions
    from ._options import TrackOptions
    from ._provider import Provider
    from ._response import RawResponse
    from ._result import TrackResult
    from .batching.tally import Stats
    from .streams import AsyncTrackedStream, TrackedResponse, TrackedStream
    from .threads import ContextThreadPoolExecutor
    from .transport import Transport
    from .transport.memory import MemoryTransport

__all__ = [
    "AsyncBearLumen",
    "AsyncTrackedStream",
    "AuthenticationError",
    "BearLumen",
    "BearLumenApiError",
    "BearLumenError",
    "ConflictError",
    "ContextThreadPoolExecutor",
    "EventsDroppedError",
    "InvalidRequestError",
    "MemoryTransport",
    "MissingExtraError",
    "NetworkError",
    "NotFoundError",
    "PermissionDeniedError",
    "Provider",
    "RateLimitError",
    "RawResponse",
    "Scope",
    "ScopeOptions",
    "ServerError",
    "Stats",
    "TrackOptions",
    "TrackResult",
    "TrackedResponse",
    "TrackedStream",
    "Transport",
    "__version__",
    "bind",
    "configure",
    "get_client",
    "scope",
    "scope_from_headers",
    "scope_headers",
    "track",
    "track_agent",
    "track_calls",
    "track_feature",
    "track_session",
    "track_workflow",
    "wrap",
]

_LATER = {
    "AsyncTrackedStream": "streams",
    "ContextThreadPoolExecutor": "threads",
    "MemoryTransport": "transport.memory",
    "Provider": "_provider",
    "RawResponse": "_response",
    "Scope": "_context",
    "ScopeOptions": "_context",
    "Stats": "batching.tally",
    "TrackOptions": "_options",
    "TrackResult": "_result",
    "TrackedResponse": "streams",
    "TrackedStream": "streams",
    "Transport": "transport",
}
"""The module of each name that is loaded when it is first asked for."""


if not TYPE_CHECKING:  # to a type checker it would mean that any name is there

    def __getattr__(name: str) -> object:
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        found = getattr(import_module(f".{_LATER[name]}", __name__), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
