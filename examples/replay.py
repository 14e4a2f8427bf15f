"""Answers to replay below the providers' clients, so that the examples run without a key.

The numbers and texts are made up; the shapes are those of each provider's API reference.
"""

import json
from typing import Any

import httpx2

OPENAI_CHAT = json.dumps(
    {
        "id": "chatcmpl-example",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "gpt-4o-2024-08-06",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello! How can I help?"},
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 1_200,
            "completion_tokens": 300,
            "total_tokens": 1_500,
            "prompt_tokens_details": {"cached_tokens": 1_024},
        },
    }
)

_ANTHROPIC_EVENTS: list[dict[str, Any]] = [
    {
        "type": "message_start",
        "message": {
            "id": "msg_example",
            "type": "message",
            "role": "assistant",
            "model": "claude-haiku-4-5-20251001",
            "content": [],
            "stop_reason": None,
            "usage": {
                "input_tokens": 400,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 2_000,
                "output_tokens": 1,
            },
        },
    },
    {
        "type": "content_block_start",
        "index": 0,
        "content_block": {"type": "text", "text": ""},
    },
    *(
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": text},
        }
        for text in ("Hello! ", "How can I help?")
    ),
    {"type": "content_block_stop", "index": 0},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {"output_tokens": 120},
    },
    {"type": "message_stop"},
]
ANTHROPIC_STREAM = "".join(
    f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in _ANTHROPIC_EVENTS
)


def http_client(body: str, content_type: str = "application/json") -> httpx2.Client:
    """An HTTP client for a provider's `http_client=` that gives every request the same answer."""
    return httpx2.Client(
        transport=httpx2.MockTransport(
            lambda _: httpx2.Response(200, text=body, headers={"Content-Type": content_type})
        )
    )
