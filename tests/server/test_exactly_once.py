from __future__ import annotations

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from server.helpers import MARCH, Api, event, uuid7
from server.serving import Serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from uuid import UUID

each_kind_of_id = pytest.mark.parametrize("make_id", [uuid4, uuid7])


@each_kind_of_id
def test_the_same_event_twice_in_a_batch_is_stored_once(
    api: Api, make_id: Callable[[], UUID]
) -> None:
    """The second of two equal ids is a duplicate."""
    sent = event(sdk_event_id=str(make_id()))
    assert api.send([sent, event(), sent]) == {"accepted": 2, "duplicates": 1, "rejected": []}
    assert api.get("/v1/usage/summary")["totalCost"] == "0.02"


@each_kind_of_id
def test_a_resend_is_a_duplicate_whatever_time_it_carries(
    api: Api, make_id: Callable[[], UUID]
) -> None:
    """The id alone is the key: a month later, or with no time at all, it is the same event."""
    sent = [event(sdk_event_id=str(make_id())) for _ in range(3)]
    api.send(sent)
    later = [{**each, "event_invoked_at": "2026-04-10T12:00:00Z"} for each in sent]
    timeless = [{**each, "event_invoked_at": None} for each in sent]
    for again in (sent, later, timeless):
        assert api.send(again) == {"accepted": 0, "duplicates": 3, "rejected": []}
    assert api.get("/v1/usage/summary", {"endDate": "2027-12-31"})["totalEvents"] == 3


def test_known_and_new_events_of_both_kinds_are_told_apart(api: Api) -> None:
    """A batch may hold old and new, of time-ordered and of random ids, in any order."""
    known = [event(sdk_event_id=str(make())) for make in (uuid4, uuid7, uuid4, uuid7)]
    ancient = event(sdk_event_id=str(uuid7(1_000)))
    api.send([*known, ancient])
    new = [event(sdk_event_id=str(make())) for make in (uuid7, uuid4, uuid7)]
    mixed = [new[0], known[0], known[1], new[1], ancient, known[2], new[2], known[3]]
    assert api.send(mixed) == {"accepted": 3, "duplicates": 5, "rejected": []}


def test_the_same_id_belongs_to_each_organisation_apart(api: Api, other: Api) -> None:
    """One tenant cannot make another's event a duplicate."""
    sent = event()
    assert [api.send([sent])["accepted"], other.send([sent])["accepted"]] == [1, 1]


@each_kind_of_id
def test_threads_that_resend_the_same_batch_count_it_once(
    api: Api, make_id: Callable[[], UUID]
) -> None:
    """Eight clients retry at once: 50 events at 0.01 USD are 0.5 USD, and each is accepted once."""
    batch = [event(sdk_event_id=str(make_id())) for _ in range(50)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: api.send(batch), range(8)))
    assert sum(each["accepted"] for each in answers) == 50
    assert sum(each["duplicates"] for each in answers) == 7 * 50
    summary = api.get("/v1/usage/summary")
    assert (summary["totalEvents"], summary["totalCost"]) == (50, "0.5")


def ask(serving: Serving, key: str, events: list[dict[str, Any]] | None) -> dict[str, Any]:
    """Send events, or without any ask for the summary."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=serving.url, headers=headers, timeout=30) as client:
        if events is None:
            return client.get("/v1/usage/summary", params=MARCH).json()
        body = json.dumps({"events": events})
        return client.post("/v1/usage/events/batch", content=body).json()


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """Kill -9 right after the answer; after a restart every event is there, and known as such."""
    batch = [event() for _ in range(200)]
    first = Serving(tmp_path / "ledger.duckdb")
    key = first.key
    assert ask(first, key, batch)["accepted"] == 200
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    second = Serving(tmp_path / "ledger.duckdb")
    assert second.key == "", "the first key is made once"
    assert ask(second, key, None)["totalEvents"] == 200
    assert ask(second, key, batch)["duplicates"] == 200
    assert second.end(signal.SIGTERM) == 0
