"""Revenue against cost: of a range, over time, by end user."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from server.helpers import Api, event

APRIL = {"startDate": "2026-04-01", "endDate": "2026-04-30"}


def spend(api: Api, *rows: tuple[str | None, str | None, str]) -> None:
    """Send events of an end user, a cost and a day of March."""
    api.send(
        [
            event(
                model="own-model",
                user_id=user,
                event_invoked_at=f"2026-03-{day}T12:00:00Z",
                metadata={"cost": cost},
            )
            for user, cost, day in rows
        ]
    )


def pay(api: Api, user: str, amount: str, day: str, **period: str) -> None:
    """Report revenue of a day of March, or of a period."""
    times = period or {"occurredAt": f"2026-03-{day}T00:00:00Z"}
    body = {"revenueId": f"{user}/{day}/{amount}", "externalId": user, "amount": amount, **times}
    answer = api.request("POST", "/v1/revenue/events", json=body)
    assert answer.status_code == 200, answer.text


def test_a_summary_is_revenue_less_cost(api: Api) -> None:
    """10 for a and 5 for b, less 2 and 1: 12 of 15 are 80 %, of b alone 4 of 5."""
    spend(api, ("a", "1.5", "01"), ("a", "0.5", "02"), ("b", "1", "31"))
    pay(api, "a", "10", "05")
    pay(api, "b", "5", "06")
    assert api.get("/v1/margins/summary") == {
        "summary": {
            "revenue": "15",
            "cost": "3",
            "margin": "12",
            "marginPercent": 80.0,
            "health": "healthy",
        },
        "unpricedEvents": 0,
    }
    of_b = api.get("/v1/margins/summary", {"externalId": "b"})["summary"]
    assert (of_b["revenue"], of_b["cost"], of_b["marginPercent"]) == ("5", "1", 80.0)


def test_a_summary_of_nothing_says_nothing(api: Api) -> None:
    """Neither a percentage nor a health."""
    summary = api.get("/v1/margins/summary")["summary"]
    assert summary == {
        "revenue": "0",
        "cost": "0",
        "margin": "0",
        "marginPercent": None,
        "health": None,
    }


def test_an_unpriced_event_leaves_the_percentage_open(api: Api) -> None:
    """The cost is at least what is known."""
    spend(api, ("a", None, "01"), ("a", "1", "01"))
    pay(api, "a", "10", "01")
    found = api.get("/v1/margins/summary")
    assert (found["unpricedEvents"], found["summary"]["cost"]) == (1, "1")
    assert (found["summary"]["marginPercent"], found["summary"]["health"]) == (None, None)


def test_a_trend_has_every_bucket(api: Api) -> None:
    """31 USD for March are one a day; the cost is that of its day."""
    spend(api, ("a", "0.25", "02"), ("a", None, "03"))
    pay(api, "a", "31", "", periodStart="2026-03-01", periodEnd="2026-03-31")
    found = api.get("/v1/margins/trend")
    assert (found["granularity"], len(found["points"]), found["unpricedEvents"]) == ("day", 31, 1)
    assert found["points"][1:4] == [
        {
            "start": f"2026-03-0{day}T00:00:00Z",
            "end": f"2026-03-0{day + 1}T00:00:00Z",
            "revenue": "1",
            "cost": cost,
            "margin": margin,
            "marginPercent": percent,
            "unpricedEvents": unpriced,
        }
        for day, cost, margin, percent, unpriced in [
            (2, "0.25", "0.75", 75.0, 0),
            (3, "0", "1", None, 1),
            (4, "0", "1", 100.0, 0),
        ]
    ]
    months = api.get("/v1/margins/trend", {"granularity": "month", "endDate": "2026-04-30"})
    assert [each["revenue"] for each in months["points"]] == ["31", "0"]


def test_a_trend_is_cut_in_its_zone(api: Api) -> None:
    """Noon of UTC is 17:45 in Kathmandu; 29 March has 23 hours in Berlin."""
    spend(api, ("a", "1", "10"))
    day = {"startDate": "2026-03-10", "endDate": "2026-03-10", "granularity": "hour"}
    points = api.get("/v1/margins/trend", {**day, "timezone": "Asia/Kathmandu"})["points"]
    (only,) = [each for each in points if each["cost"] == "1"]
    assert only["start"] == "2026-03-10T17:00:00+05:45"
    berlin = {**day, "startDate": "2026-03-29", "endDate": "2026-03-29"}
    assert (
        len(api.get("/v1/margins/trend", {**berlin, "timezone": "Europe/Berlin"})["points"]) == 23
    )


def test_end_users_have_their_names(api: Api, other: Api) -> None:
    """Of this organisation; who was not named, and the nameless, have none."""
    spend(api, ("a", "1", "01"), ("b", "2", "01"), (None, "3", "01"))
    for whose, name in ((api, "Acme"), (other, "Theirs")):
        whose.request("POST", "/v1/end-users", json={"externalId": "a", "name": name})
    found = api.get("/v1/margins/by-end-user", {"sort": "cost"})["endUsers"]
    assert [(each["endUserId"], each["endUserName"]) for each in found] == [
        ("a", "Acme"),
        ("b", None),
        (None, None),
    ]
    assert api.get("/v1/margins/by-end-user", APRIL)["endUsers"] == []


@pytest.mark.parametrize("path", ["/v1/margins/summary", "/v1/margins/trend"])
@pytest.mark.parametrize("name", ["model", "dimension.team", "sort", "x"])
def test_revenue_cannot_be_filtered_by_what_it_does_not_have(
    api: Api, path: str, name: str
) -> None:
    """A filter that only cost has would make a margin of two different things."""
    params: dict[str, Any] = {"startDate": "2026-03-01", "endDate": "2026-03-31", name: "x"}
    answer = api.request("GET", path, params=params)
    assert (answer.status_code, answer.json()["details"]) == (400, {"parameter": name})


def test_pages_add_up_to_the_summary(api: Api) -> None:
    """Seven end users, three a page: 28 of revenue less 7 of cost."""
    for number in range(1, 8):
        spend(api, (f"u{number}", "1", "01"))
        pay(api, f"u{number}", str(number), "02")
    pages = [
        api.get("/v1/margins/by-end-user", {"limit": 3, "offset": offset, "sort": "-revenue"})
        for offset in (0, 3, 6)
    ]
    margins = [Decimal(each["margin"]) for page in pages for each in page["endUsers"]]
    assert margins == [6, 5, 4, 3, 2, 1, 0]
    assert api.get("/v1/margins/summary")["summary"]["margin"] == "21"
