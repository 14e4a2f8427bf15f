"""Answers about margin: revenue minus cost, in USD."""

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


class EndUserMargins(Page[EndUserMargin]):
    """Margin split by end user, a page of it."""

    end_users: list[EndUserMargin]
    unpriced_events: int = 0
