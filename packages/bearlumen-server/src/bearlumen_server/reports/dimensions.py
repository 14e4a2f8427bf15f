"""Cost by a custom dimension: split, and over time."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from .costs import Breakdown, CostItem
from .question import Question, ask, filled
from .shares import shares

if TYPE_CHECKING:
    from bearlumen_server.storage import Store

    from .buckets import Buckets

MAX_ITEMS: Final = 10_000
"""Of one answer that has no pages."""

# One that is '' is none, as it is to a filter.
_VALUE: Final = "nullif({dimension}, '')"
_SPENT: Final = "coalesce(sum(cost), 0) AS total, count(*) AS events, count(cost) AS priced"
_SPLIT: Final = f"""
    SELECT {_VALUE} AS value, {_SPENT} FROM events WHERE {{where}}
    GROUP BY value ORDER BY total DESC, value ASC NULLS LAST LIMIT {{limit}}"""  # noqa: S608
# The events are read once; ranking the values and folding the rest works on their sums.
_TREND: Final = f"""
    WITH cells AS (
        SELECT {{slot}} AS slot, {_VALUE} AS value, {_SPENT}
        FROM events WHERE {{where}} GROUP BY slot, value),
    ranked AS (
        SELECT value, row_number() OVER (ORDER BY sum(total) DESC, value ASC NULLS LAST) AS place
        FROM cells GROUP BY value)
    SELECT CASE WHEN place <= {{limit}} THEN place END AS series,
           min(CASE WHEN place <= {{limit}} THEN cells.value END), slot,
           sum(total), CAST(sum(events) AS BIGINT), CAST(sum(priced) AS BIGINT)
    FROM cells JOIN ranked ON cells.value IS NOT DISTINCT FROM ranked.value
    GROUP BY series, slot ORDER BY series ASC NULLS LAST"""  # noqa: S608


class TooManyValuesError(ValueError):
    """A dimension of more values than one answer holds."""


@dataclass(kw_only=True, slots=True)
class Point:
    """What was spent in one bucket."""

    total_cost: Decimal = Decimal(0)
    events: int = 0
    unpriced_events: int = 0

    def add(self, total: Decimal, events: int, priced: int) -> None:
        """Add a part of the bucket."""
        self.total_cost += total
        self.events += events
        self.unpriced_events += events - priced


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One value over time."""

    value: str | None
    """None for the events without the dimension, and for the rest."""
    rest: bool
    """Whether this is all values together that have no series of their own."""
    points: list[Point]
    whole: Point = field(default_factory=Point)


def cost_by_dimension(store: Store, question: Question, key: str) -> Breakdown:
    """Split cost by a custom dimension, highest first.

    Raises:
        TooManyValuesError: There are more than `MAX_ITEMS`.
    """
    dimension = store.dialect.dimension.format(name="key")
    sql = filled(_SPLIT, {"dimension": dimension, "limit": store.dialect.bind("limit")})
    rows = ask(store, sql, question, {"key": key, "limit": MAX_ITEMS + 1})
    if len(rows) > MAX_ITEMS:
        raise TooManyValuesError(f"has more than {MAX_ITEMS} different values")
    items = tuple(
        CostItem(
            value=row[0],
            total_cost=row[1],
            percent=percent,
            events=row[2],
            unpriced_events=row[2] - row[3],
            tokens={},
        )
        for row, percent in zip(rows, shares([row[1] for row in rows]), strict=True)
    )
    return Breakdown(
        items=items,
        total_cost=sum((item.total_cost for item in items), Decimal(0)),
        unpriced_events=sum(item.unpriced_events for item in items),
        total_items=len(items),
    )


def cost_over_time(
    store: Store, question: Question, key: str, buckets: Buckets, *, limit: int
) -> list[Series]:
    """Return the costliest values of a dimension over time, and one series of all the others.

    Args:
        store: The ledger.
        question: Which events.
        key: The dimension.
        buckets: What the range was cut into.
        limit: How many values have a series of their own.
    """
    dialect = store.dialect
    words = {
        "slot": dialect.slots[buckets.slot],
        "dimension": dialect.dimension.format(name="key"),
        "limit": dialect.bind("limit"),
    }
    sql = filled(_TREND, words)
    found: dict[int | None, Series] = {}
    for place, value, slot, *sums in ask(store, sql, question, {"key": key, "limit": limit}):
        series = found.get(place)
        if series is None:
            points = [Point() for _ in range(len(buckets))]
            series = found[place] = Series(value=value, rest=place is None, points=points)
        series.points[buckets.position(slot)].add(*sums)
        series.whole.add(*sums)
    return list(found.values())
