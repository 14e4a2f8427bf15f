"""Errors as the contract has them: `{"code", "message", "correlationId", "details"?}`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from . import wire
from .answer import answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

logger = logging.getLogger(__name__)

INVALID_REQUEST: Final = "invalid_request"
AUTHENTICATION_ERROR: Final = "authentication_error"
PERMISSION_DENIED: Final = "permission_denied"
NOT_FOUND: Final = "not_found"
CONFLICT: Final = "conflict"
PAYLOAD_TOO_LARGE: Final = "payload_too_large"
RATE_LIMIT_EXCEEDED: Final = "rate_limit_exceeded"
SERVER_ERROR: Final = "server_error"

CODES: Final = (
    INVALID_REQUEST,
    AUTHENTICATION_ERROR,
    PERMISSION_DENIED,
    NOT_FOUND,
    CONFLICT,
    PAYLOAD_TOO_LARGE,
    RATE_LIMIT_EXCEEDED,
    SERVER_ERROR,
)

_CODES: Final = {
    401: AUTHENTICATION_ERROR,
    403: PERMISSION_DENIED,
    404: NOT_FOUND,
    409: CONFLICT,
    413: PAYLOAD_TOO_LARGE,
    429: RATE_LIMIT_EXCEEDED,
}
_FIRST_SERVER_ERROR: Final = 500


class ApiError(Exception):
    """An answer that is not the one hoped for."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details
        self.headers = headers


def code_of(status: int) -> str:
    """Return the contract's code for a status."""
    fallback = SERVER_ERROR if status >= _FIRST_SERVER_ERROR else INVALID_REQUEST
    return _CODES.get(status, fallback)


def invalid(parameter: str, problem: str) -> ApiError:
    """Refuse a request for one of its parameters."""
    return ApiError(400, f"{parameter}: {problem}", details={"parameter": parameter})


def error_answer(
    status: int,
    message: str,
    *,
    correlation_id: str,
    details: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Put an error on the wire."""
    body: dict[str, Any] = {
        "code": code_of(status),
        "message": message,
        "correlationId": correlation_id,
    }
    if details:
        body["details"] = details
    return answer(body, status=status, headers=headers)


async def on_api_error(request: Request, error: Exception) -> Response:
    """Answer an `ApiError`."""
    assert isinstance(error, ApiError)  # noqa: S101  # Starlette's handlers are typed for any
    return error_answer(
        error.status,
        error.message,
        correlation_id=correlation_id_of(request),
        details=error.details,
        headers=error.headers,
    )


async def on_out_of_memory(request: Request, error: Exception) -> Response:
    """Answer a question that takes more than the engine may."""
    logger.warning("%s: %s", request.url.path[:200], error)
    return error_answer(
        503,
        "the question takes more memory than the server has for it; ask about a shorter range, or "
        "later, or give it more memory_megabytes or spill_megabytes",
        correlation_id=correlation_id_of(request),
    )


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Answer what the framework itself refuses: no such path, no such method."""
    status: int = getattr(error, "status_code", _FIRST_SERVER_ERROR)
    messages = {
        404: f"no such path: {request.method} {request.url.path[:200]}",
        405: f"{request.method} is not possible on {request.url.path[:200]}",
    }
    return error_answer(
        status,
        messages.get(status, str(getattr(error, "detail", "the request could not be read"))),
        correlation_id=correlation_id_of(request),
        headers=getattr(error, "headers", None),
    )


def correlation_id_of(request: Request) -> str:
    """Return the id the middleware gave this request."""
    return request.scope.get(wire.CORRELATION_ID, "")
