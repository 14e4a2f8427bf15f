"""Days that cost far more or less than the others.

The rule is one a person can check: a day stands out when it is further from the median of the
range's days than `DEVIATIONS` times their median distance from it, than `SHARE` of it, and than
`LEAST`. Medians, because the days to be found would pull an average towards themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING, Final

from .question import Question, ask, filled, utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bearlumen_server.storage import Store

    from .buckets import Buckets

DEVIATIONS: Final = 5
"""Median distances from the median: 3.4 standard deviations, were the days normally distributed."""
SHARE: Final = Decimal("0.5")
"""Of the median: what changes less is no surprise, however even the days were."""
LEAST: Final = Decimal("0.01")
"""USD: a cent is not worth anybody's attention."""
MIN_DAYS: Final = 7
"""Fewer have no usual cost, and a week has a weekend."""

WATCHED: Final = ("feature", "model")
"""The labels whose largest values are looked at for themselves."""

_DAYS: Final = """
    WITH cells AS (
        SELECT {slot} AS slot, feature, model, coalesce(sum(cost), 0) AS total,
               count(*) - count(cost) AS unpriced
        FROM events WHERE {where} AND ts < {now} GROUP BY slot, feature, model)
    SELECT NULL AS label, NULL AS value, slot, sum(total), CAST(sum(unpriced) AS BIGINT)
    FROM cells GROUP BY slot
    UNION ALL
    SELECT 'feature', feature, slot, sum(total), CAST(sum(unpriced) AS BIGINT)
    FROM cells WHERE {features} GROUP BY feature, slot
    UNION ALL
    SELECT 'model', model, slot, sum(total), CAST(sum(unpriced) AS BIGINT)
    FROM cells WHERE {models} GROUP BY model, slot"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Anomaly:
    """A day that stands out."""

    label: str | None
    """One of `WATCHED`; None for all cost together."""
    value: str | None
    start: datetime
    end: datetime
    """Exclusive, aware as `start` is."""
    cost: Decimal
    usual: Decimal
    """The median of the days."""
    threshold: Decimal
    """How far from it a day may be without standing out."""
    unpriced_events: int

    @property
    def deviation(self) -> Decimal:
        """How far from the usual it is; negative for a day that cost less."""
        return self.cost - self.usual


@dataclass(kw_only=True, slots=True)
class _Days:
    costs: list[Decimal]
    unpriced: list[int]
    first: int = field(default=2**31)
    """The first day with an event: what did not exist yet was not cheap."""


def anomalies(
    store: Store,
    question: Question,
    buckets: Buckets,
    *,
    largest: Mapping[str, Sequence[str]],
    now: datetime,
) -> list[Anomaly]:
    """Return the days that stand out, those furthest from the usual first.

    Args:
        store: The ledger.
        question: Which events.
        buckets: Its days.
        largest: The values of each label of `WATCHED` to look at for themselves.
        now: Aware; a day that is not over, or only partly in the range, is not judged.
    """
    dialect = store.dialect
    words = {
        "slot": dialect.slots[buckets.slot],
        "now": dialect.bind("now"),
        "features": dialect.any_of.format(value="feature", name="features"),
        "models": dialect.any_of.format(value="model", name="models"),
    }
    more = {
        "now": utc(now),
        "features": list(largest["feature"]),
        "models": list(largest["model"]),
    }
    found: dict[tuple[str | None, str | None], _Days] = {}
    for label, value, slot, total, unpriced in ask(store, filled(_DAYS, words), question, more):
        days = found.get((label, value))
        if days is None:
            costs = [Decimal(0)] * len(buckets)
            days = found[label, value] = _Days(costs=costs, unpriced=[0] * len(buckets))
        position = buckets.position(slot)
        days.costs[position] += total
        days.unpriced[position] += unpriced
        days.first = min(days.first, position)
    judged = [
        position
        for position, (start, end) in enumerate(buckets)
        if end <= now and start.time() == end.time() and start.date() < end.date()
    ]
    standing_out = [
        each
        for (label, value), days in found.items()
        for each in _stand_out(label, value, days, judged, buckets)
    ]
    return sorted(
        standing_out,
        key=lambda one: (-abs(one.deviation), one.start, one.label or "", one.value or ""),
    )


def threshold(costs: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    """Return the usual cost of days, and how far from it one may be."""
    usual = median(costs)
    spread = median(abs(cost - usual) for cost in costs)
    return usual, max(DEVIATIONS * spread, SHARE * usual, LEAST)


def _stand_out(
    label: str | None, value: str | None, days: _Days, judged: Sequence[int], buckets: Buckets
) -> list[Anomaly]:
    positions = [position for position in judged if position >= days.first]
    if len(positions) < MIN_DAYS:
        return []
    usual, most = threshold([days.costs[position] for position in positions])
    return [
        Anomaly(
            label=label,
            value=value,
            start=buckets.edges[position],
            end=buckets.edges[position + 1],
            cost=days.costs[position],
            usual=usual,
            threshold=most,
            unpriced_events=days.unpriced[position],
        )
        for position in positions
        if abs(days.costs[position] - usual) > most
    ]
