"""Recorded answers of every provider, through the real SDKs, become the counts they mean."""

from pathlib import Path
from typing import Any

import pytest

from bearlumen import (
    AsyncTrackedStream,
    BearLumen,
    MemoryTransport,
    TrackedStream,
    TrackOptions,
    TrackResult,
)
from bearlumen.providers import extractors
from support.replay import (
    Recording,
    as_json,
    as_json_async,
    has_async,
    load,
    rebuild,
    rebuild_async,
    recordings,
)

RECORDINGS = [load(path) for path in recordings()]
PLAIN = [recording for recording in RECORDINGS if not recording.streaming]
STREAMED = [recording for recording in RECORDINGS if recording.streaming]


def each(chosen: list[Recording]) -> pytest.MarkDecorator:
    """Run the test once for each recording, named after it."""
    return pytest.mark.parametrize("recording", chosen, ids=lambda recording: recording.name)


def check(result: TrackResult, sent: MemoryTransport, recording: Recording) -> None:
    """The result and the event that was sent say what the recording says."""
    assert result.detected
    assert result.provider == recording.provider
    assert result.counts == recording.counts
    assert result.model == (recording.model or recording.request_model)
    if "in_progress" in recording.tags:
        assert sent.events == []
        return
    (event,) = sent.events
    usage: dict[str, Any] = event["metadata"].get("usage", {})
    totals = {name: event[name] for name in ("input_tokens", "output_tokens") if name in event}
    tools = usage.pop("tool_calls", {})
    tier = usage.pop("service_tier", None)
    assert {**totals, **usage} == recording.counts
    assert (tools, tier) == (recording.tool_calls, recording.service_tier)
    assert event["sdk_event_id"] == result.event_id


def hint(recording: Recording) -> TrackOptions:
    """What a caller adds: the model, where the response does not name one."""
    return {} if recording.model else {"model": recording.request_model}


@each(PLAIN)
def test_sdk_response_yields_the_recorded_counts(
    recording: Recording, bear: BearLumen, sent: MemoryTransport
) -> None:
    """The object that the real client hands out is read right."""
    result = bear.track(rebuild(recording), **hint(recording))
    bear.flush()
    check(result, sent, recording)


@each(PLAIN)
def test_json_response_yields_the_recorded_counts(
    recording: Recording, bear: BearLumen, sent: MemoryTransport
) -> None:
    """The same response as a plain dict is read the same."""
    result = bear.track(as_json(recording), **hint(recording))
    bear.flush()
    check(result, sent, recording)


@each([recording for recording in PLAIN if has_async(recording)])
@pytest.mark.anyio
async def test_async_client_response_yields_the_recorded_counts(
    recording: Recording, bear: BearLumen, sent: MemoryTransport
) -> None:
    """What the async client hands out is read right."""
    result = bear.track(await rebuild_async(recording), **hint(recording))
    bear.flush()
    check(result, sent, recording)


@each(STREAMED)
def test_sdk_stream_yields_the_recorded_counts(
    recording: Recording, bear: BearLumen, sent: MemoryTransport
) -> None:
    """A stream read to its end becomes one event with the recorded counts."""
    tracked = bear.track(rebuild(recording), **hint(recording))
    stream = tracked["stream"] if recording.sdk == "boto3" else tracked
    assert isinstance(stream, TrackedStream)
    for _ in stream:
        assert sent.events == []
    bear.flush()
    check(tracked.result, sent, recording)


@each([recording for recording in STREAMED if recording.sdk != "boto3"])
def test_stream_of_dicts_yields_the_recorded_counts(
    recording: Recording, bear: BearLumen, sent: MemoryTransport
) -> None:
    """Chunks as plain JSON are read the same."""
    stream = bear.track(as_json(recording), **hint(recording))
    for _ in stream:
        pass
    bear.flush()
    check(stream.result, sent, recording)


@each([recording for recording in STREAMED if has_async(recording)])
@pytest.mark.anyio
async def test_async_stream_yields_the_recorded_counts(
    recording: Recording, bear: BearLumen, sent: MemoryTransport
) -> None:
    """An async stream's result is awaited once it is read."""
    stream = bear.track(await rebuild_async(recording), **hint(recording))
    assert isinstance(stream, AsyncTrackedStream)
    async for _ in stream:
        pass
    bear.flush()
    check(await stream.result, sent, recording)


@each([recording for recording in STREAMED if has_async(recording)])
@pytest.mark.anyio
async def test_async_stream_of_dicts_yields_the_recorded_counts(
    recording: Recording, bear: BearLumen, sent: MemoryTransport
) -> None:
    """Async chunks as plain JSON are read the same."""
    stream = bear.track(as_json_async(recording), **hint(recording))
    async for _ in stream:
        pass
    bear.flush()
    check(await stream.result, sent, recording)


def test_every_provider_has_a_recording() -> None:
    """An extractor without a recorded response is a guess."""
    assert {e.provider for e in extractors()} == {path.parent.name for path in recordings()}


def test_every_recording_can_be_told_from_the_others() -> None:
    """A recording's file lies under the provider that it names."""
    assert all(Path(r.path).parent.name == r.provider for r in RECORDINGS)
