"""What was tracked is what the questions answer, to the last digit, sync and async alike."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from bearlumen import (
    AuthenticationError,
    BearLumen,
    BearLumenApiError,
    InvalidRequestError,
    NetworkError,
    PermissionDeniedError,
)
from bearlumen_server import LocalServer

from .conftest import Ask

NOVEMBER: dict[str, Any] = {"start_date": "2026-11-01", "end_date": "2026-11-30"}
TOTAL = Decimal("0.006500000123")


def test_ping_names_the_organization(ask: Ask) -> None:
    """The key is known, and whose it is."""
    answer = ask(lambda bear: bear.ping())
    assert answer.ok
    assert answer.organization_id == "local"


def test_cost_by_model(ask: Ask) -> None:
    """Priced, stated and unknown costs are told apart."""
    answer = ask(lambda bear: bear.costs.by_model(**NOVEMBER))
    assert [
        (item.attribution_value, item.total_cost, item.event_count, item.unpriced_events)
        for item in answer.items
    ] == [
        ("gpt-4o-2024-08-06", Decimal("0.0065"), 2, 0),
        ("voice-1", Decimal("0.000000000123"), 2, 1),
    ]
    assert answer.total_cost == TOTAL
    assert answer.unpriced_events == 1
    assert sum(item.percent_of_total for item in answer.items) == pytest.approx(100)


def test_cost_by_provider(ask: Ask) -> None:
    """The same money, split otherwise."""
    answer = ask(lambda bear: bear.costs.by_provider(**NOVEMBER))
    assert [item.attribution_value for item in answer.items] == ["openai", "elevenlabs"]
    assert answer.total_cost == TOTAL


def test_events_without_a_feature_are_an_item(ask: Ask) -> None:
    """Nothing is dropped for want of a label."""
    answer = ask(lambda bear: bear.costs.by_feature(**NOVEMBER))
    by_name = {item.attribution_value: item.event_count for item in answer.items}
    assert by_name == {"chat": 2, "speech": 1, None: 1}


def test_cost_of_one_user(ask: Ask) -> None:
    """Every cost question can be asked about one end user."""
    answer = ask(lambda bear: bear.costs.for_user("acme").by_model(**NOVEMBER))
    assert answer.total_cost == Decimal("0.003500000123")
    assert ask(lambda bear: bear.costs.for_user("nobody").by_model(**NOVEMBER)).items == []


def test_end_users_in_detail(ask: Ask) -> None:
    """Tokens and cost stand side by side, a page at a time."""
    first = ask(lambda bear: bear.costs.detailed_by_end_user(**NOVEMBER, limit=1))
    assert (first.total, first.has_more, len(first.items)) == (2, True, 1)
    assert first.items[0].attribution_value == "acme"
    assert (first.items[0].input_tokens, first.items[0].output_tokens) == (1000, 100)
    second = ask(lambda bear: bear.costs.detailed_by_end_user(**NOVEMBER, limit=1, offset=1))
    assert second.items[0].cache_read_tokens == 400
    assert first.total_cost == TOTAL


def test_events_carry_everything(ask: Ask) -> None:
    """An event comes back as it was tracked, with its cost and where that came from."""
    page = ask(lambda bear: bear.usage.events(**NOVEMBER, model="voice-1", feature="speech"))
    (event,) = page.events
    assert event.timestamp == datetime(2026, 11, 3, 12, tzinfo=UTC)
    assert (event.cost, event.cost_source) == (Decimal("0.000000000123"), "explicit")
    assert event.units == {"characters": Decimal("2.5")}
    assert event.input_tokens is None
    assert event.end_user_id == "acme"


def test_model_costs_add_up_to_the_events(ask: Ask) -> None:
    """The total by model is the sum over the events, to the last digit."""
    events = ask(lambda bear: bear.usage.events(**NOVEMBER)).events
    total = ask(lambda bear: bear.costs.by_model(**NOVEMBER)).total_cost
    assert sum(event.cost for event in events if event.cost is not None) == total


def test_summary(ask: Ask) -> None:
    """The totals of the month."""
    answer = ask(lambda bear: bear.usage.summary(**NOVEMBER))
    assert (answer.total_events, answer.unpriced_events, answer.end_users) == (4, 1, 2)
    assert (answer.total_input_tokens, answer.total_output_tokens) == (2000, 200)
    assert answer.total_cache_read_tokens == 400
    assert answer.total_cost == TOTAL


@pytest.mark.parametrize(
    ("filters", "events"),
    [
        ({"model": "gpt-4o-2024-08-06"}, 2),
        ({"provider": ["openai", "elevenlabs"]}, 4),
        ({"agent": "writer"}, 1),
        ({"model": {"voice-1"}}, 2),
        ({"dimensions": {"team": "search"}}, 1),
        ({"dimensions": {"team": ["search", "other"]}, "external_id": "globex"}, 0),
    ],
)
def test_filters_keep_what_matches(ask: Ask, filters: dict[str, Any], events: int) -> None:
    """Filters narrow; several values of one widen."""
    assert ask(lambda bear: bear.usage.summary(**NOVEMBER, **filters)).total_events == events


@pytest.mark.parametrize(
    ("start", "end", "events"),
    [
        (date(2026, 11, 3), date(2026, 11, 3), 4),
        ("2026-11-04", "2026-11-04", 0),
        (datetime(2026, 11, 3, 12, tzinfo=UTC), datetime(2026, 11, 3, 13, tzinfo=UTC), 4),
        (datetime(2026, 11, 3, 11, tzinfo=UTC), datetime(2026, 11, 3, 12, tzinfo=UTC), 0),
        ("2026-11-03T13:00:00+01:00", "2026-11-03T13:00:00.000001+01:00", 4),
        ("2026-11-03T13:00:00+02:00", "2026-11-03T12:30:00+00:00", 4),
        ("20261101", "2026-11-30", 4),
    ],
)
def test_ranges(ask: Ask, start: Any, end: Any, events: int) -> None:
    """A date is its whole day; instants are half-open."""
    answer = ask(lambda bear: bear.usage.summary(start_date=start, end_date=end))
    assert answer.total_events == events


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-02", "2026-11-01"),
        (datetime(2026, 11, 1), datetime(2026, 11, 2)),  # noqa: DTZ001
        ("yesterday", "2026-11-01"),
        ("2026-11-03T09:00:00+00:00", "2026-11-03T10:00:00+02:00"),
        (
            datetime(2026, 11, 3, 12, tzinfo=timezone(timedelta(hours=-5))),
            datetime(2026, 11, 3, 12, tzinfo=UTC),
        ),
    ],
)
def test_impossible_range_is_refused(ask: Ask, start: Any, end: Any) -> None:
    """Reversed, without a zone, or no date at all."""
    with pytest.raises(InvalidRequestError):
        ask(lambda bear: bear.usage.summary(start_date=start, end_date=end))


def test_unknown_filter_is_misuse(ask: Ask) -> None:
    """A misspelt filter does not silently widen the answer."""
    with pytest.raises(TypeError, match="'models'"):
        ask(lambda bear: bear.costs.by_model(**NOVEMBER, models="gpt-4o"))
    with pytest.raises(TypeError, match="external_id is fixed"):
        ask(lambda bear: bear.costs.for_user("a").by_model(**NOVEMBER, external_id="b"))


@pytest.mark.parametrize("empty", [{"model": []}, {"provider": ()}, {"dimensions": {"team": []}}])
def test_empty_filter_is_not_everything(ask: Ask, empty: dict[str, Any]) -> None:
    """A filter by none of anything does not answer for all."""
    with pytest.raises(InvalidRequestError, match="empty"):
        ask(lambda bear: bear.usage.summary(**NOVEMBER, **empty))


def test_nobodys_cost_is_not_everybodys(ask: Ask) -> None:
    """A host that lost its customer's id is not shown all customers' costs."""
    for nobody in (None, ""):
        with pytest.raises(InvalidRequestError, match="names nobody"):
            ask(lambda bear, nobody=nobody: bear.costs.for_user(nobody).by_model(**NOVEMBER))


def test_revenue_is_counted_once(ask: Ask) -> None:
    """A reported amount makes a margin; reported again, it changes nothing."""
    report: dict[str, Any] = {
        "revenue_id": "invoice-1",
        "external_id": "acme",
        "amount": Decimal("10.00"),
        "period_start": date(2026, 11, 1),
        "period_end": date(2026, 11, 30),
    }
    ask(lambda bear: bear.revenue.report(**report))
    again = ask(lambda bear: bear.revenue.report(**report))
    assert (again.accepted, again.duplicates) == (0, 1)
    margins = ask(lambda bear: bear.margins.by_end_user(**NOVEMBER, sort="-revenue"))
    acme = margins.end_users[0]
    assert (acme.end_user_id, acme.revenue) == ("acme", Decimal(10))
    assert acme.margin == Decimal(10) - Decimal("0.003500000123")
    # One of acme's events has no known price, so the margin is an upper bound: no percentage.
    assert (acme.unpriced_events, acme.margin_percent, acme.health) == (1, None, None)


def test_wrong_key_is_an_authentication_error(server: LocalServer) -> None:
    """Both styles of catching work, and the answer can be found in the server's log."""
    with (
        BearLumen(api_key="sk_test_wrong", base_url=server.url) as bear,
        pytest.raises(AuthenticationError) as caught,
    ):
        bear.ping()
    error: BearLumenApiError = caught.value
    assert (error.code, error.status) == ("authentication_error", 401)
    assert error.correlation_id


def test_missing_scope_is_a_permission_error(server: LocalServer) -> None:
    """A key that may only write cannot read."""
    import httpx

    key = httpx.post(
        f"{server.url}/v1/keys",
        headers={"Authorization": f"Bearer {server.api_key}"},
        json={"name": "ingest", "scopes": ["usage:write"]},
    ).json()["key"]
    with (
        BearLumen(api_key=key, base_url=server.url) as bear,
        pytest.raises(PermissionDeniedError, match="costs:read"),
    ):
        bear.costs.by_model(**NOVEMBER)


def test_nobody_there_is_a_network_error() -> None:
    """Where nothing listens, the error says what to look at."""
    with (
        BearLumen(api_key="k", base_url="http://127.0.0.1:9", max_retries=0) as bear,
        pytest.raises(NetworkError, match="base_url") as caught,
    ):
        bear.ping()
    assert caught.value.status is None
