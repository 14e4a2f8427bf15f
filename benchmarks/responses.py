"""Responses as the providers' SDKs hand them out, each built as its SDK builds it."""

import json
from typing import Any

import httpx2
from anthropic._models import construct_type as construct_anthropic
from anthropic.types import Message
from google.genai.types import GenerateContentResponse
from openai import OpenAI, Stream
from openai._models import construct_type
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response

CHAT: dict[str, Any] = {
    "id": "chatcmpl-CWvA1b2c3d4e5f6g7h8i9j0k1l2m3",
    "object": "chat.completion",
    "created": 1790000000,
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Bears like honey.",
                "refusal": None,
                "annotations": [],
            },
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 1219,
        "completion_tokens": 48,
        "total_tokens": 1267,
        "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    },
    "service_tier": "default",
    "system_fingerprint": "fp_560af6e559",
}
# As they were before OpenAI told details, and as many compatible servers answer today.
SHORT_CHAT: dict[str, Any] = {
    **CHAT,
    "usage": {"prompt_tokens": 1219, "completion_tokens": 48, "total_tokens": 1267},
}
OPENROUTER: dict[str, Any] = {
    **CHAT,
    "id": "gen-1790000000-a1b2c3d4e5f6",
    "provider": "DeepInfra",
    "model": "deepseek/deepseek-chat-v3",
    "usage": {
        **CHAT["usage"],
        "cost": 0.00031,
        "is_byok": False,
        "cost_details": {"upstream_inference_cost": None},
    },
}
RESPONSE: dict[str, Any] = {
    "id": "resp_68e1a2b3c4d5e6f7",
    "object": "response",
    "created_at": 1790000000,
    "status": "completed",
    "model": "gpt-5-mini-2025-08-07",
    "output": [
        {
            "id": "msg_68e1",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Bears like honey.", "annotations": []}],
        }
    ],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "service_tier": "default",
    "usage": {
        "input_tokens": 1219,
        "input_tokens_details": {"cached_tokens": 1024},
        "output_tokens": 48,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 1267,
    },
}
MESSAGE: dict[str, Any] = {
    "id": "msg_01A2b3C4d5E6f7G8h9",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5-20251001",
    "content": [{"type": "text", "text": "Bears like honey."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 195,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 1024,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": 48,
        "service_tier": "standard",
    },
}
GEMINI: dict[str, Any] = {
    "candidates": [
        {
            "content": {"parts": [{"text": "Bears like honey."}], "role": "model"},
            "finishReason": "STOP",
            "index": 0,
        }
    ],
    "usageMetadata": {
        "promptTokenCount": 1219,
        "candidatesTokenCount": 48,
        "totalTokenCount": 1300,
        "cachedContentTokenCount": 1024,
        "thoughtsTokenCount": 33,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 1219}],
    },
    "modelVersion": "gemini-2.5-flash",
    "responseId": "a1b2c3d4e5f6",
}
CHUNK: dict[str, Any] = {
    "id": CHAT["id"],
    "object": "chat.completion.chunk",
    "created": 1790000000,
    "model": CHAT["model"],
    "choices": [{"index": 0, "delta": {"content": " honey"}, "finish_reason": None}],
    "usage": None,
    "service_tier": "default",
    "system_fingerprint": "fp_560af6e559",
}
LAST_CHUNK: dict[str, Any] = {**CHUNK, "choices": [], "usage": CHAT["usage"]}


def chat(value: dict[str, Any] = CHAT) -> Any:
    """OpenAI's object, made as its client makes it."""
    return construct_type(value=value, type_=ChatCompletion)


def response() -> Any:
    """The same of the Responses API."""
    return construct_type(value=RESPONSE, type_=Response)


def message() -> Any:
    """Anthropic's."""
    return construct_anthropic(value=MESSAGE, type_=Message)


def gemini() -> Any:
    """Google's."""
    return GenerateContentResponse.model_validate(GEMINI)


def chunks(count: int) -> list[Any]:
    """The items of a stream of OpenAI's, the usage on the last."""
    return [
        construct_type(value=one, type_=ChatCompletionChunk)
        for one in [*[CHUNK] * (count - 1), LAST_CHUNK]
    ]


def stream(count: int) -> Stream[ChatCompletionChunk]:
    """The same as the stream that OpenAI's client gives, its events still to be decoded."""
    events = [*[json.dumps(CHUNK)] * (count - 1), json.dumps(LAST_CHUNK), "[DONE]"]
    body = "".join(f"data: {event}\n\n" for event in events)
    headers = {"content-type": "text/event-stream"}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, text=body))
    client = OpenAI(
        api_key="none", base_url="http://127.0.0.1", http_client=httpx2.Client(transport=transport)
    )
    return client.chat.completions.create(model="gpt-4o-mini", messages=[], stream=True)
