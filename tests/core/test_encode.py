"""The quick way of writing an event says what the careful way says."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bearlumen._encode import encoded, to_wire
from bearlumen.events import UsageEvent
from bearlumen.providers import Detection
from bearlumen.providers._detector import detect
from bearlumen.providers._flavor import CompiledFlavor
from bearlumen.providers._registry import flavors
from support.recordings import Recording, load, recordings

PLAIN = [one for path in recordings() if (one := load(path)).response is not None]
LABELS: list[dict[str, Any]] = [
    {},
    {"user_id": "u", "feature": 'a "quoted" ü\n', "agent": "", "workflow": None},
    {"session_id": "s", "session_type": "chat", "dimensions": {"team": "é", "n": 1.5, "b": True}},
    {"model": "another", "provider": "elsewhere", "user_id": ""},
    {"timestamp": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "event_id": str(uuid.uuid4())},
    {"latency_ms": 12.0, "feature": "f"},
    {"units": {"images": 2}, "metadata": {"request": "r"}, "dimensions": {}},
]

COUNTS = st.one_of(
    st.none(),
    st.integers(-1, 50),
    st.sampled_from([0, 10**9, 10**9 + 1, True, 3.0, 1.5, "7", "x", "", "default", "us", {}, []]),
)


def both(event: UsageEvent) -> tuple[Any, Any]:
    """What goes out, and what the careful way makes of it."""
    return json.loads(encoded(event)), json.loads(json.dumps(to_wire(event)))


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize(
    "recording", PLAIN, ids=lambda one: f"{one.path.parent.name}-{one.path.stem}"
)
def test_recording_is_written_the_same_in_both_ways(
    recording: Recording, labels: dict[str, Any]
) -> None:
    """Whatever a provider reports and a caller says arrives as it is."""
    event = UsageEvent(detect(recording.response), labels)
    quick, careful = both(event)
    assert quick == careful


@pytest.mark.parametrize("flavor", flavors(), ids=lambda one: f"{one.provider}-{one.declared.name}")
@settings(max_examples=40)
@given(data=st.data())
def test_any_values_are_written_the_same_in_both_ways(
    flavor: CompiledFlavor, data: st.DataObject
) -> None:
    """Odd counts, parts above their whole, texts for numbers: the quick way leaves what it must."""
    size = len(flavor.read({}))
    values = data.draw(st.lists(COUNTS, min_size=size - 1, max_size=size - 1))
    reported = data.draw(st.sampled_from([None, None, None, {"new": 3}]))
    detection = Detection(flavor, (reported, *values), flavor.provider)
    quick, careful = both(UsageEvent(detection, {"user_id": "u"}))
    assert quick == careful


def test_ordinary_response_goes_the_quick_way() -> None:
    """The law above would hold as well if nothing did."""
    quick = [one for one in PLAIN if (found := detect(one.response)) and found.plain()]
    assert len(quick) > len(PLAIN) / 3
    openai = next(one for one in PLAIN if one.path.match("openai/chat-cached-reasoning-audio.json"))
    found = detect(openai.response)
    assert found is not None
    assert found.plain() is not None


def test_ids_are_unique_and_sort_by_time() -> None:
    """The server finds an id in a narrow range, and another process never makes the same."""
    ids = [UsageEvent(None, {}).event_id for _ in range(10_000)]
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids)
    parsed = [uuid.UUID(one) for one in ids]
    assert {(one.version, one.variant) for one in parsed} == {(7, uuid.RFC_4122)}
