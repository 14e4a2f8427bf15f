"""The event handler: it reads and queues, and does nothing else."""

from __future__ import annotations

import threading
from collections import OrderedDict
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from llama_index_instrumentation.event_handlers import BaseEventHandler
from pydantic import PrivateAttr

from bearlumen import BearLumenError
from bearlumen.integration import (
    Announced,
    CallUsage,
    announce,
    frame,
    guard_of,
    labels_in,
    record,
    track,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from llama_index_instrumentation.base import BaseEvent

    from bearlumen import AsyncBearLumen, BearLumen

MAX_CALLS: Final = 10_000
"""Calls that are remembered at once. A stream that nobody reads never ends."""
PROVIDERS: Final = (
    "azure", "openai", "anthropic", "bedrock", "gemini", "google", "vertex", "mistral", "ollama",
    "cohere", "groq", "together", "deepseek", "huggingface",
)  # fmt: skip
"""Of embeddings, as they are found in the names of LlamaIndex's classes."""
_OTHERWISE: Final = {"google": "gemini", "vertex": "gemini"}


class _Call:
    """A call that has begun."""

    __slots__ = ("announced", "began", "is_stream", "model", "provider")

    def __init__(self, announced: Announced, about: dict[str, Any]) -> None:
        self.announced = announced
        self.began = perf_counter()
        self.is_stream = False
        self.model: str | None = about.get("model") or about.get("model_name")
        self.provider = _provider(str(about.get("class_name", "")))


class BearLumenEventHandler(BaseEventHandler):
    """Records every call of a model as one usage event.

    `bearlumen_llamaindex.instrument(bear)` puts one in place. Whom and what a call is for is what
    holds where it begins: tags of `instrument_tags` with our prefix (`bearlumen_end_user`,
    `bearlumen_feature`, ...), then `user_id`, `session_id` and `feature` among them, then the
    scope. No other tag is read: LlamaIndex puts prompts into some.

    Args:
        client: Which records and delivers.
        plain_tags: Whether `user_id`, `session_id` and `feature` are read without a prefix.
    """

    _client: Any = PrivateAttr()
    _plain: bool = PrivateAttr()
    _guarded: Any = PrivateAttr()
    _lock: Any = PrivateAttr(default_factory=threading.Lock)
    _calls: OrderedDict[str, _Call] = PrivateAttr(default_factory=OrderedDict[str, _Call])

    def __init__(self, client: BearLumen | AsyncBearLumen, *, plain_tags: bool = True) -> None:
        super().__init__()
        self._client = client
        self._plain = plain_tags
        self._guarded = guard_of(client)("noting what LlamaIndex did")

    @classmethod
    def class_name(cls) -> str:
        """As LlamaIndex lists it."""
        return "BearLumenEventHandler"

    def handle(self, event: BaseEvent, **_: Any) -> None:
        """Take note of an event; nothing is raised."""
        handle = _HANDLED.get(event.class_name())
        if handle is not None:
            # LlamaIndex would swallow what is raised here, and nobody would know.
            with self._guarded:
                handle(self, event)

    def _begin(self, event: Any) -> None:
        labels = labels_in(event.tags or {}, plain=self._plain)
        announced = announce(self._client, frame(self._client, labels), by=event.class_name())
        with self._lock:
            self._calls[event.span_id] = _Call(announced, event.model_dict or {})
            if len(self._calls) > MAX_CALLS:
                self._calls.popitem(last=False)

    def _go_on(self, event: Any) -> None:
        call = self._calls.get(event.span_id)
        if call is not None:
            # The call was made: what is called between two chunks is another.
            call.announced.close()
            call.is_stream = True

    def _forget(self, event: Any) -> _Call | None:
        with self._lock:
            call = self._calls.pop(event.span_id, None)
        if call is not None:
            call.announced.withdraw()
        return call

    def _end(self, event: Any) -> None:
        call = self._forget(event)
        raw: Any = event.response.raw if event.response is not None else None
        if raw is None or (call is not None and call.announced.is_taken):
            return  # from a stand-in for a model; or a layer below recorded it
        within = call.announced.frame if call else frame(self._client, {})
        # The last item of a stream has the usage of all of it.
        is_item = call is not None and call.is_stream
        track(
            self._client,
            [raw] if is_item else raw,
            within=within,
            event_id=event.span_id,
            asked_model=call.model if call else None,
            latency_ms=(perf_counter() - call.began) * 1_000 if call else None,
        )

    def _end_embedding(self, event: Any) -> None:
        call = self._forget(event)
        if call is None or call.announced.is_taken:
            return
        guard_of(self._client).report(
            BearLumenError(
                f"LlamaIndex does not say what embeddings of {call.model} used, so their cost is "
                "unknown. Wrap the provider's client that they are made with: bear.wrap(...)."
            ),
            problem=f"LlamaIndex embeddings without usage: {call.model}",
        )
        record(
            self._client,
            CallUsage(provider=call.provider, model=call.model, counts={}),
            within=call.announced.frame,
            event_id=event.span_id,
            latency_ms=(perf_counter() - call.began) * 1_000,
        )


_HANDLED: Final[dict[str, Callable[[BearLumenEventHandler, Any], object]]] = {
    "LLMChatStartEvent": BearLumenEventHandler._begin,  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    "LLMCompletionStartEvent": BearLumenEventHandler._begin,  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    "EmbeddingStartEvent": BearLumenEventHandler._begin,  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    "LLMChatInProgressEvent": BearLumenEventHandler._go_on,  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    "LLMCompletionInProgressEvent": BearLumenEventHandler._go_on,  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    "LLMChatEndEvent": BearLumenEventHandler._end,  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    "LLMCompletionEndEvent": BearLumenEventHandler._end,  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    "EmbeddingEndEvent": BearLumenEventHandler._end_embedding,  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    "SpanDropEvent": BearLumenEventHandler._forget,  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    "ExceptionEvent": BearLumenEventHandler._forget,  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
}


def _provider(name: str) -> str:
    found = next((one for one in PROVIDERS if one in name.lower()), "unknown")
    return _OTHERWISE.get(found, found)
