"""Revenue: what end users pay."""

from collections.abc import Iterable
from typing import Unpack

from ... import _wire
from ..._query import MarginFilters, When, window
from ...models import RevenueEvents, RevenueReport
from .._revenue import ReportedRevenue, to_wire
from ._base import AsyncResource


class AsyncRevenue(AsyncResource):
    """What end users pay: the other half of a margin."""

    async def report(self, **revenue: Unpack[ReportedRevenue]) -> RevenueReport:
        """Report one amount.

        Raises:
            InvalidRequestError: The amount is not one, or a time has no time zone.
        """
        return await self.report_many([revenue])

    async def report_many(self, revenue: Iterable[ReportedRevenue]) -> RevenueReport:
        """Report up to 1000 amounts; one that is wrong is rejected alone."""
        return await self._post(
            _wire.REVENUE_EVENTS,
            RevenueReport,
            {"events": [to_wire(one) for one in revenue]},
            idempotent=True,  # by their revenue_id
        )

    async def list(
        self,
        *,
        start_date: When,
        end_date: When,
        limit: int | None = None,
        offset: int | None = None,
        **filters: Unpack[MarginFilters],
    ) -> RevenueEvents:
        """One page of what was reported, by the time it counts from, latest first.

        A period counts from its first day: one that began before the range is not in it.

        Args:
            start_date: First day, or first instant.
            end_date: Last day, or the instant before which revenue counts.
            limit: Amounts in the page: 1 to 1000, 100 if left out.
            offset: How many to skip.
            **filters: `external_id` keeps only what those end users pay.
        """
        return await self._get(
            _wire.REVENUE_EVENTS,
            RevenueEvents,
            window(start_date, end_date),
            {"limit": limit, "offset": offset},
            self._filters(filters, MarginFilters),
        )
