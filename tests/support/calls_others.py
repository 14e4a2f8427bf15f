"""How a user asks the other SDKs, each of which has ways of its own."""

import asyncio
import contextlib
import importlib
import inspect
import warnings
from collections.abc import Callable, Generator, Iterator
from typing import Any, Final

from .asking import MESSAGES, QUESTION, Call, streamed
from .clients import sdk
from .recordings import Recording


def _mistral(
    resource: Callable[[Any], Any], method: str, streaming: str = "", **options: Any
) -> tuple[Call, Call]:
    """The call, and its async twin, which has a name of its own here."""

    def named(suffix: str) -> Call:
        def call(client: Any, recording: Recording) -> Any:
            name = streaming if recording.streaming else method
            found = getattr(resource(client), name + suffix)
            return found(model=recording.request_model, **options)

        return call

    return named(""), named("_async")


_PDF = {"type": "document_url", "document_url": "https://replay.invalid/bears.pdf"}
_MISTRAL = {
    "chat": _mistral(lambda c: c.chat, "complete", "stream", messages=MESSAGES),
    "embeddings": _mistral(lambda c: c.embeddings, "create", inputs=[QUESTION]),
    "conversations": _mistral(
        lambda c: c.beta.conversations, "start", "start_stream", inputs=QUESTION
    ),
    "ocr": _mistral(lambda c: c.ocr, "process", document=_PDF),
    "transcription": _mistral(
        lambda c: c.audio.transcriptions, "complete", file_url="https://replay.invalid/bears.wav"
    ),
}


def _ollama_chat(client: Any, recording: Recording) -> Any:
    return client.chat(model=recording.request_model, messages=MESSAGES, stream=recording.streaming)


def _ollama_generate(client: Any, recording: Recording) -> Any:
    return client.generate(
        model=recording.request_model, prompt=QUESTION, stream=recording.streaming
    )


def _ollama_embed(client: Any, recording: Recording) -> Any:
    return client.embed(model=recording.request_model, input=QUESTION)


def _ollama_embeddings(client: Any, recording: Recording) -> Any:
    return client.embeddings(model=recording.request_model, prompt=QUESTION)


def _cohere_chat(client: Any, recording: Recording) -> Any:
    chat = client.chat_stream if recording.streaming else client.chat
    return chat(model=recording.request_model, messages=MESSAGES)


def _cohere_v1_chat(client: Any, recording: Recording) -> Any:
    chat = client.chat_stream if recording.streaming else client.chat
    return chat(model=recording.request_model, message=QUESTION)


def _cohere_embed(client: Any, recording: Recording) -> Any:
    return client.embed(
        model=recording.request_model,
        texts=[QUESTION],
        input_type="search_document",
        embedding_types=["float"],
    )


def _cohere_rerank(client: Any, recording: Recording) -> Any:
    return client.rerank(model=recording.request_model, query=QUESTION, documents=["honey"])


def _ai21_chat(client: Any, recording: Recording) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of httpx, at how it is called
        return client.chat.completions.create(
            model=recording.request_model, messages=[_ai21_message()], **streamed(recording)
        )


async def _ai21_chat_async(client: Any, recording: Recording) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return await client.chat.completions.create(
            model=recording.request_model, messages=[_ai21_message()], **streamed(recording)
        )


def _ai21_message() -> Any:
    return importlib.import_module("ai21.models.chat").UserMessage(content=QUESTION)


def _huggingface_chat(client: Any, recording: Recording) -> Any:
    return client.chat_completion(MESSAGES, stream=recording.streaming)


def _openrouter_chat(client: Any, recording: Recording) -> Any:
    return client.chat.send(
        model=recording.request_model, messages=MESSAGES, stream=recording.streaming
    )


async def _openrouter_chat_async(client: Any, recording: Recording) -> Any:
    return await client.chat.send_async(
        model=recording.request_model, messages=MESSAGES, stream=recording.streaming
    )


@contextlib.contextmanager
def _loop() -> Generator[None]:
    """LiteLLM takes the thread's event loop, even if nothing is async, and closes none it makes."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


@_loop()
def _litellm_chat(client: Any, recording: Recording) -> Any:
    options: dict[str, Any] = streamed(recording)
    if options:
        options["stream_options"] = {"include_usage": True}
    return client.litellm.completion(
        model=recording.request_model,
        messages=MESSAGES,
        client=client.openai,
        **options,
    )


@_loop()
def _litellm_completions(client: Any, recording: Recording) -> Any:
    return client.litellm.text_completion(
        model=recording.request_model, prompt=QUESTION, client=client.openai
    )


@_loop()
def _litellm_embeddings(client: Any, recording: Recording) -> Any:
    return client.litellm.embedding(
        model=recording.request_model, input=[QUESTION], client=client.openai
    )


@_loop()
def _litellm_responses(client: Any, recording: Recording) -> Any:
    return client.litellm.responses(
        model=recording.request_model,
        input=QUESTION,
        api_key="replayed",
        api_base="https://replay.invalid",
        client=client.http,
    )


def _xai_chat(client: Any, recording: Recording) -> Any:
    chat = client.chat.create(
        model=recording.request_model, messages=[sdk("xai-sdk").chat.user(QUESTION)]
    )
    is_async = inspect.iscoroutinefunction(type(chat).sample)
    chat._stub = _AsyncStub(recording) if is_async else _Stub(recording)
    return chat.stream() if recording.streaming else chat.sample()


class _Stub:
    """xAI's generated gRPC stub, as far as it is called: messages made of the JSON."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._types = importlib.import_module("xai_sdk.proto").chat_pb2
        self._parse = importlib.import_module("google.protobuf.json_format").ParseDict

    def GetCompletion(self, *_: object, **__: object) -> Any:  # noqa: N802  # gRPC's name
        return self._parse(self._recording.response, self._types.GetChatCompletionResponse())

    def GetCompletionChunk(self, *_: object, **__: object) -> Iterator[Any]:  # noqa: N802
        for event in self._recording.events:
            yield self._parse(event.data, self._types.GetChatCompletionChunk())


class _AsyncStub:
    """The same for the async client."""

    def __init__(self, recording: Recording) -> None:
        self._stub = _Stub(recording)

    async def GetCompletion(self, *_: object, **__: object) -> Any:  # noqa: N802
        return self._stub.GetCompletion()

    async def GetCompletionChunk(self, *_: object, **__: object) -> Any:  # noqa: N802
        for chunk in self._stub.GetCompletionChunk():
            yield chunk


CALLS: Final[dict[str, Call]] = {
    "ai21/chat": _ai21_chat,
    "cohere-v1/chat": _cohere_v1_chat,
    "cohere/chat": _cohere_chat,
    "cohere/embed": _cohere_embed,
    "cohere/rerank": _cohere_rerank,
    "huggingface_hub/chat": _huggingface_chat,
    "litellm/chat": _litellm_chat,
    "litellm/completions": _litellm_completions,
    "litellm/embeddings": _litellm_embeddings,
    "litellm/responses": _litellm_responses,
    "ollama/chat": _ollama_chat,
    "ollama/embed": _ollama_embed,
    "ollama/embeddings": _ollama_embeddings,
    "ollama/generate": _ollama_generate,
    "openrouter/chat": _openrouter_chat,
    "xai-sdk/chat": _xai_chat,
    **{f"mistralai/{surface}": calls[0] for surface, calls in _MISTRAL.items()},
}
ASYNC_CALLS: Final[dict[str, Call]] = {
    # The SDKs whose async methods have names of their own, or warn while they are awaited.
    "ai21/chat": _ai21_chat_async,
    "openrouter/chat": _openrouter_chat_async,
    **{f"mistralai/{surface}": calls[1] for surface, calls in _MISTRAL.items()},
}
