"""How a user asks OpenAI's client, and those that are called as it is."""

import importlib
import warnings
from typing import Any, Final

import pytest

from .asking import MESSAGES, QUESTION, Call, streamed
from .clients import sdk
from .recordings import Recording

SHAPED: Final = frozenset(
    ("cerebras-cloud-sdk", "groq", "openai-azure", "perplexityai", "together")
)
"""SDKs whose methods are called as OpenAI's are."""


def _openai_chat(client: Any, recording: Recording) -> Any:
    options: dict[str, Any] = streamed(recording)
    if options and "no_usage" not in recording.tags and recording.sdk.startswith("openai"):
        options["stream_options"] = {"include_usage": True}
    return client.chat.completions.create(
        model=recording.request_model, messages=MESSAGES, **options
    )


def _openai_parse(client: Any, recording: Recording) -> Any:
    """`.parse()` of an answer that is cut raises; the error holds the answer that was billed."""
    try:
        answer = client.chat.completions.parse(model=recording.request_model, messages=MESSAGES)
    except _cut() as error:
        return error
    return _openai_parse_async(answer)


async def _openai_parse_async(answer: Any) -> Any:
    with pytest.raises(_cut()) as raised:
        await answer
    return raised.value


def _cut() -> Any:
    openai = sdk("openai")
    return openai.LengthFinishReasonError, openai.ContentFilterFinishReasonError


def _openai_completions(client: Any, recording: Recording) -> Any:
    return client.completions.create(
        model=recording.request_model, prompt=QUESTION, **streamed(recording)
    )


def _openai_responses(client: Any, recording: Recording) -> Any:
    return client.responses.create(
        model=recording.request_model, input=QUESTION, **streamed(recording)
    )


def _openai_count(client: Any, recording: Recording) -> Any:
    return client.responses.input_tokens.count(model=recording.request_model, input=QUESTION)


def _openai_embeddings(client: Any, recording: Recording) -> Any:
    # As floats the vectors are those on the wire.
    return client.embeddings.create(
        model=recording.request_model,
        input=QUESTION,
        **({} if recording.sdk == "together" else {"encoding_format": "float"}),
    )


def _openai_images(client: Any, recording: Recording) -> Any:
    return client.images.generate(
        model=recording.request_model, prompt=QUESTION, **streamed(recording)
    )


def _openai_transcription(client: Any, recording: Recording) -> Any:
    return client.audio.transcriptions.create(
        model=recording.request_model, file=("bears.wav", b"RIFF"), **streamed(recording)
    )


def _openai_transcription_verbose(client: Any, recording: Recording) -> Any:
    return client.audio.transcriptions.create(
        model=recording.request_model,
        file=("bears.wav", b"RIFF"),
        response_format="verbose_json",
    )


def _openai_batch(client: Any, _recording: Recording) -> Any:
    return client.batches.retrieve("batch_bear")


def _openai_run(client: Any, _recording: Recording) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return client.beta.threads.runs.retrieve("run_bear", thread_id="thread_bear")


def _openai_moderation(client: Any, recording: Recording) -> Any:
    return client.moderations.create(model=recording.request_model, input=QUESTION)


def _openai_realtime(_client: Any, recording: Recording) -> Any:
    """A websocket's message, as the SDK makes it of the JSON."""
    types = importlib.import_module("openai.types.realtime")
    construct = importlib.import_module("openai._models").construct_type
    return construct(value=recording.response, type_=types.RealtimeServerEvent)


CALLS: Final[dict[str, Call]] = {
    "openai/assistants": _openai_run,
    "openai/batch": _openai_batch,
    "openai/chat": _openai_chat,
    "openai/completions": _openai_completions,
    "openai/embeddings": _openai_embeddings,
    "openai/images": _openai_images,
    "openai/moderations": _openai_moderation,
    "openai/parse": _openai_parse,
    "openai/realtime": _openai_realtime,
    "openai/responses": _openai_responses,
    "openai/token_counting": _openai_count,
    "openai/transcription": _openai_transcription,
    "openai/transcription_verbose": _openai_transcription_verbose,
}
