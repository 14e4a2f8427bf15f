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

_COSTLIEST: Final = f"""
    SELECT {{group}} AS value, {SPENT} FROM events WHERE {{where}}
    GROUP BY value ORDER BY total DESC, value ASC NULLS LAST LIMIT {{limit}}"""  # noqa: S608
_EVENTS: Final = "SELECT {slot} AS slot, {group} AS value, cost FROM events WHERE {where}"
# Which values are kept is known, so that the others, be they millions, are one group a slot.
_SERIES: Final = f"""
    SELECT slot, {SPENT}, CASE WHEN {{kept}} THEN value END AS chosen, value IS NULL AS nameless
    FROM ({_EVENTS}) AS cut GROUP BY slot, chosen, nameless"""  # noqa: S608
# The same where nothing is folded: twice as fast.
_PLAIN: Final = f"""
    SELECT slot, {SPENT}, value AS chosen, value IS NULL AS nameless
    FROM ({_EVENTS}) AS cut GROUP BY slot, chosen, nameless"""  # noqa: S608


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
    words = {"group": group.expression, "limit": store.dialect.bind("most")}
    more = {**group.parameters, "most": limit + 1}
    found = [row[0] for row in ask(store, filled(_COSTLIEST, words), question, more)]
    kept = found[:limit]
    rows = _rows(store, question, buckets, group, kept if len(found) > limit else None)
    by_value: dict[tuple[str | None, bool], list[tuple[Any, ...]]] = {
        (value, False): [] for value in kept
    }
    for row in rows:
        value, nameless = row[4], row[5]
        key = (value, False)
        if (value is None and not nameless) or key not in by_value:
            key = (None, True)
        by_value.setdefault(key, []).append(row)
    return tuple(
        NamedSeries(value=value, is_other=is_other, series=series(buckets, rows))
        for (value, is_other), rows in by_value.items()
    )


def _rows(
    store: Store,
    question: Question,
    buckets: Buckets,
    group: Group,
    kept: list[str | None] | None,
) -> list[tuple[Any, ...]]:
    words = {
        "kept": store.dialect.any_of.format(value="value", name="kept"),
        "slot": store.dialect.slots[buckets.slot],
        "group": group.expression,
    }
    if kept is None:
        return ask(store, filled(_PLAIN, words), question, group.parameters)
    named = [value for value in kept if value is not None]
    return ask(store, filled(_SERIES, words), question, {**group.parameters, "kept": named})
