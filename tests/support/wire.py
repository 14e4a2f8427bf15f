"""The bytes a provider would send for a recording: JSON, SSE, NDJSON or AWS's event stream."""

import base64
import json
import struct
import zlib
from collections.abc import Callable

from .recordings import Event, Recording

_AWS_STRING = b"\x07"
"""Header value type "string".

Source: https://github.com/boto/botocore/blob/develop/botocore/eventstream.py, read 2026-11-22.
"""
INVOKED = "chunk"
"""The event of `invoke_model_with_response_stream`: the model's own JSON, encoded."""
_WITHOUT_END = frozenset(("responses", "interactions", "images", "transcription", "conversations"))
"""OpenAI-shaped surfaces whose streams just end."""


def content_type(recording: Recording) -> str:
    """The media type the provider answers with."""
    return _framing(recording)[0] if recording.streaming else "application/json"


def body(recording: Recording) -> bytes:
    """The whole answer, as one run of bytes."""
    if not recording.streaming:
        return json.dumps(recording.response).encode()
    frame = _framing(recording)[1]
    return b"".join(frame(event) for event in recording.events) + _ending(recording)


def _ending(recording: Recording) -> bytes:
    """OpenAI's chat streams, and those shaped like them, end with a word that is not JSON."""
    shaped = recording.sdk not in _OTHER_FRAMING and recording.surface not in _WITHOUT_END
    return b"data: [DONE]\n\n" if shaped else b""


def _sse(event: Event) -> bytes:
    name = f"event: {event.name}\n" if event.name else ""
    return f"{name}data: {json.dumps(event.data)}\n\n".encode()


def _ndjson(event: Event) -> bytes:
    return json.dumps(event.data).encode() + b"\n"


def _aws(event: Event) -> bytes:
    """One frame: lengths, their checksum, headers, payload, checksum of everything before."""
    headers = _aws_header(":event-type", event.name or INVOKED)
    headers += _aws_header(":content-type", "application/json")
    headers += _aws_header(":message-type", "event")
    payload = json.dumps(event.data).encode()
    if event.name is None:
        payload = json.dumps({"bytes": base64.b64encode(payload).decode()}).encode()
    # Two lengths and two checksums of four bytes each surround headers and payload.
    lengths = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = lengths + struct.pack(">I", zlib.crc32(lengths)) + headers + payload
    return message + struct.pack(">I", zlib.crc32(message))


def _aws_header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return bytes([len(key)]) + key + _AWS_STRING + struct.pack(">H", len(text)) + text


_Framing = tuple[str, Callable[[Event], bytes]]
_SSE: _Framing = ("text/event-stream", _sse)
_OTHER_FRAMING: dict[str, _Framing] = {
    # Named events, and no word at the end.
    "anthropic": _SSE,
    "cohere": _SSE,
    "google-genai": _SSE,
    "cohere-v1": ("application/stream+json", _ndjson),
    "ollama": ("application/x-ndjson", _ndjson),
    "boto3": ("application/vnd.amazon.eventstream", _aws),
}


def _framing(recording: Recording) -> _Framing:
    return _OTHER_FRAMING.get(recording.sdk, _SSE)
