"""The callback handler, with LangChain's own models and partner packages."""

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.globals import set_llm_cache
from langchain_core.messages import HumanMessage
from langchain_core.outputs import Generation, LLMResult
from langchain_core.runnables import RunnableLambda
from langchain_openai import AzureChatOpenAI, ChatOpenAI, OpenAIEmbeddings
from langchain_openai import OpenAI as PlainOpenAI
from pydantic import SecretStr

from bearlumen import BearLumen, MemoryTransport
from bearlumen_langchain import (
    BearLumenCallbackHandler,
    instrument,
    track_embeddings,
    uninstrument,
)
from support.openai_server import COUNTS, OpenAI, counts_of
from support.stub import Stub

pytestmark = [
    # What LangChain and its partner packages leave open, or warn of themselves.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:Unexpected type for token usage:UserWarning"),
]


def model(provider: Stub, **options: Any) -> Any:
    """OpenAI's model."""
    usual: Any = {"base_url": f"{provider.url}/v1", "model": "gpt-x"}
    usual |= {"stream_usage": True, "max_retries": 0, "api_key": "k"}
    return ChatOpenAI(**(usual | options))


KEY = SecretStr("k")


@pytest.fixture
def handler(bear: BearLumen) -> BearLumenCallbackHandler:
    """One handler."""
    return BearLumenCallbackHandler(bear)


def events(bear: BearLumen, sent: MemoryTransport) -> list[dict[str, Any]]:
    """What was recorded."""
    assert bear.flush()
    return sent.events


def labels(event: dict[str, Any]) -> dict[str, Any]:
    """Whom and what an event was for."""
    names = ("feature", "agent", "workflow", "session_id", "dimensions")
    about = {name: event["metadata"][name] for name in names if name in event["metadata"]}
    return about | ({"end_user": event["user_id"]} if "user_id" in event else {})


@pytest.mark.filterwarnings("ignore:The method:langchain_core._api.LangChainBetaWarning")
def test_every_way_to_ask_is_one_event(
    bear: BearLumen, sent: MemoryTransport, handler: Any, provider: Stub, run: Any
) -> None:
    """Sync and async, streamed, in batches and by events: one for each call over HTTP."""
    llm = model(provider)
    config: Any = {"callbacks": [handler]}

    async def main() -> None:
        await llm.ainvoke("hi", config)
        assert [chunk async for chunk in llm.astream("hi", config)]
        await llm.abatch(["a", "b", "c"], config)
        assert [event async for event in llm.astream_events("hi", config, version="v2")]
        assert [event async for event in await llm.astream_events("hi", config, version="v3")]

    llm.invoke("hi", config)
    assert list(llm.stream("hi", config))
    assert list(llm.stream_events("hi", config, version="v3"))
    llm.batch(["a", "b", "c"], config)
    llm.generate([[HumanMessage("a")], [HumanMessage("b")]], callbacks=[handler])
    run(main())
    found = events(bear, sent)
    assert len(found) == 15 == len(provider.seen)
    assert all(counts_of(event) == COUNTS for event in found)
    assert {(e["model"], e["metadata"]["provider"]) for e in found} == {
        ("gpt-x-2026-01-01", "openai")
    }
    assert all(event["metadata"]["latency_ms"] > 0 for event in found)


def test_several_answers_to_one_call_are_counted_once(
    bear: BearLumen, sent: MemoryTransport, handler: Any, provider: Stub
) -> None:
    """LangChain repeats the usage on each of them."""
    model(provider, n=2).invoke("hi", {"callbacks": [handler]})
    assert [counts_of(event) for event in events(bear, sent)] == [COUNTS]


def test_plain_llm_tells_the_usage_of_all_prompts_once(
    bear: BearLumen, sent: MemoryTransport, handler: Any, provider: Stub
) -> None:
    """With the first of them."""
    llm = PlainOpenAI(base_url=f"{provider.url}/v1", api_key=KEY, model="gpt-i")
    llm.invoke("hi", {"callbacks": [handler]})
    llm.generate(["a", "b"], callbacks=[handler])
    expected = {"input_tokens": 12, "output_tokens": 4}
    found = events(bear, sent)
    assert [counts_of(event) for event in found] == [expected, expected]
    assert {event["model"] for event in found} == {"gpt-i"}


def test_details_are_found_behind_the_name_of_a_tier(
    bear: BearLumen, sent: MemoryTransport, handler: Any, provider: Stub
) -> None:
    """`flex_cache_read` is what was read from the cache, at the price of flex."""
    for tier in ("flex", "priority"):
        model(provider, service_tier=tier).invoke("hi", {"callbacks": [handler]})
    found = events(bear, sent)
    assert [counts_of(event) for event in found] == [COUNTS, COUNTS]
    assert [e["metadata"]["usage"]["service_tier"] for e in found] == ["flex", "priority"]


def test_azure_is_azure_and_its_model_the_one_behind_the_deployment(
    bear: BearLumen, sent: MemoryTransport, handler: Any, provider: Stub
) -> None:
    """Not what the deployment is called."""
    llm = AzureChatOpenAI(
        azure_endpoint=provider.url, azure_deployment="mine", api_version="2026-01-01", api_key=KEY
    )
    llm.invoke("hi", {"callbacks": [handler]})
    event = events(bear, sent)[0]
    assert (event["metadata"]["provider"], event["model"]) == ("azure", "behind-azure-2026-01-01")


@pytest.mark.parametrize("is_global", [True, False])
def test_an_answer_from_a_cache_is_no_event(  # noqa: PLR0917  # fixtures
    is_global: bool,  # noqa: FBT001
    bear: BearLumen,
    sent: MemoryTransport,
    handler: Any,
    provider: Stub,
    run: Any,
) -> None:
    """It is called back with the usage of the call that filled the cache; streams never read it."""
    cache = InMemoryCache()
    llm = model(provider) if is_global else model(provider, cache=cache)
    set_llm_cache(cache if is_global else None)
    try:
        config: Any = {"callbacks": [handler]}
        for _ in range(3):
            llm.invoke("hi", config)
        run(llm.ainvoke("hi", config))
        list(llm.stream("hi", config))
    finally:
        set_llm_cache(None)
    assert len(events(bear, sent)) == len(provider.seen) == 2


def test_a_text_from_an_old_cache_is_no_event(
    bear: BearLumen, sent: MemoryTransport, handler: Any, provider: Stub, problems: list[Exception]
) -> None:
    """One that kept the text alone says nothing of usage, and none is missed."""

    class Old(InMemoryCache):
        def lookup(self, prompt: str, llm_string: str) -> Any:
            return [Generation(text="hello")]

    model(provider, cache=Old()).invoke("hi", {"callbacks": [handler]})
    assert (events(bear, sent), problems) == ([], [])


def test_failures_retries_and_fallbacks(
    bear: BearLumen, sent: MemoryTransport, handler: Any, provider: Stub
) -> None:
    """What failed is no event; what answered in the end is one, with its own model."""
    config: Any = {"callbacks": [handler]}
    with pytest.raises(Exception, match="boom"):
        model(provider).invoke("FAIL", config)
    model(provider, max_retries=2).invoke("RETRY the client", config)
    model(provider).with_retry(stop_after_attempt=3, wait_exponential_jitter=False).invoke(
        "RETRY the chain", config
    )
    bad = model(provider, base_url="http://127.0.0.1:9/v1")
    bad.with_fallbacks([model(provider, model="gpt-y")]).invoke("hi", config)
    assert [e["model"].removesuffix("-2026-01-01") for e in events(bear, sent)] == [
        "gpt-x", "gpt-x", "gpt-y",
    ]  # fmt: skip
    assert not handler._runs


def test_a_stream_without_usage_is_unpriced_and_said_once(
    bear: BearLumen, sent: MemoryTransport, handler: Any, provider: Stub, problems: list[Exception]
) -> None:
    """Never a call of no tokens that costs nothing."""
    for _ in range(2):
        list(model(provider, stream_usage=False).stream("hi", {"callbacks": [handler]}))
    assert [counts_of(event) for event in events(bear, sent)] == [{}, {}]
    assert all("stream_usage=True" in str(problem) for problem in problems)


def test_a_stream_that_is_broken_off_is_no_event_and_leaves_nothing(
    bear: BearLumen, sent: MemoryTransport, handler: Any, provider: Stub, run: Any
) -> None:
    """Closed, or cancelled."""
    config: Any = {"callbacks": [handler]}
    stream = model(provider).stream("hi", config)
    next(stream)
    stream.close()

    async def main() -> None:
        later = model(provider).astream("hi", config)
        await anext(later)
        await later.aclose()

    run(main())
    assert events(bear, sent) == []
    assert not handler._runs


def test_runs_that_never_end_are_forgotten(
    bear: BearLumen, handler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancelled `ainvoke` is called back with neither its end nor an error."""
    monkeypatch.setattr("bearlumen_langchain.handler.MAX_RUNS", 5)

    def begin() -> None:
        for _ in range(20):
            handler.on_chat_model_start({}, [[]], run_id=uuid4(), metadata={})
            handler.on_chain_start({}, {}, run_id=uuid4(), name="chain")

    contextvars.copy_context().run(begin)
    assert (len(handler._runs), len(handler._roots)) == (5, 5)


def test_an_end_without_a_beginning_is_an_event(
    bear: BearLumen, sent: MemoryTransport, handler: Any
) -> None:
    """LangChain leaves beginnings out beside other handlers; the scope is that of the end."""
    output = {"token_usage": {"prompt_tokens": 5, "completion_tokens": 2}, "model_name": "m"}
    result = LLMResult(generations=[[Generation(text="hi")]], llm_output=output)
    with bear.scope(end_user="alice"):
        handler.on_llm_end(result, run_id=uuid4())
    event = events(bear, sent)[0]
    assert (event["model"], event["user_id"], event["input_tokens"]) == ("m", "alice", 5)


def test_whom_a_call_is_for(
    bear: BearLumen, sent: MemoryTransport, handler: Any, provider: Stub
) -> None:
    """Our keys, then plain ones, then the scope, then what the framework knows."""
    metadata = {
        "user_id": "plain", "session_id": "s-1", "feature": "plain", "bearlumen_feature": "ours",
        "bearlumen_dimensions": {"plan": "pro"}, "thread_id": "t-1", "langgraph_node": "writer",
    }  # fmt: skip
    ask: Any = model(provider).invoke
    chain = RunnableLambda(ask).with_config(run_name="flow")
    with bear.scope(end_user="scope", agent="scope"):
        chain.invoke("hi", {"callbacks": [handler], "metadata": metadata})
    chain.invoke("hi", {"callbacks": [handler], "metadata": {"thread_id": "t-1"}})
    with bear.scope(end_user="scope"):
        prefixed = BearLumenCallbackHandler(bear, plain_metadata=False)
        model(provider).invoke("hi", {"callbacks": [prefixed], "metadata": {"user_id": "plain"}})
    assert [labels(event) for event in events(bear, sent)] == [
        {
            "end_user": "plain", "session_id": "s-1", "feature": "ours", "agent": "scope",
            "workflow": "flow", "dimensions": {"langgraph_node": "writer", "plan": "pro"},
        },
        {"session_id": "t-1", "workflow": "flow"},
        {"end_user": "scope"},
    ]  # fmt: skip


def test_the_whole_process_is_instrumented_once(
    bear: BearLumen, sent: MemoryTransport, handler: Any, provider: Stub
) -> None:
    """In threads too; a run with a handler of its own is still one event; and no more after."""
    llm = model(provider)
    instrument(bear)
    instrument(bear)
    try:
        thread = threading.Thread(target=llm.invoke, args=("hi",))
        thread.start()
        thread.join()
        llm.invoke("hi", {"callbacks": [handler]})
        llm.invoke("hi", {"callbacks": [handler, handler]})
    finally:
        uninstrument()
    llm.invoke("hi")
    found = events(bear, sent)
    assert len({event["sdk_event_id"] for event in found}) == 3


def test_a_wrapped_client_below_is_one_event_with_what_the_run_says(
    bear: BearLumen, sent: MemoryTransport, handler: Any, provider: Stub, run: Any
) -> None:
    """The layer below knows the whole answer, the one above whom it is for.

    A call between two chunks of a stream is another.
    """
    llm = model(provider)
    client = bear.wrap(llm.root_client)
    llm.client = client.chat.completions
    llm.async_client = bear.wrap(llm.root_async_client).chat.completions
    config: Any = {"callbacks": [handler], "metadata": {"user_id": "alice"}}

    async def main() -> None:
        await llm.ainvoke("hi", config)
        assert [chunk async for chunk in llm.astream("hi", config)]

    llm.invoke("hi", config)
    for index, _ in enumerate(llm.stream("hi", config)):
        if index == 1:
            client.chat.completions.create(model="gpt-x", messages=[])
    run(main())
    client.chat.completions.create(model="gpt-x", messages=[])
    found = events(bear, sent)
    assert len(found) == len(provider.seen) == 6
    assert all(counts_of(event) == COUNTS for event in found)
    assert [event.get("user_id") for event in found].count("alice") == 4


def test_a_call_beside_a_stream_of_an_unwrapped_model_is_another(
    bear: BearLumen, sent: MemoryTransport, handler: Any, provider: Stub
) -> None:
    """A wrapped client of the caller's own, used between two chunks."""
    client: Any = bear.wrap(model(provider).root_client)
    for index, _ in enumerate(model(provider).stream("hi", {"callbacks": [handler]})):
        if index == 1:
            client.chat.completions.create(model="gpt-x", messages=[])
    assert len(events(bear, sent)) == len(provider.seen) == 2


def test_embeddings_are_tracked_by_the_client_below(
    bear: BearLumen, sent: MemoryTransport, provider: Stub, run: Any
) -> None:
    """LangChain calls nobody back for them, and keeps the vectors alone."""
    given = OpenAIEmbeddings(
        model="emb-x", base_url=f"{provider.url}/v1", api_key=KEY, check_embedding_ctx_length=False
    )
    embeddings = track_embeddings(bear, given)
    with bear.scope(end_user="alice"):
        assert embeddings.embed_query("hi") == given.embed_query("hi")
        run(embeddings.aembed_documents(["hi"]))
    found = events(bear, sent)
    assert [(e["user_id"], e["model"], e["input_tokens"]) for e in found] == [
        ("alice", "emb-x", 7)
    ] * 2
    with pytest.raises(TypeError, match="no client"):
        track_embeddings(bear, object())  # type: ignore[type-var]


def test_a_hundred_users_at_once_never_cross(
    bear: BearLumen, sent: MemoryTransport, handler: Any, provider: Stub, run: Any
) -> None:
    """By scope and by metadata, in tasks and in threads; none is lost."""
    llm = model(provider)

    async def ask(number: int) -> None:
        with bear.scope(end_user=f"scope-{number}", feature=f"scope-{number}"):
            await llm.ainvoke("hi", {"callbacks": [handler]})
        metadata = {"user_id": f"said-{number}", "feature": f"said-{number}"}
        async for _ in llm.astream("hi", {"callbacks": [handler], "metadata": metadata}):
            pass

    async def main() -> None:
        await asyncio.gather(*(ask(number) for number in range(50)))

    def in_thread(number: int) -> None:
        with bear.scope(end_user=f"thread-{number}", feature=f"thread-{number}"):
            llm.batch(["a", "b"], {"callbacks": [handler]})

    run(main())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(in_thread, range(25)))
    found = events(bear, sent)
    assert len(found) == 150 == len({event["sdk_event_id"] for event in found})
    assert all(event["user_id"] == event["metadata"]["feature"] for event in found)


def test_the_callers_context_is_as_before(handler: Any, provider: Stub, run: Any) -> None:
    """Nothing of ours is left in it."""
    before = dict(contextvars.copy_context().items())
    llm = model(provider)
    llm.invoke("hi", {"callbacks": [handler]})
    list(llm.stream("hi", {"callbacks": [handler]}))
    for variable, value in contextvars.copy_context().items():
        if variable.name.startswith("bearlumen"):
            assert before.get(variable) is value


def test_a_broken_transport_breaks_no_chain(provider: Stub, openai: OpenAI) -> None:
    """Nor does a fault of ours."""

    class Broken(MemoryTransport):
        def send(self, *_: Any, **__: Any) -> Any:
            raise RuntimeError("broken")

    broken = BearLumen(
        api_key="k", transport=Broken(), shutdown_timeout=0.1, on_error=lambda _: None
    )
    handler = BearLumenCallbackHandler(broken)
    handler._client = None  # type: ignore[assignment]
    answer = model(provider).invoke("hi", {"callbacks": [handler]})
    assert answer.content == "hello"
    broken.shutdown(0.1)
