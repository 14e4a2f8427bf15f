"""What can go wrong when a question is asked.

    BearLumenError
    ├── MissingExtraError         an optional dependency is needed and not installed
    ├── EventsDroppedError        usage events are lost: `count` of them, for one `reason`
    └── BearLumenApiError         code, message, status, correlation_id, retry_after
        ├── InvalidRequestError   400, 413, 422, and misuse found before anything was sent
        ├── AuthenticationError   401, or an empty key
        ├── PermissionDeniedError 403
        ├── NotFoundError         404
        ├── ConflictError         409
        ├── RateLimitError        429; `retry_after` in seconds
        ├── ServerError           5xx
        └── NetworkError          no answer at all

Questions raise these; `track` does not, apart from misuse such as `track(None)` without a model.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class BearLumenError(Exception):
    """Anything this library raises on purpose."""


class MissingExtraError(BearLumenError, ImportError):
    """Something needs an optional dependency; the message is how to install it."""


class EventsDroppedError(BearLumenError):
    """Usage events are lost. It is never raised: `on_error` is told.

    The first loss is reported at once; those that follow for the same reason are added up and
    reported together, so that a flood of them costs little.
    """

    def __init__(self, message: str, *, count: int, reason: str) -> None:
        super().__init__(message)
        self.count = count
        """How many events are lost since the last report for this reason."""
        self.reason = reason
        """Why, by the name under which `Stats.dropped` counts them, such as `queue_full`."""


class BearLumenApiError(BearLumenError):
    """A request that did not get the answer it asked for."""

    default_code = "server_error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        correlation_id: str | None = None,
        retry_after: float | None = None,
        details: Any = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        """What went wrong and what to do about it."""
        self.code = code or self.default_code
        """The stable name of the error, such as `rate_limit_exceeded`."""
        self.status = status
        """The HTTP status, `None` when there was no answer."""
        self.correlation_id = correlation_id
        """The server's name for this request: include it in support tickets."""
        self.retry_after = retry_after
        """Seconds to wait before the next attempt, where the server said so."""
        self.details = details
        """What else the server said about the error, if anything."""

    def __str__(self) -> str:
        where = f" (correlation id {self.correlation_id})" if self.correlation_id else ""
        return f"[{self.code}] {self.message}{where}"


class InvalidRequestError(BearLumenApiError):
    """The request is wrong as it stands; sending it again gives the same answer."""

    default_code = "invalid_request"


class AuthenticationError(BearLumenApiError):
    """The API key is empty, unknown or revoked."""

    default_code = "authentication_error"


class PermissionDeniedError(BearLumenApiError):
    """The API key is good but lacks the scope that this request needs."""

    default_code = "permission_denied"


class NotFoundError(BearLumenApiError):
    """There is nothing of that id or at that path."""

    default_code = "not_found"


class ConflictError(BearLumenApiError):
    """The request contradicts what is stored."""

    default_code = "conflict"


class RateLimitError(BearLumenApiError):
    """Too many requests; wait `retry_after` seconds."""

    default_code = "rate_limit_exceeded"


class ServerError(BearLumenApiError):
    """The server failed; the same request may succeed later."""

    default_code = "server_error"


class NetworkError(BearLumenApiError):
    """No answer came: the server was not reached, or did not answer in time."""

    default_code = "network_error"
    maybe_received = True
    """Whether the server may have received the request, and done what it asks for."""


BY_STATUS: Mapping[int, type[BearLumenApiError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    413: InvalidRequestError,
    422: InvalidRequestError,
    429: RateLimitError,
}
"""The class of an error answer, by its HTTP status."""


def error_class(status: int) -> type[BearLumenApiError]:
    """The class for an HTTP status of 400 or more."""
    if status in BY_STATUS:
        return BY_STATUS[status]
    return ServerError if status >= 500 else InvalidRequestError  # noqa: PLR2004
