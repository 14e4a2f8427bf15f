"""Every recording rebuilds through the real client of its provider's SDK."""

from collections.abc import Iterable
from typing import Any

import pytest

from .figures import items_of, on_the_objects, on_the_wire
from .recordings import PROVIDERS
from .replay import (
    Recording,
    Tape,
    as_json,
    as_json_async,
    client_for,
    has_async,
    load,
    rebuild,
    rebuild_async,
    recordings,
)

RECORDINGS = [load(path) for path in recordings()]
GENERATORS = {"google-genai", "ollama"}
"""SDKs whose streams are Python's own generators."""


def each(recordings: Iterable[Recording]) -> pytest.MarkDecorator:
    """Run a test once for each recording, under its name."""
    return pytest.mark.parametrize("recording", list(recordings), ids=lambda r: r.name)


each_recording = each(RECORDINGS)
each_plain = each(r for r in RECORDINGS if not r.streaming)
each_stream = each(r for r in RECORDINGS if r.streaming)
each_async = each(r for r in RECORDINGS if has_async(r))
each_async_stream = each(r for r in RECORDINGS if has_async(r) and r.streaming)


@pytest.fixture
def anyio_backend() -> str:
    """The event loop of the async tests; every SDK supports it."""
    return "asyncio"


@each_plain
def test_sync_client_hands_out_the_usage_on_the_wire(recording: Recording) -> None:
    """A plain answer rebuilt through the sync client shows every number its provider sent."""
    answer = rebuild(recording)
    if recording.sdk == "boto3":
        assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == 200
    assert on_the_objects([answer]) == on_the_wire(recording)


@each_stream
def test_sync_stream_hands_out_the_usage_on_the_wire(recording: Recording) -> None:
    """A stream yields one item for each event, and each shows the numbers of its event."""
    assert on_the_objects(items_of(rebuild(recording))) == on_the_wire(recording)


@each_async
@pytest.mark.anyio
async def test_async_client_hands_out_the_usage_on_the_wire(recording: Recording) -> None:
    """The async client hands out the same items as the sync one."""
    answer = await rebuild_async(recording)
    items = [item async for item in answer] if recording.streaming else [answer]
    assert on_the_objects(items) == on_the_wire(recording)


@each_recording
def test_object_is_what_users_hold(recording: Recording) -> None:
    """What is rebuilt is of the SDK's own class, or a builtin where the SDK has none."""
    root = type(rebuild(recording)).__module__.partition(".")[0]
    bare = recording.sdk == "boto3" or (recording.streaming and recording.sdk in GENERATORS)
    assert root == ("builtins" if bare else recording.sdk.partition("-")[0])


@each_stream
def test_stream_is_read_as_it_is_asked_for(recording: Recording) -> None:
    """After the first item most of the answer is still unread; after the last none is."""
    tape = Tape(recording)
    items = items_of(rebuild(recording, tape=tape))
    next(items)
    assert not tape.finished
    assert tape.played < len(tape.content) / 2
    assert list(items)
    assert tape.finished


@each_async_stream
@pytest.mark.anyio
async def test_async_stream_is_read_as_it_is_asked_for(recording: Recording) -> None:
    """Async clients read no further ahead than sync ones."""
    tape = Tape(recording)
    items = aiter(await rebuild_async(recording, tape=tape))
    await anext(items)
    assert tape.played < len(tape.content) / 2
    assert [item async for item in items]
    assert tape.finished


@pytest.mark.parametrize("name", ["openai/chat-stream", "bedrock/converse-stream"])
def test_tape_sees_a_stream_closed_early(name: str) -> None:
    """A test can tell that an answer was let go before its end."""
    tape = Tape(load(PROVIDERS / f"{name}.json"))
    answer = rebuild(tape.recording, tape=tape)
    stream: Any = answer["stream"] if name.startswith("bedrock") else answer
    stream.close()
    assert (tape.closed, tape.finished) == (1, False)


def test_client_serves_the_helpers_of_the_sdk() -> None:
    """The ready client is enough for helpers such as `messages.stream`."""
    client = client_for(load(PROVIDERS / "anthropic" / "messages-stream.json"))
    messages = [{"role": "user", "content": "What do bears like?"}]
    with client.messages.stream(model="claude", max_tokens=9, messages=messages) as stream:
        usage = stream.get_final_message().usage
    assert (usage.input_tokens, usage.output_tokens) == (79, 97)


@pytest.mark.anyio
async def test_bedrock_has_no_async_client() -> None:
    """Asking for one says so, rather than handing out something else."""
    recording = load(PROVIDERS / "bedrock" / "converse-stream.json")
    assert not has_async(recording)
    with pytest.raises(NotImplementedError, match="boto3"):
        await rebuild_async(recording)
    with pytest.raises(NotImplementedError, match="boto3"):
        as_json_async(recording)


@each_plain
def test_plain_json_is_what_went_over_the_wire(recording: Recording) -> None:
    """Without an SDK a caller holds the same data, in a dict of its own."""
    answer = as_json(recording)
    if recording.sdk == "boto3":
        del answer["ResponseMetadata"]
        assert on_the_objects([answer]) == on_the_wire(recording)
    else:
        assert answer == recording.response
        assert answer is not recording.response


@each_stream
def test_json_stream_yields_every_event(recording: Recording) -> None:
    """Without an SDK a stream is an iterator of dicts, pings included."""
    chunks = list(items_of(as_json(recording)))
    if recording.sdk == "boto3":
        assert chunks == [{event.name: event.data} for event in recording.events]
    else:
        assert chunks == [event.data for event in recording.events]


@each_async_stream
@pytest.mark.anyio
async def test_async_json_stream_yields_every_event(recording: Recording) -> None:
    """An async caller without an SDK gets the same chunks."""
    chunks = [chunk async for chunk in as_json_async(recording)]
    assert chunks == [event.data for event in recording.events]


def test_async_json_of_a_plain_answer_is_refused() -> None:
    """A plain answer is not an empty stream."""
    with pytest.raises(ValueError, match="not a stream"):
        as_json_async(load(PROVIDERS / "ollama" / "chat-plain.json"))
