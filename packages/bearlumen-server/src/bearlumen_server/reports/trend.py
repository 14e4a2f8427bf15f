"""What was spent in each bucket of a range."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from .costs import SPENT
from .question import Question, ask, filled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from bearlumen_server.storage import Store

    from .buckets import Buckets

_TREND: Final = f"SELECT {{slot}} AS slot, {SPENT} FROM events WHERE {{where}} GROUP BY slot"  # noqa: S608


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """A sum of costs, and what it leaves out."""

    total_cost: Decimal
    events: int
    unpriced_events: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CostSeries:
    """One sum for each bucket, and for all of them."""

    points: tuple[Spent, ...]
    whole: Spent


def cost_trend(store: Store, question: Question, buckets: Buckets) -> CostSeries:
    """Return the cost of each of the buckets that the question's range was cut into."""
    sql = filled(_TREND, {"slot": store.dialect.slots[buckets.slot]})
    return series(buckets, ask(store, sql, question))


def series(buckets: Buckets, rows: Iterable[Sequence[Any]]) -> CostSeries:
    """Sort rows of slot, total, events and unpriced events into buckets; those without are 0."""
    totals = [Decimal(0)] * len(buckets)
    events = [0] * len(buckets)
    unpriced = [0] * len(buckets)
    for row in rows:
        slot: datetime = row[0]
        position = buckets.position(slot)
        totals[position] += row[1]
        events[position] += row[2]
        unpriced[position] += row[3]
    return CostSeries(
        points=tuple(
            Spent(total_cost=total, events=count, unpriced_events=without)
            for total, count, without in zip(totals, events, unpriced, strict=True)
        ),
        whole=Spent(
            total_cost=sum(totals, Decimal(0)),
            events=sum(events),
            unpriced_events=sum(unpriced),
        ),
    )
