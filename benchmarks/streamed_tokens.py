"""What the LangChain handler adds to each streamed token, beside one that does nothing.

uv run python benchmarks/streamed_tokens.py

A model of LangChain's own kind streams tokens out of memory, without a handler, with one that does
nothing and with ours by turns; what a handler costs is the difference of the medians. What a call
costs once is spread over its tokens.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import TYPE_CHECKING, Any, Final

from langchain_core.callbacks.base import BaseCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from bearlumen import BearLumen, MemoryTransport
from bearlumen_langchain import BearLumenCallbackHandler

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun

ROUNDS: Final = 40
TOKENS: Final = 500
TARGET_MICROSECONDS: Final = 5
USAGE: Final[Any] = {"input_tokens": 100, "output_tokens": TOKENS, "total_tokens": 100 + TOKENS}


class Streaming(BaseChatModel):
    """A model that streams at once what a provider would in seconds."""

    @property
    def _llm_type(self) -> str:
        return "streaming"

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        raise NotImplementedError

    def _stream(
        self, *_: Any, run_manager: CallbackManagerForLLMRun | None = None, **__: Any
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in _chunks():
            if run_manager:
                run_manager.on_llm_new_token("word ", chunk=chunk)
            yield chunk

    async def _astream(
        self, *_: Any, run_manager: AsyncCallbackManagerForLLMRun | None = None, **__: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in _chunks():
            if run_manager:
                await run_manager.on_llm_new_token("word ", chunk=chunk)
            yield chunk


class Idle(BaseCallbackHandler):
    """A handler that does nothing, inline as ours is."""

    run_inline = True


def _chunks() -> Iterator[ChatGenerationChunk]:
    for _ in range(TOKENS):
        yield ChatGenerationChunk(message=AIMessageChunk(content="word "))
    told = {"model_name": "gpt-4o-2024-08-06"}
    last = AIMessageChunk(content="", usage_metadata=USAGE, response_metadata=told)
    yield ChatGenerationChunk(message=last)


def stream(handlers: list[BaseCallbackHandler]) -> None:
    """Read one streamed answer."""
    for _ in Streaming().stream("hi", config={"callbacks": handlers}):
        pass


def astream(handlers: list[BaseCallbackHandler]) -> None:
    """The same on an event loop."""

    async def read() -> None:
        async for _ in Streaming().astream("hi", config={"callbacks": handlers}):
            pass

    asyncio.run(read())


def measure(read: Callable[[list[BaseCallbackHandler]], None]) -> dict[str, float]:
    """Return the microseconds a token takes with each handler, the median of the rounds."""
    with BearLumen(api_key="k", transport=MemoryTransport()) as bear:
        subjects: dict[str, list[BaseCallbackHandler]] = {
            "none": [],
            "idle": [Idle()],
            "ours": [BearLumenCallbackHandler(bear)],
        }
        seen: dict[str, list[float]] = {name: [] for name in subjects}
        for number in range(ROUNDS + 2):
            for name, handlers in subjects.items():
                begun = time.perf_counter()
                read(handlers)
                if number >= 2:
                    seen[name].append((time.perf_counter() - begun) / TOKENS * 1e6)
    return {name: statistics.median(times) for name, times in seen.items()}


def main() -> None:
    """Print the table."""
    print(f"| a token of {TOKENS} | without | idle handler | ours | over the idle one | target |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, read in (("stream", stream), ("astream", astream)):
        found = measure(read)
        over = found["ours"] - found["idle"]
        print(
            f"| {name} | {found['none']:.1f} µs | {found['idle']:.1f} µs | {found['ours']:.1f} µs "
            f"| {over:+.2f} µs | {TARGET_MICROSECONDS} µs |"
        )


if __name__ == "__main__":
    main()
