"""How a user asks the clients of Anthropic, Amazon and Google."""

import copy
import importlib
import warnings
from typing import Any, Final

from .asking import MESSAGES, QUESTION, Call, streamed
from .recordings import Recording


def _anthropic_messages(client: Any, recording: Recording) -> Any:
    return client.messages.create(
        model=recording.request_model, messages=MESSAGES, max_tokens=64, **streamed(recording)
    )


def _anthropic_beta(client: Any, recording: Recording) -> Any:
    return _anthropic_messages(client.beta, recording)


def _anthropic_count(client: Any, recording: Recording) -> Any:
    return client.messages.count_tokens(model=recording.request_model, messages=MESSAGES)


def _anthropic_batch_line(_client: Any, recording: Recording) -> Any:
    """A line of the file of results, as the SDK makes it of the JSON."""
    types = importlib.import_module("anthropic.types.messages")
    construct = importlib.import_module("anthropic._models").construct_type
    return construct(value=recording.response, type_=types.MessageBatchIndividualResponse)


def _bedrock_converse(client: Any, recording: Recording) -> Any:
    converse = client.converse_stream if recording.streaming else client.converse
    messages = [{"role": "user", "content": [{"text": QUESTION}]}]
    return converse(modelId=recording.request_model, messages=messages)


def _bedrock_invoke(client: Any, recording: Recording) -> Any:
    invoke = client.invoke_model
    if recording.streaming:
        invoke = client.invoke_model_with_response_stream
    return invoke(modelId=recording.request_model, body=b"{}")


def _bedrock_count(client: Any, recording: Recording) -> Any:
    return client.count_tokens(
        modelId=recording.request_model, input={"invokeModel": {"body": b"{}"}}
    )


def _gemini(client: Any, recording: Recording) -> Any:
    models = client.models
    generate = models.generate_content_stream if recording.streaming else models.generate_content
    return generate(model=recording.request_model, contents=QUESTION)


def _gemini_embeddings(client: Any, recording: Recording) -> Any:
    return client.models.embed_content(model=recording.request_model, contents=[QUESTION])


def _gemini_count(client: Any, recording: Recording) -> Any:
    return client.models.count_tokens(model=recording.request_model, contents=QUESTION)


def _gemini_interactions(client: Any, recording: Recording) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that they are experimental
        return client.interactions.create(
            model=recording.request_model, input=QUESTION, **streamed(recording)
        )


def _gemini_live(_client: Any, recording: Recording) -> Any:
    """A websocket's message, as the SDK makes it of the JSON."""
    converters = importlib.import_module("google.genai._live_converters")
    message = importlib.import_module("google.genai.types").LiveServerMessage
    converted = converters._LiveServerMessage_from_mldev(
        copy.deepcopy(recording.response)  # it takes fields out
    )
    return message._from_response(response=converted, kwargs=message().model_dump())


CALLS: Final[dict[str, Call]] = {
    "anthropic-bedrock/messages": _anthropic_messages,
    "anthropic/batch_line": _anthropic_batch_line,
    "anthropic/beta": _anthropic_beta,
    "anthropic/messages": _anthropic_messages,
    "anthropic/token_counting": _anthropic_count,
    "boto3/converse": _bedrock_converse,
    "boto3/invoke_model": _bedrock_invoke,
    "boto3/token_counting": _bedrock_count,
    "google-genai-vertex/embeddings": _gemini_embeddings,
    "google-genai-vertex/generate_content": _gemini,
    "google-genai/embeddings": _gemini_embeddings,
    "google-genai/generate_content": _gemini,
    "google-genai/interactions": _gemini_interactions,
    "google-genai/live": _gemini_live,
    "google-genai/token_counting": _gemini_count,
}
