"""Answers about usage."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from .._query import Request
from ._base import Answer
from ._number import Number
from ._page import Page
from ._place import Place

__all__ = ["Page", "UsageEventRecord", "UsageEvents", "UsageSummary"]


class UsageEventRecord(Answer):
    """One usage event as the ledger has it."""

    event_id: str
    parent_event_id: str | None = None
    """The event that this one belongs to: its response reported more usage than its main count."""
    timestamp: datetime
    provider: str
    model: str
    input_tokens: int | None
    """Cached input included; None if the provider did not report it."""
    output_tokens: int | None
    """Reasoning included; None if the provider did not report it."""
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost: Decimal | None
    """USD; None if the price is unknown."""
    cost_source: str | None = None
    """`explicit` if the caller stated the cost, `provider` if the provider did in its response,
    `own` if a price of yours had a part in it, `catalogue` if only the price list did; None if the
    price is unknown."""
    provider_cost: Decimal | None = None
    """USD, as the provider stated them; kept also where the caller's own cost went before it."""
    price_id: str | None = None
    """What the cost was computed with."""
    usage: dict[str, Any] | None = None
    """The other counts that were reported, such as `audio_input_tokens` and `tool_calls`."""
    reported: dict[str, int | Number] | None = None
    """Numbers of the provider's usage that the sender had no word for, by dotted path."""
    units: dict[str, Number] | None = None
    """Counts of anything but tokens."""
    end_user_id: str | None = None
    feature: str | None = None
    agent: str | None = None
    workflow: str | None = None
    session_id: str | None = None
    session_type: str | None = None
    latency_ms: float | None = None
    """How long the call took, in milliseconds; None if nobody said."""
    dimensions: dict[str, Any] | None = None
    """Custom dimensions; a number with a fraction is a `Decimal`."""
    metadata: dict[str, Any] | None = None
    """What else was kept beside the event."""

    @property
    def cache_write_5m_tokens(self) -> int | None:
        """The part of `cache_write_tokens` that is kept for five minutes; None if not reported."""
        return (self.usage or {}).get("cache_write_5m_tokens")

    @property
    def cache_write_1h_tokens(self) -> int | None:
        """The part of `cache_write_tokens` that is kept for an hour; None if not reported."""
        return (self.usage or {}).get("cache_write_1h_tokens")

    @property
    def service_tier(self) -> str | None:
        """The tier that served the call, in the provider's word; None if not reported."""
        return (self.usage or {}).get("service_tier")

    @property
    def inference_geo(self) -> str | None:
        """The place that the call was bound to, in the provider's word; None if to none."""
        return (self.usage or {}).get("inference_geo")

    @property
    def batch(self) -> bool:
        """Whether the call was part of a batch, at the batch price."""
        return (self.usage or {}).get("batch", False)


class UsageEvents(Page[UsageEventRecord]):
    """A page of usage events, newest first.

    The pages that follow one go on from its last event, and not from a number of events: while
    events arrive, those that were there are each seen once.
    """

    events: list[UsageEventRecord]

    def _next_request(self, request: Request[Any]) -> Request[Any]:
        place = self._place()
        if place is None:
            return super()._next_request(request)
        return request.with_params(place.params())

    def _continued_by(self, page: "UsageEvents") -> "UsageEvents":
        before = self._place()
        if before is None:
            return page
        shown = self.offset + len(self.events)
        following = page.model_copy(
            update={
                "events": [one for one in page.events if one.event_id not in before.seen],
                "offset": shown,
                "total": shown + page.total - before.skip,
            }
        )
        origin = following._origin  # noqa: SLF001
        if origin is not None:
            origin.place = before.next(page.events)
        return following

    def _place(self) -> Place | None:
        known = None if self._origin is None else self._origin.place
        return known or Place.after(self.events, skipped=self.offset)


class UsageSummary(Answer):
    """The totals of a date range."""

    total_events: int
    total_input_tokens: int
    total_output_tokens: int
    total_cache_read_tokens: int = 0
    total_cache_write_tokens: int = 0
    total_reasoning_tokens: int = 0
    total_cost: Decimal
    """USD, of the events with a known price."""
    unpriced_events: int
    end_users: int
    """How many different end users there are."""


class UsageMetric(Answer):
    """The sum of one thing that is counted."""

    metric_name: str
    """Such as `input_tokens`, `audio_input_tokens`, `tool_calls.web_search` or `characters`."""
    kind: Literal["tokens", "tool_calls", "units"]
    quantity: Number
    event_count: int
    """How many events report it."""


class UsageAggregation(Answer):
    """Everything that events of a range count, each added up for itself."""

    items: list[UsageMetric]
