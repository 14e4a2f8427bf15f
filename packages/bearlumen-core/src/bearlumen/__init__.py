"""Know what your AI costs, per customer, feature and agent.

    from bearlumen import BearLumen

    bear = BearLumen(api_key=...)
    bear.track(response, feature="summarise", user_id="customer_7")
    bear.costs.by_feature(start_date="2026-01-01", end_date="2026-01-31")

Importing this package imports neither an HTTP library nor pydantic nor any provider's SDK.
"""

from ._client import AsyncBearLumen, BearLumen
from ._options import TrackOptions
from ._provider import Provider
from ._result import TrackResult
from ._version import __version__
from .batching.tally import Stats
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
from .streams import AsyncTrackedStream, TrackedResponse, TrackedStream
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
    "EventsDroppedError",
    "InvalidRequestError",
    "MemoryTransport",
    "MissingExtraError",
    "NetworkError",
    "NotFoundError",
    "PermissionDeniedError",
    "Provider",
    "RateLimitError",
    "ServerError",
    "Stats",
    "TrackOptions",
    "TrackResult",
    "TrackedResponse",
    "TrackedStream",
    "Transport",
    "__version__",
]
