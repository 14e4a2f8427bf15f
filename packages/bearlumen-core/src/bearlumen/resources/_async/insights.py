"""Insights: what stands out."""

from collections.abc import Sequence
from typing import Literal, Unpack

from ... import _wire
from ..._query import CostFilters, When, window
from ...models import InsightSummary
from ._base import AsyncResource


class AsyncInsights(AsyncResource):
    """What stands out in cost and usage."""

    async def summary(
        self,
        *,
        start: When,
        end: When,
        include: Sequence[Literal["distributions"]] = (),
        limit: int | None = None,
        **filters: Unpack[CostFilters],
    ) -> InsightSummary:
        """The totals of a range, what changed most, unusual days, and what could be better.

        Args:
            start: First day, or first instant.
            end: Last day, or the instant before which events count.
            include: `["distributions"]` works out how cost, tokens and latency are spread, too.
            limit: At most so many movers, anomalies and opportunities each: 1 to 100, 10 if left
                out.
            **filters: Keep only matching events.
        """
        ends = window(start, end)
        return await self._get(
            _wire.INSIGHTS_SUMMARY,
            InsightSummary,
            {"start": ends["start_date"], "end": ends["end_date"]},
            {"include": list(include) or None, "limit": limit},
            self._filters(filters),
        )
