"""The bytes a provider would send for a recording: JSON, SSE, NDJSON or AWS's event stream."""

import json
import struct
import zlib
from collections.abc import Callable

from .recordings import Event, Recording

_AWS_STRING = b"\x07"
"""Header value type "string".

Source: https://github.com/boto/botocore/blob/develop/botocore/eventstream.py, read 2026-11-22.
"""


def content_type(recording: Recording) -> str:
    """The media type the provider answers with."""
    return _FRAMING[recording.sdk][0] if recording.streaming else "application/json"


def body(recording: Recording) -> bytes:
    """The whole answer, as one run of bytes."""
    if not recording.streaming:
        return json.dumps(recording.response).encode()
    frame = _FRAMING[recording.sdk][1]
    return b"".join(frame(event) for event in recording.events) + _ending(recording)


def _ending(recording: Recording) -> bytes:
    """OpenAI's chat streams, and those shaped like them, end with a word that is not JSON."""
    shaped_like_openai = recording.sdk in {"openai", "mistralai"} and recording.surface == "chat"
    return b"data: [DONE]\n\n" if shaped_like_openai else b""


def _sse(event: Event) -> bytes:
    name = f"event: {event.name}\n" if event.name else ""
    return f"{name}data: {json.dumps(event.data)}\n\n".encode()


def _ndjson(event: Event) -> bytes:
    return json.dumps(event.data).encode() + b"\n"


def _aws(event: Event) -> bytes:
    """One frame: lengths, their checksum, headers, payload, checksum of everything before."""
    headers = _aws_header(":event-type", event.name or "")
    headers += _aws_header(":content-type", "application/json")
    headers += _aws_header(":message-type", "event")
    payload = json.dumps(event.data).encode()
    # Two lengths and two checksums of four bytes each surround headers and payload.
    lengths = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = lengths + struct.pack(">I", zlib.crc32(lengths)) + headers + payload
    return message + struct.pack(">I", zlib.crc32(message))


def _aws_header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return bytes([len(key)]) + key + _AWS_STRING + struct.pack(">H", len(text)) + text


_FRAMING: dict[str, tuple[str, Callable[[Event], bytes]]] = {
    "anthropic": ("text/event-stream", _sse),
    "boto3": ("application/vnd.amazon.eventstream", _aws),
    "google-genai": ("text/event-stream", _sse),
    "mistralai": ("text/event-stream", _sse),
    "ollama": ("application/x-ndjson", _ndjson),
    "openai": ("text/event-stream", _sse),
}
