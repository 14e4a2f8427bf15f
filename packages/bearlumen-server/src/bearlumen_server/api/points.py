"""Sums of costs, alone and over time, as they are on the wire."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from .answer import money, zoned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bearlumen_server.reports.buckets import Buckets
    from bearlumen_server.reports.series import NamedSeries
    from bearlumen_server.reports.trend import CostSeries, Spent

OTHER: Final = "other"
"""The name of the series of all values that have none of their own."""


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


def shown_series(
    granularity: str, buckets: Buckets, found: Sequence[NamedSeries]
) -> dict[str, Any]:
    """Return the cost of several values over time as it is on the wire."""
    wholes = [each.series.whole for each in found]
    return {
        "granularity": granularity,
        "series": [
            {
                "name": OTHER if each.is_other else each.value,
                "attributionValue": each.value,
                "isOther": each.is_other,
                **spent(each.series.whole),
                "points": points(buckets, each.series),
            }
            for each in found
        ],
        "totalCost": money(sum((each.total_cost for each in wholes), Decimal(0))),
        "unpricedEvents": sum(each.unpriced_events for each in wholes),
    }
