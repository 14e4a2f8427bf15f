"""What the numbers in a custom dimension add up to."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final

from bearlumen_server.ledger.derived import json_lines

from .question import Question, ask, filled

if TYPE_CHECKING:
    from bearlumen_server.storage import Store

    from .buckets import Buckets

AGGREGATIONS: Final = ("count", "sum", "avg", "min", "max", "p50", "p95", "p99")
_SHARES: Final = {"p50": "0.5", "p95": "0.95", "p99": "0.99"}

_NUMBERS: Final = """
    SELECT {number} AS number, {slot} AS slot FROM events WHERE {where} AND {is_number}"""
_SUMS: Final = "count(number), coalesce(sum(number), 0), avg(number), min(number), max(number)"
_SUMMARY: Final = f"""
    SELECT {_SUMS}, {{quantiles}} FROM ({_NUMBERS}) AS numbers"""  # noqa: S608
_BY_SLOT: Final = f"""
    SELECT slot, count(number), sum(number), min(number), max(number)
    FROM ({_NUMBERS}) AS numbers GROUP BY slot"""  # noqa: S608
_SLOTS: Final = "SELECT DISTINCT {slot} FROM events WHERE {where}"
# Percentiles cannot be put together from those of slots, so each slot is told its bucket.
_TREND: Final = f"""
    SELECT bucket, count(number), {{quantile}}
    FROM ({_NUMBERS}) AS numbers
    JOIN (SELECT unnest({{slots}}) AS slot, unnest({{positions}}) AS bucket) AS places USING (slot)
    GROUP BY bucket"""  # noqa: S608


@dataclass(frozen=True, kw_only=True, slots=True)
class NumericSummary:
    """All aggregations by name; those of nothing are None, but for the count and the sum."""

    values: dict[str, float | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class NumericPoint:
    """One aggregation of one bucket."""

    value: float | None
    count: int


def numeric_summary(store: Store, question: Question, key: str) -> NumericSummary:
    """Return every aggregation of a dimension's numbers; texts and booleans do not count."""
    dialect = store.dialect
    quantiles = dialect.quantiles.format(value="number", shares=", ".join(_SHARES.values()))
    sql = filled(_SUMMARY, {**_number(store), "slot": "1", "quantiles": quantiles})
    *sums, found = ask(store, sql, question, _bound(key))[0]
    return NumericSummary(
        values=dict(zip(AGGREGATIONS, [*sums, *(found or [None] * len(_SHARES))], strict=True))
    )


def numeric_trend(
    store: Store, question: Question, key: str, buckets: Buckets, *, aggregation: str
) -> list[NumericPoint]:
    """Return one of `AGGREGATIONS` for each bucket; of nothing, count and sum are 0."""
    if aggregation in _SHARES:
        return _percentiles(store, question, key, buckets, share=_SHARES[aggregation])
    words = {**_number(store), "slot": store.dialect.slots[buckets.slot]}
    found = [_Sums() for _ in range(len(buckets))]
    for slot, *sums in ask(store, filled(_BY_SLOT, words), question, _bound(key)):
        found[buckets.position(slot)].add(*sums)
    return [NumericPoint(value=each.value(aggregation), count=each.count) for each in found]


@dataclass(slots=True)
class _Sums:
    """What numbers add up to."""

    count: int = 0
    sum: float = 0
    min: float = inf
    max: float = -inf

    def add(self, count: int, total: float, least: float, most: float) -> None:
        """Take in some more."""
        self.count += count
        self.sum += total
        self.min = min(self.min, least)
        self.max = max(self.max, most)

    def value(self, aggregation: str) -> float | None:
        """Return one of `AGGREGATIONS` that adds up."""
        values = {"count": self.count, "sum": self.sum, "min": self.min, "max": self.max}
        values["avg"] = self.sum / (self.count or 1)
        return values[aggregation] if self.count or aggregation in {"count", "sum"} else None


def _percentiles(
    store: Store, question: Question, key: str, buckets: Buckets, *, share: str
) -> list[NumericPoint]:
    dialect = store.dialect
    slot = dialect.slots[buckets.slot]
    slots = [row[0] for row in ask(store, filled(_SLOTS, {"slot": slot}), question)]
    words = {
        **_number(store),
        "slot": slot,
        "quantile": dialect.quantiles.format(value="number", shares=share) + "[1]",
        "slots": f"CAST({dialect.bind('slots')} AS TIMESTAMP[])",
        "positions": f"CAST({dialect.bind('positions')} AS BIGINT[])",
    }
    more = {**_bound(key), "slots": slots, "positions": [buckets.position(each) for each in slots]}
    points = [NumericPoint(value=None, count=0)] * len(buckets)
    for bucket, count, value in ask(store, filled(_TREND, words), question, more) if slots else ():
        points[bucket] = NumericPoint(value=value, count=count)
    return points


def _number(store: Store) -> dict[str, str]:
    dialect = store.dialect
    return {
        "number": dialect.number.format(name="key"),
        "is_number": dialect.contains.format(text="number_keys", name="line"),
    }


def _bound(key: str) -> dict[str, object]:
    return {"key": key, "line": json_lines([key])}
