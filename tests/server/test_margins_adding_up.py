"""Laws over random ledgers: whatever is asked, the numbers add up to the events themselves."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from statistics import fmean
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from server.helpers import uuid7

from bearlumen.pricing.book import PriceBook
from bearlumen_server.ledger.decode import decode_batch
from bearlumen_server.ledger.pricing import price
from bearlumen_server.ledger.revenue import decode_revenue
from bearlumen_server.reports.buckets import GRANULARITIES, cut
from bearlumen_server.reports.costs import cost_by
from bearlumen_server.reports.distributions import COST, LATENCY, TOKENS, distribution
from bearlumen_server.reports.grouping import by_dimension
from bearlumen_server.reports.margins import margin_of, margins_by_end_user, margins_over_time
from bearlumen_server.reports.numbers import AGGREGATIONS, numeric_summary, numeric_trend
from bearlumen_server.reports.question import Question
from bearlumen_server.reports.series import cost_series
from bearlumen_server.storage.duckdb import DuckDBStore

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 4, 1, tzinfo=UTC)
BOOK = PriceBook([], version="none")
"""A stated cost, or none: pricing has laws of its own."""
ORGANIZATIONS = count()

USERS = st.sampled_from([None, "a", "b", "c"])
TIMES = st.datetimes(datetime(2026, 2, 20), datetime(2026, 3, 31), timezones=st.just(UTC))  # noqa: DTZ001
COSTS = st.none() | st.decimals(0, 1000, places=12)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9)
VALUES = st.sampled_from(["x", "7", "", True, False]) | NUMBERS
EVENTS = st.fixed_dictionaries(
    {
        "sdk_event_id": st.builds(lambda: str(uuid7())),
        "model": st.sampled_from(["m1", "m2"]),
        "event_invoked_at": TIMES.map(datetime.isoformat),
        "user_id": USERS,
        "input_tokens": st.none() | st.integers(0, 10**6),
        "metadata": st.fixed_dictionaries(
            {
                "cost": COSTS.map(lambda cost: None if cost is None else f"{cost:f}"),
                "dimensions": st.just({}) | st.fixed_dictionaries({"k": VALUES}),
                "latency_ms": st.none() | st.floats(0, 10**6),
            }
        ),
    }
)
REVENUE = st.fixed_dictionaries(
    {
        "externalId": st.sampled_from(["a", "b", "d"]),
        "amount": st.decimals(-1000, 10**6, places=12).map(lambda amount: f"{amount:f}"),
        "occurredAt": TIMES.map(datetime.isoformat),
    }
)
LEDGERS = st.tuples(st.lists(EVENTS, max_size=12), st.lists(REVENUE, max_size=5))
ZONES = st.sampled_from([ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "Asia/Kathmandu")])
EXAMPLES = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBStore]:
    """One ledger, in which every example has an organisation of its own."""
    opened = DuckDBStore(tmp_path_factory.mktemp("laws") / "ledger.duckdb")
    yield opened
    opened.close()


def written(store: DuckDBStore, ledger: tuple[list[Any], list[Any]], zone: ZoneInfo) -> Question:
    """Write a ledger, and return the question about March of it."""
    org_id = f"org_{next(ORGANIZATIONS)}"
    events, revenue = ledger
    if events:
        batch = decode_batch(json.dumps({"events": events}).encode(), now=NOW)
        assert not batch.rejected
        rows = [price(each, org_id=org_id, book=BOOK) for each in batch.events]
        store.append_usage([store.lay_out(rows)])
    if revenue:
        sent = [json.dumps({**each, "revenueId": str(n)}) for n, each in enumerate(revenue)]
        records = [decode_revenue(each.encode(), now=NOW) for each in sent]
        store.append_revenue(records, org_id=org_id)
    start, end = datetime(2026, 3, 1, tzinfo=zone), datetime(2026, 4, 1, tzinfo=zone)
    return Question(org_id=org_id, start=start, end=end, zone=zone)


@EXAMPLES
@given(ledger=LEDGERS, zone=ZONES, granularity=st.sampled_from(GRANULARITIES))
def test_margins_add_up(
    store: DuckDBStore, ledger: tuple[list[Any], list[Any]], zone: ZoneInfo, granularity: Any
) -> None:
    """The summary's cost is that of the costs; end users and buckets sum to the summary."""
    question = written(store, ledger, zone)
    whole = margin_of(store, question)
    costs = cost_by(store, question, "model")
    assert (whole.cost, whole.unpriced_events) == (costs.total_cost, costs.unpriced_events)
    page = margins_by_end_user(store, question, sort="cost", descending=True, limit=3, offset=0)
    rest = margins_by_end_user(store, question, sort="cost", descending=True, limit=3, offset=3)
    users = (*page.end_users, *rest.end_users)
    assert (page.total, page.unpriced_events) == (len(users), whole.unpriced_events)
    buckets = cut(question.start, question.end, granularity, zone)
    for parts in (users, margins_over_time(store, question, buckets)):
        assert sum((each.revenue for each in parts), Decimal(0)) == whole.revenue
        assert sum((each.margin for each in parts), Decimal(0)) == whole.margin
        assert sum(each.unpriced_events for each in parts) == whole.unpriced_events


@EXAMPLES
@given(ledger=LEDGERS, zone=ZONES, limit=st.integers(1, 4))
def test_a_dimension_adds_up(
    store: DuckDBStore, ledger: tuple[list[Any], list[Any]], zone: ZoneInfo, limit: int
) -> None:
    """Its values, those without it, and the rest, are all the cost there is."""
    question = written(store, ledger, zone)
    costs = cost_by(store, question, "model")
    events = sum(item.events for item in costs.items)
    group = by_dimension(store, question, "k")
    split = cost_by(store, question, group)
    assert (split.total_cost, split.unpriced_events) == (costs.total_cost, costs.unpriced_events)
    assert sum(item.events for item in split.items) == events
    assert sum(item.percent for item in split.items) == (100 if costs.total_cost else 0)
    buckets = cut(question.start, question.end, "week", zone)
    series = cost_series(store, question, buckets, group, limit=limit)
    points = [point for each in series for point in each.series.points]
    assert sum((point.total_cost for point in points), Decimal(0)) == costs.total_cost
    assert sum(point.events for point in points) == events
    own = [(each.value, each.series.whole.total_cost) for each in series if not each.is_other]
    assert own == [(item.value, item.total_cost) for item in split.items[:limit]]
    assert len(series) == min(len(split.items), limit + 1)


@EXAMPLES
@given(ledger=LEDGERS, zone=ZONES)
def test_numbers_are_those_that_python_works_out(
    store: DuckDBStore, ledger: tuple[list[Any], list[Any]], zone: ZoneInfo
) -> None:
    """Of the numbers in the range alone; the points of a trend sum to the summary."""
    question = written(store, ledger, zone)
    found = numeric_summary(store, question, "k").values
    numbers = sorted(_numbers(ledger[0], question))
    expected: dict[str, Any] = dict.fromkeys(AGGREGATIONS)
    expected |= {"count": len(numbers), "sum": math.fsum(numbers)}
    if numbers:
        expected |= {"avg": fmean(numbers), "min": numbers[0], "max": numbers[-1]}
        expected |= {f"p{share}": _quantile(numbers, share / 100) for share in (50, 95, 99)}
    scale = max(map(abs, numbers), default=0)
    for name, value in expected.items():
        assert found[name] == (None if value is None else pytest.approx(value, abs=scale * 1e-9))
    buckets = cut(question.start, question.end, "week", zone)
    counts = numeric_trend(store, question, "k", buckets, aggregation="count")
    assert sum(point.value or 0 for point in counts) == len(numbers)
    sums = numeric_trend(store, question, "k", buckets, aggregation="sum")
    assert math.fsum(p.value or 0 for p in sums) == pytest.approx(found["sum"], abs=scale * 1e-9)
    highest = numeric_trend(store, question, "k", buckets, aggregation="max")
    assert max((p.value for p in highest if p.value is not None), default=None) == found["max"]


@EXAMPLES
@given(ledger=LEDGERS, zone=ZONES)
def test_every_event_is_in_one_bucket_of_a_distribution(
    store: DuckDBStore, ledger: tuple[list[Any], list[Any]], zone: ZoneInfo
) -> None:
    """Of those that have the number at all; the percentiles lie between the extremes, in order."""
    question = written(store, ledger, zone)
    inside = [each for each in ledger[0] if _within(each, question)]
    having = {
        COST: [each for each in inside if each["metadata"]["cost"] is not None],
        TOKENS: [each for each in inside if each["input_tokens"] is not None],
        LATENCY: [each for each in inside if each["metadata"]["latency_ms"] is not None],
    }
    for measure, events in having.items():
        found = distribution(store, question, measure)
        assert sum(found.counts) == found.count == len(events)
        assert min(found.counts) >= 0
        if events:
            assert found.least is not None
            assert found.most is not None
            values = [each for each in found.percentiles.values() if each is not None]
            assert [found.least, *values, found.most] == sorted([found.least, *values, found.most])


def _within(event: dict[str, Any], question: Question) -> bool:
    return question.start <= datetime.fromisoformat(event["event_invoked_at"]) < question.end


def _numbers(events: list[Any], question: Question) -> Iterator[float]:
    for each in events:
        value = each["metadata"]["dimensions"].get("k")
        if (
            _within(each, question)
            and isinstance(value, int | float)
            and not isinstance(value, bool)
        ):
            yield float(value)


def _quantile(ordered: list[float], share: float) -> float:
    place = (len(ordered) - 1) * share
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
