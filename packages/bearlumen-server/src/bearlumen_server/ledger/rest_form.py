"""The event form of the REST guide, put into the form of the SDKs.

`{"eventType", "metricName", "quantity", "idempotencyKey", "userId"?, "eventTimestamp"?,
"metadata"}`
"""

from __future__ import annotations

from typing import Final
from uuid import UUID, uuid5

from msgspec.structs import replace

from . import limits
from .rejection import InvalidEventError
from .schema import MetricEvent, MetricMetadata, SdkEvent

NAMESPACE: Final = UUID("3f2f4a3e-6b1d-5f0c-9d55-0a6b0f0b7c11")
"""Of event ids made from an idempotency key. Changing it would count every resend again."""
UNKNOWN_MODEL: Final = "unknown"


def event_id_of(idempotency_key: str) -> UUID:
    """Return the event id an idempotency key stands for: always the same."""
    return uuid5(NAMESPACE, idempotency_key)


def from_metric_event(event: MetricEvent) -> SdkEvent:
    """Say the same as an SDK event.

    `tokens` counts as input unless the metadata splits it; `input_tokens` and `output_tokens` are
    themselves; any other metric is a unit.

    Raises:
        InvalidEventError: A number of tokens is not whole or too large.
    """
    metadata = event.metadata or MetricMetadata()
    tokens_in, tokens_out = metadata.input_tokens, metadata.output_tokens
    units = dict(metadata.units or {})
    match event.metric_name:
        case "tokens":
            if tokens_in is None and tokens_out is None:
                tokens_in = _whole(event.quantity)
        case "input_tokens":
            tokens_in = _whole(event.quantity)
        case "output_tokens":
            tokens_out = _whole(event.quantity)
        case name:
            units[name] = event.quantity
    return SdkEvent(
        sdk_event_id=event_id_of(event.idempotency_key),
        model=metadata.model or UNKNOWN_MODEL,
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        event_invoked_at=event.event_timestamp,
        user_id=event.user_id,
        metadata=_with_units(metadata, units),
    )


def _with_units(metadata: MetricMetadata, units: dict[str, int | float]) -> MetricMetadata:
    return replace(metadata, units=units or None)


def _whole(quantity: float) -> int:
    if quantity != int(quantity) or quantity > limits.MAX_COUNT:
        raise InvalidEventError(
            "quantity", f"expected a whole number of tokens up to {limits.MAX_COUNT}"
        )
    return int(quantity)
