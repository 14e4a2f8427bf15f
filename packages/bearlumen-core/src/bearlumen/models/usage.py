"""Answers about usage."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from ._base import Answer


class Page(Answer):
    """Where in the whole a page stands."""

    total: int
    """How many there are in all."""
    limit: int
    offset: int
    has_more: bool


class UsageEventRecord(Answer):
    """One usage event as the ledger has it."""

    event_id: str
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
    """`explicit` if the caller stated the cost, `catalogue` if a price list gave it."""
    price_id: str | None = None
    """What the cost was computed with."""
    usage: dict[str, Any] | None = None
    """The other counts that were reported, such as `audio_input_tokens` and `tool_calls`."""
    units: dict[str, Decimal] | None = None
    """Counts of anything but tokens."""
    end_user_id: str | None = None
    feature: str | None = None
    agent: str | None = None
    workflow: str | None = None
    session_id: str | None = None
    session_type: str | None = None
    dimensions: dict[str, Any] | None = None
    """Custom dimensions; a number with a fraction is a `Decimal`."""
    metadata: dict[str, Any] | None = None
    """What else was kept beside the event."""


class UsageEvents(Page):
    """A page of usage events, newest first."""

    events: list[UsageEventRecord]


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
