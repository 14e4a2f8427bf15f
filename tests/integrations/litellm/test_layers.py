"""One call is one event, whoever else sees it; and it is for the right one."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import litellm as typed
import pytest
from integrations.litellm.test_calls import (
    CHAT,
    USAGE,
    events,
    installed,
    pytestmark,
    read,
    router,
    streamed,
)
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy.types_utils.utils import (  # pyright: ignore[reportMissingTypeStubs]
    get_instance_fn,
)
from openai import AsyncOpenAI, OpenAI
from opentelemetry.sdk.trace import TracerProvider

from bearlumen import BearLumen, MemoryTransport
from bearlumen_langchain import BearLumenCallbackHandler
from bearlumen_litellm import BearLumenLogger, instrument, uninstrument
from bearlumen_otel import BearLumenSpanProcessor
from bearlumen_server import local_server
from support.openai_server import COUNTS, counts_of
from support.stub import Stub

litellm: Any = typed  # what a call returns depends on its options
__all__ = ["pytestmark"]


class ChatLiteLLM(BaseChatModel):
    """A chat model of LangChain's that asks LiteLLM, as that of langchain-litellm does."""

    to: dict[str, Any]

    @property
    def _llm_type(self) -> str:
        return "litellm"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._result(litellm.completion(**CHAT, **self.to))

    async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
        return self._result(await litellm.acompletion(**CHAT, **self.to))

    @staticmethod
    def _result(answer: Any) -> ChatResult:
        used: Any = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
        message = AIMessage(
            content="hi", usage_metadata=used, response_metadata={"model_name": answer.model}
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


@pytest.mark.parametrize("is_async", [False, True])
def test_with_langchain_it_is_one_event(
    is_async: bool,
    bear: BearLumen,
    sent: MemoryTransport,
    to: dict[str, Any],
    run: Any,
) -> None:
    """LiteLLM's numbers, LangChain's labels."""
    model = ChatLiteLLM(to=to)
    config: Any = {
        "callbacks": [BearLumenCallbackHandler(bear)],
        "metadata": {"user_id": "alice", "feature": "f"},
    }
    for _ in range(3):
        if is_async:
            run(model.ainvoke("hi", config))
        else:
            model.invoke("hi", config)
    found = events(bear, sent)
    assert [counts_of(event) for event in found] == [COUNTS] * 3
    assert {(e["user_id"], e["metadata"]["feature"]) for e in found} == {("alice", "f")}


def clients(bear: BearLumen, to: dict[str, Any]) -> tuple[Any, Any]:
    """Wrapped ones, sync and async."""
    url: Any = {"base_url": to["api_base"], "api_key": "k"}
    return bear.wrap(OpenAI(**url)), bear.wrap(AsyncOpenAI(**url))


def test_with_a_wrapped_client_it_is_one_event(
    bear: BearLumen, sent: MemoryTransport, to: dict[str, Any], run: Any, provider: Stub
) -> None:
    """Each kind of call, with the labels that LiteLLM was told."""
    client, async_client = clients(bear, to)
    sync: Any = {"client": client, "metadata": {"user_id": "alice"}}
    litellm.completion(**CHAT, **sync)
    list(litellm.completion(**CHAT, **USAGE, **sync))
    litellm.embedding("openai/e", ["hi"], **sync)

    async def main() -> None:
        more: Any = sync | {"client": async_client}
        await litellm.acompletion(**CHAT, **more)
        await streamed(**CHAT, **USAGE, **more)
        await litellm.aembedding("openai/e", ["hi"], **more)

    run(main())
    found = events(bear, sent)
    assert len(found) == len(provider.seen) == 6
    assert {event["user_id"] for event in found} == {"alice"}


@pytest.mark.parametrize("is_async", [False, True])
def test_a_wrapped_client_beside_it_is_an_event_of_its_own(
    is_async: bool,
    bear: BearLumen,
    sent: MemoryTransport,
    to: dict[str, Any],
    run: Any,
) -> None:
    """Also between two items of a stream, and right after a call."""
    client, _ = clients(bear, to)

    def ask() -> None:
        client.chat.completions.create(model="m", messages=[])

    async def main() -> None:
        await litellm.acompletion(**CHAT, **to)
        ask()
        async for _ in await litellm.acompletion(**CHAT, **USAGE, **to):
            ask()

    if is_async:
        run(main())
    else:
        litellm.completion(**CHAT, **to)
        ask()
        for _ in litellm.completion(**CHAT, **USAGE, **to):
            ask()
    found = events(bear, sent)
    assert all(counts_of(event) == COUNTS for event in found)
    models = [event["model"] for event in found]
    assert models.count("gpt-x-2026-01-01") == 2
    assert models.count("m-2026-01-01") == len(models) - 2 >= 4


def test_with_a_span_around_it_is_one_event(
    bear: BearLumen, sent: MemoryTransport, to: dict[str, Any], run: Any
) -> None:
    """Of a framework that makes spans, such as Pydantic AI."""
    tracers = TracerProvider()
    tracers.add_span_processor(BearLumenSpanProcessor(bear))
    about: Any = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 1}

    async def main() -> None:
        with tracers.get_tracer("t").start_as_current_span("chat", attributes=about):
            await litellm.acompletion(**CHAT, **to)

    with tracers.get_tracer("t").start_as_current_span("chat", attributes=about):
        litellm.completion(**CHAT, **to)
    run(main())
    assert [counts_of(event) for event in events(bear, sent)] == [COUNTS] * 2


def test_whom_a_call_is_for(bear: BearLumen, sent: MemoryTransport, to: dict[str, Any]) -> None:
    """Metadata, then the scope, then the `user` of the call."""
    metadata = {"bearlumen_end_user": "m", "session_id": "s", "bearlumen_agent": "a"}
    with bear.scope(end_user="scope", feature="scope"):
        litellm.completion(**CHAT, user="u", metadata=metadata, **to)
        litellm.completion(**CHAT, user="u", **to)
    litellm.completion(**CHAT, user="u", **to)
    proxied = {"user_api_key_end_user_id": "p", "user_api_key_alias": "x"}
    litellm.completion(**CHAT, user="u", metadata=proxied, **to)
    found = sorted(events(bear, sent), key=lambda event: event["event_invoked_at"])
    assert [event["user_id"] for event in found] == ["m", "scope", "u", "p"]
    first = found[0]["metadata"]
    assert (first["session_id"], first["agent"], first["feature"]) == ("s", "a", "scope")


def test_what_the_user_set_stays(
    bear: BearLumen, sent: MemoryTransport, to: dict[str, Any]
) -> None:
    """Installed twice it is there once, and gone when it is removed."""
    other = CustomLogger()
    litellm.callbacks.append(other)
    try:
        instrument(bear)
        instrument(bear)
        assert [type(known) for known in litellm.callbacks].count(BearLumenLogger) == 1
        litellm.completion(**CHAT, **to)
        assert len(events(bear, sent)) == 1
        uninstrument()
        uninstrument()
        litellm.completion(**CHAT, **to)
        assert len(events(bear, sent)) == 1
        assert other in litellm.callbacks
        lists: list[list[Any]] = [
            litellm.callbacks, litellm.input_callback, litellm.success_callback,
            litellm.failure_callback, litellm._async_success_callback,
        ]  # fmt: skip
        assert not any(isinstance(c, BearLumenLogger) for known in lists for c in known)
    finally:
        litellm.logging_callback_manager.remove_callback_from_all_lists(other)


def test_two_clients_record_each_for_itself(
    bear: BearLumen, sent: MemoryTransport, to: dict[str, Any]
) -> None:
    """And one that is handed in beside `instrument` is the same as that, not a second."""
    elsewhere = MemoryTransport()
    with BearLumen(api_key="k", transport=elsewhere) as second:
        added = [BearLumenLogger(second), BearLumenLogger(bear)]
        litellm.callbacks.extend(added)
        try:
            litellm.completion(**CHAT, **to)
            assert len(events(bear, sent)) == 1
            assert second.flush()
            assert [counts_of(event) for event in elsewhere.events] == [COUNTS]
        finally:
            for logger in added:
                litellm.logging_callback_manager.remove_callback_from_all_lists(logger)


def test_a_shape_of_the_future_is_swallowed(bear: BearLumen, problems: list[Exception]) -> None:
    """Whatever LiteLLM hands us, nothing comes out of the callback."""
    logger: Any = installed()
    for odd in (None, 7, {}, {"call_type": "completion", "litellm_params": 3}):
        logger.log_pre_api_call("m", [], odd)
        logger.log_post_api_call(odd, None, None, None)
        logger.log_success_event(odd, object(), None, None)
        logger.log_failure_event(odd, None, None, None)
        asyncio.run(logger.async_log_success_event(odd, None, None, None))
        assert asyncio.run(logger.async_pre_call_deployment_hook(odd, None)) is None
    assert problems


def test_a_hundred_at_once_never_cross(to: dict[str, Any], run: Any) -> None:
    """Calls and streams of a router, each for another; the ledger has all that was answered."""
    with local_server() as server, BearLumen(api_key=server.api_key, base_url=server.url) as bear:
        instrument(bear)
        routing = router(to)
        call: Any = CHAT | {"model": "good"}

        async def ask(number: int) -> None:
            with bear.scope(end_user=f"user-{number}", feature=f"user-{number}"):
                if number % 2:
                    await routing.acompletion(**call)
                    stream = None
                else:
                    stream = await routing.acompletion(**call, **USAGE)
            if stream is not None:
                await read(stream)  # out of its scope

        async def main() -> None:
            await asyncio.gather(*(ask(number) for number in range(100)))
            await asyncio.sleep(0.3)

        run(main())
        assert bear.flush()
        logger = installed()
        assert not logger._calls
        today = datetime.now(UTC).date()
        found = list(bear.usage.events(start_date=today, end_date=today))
        assert len(found) == 100
        assert all(event.end_user_id == event.feature for event in found)
        assert len({event.end_user_id for event in found}) == 100
        assert sum(event.input_tokens or 0 for event in found) == 100 * COUNTS["input_tokens"]
        assert sum(event.output_tokens or 0 for event in found) == 100 * COUNTS["output_tokens"]


PROXY = """
import os
from bearlumen import BearLumen, MemoryTransport
from bearlumen_litellm import BearLumenLogger
transport = MemoryTransport()
handler = BearLumenLogger(BearLumen(api_key="k", transport=transport))
"""


def test_the_proxy_finds_a_handler_beside_its_configuration(tmp_path: Path) -> None:
    """As docs/litellm.md says to write it."""
    (tmp_path / "bear_callbacks.py").write_text(PROXY)
    config = str(tmp_path / "config.yaml")
    handler: Any = get_instance_fn("bear_callbacks.handler", config_file_path=config)
    assert isinstance(handler, BearLumenLogger)
    handler._client.shutdown()
