"""Sessions: what each conversation or job cost."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from server.helpers import MARCH, Api, event

SESSIONS = "/v1/attribution/sessions"
COMPARISON = f"{SESSIONS}/comparison"


def call(
    session: str | None, at: str, cost: str | None = "1", *, user: str | None = None, **more: Any
) -> dict[str, Any]:
    """Return an event of a session, at a time of 10 March, of a model nobody has a price for."""
    metadata = {"cost": cost, "session_id": session, **more}
    when = f"2026-03-10T{at}Z"
    return event(model="own-model", event_invoked_at=when, user_id=user, metadata=metadata)


def detail(api: Api, session_id: str, **params: Any) -> Any:
    """Ask for one session, and return the response."""
    path = f"{SESSIONS}/{quote(session_id, safe='').replace('.', '%2E')}"
    return api.request("GET", path, params=params or None)


def test_a_session_is_its_events_from_the_first_to_the_last(api: Api) -> None:
    """Two priced and one not, over 90.5 seconds; events without a session are none."""
    who = {"user": "u", "session_type": "chat"}
    api.send([call("s", "10:00:00", "1", **who), call("s", "10:01:30.5", "2", **who)])
    api.send([call("s", "10:01:00", None, **who), call(None, "09:00:00", "7")])
    answer = api.get(SESSIONS)
    assert answer == {
        "sessions": [
            {
                "sessionId": "s",
                "sessionType": "chat",
                "endUserId": "u",
                "totalCost": "3",
                "eventCount": 3,
                "unpricedEvents": 1,
                "inputTokens": 30,
                "outputTokens": 15,
                "cacheReadTokens": 0,
                "cacheWriteTokens": 0,
                "reasoningTokens": 0,
                "startedAt": "2026-03-10T10:00:00Z",
                "endedAt": "2026-03-10T10:01:30.500000Z",
                "durationSeconds": 90.5,
            }
        ],
        "totalCost": "3",
        "eventCount": 3,
        "unpricedEvents": 1,
        "total": 1,
        "limit": 100,
        "offset": 0,
        "hasMore": False,
    }


def test_what_events_of_a_session_disagree_on_is_null(api: Api) -> None:
    """Events that say nothing do not disagree."""
    api.send([call("s", "10:00:00", user="u", session_type="a"), call("s", "10:00:01")])
    api.send([call("t", "11:00:00", user="u", session_type="a")])
    api.send([call("t", "11:00:01", user="v", session_type="b")])
    (second, first) = api.get(SESSIONS)["sessions"]
    assert (first["endUserId"], first["sessionType"]) == ("u", "a")
    assert (second["endUserId"], second["sessionType"]) == (None, None)


ORDERS = [
    (None, ["d", "c", "b", "a"]),
    ("startedAt", ["a", "b", "c", "d"]),
    ("-totalCost", ["c", "b", "d", "a"]),
    ("totalCost", ["a", "b", "d", "c"]),
    ("-eventCount", ["a", "b", "c", "d"]),
    ("-durationSeconds", ["a", "b", "c", "d"]),
    ("durationSeconds", ["c", "d", "b", "a"]),
]


@pytest.mark.parametrize(("sort", "order"), ORDERS)
def test_sessions_are_sorted_and_paged(api: Api, sort: str | None, order: list[str]) -> None:
    """Newest first unless told otherwise; equals are in the order of their ids."""
    api.send([call("a", "10:00:00", "0"), call("a", "13:00:00", "1"), call("a", "10:30:00", None)])
    api.send([call("b", "11:00:00", "2"), call("b", "11:30:00", "0")])
    api.send([call("c", "12:00:00", "3"), call("d", "12:30:00", "2")])
    asked = {"limit": 3, **({"sort": sort} if sort else {})}
    pages = [api.get(SESSIONS, {**asked, "offset": offset}) for offset in (0, 3, 6)]
    assert [each["sessionId"] for page in pages for each in page["sessions"]] == order
    assert [page["hasMore"] for page in pages] == [True, False, False]
    assert {(page["total"], page["totalCost"], page["eventCount"]) for page in pages} == {
        (4, "8", 7)
    }


def test_a_filter_leaves_what_matches_of_a_session(api: Api) -> None:
    """A range and a filter are of events, not of sessions."""
    api.send([call("s", "10:00:00", "1", agent="a"), call("s", "10:01:00", "2", agent="b")])
    (only,) = api.get(SESSIONS, {"agent": "b"})["sessions"]
    assert (only["totalCost"], only["eventCount"], only["durationSeconds"]) == ("2", 1, 0)
    assert api.get(SESSIONS, {"endDate": "2026-03-09"})["sessions"] == []


def test_types_are_compared_by_what_a_session_costs(api: Api) -> None:
    """Sessions of 1, 2 and 6: on average 3, in the middle 2, and 95 of 100 below 5.6.

    The 0.95 quantile of three lies 1.9 steps from the first: 2 + 0.9 * (6 - 2).
    """
    for name, cost in (("a", "1"), ("b", "2"), ("c", "5"), ("c", "1")):
        api.send([call(name, "10:00:00", cost, session_type="chat")])
    api.send([call("d", "10:00:00", None, session_type="chat"), call("e", "10:00:00", "0.5")])
    chat, untyped = api.get(COMPARISON)["sessionTypes"]
    assert chat == {
        "sessionType": "chat",
        "sessions": 4,
        "totalCost": "9",
        "eventCount": 5,
        "unpricedEvents": 1,
        "averageCost": "3",
        "medianCost": "2",
        "p95Cost": "5.6",
    }
    assert (untyped["sessionType"], untyped["sessions"], untyped["p95Cost"]) == (None, 1, "0.5")


def test_sessions_of_unknown_cost_have_no_average(api: Api) -> None:
    """Unknown is not zero."""
    api.send([call("s", "10:00:00", None, session_type="chat")])
    (only,) = api.get(COMPARISON)["sessionTypes"]
    assert (only["totalCost"], only["unpricedEvents"]) == ("0", 1)
    assert (only["averageCost"], only["medianCost"], only["p95Cost"]) == (None, None, None)


def test_a_session_is_shown_whole_whenever_it_was(api: Api) -> None:
    """Its events in the order of the calls, and its cost by model, agent and feature."""
    early = {**call("s", "10:00:00", "1", agent="a", feature="f"), "model": "m"}
    late = call("s", "10:00:09", "3", agent="b", feature="f")
    api.send([late, early, call("t", "10:00:05", "9")])
    answer = detail(api, "s").json()
    assert (answer["totalCost"], answer["durationSeconds"], answer["eventsTruncated"]) == (
        "4", 9.0, False,
    )  # fmt: skip
    assert [each["eventId"] for each in answer["events"]] == [
        early["sdk_event_id"],
        late["sdk_event_id"],
    ]
    split = {
        name: {item["attributionValue"]: item["percentOfTotal"] for item in answer[name]["items"]}
        for name in ("byModel", "byAgent", "byFeature")
    }
    assert split == {
        "byModel": {"own-model": 75.0, "m": 25.0},
        "byAgent": {"b": 75.0, "a": 25.0},
        "byFeature": {"f": 100.0},
    }


IDS = [
    "a/b",
    "/",
    "a b",
    "日本",
    "..",
    "a/../b",
    "x?y#z&a=b",
    "%2F",
    "comparison",
    "a\nb\n",
    "'",
    "+",
]


@pytest.mark.parametrize("session_id", IDS)
def test_an_id_may_hold_any_character(api: Api, session_id: str) -> None:
    """Ids are the sender's; one that is part of another path of ours, too."""
    api.send([call(session_id, "10:00:00", "2"), call("b", "10:00:00"), call("x", "10:00:00")])
    answer = detail(api, session_id)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["sessionId"], answer.json()["totalCost"]) == (session_id, "2")


def test_a_long_session_shows_its_first_thousand_events(api: Api) -> None:
    """The sums are of all of them."""
    events = [call("s", f"10:{n // 60:02}:{n % 60:02}") for n in range(1001)]
    api.send(events[:500])
    api.send(events[500:])
    answer = detail(api, "s").json()
    assert (answer["eventCount"], answer["totalCost"]) == (1001, "1001")
    assert answer["eventsTruncated"]
    shown = [each["eventId"] for each in answer["events"]]
    assert shown == [each["sdk_event_id"] for each in events[:1000]]


@pytest.mark.parametrize("session_id", ["nobody", "comparison ", "x" * 600, "a\0"])
def test_a_session_that_is_not_there_is_not_found(api: Api, session_id: str) -> None:
    """Whatever the path says."""
    answer = detail(api, session_id)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_another_organisations_session_is_not_found(api: Api, other: Api) -> None:
    """An id says nothing about whose it is."""
    api.send([call("s", "10:00:00")])
    other.send([call("s", "10:00:00", "5")])
    assert detail(api, "s").json()["totalCost"] == "1"
    api.send([call("mine", "10:00:00")])
    assert detail(other, "mine").status_code == 404
    assert [each["sessionId"] for each in other.get(SESSIONS)["sessions"]] == ["s"]


@pytest.mark.parametrize(
    ("path", "chosen", "named"),
    [
        (SESSIONS, {"sort": "sessionId"}, "sort"),
        (SESSIONS, {"limit": "1001"}, "limit"),
        (SESSIONS, {"granularity": "day"}, "granularity"),
        (COMPARISON, {"sort": "startedAt"}, "sort"),
        (f"{SESSIONS}/s", {}, "startDate"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(
    api: Api, path: str, chosen: dict[str, str], named: str
) -> None:
    """A session has no range, and a list has no order that is not its own."""
    response = api.request("GET", path, params={**MARCH, **chosen})
    assert response.status_code == 400
    assert response.json()["details"] == {"parameter": named}


def test_a_comparison_without_a_range_says_so(api: Api) -> None:
    """Where no session is called like it, the question is taken for one."""
    response = api.request("GET", COMPARISON)
    assert response.json()["details"] == {"parameter": "startDate"}
