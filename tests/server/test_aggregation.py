"""Everything that is counted, added up."""

from __future__ import annotations

from typing import Any

from server.helpers import Api, event

AGGREGATION = "/v1/usage/aggregation"


def metrics(api: Api, **chosen: Any) -> dict[tuple[str, str], tuple[Any, int]]:
    """Return quantity and events by kind and name."""
    items = api.get(AGGREGATION, chosen)["items"]
    found = {
        (item["kind"], item["metricName"]): (item["quantity"], item["eventCount"]) for item in items
    }
    assert len(found) == len(items)
    return found


def test_whatever_was_reported_is_an_item(api: Api) -> None:
    """Totals, kinds of token, tools and units; a sum counts the events that it is of."""
    usage = {"cache_read_tokens": 4, "audio_input_tokens": 3, "tool_calls": {"web_search": 2}}
    api.send(
        [
            event(metadata={"usage": usage, "units": {"images": 2}}),
            event(metadata={"usage": {"audio_input_tokens": 5}, "units": {"seconds": 0.1}}),
            event(input_tokens=0, output_tokens=None, metadata={"units": {"seconds": 0.2}}),
        ]
    )
    assert metrics(api) == {
        ("tokens", "input_tokens"): (20, 3),
        ("tokens", "output_tokens"): (10, 2),
        ("tokens", "cache_read_tokens"): (4, 1),
        ("tokens", "audio_input_tokens"): (8, 2),
        ("tool_calls", "tool_calls.web_search"): (2, 1),
        ("units", "images"): (2, 1),
        ("units", "seconds"): (0.3, 2),
    }


def test_tokens_come_first_and_names_in_order(api: Api) -> None:
    """The order of an answer does not depend on that of the events."""
    usage = {"cache_write_1h_tokens": 1, "cache_write_tokens": 1, "tool_calls": {"b": 1, "a": 1}}
    api.send([event(metadata={"usage": usage, "units": {"z": 1, "characters": 1}})])
    names = [item["metricName"] for item in api.get(AGGREGATION)["items"]]
    assert names == [
        "input_tokens", "output_tokens", "cache_write_tokens", "cache_write_1h_tokens",
        "tool_calls.a", "tool_calls.b", "characters", "z",
    ]  # fmt: skip


def test_a_unit_called_like_a_token_total_is_another_item(api: Api) -> None:
    """Names of units are the sender's."""
    api.send([event(metadata={"units": {"input_tokens": 7, "a.b'c": 1, "日本": 2}})])
    found = metrics(api)
    assert found["tokens", "input_tokens"] == (10, 1)
    assert found["units", "input_tokens"] == (7, 1)
    assert found["units", "a.b'c"] == (1, 1)
    assert found["units", "日本"] == (2, 1)


def test_a_quantity_has_all_its_digits(api: Api) -> None:
    """Tenths are added as tenths, and what exceeds a double is written out."""
    api.send([event(metadata={"units": {"u": 0.1, "v": 999_999_999_999_999}}) for _ in range(10)])
    text = api.request("GET", AGGREGATION, params={"startDate": "2026-03-01"} | RANGE).text
    assert '"metricName":"u","kind":"units","quantity":1,' in text
    assert '"quantity":9999999999999990,' in text


RANGE = {"endDate": "2026-03-31"}


def test_a_kind_of_token_that_is_new_is_added_up_too(api: Api) -> None:
    """A later SDK may send it; what is no count is not one."""
    usage = {"video_input_tokens": 5, "odd_tokens": "many", "share": 3, "less_tokens": -1}
    api.send([event(metadata={"usage": usage}), event(metadata={"usage": {"odd_tokens": 2}})])
    assert metrics(api)["tokens", "odd_tokens"] == (2, 1)
    assert metrics(api).keys() == {
        ("tokens", "input_tokens"), ("tokens", "output_tokens"), ("tokens", "video_input_tokens"),
        ("tokens", "odd_tokens"),
    }  # fmt: skip
    assert metrics(api)["tokens", "video_input_tokens"] == (5, 1)


def test_only_chosen_events_are_added_up(api: Api, other: Api) -> None:
    """By the filters of every question, and of no other organisation."""
    api.send([event(user_id="a", metadata={"units": {"images": 2}}), event(user_id="b")])
    assert ("units", "images") not in metrics(api, externalId="b")
    assert metrics(api, externalId="a")["units", "images"] == (2, 1)
    assert metrics(other) == {}


def test_more_units_than_one_scan_adds_up(api: Api) -> None:
    """Each of a hundred and twenty names has its own sum."""
    for first in (0, 60):
        units = {f"u{n:03}": n for n in range(first, first + 60)}
        api.send([event(metadata={"units": units})])
    found = metrics(api)
    assert {found["units", f"u{n:03}"][0] for n in range(120)} == set(range(120))


def test_too_many_names_are_refused(api: Api) -> None:
    """A sender that makes up a name an event does not fill the memory."""
    api.send([event(metadata={"units": {f"{n}-{m}": 1 for m in range(64)}}) for n in range(16)])
    response = api.request("GET", AGGREGATION, params={"startDate": "2026-03-01"} | RANGE)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
