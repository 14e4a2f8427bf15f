"""Spans of model calls become usage events, and usage events spans."""

import asyncio
import json
from typing import Any

import pytest
from integrations.langchain.test_handler import model as langchain_model
from openai import AsyncOpenAI, OpenAI
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Status, StatusCode
from pydantic_ai import Agent
from pydantic_ai.capabilities import Instrumentation
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.instrumented import InstrumentationSettings
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from bearlumen import BearLumen, MemoryTransport
from bearlumen_langchain import BearLumenCallbackHandler
from bearlumen_otel import SpanTransport
from support.openai_server import COUNTS, counts_of, played, recording
from support.stub import Stub, stub_server

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.response.id": "r-1",
    "gen_ai.usage.input_tokens": 120,
    "gen_ai.usage.output_tokens": 40,
    "gen_ai.usage.cache_read.input_tokens": 100,
    "gen_ai.usage.reasoning.output_tokens": 30,
}
OLD = {
    "gen_ai.system": "az.ai.openai",
    "gen_ai.request.model": "mine",
    "gen_ai.usage.prompt_tokens": 9,
    "gen_ai.usage.completion_tokens": 3,
}


def events(bear: BearLumen, sent: MemoryTransport) -> list[dict[str, Any]]:
    """What was recorded."""
    assert bear.flush()
    return sent.events


def span(tracers: TracerProvider, **attributes: Any) -> Any:
    """A span of a call."""
    named = {name.replace("__", "."): value for name, value in attributes.items()}
    return tracers.get_tracer("t").start_as_current_span("span", attributes=named)


def chat(tracers: TracerProvider, **more: Any) -> Any:
    """A span of a chat."""
    return tracers.get_tracer("t").start_as_current_span("chat", attributes=CHAT | more)


def test_current_and_previous_names_are_read(
    bear: BearLumen, sent: MemoryTransport, tracers: TracerProvider
) -> None:
    """What the span says, as an event; who answered by our name."""
    with chat(tracers):
        pass
    with tracers.get_tracer("t").start_as_current_span("old", attributes=OLD):
        pass
    new, old = events(bear, sent)
    assert (new["model"], new["metadata"]["provider"]) == ("gpt-4o-2024-08-06", "openai")
    assert (counts_of(new), new["metadata"]["response_id"]) == (COUNTS, "r-1")
    assert new["metadata"]["latency_ms"] > 0
    assert (old["model"], old["metadata"]["provider"]) == ("mine", "azure")
    assert counts_of(old) == {"input_tokens": 9, "output_tokens": 3}


def test_attributes_that_are_set_later_count(
    bear: BearLumen, sent: MemoryTransport, tracers: TracerProvider
) -> None:
    """Usage is known at the end, and so may be whom it is for."""
    with span(tracers, gen_ai__operation__name="chat", gen_ai__request__model="m") as open_span:
        open_span.set_attribute("gen_ai.usage.input_tokens", 5)
        open_span.set_attribute("enduser.id", "alice")
    event = events(bear, sent)[0]
    assert (event["model"], event["input_tokens"], event["user_id"]) == ("m", 5, "alice")


def test_input_without_its_cached_part_is_summed(
    bear: BearLumen, sent: MemoryTransport, tracers: TracerProvider
) -> None:
    """The conventions include it; a part that is larger than the whole shows who does not."""
    cached: dict[str, Any] = {
        "gen_ai.usage.input_tokens": 20,
        "gen_ai.usage.cache_read.input_tokens": 1000,
        "gen_ai.usage.cache_creation.input_tokens": 500,
    }
    with chat(tracers, **cached):
        pass
    assert counts_of(events(bear, sent)[0])["input_tokens"] == 1520


def test_a_span_around_that_sums_up_is_no_event(
    bear: BearLumen, sent: MemoryTransport, tracers: TracerProvider
) -> None:
    """An agent's, a workflow's; and a framework's around that of the SDK is the same call."""
    with (
        span(tracers, gen_ai__operation__name="invoke_agent", gen_ai__agent__name="bot"),
        chat(tracers, **{"gen_ai.usage.input_tokens": 999}),
        tracers.get_tracer("t").start_as_current_span("http"),
        chat(tracers),
    ):
        pass
    found = events(bear, sent)
    assert [counts_of(event) for event in found] == [COUNTS]
    assert found[0]["metadata"]["agent"] == "bot"


def test_two_calls_of_an_agent_are_two_events(
    bear: BearLumen, sent: MemoryTransport, tracers: TracerProvider
) -> None:
    """One after the other, or one within a tool of the other."""
    with span(tracers, gen_ai__operation__name="invoke_agent"):
        with chat(tracers):
            pass
        with chat(tracers), span(tracers, gen_ai__operation__name="execute_tool"), chat(tracers):
            pass
    assert len(events(bear, sent)) == 3


def test_whom_a_span_is_for(
    bear: BearLumen, sent: MemoryTransport, tracers: TracerProvider
) -> None:
    """Our attributes, then OpenTelemetry's, then the scope where the span began."""
    around = {"gen_ai.conversation.id": "c-1", "bearlumen.feature": "ours"}
    with (
        bear.scope(end_user="scope", feature="scope", workflow="scope"),
        tracers.get_tracer("t").start_as_current_span("request", attributes=around),
    ):
        open_span = tracers.get_tracer("t").start_span("chat", attributes=CHAT)
    open_span.end()
    event = events(bear, sent)[0]
    about = event["metadata"]
    assert (event["user_id"], about["feature"]) == ("scope", "ours")
    assert (about["workflow"], about["session_id"]) == ("scope", "c-1")


def test_a_call_without_usage_is_unpriced_and_a_failed_one_no_event(
    bear: BearLumen, sent: MemoryTransport, tracers: TracerProvider, problems: list[Exception]
) -> None:
    """Zeros of a stream that did not tell are no usage."""
    zeros: dict[str, Any] = {name: 0 for name in CHAT if ".usage." in name}
    with chat(tracers, **zeros):
        pass
    with chat(tracers) as failed:
        failed.set_status(Status(StatusCode.ERROR))
    assert [counts_of(event) for event in events(bear, sent)] == [{}]
    assert "include_usage" in str(problems[0])


def test_one_call_is_one_event_over_all_layers(
    bear: BearLumen, sent: MemoryTransport, tracers: TracerProvider, provider: Stub
) -> None:
    """A span, LangChain's callback and a wrapped client, in pairs and all three."""
    url = f"{provider.url}/v1"
    client: Any = bear.wrap(OpenAI(base_url=url, api_key="k"))
    plain, wrapped = langchain_model(provider), langchain_model(provider)
    wrapped.client = bear.wrap(wrapped.root_client).chat.completions
    handler: Any = {"callbacks": [BearLumenCallbackHandler(bear)]}
    with bear.scope(end_user="alice"):
        with chat(tracers):
            client.chat.completions.create(model="m", messages=[])
        with chat(tracers):
            plain.invoke("hi", handler)
        with chat(tracers):
            wrapped.invoke("hi", handler)
        with chat(tracers):
            list(wrapped.stream("hi", handler))
    found = events(bear, sent)
    assert len(found) == len(provider.seen) == 4
    assert all(counts_of(event) == COUNTS for event in found)
    assert {event["user_id"] for event in found} == {"alice"}


@pytest.fixture
def pydantic_ai(tracers: TracerProvider) -> Any:
    """What makes Pydantic AI's spans."""
    return Instrumentation(settings=InstrumentationSettings(tracer_provider=tracers))


def test_pydantic_ai_is_recorded_call_by_call(
    bear: BearLumen, sent: MemoryTransport, provider: Stub, pydantic_ai: Any
) -> None:
    """A hundred agents at once, two calls each, for as many end users."""
    openai = OpenAIProvider(base_url=f"{provider.url}/v1", api_key="k")
    agent = Agent(OpenAIChatModel("gpt-x", provider=openai), capabilities=[pydantic_ai], name="bot")

    @agent.tool_plain
    def look_up(word: str) -> str:
        """Look a word up."""
        return f"{word}: an animal"

    async def ask(number: int) -> None:
        with bear.scope(end_user=f"user-{number}", feature=f"user-{number}"):
            await agent.run("TOOL")

    async def main() -> None:
        await asyncio.gather(*(ask(number) for number in range(100)))

    assert look_up
    asyncio.run(main())
    found = events(bear, sent)
    assert len(found) == 200 == len(provider.seen)
    assert all(event["user_id"] == event["metadata"]["feature"] for event in found)
    assert {e["metadata"]["agent"] for e in found} == {"bot"}
    totals = [(event["input_tokens"], event["output_tokens"]) for event in found]
    assert totals == [(COUNTS["input_tokens"], COUNTS["output_tokens"])] * 200


def test_a_stream_of_pydantic_ai_is_one_event_with_a_wrapped_client(
    bear: BearLumen, sent: MemoryTransport, provider: Stub, pydantic_ai: Any
) -> None:
    """It is opened in another task than its span was begun in."""
    client: Any = bear.wrap(AsyncOpenAI(base_url=f"{provider.url}/v1", api_key="k"))
    model = OpenAIChatModel("gpt-x", provider=OpenAIProvider(openai_client=client))
    agent = Agent(model, capabilities=[pydantic_ai], name="bot")

    async def main() -> None:
        with bear.scope(end_user="alice"):
            async with agent.run_stream("hi") as answer:
                await client.chat.completions.create(model="beside", messages=[])
                await answer.get_output()

    asyncio.run(main())
    found = sorted(events(bear, sent), key=lambda event: event["model"])
    assert [event["model"][:6] for event in found] == ["beside", "gpt-x-"]
    assert [event["metadata"].get("agent") for event in found] == [None, "bot"]
    assert {event["user_id"] for event in found} == {"alice"}


def test_pydantic_ai_counts_anthropics_cache(
    bear: BearLumen, sent: MemoryTransport, pydantic_ai: Any
) -> None:
    """Its input includes it, as ours does."""
    recorded = recording("anthropic/messages-cache-write-split")
    with stub_server(lambda _: played(recorded)) as server:
        anthropic = AnthropicProvider(base_url=server.url, api_key="k")
        agent = Agent(AnthropicModel("claude-x", provider=anthropic), capabilities=[pydantic_ai])
        asyncio.run(agent.run("hi"))
    event = events(bear, sent)[0]
    told = {n: c for n, c in recorded.counts.items() if "5m" not in n and "1h" not in n and c}
    assert (event["metadata"]["provider"], counts_of(event)) == ("anthropic", told)


def test_events_become_spans(sent: MemoryTransport) -> None:
    """Of the time of the call, with the attributes of the conventions; only what was taken."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    answer = {
        "object": "chat.completion",
        "id": "r-1",
        "model": "gpt-4o",
        "usage": {"prompt_tokens": 7, "completion_tokens": 3},
    }
    with BearLumen(api_key="k", transport=SpanTransport(sent, provider)) as bear:
        bear.track(answer, user_id="alice", agent="bot", latency_ms=250)
    made = exporter.get_finished_spans()[0]
    attributes = json.loads(made.to_json())["attributes"]
    assert attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.response.model": "gpt-4o",
        "gen_ai.response.id": "r-1",
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 3,
        "gen_ai.agent.name": "bot",
        "enduser.id": "alice",
    }
    assert made.start_time is not None
    assert made.end_time == made.start_time + 250_000_000
    assert len(sent.events) == 1


def test_a_span_that_cannot_be_made_costs_no_event(sent: MemoryTransport) -> None:
    """Nor is it sent again for that."""

    class Broken(SpanProcessor):
        def on_start(self, span: Any, parent_context: Any = None) -> None:
            raise RuntimeError("broken")

    provider = TracerProvider()
    provider.add_span_processor(Broken())
    with BearLumen(api_key="k", transport=SpanTransport(sent, provider)) as bear:
        bear.track(None, model="m", units={"pages": 1})
        assert bear.flush()
    assert len(sent.events) == 1
