"""Wrapped clients: every call of theirs is an event, and all else is as without us."""

import asyncio
import gc
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextvars import copy_context
from typing import Any

import pytest
from core.test_providers import counts_of

from bearlumen import BearLumen, MemoryTransport, TrackedResponse, TrackedStream
from bearlumen._claims import _announced
from bearlumen.integration import announce, frame
from support.calls import ask, ask_async
from support.clients import WARNED_OF_ITSELF, aiobotocore_client, sdk
from support.figures import on_the_objects, stream_in
from support.replay import (
    Recording,
    async_client_for,
    client_for,
    has_async,
    load,
    rebuild,
    recordings,
)
from support.tape import Tape

MADE_LIKE_OPENAIS = {
    "anthropic", "anthropic-bedrock", "cerebras-cloud-sdk", "groq", "openai", "openai-azure",
    "perplexityai", "together",
}  # fmt: skip
WRAPPED = {
    *MADE_LIKE_OPENAIS, "boto3", "google-genai", "google-genai-vertex", "mistralai", "ollama",
}  # fmt: skip
ELSEWHERE = {
    "assistants", "batch", "batch_line", "interactions", "live", "moderation", "realtime",
}  # fmt: skip
"""Surfaces whose calls go another way, or whose answers come later: these are given to `track`."""
RECORDINGS = [
    recording
    for recording in map(load, recordings())
    if recording.sdk in WRAPPED and recording.surface not in ELSEWHERE
]
pytestmark = WARNED_OF_ITSELF


def each(chosen: list[Recording]) -> pytest.MarkDecorator:
    """Run the test once for each recording, named after it."""
    return pytest.mark.parametrize("recording", chosen, ids=lambda recording: recording.name)


def check(bear: BearLumen, sent: MemoryTransport, recording: Recording) -> None:
    """One event for the call, and one for each thing billed beside it, with the scope's labels."""
    assert bear.flush()
    assert bool(sent.events) == recording.recorded
    if not sent.events:
        return
    main, *others = sent.events
    assert counts_of(main) == recording.counts
    assert (main["user_id"], main["metadata"]["feature"]) == ("alice", "wrapped")
    assert main["metadata"]["latency_ms"] > 0
    model = recording.model or recording.request_model
    is_id = recording.sdk == "boto3" and not recording.request_model.startswith("arn:")
    assert main["model"] == (recording.request_model if is_id else model)
    assert len(others) == len(recording.linked)


def read(answer: Any) -> list[object]:
    """What a caller makes of an answer: the items of a stream, or the answer."""
    return list(stream_in(answer))


@each([r for r in RECORDINGS if not r.streaming])
def test_call_of_a_wrapped_client_is_one_event(
    recording: Recording, bear: BearLumen, sent: MemoryTransport
) -> None:
    """The answer is the SDK's own; given to `track` as well, it is still one event."""
    client = bear.wrap(client_for(recording))
    with bear.scope(end_user="alice", feature="wrapped"):
        answer = ask(client, recording)
    assert type(answer) is type(rebuild(recording)) or isinstance(answer, TrackedResponse)
    if isinstance(answer, TrackedResponse):
        assert json.loads(answer["body"].read()) == recording.response
    elif recording.recorded:
        bear.track(answer)
    check(bear, sent, recording)


@each([r for r in RECORDINGS if r.streaming])
def test_stream_of_a_wrapped_client_is_one_event(
    recording: Recording, bear: BearLumen, sent: MemoryTransport
) -> None:
    """Read outside of its scope, item by item as the SDK hands it out."""
    client = bear.wrap(client_for(recording))
    with bear.scope(end_user="alice", feature="wrapped"):
        stream = ask(client, recording)
    items = read(bear.track(stream))
    assert on_the_objects(items) == on_the_objects(read(rebuild(recording)))
    check(bear, sent, recording)


@each([r for r in RECORDINGS if has_async(r)])
@pytest.mark.anyio
async def test_async_client_is_wrapped_too(
    recording: Recording, bear: BearLumen, sent: MemoryTransport
) -> None:
    """Its calls and streams alike."""
    client = bear.wrap(async_client_for(recording))
    with bear.scope(end_user="alice", feature="wrapped"):
        answer = await ask_async(client, recording)
    if recording.streaming:
        async for _ in answer:
            pass
    check(bear, sent, recording)


@each([r for r in RECORDINGS if r.sdk == "boto3"])
@pytest.mark.anyio
async def test_aiobotocore_is_wrapped_too(
    recording: Recording, bear: BearLumen, sent: MemoryTransport
) -> None:
    """boto3's async counterpart."""
    async with aiobotocore_client(Tape(recording)) as client:
        with bear.scope(end_user="alice", feature="wrapped"):
            answer = await ask_async(bear.wrap(client), recording)
        if recording.streaming:
            async for _ in stream_in(answer):
                pass
        elif isinstance(answer, TrackedResponse):
            await answer["body"].read()
    check(bear, sent, recording)


CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-2024-08-06",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "{}"}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
}
TEXT = {"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}
USAGE_CHUNK = {"choices": [], "usage": CHAT["usage"]}


class OpenAIs:
    """OpenAI's clients, with answers that depend on what was asked for."""

    def __init__(self, *, status: int = 200) -> None:
        self.asked: list[dict[str, Any]] = []
        self.status = status
        openai, httpx = sdk("openai", since="3"), pytest.importorskip("httpx2")
        self.sync = openai.OpenAI(
            api_key="k",
            max_retries=0,
            http_client=httpx.Client(transport=httpx.MockTransport(self.answer)),
        )
        self.asynchronous = openai.AsyncOpenAI(
            api_key="k",
            max_retries=0,
            http_client=httpx.AsyncClient(transport=httpx.MockTransport(self.answer)),
        )
        self._httpx = httpx

    def answer(self, request: Any) -> Any:
        """As OpenAI does: the extra chunk comes where it is asked for."""
        body = json.loads(request.content)
        self.asked.append(body)
        if not body.get("stream"):
            return self._httpx.Response(self.status, json=CHAT)
        head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o"}
        chunks: list[dict[str, Any]] = [{"choices": [TEXT]}, {"choices": [TEXT]}]
        if (body.get("stream_options") or {}).get("include_usage"):
            chunks.append(USAGE_CHUNK)
        lines = [f"data: {json.dumps(head | chunk)}\n\n" for chunk in chunks]
        return self._httpx.Response(
            200,
            stream=self._body([*lines, "data: [DONE]\n\n"]),
            headers={"Content-Type": "text/event-stream"},
        )

    def _body(self, lines: list[str]) -> Any:
        """What is read bit by bit, as from a network."""

        class Body(self._httpx.SyncByteStream, self._httpx.AsyncByteStream):
            def __iter__(self) -> Iterator[bytes]:
                return (line.encode() for line in lines)

            async def __aiter__(self) -> AsyncIterator[bytes]:
                for line in lines:
                    yield line.encode()

        return Body()


@pytest.fixture
def openais() -> OpenAIs:
    """Clients that reach no network."""
    return OpenAIs()


def chat(client: Any, **options: Any) -> Any:
    """Ask."""
    return client.chat.completions.create(model="gpt-4o", messages=[], **options)


def test_the_client_that_was_wrapped_is_not_touched(
    bear: BearLumen, sent: MemoryTransport, openais: OpenAIs
) -> None:
    """Used before and after, it is tracked by nobody; no class is patched."""
    chat(openais.sync)
    before = dict(openais.sync.__dict__)
    wrapped = bear.wrap(openais.sync)
    assert isinstance(wrapped, type(openais.sync))
    assert openais.sync.__dict__ == before
    chat(openais.sync)
    chat(wrapped)
    chat(bear.wrap(wrapped))  # wrapped anew, not twice
    bear.flush()
    assert len(sent.events) == 2


def test_the_client_that_wraps_last_tracks(
    bear: BearLumen, sent: MemoryTransport, openais: OpenAIs
) -> None:
    """One call is one event, in one ledger."""
    theirs = MemoryTransport()
    with BearLumen(api_key="other", transport=theirs) as other:
        chat(other.wrap(bear.wrap(openais.sync)))
    bear.flush()
    assert (len(sent.events), len(theirs.events)) == (0, 1)


def test_what_a_user_keeps_on_a_client_is_left_alone(
    bear: BearLumen, sent: MemoryTransport, openais: OpenAIs
) -> None:
    """A helper that holds the client is no resource of the SDK's."""

    class Helper:
        def __init__(self, client: Any, name: str) -> None:
            self._client, self.name = client, name

    openais.sync.helper = helper = Helper(openais.sync, "mine")
    client: Any = bear.wrap(openais.sync)
    assert client.helper is helper
    chat(client)
    bear.flush()
    assert len(sent.events) == 1


def test_every_way_to_call_is_one_event(
    bear: BearLumen, sent: MemoryTransport, openais: OpenAIs
) -> None:
    """Raw, streamed raw, parsed, by the helper, by a copy with other options."""
    client = bear.wrap(openais.sync)
    assert client.chat.completions.with_raw_response.create(model="m", messages=[]).parse().usage
    with client.chat.completions.with_streaming_response.create(model="m", messages=[]) as raw:
        assert raw.parse().usage
    assert client.chat.completions.parse(model="m", messages=[]).usage
    with client.chat.completions.stream(model="m", messages=[]) as stream:
        assert [event for event in stream if event.type == "chunk"]
    assert chat(client.with_options(timeout=3)).usage
    bear.flush()
    assert [event.get("input_tokens") for event in sent.events] == [7, 7, 7, None, 7]


def test_an_error_stays_what_it_is_and_is_no_event(
    bear: BearLumen, sent: MemoryTransport, problems: list[Exception]
) -> None:
    """Nobody bills it."""
    openai = sdk("openai")
    with pytest.raises(openai.InternalServerError):
        chat(bear.wrap(OpenAIs(status=500).sync))
    bear.flush()
    assert (sent.events, problems) == ([], [])


def test_asks_for_the_usage_and_hides_the_chunk_it_comes_in(
    bear: BearLumen, sent: MemoryTransport, openais: OpenAIs
) -> None:
    """The stream is the one that the caller asked for; the event has its counts."""
    plain = [chunk.to_dict() for chunk in chat(openais.sync, stream=True)]
    client = bear.wrap(openais.sync, ensure_usage=True)
    streams = [
        chat(client, stream=True),
        chat(client, stream=True, stream_options={"include_obfuscation": False}),
        client.chat.completions.with_raw_response.create(
            model="m", messages=[], stream=True
        ).parse(),
    ]
    for stream in streams:
        assert [chunk.to_dict() for chunk in stream] == plain
    assert openais.asked[2]["stream_options"] == {
        "include_obfuscation": False,
        "include_usage": True,
    }
    bear.flush()
    assert [event["input_tokens"] for event in sent.events] == [7, 7, 7]


def test_what_the_caller_says_of_usage_holds(
    bear: BearLumen, sent: MemoryTransport, openais: OpenAIs
) -> None:
    """Who asks for the extra chunk gets it, and who refuses it has none; a call has no options."""
    client = bear.wrap(openais.sync, ensure_usage=True)
    for asked, length in ((True, 3), (False, 2)):
        options = {"include_usage": asked}
        assert len(list(chat(client, stream=True, stream_options=options))) == length
    extra = {"stream_options": {"include_usage": True}}
    assert len(list(chat(client, stream=True, extra_body=extra))) == 3
    chat(client)
    lines = client.chat.completions.with_streaming_response.create(
        model="m", messages=[], stream=True
    )
    with lines as raw:
        assert "usage" not in raw.read().decode()
    assert "stream_options" not in openais.asked[3] | openais.asked[4]


@pytest.mark.anyio
async def test_asks_for_the_usage_of_async_streams(
    bear: BearLumen, sent: MemoryTransport, openais: OpenAIs
) -> None:
    """And hides the chunk there too."""
    client = bear.wrap(openais.asynchronous, ensure_usage=True)
    assert len([chunk async for chunk in await chat(client, stream=True)]) == 2
    bear.flush()
    assert [event["input_tokens"] for event in sent.events] == [7]


def test_an_announced_call_is_recorded_once_for_whom_the_layer_outside_says(
    bear: BearLumen, sent: MemoryTransport, openais: OpenAIs
) -> None:
    """One call for each layer that announced it, and no other; the context stays as it was."""
    client = bear.wrap(openais.sync)

    async def main() -> None:
        outermost = announce(bear, frame(bear, {"end_user": "far"}), by="one layer")
        layer = announce(bear, frame(bear, {"end_user": "near"}), by="another")
        sibling = announce(bear, frame(bear, {"end_user": "sibling"}), by="another")
        for _ in range(3):
            chat(client)
        assert [each_of.is_taken for each_of in (outermost, layer, sibling)] == [True] * 3
        late = announce(bear, frame(bear, {"end_user": "late"}), by="another")
        late.close()
        chat(client)
        assert not late.is_taken
        for each_of in (layer, outermost, late, sibling):
            each_of.withdraw()
        assert copy_context().get(_announced) is None

    asyncio.run(main())
    chat(client)
    bear.flush()
    assert [e.get("user_id") for e in sent.events] == ["sibling", "near", None, None, None]


def test_what_track_is_told_of_a_tracked_answer_is_reported(
    bear: BearLumen, sent: MemoryTransport, openais: OpenAIs, problems: list[Exception]
) -> None:
    """It cannot be added to an event that is queued already; a new answer is a new event."""
    client = bear.wrap(openais.sync)
    first = chat(client)
    assert bear.track(first, feature="late").event_id == bear.track(first).event_id
    del first
    gc.collect()
    bear.track(CHAT | {"id": "chatcmpl-2"})
    bear.flush()
    assert len(sent.events) == 2
    assert ["bear.scope() around the call" in str(problem) for problem in problems] == [True]


def test_what_is_made_of_a_tracked_answer_is_the_same_event(
    bear: BearLumen, sent: MemoryTransport, openais: OpenAIs, problems: list[Exception]
) -> None:
    """By the id that the provider gave the call: parsed, put together, or read through a helper."""
    client = bear.wrap(openais.sync, ensure_usage=True)
    raw = client.chat.completions.with_raw_response.create(model="m", messages=[])
    bear.track(raw.parse())
    bear.track(CHAT, feature="late")
    with bear.track(client.chat.completions.stream(model="m", messages=[])) as stream:
        list(stream)
        bear.track(stream.get_final_completion())
    bear.flush()
    assert [event["input_tokens"] for event in sent.events] == [7, 7]
    assert ["bear.scope() around the call" in str(problem) for problem in problems] == [True]


def test_an_id_that_several_calls_have_makes_them_no_single_one(
    bear: BearLumen, sent: MemoryTransport, openais: OpenAIs
) -> None:
    """Some servers draw their ids from a small range, or give all of their answers the same."""
    client = bear.wrap(openais.sync)
    held = [chat(client)]
    bear.track(CHAT | {"usage": {"prompt_tokens": 8, "completion_tokens": 3}})
    bear.track(CHAT | {"model": "another"})
    held.append(chat(client))
    bear.track(CHAT)
    bear.flush()
    assert len(sent.events) == 5


def test_the_end_of_either_client_is_not_the_end_of_the_other(
    bear: BearLumen, sent: MemoryTransport
) -> None:
    """A client that is nowhere held any more closes its connections: the copy keeps it alive."""
    recording = next(r for r in RECORDINGS if r.sdk == "google-genai" and not r.streaming)
    original = client_for(recording)
    wrapped = bear.wrap(original)
    del wrapped
    gc.collect()
    assert ask(original, recording)
    wrapped = bear.wrap(original)
    del original
    gc.collect()
    assert ask(wrapped, recording)
    bear.flush()
    assert len(sent.events) == 1


def test_a_wrapped_stream_is_the_tracked_stream(bear: BearLumen, openais: OpenAIs) -> None:
    """Its result is there once it was read."""
    stream = chat(bear.wrap(openais.sync, ensure_usage=True), stream=True)
    assert issubclass(type(stream), TrackedStream)
    assert isinstance(stream, sdk("openai").Stream)
    list(stream)
    assert stream.result.input_tokens == 7


@pytest.mark.parametrize("client", [object(), "openai", None])
def test_what_is_no_known_client_is_refused(bear: BearLumen, client: object) -> None:
    """At once, with the ones that are known."""
    with pytest.raises(TypeError, match="track the answers of any other"):
        bear.wrap(client)


def test_a_client_of_another_service_is_refused(bear: BearLumen) -> None:
    """It would never be tracked."""
    boto3 = sdk("boto3")
    s3 = boto3.client("s3", region_name="us-east-1")
    with pytest.raises(TypeError, match="this one is for s3"):
        bear.wrap(s3)


@each([r for r in RECORDINGS if r.sdk == "anthropic" and r.streaming and r.surface == "messages"])
@pytest.mark.anyio
async def test_the_stream_helper_is_one_event(
    recording: Recording, bear: BearLumen, sent: MemoryTransport
) -> None:
    """Anthropic's `messages.stream`, which makes its request when it is entered."""
    asked: Any = {"model": recording.request_model, "max_tokens": 9, "messages": []}
    with (
        bear.scope(end_user="alice", feature="wrapped"),
        bear.wrap(client_for(recording)).messages.stream(**asked) as stream,
    ):
        for _ in stream:
            pass
        final = stream.get_final_message()
    check(bear, sent, recording)
    with bear.scope(end_user="alice", feature="wrapped"):
        client = bear.wrap(async_client_for(recording))
        async with client.messages.stream(**asked) as later:
            assert (await later.get_final_message()).usage == final.usage
    bear.flush()
    first, second = (counts_of(sent.events[i]) for i in (0, len(sent.events) // 2))
    assert first == second == recording.counts


def test_what_another_client_records_is_announced_to_nobody_else(
    bear: BearLumen, sent: MemoryTransport, openais: OpenAIs
) -> None:
    """Two clients are two ledgers: each has the call."""
    with BearLumen(api_key="other", transport=MemoryTransport()) as other:
        announced = announce(other, frame(other, {"end_user": "theirs"}), by="a layer")
        chat(bear.wrap(openais.sync))
        assert not announced.is_taken
        announced.withdraw()
    bear.flush()
    assert [event.get("user_id") for event in sent.events] == [None]


def test_an_announcement_that_nobody_used_is_soon_none(
    bear: BearLumen, sent: MemoryTransport, openais: OpenAIs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that was cancelled leaves one behind; what is called later is not it."""
    client = bear.wrap(openais.sync)
    for passed, end_user in ((59.0, "alice"), (61.0, None)):
        announced = announce(bear, frame(bear, {"end_user": "alice"}), by="a layer")
        later = time.monotonic() + passed
        with monkeypatch.context() as patched:
            patched.setattr("bearlumen._claims.monotonic", lambda later=later: later)
            chat(client)
        announced.withdraw()
        bear.flush()
        assert sent.events[-1].get("user_id") == end_user
    bear.flush()
    assert len(sent.events) == 2
