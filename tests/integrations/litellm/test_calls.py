"""What LiteLLM is asked to do becomes one usage event a call."""

import sys
import time
import types
from collections.abc import Callable
from concurrent.futures import wait
from typing import Any

import litellm as typed
import pytest
from litellm.caching.caching import Cache
from litellm.litellm_core_utils.thread_pool_executor import (  # pyright: ignore[reportMissingTypeStubs]
    executor,
)

from bearlumen import BearLumen, MemoryTransport
from bearlumen_litellm import BearLumenLogger
from support.openai_server import COUNTS, counts_of, played, recording
from support.stub import Reply, stub_server

litellm: Any = typed  # what a call returns depends on its options
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # Of how LiteLLM uses Pydantic, and what it does in a loop that another test closed.
    pytest.mark.filterwarnings("ignore:Item:UserWarning"),
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning"),
]
CHAT: dict[str, Any] = {"model": "openai/gpt-x", "messages": [{"role": "user", "content": "hi"}]}
USAGE: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}


def events(bear: BearLumen, sent: MemoryTransport) -> list[dict[str, Any]]:
    """What was recorded, once LiteLLM's threads are idle."""
    for _ in range(2):  # one may hand on to another
        wait([executor.submit(time.sleep, 0.02) for _ in range(executor._max_workers)])
    assert bear.flush()
    return sent.events


def asking(text: str) -> dict[str, Any]:
    """A call that says something else."""
    return CHAT | {"messages": [{"role": "user", "content": text}]}


async def read(stream: Any) -> None:
    """Read a stream to its end."""
    async for _ in stream:
        pass


SYNC: dict[str, Callable[[dict[str, Any]], Any]] = {
    "chat": lambda to: litellm.completion(**CHAT, **to),
    "stream": lambda to: list(litellm.completion(**CHAT, **USAGE, **to)),
}
ASYNC: dict[str, Callable[[dict[str, Any]], Any]] = {
    "chat": lambda to: litellm.acompletion(**CHAT, **to),
    "stream": lambda to: streamed(**CHAT, **USAGE, **to),
    "router": lambda to: router(to).acompletion(**CHAT | {"model": "good"}),
    "fallback": lambda to: router(to).acompletion(**CHAT | {"model": "bad"}),
    "retry": lambda to: router(to).acompletion(**asking("RETRY") | {"model": "good"}),
    "router stream": lambda to: routed_stream(to),  # noqa: PLW0108  # it is defined below
}


async def streamed(**call: Any) -> None:
    """Read a stream."""
    await read(await litellm.acompletion(**call))


async def routed_stream(to: dict[str, Any]) -> None:
    """Read a router's stream."""
    await read(await router(to).acompletion(**CHAT | {"model": "good"}, **USAGE))


def router(to: dict[str, Any]) -> Any:
    """Of two deployments, one of which fails."""
    models = {"good": "openai/gpt-x", "bad": "openai/FAIL"}
    deployments: Any = [
        {"model_name": name, "litellm_params": {"model": model, "max_retries": 0, **to}}
        for name, model in models.items()
    ]
    return litellm.Router(
        model_list=deployments, fallbacks=[{"bad": ["good"]}], num_retries=1, retry_after=0
    )


def check(event: dict[str, Any]) -> None:
    """It is that of the server's answer, for alice."""
    about = event["metadata"]
    assert counts_of(event) == COUNTS
    assert (event["model"], about["provider"]) == ("gpt-x-2026-01-01", "openai")
    assert (event["user_id"], about["feature"]) == ("alice", "greeting")
    assert about["latency_ms"] > 0
    assert about["response_id"] == "chatcmpl-1"


@pytest.mark.parametrize("kind", SYNC)
def test_a_sync_call_is_one_event(
    kind: str, bear: BearLumen, sent: MemoryTransport, to: dict[str, Any]
) -> None:
    """Though LiteLLM tells of it on a thread of its own, where the scope is not in force."""
    with bear.scope(end_user="alice", feature="greeting"):
        SYNC[kind](to)
    (event,) = events(bear, sent)
    check(event)


@pytest.mark.parametrize("kind", ASYNC)
def test_an_async_call_is_one_event(
    kind: str, bear: BearLumen, sent: MemoryTransport, to: dict[str, Any], run: Any
) -> None:
    """Also of a router, after a fallback or another try."""
    with bear.scope(end_user="alice", feature="greeting"):
        run(ASYNC[kind](to))
    (event,) = events(bear, sent)
    check(event)


@pytest.mark.parametrize("kind", SYNC)
def test_a_sync_call_in_a_loop_is_one_event(
    kind: str, bear: BearLumen, sent: MemoryTransport, to: dict[str, Any], run: Any
) -> None:
    """LiteLLM may tell of it on the loop and on a thread."""

    async def main() -> None:
        with bear.scope(end_user="alice", feature="greeting"):
            SYNC[kind](to)

    run(main())
    (event,) = events(bear, sent)
    check(event)


@pytest.mark.parametrize("is_async", [False, True])
def test_a_stream_that_tells_no_usage_is_unpriced(
    is_async: bool,
    bear: BearLumen,
    sent: MemoryTransport,
    to: dict[str, Any],
    run: Any,
    problems: list[Exception],
) -> None:
    """LiteLLM counts words itself then, which nobody bills; logged once, with what to do."""
    for _ in range(2):
        if is_async:
            run(streamed(**CHAT, stream=True, **to))
        else:
            list(litellm.completion(**CHAT, stream=True, **to))
    assert [counts_of(event) for event in events(bear, sent)] == [{}, {}]
    assert installed()._guard.counts() == {"LiteLLM call without usage: gpt-x-2026-01-01": 2}
    assert 'stream_options={"include_usage": True}' in str(problems[0])


def image(seen: Any) -> Reply:
    """An image, or a recording in words, as OpenAI answers."""
    if "images" in seen.path:
        told = {
            "input_tokens": 15, "output_tokens": 272, "total_tokens": 287,
            "input_tokens_details": {"text_tokens": 11, "image_tokens": 4},
        }  # fmt: skip
        return Reply(body={"created": 1, "data": [{"b64_json": "aGk="}], "usage": told})
    told = {
        "type": "tokens", "input_tokens": 14, "output_tokens": 45, "total_tokens": 59,
        "input_token_details": {"text_tokens": 0, "audio_tokens": 14},
    }  # fmt: skip
    return Reply(body={"text": "hi", "usage": told})


@pytest.mark.parametrize("is_async", [False, True])
def test_other_calls_are_one_event_each(
    is_async: bool,
    bear: BearLumen,
    sent: MemoryTransport,
    to: dict[str, Any],
    run: Any,
) -> None:
    """Embeddings, and completions of text, by a model for it or by one for chats."""
    text: dict[str, Any] = {"prompt": "hi", **to}
    if is_async:
        run(litellm.aembedding("openai/e", ["hi"], **to))
        run(litellm.atext_completion(model="text-completion-openai/t", **text))
        run(litellm.atext_completion(model="groq/t", **text))
    else:
        litellm.embedding("openai/e", ["hi"], **to)
        litellm.text_completion(model="text-completion-openai/t", **text)
        litellm.text_completion(model="groq/t", **text)
    found = events(bear, sent)
    told = [(event["metadata"]["provider"], event["input_tokens"]) for event in found]
    assert sorted(told) == [("groq", 120), ("openai", 7), ("openai", 12)]


@pytest.mark.parametrize("is_async", [False, True])
def test_images_and_transcriptions_are_counted(
    is_async: bool,
    bear: BearLumen,
    sent: MemoryTransport,
    run: Any,
) -> None:
    """Those that tell their tokens."""
    with stub_server(image) as server:
        to: dict[str, Any] = {"api_base": f"{server.url}/v1", "api_key": "k"}
        if is_async:
            run(litellm.aimage_generation(model="openai/gpt-image-1", prompt="a bear", **to))
            run(litellm.atranscription("openai/gpt-4o-transcribe", ("a.mp3", b"x"), **to))
        else:
            litellm.image_generation("a bear", "openai/gpt-image-1", **to)
            litellm.transcription("openai/gpt-4o-transcribe", ("a.mp3", b"x"), **to)
        found = [counts_of(event) for event in events(bear, sent)]
    assert found == [
        {"input_tokens": 15, "output_tokens": 272, "image_input_tokens": 4},
        {"input_tokens": 14, "output_tokens": 45, "audio_input_tokens": 14},
    ]


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("openai/responses-plain", "openai/gpt-x"),
        ("openai/responses-stream", "openai/gpt-x"),
        ("anthropic/messages-cache-write-split", "anthropic/claude-x"),
    ],
)
def test_a_responses_call_is_one_event(
    name: str,
    model: str,
    is_async: bool,
    bear: BearLumen,
    sent: MemoryTransport,
    run: Any,
) -> None:
    """Also where LiteLLM makes a chat of it."""
    recorded = recording(name)
    with stub_server(lambda _: played(recorded)) as server:
        base = server.url if "anthropic" in name else f"{server.url}/v1"
        call: dict[str, Any] = {"model": model, "input": "hi", "api_base": base, "api_key": "k"}
        call["stream"] = "stream" in name
        if is_async:
            run(responded(call))
        else:
            answer: Any = litellm.responses(**call)
            assert not call["stream"] or list(answer)
        (event,) = events(bear, sent)
    assert counts_of(event) == {n: c for n, c in recorded.counts.items() if c}


async def responded(call: dict[str, Any]) -> None:
    """A call of the responses API, read to its end."""
    answer: Any = await litellm.aresponses(**call)
    if call["stream"]:
        await read(answer)


def test_a_message_in_anthropics_shape_is_one_event(
    bear: BearLumen, sent: MemoryTransport, run: Any, to: dict[str, Any]
) -> None:
    """Answered by Anthropic, or by a model that LiteLLM makes a chat for."""
    recorded = recording("anthropic/messages-cache-write-split")
    said: dict[str, Any] = {"messages": CHAT["messages"], "max_tokens": 9}
    with stub_server(lambda _: played(recorded)) as server:
        run(
            litellm.anthropic_messages(
                model="anthropic/claude-x", api_base=server.url, api_key="k", **said
            )
        )
        run(litellm.anthropic_messages(model="groq/gpt-x", **said, **to))
        direct, bridged = events(bear, sent)
    assert counts_of(direct) == {n: c for n, c in recorded.counts.items() if c}
    assert counts_of(bridged)["input_tokens"] == 120


@pytest.mark.parametrize("is_async", [False, True])
def test_an_answer_from_the_cache_is_no_event(
    is_async: bool,
    bear: BearLumen,
    sent: MemoryTransport,
    to: dict[str, Any],
    run: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whole or streamed: what it says it used is that of the call that filled it."""
    monkeypatch.setitem(sys.modules, "soundfile", types.ModuleType("soundfile"))
    monkeypatch.setattr(litellm, "cache", Cache(type="local"))  # pyright: ignore[reportArgumentType]
    for _ in range(3):
        if is_async:
            run(litellm.acompletion(**CHAT, caching=True, **to))
            run(streamed(**CHAT, **USAGE, caching=True, **to))
        else:
            litellm.completion(**CHAT, caching=True, **to)
            list(litellm.completion(**CHAT, **USAGE, caching=True, **to))
    assert [counts_of(event) for event in events(bear, sent)] == [COUNTS] * 2


def test_a_failed_call_is_no_event(
    bear: BearLumen, sent: MemoryTransport, to: dict[str, Any], run: Any
) -> None:
    """And the error is LiteLLM's; nothing is remembered of it."""
    with pytest.raises(litellm.InternalServerError):
        litellm.completion(**asking("FAIL"), max_retries=0, **to)
    with pytest.raises(litellm.InternalServerError):
        run(litellm.acompletion(**asking("FAIL"), max_retries=0, **to))
    assert events(bear, sent) == []
    assert not installed()._calls


def installed() -> BearLumenLogger:
    """What `instrument` added."""
    return next(known for known in litellm.callbacks if isinstance(known, BearLumenLogger))
