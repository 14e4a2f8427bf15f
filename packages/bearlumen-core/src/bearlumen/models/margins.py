"""Answers about margin: revenue minus cost, in USD."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from ._base import Answer, Percent
from ._page import Page


class EndUserMargin(Answer):
    """What one end user paid and cost."""

    end_user_id: str | None
    end_user_name: str | None = None
    revenue: Decimal
    cost: Decimal
    margin: Decimal
    margin_percent: Percent | None
    """Margin as a share of revenue; None without revenue, or with unpriced events."""
    health: Literal["healthy", "at_risk", "unhealthy"] | None = None
    """`healthy` above 40 %, `at_risk` from 20 to 40 %, `unhealthy` below 20 %; None if unknown."""
    unpriced_events: int = 0
    """Events whose price is unknown: the cost is at least what is stated, and may be more."""
    deactivated_at: datetime | None = None
    """Since when the end user is marked as gone; None for who is active."""


class EndUserMargins(Page[EndUserMargin]):
    """Margin split by end user, a page of it."""

    end_users: list[EndUserMargin]
    unpriced_events: int = 0


class Margin(Answer):
    """What was paid and what it cost."""

    revenue: Decimal
    cost: Decimal
    margin: Decimal
    margin_percent: Percent | None
    """Margin as a share of revenue; None without revenue, or with unpriced events."""
    health: Literal["healthy", "at_risk", "unhealthy"] | None = None
    """As of an end user; None if unknown."""


class MarginSummary(Answer):
    """The margin of a range."""

    summary: Margin
    unpriced_events: int
    """Events whose price is unknown: the cost is at least what is stated, and may be more."""


class MarginPoint(Answer):
    """The margin of one bucket."""

    start: datetime
    end: datetime
    """Exclusive."""
    revenue: Decimal
    cost: Decimal
    margin: Decimal
    margin_percent: Percent | None
    unpriced_events: int = 0


class MarginTrend(Answer):
    """The margin over time."""

    granularity: Literal["hour", "day", "week", "month"]
    points: list[MarginPoint]
    """One for each bucket of the range, those without anything too."""
    unpriced_events: int = 0
