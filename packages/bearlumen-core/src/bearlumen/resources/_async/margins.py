"""Margins: revenue minus cost."""

from typing import Literal, Unpack

from ... import _wire
from ..._query import MarginFilters, When, window
from ...models import EndUserMargins
from ._base import AsyncResource


class AsyncMargins(AsyncResource):
    """Whether the AI that end users are served earns money."""

    async def by_end_user(
        self,
        *,
        start_date: When,
        end_date: When,
        sort: Literal["margin", "-margin", "revenue", "-revenue", "cost", "-cost"] | None = None,
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
