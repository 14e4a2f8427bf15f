"""Raw responses, an SDK's view of the HTTP answer, stay what they are and are recorded once."""

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import anthropic
import openai
import pydantic
import pytest

from bearlumen import BearLumen, MemoryTransport, TrackResult
from support.recordings import PROVIDERS
from support.replay import Event, Recording, Tape, async_client_for, client_for, load

MESSAGES: Any = [{"role": "user", "content": "hello"}]
PLAIN = ["openai/chat-plain", "openai/responses-plain", "anthropic/messages-plain"]
STREAMS = ["openai/chat-stream", "openai/responses-stream", "anthropic/messages-stream"]
each_plain = pytest.mark.parametrize("name", PLAIN)
each_stream = pytest.mark.parametrize("name", STREAMS)


def recording(name: str) -> Recording:
    """The recording called `provider/case`."""
    return load(PROVIDERS / f"{name}.json")


def call(client: Any, case: Recording, form: str) -> Any:
    """Make the call by `with_raw_response` or `with_streaming_response`."""
    options: dict[str, Any] = {"model": case.request_model}
    if case.streaming:
        options["stream"] = True
    if case.surface == "responses":
        return getattr(client.responses, form).create(input="hello", **options)
    if case.surface == "messages":
        return getattr(client.messages, form).create(messages=MESSAGES, max_tokens=16, **options)
    if case.streaming:
        options["stream_options"] = {"include_usage": True}
    return getattr(client.chat.completions, form).create(messages=MESSAGES, **options)


def raw_response(case: Recording, *, tape: Tape | None = None) -> Any:
    """What `with_raw_response` gives."""
    return call(client_for(case, tape=tape), case, "with_raw_response")


async def async_raw_response(case: Recording, *, tape: Tape | None = None) -> Any:
    """The same of the async client."""
    return await call(async_client_for(case, tape=tape), case, "with_raw_response")


def streaming_response(case: Recording, *, tape: Tape | None = None) -> Any:
    """What `with_streaming_response` gives: a manager, to be entered."""
    return call(client_for(case, tape=tape), case, "with_streaming_response")


def async_streaming_response(case: Recording) -> Any:
    """The same of the async client."""
    return call(async_client_for(case), case, "with_streaming_response")


async def when_ready(value: Any) -> Any:
    """OpenAI's older raw response is parsed without a wait, on the async client too."""
    return await value if inspect.isawaitable(value) else value


@pytest.fixture
def events(bear: BearLumen, sent: MemoryTransport) -> Callable[[], list[Any]]:
    """What was recorded so far."""

    def recorded() -> list[Any]:
        bear.flush()
        return sent.events

    return recorded


# with_raw_response


@each_plain
def test_raw_response_is_recorded_at_once(
    name: str, bear: BearLumen, events: Callable[[], list[Any]]
) -> None:
    """Its body is there already, and parsing it stays the caller's to do."""
    case = recording(name)
    raw = raw_response(case)
    result = bear.track(raw)
    assert isinstance(result, TrackResult)
    assert (result.provider, result.model) == (case.provider, case.model)
    assert result.counts == case.counts
    assert raw.parse() == raw_response(case).parse()
    assert raw.parse() is raw.parse()
    assert len(events()) == 1


@each_plain
@pytest.mark.anyio
async def test_async_raw_response_is_recorded_at_once(
    name: str, bear: BearLumen, events: Callable[[], list[Any]]
) -> None:
    """The same of the async clients."""
    case = recording(name)
    raw = await async_raw_response(case)
    assert bear.track(raw).counts == case.counts
    parsed = await when_ready(raw.parse())
    assert parsed == raw_response(case).parse()
    assert await when_ready(raw.parse()) is parsed
    assert len(events()) == 1


@each_stream
def test_raw_stream_is_recorded_when_what_it_parses_to_is_read(
    name: str, bear: BearLumen, events: Callable[[], list[Any]], problems: list[Exception]
) -> None:
    """Headers first, then the stream, which is tracked, and the same each time it is asked for."""
    case = recording(name)
    raw, untracked = bear.track(raw_response(case), user_id="customer_7"), raw_response(case)
    assert isinstance(raw, type(untracked))
    assert raw.headers == untracked.headers
    assert raw.http_request.url == untracked.http_request.url
    stream: Any = raw.parse()
    assert raw.parse() is stream
    assert isinstance(stream, type(untracked.parse()))
    assert list(stream) == list(untracked.parse())
    assert raw.result.counts == stream.result.counts == case.counts
    del raw, stream
    assert [event["user_id"] for event in events()] == ["customer_7"]
    assert problems == []


@each_stream
@pytest.mark.anyio
async def test_async_raw_stream_is_recorded_when_it_is_read(
    name: str, bear: BearLumen, events: Callable[[], list[Any]]
) -> None:
    """The same of the async clients, whose `parse` is awaited where the SDK's is."""
    case = recording(name)
    raw, untracked = bear.track(await async_raw_response(case)), await async_raw_response(case)
    parsing = raw.parse()
    assert inspect.isawaitable(parsing) == (case.sdk == "anthropic")
    stream: Any = await when_ready(parsing)
    assert await when_ready(raw.parse()) is stream
    theirs = await when_ready(untracked.parse())
    assert [item async for item in stream] == [item async for item in theirs]
    assert (await stream.result).counts == case.counts
    assert len(events()) == 1


@each_stream
def test_raw_stream_reads_nothing_ahead(name: str, bear: BearLumen) -> None:
    """After each item no more of the answer has been read than without us."""
    mine, plain = Tape(recording(name)), Tape(recording(name))
    tracked = bear.track(raw_response(mine.recording, tape=mine)).parse()
    untracked = raw_response(plain.recording, tape=plain).parse()
    assert mine.played == plain.played == 0
    for _ in zip(tracked, untracked, strict=True):
        assert mine.played == plain.played


def test_stream_outlives_the_raw_response_it_came_from(
    bear: BearLumen, events: Callable[[], list[Any]]
) -> None:
    """Nobody keeps a raw response once it was parsed."""
    stream = bear.track(raw_response(recording("openai/chat-stream"))).parse()
    next(stream)
    assert events() == []
    list(stream)
    assert ["incomplete" in event["metadata"] for event in events()] == [False]


def test_raw_response_outlives_the_client(sent: MemoryTransport) -> None:
    """Once the client has ended, what a raw response parses to is the SDK's own."""
    bear = BearLumen(api_key="sk_test_1", transport=sent)
    raw = bear.track(raw_response(recording("openai/chat-stream")))
    bear.shutdown()
    stream = raw.parse()
    assert type(stream) is openai.Stream
    assert len(list(stream)) == 6
    assert sent.events == []


@each_stream
def test_raw_stream_that_is_never_parsed_is_no_call(
    name: str, bear: BearLumen, events: Callable[[], list[Any]], problems: list[Exception]
) -> None:
    """Its headers alone say nothing about usage."""
    assert bear.track(raw_response(recording(name))).headers["content-type"]
    assert (events(), problems) == ([], [])


@each_stream
def test_error_in_a_raw_stream_reaches_the_caller(
    name: str, bear: BearLumen, events: Callable[[], list[Any]]
) -> None:
    """The stream within fails as any other does, and is recorded as incomplete."""
    case = recording(name)
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    event = Event(name="error", data=error)
    stream = bear.track(raw_response(replace(case, events=(*case.events[:3], event)))).parse()
    with pytest.raises((openai.APIError, anthropic.APIError), match="Overloaded"):
        list(stream)
    assert [event["metadata"]["incomplete"] for event in events()] == [True]


# with_streaming_response


def as_text(raw: Any) -> Any:
    """What a raw response has as text; a method of some, an attribute of others."""
    return raw.text() if callable(raw.text) else raw.text


READ: dict[str, Callable[[Any], Any]] = {
    "parse": lambda raw: raw.parse(),
    "json": lambda raw: raw.json(),
    "read": lambda raw: raw.read(),
    "text": as_text,
    "parse twice": lambda raw: [raw.parse(), raw.parse()],
    "parse as a dict": lambda raw: raw.parse(to=dict[str, object]),
    "read, then parse": lambda raw: [raw.read(), raw.parse()],
    "headers, then json": lambda raw: [raw.status_code, raw.http_request.url, raw.json()],
}
"""How a caller may read the answer of a plain call."""


@each_plain
@pytest.mark.parametrize("read", READ.values(), ids=READ)
def test_streaming_response_is_recorded_once_however_it_is_read(
    name: str, read: Callable[[Any], Any], bear: BearLumen, events: Callable[[], list[Any]]
) -> None:
    """The caller gets what he got without us, and the call is one event."""
    case = recording(name)
    with streaming_response(case) as raw:
        untracked = read(raw)
    with (tracked := bear.track(streaming_response(case))) as raw:
        assert read(raw) == untracked
    assert tracked.result.counts == case.counts
    assert [event["model"] for event in events()] == [case.model]


@each_plain
@pytest.mark.parametrize("read", READ.values(), ids=READ)
@pytest.mark.anyio
async def test_async_streaming_response_is_recorded_once_however_it_is_read(
    name: str, read: Callable[[Any], Any], bear: BearLumen, events: Callable[[], list[Any]]
) -> None:
    """The same of the async clients."""

    async def awaited(raw: Any) -> Any:
        found = read(raw)
        if isinstance(found, list):
            return [await when_ready(one) for one in found]
        return await when_ready(found)

    case = recording(name)
    async with async_streaming_response(case) as raw:
        untracked = await awaited(raw)
    async with (tracked := bear.track(async_streaming_response(case))) as raw:
        assert await awaited(raw) == untracked
    assert (await tracked.result).counts == case.counts
    assert [event["model"] for event in events()] == [case.model]


@each_stream
def test_streaming_response_of_a_stream_is_recorded_when_it_is_read(
    name: str, bear: BearLumen, events: Callable[[], list[Any]]
) -> None:
    """What it parses to is tracked, and the manager has its result."""
    case = recording(name)
    tape = Tape(case)
    with streaming_response(case) as raw:
        untracked = list(raw.parse())
    with (tracked := bear.track(streaming_response(case, tape=tape))) as raw:
        assert list(raw.parse()) == untracked
    assert tape.closed
    assert tracked.result.counts == case.counts
    assert len(events()) == 1


@each_stream
@pytest.mark.anyio
async def test_async_streaming_response_of_a_stream_is_recorded_when_it_is_read(
    name: str, bear: BearLumen, events: Callable[[], list[Any]]
) -> None:
    """The same of the async clients."""
    case = recording(name)
    async with (tracked := bear.track(async_streaming_response(case))) as raw:
        stream = await raw.parse()
        assert await raw.parse() is stream
        _ = [item async for item in stream]
    assert (await tracked.result).counts == case.counts
    assert len(events()) == 1


@each_stream
def test_leaving_the_block_ends_the_stream_within(
    name: str, bear: BearLumen, events: Callable[[], list[Any]]
) -> None:
    """The answer is closed then, so what is known is recorded, although the stream is held."""
    with (tracked := bear.track(streaming_response(recording(name)))) as raw:
        stream = raw.parse()
        next(stream)
    assert tracked.result.incomplete
    assert stream.result.event_id == tracked.result.event_id
    assert [event["metadata"]["incomplete"] for event in events()] == [True]


@each_stream
@pytest.mark.anyio
async def test_leaving_the_async_block_ends_the_stream_within(
    name: str, bear: BearLumen, events: Callable[[], list[Any]]
) -> None:
    """The same of the async clients."""
    async with (tracked := bear.track(async_streaming_response(recording(name)))) as raw:
        stream = await raw.parse()
        await anext(stream)
    assert (await tracked.result).incomplete
    assert len(events()) == 1


@each_stream
def test_stream_read_in_one_go_is_recorded(name: str, bear: BearLumen) -> None:
    """`read` and `text` give a stream as it went over the wire, its usage in it."""
    case = recording(name)
    with (tracked := bear.track(streaming_response(case))) as raw:
        assert raw.read() == Tape(case).content
    assert tracked.result.counts == case.counts
    assert not tracked.result.incomplete


@pytest.mark.parametrize("name", [*PLAIN, *STREAMS])
@pytest.mark.parametrize("way", ["iter_lines", "iter_bytes", "iter_text"])
def test_answer_read_bit_by_bit_is_reported(
    name: str,
    way: str,
    bear: BearLumen,
    events: Callable[[], list[Any]],
    problems: list[Exception],
) -> None:
    """It goes past us, so nothing is recorded, and the caller is told once what to do."""
    case = recording(name)
    with streaming_response(case) as raw:
        untracked = list(getattr(raw, way)())
    with (tracked := bear.track(streaming_response(case))) as raw:
        assert list(getattr(raw, way)()) == untracked
    assert (tracked.result.detected, events()) == (False, [])
    (problem,) = problems
    assert "parse(), read() or json()" in str(problem)
    assert way == "iter_text" or way in str(problem)


@pytest.mark.anyio
async def test_async_answer_read_bit_by_bit_is_reported(
    bear: BearLumen, events: Callable[[], list[Any]], problems: list[Exception]
) -> None:
    """The same of the async clients."""
    async with bear.track(async_streaming_response(recording("openai/chat-stream"))) as raw:
        _ = [line async for line in raw.iter_lines()]
    assert events() == []
    assert "parse(), read() or json()" in str(problems[0])


def test_what_was_made_of_an_answer_read_bit_by_bit_can_be_tracked(bear: BearLumen) -> None:
    """The message says to track the chunks, and that works."""
    case = recording("openai/chat-stream")
    with streaming_response(case) as raw:
        lines = [line.removeprefix("data: ") for line in raw.iter_lines() if line]
    chunks = [pydantic.TypeAdapter(Any).validate_json(line) for line in lines if line[0] == "{"]
    assert bear.track(chunks).counts == case.counts


@pytest.mark.parametrize("opened", [streaming_response, async_streaming_response])
def test_manager_that_is_not_entered_is_no_call(
    opened: Callable[[Recording], Any], bear: BearLumen, events: Callable[[], list[Any]]
) -> None:
    """Nothing was asked of the provider yet."""
    manager = opened(recording("openai/chat-plain"))
    bear.track(manager)
    if inspect.iscoroutine(getattr(manager, "_api_request", None)):
        manager._api_request.close()
    assert events() == []


# Answers that an SDK refuses to parse.


class Answer(pydantic.BaseModel):
    """What the caller asked the model for."""

    bears: list[str]


def cut() -> Recording:
    """A chat completion that ran into its limit of tokens."""
    case = recording("openai/chat-plain")
    assert case.response is not None
    (choice,) = case.response["choices"]
    return replace(
        case, response={**case.response, "choices": [{**choice, "finish_reason": "length"}]}
    )


def test_raw_answer_that_cannot_be_parsed_is_recorded_once(
    bear: BearLumen, events: Callable[[], list[Any]]
) -> None:
    """The provider bills what the SDK refuses, and the refusal is the caller's to see."""
    case = cut()
    completions: Any = client_for(case).chat.completions.with_raw_response
    raw = completions.parse(model="m", messages=MESSAGES, response_format=Answer)
    result = bear.track(raw)
    with pytest.raises(openai.LengthFinishReasonError):
        raw.parse()
    assert result.counts == case.counts
    assert len(events()) == 1


@pytest.mark.anyio
async def test_async_raw_answer_that_cannot_be_parsed_is_recorded_once(
    bear: BearLumen, events: Callable[[], list[Any]]
) -> None:
    """The same of the async client, and of its streaming response."""
    case = cut()
    completions: Any = async_client_for(case).chat.completions.with_streaming_response
    manager = completions.parse(model="m", messages=MESSAGES, response_format=Answer)
    tracked = bear.track(manager)
    with pytest.raises(openai.LengthFinishReasonError):
        async with tracked as raw:
            await raw.parse()
    assert (await tracked.result).counts == case.counts
    assert len(events()) == 1


def test_error_that_holds_an_answer_is_tracked(
    bear: BearLumen, events: Callable[[], list[Any]]
) -> None:
    """A caller who has nothing but the exception gives that, and loses nothing."""
    case = cut()
    with pytest.raises(openai.LengthFinishReasonError) as refusal:
        client_for(case).chat.completions.parse(
            model="m", messages=MESSAGES, response_format=Answer
        )
    result = bear.track(refusal.value)
    assert (result.provider, result.counts) == ("openai", case.counts)
    assert len(events()) == 1


def test_answer_that_says_nothing_is_reported(
    bear: BearLumen, events: Callable[[], list[Any]], problems: list[Exception]
) -> None:
    """An empty stream here, or audio: it reaches the caller, and nobody guesses what it cost."""
    case = replace(recording("openai/chat-stream"), events=())
    with (tracked := bear.track(streaming_response(case))) as raw:
        assert raw.read() == Tape(case).content
    assert (tracked.result.detected, events()) == (False, [])
    assert "does not recognise" in str(problems[0])


def test_reading_in_two_threads_is_one_event(
    bear: BearLumen, events: Callable[[], list[Any]]
) -> None:
    """An async program may parse a raw response in a worker thread."""
    raw = bear.track(raw_response(recording("openai/chat-stream")))

    async def main() -> None:
        stream = await asyncio.to_thread(raw.parse)
        await asyncio.gather(asyncio.to_thread(list, stream), asyncio.to_thread(raw.parse))

    asyncio.run(main())
    assert len(events()) == 1
