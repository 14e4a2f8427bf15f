"""What was spent in each bucket of a range, by what it was spent on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .costs import SPENT
from .question import Question, ask, filled
from .trend import CostSeries, series

if TYPE_CHECKING:
    from bearlumen_server.storage import Store

    from .buckets import Buckets
    from .grouping import Group

MAX_POINTS: Final = 200_000
"""Of one answer: about 20 MB of JSON."""

FEW: Final = 256
"""Values that are grouped in every slot at once. Whether there are more is told by a sample: right
or wrong, the answer is the same, and one scan takes half as long as two."""
_SAMPLE: Final = """
    SELECT count(DISTINCT value)
    FROM (SELECT {group} AS value FROM events WHERE {where} LIMIT 20000) AS sample"""

_EVENTS: Final = "SELECT {slot} AS slot, {group} AS value, cost FROM events WHERE {where}"
# Everything in one scan: the few values of a slot, ranked by what they cost over all slots.
_FEW: Final = f"""
    WITH cells AS MATERIALIZED (
        SELECT slot, value, {SPENT} FROM ({_EVENTS}) AS cut GROUP BY slot, value),
    ranked AS (
        SELECT value, row_number() OVER (ORDER BY sum(total) DESC, value ASC NULLS LAST) AS place
        FROM cells GROUP BY value)
    SELECT slot, sum(total), CAST(sum(events) AS BIGINT), CAST(sum(unpriced) AS BIGINT),
           CASE WHEN place <= {{limit}} THEN cells.value END AS chosen,
           CASE WHEN place <= {{limit}} THEN place END AS kept
    FROM cells JOIN ranked ON cells.value IS NOT DISTINCT FROM ranked.value
    GROUP BY slot, chosen, kept"""  # noqa: S608
# Of many values, those that are kept are known first, so that the others, be they millions, are
# one group a slot.
_MANY: Final = f"""
    WITH costliest AS MATERIALIZED (
        SELECT {{group}} AS value, {SPENT} FROM events WHERE {{where}}
        GROUP BY value ORDER BY total DESC, value ASC NULLS LAST LIMIT {{limit}}),
    ranked AS (
        SELECT value, row_number() OVER (ORDER BY total DESC, value ASC NULLS LAST) AS place
        FROM costliest)
    SELECT slot, {SPENT}, ranked.value AS chosen, place AS kept
    FROM ({_EVENTS}) AS cut LEFT JOIN ranked ON cut.value IS NOT DISTINCT FROM ranked.value
    GROUP BY slot, chosen, kept"""  # noqa: S608


class TooManyPointsError(ValueError):
    """More points than one answer holds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedSeries:
    """The cost over time of one value, or of all that were not kept."""

    value: str | None
    """None for the events without a value, and for the other values."""
    is_other: bool
    series: CostSeries


def cost_series(
    store: Store, question: Question, buckets: Buckets, group: Group, *, limit: int
) -> tuple[NamedSeries, ...]:
    """Return the cost over time of the costliest values, and one series of all others.

    Events without a value are a value like any: kept where they cost enough, else with the others.
    The series add up to the cost of the whole; the others come last.

    Args:
        store: The ledger.
        question: Which events.
        buckets: Those that the question's range was cut into.
        group: What the events are grouped by.
        limit: How many values are kept.

    Raises:
        TooManyPointsError: There would be more than `MAX_POINTS`.
    """
    if (limit + 1) * len(buckets) > MAX_POINTS:
        raise TooManyPointsError(
            f"{limit} series of {len(buckets)} points are more than {MAX_POINTS}; choose a longer "
            "granularity or a lower limit"
        )
    words = {
        "group": group.expression,
        "slot": store.dialect.slots[buckets.slot],
        "limit": store.dialect.bind("most"),
    }
    (values,) = ask(store, filled(_SAMPLE, words), question, group.parameters)[0]
    sql = filled(_FEW if values <= FEW else _MANY, words)
    rows = ask(store, sql, question, {**group.parameters, "most": limit})
    by_place: dict[int | None, list[tuple[Any, ...]]] = {}
    # Those that were not kept have no place, and come last.
    for row in sorted(rows, key=lambda row: (row[5] is None, row[5])):
        by_place.setdefault(row[5], []).append(row)
    return tuple(
        NamedSeries(value=rows[0][4], is_other=place is None, series=series(buckets, rows))
        for place, rows in by_place.items()
    )
