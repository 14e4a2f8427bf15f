"""Recorded answers of every provider, through the real SDKs, become what they mean.

Each recording is read in every form in which a caller can hold it; where its SDK is not installed,
as plain JSON only.
"""

import json
from decimal import Decimal
from typing import Any, cast

import pytest

from bearlumen import (
    AsyncTrackedStream,
    BearLumen,
    BearLumenError,
    MemoryTransport,
    TrackedResponse,
    TrackedStream,
    TrackOptions,
    TrackResult,
)
from bearlumen.providers import extractors
from support.clients import WARNED_OF_ITSELF
from support.figures import stream_in
from support.replay import (
    Meaning,
    Recording,
    as_json,
    as_json_async,
    has_async,
    load,
    rebuild,
    rebuild_aiobotocore,
    rebuild_async,
    recordings,
)

RECORDINGS = [load(path) for path in recordings()]
HELD = [r for r in RECORDINGS if r.sdk != "json"]
PLAIN = [r for r in RECORDINGS if not r.streaming]
STREAMED = [r for r in RECORDINGS if r.streaming]
TOTALS = ("input_tokens", "output_tokens")

pytestmark = WARNED_OF_ITSELF


def each(chosen: list[Recording]) -> pytest.MarkDecorator:
    """Run the test once for each recording, named after it."""
    return pytest.mark.parametrize("recording", chosen, ids=lambda recording: recording.name)


class Ledger:
    """A client, what it sent, and what it was told of."""

    def __init__(self, bear: BearLumen, sent: MemoryTransport, problems: list[Exception]) -> None:
        self._bear = bear
        self._sent = sent
        self._problems = problems

    def track(self, response: Any, recording: Recording, meaning: Meaning) -> Any:
        """Track as a caller does: with the model, where the response does not name one."""
        named = meaning.model is not None or not meaning.recorded
        options: TrackOptions = {} if named else {"model": recording.request_model}
        return self._bear.track(response, **options)

    def check(self, result: TrackResult, recording: Recording, meaning: Meaning) -> None:
        """The result and the events that were sent say what the recording says."""
        self._bear.flush()
        check_result(result, recording, meaning)
        check_events(self._sent.events, result, meaning)
        assert all(isinstance(problem, BearLumenError) for problem in self._problems)
        silent = recording.streaming and not meaning.counts
        assert len(self._problems) == (meaning.flavor is None or silent)


def check_result(result: TrackResult, recording: Recording, meaning: Meaning) -> None:
    """What `track` gives back."""
    assert result.detected == (meaning.flavor is not None)
    if not result.detected:
        assert result.counts == {}
        return
    detection = result._event.detection
    assert detection is not None
    flavor = detection.flavor
    assert f"{flavor.provider}/{flavor.declared.name}" == meaning.flavor
    assert result.provider == meaning.provider
    named_by_caller = recording.request_model if meaning.recorded else None
    assert result.model == (meaning.model or named_by_caller)
    assert result.counts == meaning.counts
    assert (result.tool_calls, result.units) == (meaning.tool_calls, meaning.units)
    assert (result.service_tier, result.batch) == (meaning.service_tier, meaning.batch)
    assert result.inference_geo == meaning.inference_geo
    assert result.provider_cost == meaning.provider_cost
    assert result.reported == meaning.reported
    assert not result.incomplete
    found = [(one.model, one.counts) for one in result.additional]
    assert found == [(one.model, one.counts) for one in meaning.linked]


def check_events(events: list[dict[str, Any]], result: TrackResult, meaning: Meaning) -> None:
    """What went over the wire: one event for the call, one for each thing billed beside it."""
    assert bool(events) == bool(result.event_id) == meaning.recorded
    if not meaning.recorded:
        return
    main, *others = events
    metadata: dict[str, Any] = main["metadata"]
    assert (main["sdk_event_id"], metadata["provider"]) == (result.event_id, meaning.provider)
    assert counts_of(main) == meaning.counts
    usage: dict[str, Any] = metadata.get("usage", {})
    assert usage.get("tool_calls", {}) == meaning.tool_calls
    assert usage.get("service_tier") == meaning.service_tier
    assert usage.get("inference_geo") == meaning.inference_geo
    assert usage.get("batch", False) == meaning.batch
    assert metadata.get("units", {}) == meaning.units
    assert metadata.get("reported", {}) == meaning.reported
    stated: str | None = metadata.get("provider_cost")
    assert (None if stated is None else Decimal(stated)) == meaning.provider_cost
    for other, linked in zip(others, meaning.linked, strict=True):
        assert (other["model"], counts_of(other)) == (linked.model, linked.counts)
        assert other["metadata"]["parent_event_id"] == result.event_id


def counts_of(event: dict[str, Any]) -> dict[str, int]:
    """The token counts on an event, wherever they stand."""
    usage: dict[str, Any] = event["metadata"].get("usage", {})
    parts = {name: count for name, count in usage.items() if name.endswith("_tokens")}
    return {name: event[name] for name in TOTALS if name in event} | parts


@pytest.fixture
def ledger(bear: BearLumen, sent: MemoryTransport, problems: list[Exception]) -> Ledger:
    """A client that sends nothing anywhere."""
    return Ledger(bear, sent, problems)


@each([r for r in HELD if not r.streaming])
def test_sdk_response_means_what_is_recorded(recording: Recording, ledger: Ledger) -> None:
    """The object that the real client hands out is read right."""
    result = ledger.track(rebuild(recording), recording, recording)
    if isinstance(result, TrackedResponse):
        assert json.loads(result["body"].read()) == recording.response
        result = result.result
    ledger.check(result, recording, recording)


@each([r for r in HELD if not r.streaming and has_async(r)])
@pytest.mark.anyio
async def test_async_client_response_means_the_same(recording: Recording, ledger: Ledger) -> None:
    """What the async client hands out is read the same."""
    result = ledger.track(await rebuild_async(recording), recording, recording)
    ledger.check(result, recording, recording)


@each(PLAIN)
def test_json_response_means_what_is_recorded(recording: Recording, ledger: Ledger) -> None:
    """As a plain dict it says what it can: who answered may not show in it."""
    result = ledger.track(as_json(recording), recording, recording.as_json)
    ledger.check(result, recording, recording.as_json)


@each([r for r in HELD if r.streaming])
def test_sdk_stream_means_what_is_recorded(recording: Recording, ledger: Ledger) -> None:
    """A stream that is read to its end becomes one event, and not before."""
    tracked = ledger.track(rebuild(recording), recording, recording)
    stream = stream_in(tracked)
    assert isinstance(stream, TrackedStream)
    for _ in stream:
        assert not ledger._sent.events
    ledger.check(tracked.result, recording, recording)


@each([r for r in HELD if r.streaming and has_async(r)])
@pytest.mark.anyio
async def test_async_stream_means_the_same(recording: Recording, ledger: Ledger) -> None:
    """An async stream's result is awaited once it is read."""
    stream = ledger.track(await rebuild_async(recording), recording, recording)
    assert isinstance(stream, AsyncTrackedStream)
    async for _ in cast("AsyncTrackedStream[Any]", stream):
        pass
    ledger.check(await stream.result, recording, recording)


@each(STREAMED)
def test_stream_of_dicts_means_what_is_recorded(recording: Recording, ledger: Ledger) -> None:
    """Chunks as plain JSON are read the same."""
    stream = ledger.track(as_json(recording), recording, recording.as_json)
    for _ in stream:
        pass
    ledger.check(stream.result, recording, recording.as_json)


@each(STREAMED)
@pytest.mark.anyio
async def test_async_stream_of_dicts_means_the_same(recording: Recording, ledger: Ledger) -> None:
    """So are async chunks."""
    stream = ledger.track(as_json_async(recording), recording, recording.as_json)
    async for _ in stream:
        pass
    ledger.check(await stream.result, recording, recording.as_json)


@each([r for r in STREAMED if "no_usage" not in r.tags])
def test_collected_chunks_mean_the_same(recording: Recording, ledger: Ledger) -> None:
    """A list of chunks that were read already is one stream."""
    result = ledger.track(list(as_json(recording)), recording, recording.as_json)
    ledger.check(result, recording, recording.as_json)


@each([r for r in HELD if r.streaming and "no_usage" not in r.tags])
def test_collected_items_mean_the_same(recording: Recording, ledger: Ledger) -> None:
    """So is a list of an SDK's items."""
    items = list(stream_in(rebuild(recording)))
    # Without the dict that boto3 puts the stream into, it shows in no item who sold the call.
    meaning = recording.as_json if recording.sdk == "boto3" else recording
    result = ledger.track(items, recording, meaning)
    ledger.check(result, recording, meaning)


@each([r for r in HELD if r.sdk == "boto3"])
@pytest.mark.anyio
async def test_aiobotocore_means_the_same(recording: Recording, ledger: Ledger) -> None:
    """boto3's async counterpart hands out dicts too, with what is to be awaited in them."""
    result = ledger.track(await rebuild_aiobotocore(recording), recording, recording)
    if recording.streaming:
        async for _ in stream_in(result):
            pass
        result = await result.result
    elif isinstance(result, TrackedResponse):
        assert json.loads(await result["body"].read()) == recording.response
        result = result.result
    ledger.check(result, recording, recording)


def test_every_provider_has_a_recording() -> None:
    """A provider without a recorded response is a guess."""
    assert {e.provider for e in extractors()} == {path.parent.name for path in recordings()}
