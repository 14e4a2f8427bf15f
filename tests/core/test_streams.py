"""A tracked stream is the provider's stream: same items, same time, same errors, same helpers."""

import asyncio
import gc
import io
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from botocore.response import StreamingBody  # pyright: ignore[reportMissingTypeStubs]

from bearlumen import BearLumen, InvalidRequestError, MemoryTransport, TrackedResponse
from support.replay import (
    Recording,
    Tape,
    async_client_for,
    client_for,
    load,
    rebuild,
    rebuild_async,
    recordings,
)

STREAMED = [r for r in map(load, recordings()) if r.streaming]
each_stream = pytest.mark.parametrize("recording", STREAMED, ids=lambda r: r.name)
CHAT_CHUNK = {"object": "chat.completion.chunk", "id": "c1", "model": "gpt-4o", "choices": []}
USAGE = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}


def recording(name: str) -> Recording:
    """The recording called `provider/case`."""
    return next(r for r in STREAMED if r.name == name)


def items(stream: Any) -> list[Any]:
    """What a caller reads from a stream, or from boto3's dict that holds one."""
    return list(stream["stream"] if isinstance(stream, dict) else stream)


@each_stream
def test_items_pass_through_unchanged(recording: Recording, bear: BearLumen) -> None:
    """The items are those that the SDK gives, in their order."""
    assert items(bear.track(rebuild(recording))) == items(rebuild(recording))


@each_stream
def test_nothing_is_read_ahead(recording: Recording, bear: BearLumen) -> None:
    """After each item, no more of the answer has been read than without us."""
    mine, plain = Tape(recording), Tape(recording)
    tracked, untracked = rebuild(recording, tape=mine), rebuild(recording, tape=plain)
    tracked = bear.track(tracked)
    assert mine.played == plain.played
    pairs = zip(
        tracked["stream"] if isinstance(tracked, dict) else tracked,
        untracked["stream"] if isinstance(untracked, dict) else untracked,
        strict=True,
    )
    for _ in pairs:
        assert mine.played == plain.played


def test_attributes_of_the_stream_stay_reachable(bear: BearLumen) -> None:
    """What the wrapper lacks, the SDK's stream has."""
    stream = bear.track(rebuild(recording("openai/chat-stream")))
    assert stream.response.status_code == 200
    with pytest.raises(AttributeError):
        _ = stream.no_such_thing
    stream.close()


def test_result_is_refused_until_the_stream_is_read(bear: BearLumen) -> None:
    """A figure that is not final is not given out as if it were."""
    stream = bear.track(iter([CHAT_CHUNK, {**CHAT_CHUNK, "usage": USAGE}]))
    next(stream)
    with pytest.raises(InvalidRequestError, match="read the stream to its end"):
        _ = stream.result
    assert list(stream) == [{**CHAT_CHUNK, "usage": USAGE}]
    assert stream.result.input_tokens == 10


@pytest.mark.anyio
async def test_awaiting_an_unread_stream_does_not_hang(bear: BearLumen) -> None:
    """A wait that could never end is an error instead."""
    stream = bear.track(await rebuild_async(recording("anthropic/messages-stream")))
    with pytest.raises(InvalidRequestError, match="read the stream to its end"):
        await stream.result
    await stream.close()


def test_reading_goes_on_after_a_break(bear: BearLumen, sent: MemoryTransport) -> None:
    """Leaving a loop is not the end of a stream: it can be read on, and is one event."""
    stream = bear.track(iter([CHAT_CHUNK, CHAT_CHUNK, {**CHAT_CHUNK, "usage": USAGE}]))
    for _ in stream:
        break
    assert len(list(stream)) == 2
    bear.flush()
    assert [event["input_tokens"] for event in sent.events] == [10]


def test_closed_stream_is_recorded_as_incomplete(bear: BearLumen, sent: MemoryTransport) -> None:
    """What is known of a stream that is closed early is recorded, and marked."""
    stream = bear.track(rebuild(recording("anthropic/messages-stream")))
    next(stream)
    stream.close()
    bear.flush()
    (event,) = sent.events
    assert stream.result.incomplete
    assert event["metadata"]["incomplete"] is True
    assert event["input_tokens"] == recording("anthropic/messages-stream").counts["input_tokens"]


def test_stream_left_after_its_final_usage_is_complete(bear: BearLumen) -> None:
    """Not waiting for the last, empty item of a stream loses nothing."""
    stream = bear.track(iter([CHAT_CHUNK, {**CHAT_CHUNK, "usage": USAGE}, CHAT_CHUNK]))
    next(stream)
    next(stream)
    stream.close()
    assert not stream.result.incomplete
    assert stream.result.output_tokens == 4


def test_dropped_stream_is_recorded(bear: BearLumen, sent: MemoryTransport) -> None:
    """A stream that nobody holds any more is recorded with what is known of it."""
    for _ in bear.track(rebuild(recording("openai/responses-stream"))):
        break
    gc.collect()
    bear.flush()
    (event,) = sent.events
    assert event["metadata"]["incomplete"] is True


def test_stream_open_at_shutdown_is_recorded(sent: MemoryTransport) -> None:
    """A stream that is still held when the client ends is not lost."""
    bear = BearLumen(api_key="sk_test_1", transport=sent)
    stream = bear.track(iter([CHAT_CHUNK]))
    next(stream)
    bear.shutdown()
    assert [event["model"] for event in sent.events] == ["gpt-4o"]


def test_the_providers_error_reaches_the_caller(bear: BearLumen, sent: MemoryTransport) -> None:
    """An error in mid-stream is the caller's, as it was; what was used until then is recorded."""
    error = ConnectionError("reset")

    def broken() -> Iterator[dict[str, Any]]:
        yield {**CHAT_CHUNK, "usage": USAGE}
        raise error

    stream = bear.track(broken())
    next(stream)
    with pytest.raises(ConnectionError) as caught:
        next(stream)
    bear.flush()
    assert caught.value is error
    assert [event["input_tokens"] for event in sent.events] == [10]


@pytest.mark.anyio
async def test_async_error_reaches_the_caller(bear: BearLumen, sent: MemoryTransport) -> None:
    """The same for an async stream."""

    async def broken() -> AsyncIterator[dict[str, Any]]:
        yield CHAT_CHUNK
        raise ConnectionError("reset")

    stream = bear.track(broken())
    with pytest.raises(ConnectionError, match="reset"):
        _ = [item async for item in stream]
    bear.flush()
    assert (await stream.result).incomplete
    assert len(sent.events) == 1


def test_missing_usage_is_reported_with_the_option(
    bear: BearLumen, problems: list[Exception]
) -> None:
    """A stream without usage tells the caller what to ask the provider for."""
    stream = bear.track(iter([CHAT_CHUNK]))
    list(stream)
    assert stream.result.counts == {}
    assert "include_usage" in str(problems[0])


def test_message_helper_reading_only_its_text_is_recorded(
    bear: BearLumen, sent: MemoryTransport
) -> None:
    """`messages.stream` is tracked although its items are never seen, only its text."""
    case = recording("anthropic/messages-stream")
    manager = client_for(case).messages.stream(
        model=case.request_model, max_tokens=16, messages=[{"role": "user", "content": "hello"}]
    )
    with bear.track(manager) as stream:
        text = "".join(stream.text_stream)
        assert stream.get_final_text() == text
    bear.flush()
    (event,) = sent.events
    assert stream.result.counts == case.counts
    assert "incomplete" not in event["metadata"]


@pytest.mark.anyio
async def test_async_message_helper_is_recorded(bear: BearLumen) -> None:
    """The same for the async helper, read item by item."""
    case = recording("anthropic/messages-stream")
    manager = async_client_for(case).messages.stream(
        model=case.request_model, max_tokens=16, messages=[{"role": "user", "content": "hello"}]
    )
    async with bear.track(manager) as stream:
        _ = [item async for item in stream]
    assert (await stream.result).counts == case.counts


def test_stream_as_context_manager_closes_the_providers(bear: BearLumen) -> None:
    """Leaving the `with` closes the SDK's stream, and records it."""
    case = recording("openai/chat-stream")
    tape = Tape(case)
    with bear.track(rebuild(case, tape=tape)) as stream:
        next(stream)
    assert tape.closed
    assert stream.result.incomplete


def test_bedrock_answer_stays_a_dict(bear: BearLumen) -> None:
    """boto3's dict keeps its keys, and its stream can be tracked alone too."""
    case = recording("bedrock/converse-stream")
    whole = bear.track(rebuild(case), model=case.request_model)
    assert isinstance(whole, TrackedResponse)
    assert whole["ResponseMetadata"]["HTTPStatusCode"] == 200
    alone = bear.track(rebuild(case)["stream"], model=case.request_model)
    assert list(whole["stream"]) == list(alone)
    assert whole.result.counts == alone.result.counts == case.counts


def test_tracking_a_tracked_stream_again_counts_it_once(
    bear: BearLumen, sent: MemoryTransport
) -> None:
    """A wrapper is a wrapper; its result is a result."""
    stream = bear.track(bear.track(iter([{**CHAT_CHUNK, "usage": USAGE}])))
    list(stream)
    assert bear.track(stream.result) is stream.result
    bear.flush()
    assert len(sent.events) == 1


def test_helper_that_fails_to_open_is_no_call(bear: BearLumen, sent: MemoryTransport) -> None:
    """Where the provider was never reached, nothing is recorded."""

    class Manager:
        def __enter__(self) -> Any:
            raise ConnectionError("refused")

        def __exit__(self, *_: object) -> None:
            """Never reached."""

    with pytest.raises(ConnectionError), bear.track(Manager(), model="claude-x"):
        pass
    gc.collect()
    bear.flush()
    assert sent.events == []


def test_stream_that_reads_both_ways_still_does(bear: BearLumen) -> None:
    """An object with both protocols keeps both."""

    class Both:
        def __init__(self) -> None:
            self.items = iter([CHAT_CHUNK, {**CHAT_CHUNK, "usage": USAGE}])

        def __iter__(self) -> Iterator[Any]:
            return self

        def __next__(self) -> Any:
            return next(self.items)

        def __aiter__(self) -> AsyncIterator[Any]:
            return self

        async def __anext__(self) -> Any:
            for item in self.items:
                return item
            raise StopAsyncIteration

    async def read(stream: Any) -> int:
        return len([item async for item in stream])

    plain: Any = bear.track(Both())
    awaited: Any = bear.track(Both())
    assert len(list(plain)) == asyncio.run(read(awaited)) == 2
    assert plain.result.counts == awaited.result.counts == {"input_tokens": 10, "output_tokens": 4}


@pytest.mark.anyio
async def test_timed_out_read_does_not_end_the_stream(
    bear: BearLumen, sent: MemoryTransport
) -> None:
    """A caller that gives up on one item may read on: the counts come at the end."""
    ready = asyncio.Event()

    class Slow:
        def __init__(self) -> None:
            self.items = iter([CHAT_CHUNK, {**CHAT_CHUNK, "usage": USAGE}])

        def __aiter__(self) -> AsyncIterator[Any]:
            return self

        async def __anext__(self) -> Any:
            await ready.wait()
            for item in self.items:
                return item
            raise StopAsyncIteration

    stream = bear.track(Slow())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(stream), 0.01)
    ready.set()
    assert len([item async for item in stream]) == 2
    assert (await stream.result).input_tokens == 10


def test_responses_helper_read_by_its_methods_is_recorded(bear: BearLumen) -> None:
    """`responses.stream` is tracked although its items are never seen."""
    case = recording("openai/responses-stream")
    with bear.track(client_for(case).responses.stream(model="m", input="hello")) as stream:
        stream.until_done()
    assert stream.result.counts == case.counts
    assert not stream.result.incomplete


def test_chat_helper_without_usage_says_what_to_ask_for(
    bear: BearLumen, problems: list[Exception]
) -> None:
    """OpenAI's helper does not ask for usage by itself."""
    case = recording("openai/chat-stream-no-usage")
    messages: Any = [{"role": "user", "content": "hello"}]
    with bear.track(client_for(case).chat.completions.stream(model="m", messages=messages)) as s:
        for _ in s:
            pass
    assert (s.result.counts, s.result.incomplete) == ({}, False)
    assert "include_usage" in str(problems[0])


def test_body_of_invoke_model_is_left_alone(bear: BearLumen) -> None:
    """boto3's StreamingBody can be read once, and that is the caller's to do."""
    body = StreamingBody(io.BytesIO(b"{}"), 2)
    bear.track({"ResponseMetadata": {"HTTPStatusCode": 200}, "body": body})
    assert body.read() == b"{}"
