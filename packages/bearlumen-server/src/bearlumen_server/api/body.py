"""Request bodies, read and decompressed within bounds."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from anyio import fail_after

from bearlumen_server.ledger.decode import TooManyEventsError
from bearlumen_server.ledger.document import InvalidBodyError, NotJsonError
from bearlumen_server.ledger.limits import MAX_BODY_BYTES

from .errors import ApiError
from .offload import offload_large

if TYPE_CHECKING:
    from starlette.requests import Request

_STEP_BYTES: Final = 64 * 1024
READ_SECONDS: Final = 30
"""For a whole body: as long as clients wait for an answer, and 5 MiB at 1.4 Mbit/s."""
_ENCODINGS: Final = ("gzip", "zstd")

_pyarrow: Any = importlib.import_module("pyarrow")


async def read_body(request: Request) -> bytes:
    """Return the body as its sender wrote it, before compression.

    Raises:
        ApiError: 413 when it is larger than `MAX_BODY_BYTES`, compressed or not; 415 for an unknown
            encoding; 400 when it cannot be decompressed; 408 when it does not come.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "", *_ENCODINGS):
        raise ApiError(
            415,
            f"Content-Encoding: expected gzip, zstd or none, got {encoding[:40]!r}",
            headers={"Accept-Encoding": ", ".join(_ENCODINGS)},
        )
    if _declared(request) > MAX_BODY_BYTES:
        raise _unfinished(_too_large())
    try:
        with fail_after(READ_SECONDS):
            body = await _read(request)
    except TimeoutError as error:
        late = ApiError(408, f"the body did not arrive within {READ_SECONDS} seconds")
        raise _unfinished(late) from error
    if encoding not in _ENCODINGS:
        return body
    return await offload_large(len(body), lambda: _decompressed(body, encoding))


def _too_large() -> ApiError:
    return ApiError(413, f"the body is larger than {MAX_BODY_BYTES} bytes; send it in halves")


async def _read(request: Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise _unfinished(_too_large())
        parts.append(part)
    return b"".join(parts)


def _declared(request: Request) -> int:
    length = request.headers.get("content-length", "")[:20]
    return int(length) if length.isascii() and length.isdigit() else 0


def _unfinished(error: ApiError) -> ApiError:
    """Return an answer after which the connection ends: what is still to come is not read."""
    error.headers = {**(error.headers or {}), "Connection": "close"}
    return error


def _decompressed(body: bytes, encoding: str) -> bytes:
    """Inflate in small steps, so that a bomb is refused before it goes off."""
    parts: list[bytes] = []
    size = 0
    try:
        source = _pyarrow.BufferReader(body)
        with _pyarrow.CompressedInputStream(source, encoding) as stream:
            while part := stream.read(_STEP_BYTES):
                size += len(part)
                if size > MAX_BODY_BYTES:
                    raise _too_large()
                parts.append(part)
    except OSError as error:
        raise ApiError(400, f"body: not valid {encoding} ({str(error)[:100]})") from error
    return b"".join(parts)


def refused(error: InvalidBodyError) -> ApiError:
    """Return the answer to a body that was read and is no batch: whose fault it is, by status."""
    if isinstance(error, NotJsonError):
        return ApiError(400, str(error))
    return ApiError(413 if isinstance(error, TooManyEventsError) else 422, str(error))
