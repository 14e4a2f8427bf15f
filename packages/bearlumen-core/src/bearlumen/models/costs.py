"""Answers about cost, in USD."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field

from ._base import Answer, Percent
from ._page import Page


class CostItem(Answer):
    """One group's share of the cost."""

    attribution_value: str | None
    """What the events of the group have in common; None for events without it."""
    total_cost: Decimal
    """USD, of the events with a known price."""
    percent_of_total: Percent
    event_count: int
    unpriced_events: int = 0
    """Events whose price is unknown. They are not part of the cost."""


class CostBreakdown(Answer):
    """Cost split by one attribute, highest first."""

    items: list[CostItem]
    total_cost: Decimal
    unpriced_events: int
    """Events whose price is unknown: the total would be higher with them."""


class DetailedCostItem(CostItem):
    """One group's cost and tokens."""

    input_tokens: int
    """Cached input included."""
    output_tokens: int
    """Reasoning included."""
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0


class DetailedCosts(CostBreakdown):
    """Cost and tokens split by one attribute, highest cost first."""

    items: list[DetailedCostItem] = Field()  # pyright: ignore[reportIncompatibleVariableOverride]


class EndUserCosts(DetailedCosts, Page[DetailedCostItem]):
    """Cost and tokens split by end user, a page of it; the totals are those of all pages."""


class CostPoint(Answer):
    """The cost of one hour, day, week or month."""

    start: datetime
    end: datetime
    """Exclusive."""
    total_cost: Decimal
    event_count: int
    unpriced_events: int = 0


class CostTrend(Answer):
    """Cost over time; where nothing was spent there is a point of 0."""

    granularity: Literal["hour", "day", "week", "month"]
    points: list[CostPoint]
    total_cost: Decimal
    event_count: int
    unpriced_events: int


class CostPeriod(Answer):
    """The cost of a period."""

    start_date: datetime
    end_date: datetime
    """Exclusive."""
    total_cost: Decimal
    event_count: int
    unpriced_events: int = 0


class CostSummary(CostPeriod):
    """The cost of a period, against the period of the same length before it."""

    average_cost_per_event: Decimal | None
    """USD of an event with a known price; None if there is none."""
    previous_period: CostPeriod
    change: Decimal
    """USD more than in the previous period; negative for less."""
    change_percent: Percent | None
    """Of the previous cost; None if that is 0."""
