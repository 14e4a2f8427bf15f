"""Custom dimensions: described, split by, drawn over time, and added up."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from server.helpers import MARCH, Api, event

PATH = "/v1/dimensions/definitions"
ODD = ["a/b", "..", "a.b'c", "ключ 7", "x\ny", "%2F"]


def tagged(cost: str | None = "1", day: str = "10", /, **dimensions: Any) -> dict[str, Any]:
    """Return an event of a day of March with custom dimensions."""
    return event(
        model="own-model",
        event_invoked_at=f"2026-03-{day}T12:00:00Z",
        metadata={"cost": cost, "dimensions": dimensions},
    )


def at(key: str) -> str:
    """Return the path of a definition, whatever its key holds."""
    return f"{PATH}/{quote(key, safe='').replace('.', '%2E')}"


def defined(api: Api) -> list[dict[str, Any]]:
    """Return all definitions."""
    return api.request("GET", PATH).json()["definitions"]


def test_a_dimension_is_defined_changed_and_forgotten(api: Api, other: Api) -> None:
    """By its organisation alone."""
    seats = {"key": "seats", "type": "number", "label": "Seats", "description": None}
    made = api.request("POST", PATH, json=seats)
    assert (made.status_code, made.json()) == (201, seats)
    api.request("POST", PATH, json={"key": "beta"})
    assert [each["key"] for each in defined(api)] == ["beta", "seats"]
    changed = api.request("PATCH", at("seats"), json={"label": "", "description": "paid"})
    assert changed.json() == {**seats, "label": None, "description": "paid"}
    assert defined(other) == []
    assert other.request("DELETE", at("seats")).status_code == 404
    assert api.request("DELETE", at("seats")).json()["key"] == "seats"
    assert [each["key"] for each in defined(api)] == ["beta"]


def test_a_key_is_defined_once(api: Api) -> None:
    """And only what is defined can be changed."""
    api.request("POST", PATH, json={"key": "team"})
    again = api.request("POST", PATH, json={"key": "team", "type": "number"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert defined(api)[0]["type"] == "string"
    for method in ("PATCH", "DELETE"):
        gone = api.request(method, at("other"), json={"label": "x"})
        assert (gone.status_code, gone.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("key", ODD)
def test_a_key_may_hold_any_character(api: Api, key: str) -> None:
    """In a body, in a path, and in an event."""
    assert api.request("POST", PATH, json={"key": key}).status_code == 201
    assert api.request("PATCH", at(key), json={"label": "L"}).json()["label"] == "L"
    api.send([tagged("2", **{key: "v"})])
    (item,) = api.get("/v1/dimensions/cost-breakdown", {"key": key})["items"]
    assert (item["attributionValue"], item["totalCost"]) == ("v", "2")
    assert api.request("DELETE", at(key)).status_code == 200


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "key"),
        ({"key": ""}, "key"),
        ({"key": "k" * 129}, "key"),
        ({"key": "a\0"}, "key"),
        ({"key": "k", "type": "date"}, "type"),
        ({"key": "k", "label": 3}, "label"),
        ({"key": "k", "unit": "x"}, "unit"),
    ],
)
def test_a_bad_definition_is_refused(api: Api, body: dict[str, Any], named: str) -> None:
    """By the name of its field."""
    answer = api.request("POST", PATH, json=body)
    assert answer.status_code == 422
    assert named in answer.json()["message"]


def test_cost_is_split_by_value(api: Api) -> None:
    """Texts, numbers and booleans are values; '' is none, and unpriced events are counted."""
    api.send([tagged("4", k="x"), tagged("2", k=3), tagged("1", k=True), tagged("1", k="")])
    api.send([tagged(None, k="x"), tagged("0")])
    found = api.get("/v1/dimensions/cost-breakdown", {"key": "k"})
    assert [
        (item["attributionValue"], item["totalCost"], item["percentOfTotal"], item["eventCount"])
        for item in found["items"]
    ] == [("x", "4", 50.0, 2), ("3", "2", 25.0, 1), ("true", "1", 12.5, 1), (None, "1", 12.5, 2)]
    assert (found["totalCost"], found["unpricedEvents"]) == ("8", 1)


def test_the_rest_is_one_series(api: Api) -> None:
    """The two costliest of a, b, c and none have their own; the others are one, and come last."""
    api.send([tagged("5", "01", k="a"), tagged("3", "02", k="b"), tagged("1", "02", k="b")])
    api.send([tagged("2", "01", k="c"), tagged(None, "03", k="c"), tagged("1", "31")])
    found = api.get("/v1/dimensions/cost-trend", {"key": "k", "limit": 2})
    assert [
        (each["attributionValue"], each["isOther"], each["totalCost"], each["eventCount"])
        for each in found["series"]
    ] == [("a", False, "5", 1), ("b", False, "4", 2), (None, True, "3", 3)]
    assert {len(each["points"]) for each in found["series"]} == {31}
    assert found["series"][1]["points"][1] == {
        "start": "2026-03-02T00:00:00Z",
        "end": "2026-03-03T00:00:00Z",
        "totalCost": "4",
        "eventCount": 2,
        "unpricedEvents": 0,
    }
    rest = [each["totalCost"] for each in found["series"][2]["points"]]
    assert (rest[0], rest[2], rest[30]) == ("2", "0", "1")
    assert (found["totalCost"], found["unpricedEvents"]) == ("12", 1)


def test_events_without_the_dimension_are_a_series(api: Api) -> None:
    """Among the others, where there is room."""
    api.send([tagged("5", k="a"), tagged("7")])
    series = api.get("/v1/dimensions/cost-trend", {"key": "k", "granularity": "month"})["series"]
    assert [(each["attributionValue"], each["isOther"]) for each in series] == [
        (None, False),
        ("a", False),
    ]


def test_a_trend_of_too_many_points_is_refused(api: Api) -> None:
    """A hundred series of a year of hours."""
    params = {"startDate": "2025-01-01", "endDate": "2025-12-31", "key": "k", "limit": 100}
    answer = api.request(
        "GET", "/v1/dimensions/cost-trend", params={**params, "granularity": "hour"}
    )
    assert (answer.status_code, answer.json()["details"]) == (400, {"parameter": "granularity"})


def test_numbers_are_added_up_and_nothing_else(api: Api) -> None:
    """1, 2, 3 and 6.5; neither "7", nor true, nor "x", nor nothing."""
    values: list[Any] = [1, 2, 3, 6.5, "7", True, "x", ""]
    api.send([*(tagged(n=value) for value in values), tagged()])
    assert api.get("/v1/dimensions/numeric-summary", {"key": "n"}) == {
        "key": "n",
        "count": 4,
        "sum": 12.5,
        "avg": 3.125,
        "min": 1,
        "max": 6.5,
        "p50": 2.5,
        "p95": pytest.approx(5.975),
        "p99": pytest.approx(6.395),
    }


def test_no_numbers_add_up_to_nothing(api: Api) -> None:
    """Count and sum are 0, the others unknown; without events, too."""
    api.send([tagged(n="1"), tagged(**{'x","n': 1, '"n"': 2, "n": "3"})])
    nothing = {"count": 0, "sum": 0, "avg": None, "min": None, "max": None}
    nothing |= {"p50": None, "p95": None, "p99": None}
    for key in ("n", "m"):
        assert api.get("/v1/dimensions/numeric-summary", {"key": key}) == {"key": key, **nothing}


@pytest.mark.parametrize(
    ("aggregation", "first", "empty"),
    [
        ("count", 3, 0),
        ("sum", 14, 0),
        ("avg", 14 / 3, None),
        ("min", 1, None),
        ("max", 10, None),
        ("p50", 3, None),
        ("p99", 9.86, None),
    ],
)
def test_numbers_over_time(api: Api, aggregation: str, first: float, empty: float | None) -> None:
    """1, 3 and 10 in the first week of March, which ends on a Sunday the 1st, then nothing."""
    api.send([tagged("1", day, n=n) for day, n in [("02", 1), ("04", 3), ("08", 10)]])
    api.send([tagged("1", "03", n="5"), tagged("1", "25", n=7)])
    params = {"key": "n", "aggregation": aggregation, "granularity": "week"}
    found = api.get("/v1/dimensions/numeric-trend", params)
    assert (found["aggregation"], found["granularity"]) == (aggregation, "week")
    assert [each["count"] for each in found["points"]] == [0, 3, 0, 0, 1, 0]
    values = [each["value"] for each in found["points"]]
    assert (values[0], values[1]) == (empty, pytest.approx(first))


def test_filters_hold_for_every_question(api: Api) -> None:
    """The usual ones of cost, custom dimensions too."""
    api.send([tagged("1", k="a", n=1, team="red"), tagged("2", k="a", n=5, team="blue")])
    red = {"dimension.team": "red"}
    assert api.get("/v1/dimensions/cost-breakdown", {"key": "k", **red})["totalCost"] == "1"
    assert api.get("/v1/dimensions/cost-trend", {"key": "k", **red})["totalCost"] == "1"
    assert api.get("/v1/dimensions/numeric-summary", {"key": "n", **red})["sum"] == 1
    trend = api.get("/v1/dimensions/numeric-trend", {"key": "n", "aggregation": "sum", **red})
    assert sum(each["value"] for each in trend["points"]) == 1


@pytest.mark.parametrize(
    ("path", "params", "named"),
    [
        ("cost-breakdown", {}, "key"),
        ("cost-breakdown", {"key": "k" * 129}, "key"),
        ("cost-breakdown", {"key": "k", "limit": "3"}, "limit"),
        ("cost-trend", {"key": "k", "granularity": "year"}, "granularity"),
        ("cost-trend", {"key": "k", "limit": "1001"}, "limit"),
        ("numeric-summary", {"key": "k", "x": "1"}, "x"),
        ("numeric-trend", {"key": "k", "aggregation": "median"}, "aggregation"),
    ],
)
def test_a_question_that_is_not_understood_is_refused(
    api: Api, path: str, params: dict[str, str], named: str
) -> None:
    """By the name of the parameter."""
    answer = api.request("GET", f"/v1/dimensions/{path}", params={**MARCH, **params})
    assert (answer.status_code, answer.json()["details"]) == (400, {"parameter": named})
