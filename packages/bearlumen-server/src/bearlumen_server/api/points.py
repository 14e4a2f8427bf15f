"""Sums of costs, alone and over time, as they are on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .answer import money, zoned

if TYPE_CHECKING:
    from bearlumen_server.reports.buckets import Buckets
    from bearlumen_server.reports.trend import CostSeries, Spent


def spent(found: Spent) -> dict[str, Any]:
    """Return a sum of costs."""
    return {
        "totalCost": money(found.total_cost),
        "eventCount": found.events,
        "unpricedEvents": found.unpriced_events,
    }


def points(buckets: Buckets, found: CostSeries) -> list[dict[str, Any]]:
    """Return one sum a bucket; the bucket is half-open, in the offset of the question's zone."""
    return [
        {"start": zoned(start), "end": zoned(end), **spent(point)}
        for (start, end), point in zip(buckets, found.points, strict=True)
    ]
