"""What the client sends is what the server decodes in one go, and what it shows is read whole."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pytest

from bearlumen import BearLumen, MemoryTransport, TrackedResponse, TrackedStream
from bearlumen_server import LocalServer
from bearlumen_server.ledger.schema import (
    StrictBatch,
    StrictMetadata,
    StrictSdkEvent,
    StrictUsageDetails,
)
from support.replay import Recording, as_json, load, recordings

Event = dict[str, Any]

LABELS: dict[str, Any] = {
    "feature": "f", "agent": "a", "workflow": "w", "session_id": "s", "session_type": "t",
    "latency_ms": 12.5,
    "user_id": "u", "dimensions": {"team": "x", "seats": 3, "beta": True, "share": 0.5},
    "units": {"images": 2}, "cost": "0.01",
}  # fmt: skip
CACHED = {
    "input_tokens": 5,
    "output_tokens": 7,
    "cache_read_input_tokens": 2,
    "cache_creation_input_tokens": 4,
    "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 1},
}
RICH: dict[str, Event] = {
    # Everything at once: cache by time, batch, a billed tool, a step of its own, an unknown count.
    "anthropic": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [],
        "usage": {
            **CACHED,
            "service_tier": "batch",
            "inference_geo": "us",
            "server_tool_use": {"web_search_requests": 1},
            "iterations": [{"type": "compaction", **CACHED}],
            "moon_tokens": 9,
        },
    },
    "openrouter": {
        "id": "gen-1",
        "object": "chat.completion",
        "model": "openai/gpt-4o",
        "provider": "OpenAI",
        "choices": [],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1, "cost": 0.00015},
    },
}
"""Responses whose events have the fields that no recording has."""


@pytest.mark.parametrize("recording", [load(path) for path in recordings()], ids=lambda r: r.name)
def test_sdk_events_decode_strictly(recording: Recording) -> None:
    """No field of ours is unknown to the server, which would cost it a second, slower look.

    Which answers make an event is the providers' tests' business.
    """
    events = sent_for(as_json(recording))
    assert len(decoded(events)) == len(events)


@pytest.mark.parametrize("name", RICH)
def test_events_with_everything_decode_strictly(name: str) -> None:
    """The same of fields that few responses have."""
    events = sent_for(RICH[name])
    assert events
    assert len(decoded(events)) == len(events)


def test_every_declared_field_is_sent() -> None:
    """A field that the server declares and the SDK never sends was forgotten, or is misspelt."""
    events = [*all_events()]
    metadata = [each["metadata"] for each in events]
    usage = [each["usage"] for each in metadata if "usage" in each]
    assert keys(events) == declared(StrictSdkEvent)
    assert keys(metadata) == declared(StrictMetadata)
    assert keys(usage) == declared(StrictUsageDetails)


def test_what_the_server_shows_has_a_name_in_the_client(server: LocalServer) -> None:
    """Every attribute of an event is read, amounts and fractions as decimals."""
    parent, child = "01a20550-b89a-72cd-a454-ea9dc4440163", "01a20550-b89a-72cd-a454-ea9dc4440164"
    sent = {
        "sdk_event_id": child,
        "model": "m",
        "event_invoked_at": "2025-02-03T12:00:00Z",
        "metadata": {
            "provider_cost": "0.000000000123",
            "parent_event_id": parent,
            "reported": {"usage.whole": 3, "usage.part": 0.1},
            "usage": {
                "cache_write_tokens": 3,
                "cache_write_5m_tokens": 2,
                "batch": True,
                "inference_geo": "us",
            },
        },
    }
    key = {"Authorization": f"Bearer {server.api_key}"}
    url = f"{server.url}/v1/usage/events"
    httpx.post(url, headers=key, json=sent, trust_env=False).raise_for_status()
    with BearLumen(api_key=server.api_key, base_url=server.url) as bear:
        (event,) = bear.usage.events(start_date="2025-02-03", end_date="2025-02-03").events
    assert (event.event_id, event.parent_event_id) == (child, parent)
    assert (event.cost, event.cost_source) == (Decimal("0.000000000123"), "provider")
    assert event.provider_cost == event.cost
    assert event.reported == {"usage.whole": 3, "usage.part": Decimal("0.1")}
    assert (event.cache_write_5m_tokens, event.cache_write_1h_tokens) == (2, None)
    assert (event.batch, event.service_tier, event.inference_geo) == (True, None, "us")
    assert event.timestamp == datetime(2025, 2, 3, 12, tzinfo=UTC)
    assert not event.model_extra


def sent_for(response: Any) -> list[Event]:
    """The events of one response with every label; a stream is left early, so incomplete."""
    transport = MemoryTransport()
    with BearLumen(api_key="k", transport=transport) as bear:
        tracked = bear.track(response, **LABELS)
        stream = tracked.stream if isinstance(tracked, TrackedResponse) else tracked
        if isinstance(stream, TrackedStream):
            next(stream)
    return transport.events


def all_events() -> Iterator[Event]:
    """The events of every recording, and of the responses that have what those have not."""
    for path in recordings():
        yield from sent_for(as_json(load(path)))
    for response in RICH.values():
        yield from sent_for(response)


def decoded(events: list[Event]) -> list[StrictSdkEvent]:
    """The events, decoded in one go.

    Raises:
        msgspec.ValidationError: One of them has a field that the server does not declare.
    """
    return msgspec.json.decode(json.dumps({"events": events}).encode(), type=StrictBatch).events


def keys(mappings: list[Event]) -> set[str]:
    """Every key that one of them has."""
    return {key for mapping in mappings for key in mapping}


def declared(struct: type[msgspec.Struct]) -> set[str]:
    """The names of a struct's fields on the wire."""
    return {field.encode_name for field in msgspec.structs.fields(struct)}
