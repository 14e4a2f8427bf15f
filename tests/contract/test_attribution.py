"""What cost is put down to, over time and by anything, sync and async alike."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bearlumen import BearLumen, InvalidRequestError, NotFoundError
from bearlumen_server import LocalServer

from .conftest import Ask

# Another month than that of the tests beside, whose sums are of November.
OCTOBER: dict[str, Any] = {"start_date": "2026-10-01", "end_date": "2026-10-31"}
NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
NEXT = NOON + timedelta(days=1)
SESSION = "a/b c?日本"
TOTAL = Decimal(7)


@pytest.fixture(scope="module", autouse=True)
def october(server: LocalServer) -> None:
    """Calls of two days: 1 + 2 USD in a session of ten minutes, 4 in another, and one unpriced."""
    calls: list[dict[str, Any]] = [
        {"cost": Decimal(1), "agent": "writer", "workflow": "w", "session_id": SESSION,
         "session_type": "chat", "user_id": "acme", "dimensions": {"team": "red", "seats": 3},
         "units": {"seconds": Decimal("0.1")}, "timestamp": NOON},
        {"cost": Decimal(2), "agent": "writer", "session_id": SESSION, "session_type": "chat",
         "user_id": "acme", "dimensions": {"team": "red"}, "units": {"seconds": Decimal("0.2")},
         "timestamp": NOON + timedelta(minutes=10)},
        {"cost": Decimal(4), "agent": "reader", "session_id": "s2", "session_type": "chat",
         "user_id": "globex", "dimensions": {"team": "blue"}, "timestamp": NEXT},
        {"units": {"images": 2}, "timestamp": NEXT},
    ]  # fmt: skip
    with BearLumen(api_key=server.api_key, base_url=server.url) as bear:
        for call in calls:
            bear.track(None, model="own-model", provider="own", **call)
        assert bear.flush()


def test_cost_over_time(ask: Ask) -> None:
    """Every day of the range is a point, also of one user alone."""
    asked = {"start_date": "2026-10-04", "end_date": "2026-10-06"}
    answer = ask(lambda bear: bear.costs.trend(**asked))
    assert [point.total_cost for point in answer.points] == [0, 3, 4]
    assert (answer.total_cost, answer.unpriced_events, answer.granularity) == (TOTAL, 1, "day")
    assert answer.points[1].start == datetime(2026, 10, 5, tzinfo=UTC)
    week = ask(lambda bear: bear.costs.for_user("acme").trend(**OCTOBER, granularity="week"))
    assert [point.event_count for point in week.points] == [0, 2, 0, 0, 0]


def test_cost_against_the_period_before(ask: Ask) -> None:
    """4 after 3 is a third more; without a range, the last 30 days are meant."""
    asked = {"start_date": "2026-10-06", "end_date": "2026-10-06"}
    answer = ask(lambda bear: bear.costs.summary(**asked))
    assert (answer.total_cost, answer.previous_period.total_cost, answer.change) == (4, 3, 1)
    assert answer.change_percent == pytest.approx(100 / 3, abs=1e-4)
    assert answer.average_cost_per_event == 4
    user = ask(lambda bear: bear.costs.for_user("globex").summary(**asked))
    assert (user.previous_period.total_cost, user.change_percent) == (0, None)
    recent = ask(lambda bear: bear.costs.summary())
    assert recent.end_date - recent.start_date == timedelta(days=30)


def test_half_a_range_is_none(ask: Ask) -> None:
    """It is not guessed what the other half would be."""
    with pytest.raises(InvalidRequestError, match="end_date"):
        ask(lambda bear: bear.costs.summary(start_date="2026-10-01"))


COST_METHODS = [
    "by_model", "by_provider", "by_feature", "by_agent", "by_workflow", "trend", "summary",
    "detailed_by_model", "detailed_by_provider", "detailed_by_end_user",
]  # fmt: skip


@pytest.mark.parametrize("method", COST_METHODS)
def test_every_cost_question_can_be_about_one_user(ask: Ask, method: str) -> None:
    """And says of that user what it says of all users where there is no other."""
    answer = ask(lambda bear: getattr(bear.costs.for_user("acme"), method)(**OCTOBER))
    filtered = ask(lambda bear: getattr(bear.costs, method)(**OCTOBER, external_id="acme"))
    assert answer.total_cost == 3
    assert answer == filtered


def test_everything_that_is_counted(ask: Ask) -> None:
    """Tenths of a second are added as tenths."""
    items = ask(lambda bear: bear.usage.aggregation(**OCTOBER)).items
    assert {item.metric_name: (item.kind, item.quantity, item.event_count) for item in items} == {
        "images": ("units", Decimal(2), 1),
        "seconds": ("units", Decimal("0.3"), 2),
    }


def test_cost_by_a_dimension(ask: Ask) -> None:
    """Events without it are an item."""
    answer = ask(lambda bear: bear.attribution.by_dimension(dimension="team", **OCTOBER))
    assert {item.attribution_value: item.total_cost for item in answer.items} == {
        "blue": 4,
        "red": 3,
        None: 0,
    }
    assert (answer.total_cost, answer.unpriced_events) == (TOTAL, 1)


def test_dimensions_in_use(ask: Ask) -> None:
    """The keys, and the values of one in pages."""
    keys = ask(lambda bear: bear.attribution.dimension_keys(**OCTOBER)).keys
    assert [(each.key, each.event_count) for each in keys] == [("team", 3), ("seats", 1)]
    first = ask(
        lambda bear: bear.attribution.dimension_values(dimension="team", **OCTOBER, limit=1)
    )
    assert [(each.value, each.total_cost) for each in first.values] == [("blue", 4)]
    assert (first.total, first.has_more) == (2, True)


def test_cost_of_each_value_over_time(ask: Ask) -> None:
    """What is not among the costliest is one other series."""
    asked = {"start_date": "2026-10-05", "end_date": "2026-10-06", "limit": 1}
    answer = ask(lambda bear: bear.attribution.time_series(dimension="agent", **asked))
    assert [
        (each.name, each.is_other, [point.total_cost for point in each.points])
        for each in answer.series
    ] == [("reader", False, [0, 4]), ("other", True, [3, 0])]


def test_agents_and_workflows_in_use(ask: Ask) -> None:
    """With their sessions, and when they were seen."""
    agents = ask(lambda bear: bear.attribution.agents(**OCTOBER)).agents
    assert [(each.name, each.total_cost, each.sessions) for each in agents] == [
        ("reader", 4, 1),
        ("writer", 3, 1),
    ]
    assert agents[1].last_seen - agents[1].first_seen == timedelta(minutes=10)
    (workflow,) = ask(lambda bear: bear.attribution.workflows(**OCTOBER)).workflows
    assert (workflow.name, workflow.event_count) == ("w", 1)


def test_sessions_in_pages(ask: Ask) -> None:
    """The newest first, or by what is asked for."""
    newest = ask(lambda bear: bear.attribution.sessions(**OCTOBER))
    assert [each.session_id for each in newest.sessions] == ["s2", SESSION]
    longest = ask(
        lambda bear: bear.attribution.sessions(**OCTOBER, sort="-durationSeconds", limit=1)
    )
    (session,) = longest.sessions
    assert (session.session_id, session.duration_seconds, session.end_user_id) == (
        SESSION, 600, "acme",
    )  # fmt: skip
    assert (longest.total_cost, longest.total, longest.has_more) == (TOTAL, 2, True)


def test_types_of_sessions_are_compared(ask: Ask) -> None:
    """Sessions of 3 and 4 USD: 3.5 in the middle, and 3 + 0.95 of the step between below p95."""
    (chat,) = ask(lambda bear: bear.attribution.session_comparison(**OCTOBER)).session_types
    assert (chat.session_type, chat.sessions, chat.total_cost) == ("chat", 2, TOTAL)
    assert (chat.average_cost, chat.median_cost) == (Decimal("3.5"), Decimal("3.5"))
    assert chat.p95_cost == Decimal("3.95")


def test_one_session_as_a_whole(ask: Ask) -> None:
    """Whatever its id is made of."""
    answer = ask(lambda bear: bear.attribution.session_detail(SESSION))
    assert [event.cost for event in answer.events] == [1, 2]
    assert (answer.total_cost, answer.events_truncated) == (3, False)
    assert [item.attribution_value for item in answer.by_agent.items] == ["writer"]


def test_no_such_session(ask: Ask) -> None:
    """It is not found; an empty id is refused before it is asked for."""
    with pytest.raises(NotFoundError):
        ask(lambda bear: bear.attribution.session_detail(".."))
    with pytest.raises(InvalidRequestError):
        ask(lambda bear: bear.attribution.session_detail(""))
