"""Answers about reported revenue."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from ._base import Answer
from ._page import Page


class RevenueReport(Answer):
    """What became of the reported revenue."""

    accepted: int
    duplicates: int
    """Reports whose `revenue_id` was known: they were not counted again."""
    rejected: tuple[dict[str, Any], ...] = ()
    """Reports that could not be taken, each with its `index`, `code` and `message`."""


class RevenueEvent(Answer):
    """One amount, as it was reported."""

    revenue_id: str
    external_id: str | None
    """The end user who pays; None for one whose data was erased."""
    amount: Decimal
    currency: str
    occurred_at: datetime | None = None
    """When it was paid; None for a period."""
    period_start: Annotated[date | datetime | None, Field(union_mode="left_to_right")] = None
    """The first day of a period of whole days, else its first instant."""
    period_end: Annotated[date | datetime | None, Field(union_mode="left_to_right")] = None
    """The last day, included; else the instant that the period ends before."""
    received_at: datetime


class RevenueEvents(Page[RevenueEvent]):
    """A page of revenue, what counts from latest first."""

    events: list[RevenueEvent]
