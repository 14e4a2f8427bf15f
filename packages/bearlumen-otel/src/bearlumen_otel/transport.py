"""Usage events as spans, for those who look at their traces elsewhere."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import SpanKind

from bearlumen.integration import Guard

from . import conventions
from .conventions import PREFIX, PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.trace import TracerProvider

    from bearlumen import Transport
    from bearlumen.batching.retry import Outcome

_THEIRS: Final = {ours: theirs for theirs, ours in reversed(PROVIDERS.items())}
_PARTS: Final = {
    "cache_read_tokens": conventions.CACHE_READ,
    "cache_write_tokens": conventions.CACHE_WRITE,
    "reasoning_tokens": conventions.REASONING,
}
_LABELS: Final = {
    "agent": "gen_ai.agent.name",
    "workflow": "gen_ai.workflow.name",
    "session_id": "gen_ai.conversation.id",
    "feature": f"{PREFIX}feature",
    "session_type": f"{PREFIX}session_type",
}


_making: Final = Guard(None)("making a span of a usage event")


class SpanTransport:
    """Delivers through another transport, and makes a span of each event that was taken.

        BearLumen(api_key=key, transport=SpanTransport(inner, provider))

    The spans have the attributes of the GenAI semantic conventions, the time of the call, and a
    trace of their own: when they are made the call is long over.

    Args:
        inner: What delivers.
        provider: Whose spans they are. Do not give it a `BearLumenSpanProcessor`, too.
    """

    def __init__(self, inner: Transport, provider: TracerProvider) -> None:
        self._inner = inner
        self._tracer = provider.get_tracer("bearlumen")

    def send(self, events: Sequence[bytes], *, timeout: float | None = None) -> Outcome:
        """Deliver, then make the spans."""
        outcome = self._inner.send(events, timeout=timeout)
        if outcome.status is not None and outcome.status < 300:  # noqa: PLR2004
            for event in events:
                with _making:  # what is wrong with a span is no reason to send an event again
                    self._span(json.loads(event))
        return outcome

    def close(self) -> None:
        """As the other does."""
        self._inner.close()

    def abandon(self) -> None:
        """As the other does."""
        self._inner.abandon()

    def _span(self, event: dict[str, Any]) -> None:
        about: dict[str, Any] = event["metadata"]
        usage: dict[str, Any] = about.get("usage", {})
        provider = about["provider"]
        attributes: dict[str, Any] = {
            conventions.OPERATION: "chat" if event.get("output_tokens") else None,
            conventions.PROVIDER: _THEIRS.get(provider, provider),
            conventions.RESPONSE_MODEL: event["model"],
            conventions.INPUT: event.get("input_tokens"),
            conventions.OUTPUT: event.get("output_tokens"),
            conventions.RESPONSE_ID: about.get("response_id"),
            "enduser.id": event.get("user_id"),
            **{theirs: usage.get(ours) for ours, theirs in _PARTS.items()},
            **{theirs: about.get(ours) for ours, theirs in _LABELS.items()},
        }
        began = int(datetime.fromisoformat(event["event_invoked_at"]).timestamp() * 1_000_000_000)
        span = self._tracer.start_span(
            f"chat {event['model']}",
            kind=SpanKind.CLIENT,
            attributes={name: value for name, value in attributes.items() if value is not None},
            start_time=began,
        )
        span.end(began + int(about.get("latency_ms", 0) * 1_000_000))
