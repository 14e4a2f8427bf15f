"""Margins, end users, dimensions, revenue and insights, sync and async alike."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from bearlumen import BearLumen, ConflictError, InvalidRequestError, NotFoundError
from bearlumen_server import LocalServer, local_server

from .conftest import Ask

MAY: dict[str, Any] = {"start_date": "2026-05-01", "end_date": "2026-05-31"}
ODD = "a/..?x=1#y ü\n%2F"


@pytest.fixture(scope="session")
def server() -> Iterator[LocalServer]:
    """A server with three calls and a subscription in its ledger.

    acme pays 31 for May and costs 1.5 + 0.5; globex costs 1 and pays nothing.
    """
    with local_server() as running:
        with BearLumen(api_key=running.api_key, base_url=running.url) as bear:
            for user, cost, day, seats in [
                ("acme", "1.5", 4, 3),
                ("acme", "0.5", 5, 5),
                ("globex", "1", 5, 10),
            ]:
                bear.track(
                    None, model="own", provider="us", cost=Decimal(cost), user_id=user,
                    timestamp=datetime(2026, 5, day, 12, tzinfo=UTC), latency_ms=250,
                    dimensions={"team": user[0], "seats": seats}, feature="chat",
                )  # fmt: skip
            assert bear.flush()
            bear.revenue.report(
                revenue_id="may", external_id="acme", amount="31",
                period_start=date(2026, 5, 1), period_end=date(2026, 5, 31),
            )  # fmt: skip
            bear.end_users.upsert("acme", name="Acme Inc")
        yield running


def test_margin_summary(ask: Ask) -> None:
    """31 less 3 of cost."""
    answer = ask(lambda bear: bear.margins.summary(**MAY))
    assert (answer.summary.revenue, answer.summary.cost) == (31, 3)
    assert answer.summary.margin_percent == pytest.approx(90.3226)
    assert (answer.summary.health, answer.unpriced_events) == ("healthy", 0)
    scoped = ask(lambda bear: bear.margins.summary(**MAY, external_id="globex"))
    assert (scoped.summary.margin, scoped.summary.margin_percent) == (-1, None)


def test_margin_trend(ask: Ask) -> None:
    """A dollar a day, less what the day cost."""
    answer = ask(lambda bear: bear.margins.trend(**MAY, granularity="day"))
    assert (answer.granularity, len(answer.points)) == ("day", 31)
    fourth = answer.points[3]
    assert (fourth.start, fourth.margin) == (datetime(2026, 5, 4, tzinfo=UTC), Decimal("-0.5"))
    weeks = ask(lambda bear: bear.margins.trend(**MAY, granularity="week", timezone="Asia/Tokyo"))
    assert sum(point.cost for point in weeks.points) == 3


def test_margins_name_the_end_user(ask: Ask) -> None:
    """As it was told."""
    answer = ask(lambda bear: bear.margins.by_end_user(**MAY, sort="endUserId"))
    assert [(each.end_user_id, each.end_user_name, each.margin) for each in answer.end_users] == [
        ("acme", "Acme Inc", 29),
        ("globex", None, -1),
    ]
    assert answer.end_users[0].deactivated_at is None


def test_revenue_is_listed_as_it_was_reported(ask: Ask) -> None:
    """Whole days are days; the range is of the time it counts from."""
    answer = ask(lambda bear: bear.revenue.list(**MAY, external_id="acme"))
    (event,) = answer.events
    assert (event.revenue_id, event.external_id, event.amount) == ("may", "acme", 31)
    assert (event.period_start, event.period_end) == (date(2026, 5, 1), date(2026, 5, 31))
    assert (event.occurred_at, event.currency) == (None, "USD")
    later: dict[str, Any] = {"start_date": "2026-05-02", "end_date": "2026-05-31"}
    assert ask(lambda bear: bear.revenue.list(**later)).total == 0


def test_an_end_user_of_any_id(ask: Ask) -> None:
    """Made, read, marked and found."""
    made = ask(lambda bear: bear.end_users.upsert(ODD, email="a@b.test", metadata={"n": 1.5}))
    assert (made.external_id, made.metadata) == (ODD, {"n": Decimal("1.5")})
    gone = ask(lambda bear: bear.end_users.deactivate(ODD))
    assert gone.deactivated_at is not None
    listed = ask(lambda bear: bear.end_users.list(status="deactivated", search="A@B", limit=5))
    assert [each.external_id for each in listed.end_users] == [ODD]
    back = ask(lambda bear: bear.end_users.reactivate(ODD))
    assert back == ask(lambda bear: bear.end_users.get(ODD))
    assert (back.deactivated_at, back.email) == (None, "a@b.test")


def test_nobody_is_not_found(ask: Ask) -> None:
    """An id that is empty is not asked about."""
    with pytest.raises(NotFoundError):
        ask(lambda bear: bear.end_users.get("nobody"))
    with pytest.raises(InvalidRequestError, match="external_id"):
        ask(lambda bear: bear.end_users.get(""))


def test_definitions_are_managed(ask: Ask) -> None:
    """A key is defined once, by any name."""
    made = ask(lambda bear: bear.dimensions.create(ODD, type="number", label="Odd"))
    assert (made.key, made.type, made.description) == (ODD, "number", None)
    with pytest.raises(ConflictError):
        ask(lambda bear: bear.dimensions.create(ODD))
    changed = ask(lambda bear: bear.dimensions.update(ODD, label="", description="d"))
    assert (changed.type, changed.label, changed.description) == ("number", None, "d")
    assert ask(lambda bear: bear.dimensions.definitions()).definitions == [changed]
    assert ask(lambda bear: bear.dimensions.delete(ODD)) == changed
    with pytest.raises(NotFoundError):
        ask(lambda bear: bear.dimensions.delete(ODD))


def test_cost_by_a_dimension(ask: Ask) -> None:
    """As a split and over time; the rest is one series."""
    split = ask(lambda bear: bear.dimensions.cost_breakdown("team", **MAY))
    assert [(item.attribution_value, item.total_cost) for item in split.items] == [
        ("a", 2),
        ("g", 1),
    ]
    trend = ask(
        lambda bear: bear.dimensions.cost_trend("team", **MAY, granularity="month", limit=1)
    )
    assert [(each.attribution_value, each.is_other, each.total_cost) for each in trend.series] == [
        ("a", False, 2),
        (None, True, 1),
    ]
    assert (trend.total_cost, len(trend.series[0].points)) == (3, 1)


def test_numbers_of_a_dimension(ask: Ask) -> None:
    """3, 5 and 10 seats."""
    summary = ask(lambda bear: bear.dimensions.numeric_summary("seats", **MAY))
    assert (summary.count, summary.sum, summary.avg, summary.p50) == (3, 18, 6, 5)
    trend = ask(
        lambda bear: bear.dimensions.numeric_trend(
            "seats", **MAY, aggregation="max", granularity="week"
        )
    )
    assert [point.value for point in trend.points] == [None, 10, None, None, None]
    assert [point.count for point in trend.points] == [0, 3, 0, 0, 0]


def test_insights(ask: Ask) -> None:
    """Totals, what is new this month, who costs more than they pay, and how it is spread."""
    answer = ask(
        lambda bear: bear.insights.summary(
            start="2026-05-01", end="2026-05-31", include=["distributions"], limit=10
        )
    )
    assert (answer.totals.cost, answer.totals.events, answer.totals.end_users) == (3, 3, 2)
    assert (answer.top_movers[0].dimension, answer.top_movers[0].change) == ("feature", 3)
    losing = [each for each in answer.opportunities if each.kind == "negative_margin"]
    assert [(each.end_user_id, each.estimated_saving) for each in losing] == [("globex", 1)]
    spread = answer.distributions.latency_ms
    assert (spread.count, spread.p95) == (3, 250)
    assert [(each.lower, each.upper) for each in spread.buckets if each.count] == [(200, 500)]
    plain = ask(lambda bear: bear.insights.summary(start="2026-05-01", end="2026-05-31"))
    assert plain.distributions is None
