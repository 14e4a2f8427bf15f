"""Costs: what was spent, and on what."""

from typing import Unpack

from ... import _wire
from ..._query import CostFilters, Granularity, When, optional_window, window
from ...errors import InvalidRequestError
from ...models import CostBreakdown, CostSummary, CostTrend, DetailedCosts, EndUserCosts
from ._base import AsyncResource


class AsyncCosts(AsyncResource):
    """What was spent, and on what.

    Every method takes the same range and filters:

    - `start_date`: a date means that whole day; an aware datetime means that instant, inclusive.
    - `end_date`: a date includes its whole day; an aware datetime is exclusive.
    - filters such as `provider="openai"` or `dimensions={"team": ["search", "chat"]}` keep only
      matching events; several values mean any of them.
    - `timezone`: the IANA zone in which dates are days; UTC if left out.

    Each raises `InvalidRequestError` when the range is reversed or a datetime has no time zone,
    and the other errors of `bearlumen.errors` for what the server answers.
    """

    def for_user(self, external_id: str) -> "AsyncCosts":
        """The same questions about one end user.

        Args:
            external_id: The `user_id` that the events were tracked with.

        Raises:
            InvalidRequestError: It is empty: that would be everybody's cost.
        """
        if not external_id:
            raise InvalidRequestError(f"for_user({external_id!r}) names nobody.")
        return AsyncCosts(self._driver, scope={**self._scope, "external_id": external_id})

    async def by_model(
        self, *, start_date: When, end_date: When, **filters: Unpack[CostFilters]
    ) -> CostBreakdown:
        """Cost split by model, in USD, highest first."""
        return await self._breakdown(_wire.COSTS_BY_MODEL, start_date, end_date, filters)

    async def by_provider(
        self, *, start_date: When, end_date: When, **filters: Unpack[CostFilters]
    ) -> CostBreakdown:
        """Cost split by provider, in USD, highest first."""
        return await self._breakdown(_wire.COSTS_BY_PROVIDER, start_date, end_date, filters)

    async def by_feature(
        self, *, start_date: When, end_date: When, **filters: Unpack[CostFilters]
    ) -> CostBreakdown:
        """Cost split by feature, in USD, highest first. Events without one are the item None."""
        return await self._breakdown(_wire.COSTS_BY_FEATURE, start_date, end_date, filters)

    async def by_agent(
        self, *, start_date: When, end_date: When, **filters: Unpack[CostFilters]
    ) -> CostBreakdown:
        """Cost split by agent, in USD, highest first. Events without one are the item None."""
        return await self._breakdown(_wire.COSTS_BY_AGENT, start_date, end_date, filters)

    async def by_workflow(
        self, *, start_date: When, end_date: When, **filters: Unpack[CostFilters]
    ) -> CostBreakdown:
        """Cost split by workflow, in USD, highest first. Events without one are the item None."""
        return await self._breakdown(_wire.COSTS_BY_WORKFLOW, start_date, end_date, filters)

    async def trend(
        self,
        *,
        start_date: When,
        end_date: When,
        granularity: Granularity | None = None,
        **filters: Unpack[CostFilters],
    ) -> CostTrend:
        """Cost over time, in USD; where nothing was spent there is a point of 0.

        Args:
            start_date: First day, or first instant.
            end_date: Last day, or the instant before which events count.
            granularity: How long a bucket is, a day if left out. Buckets begin in `timezone`; the
                first and the last end where the range does.
            **filters: Keep only matching events.
        """
        return await self._get(
            _wire.COSTS_TREND,
            CostTrend,
            window(start_date, end_date),
            {"granularity": granularity},
            self._filters(filters),
        )

    async def summary(
        self,
        *,
        start_date: When | None = None,
        end_date: When | None = None,
        **filters: Unpack[CostFilters],
    ) -> CostSummary:
        """Cost of a period, in USD, against the period of the same length before it.

        Args:
            start_date: First day, or first instant; left out with `end_date`, the period is the
                last 30 days, today included.
            end_date: Last day, or the instant before which events count.
            **filters: Keep only matching events.

        Raises:
            InvalidRequestError: One of the two dates is given without the other.
        """
        return await self._get(
            _wire.COSTS_SUMMARY,
            CostSummary,
            optional_window(start_date, end_date),
            self._filters(filters),
        )

    async def detailed_by_model(
        self, *, start_date: When, end_date: When, **filters: Unpack[CostFilters]
    ) -> DetailedCosts:
        """Cost and tokens split by model, highest cost first."""
        return await self._get(
            _wire.COSTS_DETAILED_BY_MODEL,
            DetailedCosts,
            window(start_date, end_date),
            self._filters(filters),
        )

    async def detailed_by_provider(
        self, *, start_date: When, end_date: When, **filters: Unpack[CostFilters]
    ) -> DetailedCosts:
        """Cost and tokens split by provider, highest cost first."""
        return await self._get(
            _wire.COSTS_DETAILED_BY_PROVIDER,
            DetailedCosts,
            window(start_date, end_date),
            self._filters(filters),
        )

    async def detailed_by_end_user(
        self,
        *,
        start_date: When,
        end_date: When,
        limit: int | None = None,
        offset: int | None = None,
        **filters: Unpack[CostFilters],
    ) -> EndUserCosts:
        """Cost and tokens split by end user, highest cost first, a page at a time.

        Iterating over a page goes through them all. An end user whose cost changes meanwhile may be
        met twice or missed: for an exact list, end the range in the past.

        Args:
            start_date: First day, or first instant.
            end_date: Last day, or the instant before which events count.
            limit: End users in the page: 1 to 1000, 100 if left out.
            offset: How many to skip.
            **filters: Keep only matching events.
        """
        return await self._get(
            _wire.COSTS_DETAILED_BY_END_USER,
            EndUserCosts,
            window(start_date, end_date),
            {"limit": limit, "offset": offset},
            self._filters(filters),
        )

    async def _breakdown(
        self, path: str, start_date: When, end_date: When, filters: CostFilters
    ) -> CostBreakdown:
        return await self._get(
            path, CostBreakdown, window(start_date, end_date), self._filters(filters)
        )
