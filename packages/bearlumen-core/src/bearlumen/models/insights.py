"""Answers about what stands out."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import Field

from ._base import Answer, Percent
from ._number import Measure, MeasureOrNone


class InsightTotals(Answer):
    """Everything in the range, against the range before it, which is as long."""

    cost: Decimal
    """USD, of the events with a known price."""
    events: int
    tokens: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_read_percent: Percent | None
    """How much of the input was read from a cache; None without any input."""
    end_users: int
    unpriced_events: int
    cost_per_event: Decimal | None
    """Of the events with a known price; None without any."""
    previous_cost: Decimal
    change: Decimal
    change_percent: Percent | None
    """None where nothing was spent before."""


class Mover(Answer):
    """Something that costs more or less than in the range before."""

    dimension: Literal["feature", "model", "endUser", "agent"]
    value: str | None
    """None for the events that have no such label."""
    current: Decimal
    previous: Decimal
    change: Decimal
    change_percent: Percent | None
    """None for what did not cost anything before."""
    unpriced_events: int = 0
    """Of both ranges."""


class Anomaly(Answer):
    """A day that cost far more or less than the others."""

    dimension: Literal["feature", "model"] | None
    """None for everything together."""
    value: str | None
    start: datetime
    end: datetime
    """Exclusive."""
    cost: Decimal
    usual: Decimal
    """The median of the days of the range."""
    deviation: Decimal
    """Cost minus usual."""
    threshold: Decimal
    """How far from the usual a day may be without standing out."""
    unpriced_events: int = 0


class Opportunity(Answer):
    """Something that could be better."""

    kind: str
    """`unpriced_model`, `negative_margin`, `uncached_input` or `unattributed_cost`."""
    explanation: str
    provider: str | None = None
    model: str | None = None
    feature: str | None = None
    end_user_id: str | None = None
    dimension: str | None = None
    event_count: int | None = None
    cost: Decimal | None = None
    estimated_saving: Decimal | None = None
    """USD in the range, at most; None where nobody can tell."""


class DistributionBucket(Answer):
    """How many events are above one edge and not above the next."""

    lower: Measure = Field(alias="from")
    """Exclusive; but 0 is in the first bucket."""
    upper: MeasureOrNone = Field(alias="to")
    """Inclusive; None for the last bucket, which has no end."""
    count: int


class Distribution(Answer):
    """How a number is spread over the events that have it."""

    count: int
    min: MeasureOrNone
    max: MeasureOrNone
    mean: MeasureOrNone
    p50: MeasureOrNone
    p90: MeasureOrNone
    p95: MeasureOrNone
    p99: MeasureOrNone
    buckets: list[DistributionBucket]


class Distributions(Answer):
    """How cost, tokens and latency are spread."""

    cost_per_event: Distribution
    """In USD, of the events with a known price."""
    tokens_per_event: Distribution
    """Input and output together, of the events that report them."""
    latency_ms: Distribution | None = None
    """None where no event says how long it took."""


class InsightSummary(Answer):
    """What stands out in a range."""

    rows_field: ClassVar[str | None] = "top_movers"

    totals: InsightTotals
    top_movers: list[Mover]
    """What changed most, in dollars, most first."""
    anomalies: list[Anomaly]
    """Those furthest from the usual first."""
    opportunities: list[Opportunity]
    distributions: Distributions | None = None
    """None unless included."""
