from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from server.helpers import MARCH, Api, event

from bearlumen_server.ledger.revenue import split

PATH = "/v1/revenue/events"


def paid(**fields: Any) -> dict[str, Any]:
    """Return valid revenue of one instant."""
    return {
        "revenueId": "inv_1",
        "externalId": "cust_1",
        "amount": "31",
        "currency": "USD",
        "occurredAt": "2026-03-10T00:00:00Z",
        **fields,
    }


def for_a_month(**fields: Any) -> dict[str, Any]:
    """Return valid revenue for March."""
    period = {"periodStart": "2026-03-01", "periodEnd": "2026-03-31", **fields}
    return {name: each for name, each in paid(**period).items() if name != "occurredAt"}


def report(api: Api, *events: Any) -> dict[str, Any]:
    """Report revenue, which must be a 200."""
    response = api.request("POST", PATH, json={"events": list(events)})
    assert response.status_code == 200, response.text
    return response.json()


def revenue(api: Api, start: str, end: str) -> str:
    """Return the revenue of the only end user between two days."""
    users = api.get("/v1/margins/by-end-user", {"startDate": start, "endDate": end})["endUsers"]
    return users[0]["revenue"] if users else "0"


def test_revenue_is_counted_once(api: Api) -> None:
    """The revenue id is the key: in one request, in a resend, with another amount."""
    assert report(api, paid(), paid()) == {"accepted": 1, "duplicates": 1, "rejected": []}
    assert report(api, paid(amount="99")) == {"accepted": 0, "duplicates": 1, "rejected": []}
    assert revenue(api, "2026-03-01", "2026-03-31") == "31"


def test_a_period_is_spread_over_its_days(api: Api) -> None:
    """31 USD for March are 1 USD a day: 10 of them fall on the first ten days."""
    report(api, for_a_month())
    assert revenue(api, "2026-03-01", "2026-03-10") == "10"
    assert revenue(api, "2026-03-31", "2026-04-30") == "1"
    assert revenue(api, "2026-04-01", "2026-04-30") == "0"


def test_one_event_needs_no_list(api: Api) -> None:
    """A single object is taken as it is."""
    response = api.request("POST", PATH, json=paid(amount=12.5))
    assert response.json() == {"accepted": 1, "duplicates": 0, "rejected": []}
    assert revenue(api, "2026-03-10", "2026-03-10") == "12.5"


BAD: list[tuple[dict[str, Any], str]] = [
    (paid(revenueId=""), "revenueId"),
    (paid(revenueId=3), "revenueId"),
    (paid(externalId="a\0"), "externalId"),
    (paid(amount="ten"), "amount"),
    (paid(amount=None), "amount"),
    (paid(amount="1000000000001"), "amount"),
    (paid(amount="0.0000000000001"), "amount"),
    (paid(currency="EUR"), "currency"),
    (paid(occurredAt="2026-03-10T00:00:00"), "occurredAt"),
    (paid(occurredAt="March"), "occurredAt"),
    (paid(periodStart="2026-03-01"), "occurredAt"),
    (for_a_month(periodEnd="2026-02-27"), "periodEnd"),
    (for_a_month(periodEnd=None), "periodEnd"),
    (for_a_month(periodEnd="2046-01-01"), "periodEnd"),
    ({"revenueId": "x", "externalId": "y"}, "amount"),
]


@pytest.mark.parametrize(("sent", "named"), BAD)
def test_bad_revenue_is_named_and_its_neighbours_are_stored(
    api: Api, sent: dict[str, Any], named: str
) -> None:
    """As for usage: one bad event fails no other, and alone it is a 422."""
    answer = report(api, paid(revenueId="ok1"), sent, paid(revenueId="ok2"))
    assert (answer["accepted"], [each["index"] for each in answer["rejected"]]) == (2, [1])
    assert answer["rejected"][0]["message"].startswith(f"{named}: ")
    assert api.request("POST", PATH, json=sent).status_code == 422


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b"[]", 422), (b"{}", 422), (b'{"events": 1}', 422)]
)
def test_a_body_that_is_no_revenue_is_refused(api: Api, body: bytes, status: int) -> None:
    """Wrong JSON and wrong shape are told apart."""
    assert api.request("POST", PATH, content=body).status_code == status


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("amount", "1e999"),
        ("amount", "9" * 5000),
        ("revenueId", "1e999"),
        ("revenueId", r'"\ud800"'),
    ],
)
def test_revenue_that_cannot_be_read_fails_alone(api: Api, field: str, text: str) -> None:
    """A number beyond a double or half a character is one bad event, not a lost batch."""
    sent = [paid(revenueId=str(n)) for n in range(4)]
    sent[1][field] = "PUT"
    body = json.dumps({"events": sent}).replace('"PUT"', text)
    answer = api.request("POST", PATH, content=body).json()
    assert (answer["accepted"], [each["index"] for each in answer["rejected"]]) == (3, [1])
    assert answer["rejected"][0]["message"].startswith(f"{field}: ")
    alone = api.request("POST", PATH, content=json.dumps(sent[1]).replace('"PUT"', text))
    assert (alone.status_code, alone.json()["code"]) == (422, "invalid_request")


@given(
    amount=st.decimals(-(10**9), 10**9, places=12),
    start=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001
    length=st.timedeltas(timedelta(microseconds=1), timedelta(days=500)),
)
def test_a_split_adds_up_to_the_last_digit(
    amount: Decimal, start: datetime, length: timedelta
) -> None:
    """One entry a UTC day, in order, together exactly the amount, each in proportion."""
    starts_at = start.replace(tzinfo=UTC)
    ends_at = starts_at + length
    entries = list(split(amount, starts_at, ends_at))
    assert sum(entry.amount for entry in entries) == amount
    days = [entry.at.date() for entry in entries]
    last = (ends_at - timedelta(microseconds=1)).date()
    assert days == [starts_at.date() + timedelta(days=n) for n in range(len(days))]
    assert days[-1] == last
    a_digit = Decimal("1e-12")
    cuts = [*(entry.at for entry in entries), ends_at]
    for entry, (low, high) in zip(entries, pairwise(cuts), strict=True):
        share = (high - low) / timedelta(microseconds=1) / (length / timedelta(microseconds=1))
        assert abs(entry.amount - amount * Decimal(share)) <= a_digit + abs(amount) / 10**9


def costing(user: str | None, cost: str | None) -> dict[str, Any]:
    """Return an event of an end user that costs this much."""
    return event(model="own", user_id=user, metadata={"cost": cost})


def test_margin_and_health_follow_the_published_definitions(api: Api) -> None:
    """Of 100 USD each: above 40 is healthy, 20 to 40 is at risk, below is unhealthy."""
    costs = {"a": "59.99", "b": "60", "c": "80", "d": "80.01", "e": "130"}
    report(api, *(paid(revenueId=u, externalId=u, amount="100") for u in costs))
    api.send([costing(user, cost) for user, cost in costs.items()])
    users = api.get("/v1/margins/by-end-user", {"sort": "endUserId"})["endUsers"]
    assert [(u["endUserId"], u["margin"], u["marginPercent"], u["health"]) for u in users] == [
        ("a", "40.01", 40.01, "healthy"),
        ("b", "40", 40.0, "at_risk"),
        ("c", "20", 20.0, "at_risk"),
        ("d", "19.99", 19.99, "unhealthy"),
        ("e", "-30", -30.0, "unhealthy"),
    ]


def test_those_with_only_revenue_or_only_cost_are_there_too(api: Api) -> None:
    """The worst first; a percentage of no revenue is null; the nameless are not dropped."""
    report(api, paid(externalId="pays", amount="5"))
    api.send([costing("costs", "2"), costing(None, "1"), costing("costs", None)])
    answer = api.get("/v1/margins/by-end-user")
    assert [
        (u["endUserId"], u["revenue"], u["cost"], u["marginPercent"], u["health"])
        for u in answer["endUsers"]
    ] == [
        ("costs", "0", "2", None, "unhealthy"),
        (None, "0", "1", None, "unhealthy"),
        ("pays", "5", "0", 100.0, "healthy"),
    ]
    assert answer["unpricedEvents"] == 1
    assert (answer["total"], answer["hasMore"]) == (3, False)


def test_unpriced_events_leave_margin_and_health_open(api: Api) -> None:
    """They can only make it worse: bad stays bad, and nothing else is said."""
    costs = {"a": "10", "b": "70", "c": "81"}
    report(api, *(paid(revenueId=u, externalId=u, amount="100") for u in costs))
    api.send([costing(user, cost) for user, cost in costs.items()])
    api.send([costing(user, None) for user in costs])
    users = api.get("/v1/margins/by-end-user", {"sort": "endUserId"})["endUsers"]
    assert [(u["marginPercent"], u["health"], u["unpricedEvents"]) for u in users] == [
        (None, None, 1),
        (None, None, 1),
        (None, "unhealthy", 1),
    ]


def test_those_without_a_percentage_come_last(api: Api) -> None:
    """A refund has none, however it is sorted, and neither has a customer with unpriced events."""
    amounts = {"high": "10", "low": "2", "refund": "-5", "unpriced": "100"}
    report(api, *(paid(revenueId=u, externalId=u, amount=r) for u, r in amounts.items()))
    api.send([costing(user, "1") for user in amounts])
    api.send([costing("unpriced", None)])
    for sort, first in (("-marginPercent", ["high", "low"]), ("marginPercent", ["low", "high"])):
        users = api.get("/v1/margins/by-end-user", {"sort": sort})["endUsers"]
        assert [u["endUserId"] for u in users] == [*first, "refund", "unpriced"]
        assert [u["marginPercent"] for u in users[2:]] == [None, None]


def test_the_least_revenue_against_the_greatest_cost(api: Api) -> None:
    """The percentage has more digits than a decimal commonly does."""
    report(api, paid(amount="0.000000000001"))
    for _ in range(11):
        api.send([costing("cust_1", "999999") for _ in range(1000)])
    (user,) = api.get("/v1/margins/by-end-user")["endUsers"]
    assert user["marginPercent"] == pytest.approx(-1.0999989e24)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("-margin", "cab"),
        ("revenue", "abc"),
        ("-revenue", "cba"),
        ("cost", "acb"),
        ("-marginPercent", "cab"),
        ("-endUserId", "cba"),
    ],
)
def test_end_users_are_sorted_as_asked_and_paged(api: Api, sort: str, order: str) -> None:
    """Revenue 1, 2, 10 and cost 0.9, 2.5, 1: margins 0.1, -0.5, 9."""
    amounts = {"a": ("1", "0.9"), "b": ("2", "2.5"), "c": ("10", "1")}
    report(api, *(paid(revenueId=u, externalId=u, amount=r) for u, (r, _) in amounts.items()))
    api.send([costing(user, cost) for user, (_, cost) in amounts.items()])
    found = [
        api.get("/v1/margins/by-end-user", {"sort": sort, "limit": 1, "offset": n})["endUsers"]
        for n in range(3)
    ]
    assert "".join(page[0]["endUserId"] for page in found) == order


@pytest.mark.parametrize("chosen", [{"sort": "colour"}, {"sort": ""}, {"model": "gpt-4o"}])
def test_margins_refuse_what_they_cannot_do(api: Api, chosen: dict[str, str]) -> None:
    """Revenue has no model, so no margin can be chosen by one."""
    response = api.request("GET", "/v1/margins/by-end-user", params={**MARCH, **chosen})
    (name,) = chosen
    assert (response.status_code, response.json()["details"]) == (400, {"parameter": name})


def test_margins_of_one_end_user(api: Api) -> None:
    """`externalId` chooses among revenue and cost alike."""
    report(api, paid(externalId="a", amount="5"), paid(revenueId="2", externalId="b"))
    api.send([costing("a", "1"), costing("b", "1")])
    (user,) = api.get("/v1/margins/by-end-user", {"externalId": "a"})["endUsers"]
    assert (user["endUserId"], user["margin"]) == ("a", "4")


def listed(api: Api, **params: Any) -> list[dict[str, Any]]:
    """Return the first page of reported revenue of March."""
    return api.get(PATH, params)["events"]


def test_revenue_is_listed_by_the_time_it_counts_from(api: Api) -> None:
    """Latest first; whole days as days and anything else as instants, so that it can be resent."""
    part = {"periodStart": "2026-03-02T06:00:00Z", "periodEnd": "2026-03-02T18:00:00Z"}
    report(api, paid(revenueId="once"), for_a_month(revenueId="month", amount="62.5"))
    report(api, for_a_month(revenueId="part", **part))
    found = listed(api)
    assert [(each["revenueId"], each["amount"]) for each in found] == [
        ("once", "31"),
        ("part", "31"),
        ("month", "62.5"),
    ]
    times = [(each["occurredAt"], each["periodStart"], each["periodEnd"]) for each in found]
    assert times == [
        ("2026-03-10T00:00:00Z", None, None),
        (None, *part.values()),
        (None, "2026-03-01", "2026-03-31"),
    ]
    assert {(each["externalId"], each["currency"]) for each in found} == {("cust_1", "USD")}


def test_a_period_that_began_before_the_range_is_not_listed(api: Api, other: Api) -> None:
    """Though its days count in the range's margin; nor is another's revenue."""
    report(api, for_a_month())
    report(other, paid())
    assert listed(api, startDate="2026-03-02") == []
    assert revenue(api, "2026-03-02", "2026-03-02") == "1"


def test_listed_revenue_comes_in_pages_of_one_end_user(api: Api) -> None:
    """In the order of their ids where times are equal."""
    report(api, *(paid(revenueId=f"r{n}", externalId=f"u{n % 2}") for n in range(5)))
    page = api.get(PATH, {"externalId": "u0", "limit": 2, "offset": 1})
    assert [each["revenueId"] for each in page["events"]] == ["r2", "r4"]
    assert (page["total"], page["hasMore"]) == (3, False)
    refused = api.request("GET", PATH, params={**MARCH, "model": "m"})
    assert (refused.status_code, refused.json()["details"]) == (400, {"parameter": "model"})
