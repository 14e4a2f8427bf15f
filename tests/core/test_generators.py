"""Python's own generators are more than iterators, and stay so when they are tracked."""

import contextlib
import gc
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from typing import Any

import pytest

from bearlumen import BearLumen, MemoryTransport
from support.recordings import PROVIDERS
from support.replay import Tape, load, rebuild

CHAT_CHUNK = {"object": "chat.completion.chunk", "id": "c1", "model": "gpt-4o", "choices": []}
USAGE = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}


def conversation() -> Generator[dict[str, Any], str, str]:
    """A stream that listens: it ends, with a value, when it is told to."""
    heard = ""
    while heard != "stop":
        try:
            heard = yield {**CHAT_CHUNK, "heard": heard}
        except ValueError as error:
            heard = str(error)
    yield {**CHAT_CHUNK, "usage": USAGE}
    return "done"


def talk(stream: Any) -> list[Any]:
    """Say something to a generator by each of its methods."""
    said = [next(stream), stream.send("hello"), stream.throw(ValueError("what?"))]
    said.append(stream.send("stop"))
    with pytest.raises(StopIteration) as end:
        stream.send("more")
    return [*said, end.value.value]


def test_generator_is_talked_to_as_before(bear: BearLumen) -> None:
    """`send` and `throw` reach the generator, and what it gives back is counted."""
    stream = bear.track(conversation())
    assert talk(stream) == talk(conversation())
    assert stream.result.output_tokens == 4
    assert not stream.result.incomplete


def test_generator_is_delegated_to_as_before(bear: BearLumen) -> None:
    """`yield from` passes everything on, its value at the end included."""

    def outer(inner: Any) -> Generator[Any, Any, Any]:
        return (yield from inner)

    stream = bear.track(conversation())
    assert talk(outer(stream)) == talk(outer(conversation()))
    assert stream.result.output_tokens == 4


def test_closing_a_delegating_generator_closes_ours(bear: BearLumen, sent: MemoryTransport) -> None:
    """A generator that is dropped by whoever reads it ends the stream behind it."""
    closed: list[bool] = []

    def source() -> Iterator[dict[str, Any]]:
        try:
            yield CHAT_CHUNK
        finally:
            closed.append(True)

    def outer() -> Iterator[Any]:
        yield from bear.track(source())

    reader = outer()
    next(reader)
    del reader
    gc.collect()
    bear.flush()
    assert closed == [True]
    assert [event["metadata"]["incomplete"] for event in sent.events] == [True]


def test_exception_thrown_into_a_generator_ends_it(bear: BearLumen, sent: MemoryTransport) -> None:
    """What the generator does not catch comes back to the caller, and ends the stream."""
    stream = bear.track(one for one in (CHAT_CHUNK, CHAT_CHUNK))
    next(stream)
    with pytest.raises(KeyError, match="gone"):
        stream.throw(KeyError("gone"))
    assert list(stream) == []
    bear.flush()
    assert [event["metadata"]["incomplete"] for event in sent.events] == [True]


@pytest.mark.anyio
async def test_exception_thrown_into_an_async_generator_ends_it(
    bear: BearLumen, sent: MemoryTransport
) -> None:
    """The same of async generators."""

    async def source() -> AsyncIterator[Any]:
        yield CHAT_CHUNK
        yield CHAT_CHUNK

    stream: Any = bear.track(source())
    await anext(stream)
    with pytest.raises(KeyError, match="gone"):
        await stream.athrow(KeyError("gone"))
    bear.flush()
    assert [event["metadata"]["incomplete"] for event in sent.events] == [True]


@pytest.mark.parametrize("name", ["gemini/generate-content-stream", "ollama/generate-stream"])
def test_closed_generator_gives_nothing_more(name: str, bear: BearLumen) -> None:
    """Closing the wrapper closes the SDK's generator and lets go of the answer."""
    case = load(PROVIDERS / f"{name}.json")
    tape = Tape(case)
    with contextlib.closing(bear.track(rebuild(case, tape=tape))) as stream:
        next(stream)
    assert list(stream) == []
    assert tape.closed
    assert stream.result.incomplete


async def talk_async(stream: Any) -> list[Any]:
    """Say something to an async generator by each of its methods."""
    said = [await anext(stream), await stream.asend("hello")]
    said += [await stream.athrow(ValueError("what?")), await stream.asend("stop")]
    with pytest.raises(StopAsyncIteration):
        await stream.asend("more")
    return said


async def async_conversation() -> AsyncGenerator[Any, str]:
    """The same as an async generator, which has no value at its end."""
    source, heard = conversation(), ""
    said = next(source)
    with contextlib.suppress(StopIteration):
        while True:
            try:
                heard = yield said
            except ValueError as error:
                said = source.throw(error)
            else:
                said = source.send(heard)


@pytest.mark.anyio
async def test_async_generator_is_talked_to_as_before(bear: BearLumen) -> None:
    """`asend` and `athrow` reach the generator, and what it gives back is counted."""
    stream = bear.track(async_conversation())
    assert await talk_async(stream) == await talk_async(async_conversation())
    assert (await stream.result).output_tokens == 4
    assert not (await stream.result).incomplete
