"""Usage: the events that were tracked."""

from typing import Unpack

from ... import _wire
from ..._query import CostFilters, When, window
from ...models import UsageAggregation, UsageEvents, UsageSummary
from ._base import AsyncResource


class AsyncUsage(AsyncResource):
    """The events that were tracked. Read-only: `track` is what writes.

    Ranges and filters are those of `costs`.
    """

    async def events(
        self,
        *,
        start_date: When,
        end_date: When,
        limit: int | None = None,
        offset: int | None = None,
        **filters: Unpack[CostFilters],
    ) -> UsageEvents:
        """Events, newest first, a page at a time; iterating over a page goes through them all.

        The pages that follow go on from the last event of the one before: events that arrive
        meanwhile are neither in the way nor counted twice.

        Args:
            start_date: First day, or first instant.
            end_date: Last day, or the instant before which events count.
            limit: Events in the page: 1 to 1000, 100 if left out.
            offset: How many to skip.
            **filters: Keep only matching events.
        """
        return await self._get(
            _wire.USAGE_EVENTS,
            UsageEvents,
            window(start_date, end_date),
            {"limit": limit, "offset": offset},
            self._filters(filters),
        )

    async def summary(
        self, *, start_date: When, end_date: When, **filters: Unpack[CostFilters]
    ) -> UsageSummary:
        """The totals of a date range: events, tokens, cost, end users."""
        return await self._get(
            _wire.USAGE_SUMMARY, UsageSummary, window(start_date, end_date), self._filters(filters)
        )

    async def aggregation(
        self, *, start_date: When, end_date: When, **filters: Unpack[CostFilters]
    ) -> UsageAggregation:
        """Everything that is counted, each added up: tokens by kind, tool calls, units."""
        return await self._get(
            _wire.USAGE_AGGREGATION,
            UsageAggregation,
            window(start_date, end_date),
            self._filters(filters),
        )
