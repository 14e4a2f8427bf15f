"""However a tracked stream ends it is one event, which says whether all of it is known."""

import asyncio
import contextlib
import gc
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import anthropic
import openai
import pytest

from bearlumen import BearLumen, InvalidRequestError, MemoryTransport
from support.recordings import PROVIDERS
from support.replay import (
    Event,
    Recording,
    Tape,
    client_for,
    load,
    rebuild,
    rebuild_async,
)

CHAT_CHUNK = {"object": "chat.completion.chunk", "id": "c1", "model": "gpt-4o", "choices": []}
USAGE = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}

each_async_sdk = pytest.mark.parametrize(
    "name",
    [
        "anthropic/messages-stream",
        "gemini/generate-content-stream",
        "mistral/chat-stream",
        "ollama/chat-stream",
        "openai/chat-stream",
    ],
)


def recording(name: str) -> Recording:
    """The recording called `provider/case`."""
    return load(PROVIDERS / f"{name}.json")


def with_usage() -> list[dict[str, Any]]:
    """The items of a stream that states its usage at its end."""
    return [CHAT_CHUNK, CHAT_CHUNK, {**CHAT_CHUNK, "usage": USAGE}]


def shown(error: BaseException) -> tuple[type, str]:
    """What a caller sees of an exception."""
    return type(error), str(error)


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


def test_running_figures_left_early_are_incomplete(bear: BearLumen) -> None:
    """Usage on every item, as vLLM sends it, is final only when the answer is."""
    running = [
        {
            **CHAT_CHUNK,
            "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": reason}],
            "usage": {"prompt_tokens": 10, "completion_tokens": n, "total_tokens": 10 + n},
        }
        for n, reason in ((1, None), (2, None), (3, "stop"))
    ]
    left: Any = bear.track(iter(running))
    finished: Any = bear.track(iter(running))
    for stream, reads in ((left, 2), (finished, 3)):
        for _ in range(reads):
            next(stream)
        stream.close()
    assert (left.result.output_tokens, left.result.incomplete) == (2, True)
    assert (finished.result.output_tokens, finished.result.incomplete) == (3, False)


def test_dropped_stream_is_recorded(bear: BearLumen, sent: MemoryTransport) -> None:
    """A stream that nobody holds any more is recorded with what is known of it."""
    for _ in bear.track(rebuild(recording("openai/responses-stream"))):
        break
    gc.collect()
    bear.flush()
    (event,) = sent.events
    assert event["metadata"]["incomplete"] is True


def test_unread_stream_is_no_call(
    bear: BearLumen, sent: MemoryTransport, problems: list[Exception]
) -> None:
    """A stream that was dropped or closed before anything came of it says nothing about usage."""
    bear.track(rebuild(recording("openai/chat-stream")))
    bear.track(rebuild(recording("openai/chat-stream"))).close()
    gc.collect()
    bear.flush()
    assert (sent.events, problems) == ([], [])


def test_stream_open_at_shutdown_is_recorded(sent: MemoryTransport) -> None:
    """A stream that is still held when the client ends is not lost."""
    bear = BearLumen(api_key="sk_test_1", transport=sent)
    stream = bear.track(iter([CHAT_CHUNK]))
    next(stream)
    bear.shutdown()
    assert [event["model"] for event in sent.events] == ["gpt-4o"]


def test_stream_as_context_manager_closes_the_providers(bear: BearLumen) -> None:
    """Leaving the `with` closes the SDK's stream, and records it."""
    case = recording("openai/chat-stream")
    tape = Tape(case)
    with bear.track(rebuild(case, tape=tape)) as stream:
        next(stream)
    assert tape.closed
    assert stream.result.incomplete


@each_async_sdk
@pytest.mark.anyio
async def test_aclosing_an_async_stream_ends_it(name: str, bear: BearLumen) -> None:
    """`aclosing` lets go of the answer, whatever the SDK calls its own method."""
    case = recording(name)
    mine, plain = Tape(case), Tape(case)
    async with contextlib.aclosing(bear.track(await rebuild_async(case, tape=mine))) as stream:
        await anext(stream)
    untracked = await rebuild_async(case, tape=plain)
    await anext(untracked)
    await (untracked.aclose() if hasattr(untracked, "aclose") else untracked.close())
    assert mine.closed == plain.closed
    assert (await stream.result).incomplete


def test_missing_usage_is_reported_with_the_option(
    bear: BearLumen, problems: list[Exception]
) -> None:
    """A stream without usage tells the caller what to ask the provider for."""
    stream = bear.track(iter([CHAT_CHUNK]))
    list(stream)
    assert stream.result.counts == {}
    assert "include_usage" in str(problems[0])


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


ERRORS: dict[str, tuple[str, Event]] = {
    "openai": (
        "openai/chat-stream",
        Event(name=None, data={"error": {"message": "Token limit reached", "code": 502}}),
    ),
    "anthropic": (
        "anthropic/messages-stream",
        Event(
            name="error",
            data={"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        ),
    ),
}
"""What a provider says in the middle of a stream when it cannot go on."""


@pytest.mark.parametrize(("name", "event"), ERRORS.values(), ids=ERRORS)
def test_providers_error_event_reaches_the_caller(
    name: str, event: Event, bear: BearLumen, sent: MemoryTransport, problems: list[Exception]
) -> None:
    """The SDK makes it an exception, which the caller gets; what was used is recorded."""
    case = recording(name)
    case = replace(case, events=(*case.events[:3], event, *case.events[3:]))
    stream, untracked = bear.track(rebuild(case)), rebuild(case)
    with pytest.raises((openai.APIError, anthropic.APIError)) as theirs:
        list(untracked)
    with pytest.raises((openai.APIError, anthropic.APIError)) as ours:
        list(stream)
    bear.flush()
    assert shown(ours.value) == shown(theirs.value)
    assert [event["metadata"]["incomplete"] for event in sent.events] == [True]
    assert problems == []


@pytest.mark.parametrize(("name", "event"), ERRORS.values(), ids=ERRORS)
@pytest.mark.anyio
async def test_error_as_the_first_event_is_no_call(
    name: str, event: Event, bear: BearLumen, sent: MemoryTransport, problems: list[Exception]
) -> None:
    """A provider that refuses in a stream instead of by its status has given nothing."""
    case = replace(recording(name), events=(event,))
    with pytest.raises((openai.APIError, anthropic.APIError)):
        list(bear.track(rebuild(case)))
    with pytest.raises((openai.APIError, anthropic.APIError)):
        await anext(bear.track(await rebuild_async(case)))
    bear.flush()
    assert (sent.events, problems) == ([], [])


async def cancelled_while_reading(stream: Any) -> None:
    """Ask for an item and be cancelled before it comes."""
    reading = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


@each_async_sdk
@pytest.mark.anyio
async def test_stream_cut_by_a_cancellation_is_incomplete(
    name: str, bear: BearLumen, problems: list[Exception]
) -> None:
    """A generator that was cancelled stops: what it had not said yet is not known."""
    case = recording(name)
    stream, untracked = bear.track(await rebuild_async(case)), await rebuild_async(case)
    for one in (stream, untracked):
        await anext(one)
        await cancelled_while_reading(one)
    assert [item async for item in stream] == [item async for item in untracked]
    assert (await stream.result).incomplete
    assert problems == []


@pytest.mark.anyio
async def test_stream_that_survives_a_cancellation_is_complete(bear: BearLumen) -> None:
    """A stream that goes on after a timeout, and ends by itself, has said everything."""
    ready = asyncio.Event()
    running = {**CHAT_CHUNK, "choices": [{"index": 0, "delta": {}}], "usage": USAGE}

    class Slow:
        items = iter([CHAT_CHUNK, running])

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
    assert not (await stream.result).incomplete
    assert (await stream.result).input_tokens == 10


def test_interrupted_stream_is_incomplete(bear: BearLumen, sent: MemoryTransport) -> None:
    """Ctrl-C reaches the caller, and what it cut off is not taken for the end."""

    def source() -> Iterator[dict[str, Any]]:
        yield CHAT_CHUNK
        raise KeyboardInterrupt

    stream = bear.track(source())
    next(stream)
    with pytest.raises(KeyboardInterrupt):
        next(stream)
    bear.flush()
    assert sent.events == []
    assert list(stream) == []
    assert stream.result.incomplete


def test_stream_is_read_in_another_thread(bear: BearLumen, sent: MemoryTransport) -> None:
    """A stream may be tracked in one thread and read in another, as web frameworks do."""
    stream = bear.track(rebuild(recording("openai/chat-stream")), user_id="customer_7")
    seen: list[Any] = []
    reader = threading.Thread(target=lambda: seen.extend(stream))
    reader.start()
    reader.join()
    bear.flush()
    assert seen == list(rebuild(recording("openai/chat-stream")))
    assert [event["user_id"] for event in sent.events] == ["customer_7"]


def test_two_readers_share_a_stream(bear: BearLumen, sent: MemoryTransport) -> None:
    """Each item goes to one of them, and the stream is one event."""
    stream = bear.track(rebuild(recording("openai/chat-stream")))
    one, other = iter(stream), iter(stream)
    assert [next(one), next(other), *one, *other] == list(rebuild(recording("openai/chat-stream")))
    bear.flush()
    assert len(sent.events) == 1


def test_stream_of_another_client_stays_that_ones(bear: BearLumen, sent: MemoryTransport) -> None:
    """A library and the program that uses it may both track; who came first records."""
    theirs = MemoryTransport()
    with BearLumen(api_key="sk_test_2", transport=theirs) as first:
        stream = first.track(rebuild(recording("openai/chat-stream")))
        assert bear.track(stream) is stream
        list(stream)
    bear.flush()
    assert (len(theirs.events), sent.events) == (1, [])


def test_tracking_a_tracked_stream_again_counts_it_once(
    bear: BearLumen, sent: MemoryTransport
) -> None:
    """A wrapper is a wrapper; its result is a result."""
    stream = bear.track(bear.track(iter([{**CHAT_CHUNK, "usage": USAGE}])))
    list(stream)
    assert bear.track(stream.result) is stream.result
    bear.flush()
    assert len(sent.events) == 1


def test_attribution_is_that_of_the_moment_it_was_tracked(
    bear: BearLumen, sent: MemoryTransport
) -> None:
    """What the caller does with his own dicts afterwards changes no event."""
    labels: dict[str, Any] = {
        "dimensions": {"team": "search"},
        "metadata": {"request": {"id": 7}},
        "units": {"pages": 2},
        "user_id": "customer_7",
    }
    raw = client_for(recording("openai/chat-stream")).chat.completions.with_raw_response
    streams = [
        bear.track(iter(with_usage()), **labels),
        bear.track(raw.create(model="m", messages=[], stream=True), **labels).parse(),
    ]
    labels["dimensions"]["team"] = labels["metadata"]["request"]["id"] = "another"
    labels["units"].clear()
    for stream in streams:
        list(stream)
    bear.flush()
    for event in sent.events:
        assert event["metadata"]["dimensions"] == {"team": "search"}
        assert (event["metadata"]["request"], event["metadata"]["units"]) == (
            {"id": 7},
            {"pages": 2},
        )
    assert [event["user_id"] for event in sent.events] == ["customer_7"] * 2
