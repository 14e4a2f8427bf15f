"""A tracked stream is the provider's stream: same items, same time, same errors, same helpers."""

import asyncio
import contextlib
import gc
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from bearlumen import BearLumen, MemoryTransport, TrackedResponse
from support.replay import (
    Event,
    Recording,
    Tape,
    async_client_for,
    client_for,
    has_async,
    load,
    rebuild,
    rebuild_async,
    recordings,
)

STREAMED = [r for r in map(load, recordings()) if r.streaming]
ASYNC = [r for r in STREAMED if has_async(r) and r.sdk != "json"]
each_stream = pytest.mark.parametrize("recording", STREAMED, ids=lambda r: r.name)
each_async_stream = pytest.mark.parametrize("recording", ASYNC, ids=lambda r: r.name)
CHAT_CHUNK = {"object": "chat.completion.chunk", "id": "c1", "model": "gpt-4o", "choices": []}
USAGE = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}
MESSAGES: Any = [{"role": "user", "content": "hello"}]


def recording(name: str) -> Recording:
    """The recording called `provider/case`."""
    return next(r for r in STREAMED if r.name == name)


def stream_in(answer: Any) -> Any:
    """The stream itself, which boto3 hands out within a dict."""
    if not isinstance(answer, dict):
        return answer
    return answer["stream"] if "stream" in answer else answer["body"]


def with_usage() -> list[dict[str, Any]]:
    """The items of a stream that states its usage at its end."""
    return [CHAT_CHUNK, CHAT_CHUNK, {**CHAT_CHUNK, "usage": USAGE}]


@each_stream
def test_items_pass_through_unchanged(recording: Recording, bear: BearLumen) -> None:
    """The items are those that the SDK gives, in their order."""
    tracked = bear.track(rebuild(recording))
    assert list(stream_in(tracked)) == list(stream_in(rebuild(recording)))


@each_stream
def test_nothing_is_read_ahead(recording: Recording, bear: BearLumen) -> None:
    """After each item, no more of the answer has been read than without us."""
    mine, plain = Tape(recording), Tape(recording)
    tracked = bear.track(rebuild(recording, tape=mine))
    untracked = rebuild(recording, tape=plain)
    assert mine.played == plain.played
    for _ in zip(stream_in(tracked), stream_in(untracked), strict=True):
        assert mine.played == plain.played


@each_async_stream
@pytest.mark.anyio
async def test_nothing_is_read_ahead_by_an_async_stream(
    recording: Recording, bear: BearLumen
) -> None:
    """The same of async streams, which give the same items."""
    mine, plain = Tape(recording), Tape(recording)
    tracked = bear.track(await rebuild_async(recording, tape=mine))
    untracked = await rebuild_async(recording, tape=plain)
    async for item in untracked:
        assert await anext(tracked) == item
        assert mine.played == plain.played
    assert [item async for item in tracked] == []


@each_stream
def test_stream_is_of_the_class_it_was(recording: Recording, bear: BearLumen) -> None:
    """Code that asks what it holds gets the answer that it got without us."""
    tracked, untracked = bear.track(rebuild(recording)), rebuild(recording)
    assert isinstance(stream_in(tracked), type(stream_in(untracked)))
    assert isinstance(tracked, type(untracked))
    assert inspect.isgenerator(tracked) == inspect.isgenerator(untracked)


@each_async_stream
@pytest.mark.anyio
async def test_async_stream_is_of_the_class_it_was(recording: Recording, bear: BearLumen) -> None:
    """The same of async streams."""
    tracked, untracked = bear.track(await rebuild_async(recording)), await rebuild_async(recording)
    assert isinstance(tracked, type(untracked))
    assert inspect.isasyncgen(tracked) == inspect.isasyncgen(untracked)


SURFACES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "openai response": ("openai/chat-stream", lambda s: dict(s.response.headers)),
    "openai items": ("openai/chat-stream", lambda s: [next(s), *s]),
    "openai with": ("openai/responses-stream", lambda s: s.__enter__().response.status_code),
    "anthropic response": ("anthropic/messages-stream", lambda s: dict(s.response.headers)),
    "anthropic raw_events": (
        "anthropic/messages-stream",
        lambda s: [(event.event, event.data) for event in s.raw_events(s.response)],
    ),
    "mistral response": ("mistral/chat-stream", lambda s: s.response.status_code),
    "mistral generator": ("mistral/chat-stream", lambda s: [next(s.generator), *s.generator]),
    "mistral client_ref": ("mistral/chat-stream", lambda s: type(s.client_ref)),
    "gemini send": ("gemini/generate-content-stream", lambda s: [s.send(None), *s]),
    "gemini frame": ("gemini/generate-content-stream", lambda s: [s.gi_running, *s, s.gi_frame]),
    "ollama send": ("ollama/chat-stream", lambda s: [s.send(None), next(s), *s]),
    "bedrock items": ("bedrock/converse-stream", lambda s: list(s["stream"])),
    "bedrock keys": ("bedrock/converse-stream", lambda s: {**s, "stream": None}),
}
"""What a caller may do with a stream."""


@pytest.mark.parametrize(("name", "use"), SURFACES.values(), ids=SURFACES)
def test_stream_does_what_it_did(name: str, use: Callable[[Any], Any], bear: BearLumen) -> None:
    """Whatever a caller does with a stream gives him what it gave without us."""
    assert use(bear.track(rebuild(recording(name)))) == use(rebuild(recording(name)))


@pytest.mark.parametrize(
    "use", ["anthropic raw_events", "mistral generator", "gemini send", "ollama send"]
)
def test_items_are_counted_whichever_way_they_go(use: str, bear: BearLumen) -> None:
    """No way of reading a stream to its end leads past us."""
    name, read = SURFACES[use]
    stream = bear.track(rebuild(recording(name)))
    read(stream)
    assert stream.result.counts == recording(name).counts
    assert not stream.result.incomplete


@pytest.mark.anyio
async def test_raw_events_of_an_async_stream_are_counted(bear: BearLumen) -> None:
    """The same of Anthropic's async stream, whose raw events are as many as were sent."""
    case = recording("anthropic/messages-stream")
    stream = bear.track(await rebuild_async(case))
    assert len([event async for event in stream.raw_events(stream.response)]) == len(case.events)
    assert (await stream.result).counts == case.counts
    assert not (await stream.result).incomplete


def test_first_answer_of_a_bedrock_stream_stays_reachable(bear: BearLumen) -> None:
    """A method of the SDK's own stream that takes an item takes it from the wrapped one too."""
    case = recording("bedrock/converse-stream")
    case = replace(case, events=(Event(name="initial-response", data={}), *case.events))
    stream = bear.track(rebuild(case), model=case.request_model)
    assert stream["stream"].get_initial_response().headers[":event-type"] == "initial-response"
    assert len(list(stream["stream"])) == len(case.events) - 1
    assert stream.result.counts == case.counts


def test_bedrock_answer_stays_a_dict(bear: BearLumen) -> None:
    """boto3's dict keeps its keys, and its stream can be tracked alone too."""
    case = recording("bedrock/converse-stream")
    whole = bear.track(rebuild(case), model=case.request_model)
    assert isinstance(whole, TrackedResponse)
    assert whole["ResponseMetadata"]["HTTPStatusCode"] == 200
    alone = bear.track(rebuild(case)["stream"], model=case.request_model)
    assert list(whole["stream"]) == list(alone)
    assert whole.result.counts == alone.result.counts == case.counts


def test_attribute_that_nobody_has_is_an_attribute_error(bear: BearLumen) -> None:
    """Asking a stream what it can do is answered as without us."""
    stream = bear.track(rebuild(recording("openai/chat-stream")))
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = stream.no_such_thing
    assert not hasattr(stream, "text_stream")
    stream.close()


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


def test_stream_that_opens_both_ways_still_does(bear: BearLumen) -> None:
    """An object with both protocols is a context manager in both."""

    class Both(contextlib.nullcontext[None]):
        # Python's own, which opens both ways, as a stream.
        items = iter(with_usage() * 2)

        def __enter__(self) -> Any:
            return self

        async def __aenter__(self) -> Any:
            return self

        def __iter__(self) -> Iterator[Any]:
            return self

        def __next__(self) -> Any:
            return next(self.items)

        async def __aiter__(self) -> AsyncIterator[Any]:
            for chunk in with_usage():
                yield chunk

    async def read(stream: Any) -> Any:
        async with stream as opened:
            return opened, [item async for item in opened]

    plain: Any = bear.track(Both())
    with plain:
        assert next(plain) == CHAT_CHUNK
    awaited, items = asyncio.run(read(bear.track(Both())))
    assert items == with_usage()
    assert plain.result.incomplete
    assert awaited.result.output_tokens == 4


# The helpers of the SDKs, which read their items themselves.

OPEN: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "chat": (
        "openai/chat-stream",
        lambda client: client.chat.completions.stream(
            model="m", messages=MESSAGES, stream_options={"include_usage": True}
        ),
    ),
    "responses": (
        "openai/responses-stream",
        lambda client: client.responses.stream(model="m", input="hello"),
    ),
    "messages": (
        "anthropic/messages-stream",
        lambda client: client.messages.stream(model="m", max_tokens=16, messages=MESSAGES),
    ),
}
"""How a helper is opened, which gives its stream on entering."""


HELPERS = [
    ("chat", "get_final_completion"),
    ("chat", "until_done current_completion_snapshot"),
    ("chat", "items"),
    ("responses", "get_final_response"),
    ("responses", "until_done"),
    ("responses", "items"),
    ("messages", "get_final_message"),
    ("messages", "get_final_text"),
    ("messages", "text_stream"),
    ("messages", "text_stream get_final_message request_id workspace_id"),
    ("messages", "until_done current_message_snapshot"),
    ("messages", "items"),
]
"""What a caller may ask of a helper's stream, one after the other."""


def use(stream: Any, names: str) -> list[Any]:
    """What a helper's stream gives when it is asked for these, in this order."""
    found: list[Any] = []
    for name in names.split():
        one = stream if name == "items" else getattr(stream, name)
        one = one() if inspect.ismethod(one) else one
        found.append(list(one) if hasattr(type(one), "__next__") else one)
    return found


async def use_async(stream: Any, names: str) -> list[Any]:
    """The same of an async stream."""
    found: list[Any] = []
    for name in names.split():
        one = stream if name == "items" else getattr(stream, name)
        one = await one() if inspect.ismethod(one) else one
        found.append([i async for i in one] if hasattr(type(one), "__anext__") else one)
    return found


@pytest.mark.parametrize(("helper", "names"), HELPERS)
def test_helper_does_what_it_did(helper: str, names: str, bear: BearLumen) -> None:
    """Each of a helper's methods gives what it gave, and what it read is counted."""
    name, opened = OPEN[helper]
    case = recording(name)
    with opened(client_for(case)) as stream:
        untracked = use(stream, names)
    with bear.track(opened(client_for(case))) as stream:
        assert use(stream, names) == untracked
    assert stream.result.counts == case.counts
    assert not stream.result.incomplete


@pytest.mark.parametrize(("helper", "names"), HELPERS)
@pytest.mark.anyio
async def test_async_helper_does_what_it_did(helper: str, names: str, bear: BearLumen) -> None:
    """The same of the async helpers."""
    name, opened = OPEN[helper]
    case = recording(name)
    async with opened(async_client_for(case)) as stream:
        untracked = await use_async(stream, names)
    async with bear.track(opened(async_client_for(case))) as stream:
        assert await use_async(stream, names) == untracked
    assert (await stream.result).counts == case.counts
    assert not (await stream.result).incomplete


def test_helper_left_early_is_incomplete(bear: BearLumen) -> None:
    """What a helper had put together when it was left is what is known."""
    name, opened = OPEN["messages"]
    with bear.track(opened(client_for(recording(name)))) as stream:
        for _ in stream.text_stream:
            break
        assert stream.current_message_snapshot.usage.output_tokens == 3
    assert stream.result.incomplete
    assert stream.result.output_tokens == 3


def test_helper_of_which_nothing_was_read_is_no_call(
    bear: BearLumen, sent: MemoryTransport, problems: list[Exception]
) -> None:
    """Opening a helper, and looking at its headers, tells nothing about usage."""
    name, opened = OPEN["messages"]
    with bear.track(opened(client_for(recording(name)))) as stream:
        assert stream.request_id == "req_messages-stream"
    bear.flush()
    assert (sent.events, problems) == ([], [])


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


def test_chat_helper_without_usage_says_what_to_ask_for(
    bear: BearLumen, problems: list[Exception]
) -> None:
    """OpenAI's helper does not ask for usage by itself."""
    case = recording("openai/chat-stream-no-usage")
    with bear.track(client_for(case).chat.completions.stream(model="m", messages=MESSAGES)) as s:
        for _ in s:
            pass
    assert (s.result.counts, s.result.incomplete) == ({}, False)
    assert "include_usage" in str(problems[0])
