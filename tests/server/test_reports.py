from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from server.helpers import MARCH, Api, event

from bearlumen_server.reports.shares import shares

COSTS = ["by-model", "by-provider", "by-feature", "by-agent", "by-workflow"]


def costing(cost: str | None, **metadata: Any) -> dict[str, Any]:
    """Return an event of a model nobody has a price for."""
    return event(model="own-model", metadata={"cost": cost, **metadata})


def test_costs_are_split_highest_first_with_the_nameless_as_null(api: Api) -> None:
    """1 + 2 for chat, 4 for search, 1 for nobody: 50, 37.5 and 12.5 percent of 8."""
    rows = [("1", "chat"), ("2", "chat"), ("4", "search"), ("1", None)]
    api.send([costing(cost, feature=feature) for cost, feature in rows])
    answer = api.get("/v1/costs/by-feature")
    assert answer["totalCost"] == "8"
    assert [
        (item["attributionValue"], item["totalCost"], item["percentOfTotal"], item["eventCount"])
        for item in answer["items"]
    ] == [("search", "4", 50.0, 1), ("chat", "3", 37.5, 2), (None, "1", 12.5, 1)]


def test_an_unpriced_event_is_counted_and_never_passed_off_as_zero(api: Api) -> None:
    """A sum says how much it leaves out; among equals the nameless come last."""
    api.send([costing(None, feature="a"), costing(None), costing("0", feature="b")])
    answer = api.get("/v1/costs/by-feature")
    assert (answer["totalCost"], answer["unpricedEvents"]) == ("0", 2)
    assert [
        (item["attributionValue"], item["totalCost"], item["unpricedEvents"])
        for item in answer["items"]
    ] == [("a", "0", 1), ("b", "0", 0), (None, "0", 1)]
    assert [each["cost"] for each in api.events({"feature": ["a", "b"]})].count(None) == 1


@pytest.mark.parametrize("path", COSTS)
def test_no_events_cost_nothing(api: Api, path: str) -> None:
    """An empty range is an answer, not an error."""
    answer = api.get(f"/v1/costs/{path}")
    assert answer == {"items": [], "totalCost": "0", "unpricedEvents": 0}


def test_the_detailed_split_has_every_token_total(api: Api) -> None:
    """10 and 5 an event, twice, with 4 of the input from the cache once."""
    api.send([event(metadata={"usage": {"cache_read_tokens": 4}}), event()])
    (item,) = api.get("/v1/costs/detailed/by-model")["items"]
    assert (item["inputTokens"], item["outputTokens"], item["cacheReadTokens"]) == (20, 10, 4)


def test_end_users_come_in_pages(api: Api) -> None:
    """Costs 5 to 1 and one nameless of 0: six items, two a page, shares of the whole."""
    users = [costing(str(n)) | {"user_id": f"u{n}"} for n in range(1, 6)]
    api.send([*users, costing("0")])
    pages = [
        api.get("/v1/costs/detailed/by-end-user", {"limit": 2, "offset": offset})
        for offset in (0, 2, 4, 6)
    ]
    values = [[item["attributionValue"] for item in page["items"]] for page in pages]
    assert values == [["u5", "u4"], ["u3", "u2"], ["u1", None], []]
    assert [page["hasMore"] for page in pages] == [True, True, False, False]
    assert {(page["total"], page["totalCost"]) for page in pages} == {(6, "15")}
    assert pages[0]["items"][0]["percentOfTotal"] == 33.3333


def test_the_summary_adds_everything_up(api: Api) -> None:
    """Two events of 10 and 5 tokens, one end user, one without a price."""
    api.send([event(user_id="a"), costing(None) | {"user_id": "a"}])
    assert api.get("/v1/usage/summary") == {
        "totalEvents": 2,
        "totalInputTokens": 20,
        "totalOutputTokens": 10,
        "totalCacheReadTokens": 0,
        "totalCacheWriteTokens": 0,
        "totalReasoningTokens": 0,
        "totalCost": "0.01",
        "unpricedEvents": 1,
        "endUsers": 1,
    }


def test_events_come_newest_first_in_stable_pages(api: Api) -> None:
    """Equal times are in the order of their ids, so that pages neither repeat nor skip."""
    sent = [event(event_invoked_at=f"2026-03-10T12:00:0{n % 3}Z") for n in range(7)]
    api.send(sent)
    pages = [api.get("/v1/usage/events", {"limit": 3, "offset": n}) for n in (0, 3, 6, 9)]
    found = [each["eventId"] for page in pages for each in page["events"]]
    newest = sorted(sent, key=lambda e: (e["event_invoked_at"], e["sdk_event_id"]), reverse=True)
    assert found == [each["sdk_event_id"] for each in newest]
    assert [page["hasMore"] for page in pages] == [True, True, False, False]
    assert {page["total"] for page in pages} == {7}


def test_a_deep_page_is_where_it_would_be_in_one_long_list(api: Api) -> None:
    """Pages far down are looked for in another way, and are the same ones."""
    start = datetime(2026, 3, 10, tzinfo=UTC)
    sent = [
        event(event_invoked_at=(start + timedelta(minutes=n * 7 % 4001)).isoformat())
        for n in range(3000)
    ]
    for first in range(0, 3000, 1000):
        api.send(sent[first : first + 1000])
    newest = sorted(
        sent, key=lambda each: (each["event_invoked_at"], each["sdk_event_id"]), reverse=True
    )
    for offset, limit in ((1999, 3), (2000, 3), (2001, 500), (2600, 1000), (2999, 5), (3000, 5)):
        page = api.get("/v1/usage/events", {"limit": limit, "offset": offset})
        expected = [each["sdk_event_id"] for each in newest[offset : offset + limit]]
        assert [each["eventId"] for each in page["events"]] == expected
        assert (page["total"], page["hasMore"]) == (3000, offset + limit < 3000 and offset < 3000)


def test_an_organisation_sees_only_its_own(api: Api, other: Api) -> None:
    """Not in lists, not in sums."""
    api.send([event(user_id="mine")])
    assert other.events() == []
    assert other.get("/v1/costs/by-model")["items"] == []
    assert other.get("/v1/margins/by-end-user")["endUsers"] == []
    assert other.get("/v1/usage/summary")["totalEvents"] == 0


FILTERS: list[tuple[dict[str, Any], set[str]]] = [
    ({"model": "m1"}, {"a"}),
    ({"model": ["m1", "m2"]}, {"a", "b"}),
    ({"provider": "p1"}, {"a"}),
    ({"feature": "f1"}, {"a"}),
    ({"agent": "a1"}, {"a"}),
    ({"workflow": "w1"}, {"a"}),
    ({"sessionId": "s1"}, {"a"}),
    ({"externalId": ["a", "nobody"]}, {"a"}),
    ({"feature": ""}, {"b", "c"}),
    ({"feature": ["", "f1"]}, {"a", "b", "c"}),
    ({"dimension.team": "red"}, {"a"}),
    ({"dimension.team": ["red", "blue"]}, {"a", "b"}),
    ({"dimension.team": ""}, {"c"}),
    ({"dimension.seats": "3"}, {"a"}),
    ({"dimension.paid": "true"}, {"b"}),
    ({"dimension.a.b'c": "x"}, {"c"}),
    ({"model": "m2", "dimension.team": "red"}, set()),
    ({"model": "' OR 1=1 --"}, set()),
]


@pytest.mark.parametrize(("chosen", "users"), FILTERS)
def test_filters_choose_events(api: Api, chosen: dict[str, Any], users: set[str]) -> None:
    """Repeated is any of, different is all of, empty is those without one; values stay values."""
    labels = {"provider": "p1", "feature": "f1", "agent": "a1"}
    labels |= {"workflow": "w1", "session_id": "s1", "dimensions": {"team": "red", "seats": 3}}
    blue = {"dimensions": {"team": "blue", "paid": True}}
    odd = {"dimensions": {"a.b'c": "x"}}
    api.send(
        [
            event(user_id="a", model="m1", metadata=labels),
            event(user_id="b", model="m2", metadata=blue),
            event(user_id="c", model="m3", metadata=odd),
        ]
    )
    assert {each["endUserId"] for each in api.events(chosen)} == users
    assert api.get("/v1/usage/summary", chosen)["totalEvents"] == len(users)
    items = api.get("/v1/costs/by-model", chosen)["items"]
    assert sum(item["eventCount"] for item in items) == len(users)


# 29 March 2026 is 23 hours long in Berlin: clocks jump from 02:00 (+01:00) to 03:00 (+02:00).
RANGES: list[tuple[dict[str, str], list[str]]] = [
    (
        {"startDate": "2026-03-29", "endDate": "2026-03-29", "timezone": "Europe/Berlin"},
        ["2026-03-28T23:00:00Z", "2026-03-29T00:00:00Z", "2026-03-29T21:59:59.999999Z"],
    ),
    (
        {"startDate": "2026-03-29", "endDate": "2026-03-29"},
        ["2026-03-29T00:00:00Z", "2026-03-29T21:59:59.999999Z", "2026-03-29T22:00:00Z"],
    ),
    (
        {"startDate": "2026-03-28T23:00:00Z", "endDate": "2026-03-29T00:00:00Z"},
        ["2026-03-28T23:00:00Z"],
    ),
    (
        {"startDate": "2026-03-29T00:00:00+01:00", "endDate": "2026-03-29T02:00:00+02:00"},
        ["2026-03-28T23:00:00Z"],
    ),
    ({"startDate": "2026-03-29T00:00:00Z", "endDate": "2026-03-29T00:00:00Z"}, []),
    (
        {"startDate": "2026-03-28", "endDate": "2026-03-28"},
        ["2026-03-28T22:59:59.999999Z", "2026-03-28T23:00:00Z"],
    ),
]
INSTANTS = [
    "2026-03-28T22:59:59.999999Z",
    "2026-03-28T23:00:00Z",
    "2026-03-29T00:00:00Z",
    "2026-03-29T21:59:59.999999Z",
    "2026-03-29T22:00:00Z",
]


@pytest.mark.parametrize(("chosen", "expected"), RANGES)
def test_a_date_is_its_whole_day_in_the_time_zone(
    api: Api, chosen: dict[str, str], expected: list[str]
) -> None:
    """Dates include both ends, on a 23-hour day too; instants are half-open."""
    api.send([event(event_invoked_at=each) for each in INSTANTS])
    assert sorted(each["timestamp"] for each in api.events(chosen)) == sorted(expected)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"colour": "red"}, "colour"),
    ({"dimension.": "x"}, "dimension."),
    ({"user_id": "x"}, "user_id"),
    ({"startDate": ""}, "startDate"),
    ({"startDate": "2026-02-30"}, "startDate"),
    ({"startDate": "2026-03-01T00:00:00"}, "startDate"),
    ({"startDate": "0001-01-01"}, "startDate"),
    ({"endDate": "9999-12-31"}, "endDate"),
    ({"endDate": "2026-02-28"}, "endDate"),
    ({"startDate": ["2026-03-01", "2026-03-02"]}, "startDate"),
    ({"timezone": "Mars/Olympus"}, "timezone"),
    ({"timezone": "/etc/passwd"}, "timezone"),
    ({"timezone": "../UTC"}, "timezone"),
    ({"timezone": "Europe"}, "timezone"),
    ({"timezone": "x\0"}, "timezone"),
    ({"limit": "0"}, "limit"),
    ({"limit": "1001"}, "limit"),
    ({"limit": "ten"}, "limit"),
    ({"limit": "٣"}, "limit"),
    ({"offset": "-1"}, "offset"),
    ({"offset": "9" * 16}, "offset"),
    ({"model": "x\0"}, "model"),
]


@pytest.mark.parametrize(("chosen", "named"), BAD)
def test_a_bad_parameter_is_named(api: Api, chosen: dict[str, Any], named: str) -> None:
    """A typo must not silently widen a question."""
    response = api.request("GET", "/v1/usage/events", params={**MARCH, **chosen})
    body = response.json()
    assert (response.status_code, body["code"]) == (400, "invalid_request")
    assert body["details"] == {"parameter": named}


def test_a_question_has_at_most_sixteen_dimensions(api: Api) -> None:
    """Each costs time to plan: five hundred kept the server busy for 40 seconds."""
    chosen = {f"dimension.k{n}": ["a", "b"] for n in range(17)}
    response = api.request("GET", "/v1/usage/events", params={**MARCH, **chosen})
    assert response.status_code == 400
    assert response.json()["details"] == {"parameter": "dimension.k16"}
    del chosen["dimension.k16"]
    assert api.events(chosen) == []


def test_a_split_without_pages_takes_no_limit(api: Api) -> None:
    """A parameter that would be ignored is unknown."""
    response = api.request("GET", "/v1/costs/by-model", params={**MARCH, "limit": 5})
    assert response.json()["details"] == {"parameter": "limit"}


LABEL = st.none() | st.sampled_from(["x", "y", "z"])
COST = st.none() | st.decimals(0, 999, places=12).map(lambda d: f"{d:f}")


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=st.lists(st.tuples(COST, LABEL, LABEL), min_size=1, max_size=12))
def test_every_split_adds_up_to_the_events_themselves(
    fresh: list[Api], rows: list[tuple[str | None, str | None, str | None]]
) -> None:
    """To the last digit, whatever the split, and percentages to 100."""
    api = fresh.pop()
    api.send([costing(cost, feature=one, agent=two) for cost, one, two in rows])
    events = [
        each
        for offset in range(0, len(rows), 5)
        for each in api.events({"limit": 5, "offset": offset})
    ]
    total = sum((Decimal(each["cost"]) for each in events if each["cost"]), Decimal(0))
    for path in COSTS:
        answer = api.get(f"/v1/costs/{path}")
        items = answer["items"]
        assert sum(Decimal(item["totalCost"]) for item in items) == total
        assert Decimal(answer["totalCost"]) == total
        assert sum(item["eventCount"] for item in items) == len(rows) == len(events)
        percents = sum(Decimal(str(item["percentOfTotal"])) for item in items)
        assert percents == (100 if total else 0)


@given(st.lists(st.decimals(0, 10**15, places=12), min_size=1, max_size=40))
def test_shares_add_up_to_exactly_a_hundred(parts: list[Decimal]) -> None:
    """Each within one unit of the last digit of its true share."""
    found = shares(parts)
    whole = sum(parts)
    assert sum(found) == (100 if whole else 0)
    for part, share in zip(parts, found, strict=True):
        assert not whole or abs(share * whole - part * 100) <= whole / 10**4


def test_three_equal_thirds_are_shared_by_largest_remainder() -> None:
    """Somebody has to get the unit that is left over."""
    assert sorted(shares([Decimal(1)] * 3)) == [
        Decimal("33.3333"),
        Decimal("33.3333"),
        Decimal("33.3334"),
    ]
