"""Answers about what cost is put down to, in USD."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from ._base import Answer, Percent
from ._page import Page
from .costs import CostBreakdown, CostPoint
from .usage import UsageEventRecord


class DimensionKey(Answer):
    """A custom dimension in use."""

    key: str
    total_cost: Decimal
    """USD, of the events that have it. An event has several: keys add up to more than the whole."""
    event_count: int
    unpriced_events: int = 0


class DimensionKeys(Answer):
    """The custom dimensions that events of a range have, those of most events first."""

    keys: list[DimensionKey]


class DimensionValue(Answer):
    """One value of a dimension."""

    value: str
    """As text: 3 is `"3"` and True is `"true"`."""
    total_cost: Decimal
    percent_of_total: Percent
    """Of the cost of all events that have the dimension."""
    event_count: int
    unpriced_events: int = 0


class DimensionValues(Page[DimensionValue]):
    """The values of a dimension, costliest first, a page of them."""

    values: list[DimensionValue]
    total_cost: Decimal
    """USD, of all pages: of the events that have the dimension."""
    unpriced_events: int


class CostSeries(Answer):
    """The cost of one value over time."""

    name: str | None
    """The value, or `other`; None for the events without one."""
    attribution_value: str | None
    """None for the events without one, and for the others."""
    is_other: bool
    """Whether this is what all values that were not kept cost together."""
    total_cost: Decimal
    event_count: int
    unpriced_events: int
    points: list[CostPoint]


class CostTimeSeries(Answer):
    """Cost over time by what it was spent on, costliest first, the others last."""

    granularity: Literal["hour", "day", "week", "month"]
    series: list[CostSeries]
    total_cost: Decimal
    """USD, of all series."""
    unpriced_events: int


class Actor(Answer):
    """An agent or a workflow in use."""

    name: str
    total_cost: Decimal
    event_count: int
    unpriced_events: int = 0
    sessions: int
    """How many different sessions its events name."""
    first_seen: datetime
    """Its first event in the range."""
    last_seen: datetime


class Agents(Answer):
    """The agents that events of a range name, costliest first."""

    agents: list[Actor]


class Workflows(Answer):
    """The workflows that events of a range name, costliest first."""

    workflows: list[Actor]


class Session(Answer):
    """One conversation or job."""

    session_id: str
    session_type: str | None
    """None if its events name none, or not all the same."""
    end_user_id: str | None
    """None if its events name none, or not all the same."""
    total_cost: Decimal
    event_count: int
    unpriced_events: int = 0
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    started_at: datetime
    """When its first call was made."""
    ended_at: datetime
    """When its last call was made."""
    duration_seconds: float
    """From the first call to the last."""


class Sessions(Page[Session]):
    """Sessions, a page of them; the totals are those of all pages."""

    sessions: list[Session]
    total_cost: Decimal
    event_count: int
    unpriced_events: int


class SessionType(Answer):
    """What sessions of one type cost."""

    session_type: str | None
    """None for sessions whose events name no type, or not all the same."""
    sessions: int
    total_cost: Decimal
    event_count: int
    unpriced_events: int = 0
    average_cost: Decimal | None
    """USD of a session with any known cost; None if there is none. So are the two below."""
    median_cost: Decimal | None
    p95_cost: Decimal | None
    """Below it are 95 of 100 sessions."""


class SessionComparison(Answer):
    """What sessions of each type cost, the costliest type first."""

    session_types: list[SessionType]


class SessionDetail(Session):
    """One session as a whole."""

    events: list[UsageEventRecord]
    """In the order of the calls, the first 1000."""
    events_truncated: bool
    """Whether there are more events; `usage.events(session_id=…)` has them all."""
    by_model: CostBreakdown
    by_agent: CostBreakdown
    by_feature: CostBreakdown
