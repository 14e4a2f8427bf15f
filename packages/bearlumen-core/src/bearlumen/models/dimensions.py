"""Answers about custom dimensions."""

from datetime import datetime
from typing import Literal

from ._base import Answer
from ._number import Number, NumberOrNone


class DimensionDefinition(Answer):
    """What you said of one of your dimensions."""

    key: str
    type: Literal["string", "number", "boolean"]
    label: str | None = None
    description: str | None = None


class DimensionDefinitions(Answer):
    """The dimensions that were defined, in the order of their keys."""

    definitions: list[DimensionDefinition]


class NumericSummary(Answer):
    """What the numbers of a dimension add up to. Of no number at all, only count and sum are 0."""

    key: str
    count: int
    """How many events have a number there. Texts and booleans do not count."""
    sum: Number
    avg: NumberOrNone
    min: NumberOrNone
    max: NumberOrNone
    p50: NumberOrNone
    """Percentiles are exact, and interpolated between the two events around them."""
    p95: NumberOrNone
    p99: NumberOrNone


class NumericPoint(Answer):
    """The numbers of one bucket, aggregated."""

    start: datetime
    end: datetime
    """Exclusive."""
    value: NumberOrNone
    """None for a bucket without numbers, except that a count or a sum is then 0."""
    count: int


class NumericTrend(Answer):
    """The numbers of a dimension over time, aggregated in one way."""

    key: str
    aggregation: Literal["count", "sum", "avg", "min", "max", "p50", "p95", "p99"]
    granularity: Literal["hour", "day", "week", "month"]
    points: list[NumericPoint]
    """One for each bucket of the range."""
