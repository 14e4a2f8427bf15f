"""Dimensions: the keys of your own that events are tagged with."""

from typing import Literal, Unpack

from ... import _wire
from ..._query import CostFilters, When, window
from ...models import (
    CostBreakdown,
    CostTimeSeries,
    DimensionDefinition,
    DimensionDefinitions,
    NumericSummary,
    NumericTrend,
)
from .._paths import at
from ._base import AsyncResource


class AsyncDimensions(AsyncResource):
    """The custom dimensions you defined, and what they say.

    Events may be tagged with any key; a definition says what one is for. Ranges and filters are
    those of `costs`.
    """

    async def definitions(self) -> DimensionDefinitions:
        """The dimensions that were defined."""
        return await self._get(_wire.DIMENSION_DEFINITIONS, DimensionDefinitions)

    async def create(
        self,
        key: str,
        *,
        type: Literal["string", "number", "boolean"] = "string",  # noqa: A002  # the wire's word
        label: str | None = None,
        description: str | None = None,
    ) -> DimensionDefinition:
        """Define a dimension.

        Args:
            key: As events have it in `dimensions`, up to 128 characters.
            type: What its values are meant to be. Events are taken whatever they hold.
            label: What to call it where people read it.
            description: What it is for.

        Raises:
            ConflictError: It is defined already.
        """
        body = {"key": key, "type": type, "label": label, "description": description}
        return await self._post(_wire.DIMENSION_DEFINITIONS, DimensionDefinition, body)

    async def update(
        self,
        key: str,
        *,
        type: Literal["string", "number", "boolean"] | None = None,  # noqa: A002
        label: str | None = None,
        description: str | None = None,
    ) -> DimensionDefinition:
        """Change a definition. What is left out stays as it is; `''` takes a text away.

        Raises:
            NotFoundError: It is not defined.
        """
        told = {"type": type, "label": label, "description": description}
        body = {name: value for name, value in told.items() if value is not None}
        path = at(_wire.DIMENSION_DEFINITIONS, "key", key)
        return await self._patch(path, DimensionDefinition, body)

    async def delete(self, key: str) -> DimensionDefinition:
        """Forget a definition, and return it. Events keep the dimension.

        Raises:
            NotFoundError: It is not defined.
        """
        return await self._delete(at(_wire.DIMENSION_DEFINITIONS, "key", key), DimensionDefinition)

    async def cost_breakdown(
        self, key: str, *, start_date: When, end_date: When, **filters: Unpack[CostFilters]
    ) -> CostBreakdown:
        """Cost split by the values of a dimension, highest first. Events without it are None."""
        return await self._get(
            _wire.DIMENSION_COST_BREAKDOWN,
            CostBreakdown,
            {"key": key},
            window(start_date, end_date),
            self._filters(filters),
        )

    async def cost_trend(
        self,
        key: str,
        *,
        start_date: When,
        end_date: When,
        granularity: Literal["hour", "day", "week", "month"] | None = None,
        limit: int | None = None,
        **filters: Unpack[CostFilters],
    ) -> CostTimeSeries:
        """Cost of the values of a dimension over time.

        Args:
            key: The dimension.
            start_date: First day, or first instant.
            end_date: Last day, or the instant before which events count.
            granularity: `day` if left out; weeks begin on Monday.
            limit: How many values, the costliest, have a series of their own: 1 to 100, 10 if left
                out. The others are one series together.
            **filters: Keep only matching events.
        """
        return await self._get(
            _wire.DIMENSION_COST_TREND,
            CostTimeSeries,
            {"key": key, "granularity": granularity, "limit": limit},
            window(start_date, end_date),
            self._filters(filters),
        )

    async def numeric_summary(
        self, key: str, *, start_date: When, end_date: When, **filters: Unpack[CostFilters]
    ) -> NumericSummary:
        """Count, sum, average, extremes and percentiles of the numbers of a dimension."""
        return await self._get(
            _wire.DIMENSION_NUMERIC_SUMMARY,
            NumericSummary,
            {"key": key},
            window(start_date, end_date),
            self._filters(filters),
        )

    async def numeric_trend(
        self,
        key: str,
        *,
        start_date: When,
        end_date: When,
        aggregation: (
            Literal["count", "sum", "avg", "min", "max", "p50", "p95", "p99"] | None
        ) = None,
        granularity: Literal["hour", "day", "week", "month"] | None = None,
        **filters: Unpack[CostFilters],
    ) -> NumericTrend:
        """The numbers of a dimension over time, aggregated in one way.

        Args:
            key: The dimension.
            start_date: First day, or first instant.
            end_date: Last day, or the instant before which events count.
            aggregation: `avg` if left out.
            granularity: `day` if left out; weeks begin on Monday.
            **filters: Keep only matching events.
        """
        return await self._get(
            _wire.DIMENSION_NUMERIC_TREND,
            NumericTrend,
            {"key": key, "aggregation": aggregation, "granularity": granularity},
            window(start_date, end_date),
            self._filters(filters),
        )
