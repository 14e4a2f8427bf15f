"""Revenue: what end users pay."""

from collections.abc import Iterable
from typing import Unpack

from ... import _wire
from ...models import RevenueReport
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
