"""How a user asks each SDK for the answer a recording holds."""

from collections.abc import Awaitable, Callable
from typing import Any

from .recordings import Recording

_Call = Callable[[Any, Recording], Any]

_QUESTION = "What do bears like?"
_MESSAGES = [{"role": "user", "content": _QUESTION}]


def ask(client: Any, recording: Recording) -> Any:
    """Make the call on the SDK's sync client.

    Raises:
        NotImplementedError: No call is known for the recording's SDK and surface.
    """
    return _call(recording, _CALLS)(client, recording)


async def ask_async(client: Any, recording: Recording) -> Any:
    """Make the call on the SDK's async client.

    Raises:
        NotImplementedError: No call is known for the recording's SDK and surface.
    """
    answer: Awaitable[Any] = _call(recording, _CALLS | _ASYNC_CALLS)(client, recording)
    return await answer


def _call(recording: Recording, calls: dict[tuple[str, str], _Call]) -> _Call:
    try:
        return calls[recording.sdk, recording.surface]
    except KeyError:
        raise NotImplementedError(f"no call for {recording.sdk} {recording.surface}") from None


def _openai_chat(client: Any, recording: Recording) -> Any:
    asks_for_usage = recording.streaming and "no_usage" not in recording.tags
    return client.chat.completions.create(
        model=recording.request_model,
        messages=_MESSAGES,
        stream=recording.streaming,
        **({"stream_options": {"include_usage": True}} if asks_for_usage else {}),
    )


def _openai_responses(client: Any, recording: Recording) -> Any:
    return client.responses.create(
        model=recording.request_model, input=_QUESTION, stream=recording.streaming
    )


def _anthropic_messages(client: Any, recording: Recording) -> Any:
    return client.messages.create(
        model=recording.request_model,
        messages=_MESSAGES,
        max_tokens=64,
        stream=recording.streaming,
    )


def _bedrock_converse(client: Any, recording: Recording) -> Any:
    converse = client.converse_stream if recording.streaming else client.converse
    messages = [{"role": "user", "content": [{"text": _QUESTION}]}]
    return converse(modelId=recording.request_model, messages=messages)


def _gemini(client: Any, recording: Recording) -> Any:
    models = client.models
    generate = models.generate_content_stream if recording.streaming else models.generate_content
    return generate(model=recording.request_model, contents=_QUESTION)


def _mistral_chat(client: Any, recording: Recording) -> Any:
    chat = client.chat.stream if recording.streaming else client.chat.complete
    return chat(model=recording.request_model, messages=_MESSAGES)


def _mistral_chat_async(client: Any, recording: Recording) -> Any:
    chat = client.chat.stream_async if recording.streaming else client.chat.complete_async
    return chat(model=recording.request_model, messages=_MESSAGES)


def _ollama_chat(client: Any, recording: Recording) -> Any:
    return client.chat(
        model=recording.request_model, messages=_MESSAGES, stream=recording.streaming
    )


def _ollama_generate(client: Any, recording: Recording) -> Any:
    return client.generate(
        model=recording.request_model, prompt=_QUESTION, stream=recording.streaming
    )


_CALLS: dict[tuple[str, str], _Call] = {
    ("anthropic", "messages"): _anthropic_messages,
    ("boto3", "converse"): _bedrock_converse,
    ("google-genai", "generate_content"): _gemini,
    ("mistralai", "chat"): _mistral_chat,
    ("ollama", "chat"): _ollama_chat,
    ("ollama", "generate"): _ollama_generate,
    ("openai", "chat"): _openai_chat,
    ("openai", "responses"): _openai_responses,
}
_ASYNC_CALLS: dict[tuple[str, str], _Call] = {
    # The one SDK whose async methods have names of their own.
    ("mistralai", "chat"): _mistral_chat_async,
}
