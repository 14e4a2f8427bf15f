"""Every call of a model that a run makes is one event: of its agent, with what it used."""

import asyncio
from typing import Any

import agents
import pytest
from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    RunConfig,
    Runner,
    function_tool,
    trace,
)
from agents.tracing import TracingProcessor
from openai import AsyncOpenAI
from opentelemetry.sdk.trace import TracerProvider

import bearlumen_openai_agents
from bearlumen import BearLumen, MemoryTransport
from bearlumen_openai_agents import BearLumenRunHooks
from bearlumen_otel import BearLumenSpanProcessor
from bearlumen_server import local_server
from support.openai_server import COUNTS, counts_of
from support.stub import Stub

pytestmark = [
    # What the SDK and its clients leave open.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
instrumented = pytest.mark.usefixtures("_instrumented")
SETTINGS = ModelSettings(include_usage=True)


@function_tool
def look_up(word: str) -> str:
    """Look a word up."""
    return f"{word}: an animal"


def bot(model: Any, name: str = "bot", **options: Any) -> Agent[Any]:
    """An agent that asks for the usage of its streams."""
    return Agent(name=name, model=model, model_settings=SETTINGS, **options)


def events(bear: BearLumen, sent: MemoryTransport) -> list[dict[str, Any]]:
    """What was recorded."""
    assert bear.flush()
    return sent.events


def labels(event: dict[str, Any]) -> dict[str, Any]:
    """Whom and what an event was for."""
    names = ("feature", "agent", "workflow", "session_id", "dimensions")
    about = {name: event["metadata"][name] for name in names if name in event["metadata"]}
    return about | ({"end_user": event["user_id"]} if "user_id" in event else {})


async def streamed(agent: Agent[Any], question: str, **options: Any) -> None:
    """Run, and read all of it."""
    async for _ in Runner.run_streamed(agent, question, **options).stream_events():
        pass


@instrumented
def test_every_way_to_run_is_one_event_for_each_call(
    bear: BearLumen, sent: MemoryTransport, provider: Stub, model: Any
) -> None:
    """Sync, async and streamed, with a tool between two calls."""

    async def main() -> None:
        await Runner.run(bot(model, tools=[look_up]), "TOOL")
        await streamed(bot(model), "hi")

    Runner.run_sync(bot(model), "hi")
    asyncio.run(main())
    found = events(bear, sent)
    assert len(found) == 4 == len(provider.seen)
    assert [counts_of(event) for event in found] == [COUNTS] * 4
    assert {event["metadata"]["provider"] for event in found} == {"openai"}
    assert all(labels(event) == {"agent": "bot"} for event in found)
    assert all(event["metadata"]["latency_ms"] > 0 for event in found)


@instrumented
def test_a_response_says_the_model_that_answered_and_the_tier(
    bear: BearLumen, sent: MemoryTransport, client: AsyncOpenAI
) -> None:
    """A chat completion's span tells the model that was asked for, and no tier."""
    for kind in (OpenAIResponsesModel, OpenAIChatCompletionsModel):
        Runner.run_sync(bot(kind(model="gpt-x", openai_client=client)), "hi")
    response, chat = events(bear, sent)
    assert (response["model"], chat["model"]) == ("gpt-x-2026-01-01", "gpt-x")
    assert response["metadata"]["usage"]["service_tier"] == "flex"
    assert response["metadata"]["response_id"] == "resp_1"


@instrumented
def test_handoffs_and_agents_that_are_tools_have_their_own_calls(
    bear: BearLumen, sent: MemoryTransport, client: AsyncOpenAI
) -> None:
    """Each is named after the agent whose turn it is."""
    model = OpenAIResponsesModel(model="gpt-x", openai_client=client)
    writer = bot(model, "writer")
    tool = writer.as_tool("ask_writer", "Ask the writer.")
    Runner.run_sync(bot(model, "boss", tools=[tool]), "TOOL")
    Runner.run_sync(bot(model, "triage", handoffs=[writer]), "TOOL")
    found = events(bear, sent)
    assert [event["metadata"]["agent"] for event in found] == [
        "boss", "writer", "boss", "triage", "writer",
    ]  # fmt: skip


@instrumented
def test_whom_a_call_is_for(bear: BearLumen, sent: MemoryTransport, model: Any) -> None:
    """The trace's metadata, then the scope, then what the SDK knows."""
    given = {"bearlumen_end_user": "alice", "user_id": "other", "feature": "chat"}
    config = RunConfig(workflow_name="support", group_id="c-1", trace_metadata=given)
    with bear.scope(end_user="scope", feature="scope", dimensions={"plan": "pro"}):
        Runner.run_sync(bot(model), "hi", run_config=config)
    with trace("outer", group_id="c-2"), bear.scope(workflow="mine"):
        Runner.run_sync(bot(model), "hi")
    first, second = (labels(event) for event in events(bear, sent))
    assert first == {
        "end_user": "alice", "feature": "chat", "agent": "bot", "workflow": "support",
        "session_id": "c-1", "dimensions": {"plan": "pro"},
    }  # fmt: skip
    assert second == {"agent": "bot", "workflow": "mine", "session_id": "c-2"}


@instrumented
def test_failures_and_retries_and_streams_that_break(
    bear: BearLumen, sent: MemoryTransport, provider: Stub, model: Any
) -> None:
    """What failed, or did not say what it used, is no event; nothing of it is ours to raise."""

    async def stop_early() -> None:
        run = Runner.run_streamed(bot(model), "hi")
        async for _ in run.stream_events():
            run.cancel()

    async def cancelled() -> None:
        task = asyncio.create_task(Runner.run(bot(model), "SLOW"))
        before = len(provider.seen)
        while len(provider.seen) == before:  # noqa: ASYNC110  # the server is another thread's
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with pytest.raises(Exception, match="boom"):
        Runner.run_sync(bot(model), "FAIL")
    asyncio.run(cancelled())
    asyncio.run(stop_early())
    before = len(events(bear, sent))
    Runner.run_sync(bot(model), "hi")
    assert len(events(bear, sent)) == before + 1 <= len(provider.seen)


@instrumented
def test_a_stream_without_usage_is_unpriced_and_says_why(
    bear: BearLumen, sent: MemoryTransport, client: AsyncOpenAI, problems: list[Exception]
) -> None:
    """The SDK counts no tokens there: never a call that costs nothing."""
    model = OpenAIChatCompletionsModel(model="gpt-x", openai_client=client)
    for _ in range(2):
        asyncio.run(streamed(Agent(name="bot", model=model), "hi"))
    assert [counts_of(event) for event in events(bear, sent)] == [{}, {}]
    assert "ModelSettings(include_usage=True)" in str(problems[0])


@instrumented
def test_redacted_traces_still_count(
    bear: BearLumen, sent: MemoryTransport, model: Any, problems: list[Exception]
) -> None:
    """Without sensitive data a response's span keeps the tokens and loses the model."""
    config = RunConfig(trace_include_sensitive_data=False)
    Runner.run_sync(bot(model), "hi", run_config=config)
    assert [counts_of(event) for event in events(bear, sent)] == [COUNTS]
    is_response = isinstance(model, OpenAIResponsesModel)
    assert any("trace_include_sensitive_data" in str(each) for each in problems) == is_response


@instrumented
def test_a_wrapped_client_and_a_run_are_one_event(
    bear: BearLumen, sent: MemoryTransport, provider: Stub, model: Any
) -> None:
    """The client's numbers with the run's labels; in streams too, and with a tool between."""
    model._client = bear.wrap(model._client)
    with bear.scope(end_user="alice"):
        Runner.run_sync(bot(model, tools=[look_up]), "TOOL")
        asyncio.run(streamed(bot(model), "hi"))
    found = events(bear, sent)
    assert len(found) == 3 == len(provider.seen)
    assert [counts_of(event) for event in found] == [COUNTS] * 3
    assert {event["model"] for event in found} == {"gpt-x-2026-01-01"}
    assert all(labels(event) == {"agent": "bot", "end_user": "alice"} for event in found)


@instrumented
def test_a_call_beside_a_run_stays_its_own(
    bear: BearLumen, sent: MemoryTransport, client: AsyncOpenAI, model: Any
) -> None:
    """A tool's own call of a wrapped client is none of the agent's."""
    wrapped = bear.wrap(client)

    @function_tool(name_override="look_up")
    async def asking(word: str) -> str:
        """Look a word up."""
        await wrapped.responses.create(model="gpt-tool", input=word)
        return word

    Runner.run_sync(bot(model, tools=[asking]), "TOOL")
    names = [event["model"].removesuffix("-2026-01-01") for event in events(bear, sent)]
    assert names == ["gpt-x", "gpt-tool", "gpt-x"]


class Theirs(TracingProcessor):
    """Another's processor, which counts the spans that end."""

    def __init__(self) -> None:
        self.ended = 0

    def on_trace_start(self, trace: Any) -> None: ...  # noqa: D102  # as of the SDK
    def on_trace_end(self, trace: Any) -> None: ...  # noqa: D102
    def shutdown(self) -> None: ...  # noqa: D102
    def force_flush(self) -> None: ...  # noqa: D102
    def on_span_start(self, span: Any) -> None: ...  # noqa: D102
    def on_span_end(self, span: Any) -> None:  # noqa: D102
        self.ended += 1


class Instrumentation(Theirs):
    """OpenTelemetry's, which makes a span of each of a model's."""

    def __init__(self, tracers: TracerProvider) -> None:
        super().__init__()
        self.tracer = tracers.get_tracer("t")
        self.spans: dict[str, Any] = {}

    def on_span_start(self, span: Any) -> None:  # noqa: D102
        if span.span_data.type in ("generation", "response"):
            asked = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-x"}
            self.spans[span.span_id] = self.tracer.start_span("chat", attributes=asked)

    def on_span_end(self, span: Any) -> None:  # noqa: D102
        made = self.spans.pop(span.span_id, None)
        if made is not None:
            made.set_attribute("gen_ai.usage.input_tokens", 120)
            made.end()


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_spans_of_opentelemetry_and_a_run_are_one_event(
    first: str, bear: BearLumen, sent: MemoryTransport, model: Any
) -> None:
    """An instrumentation is a processor too, before ours or after."""
    tracers = TracerProvider()
    tracers.add_span_processor(BearLumenSpanProcessor(bear))
    steps = [
        lambda: bearlumen_openai_agents.instrument(bear),
        lambda: agents.add_trace_processor(Instrumentation(tracers)),
    ]
    for add in steps if first == "ours" else reversed(steps):
        add()
    Runner.run_sync(bot(model), "hi")
    bearlumen_openai_agents.uninstrument()
    assert [event["input_tokens"] for event in events(bear, sent)] == [120]


@pytest.mark.parametrize("below", ["nothing", "client", "spans", "both"])
def test_run_hooks_are_one_event_whatever_is_below(
    below: str, bear: BearLumen, sent: MemoryTransport, model: Any
) -> None:
    """Without tracing they record; with a layer below that does they are silent."""
    agents.set_tracing_disabled(disabled=below in ("nothing", "client"))
    if below in ("client", "both"):
        model._client = bear.wrap(model._client)
    bearlumen_openai_agents.instrument(bear)
    hooks = BearLumenRunHooks(bear)
    with bear.scope(end_user="alice"):
        Runner.run_sync(bot(model, tools=[look_up]), "TOOL", hooks=hooks)
        asyncio.run(streamed(bot(model), "hi", hooks=hooks))
    bearlumen_openai_agents.uninstrument()
    found = events(bear, sent)
    assert [counts_of(event) for event in found] == [COUNTS] * 3
    assert all(labels(event) == {"agent": "bot", "end_user": "alice"} for event in found)
    assert {event["model"].removesuffix("-2026-01-01") for event in found} == {"gpt-x"}
    assert not hooks._calls


def test_run_hooks_name_the_model_that_is_asked(bear: BearLumen, sent: MemoryTransport) -> None:
    """The run's if it is said, else the agent's, by its own name or behind a gateway's."""
    hooks = BearLumenRunHooks(bear)
    asked = {
        "openai/gpt-x": ("gpt-x", "openai"),
        "litellm/anthropic/claude-x": ("claude-x", "anthropic"),
        "gpt-x": ("gpt-x", "openai"),
    }
    usage = agents.Usage(requests=1, input_tokens=7, output_tokens=3)
    answer = agents.ModelResponse(output=[], usage=usage, response_id=None)

    async def main() -> None:
        context: Any = agents.RunContextWrapper(None)
        for name in asked:
            agent = Agent(name="bot", model=name)
            await hooks.on_llm_start(context, agent, None, [])
            await hooks.on_llm_end(context, agent, answer)

    asyncio.run(main())
    found = [(event["model"], event["metadata"]["provider"]) for event in events(bear, sent)]
    assert found == list(asked.values())


def test_nothing_is_recorded_after_uninstrument(
    bear: BearLumen, sent: MemoryTransport, model: Any
) -> None:
    """Nor twice by who instruments twice; another's processor stays."""
    theirs = Theirs()
    agents.add_trace_processor(theirs)
    bearlumen_openai_agents.instrument(bear)
    bearlumen_openai_agents.instrument(bear)
    Runner.run_sync(bot(model), "hi")
    bearlumen_openai_agents.uninstrument()
    before = theirs.ended
    Runner.run_sync(bot(model), "hi")
    assert len(events(bear, sent)) == 1
    assert before * 2 == theirs.ended > 0


def test_a_span_of_a_shape_to_come_harms_nobody(
    bear: BearLumen, sent: MemoryTransport, problems: list[Exception]
) -> None:
    """It is told to `on_error`, and the run goes on."""
    processor = bearlumen_openai_agents.BearLumenTracingProcessor(bear)

    class Odd:
        type = "generation"
        usage = object()

    class Span:
        span_id, parent_id, span_data = "s", None, Odd()

    odd: Any = Span()
    processor.on_span_start(odd)
    processor.on_span_end(odd)
    processor.on_span_start(object())  # pyright: ignore[reportArgumentType]
    assert problems
    assert len(events(bear, sent)) <= 1


@instrumented
def test_a_hundred_runs_at_once_never_cross(provider: Stub, client: AsyncOpenAI) -> None:
    """For as many end users, some streamed; the ledger's sum is that of all answers."""
    model = OpenAIResponsesModel(model="gpt-4o", openai_client=client)
    writer = bot(model, "writer")
    agent = bot(model, "boss", tools=[writer.as_tool("ask_writer", "Ask the writer.")])

    async def ask(bear: BearLumen, number: int) -> None:
        user = f"user-{number}"
        config = RunConfig(group_id=user)
        with bear.scope(end_user=user):
            if number % 2:
                await streamed(agent, "TOOL", run_config=config)
            else:
                await Runner.run(agent, "TOOL", run_config=config)

    async def main(bear: BearLumen) -> None:
        await asyncio.gather(*(ask(bear, number) for number in range(100)))

    with local_server() as server, BearLumen(api_key=server.api_key, base_url=server.url) as bear:
        bearlumen_openai_agents.instrument(bear)
        asyncio.run(main(bear))
        assert bear.flush()
        found = list(bear.usage.events(start_date="2026-01-01", end_date="2099-01-01"))
        assert len(found) == 300 == len(provider.seen)
        assert sum(event.input_tokens or 0 for event in found) == 300 * COUNTS["input_tokens"]
        assert sum(event.output_tokens or 0 for event in found) == 300 * COUNTS["output_tokens"]
        assert all(event.end_user_id == event.session_id for event in found)
