"""Margins: revenue minus cost."""

from typing import Literal, Unpack

from ... import _wire
from ..._query import MarginFilters, When, window
from ...models import EndUserMargins, MarginSummary, MarginTrend
from ._base import AsyncResource

Sort = Literal[
    "margin", "-margin", "revenue", "-revenue", "cost", "-cost",
    "marginPercent", "-marginPercent", "endUserId", "-endUserId",
]  # fmt: skip


class AsyncMargins(AsyncResource):
    """Whether the AI that end users are served earns money.

    Ranges are those of `costs`. The only filter is `external_id`: revenue has no model and no
    feature.
    """

    async def summary(
        self, *, start_date: When, end_date: When, **filters: Unpack[MarginFilters]
    ) -> MarginSummary:
        """Revenue, cost and margin of a range, in USD."""
        return await self._get(
            _wire.MARGINS_SUMMARY,
            MarginSummary,
            window(start_date, end_date),
            self._filters(filters, MarginFilters),
        )

    async def trend(
        self,
        *,
        start_date: When,
        end_date: When,
        granularity: Literal["hour", "day", "week", "month"] | None = None,
        **filters: Unpack[MarginFilters],
    ) -> MarginTrend:
        """Revenue, cost and margin over time, in USD.

        Args:
            start_date: First day, or first instant.
            end_date: Last day, or the instant before which events count.
            granularity: `day` if left out; weeks begin on Monday.
            **filters: `external_id` keeps only those end users.
        """
        return await self._get(
            _wire.MARGINS_TREND,
            MarginTrend,
            window(start_date, end_date),
            {"granularity": granularity},
            self._filters(filters, MarginFilters),
        )

    async def by_end_user(
        self,
        *,
        start_date: When,
        end_date: When,
        sort: Sort | None = None,
        limit: int | None = None,
        offset: int | None = None,
        **filters: Unpack[MarginFilters],
    ) -> EndUserMargins:
        """Revenue, cost and margin of each end user, in USD, a page at a time.

        Iterating over a page goes through them all. An end user whose margin changes meanwhile may
        be met twice or missed: for an exact list, end the range in the past.

        Args:
            start_date: First day, or first instant.
            end_date: Last day, or the instant before which events count.
            sort: What to order by, `margin` if left out, so that the worst come first; a minus
                sign puts the highest first.
            limit: End users in the page: 1 to 1000, 100 if left out.
            offset: How many to skip.
            **filters: `external_id` keeps only those end users.
        """
        return await self._get(
            _wire.MARGINS_BY_END_USER,
            EndUserMargins,
            window(start_date, end_date),
            {"sort": sort, "limit": limit, "offset": offset},
            self._filters(filters, MarginFilters),
        )
