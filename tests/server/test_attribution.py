"""What cost is put down to: dimensions, agents, workflows."""

from __future__ import annotations

from typing import Any

import pytest
from server.helpers import MARCH, Api, event

BY = "/v1/attribution/by-dimension"
KEYS = "/v1/attribution/dimensions/keys"
VALUES = "/v1/attribution/dimensions/values"
SERIES = "/v1/attribution/time-series"


def costing(cost: str | None, day: int = 10, **metadata: Any) -> dict[str, Any]:
    """Return an event of one day of March, of a model nobody has a price for."""
    when = f"2026-03-{day:02}T12:00:00Z"
    return event(model="own-model", event_invoked_at=when, metadata={"cost": cost, **metadata})


def tagged(cost: str | None, day: int = 10, **dimensions: Any) -> dict[str, Any]:
    """Return an event with custom dimensions."""
    return costing(cost, day, dimensions=dimensions)


def split(api: Api, dimension: str, **chosen: Any) -> dict[str | None, str]:
    """Return the cost of each value."""
    items = api.get(BY, {"dimension": dimension, **chosen})["items"]
    return {item["attributionValue"]: item["totalCost"] for item in items}


def test_a_dimension_splits_cost_as_a_label_does(api: Api) -> None:
    """3 for red, 1 for nobody: 75 and 25 percent; the unpriced is counted with its value."""
    api.send([tagged("1", team="red"), tagged("2", team="red"), tagged(None, team="blue")])
    api.send([costing("1")])
    answer = api.get(BY, {"dimension": "team"})
    assert (answer["totalCost"], answer["unpricedEvents"]) == ("4", 1)
    assert [tuple(item.values()) for item in answer["items"]] == [
        ("red", "3", 75.0, 2, 0),
        (None, "1", 25.0, 1, 0),
        ("blue", "0", 0.0, 1, 1),
    ]


def test_values_are_told_apart_by_their_text(api: Api) -> None:
    """A number and the text of it are one value, as they are to a filter; '' is none."""
    api.send([tagged("1", k=3), tagged("1", k="3"), tagged("1", k=True), tagged("1", k=0.5)])
    api.send([tagged("1", k=""), tagged("1", other="x")])
    assert split(api, "k") == {"3": "2", "true": "1", "0.5": "1", None: "2"}


@pytest.mark.parametrize(
    "key", ["a.b'c", "$team", "日本", "dims['x']", '"; --', "a\\b", "a\nb\x1f"]
)
def test_a_key_is_a_key_whatever_its_text(api: Api, key: str) -> None:
    """Keys are values to the engine, never part of a query."""
    api.send([costing("1", dimensions={key: "x"})])
    assert split(api, key) == {"x": "1"}


def test_a_dimension_that_no_event_has_is_nobodys(api: Api) -> None:
    """Its one item is that of the events without it, also where another's text holds its name."""
    api.send([tagged("1", team="red", **{'x"nothing"': 1})])
    assert split(api, "nothing") == {None: "1"}
    assert api.get(VALUES, {"dimension": "nothing"})["values"] == []
    assert series(api, dimension="nothing") == [(None, None, False, ["1", "0"])]


def test_labels_are_dimensions_and_a_key_called_like_one_needs_a_prefix(api: Api) -> None:
    """`model` is the label; the custom dimension of that name is `dimension.model`."""
    api.send([costing("1", feature="f", session_id="s", dimensions={"model": "mine"})])
    assert split(api, "model") == {"own-model": "1"}
    assert split(api, "dimension.model") == {"mine": "1"}
    assert (split(api, "feature"), split(api, "sessionId")) == ({"f": "1"}, {"s": "1"})
    assert split(api, "externalId") == {None: "1"}


def test_the_keys_in_use_are_those_of_the_chosen_events(api: Api, other: Api) -> None:
    """Most used first; an event has several keys, so they add up to more than the whole."""
    api.send([tagged("1", team="red", seats=3), tagged(None, team="blue"), costing("5")])
    assert [tuple(each.values()) for each in api.get(KEYS)["keys"]] == [
        ("team", "1", 2, 1),
        ("seats", "1", 1, 0),
    ]
    assert [each["key"] for each in api.get(KEYS, {"dimension.team": "blue"})["keys"]] == ["team"]
    assert other.get(KEYS) == {"keys": []}


def test_values_come_in_pages_of_those_that_have_one(api: Api) -> None:
    """Costliest first; the event without is in no page, and no share is of it."""
    api.send([tagged("3", team="a"), tagged("2", team="b"), tagged("5", team="c"), costing("9")])
    pages = [
        api.get(VALUES, {"dimension": "team", "limit": 2, "offset": offset}) for offset in (0, 2, 4)
    ]
    assert [[each["value"] for each in page["values"]] for page in pages] == [["c", "a"], ["b"], []]
    assert {(page["total"], page["totalCost"]) for page in pages} == {(3, "10")}
    assert [page["hasMore"] for page in pages] == [True, False, False]
    assert pages[0]["values"][0]["percentOfTotal"] == 50.0


def series(api: Api, **chosen: Any) -> list[tuple[Any, ...]]:
    """Return name, value, whether it is the others, and the costs of 10 and 11 March."""
    days = {"startDate": "2026-03-10", "endDate": "2026-03-11"}
    answer = api.get(SERIES, {**days, **chosen})
    return [
        (
            each["name"],
            each["attributionValue"],
            each["isOther"],
            [point["totalCost"] for point in each["points"]],
        )
        for each in answer["series"]
    ]


def test_each_value_has_a_series_of_every_day(api: Api) -> None:
    """Costliest first, the nameless among them, days without events as zero."""
    api.send([tagged("1", 10, team="a"), tagged("2", 11, team="b"), costing("1", 11)])
    assert series(api, dimension="team") == [
        ("b", "b", False, ["0", "2"]),
        ("a", "a", False, ["1", "0"]),
        (None, None, False, ["0", "1"]),
    ]


def test_values_that_cost_less_are_one_other_series(api: Api) -> None:
    """The nameless that is kept is not the others, though neither has a value."""
    api.send([costing("9", 10), tagged("5", 11, team="a"), tagged("2", 10, team="b")])
    api.send([tagged("1", 10, team="c"), tagged(None, 11, team="other")])
    assert series(api, dimension="team", limit=2) == [
        (None, None, False, ["9", "0"]),
        ("a", "a", False, ["0", "5"]),
        ("other", None, True, ["3", "0"]),
    ]
    answer = api.get(SERIES, {"dimension": "team", "limit": 2, "granularity": "month"})
    assert (answer["totalCost"], answer["unpricedEvents"]) == ("17", 1)
    assert answer["series"][-1]["eventCount"] == 3


def test_the_nameless_that_cost_little_are_with_the_others(api: Api) -> None:
    """A value called other stays itself."""
    api.send([costing("1", 10), tagged("5", 11, team="other"), tagged("2", 10, team="b")])
    assert series(api, dimension="team", limit=1) == [
        ("other", "other", False, ["0", "5"]),
        ("other", None, True, ["3", "0"]),
    ]


def test_no_events_are_no_series(api: Api) -> None:
    """There is no value that could be named."""
    answer = api.get(SERIES, {"dimension": "team"})
    assert (answer["series"], answer["totalCost"], answer["unpricedEvents"]) == ([], "0", 0)


@pytest.mark.parametrize("kind", ["agent", "workflow"])
def test_those_in_use_are_listed_with_their_sessions(api: Api, kind: str) -> None:
    """Costliest first; sessions are counted once, and who has no name is not listed."""
    api.send([costing("1", 3, **{kind: "x"}, session_id="s1"), costing("9", 4)])
    api.send([costing("1", 8, **{kind: "x"}, session_id="s1"), costing("5", 9, **{kind: "y"})])
    api.send([costing(None, 7, **{kind: "x"}, session_id="s2")])
    (first, second) = api.get(f"/v1/attribution/{kind}s")[f"{kind}s"]
    assert (first["name"], first["sessions"]) == ("y", 0)
    assert second == {
        "name": "x",
        "totalCost": "2",
        "eventCount": 3,
        "unpricedEvents": 1,
        "sessions": 2,
        "firstSeen": "2026-03-03T12:00:00Z",
        "lastSeen": "2026-03-08T12:00:00Z",
    }


@pytest.mark.parametrize(
    ("path", "chosen", "named"),
    [
        (BY, {}, "dimension"),
        (BY, {"dimension": ""}, "dimension"),
        (BY, {"dimension": "dimension."}, "dimension"),
        (BY, {"dimension": ["a", "b"]}, "dimension"),
        (BY, {"dimension": "k" * 129}, "dimension"),
        (BY, {"dimension": "a\0"}, "dimension"),
        (BY, {"dimension": "team", "limit": "5"}, "limit"),
        (KEYS, {"dimension": "team"}, "dimension"),
        (VALUES, {"dimension": "team", "limit": "0"}, "limit"),
        (SERIES, {"dimension": "team", "limit": "1001"}, "limit"),
        (SERIES, {"dimension": "team", "limit": "0"}, "limit"),
        (SERIES, {"dimension": "team", "granularity": "year"}, "granularity"),
        (
            SERIES,
            {"dimension": "team", "limit": "100", "granularity": "hour", "startDate": "2025-12-01"},
            "granularity",
        ),
        ("/v1/attribution/agents", {"sort": "name"}, "sort"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(
    api: Api, path: str, chosen: dict[str, Any], named: str
) -> None:
    """Neither ignored nor an error of the server."""
    response = api.request("GET", path, params={**MARCH, **chosen})
    assert response.status_code == 400, response.text
    assert response.json()["details"] == {"parameter": named}


def test_no_question_sees_another_organisation(api: Api, other: Api) -> None:
    """Neither keys nor values, names or costs."""
    api.send([costing("1", agent="a", workflow="w", dimensions={"team": "red"})])
    assert other.get(BY, {"dimension": "team"})["items"] == []
    assert other.get(VALUES, {"dimension": "team"})["values"] == []
    assert other.get(SERIES, {"dimension": "team"})["series"] == []
    assert other.get("/v1/attribution/agents") == {"agents": []}
    assert other.get("/v1/attribution/workflows") == {"workflows": []}


def test_more_values_than_an_answer_holds_are_refused(api: Api) -> None:
    """Ten thousand are an answer; of one more, the pages of its values are."""
    for first in range(0, 10_000, 1000):
        api.send([tagged("1", k=f"v{n}") for n in range(first, first + 1000)])
    assert len(api.get(BY, {"dimension": "k"})["items"]) == 10_000
    api.send([tagged("1", k="one more")])
    response = api.request("GET", BY, params={**MARCH, "dimension": "k"})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
    assert api.get(VALUES, {"dimension": "k", "limit": 1})["total"] == 10_001


def test_of_many_values_the_costliest_are_kept_and_the_rest_is_one(api: Api) -> None:
    """300 values, of which v299 costs 300 and v298 299: all of 1 to 300 is 45,150."""
    api.send([tagged(str(n + 1), day=n % 2 + 1, k=f"v{n}") for n in range(300)])
    asked = {"dimension": "k", "limit": 2, "startDate": "2026-03-01", "endDate": "2026-03-02"}
    first, second, rest = api.get(SERIES, asked)["series"]
    assert [each["attributionValue"] for each in (first, second)] == ["v299", "v298"]
    assert [point["totalCost"] for point in first["points"]] == ["0", "300"]
    assert [point["totalCost"] for point in second["points"]] == ["299", "0"]
    assert [point["totalCost"] for point in rest["points"]] == ["22201", "22350"]


def test_however_many_agents_each_has_its_sessions(api: Api) -> None:
    """200 agents, the nth in n % 3 sessions that it shares with others, and once in none."""
    met = [(n, session) for n in range(200) for session in range(n % 3)]
    api.send([costing("1", agent=f"a{n}", session_id=f"s{session}") for n, session in met])
    api.send([costing("1", agent=f"a{n}") for n in range(200)])
    agents = api.get("/v1/attribution/agents")["agents"]
    assert {each["name"]: each["sessions"] for each in agents} == {
        f"a{n}": n % 3 for n in range(200)
    }
    assert {each["name"]: each["eventCount"] for each in agents} == {
        f"a{n}": n % 3 + 1 for n in range(200)
    }
