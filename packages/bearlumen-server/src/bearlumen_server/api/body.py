"""Request bodies, read and decompressed within bounds."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from bearlumen_server.ledger.limits import MAX_BODY_BYTES

from .errors import ApiError

if TYPE_CHECKING:
    from starlette.requests import Request

_STEP_BYTES: Final = 64 * 1024
_DRAIN_BYTES: Final = 32 * 1024 * 1024
"""How much of a body that is too large is still read, so that its sender gets to see the answer."""
_ENCODINGS: Final = ("gzip", "zstd")

_pyarrow: Any = importlib.import_module("pyarrow")


async def read_body(request: Request) -> bytes:
    """Return the body as its sender wrote it, before compression.

    Raises:
        ApiError: 413 when it is larger than `MAX_BODY_BYTES`, compressed or not; 415 for an unknown
            encoding; 400 when it cannot be decompressed.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "", *_ENCODINGS):
        raise ApiError(
            415,
            f"Content-Encoding: expected gzip, zstd or none, got {encoding[:40]!r}",
            headers={"Accept-Encoding": ", ".join(_ENCODINGS)},
        )
    body = await _read(request)
    return _decompressed(body, encoding) if encoding in _ENCODINGS else body


def _too_large() -> ApiError:
    return ApiError(413, f"the body is larger than {MAX_BODY_BYTES} bytes; send it in halves")


async def _read(request: Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size <= MAX_BODY_BYTES:
            parts.append(part)
        else:
            parts.clear()
            if size > _DRAIN_BYTES:
                break
    if size > MAX_BODY_BYTES:
        raise _too_large()
    return b"".join(parts)


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
