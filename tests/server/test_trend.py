"""What was spent over time, and against the time before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from server.helpers import MARCH, Api, event

TREND = "/v1/costs/trend"
SUMMARY = "/v1/costs/summary"


def at(when: str, cost: str | None = "1", **fields: Any) -> dict[str, Any]:
    """Return an event of a model nobody has a price for."""
    metadata = {"cost": cost, **fields.pop("metadata", {})}
    return event(model="own-model", event_invoked_at=when, metadata=metadata, **fields)


def figures(point: dict[str, Any]) -> tuple[str, int, int]:
    """Return what a point says of cost."""
    return point["totalCost"], point["eventCount"], point["unpricedEvents"]


def test_every_day_of_a_range_is_a_point(api: Api) -> None:
    """Days without events are there, as zero; the unpriced are counted and cost nothing."""
    api.send([at("2026-03-02T00:00:00Z"), at("2026-03-02T23:59:59Z", "2.5")])
    api.send([at("2026-03-04T12:00:00Z", None)])
    chosen = {"startDate": "2026-03-01", "endDate": "2026-03-04"}
    answer = api.get(TREND, chosen)
    assert [figures(each) for each in answer["points"]] == [
        ("0", 0, 0), ("3.5", 2, 0), ("0", 0, 0), ("0", 1, 1),
    ]  # fmt: skip
    assert (answer["granularity"], answer["totalCost"], answer["unpricedEvents"]) == (
        "day", "3.5", 1,
    )  # fmt: skip
    assert answer["points"][1]["start"] == "2026-03-02T00:00:00Z"
    assert answer["points"][1]["end"] == "2026-03-03T00:00:00Z"


def test_the_short_day_in_berlin_has_twenty_three_hours(api: Api) -> None:
    """On 29 March the hour from 2 to 3 is none; 00:30 UTC is 01:30, 01:30 UTC is 03:30."""
    api.send([at("2026-03-29T00:30:00Z"), at("2026-03-29T01:30:00Z", "2")])
    day = {"startDate": "2026-03-29", "endDate": "2026-03-29", "timezone": "Europe/Berlin"}
    points = api.get(TREND, {**day, "granularity": "hour"})["points"]
    assert len(points) == 23
    spent = {each["start"]: each["totalCost"] for each in points if each["eventCount"]}
    assert spent == {"2026-03-29T01:00:00+01:00": "1", "2026-03-29T03:00:00+02:00": "2"}


def test_an_hour_in_kathmandu_begins_at_a_quarter_past(api: Api) -> None:
    """Clocks there are 5:45 ahead: 06:14:59 and 06:15 UTC are on both sides of noon."""
    api.send([at("2026-03-10T06:14:59Z"), at("2026-03-10T06:15:00Z", "2")])
    day = {"startDate": "2026-03-10", "endDate": "2026-03-10", "timezone": "Asia/Kathmandu"}
    points = api.get(TREND, {**day, "granularity": "hour"})["points"]
    spent = {each["start"]: each["totalCost"] for each in points if each["eventCount"]}
    assert spent == {"2026-03-10T11:00:00+05:45": "1", "2026-03-10T12:00:00+05:45": "2"}


def test_a_range_without_length_has_no_points(api: Api) -> None:
    """Two equal instants are a range of nothing."""
    noon = {"startDate": "2026-03-10T12:00:00Z", "endDate": "2026-03-10T12:00:00Z"}
    api.send([at("2026-03-10T12:00:00Z")])
    answer = api.get(TREND, noon)
    assert (answer["points"], answer["totalCost"], answer["eventCount"]) == ([], "0", 0)


def test_a_trend_is_of_the_events_that_are_chosen(api: Api) -> None:
    """Filters narrow it, and of another organisation there is nothing."""
    api.send([at("2026-03-10T12:00:00Z", user_id="a"), at("2026-03-10T12:00:00Z", user_id="b")])
    assert api.get(TREND, {"externalId": "a"})["totalCost"] == "1"
    assert api.get(TREND, {"externalId": "nobody"})["totalCost"] == "0"


@pytest.mark.parametrize(
    ("path", "chosen", "named"),
    [
        (TREND, {"granularity": "minute"}, "granularity"),
        (TREND, {"granularity": "hour", "startDate": "2000-01-01"}, "granularity"),
        (TREND, {"limit": "1"}, "limit"),
        (SUMMARY, {"granularity": "day"}, "granularity"),
        (SUMMARY, {"startDate": "1970-01-01", "endDate": "8999-12-30"}, "startDate"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(
    api: Api, path: str, chosen: dict[str, str], named: str
) -> None:
    """Neither ignored nor an error of the server."""
    response = api.request("GET", path, params={**MARCH, **chosen})
    assert response.status_code == 400
    assert response.json()["details"] == {"parameter": named}


def test_a_summary_compares_with_the_days_before(api: Api) -> None:
    """Three days of 4 USD after three of 5: 1 less, a fifth. The unpriced is in no average."""
    api.send([at("2026-03-09T23:59:59Z", "5"), at("2026-03-06T23:59:59Z", "100")])
    api.send([at("2026-03-10T00:00:00Z", "3"), at("2026-03-12T23:59:59Z", "1")])
    api.send([at("2026-03-11T00:00:00Z", None)])
    assert api.get(SUMMARY, {"startDate": "2026-03-10", "endDate": "2026-03-12"}) == {
        "startDate": "2026-03-10T00:00:00Z",
        "endDate": "2026-03-13T00:00:00Z",
        "totalCost": "4",
        "eventCount": 3,
        "unpricedEvents": 1,
        "averageCostPerEvent": "2",
        "previousPeriod": {
            "startDate": "2026-03-07T00:00:00Z",
            "endDate": "2026-03-10T00:00:00Z",
            "totalCost": "5",
            "eventCount": 1,
            "unpricedEvents": 0,
        },
        "change": "-1",
        "changePercent": -20.0,
    }


def test_a_change_from_nothing_has_no_percentage(api: Api) -> None:
    """And an average of no priced event is no number."""
    api.send([at("2026-03-10T00:00:00Z", None)])
    answer = api.get(SUMMARY)
    assert (answer["change"], answer["changePercent"]) == ("0", None)
    assert answer["averageCostPerEvent"] is None


def test_a_summary_without_a_range_is_of_thirty_days_and_today(api: Api) -> None:
    """Of the zone: an event of now counts, one of 31 days ago is of the period before."""
    now = datetime.now(UTC)
    api.send([at(now.isoformat(), "2"), at((now - timedelta(days=31)).isoformat(), "4")])
    response = api.request("GET", SUMMARY, params={"timezone": "Pacific/Auckland"})
    answer = response.json()
    assert (answer["totalCost"], answer["previousPeriod"]["totalCost"]) == ("2", "4")
    start, end = (datetime.fromisoformat(answer[name]) for name in ("startDate", "endDate"))
    assert (end.replace(tzinfo=None) - start.replace(tzinfo=None)).days == 30
    assert (start.hour, end.hour) == (0, 0)
    half = api.request("GET", SUMMARY, params={"startDate": "2026-03-01"})
    assert half.json()["details"] == {"parameter": "endDate"}


def test_a_third_of_a_dollar_is_written_to_twelve_digits(api: Api) -> None:
    """An average is no sum: it is rounded."""
    api.send([at("2026-03-10T00:00:00Z", cost) for cost in ("1", "0", "0")])
    assert api.get(SUMMARY)["averageCostPerEvent"] == "0.333333333333"
