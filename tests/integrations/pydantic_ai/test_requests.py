"""Every request that an agent makes to a model is one event."""

import asyncio
import copy
from typing import Any

import pytest
from openai import AsyncOpenAI
from opentelemetry.sdk.trace import TracerProvider
from pydantic_ai import Agent, ModelRequest, ModelResponse, ModelRetry
from pydantic_ai.capabilities import Instrumentation, ModelFallback
from pydantic_ai.direct import model_request_sync
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.instrumented import InstrumentationSettings
from pydantic_ai.models.test import TestModel
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.usage import RequestUsage

from bearlumen import BearLumen, MemoryTransport
from bearlumen_otel import BearLumenSpanProcessor
from bearlumen_pydantic_ai import BearLumenCapability, BearLumenModel
from bearlumen_server import local_server
from support.openai_server import COUNTS, counts_of, played, recording
from support.stub import Stub, stub_server

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ANSWERED = "gpt-x-2026-01-01"


def events(bear: BearLumen, sent: MemoryTransport) -> list[dict[str, Any]]:
    """What was recorded."""
    assert bear.flush()
    return sent.events


def labels(event: dict[str, Any]) -> dict[str, Any]:
    """Whom and what an event was for, but the session, which is of each run its own."""
    names = ("feature", "agent", "workflow", "dimensions")
    about = {name: event["metadata"][name] for name in names if name in event["metadata"]}
    return about | ({"end_user": event["user_id"]} if "user_id" in event else {})


def bot(bear: BearLumen, model: Any, **options: Any) -> Agent[None, str]:
    """An agent with a tool."""
    usual: dict[str, Any] = {"name": "bot", "capabilities": [BearLumenCapability(bear)]}
    agent = Agent(model, **(usual | options))

    @agent.tool_plain
    def look_up(word: str) -> str:
        """Look a word up."""
        return f"{word}: an animal"

    assert look_up
    return agent


async def streamed(agent: Agent[None, str], question: str, **options: Any) -> None:
    """Run, and read all of it."""
    async with agent.run_stream(question, **options) as answer:
        assert await answer.get_output()


async def iterated(agent: Agent[None, str], question: str) -> None:
    """Run, node by node."""
    async with agent.iter(question) as run:
        async for _ in run:
            pass


async def watched(agent: Agent[None, str], question: str) -> None:
    """Run, and hear of each event."""

    async def hear(_: Any, stream: Any) -> None:
        async for _ in stream:
            pass

    await agent.run(question, event_stream_handler=hear)


def test_every_way_to_run_is_one_event_for_each_request(
    bear: BearLumen, sent: MemoryTransport, provider: Stub, model: Any
) -> None:
    """Sync, async, streamed and node by node, with a tool between two requests."""
    agent = bot(bear, model)
    with bear.scope(end_user="alice"):
        agent.run_sync("TOOL")
        for way in (streamed, iterated, watched):
            asyncio.run(way(agent, "hi"))
    found = events(bear, sent)
    assert len(found) == 5 == len(provider.seen)
    assert [counts_of(event) for event in found] == [COUNTS] * 5
    assert {(e["model"], e["metadata"]["provider"]) for e in found} == {(ANSWERED, "openai")}
    assert all(labels(event) == {"agent": "bot", "end_user": "alice"} for event in found)
    assert all(event["metadata"]["latency_ms"] > 0 for event in found)
    assert all(event["metadata"]["response_id"] for event in found)


def test_whom_a_request_is_for(bear: BearLumen, sent: MemoryTransport, model: Any) -> None:
    """The run's metadata, then the scope, then the agent and the conversation."""
    given = {"bearlumen_end_user": "alice", "user_id": "other", "feature": "chat"}
    with bear.scope(end_user="scope", feature="scope", agent="mine", dimensions={"plan": "pro"}):
        bot(bear, model).run_sync("hi", metadata=given)
    bot(bear, model).run_sync("hi", conversation_id="c-1")
    first, second = events(bear, sent)
    assert labels(first) == {
        "end_user": "alice", "feature": "chat", "agent": "mine", "dimensions": {"plan": "pro"},
    }  # fmt: skip
    assert labels(second) == {"agent": "bot"}
    assert second["metadata"]["session_id"] == "c-1"


def test_an_agent_in_anothers_tool_has_its_own_requests(
    bear: BearLumen, sent: MemoryTransport, model: Any
) -> None:
    """Each is named after the agent that made it."""
    writer = bot(bear, model, name="writer")
    boss = Agent(model, name="boss", capabilities=[BearLumenCapability(bear)])

    @boss.tool_plain(name="look_up")
    async def ask(word: str) -> str:
        """Ask the writer."""
        return (await writer.run(word)).output

    assert ask
    boss.run_sync("TOOL")
    found = events(bear, sent)
    assert [event["metadata"]["agent"] for event in found] == ["boss", "writer", "boss"]


def test_failures_and_retries(
    bear: BearLumen, sent: MemoryTransport, provider: Stub, model: Any
) -> None:
    """What failed is no event; an answer that a validator refused was paid for."""
    agent = bot(bear, model)
    refused: list[str] = []

    @agent.output_validator
    def check(output: str) -> str:
        if not refused:
            refused.append(output)
            raise ModelRetry("again")
        return output

    assert check
    with pytest.raises(Exception, match="boom"):
        agent.run_sync("FAIL")
    failed = len(provider.seen)
    agent.run_sync("hi")
    assert len(events(bear, sent)) == 2 == len(provider.seen) - failed


async def cancelled(agent: Agent[None, str], provider: Stub) -> None:
    """Cancel a run that waits for an answer."""
    task, before = asyncio.create_task(agent.run("SLOW")), len(provider.seen)
    while len(provider.seen) == before:  # noqa: ASYNC110  # the server is another thread's
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def broken_off(agent: Agent[None, str]) -> None:
    """Leave a stream at its first words."""
    async with agent.run_stream("hi") as answer:
        async for _ in answer.stream_text(delta=True, debounce_by=None):
            break


def test_what_is_broken_off_harms_nobody(
    bear: BearLumen, sent: MemoryTransport, provider: Stub, model: Any, problems: list[Exception]
) -> None:
    """A cancelled run is no event, and a stream that was left tells what it told by then."""
    agent = bot(bear, model)
    asyncio.run(cancelled(agent, provider))
    asyncio.run(broken_off(agent))
    assert all(counts_of(event) == COUNTS for event in events(bear, sent))
    before = len(sent.events)
    agent.run_sync("hi")
    assert len(events(bear, sent)) == before + 1
    assert problems == []


def is_refused(response: ModelResponse) -> bool:
    """Refuse what the first of two models says."""
    return (response.model_name or "").startswith("gpt-first")


@pytest.mark.parametrize("how", ["model", "capability"])
def test_each_candidate_of_a_fallback_that_answered_is_an_event(
    how: str, bear: BearLumen, sent: MemoryTransport, kind: Any, client: AsyncOpenAI
) -> None:
    """A rejected answer was paid for too; one that failed was not."""
    here = OpenAIProvider(openai_client=client)
    away = OpenAIProvider(base_url="http://127.0.0.1:9/v1", api_key="k")
    models = [
        kind("gpt-away", provider=away),
        *(kind(n, provider=here) for n in ("gpt-first", "gpt-x")),
    ]
    if how == "model":
        fallback = FallbackModel(*models, fallback_on=[is_refused, Exception])
        agent = bot(bear, fallback)
        assert fallback.models == models
    else:
        moving = ModelFallback(*models[1:], fallback_on=[is_refused, Exception])
        agent = bot(bear, models[0], capabilities=[BearLumenCapability(bear), moving])
    agent.run_sync("hi")
    names = [event["model"].removesuffix("-2026-01-01") for event in events(bear, sent)]
    assert names == ["gpt-first", "gpt-x"]


@pytest.mark.parametrize("layers", ["client", "spans", "both", "all agents'"])
def test_a_request_is_one_event_over_all_layers(  # noqa: PLR0917  # fixtures
    layers: str,
    bear: BearLumen,
    sent: MemoryTransport,
    provider: Stub,
    kind: Any,
    client: AsyncOpenAI,
) -> None:
    """A wrapped client below, spans above, and both; streamed and not."""
    tracers = TracerProvider()
    tracers.add_span_processor(BearLumenSpanProcessor(bear))
    settings = InstrumentationSettings(tracer_provider=tracers)
    capabilities: list[Any] = [BearLumenCapability(bear)]
    if layers in ("spans", "both"):
        capabilities.append(Instrumentation(settings=settings))
    below: Any = client if layers == "spans" else bear.wrap(client)
    model = kind("gpt-x", provider=OpenAIProvider(openai_client=below))
    Agent.instrument_all(settings if layers == "all agents'" else False)
    try:
        agent = bot(bear, model, capabilities=capabilities)
        with bear.scope(end_user="alice"):
            agent.run_sync("TOOL")
            for way in (streamed, iterated, watched):
                asyncio.run(way(agent, "hi"))
    finally:
        Agent.instrument_all(instrument=False)
    found = events(bear, sent)
    assert len(found) == 5 == len(provider.seen)
    assert [counts_of(event) for event in found] == [COUNTS] * 5
    assert all(labels(event) == {"agent": "bot", "end_user": "alice"} for event in found)


def test_a_capability_given_twice_records_once(
    bear: BearLumen, sent: MemoryTransport, model: Any
) -> None:
    """To the agent and to the run, and the model wrapped besides."""
    agent = bot(bear, BearLumenModel(bear, model))
    agent.run_sync("hi", capabilities=[BearLumenCapability(bear)])
    asyncio.run(streamed(agent, "hi", capabilities=[BearLumenCapability(bear)]))
    assert len(events(bear, sent)) == 2


def test_a_call_between_two_chunks_stays_its_own(
    bear: BearLumen, sent: MemoryTransport, client: AsyncOpenAI, model: Any
) -> None:
    """It is not taken for the request whose answer is read."""
    wrapped = bear.wrap(client)

    async def main() -> None:
        async with bot(bear, model).run_stream("hi") as answer:
            await wrapped.responses.create(model="gpt-beside", input="hi")
            await answer.get_output()

    asyncio.run(main())
    names = sorted(event["model"].removesuffix("-2026-01-01") for event in events(bear, sent))
    assert names == ["gpt-beside", "gpt-x"]


@pytest.mark.parametrize("is_wrapped", [False, True])
def test_anthropics_cache_is_counted(
    is_wrapped: bool,  # noqa: FBT001
    bear: BearLumen,
    sent: MemoryTransport,
) -> None:
    """Its input leaves the cache out, Pydantic AI's has it in, as ours does."""
    recorded = recording("anthropic/messages-cache-write-split")
    with stub_server(lambda _: played(recorded)) as server:
        anthropic = AnthropicProvider(base_url=server.url, api_key="k")
        if is_wrapped:
            wrapped: Any = bear.wrap(anthropic.client)
            anthropic = AnthropicProvider(anthropic_client=wrapped)
        bot(bear, AnthropicModel("claude-x", provider=anthropic)).run_sync("hi")
    event = events(bear, sent)[0]
    told = {name: count for name, count in recorded.counts.items() if count}
    if not is_wrapped:
        told.pop("cache_write_5m_tokens", None)  # the rest of the writes
    assert (event["metadata"]["provider"], counts_of(event)) == ("anthropic", told)
    assert len(sent.events) == 1


class Telling(WrapperModel):
    """A model whose answers say what a test wants."""

    def __init__(self, wrapped: Any, **about: Any) -> None:
        super().__init__(wrapped)
        self.about = about

    async def request(self, *args: Any, **kwargs: Any) -> ModelResponse:
        """Answer."""
        response = copy.copy(await self.wrapped.request(*args, **kwargs))
        vars(response).update(self.about)
        return response


class BatchedModel(Telling):
    """Named as the one of `BatchModelRequests` is."""


def test_a_request_without_usage_is_unpriced_and_says_why(
    bear: BearLumen, sent: MemoryTransport, model: Any, problems: list[Exception]
) -> None:
    """Never a request of no tokens that costs nothing."""
    missing = RequestUsage(unmeasured_requests=1)
    bot(bear, Telling(model, usage=missing)).run_sync("hi")
    bot(bear, Telling(model, usage=RequestUsage())).run_sync("hi")
    assert [counts_of(event) for event in events(bear, sent)] == [{}, {}]
    assert "ensure_usage=True" in str(problems[0])


def test_who_answered_and_how(bear: BearLumen, sent: MemoryTransport, model: Any) -> None:
    """By our names, by the host if it is a known one's; in a batch at the price of one."""
    google = Telling(model, provider_name="google-cloud", provider_url="http://gateway")
    groq = Telling(model, provider_name="openai", provider_url="https://api.groq.com/openai/v1")
    azure = Telling(model, canonical_system="azure")
    batched = BatchedModel(model, provider_details={"service_tier": "flex"})
    for each in (google, groq, azure, batched):
        bot(bear, each).run_sync("hi")
    found = [event["metadata"] for event in events(bear, sent)]
    assert [about["provider"] for about in found] == ["gemini", "groq", "azure", "openai"]
    assert [about["usage"].get("batch") for about in found] == [None, None, None, True]
    assert found[3]["usage"]["service_tier"] == "flex"


def test_a_model_that_asks_nobody_is_no_event(bear: BearLumen, sent: MemoryTransport) -> None:
    """Pydantic AI's own for tests makes its usage up."""
    bot(bear, TestModel()).run_sync("hi")
    assert events(bear, sent) == []


def test_a_model_is_recorded_without_an_agent(
    bear: BearLumen, sent: MemoryTransport, model: Any
) -> None:
    """Where requests are made directly."""
    with bear.scope(end_user="alice"):
        model_request_sync(BearLumenModel(bear, model), [ModelRequest.user_text_prompt("hi")])
    event = events(bear, sent)[0]
    assert (counts_of(event), labels(event)) == (COUNTS, {"end_user": "alice"})


@pytest.mark.filterwarnings("ignore:Failed to get cost")  # Pydantic AI's own
def test_an_answer_of_a_shape_to_come_harms_nobody(
    bear: BearLumen, sent: MemoryTransport, model: Any, problems: list[Exception]
) -> None:
    """It is told to `on_error`, and the run goes on."""
    odd = Telling(model, provider_details="odd", provider_url=7)
    assert bot(bear, odd).run_sync("hi").output == "hello"
    assert problems


def test_a_model_of_a_shape_to_come_harms_nobody(
    bear: BearLumen, sent: MemoryTransport, model: Any, problems: list[Exception]
) -> None:
    """One that cannot be wrapped is asked as it is."""
    odd: Any = object.__new__(FallbackModel)  # it has no candidates
    assert BearLumenCapability(bear).get_wrapper_model(odd) is None
    assert problems


def test_a_hundred_runs_at_once_never_cross(provider: Stub, kind: Any, client: AsyncOpenAI) -> None:
    """For as many end users, some streamed; the ledger's sum is that of all answers."""
    model = kind("gpt-4o", provider=OpenAIProvider(openai_client=client))

    async def main(bear: BearLumen) -> None:
        agent = bot(bear, model)

        async def ask(number: int) -> None:
            user = f"user-{number}"
            with bear.scope(end_user=user):
                if number % 2:
                    await streamed(agent, "hi", conversation_id=user)
                else:
                    await agent.run("TOOL", conversation_id=user)

        await asyncio.gather(*(ask(number) for number in range(100)))

    with local_server() as server, BearLumen(api_key=server.api_key, base_url=server.url) as bear:
        asyncio.run(main(bear))
        assert bear.flush()
        found = list(bear.usage.events(start_date="2026-01-01", end_date="2099-01-01"))
        assert len(found) == 150 == len(provider.seen)
        assert sum(event.input_tokens or 0 for event in found) == 150 * COUNTS["input_tokens"]
        assert sum(event.output_tokens or 0 for event in found) == 150 * COUNTS["output_tokens"]
        assert all(event.end_user_id == event.session_id for event in found)
