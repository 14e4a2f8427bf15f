"""The event handler, with LlamaIndex's own models and partner packages."""

import asyncio
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.core.llms.mock import MockLLM
from llama_index.embeddings.openai import OpenAIEmbedding
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.openai import OpenAI, OpenAIResponses
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.dispatcher import instrument_tags

from bearlumen import BearLumen, MemoryTransport
from bearlumen_llamaindex import BearLumenEventHandler, uninstrument
from support.openai_server import COUNTS, counts_of, played, recording
from support.stub import Stub, stub_server

pytestmark = [
    # What LlamaIndex leaves open, or warns of itself.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
QUESTION = [ChatMessage(role="user", content="hi")]
USAGE = {"additional_kwargs": {"stream_options": {"include_usage": True}}}


def model(provider: Stub, **options: Any) -> Any:
    """OpenAI's."""
    usual: Any = {"model": "gpt-4o", "api_base": f"{provider.url}/v1", "api_key": "k"}
    return OpenAI(**(usual | {"max_retries": 0} | options))


def events(bear: BearLumen, sent: MemoryTransport) -> list[dict[str, Any]]:
    """What was recorded."""
    assert bear.flush()
    return sent.events


def handler() -> Any:
    """The one that is in place."""
    return next(h for h in get_dispatcher().event_handlers if isinstance(h, BearLumenEventHandler))


async def ask_in_every_way(llm: Any) -> None:
    """Chat and completion, plain and streamed, sync and async: eight calls."""
    llm.chat(QUESTION)
    llm.complete("hi")
    assert list(llm.stream_chat(QUESTION))
    assert list(llm.stream_complete("hi"))
    await llm.achat(QUESTION)
    await llm.acomplete("hi")
    assert [chunk async for chunk in await llm.astream_chat(QUESTION)]
    assert [chunk async for chunk in await llm.astream_complete("hi")]


def test_every_way_to_ask_openai_is_one_event(
    bear: BearLumen, sent: MemoryTransport, provider: Stub, run: Any
) -> None:
    """With the numbers of the answer and the model that answered."""
    with bear.scope(end_user="alice"):
        run(ask_in_every_way(model(provider, **USAGE)))
    found = events(bear, sent)
    assert len(found) == len(provider.seen) == 8
    assert all(counts_of(event) == COUNTS for event in found)
    assert {(e["model"], e["user_id"], e["metadata"]["provider"]) for e in found} == {
        ("gpt-4o-2026-01-01", "alice", "openai")
    }
    assert all(event["metadata"]["latency_ms"] > 0 for event in found)
    assert not handler()._calls


@pytest.mark.parametrize("streaming", [False, True])
def test_anthropics_completion_is_one_event_though_it_ends_twice(
    streaming: bool,  # noqa: FBT001
    bear: BearLumen,
    sent: MemoryTransport,
    run: Any,
) -> None:
    """Once as a chat and once as a completion; the numbers without the cache are summed."""
    name = "messages-stream-input-raised" if streaming else "messages-cache-write-split"
    recorded = recording(f"anthropic/{name}")

    async def ask(llm: Any) -> None:
        if streaming:
            list(llm.stream_complete("hi"))
            list(llm.stream_chat(QUESTION))
            assert [chunk async for chunk in await llm.astream_complete("hi")]
            assert [chunk async for chunk in await llm.astream_chat(QUESTION)]
        else:
            llm.complete("hi")
            llm.chat(QUESTION)
            await llm.acomplete("hi")
            await llm.achat(QUESTION)

    with stub_server(lambda _: played(recorded)) as server:
        run(ask(Anthropic(model="claude-sonnet-4-0", base_url=server.url, api_key="k")))
        assert len(server.seen) == 4
    found = events(bear, sent)
    assert [counts_of(event) for event in found] == [recorded.counts] * 4
    assert {event["metadata"]["provider"] for event in found} == {"anthropic"}
    assert {event["model"] for event in found} <= {recorded.model, "claude-sonnet-4-0"}


@pytest.mark.parametrize("name", ["responses-plain", "responses-stream"])
def test_responses_name_their_model(
    name: str, bear: BearLumen, sent: MemoryTransport, run: Any
) -> None:
    """Streamed, in the last event of the stream."""
    recorded = recording(f"openai/{name}")
    with stub_server(lambda _: played(recorded)) as server:
        llm = OpenAIResponses(model="gpt-4o", api_base=server.url, api_key="k")
        if recorded.streaming:
            list(llm.stream_chat(QUESTION))
        else:
            llm.chat(QUESTION)
    event = events(bear, sent)[0]
    assert (event["model"], counts_of(event)) == (recorded.model, recorded.counts)
    assert len(sent.events) == 1


def test_a_stream_without_usage_is_unpriced_and_says_what_to_do(
    bear: BearLumen, sent: MemoryTransport, provider: Stub, problems: list[Exception]
) -> None:
    """LlamaIndex does not ask for it."""
    list(model(provider).stream_chat(QUESTION))
    assert [counts_of(event) for event in events(bear, sent)] == [{}]
    assert "include_usage" in str(problems[0])


def test_whom_a_stream_is_for_is_settled_when_it_begins(
    bear: BearLumen, sent: MemoryTransport, provider: Stub
) -> None:
    """By our tags, plain ones, and the scope; no other tag is kept."""
    tags = {"user_id": "tag", "bearlumen_feature": "ours", "llamaindex.step.input_summary": "text"}
    with bear.scope(end_user="scope", agent="scope"), instrument_tags(tags):
        stream = model(provider, **USAGE).stream_chat(QUESTION)
    list(stream)
    event = events(bear, sent)[0]
    assert (event["user_id"], event["metadata"]["feature"], event["metadata"]["agent"]) == (
        "tag",
        "ours",
        "scope",
    )
    assert "text" not in str(event)


def test_what_fails_or_is_broken_off_is_no_event_and_leaves_nothing(
    bear: BearLumen, sent: MemoryTransport, provider: Stub
) -> None:
    """The error is the provider's."""
    llm = model(provider)
    with pytest.raises(Exception, match="boom"):
        llm.chat([ChatMessage(role="user", content="FAIL")])
    stream = llm.stream_chat(QUESTION)
    next(stream)
    stream.close()
    assert events(bear, sent) == []
    assert not handler()._calls


def test_streams_that_nobody_reads_are_forgotten(
    bear: BearLumen, provider: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They begin where they are made, and never end."""
    monkeypatch.setattr("bearlumen_llamaindex.handler.MAX_CALLS", 3)
    streams = [model(provider).stream_chat(QUESTION) for _ in range(5)]
    assert len(handler()._calls) == 3
    del streams


def test_a_stand_in_for_a_model_is_no_event(bear: BearLumen, sent: MemoryTransport) -> None:
    """It has no answer of a provider's."""
    MockLLM().complete("hi")
    MockLLM().chat(QUESTION)
    assert events(bear, sent) == []


def test_embeddings_are_recorded_with_their_tokens_unknown(
    bear: BearLumen, sent: MemoryTransport, provider: Stub, problems: list[Exception]
) -> None:
    """LlamaIndex does not say; the client below knows, where it is wrapped."""
    embedding: Any = OpenAIEmbedding(
        model="text-embedding-3-small", api_base=f"{provider.url}/v1", api_key="k"
    )
    embedding.get_text_embedding("hi")
    embedding._client = bear.wrap(embedding._get_client())
    embedding.get_text_embedding("hi")
    found = events(bear, sent)
    assert [(e["model"], e["metadata"]["provider"], counts_of(e)) for e in found] == [
        ("text-embedding-3-small", "openai", {}),
        ("text-embedding-3-small", "openai", {"input_tokens": 7, "output_tokens": 0}),
    ]
    assert ["bear.wrap" in str(problem) for problem in problems] == [True]


def test_a_wrapped_client_below_is_one_event(
    bear: BearLumen, sent: MemoryTransport, provider: Stub
) -> None:
    """For whom the layer above says; a call beside the stream is another."""
    llm = model(provider, **USAGE)
    llm._client = client = bear.wrap(llm._get_client())
    with instrument_tags({"user_id": "alice"}):
        llm.chat(QUESTION)
        llm.complete("hi")
        for index, _ in enumerate(llm.stream_chat(QUESTION)):
            if index == 1:
                client.chat.completions.create(model="gpt-4o", messages=[])
    found = events(bear, sent)
    assert len(found) == len(provider.seen) == 4
    assert [event.get("user_id") for event in found].count("alice") == 3


def test_a_hundred_agents_at_once_never_cross(
    bear: BearLumen, sent: MemoryTransport, provider: Stub, run: Any
) -> None:
    """Two calls each, with a tool between them; the sum is that of all answers."""

    def look_up(word: str) -> str:
        """Look a word up."""
        return f"{word}: an animal"

    async def ask(number: int) -> None:
        agent = FunctionAgent(tools=[look_up], llm=model(provider), streaming=False)
        with bear.scope(end_user=f"user-{number}", session=f"user-{number}"):
            await agent.run("TOOL")

    async def main() -> None:
        await asyncio.gather(*(ask(number) for number in range(100)))

    run(main())
    found = events(bear, sent)
    assert len(found) == 200 == len(provider.seen)
    assert all(event["user_id"] == event["metadata"]["session_id"] for event in found)
    assert sum(event["input_tokens"] for event in found) == 200 * COUNTS["input_tokens"]


def test_nothing_is_recorded_after_uninstrumenting(
    bear: BearLumen, sent: MemoryTransport, provider: Stub
) -> None:
    """The other handlers stay."""
    others = len(get_dispatcher().event_handlers) - 1
    uninstrument()
    model(provider).chat(QUESTION)
    assert events(bear, sent) == []
    assert len(get_dispatcher().event_handlers) == others
