"""Raw responses: an SDK's view of the HTTP answer, of which the response is still to be parsed."""

import json
from typing import Any

from .providers import Detection
from .providers._detector import detect_json
from .providers._stream import StreamReading


def is_raw(value: object) -> bool:
    """Whether `value` is what `with_raw_response` or `with_streaming_response` gives."""
    kind = type(value)
    return hasattr(kind, "parse") and hasattr(kind, "http_request") and not issubclass(kind, type)


def is_read(raw: Any) -> bool:
    """Whether the answer's body was read, so that it can be looked at without taking it away."""
    return _body(raw) is not None


def detect_raw(raw: Any, *, provider: str | None) -> Detection | None:
    """Recognise the response in an answer whose body was read; None if it was not.

    The SDK's own `parse` is left to the caller: it can raise, or be asked for another type.
    """
    body = _body(raw)
    if body is None:
        return None
    try:
        response = json.loads(body)
    except (ValueError, RecursionError):
        return _detect_items(body, raw, provider)
    return detect_json(response, held_by=raw, provider=provider)


def is_spent(raw: object) -> bool:
    """Whether a raw response was read bit by bit, so that nothing is left to look at."""
    return is_raw(raw) and _is_consumed(raw) and _body(raw) is None


def _detect_items(body: bytes, raw: Any, provider: str | None) -> Detection | None:
    """Recognise a stream that was read in one go: server-sent events, or a line of JSON each."""
    reading = StreamReading(provider=provider)
    for line in body.splitlines():
        try:
            item = json.loads(line.removeprefix(b"data:"))
        except (ValueError, RecursionError):
            continue
        reading.observe(item)
    reading.exhausted = True
    return reading.detection(raw)


def _is_consumed(raw: Any) -> bool:
    return bool(getattr(getattr(raw, "http_response", None), "is_stream_consumed", False))


def _body(raw: Any) -> bytes | None:
    answer = getattr(raw, "http_response", None)
    if not _is_consumed(raw):
        return None
    try:
        content: Any = answer.content  # pyright: ignore[reportOptionalMemberAccess]
    except RuntimeError:  # it was read bit by bit, and is gone
        return None
    return content if isinstance(content, bytes) else None
