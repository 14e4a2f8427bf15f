"""Attribution: cost by dimension, agent, workflow and session."""

from typing import Literal, Unpack

from ... import _wire
from ..._query import CostFilters, Granularity, When, window
from ...models import (
    Agents,
    CostBreakdown,
    CostTimeSeries,
    DimensionKeys,
    DimensionValues,
    SessionComparison,
    SessionDetail,
    Sessions,
    Workflows,
)
from .._paths import at
from ._base import AsyncResource

SessionSort = Literal[
    "startedAt",
    "-startedAt",
    "totalCost",
    "-totalCost",
    "eventCount",
    "-eventCount",
    "durationSeconds",
    "-durationSeconds",
]


class AsyncAttribution(AsyncResource):
    """What cost was caused by: any dimension, agents, workflows, sessions.

    Ranges and filters are those of `costs`. A dimension is a key that events were tagged with in
    `dimensions`, or one of `model`, `provider`, `feature`, `agent`, `workflow`, `sessionId` and
    `externalId`; a key that is called like one of those is `dimension.<key>`.
    """

    async def by_dimension(
        self, *, dimension: str, start_date: When, end_date: When, **filters: Unpack[CostFilters]
    ) -> CostBreakdown:
        """Cost split by a dimension, in USD, highest first. Events without it are the item None.

        Raises:
            InvalidRequestError: It has more than 10,000 values; `dimension_values` has pages.
        """
        return await self._get(
            _wire.ATTRIBUTION_BY_DIMENSION,
            CostBreakdown,
            {"dimension": dimension},
            window(start_date, end_date),
            self._filters(filters),
        )

    async def dimension_keys(
        self, *, start_date: When, end_date: When, **filters: Unpack[CostFilters]
    ) -> DimensionKeys:
        """The keys that events were tagged with, those of most events first."""
        return await self._get(
            _wire.ATTRIBUTION_DIMENSION_KEYS,
            DimensionKeys,
            window(start_date, end_date),
            self._filters(filters),
        )

    async def dimension_values(
        self,
        *,
        dimension: str,
        start_date: When,
        end_date: When,
        limit: int | None = None,
        offset: int | None = None,
        **filters: Unpack[CostFilters],
    ) -> DimensionValues:
        """The values that events have of a dimension, costliest first, a page at a time.

        Args:
            dimension: A key, or a label.
            start_date: First day, or first instant.
            end_date: Last day, or the instant before which events count.
            limit: Values in the page: 1 to 1000, 100 if left out.
            offset: How many to skip.
            **filters: Keep only matching events.
        """
        return await self._get(
            _wire.ATTRIBUTION_DIMENSION_VALUES,
            DimensionValues,
            {"dimension": dimension},
            window(start_date, end_date),
            {"limit": limit, "offset": offset},
            self._filters(filters),
        )

    async def time_series(
        self,
        *,
        dimension: str,
        start_date: When,
        end_date: When,
        granularity: Granularity | None = None,
        limit: int | None = None,
        **filters: Unpack[CostFilters],
    ) -> CostTimeSeries:
        """Cost over time by a dimension, in USD: a series a value, costliest first.

        Args:
            dimension: A key, or a label.
            start_date: First day, or first instant.
            end_date: Last day, or the instant before which events count.
            granularity: How long a bucket is, a day if left out.
            limit: How many values have a series: 1 to 100, 10 if left out. All others are one more,
                `is_other`.
            **filters: Keep only matching events.
        """
        return await self._get(
            _wire.ATTRIBUTION_TIME_SERIES,
            CostTimeSeries,
            {"dimension": dimension},
            window(start_date, end_date),
            {"granularity": granularity, "limit": limit},
            self._filters(filters),
        )

    async def agents(
        self, *, start_date: When, end_date: When, **filters: Unpack[CostFilters]
    ) -> Agents:
        """The agents that events name, costliest first."""
        return await self._get(
            _wire.ATTRIBUTION_AGENTS, Agents, window(start_date, end_date), self._filters(filters)
        )

    async def workflows(
        self, *, start_date: When, end_date: When, **filters: Unpack[CostFilters]
    ) -> Workflows:
        """The workflows that events name, costliest first."""
        return await self._get(
            _wire.ATTRIBUTION_WORKFLOWS,
            Workflows,
            window(start_date, end_date),
            self._filters(filters),
        )

    async def sessions(
        self,
        *,
        start_date: When,
        end_date: When,
        sort: SessionSort | None = None,
        limit: int | None = None,
        offset: int | None = None,
        **filters: Unpack[CostFilters],
    ) -> Sessions:
        """What each session cost, in USD, a page at a time.

        A session is here what the range and the filters leave of it; `session_detail` has all.

        Args:
            start_date: First day, or first instant.
            end_date: Last day, or the instant before which events count.
            sort: What to order by, `-startedAt` if left out, so that the newest come first; a minus
                sign puts the highest first.
            limit: Sessions in the page: 1 to 1000, 100 if left out.
            offset: How many to skip.
            **filters: Keep only matching events.
        """
        return await self._get(
            _wire.ATTRIBUTION_SESSIONS,
            Sessions,
            window(start_date, end_date),
            {"sort": sort, "limit": limit, "offset": offset},
            self._filters(filters),
        )

    async def session_comparison(
        self, *, start_date: When, end_date: When, **filters: Unpack[CostFilters]
    ) -> SessionComparison:
        """What a session of each type costs: on average, in the middle, and at most mostly."""
        return await self._get(
            _wire.ATTRIBUTION_SESSION_COMPARISON,
            SessionComparison,
            window(start_date, end_date),
            self._filters(filters),
        )

    async def session_detail(self, session_id: str) -> SessionDetail:
        """One session as a whole, whenever it was, with its events in order.

        Args:
            session_id: As its events were tracked with; any characters.

        Raises:
            NotFoundError: No event names this session.
            InvalidRequestError: It is empty.
        """
        return await self._get(
            at(_wire.ATTRIBUTION_SESSIONS, "session_id", session_id), SessionDetail
        )
