"""Every recording rebuilds through the real client of its provider's SDK."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from .clients import MODULES, WARNED_OF_ITSELF
from .figures import items_of, on_the_objects, on_the_wire, stream_in
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
    rebuild_aiobotocore,
    rebuild_async,
    recordings,
)

pytestmark = WARNED_OF_ITSELF
RECORDINGS = [load(path) for path in recordings()]
HELD = [r for r in RECORDINGS if r.sdk != "json"]
"""What a user holds through an SDK."""
GENERATORS = {"cohere", "cohere-v1", "google-genai", "huggingface_hub", "ollama", "xai-sdk"}
"""SDKs whose streams are Python's own generators."""
WITHOUT_TAPE = {"xai-sdk"}
"""Its messages do not come as bytes, see `calls.py`."""


def each(recordings: Iterable[Recording]) -> pytest.MarkDecorator:
    """Run a test once for each recording, under its name."""
    return pytest.mark.parametrize("recording", list(recordings), ids=lambda r: r.name)


each_held = each(HELD)
each_plain = each(r for r in HELD if not r.streaming)
each_stream = each(r for r in HELD if r.streaming)
each_async = each(r for r in HELD if has_async(r))
each_taped = each(r for r in HELD if r.streaming and r.sdk not in WITHOUT_TAPE)
each_taped_async = each(
    r for r in HELD if r.streaming and r.sdk not in WITHOUT_TAPE and has_async(r)
)
each_of_bedrock = each(r for r in HELD if r.sdk == "boto3")


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
        answer = json.loads(answer["body"].read()) if "body" in answer else answer
    assert_same([answer], recording)


@each_stream
def test_sync_stream_hands_out_the_usage_on_the_wire(recording: Recording) -> None:
    """A stream yields one item for each event, and each shows the numbers of its event."""
    assert_same(items_of(rebuild(recording)), recording)


@each_async
@pytest.mark.anyio
async def test_async_client_hands_out_the_usage_on_the_wire(recording: Recording) -> None:
    """The async client hands out the same items as the sync one."""
    answer = await rebuild_async(recording)
    assert_same([item async for item in answer] if recording.streaming else [answer], recording)


@each_of_bedrock
@pytest.mark.anyio
async def test_aiobotocore_hands_out_the_usage_on_the_wire(recording: Recording) -> None:
    """The counterpart of boto3 hands out the same, its bodies and streams to be awaited."""
    answer = await rebuild_aiobotocore(recording)
    assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == 200
    if recording.streaming:
        assert_same([item async for item in stream_in(answer)], recording)
    else:
        body = await answer["body"].read() if "body" in answer else None
        assert_same([answer if body is None else json.loads(body)], recording)


def assert_same(items: Iterable[object], recording: Recording) -> None:
    """What the SDK handed out shows the figures of the wire; some rename them, or drop one."""
    held, sent = on_the_objects(items), on_the_wire(recording)
    if "dropped" in recording.tags:
        assert all(one.items() < wire.items() for one, wire in zip(held, sent, strict=True))
    elif "reshaped" in recording.tags:
        assert sorted(filter(None, held[-1].values())) == sorted(filter(None, sent[-1].values()))
    else:
        assert held == sent


@each_held
def test_object_is_what_users_hold(recording: Recording) -> None:
    """What is rebuilt is of the SDK's own class, or a builtin where the SDK has none."""
    root = type(rebuild(recording)).__module__.partition(".")[0]
    generator = recording.sdk in GENERATORS and recording.surface != "interactions"
    bare = recording.sdk == "boto3" or (recording.streaming and generator)
    package = MODULES.get(recording.sdk, recording.sdk).partition(".")[0]
    assert root == ("builtins" if bare else package)


@each_taped
def test_stream_is_read_as_it_is_asked_for(recording: Recording) -> None:
    """After the first item most of the answer is still unread; after the last none is."""
    tape = Tape(recording)
    items = items_of(rebuild(recording, tape=tape))
    next(items)
    assert not tape.finished
    assert tape.played < len(tape.content) / 2
    assert list(items)
    assert tape.finished


@each_taped_async
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
    stream: Any = stream_in(answer)
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


@each(r for r in RECORDINGS if not r.streaming)
def test_plain_json_is_what_went_over_the_wire(recording: Recording) -> None:
    """Without an SDK a caller holds the same data, in a dict of its own."""
    answer = as_json(recording)
    assert answer == recording.response
    assert answer is not recording.response


@each_stream
@pytest.mark.anyio
async def test_json_stream_yields_every_event(recording: Recording) -> None:
    """Without an SDK a stream is an iterator of dicts, pings included, sync or async."""
    chunks: list[Any] = list(items_of(as_json(recording)))
    assert chunks == [chunk async for chunk in as_json_async(recording)]
    if recording.sdk != "boto3":
        assert chunks == [event.data for event in recording.events]
    elif recording.events[0].name is None:
        assert [json.loads(c["chunk"]["bytes"]) for c in chunks] == [
            event.data for event in recording.events
        ]
    else:
        assert chunks == [{event.name: event.data} for event in recording.events]


def test_async_json_of_a_plain_answer_is_refused() -> None:
    """A plain answer is not an empty stream."""
    with pytest.raises(ValueError, match="not a stream"):
        as_json_async(load(PROVIDERS / "ollama" / "chat-plain.json"))
