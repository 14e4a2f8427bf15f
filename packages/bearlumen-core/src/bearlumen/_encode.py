"""A usage event as the ingest endpoint takes it: one line of JSON.

`encoded` writes what is ordinary straight as text, and leaves everything else to `to_wire`; both
say the same. It runs for every event: on the worker's thread, or with a journal on the caller's.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring_ascii

from ._version import __version__
from .events import UNKNOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .events import UsageEvent
    from .providers import Detection

MAX_LABEL_CHARACTERS = 512
"""Of what a provider names; the server refuses more."""
MAX_REMEMBERED_TEXTS = 4_096
_TOTALS = ("input_tokens", "output_tokens")
_LABELS = ("feature", "agent", "workflow", "session_id", "session_type", "dimensions")
RESERVED_METADATA = frozenset(
    (
        "provider", "feature", "agent", "workflow", "session_id", "session_type", "dimensions",
        "units", "usage", "cost", "provider_cost", "reported", "parent_event_id", "response_id",
        "incomplete", "latency_ms", "sdk",
    )
)  # fmt: skip
"""The keys of an event's metadata that are the event's own."""
_SDK = {"name": "bearlumen-python", "version": __version__}

_json = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode
_SDK_JSON = _json(_SDK)


def encoded(event: UsageEvent) -> bytes:
    """The event as JSON, without a line's end; what nobody reported is left out."""
    return (_plain(event) or _json(to_wire(event))).encode()


class _Quoted(dict[str, str]):
    """Texts that come again, as JSON: models, providers, labels. It forgets all when it is full."""

    def __missing__(self, text: str) -> str:
        found = encode_basestring_ascii(text)
        if len(text) <= MAX_LABEL_CHARACTERS:
            if len(self) >= MAX_REMEMBERED_TEXTS:
                self.clear()
            self[text] = found
        return found


_quoted = _Quoted()
_APART = frozenset(("model", "provider", "timestamp", "event_id", "asked_model", "is_hidden"))
"""Labels that the event answers for itself, or that are not of it."""


def _plain(event: UsageEvent) -> str | None:  # noqa: C901  # its time is every event's
    """The JSON of a whole response with ordinary usage and labels; None for any other event."""
    detection = event.detection
    if detection is None or event.incomplete or event.part is not None:
        return None
    reported = detection.plain()
    if reported is None:
        return None
    totals, usage, response = reported
    quoted = _quoted
    model, provider = detection.model, detection.provider
    end_user = labels = ""
    for name, value in event.labels.items():
        if value is None:
            continue
        if name == "user_id":
            end_user = f'"user_id":{quoted[value]},'
        elif name in _APART:
            model, provider = event.model, event.provider
        elif type(value) is str:
            if value:
                labels += f',"{name}":{quoted[value]}'
        elif name == "dimensions":
            labels += f',"dimensions":{_json(value)}' if value else ""
        elif name == "latency_ms":
            labels += f',"latency_ms":{value!r}'
        else:
            return None
    if usage:
        usage = f',"usage":{{{usage[1:]}}}'
    return (
        f'{{"sdk_event_id":"{event.event_id}",'
        f'"model":{quoted[(model or UNKNOWN)[:MAX_LABEL_CHARACTERS]]},{totals}'
        f'"event_invoked_at":"{event.invoked_at_text}",{end_user}'
        f'"metadata":{{"provider":{quoted[provider]}{labels}{response}{usage},'
        f'"sdk":{_SDK_JSON}}}}}'
    )


def to_wire(event: UsageEvent) -> dict[str, Any]:
    """The event as the contract says it; what nobody reported is left out."""
    counts = event.counts
    model = (event.model or UNKNOWN)[:MAX_LABEL_CHARACTERS]
    wire: dict[str, Any] = {"sdk_event_id": event.event_id, "model": model}
    for total in _TOTALS:
        if total in counts:
            wire[total] = counts[total]
    wire["event_invoked_at"] = event.invoked_at_text
    if (user_id := event.labels.get("user_id")) is not None:
        wire["user_id"] = user_id
    wire["metadata"] = _metadata(event, counts)
    return wire


def _metadata(event: UsageEvent, counts: Mapping[str, int]) -> dict[str, Any]:
    labels, detection = event.labels, event.detection
    metadata: dict[str, Any] = {**(labels.get("metadata") or {}), "provider": event.provider}
    for name in _LABELS:
        if value := labels.get(name):
            metadata[name] = value
    usage: dict[str, Any] = {n: c for n, c in counts.items() if n not in _TOTALS}
    if detection is not None:
        _add_detected(event, metadata, usage, detection)
    if usage:
        metadata["usage"] = usage
    if units := event.units:
        metadata["units"] = units
    if (cost := event.cost) is not None:
        metadata["cost"] = format(cost, "f")
    if event.part is not None:
        metadata["parent_event_id"] = event.part.of
    elif (latency := labels.get("latency_ms")) is not None:
        metadata["latency_ms"] = latency
    if event.incomplete:
        metadata["incomplete"] = True
    metadata["sdk"] = _SDK
    return metadata


def _add_detected(
    event: UsageEvent, metadata: dict[str, Any], usage: dict[str, Any], detection: Detection
) -> None:
    found = detection.usage
    if found.service_tier is not None:
        usage["service_tier"] = found.service_tier[:MAX_LABEL_CHARACTERS]
    if found.inference_geo is not None:
        usage["inference_geo"] = found.inference_geo[:MAX_LABEL_CHARACTERS]
    if found.batch:
        usage["batch"] = True
    if detection.response_id:
        metadata["response_id"] = detection.response_id[:MAX_LABEL_CHARACTERS]
    if event.part is not None:
        return
    if found.tool_calls:
        usage["tool_calls"] = found.tool_calls
    if found.provider_cost is not None:
        metadata["provider_cost"] = format(found.provider_cost, "f")
    if found.reported:
        metadata["reported"] = found.reported
