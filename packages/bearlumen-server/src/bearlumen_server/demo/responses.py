"""Responses in the shape that each provider's API gives them, plain and streamed, as JSON.

The fields are those of real recordings, described in each provider's API reference; the text is
left out, since nothing reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]


def openai_chat(model: str, *, prompt: int, cached: int, completion: int) -> Json:
    """OpenAI chat completions: cached tokens are part of the prompt."""
    return {
        "id": "chatcmpl-demo",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant"}, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        "service_tier": "default",
    }


def openai_chat_stream(model: str, *, prompt: int, cached: int, completion: int) -> Iterator[Json]:
    """The same streamed, with `stream_options={"include_usage": True}`: usage comes last."""
    whole = openai_chat(model, prompt=prompt, cached=cached, completion=completion)
    chunk = {
        "id": whole["id"],
        "object": "chat.completion.chunk",
        "created": whole["created"],
        "model": model,
        "usage": None,
    }
    yield {**chunk, "choices": [{"index": 0, "delta": {"role": "assistant"}}]}
    yield {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    yield {**chunk, "choices": [], "usage": whole["usage"]}


def openai_response(model: str, *, read: int, cached: int, written: int, reasoning: int) -> Json:
    """OpenAI responses: reasoning is part of the output."""
    return {
        "id": "resp_demo",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": "completed",
        "model": model,
        "output": [],
        "usage": {
            "input_tokens": read,
            "input_tokens_details": {"cached_tokens": cached},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": reasoning},
            "total_tokens": read + written,
        },
        "service_tier": "default",
    }


def openai_response_stream(
    model: str, *, read: int, cached: int, written: int, reasoning: int
) -> Iterator[Json]:
    """The same streamed: the last event carries the whole response."""
    whole = openai_response(model, read=read, cached=cached, written=written, reasoning=reasoning)
    started = {**whole, "status": "in_progress", "usage": None}
    yield {"type": "response.created", "sequence_number": 0, "response": started}
    yield {"type": "response.output_text.delta", "sequence_number": 1, "delta": ""}
    yield {"type": "response.completed", "sequence_number": 2, "response": whole}


def anthropic_message(
    model: str, *, fresh: int, cache_read: int, cache_write: int, output: int
) -> Json:
    """Anthropic messages: `input_tokens` leaves cache traffic out."""
    return {
        "id": "msg_demo",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": "end_turn",
        "usage": {
            "input_tokens": fresh,
            "cache_creation_input_tokens": cache_write,
            "cache_read_input_tokens": cache_read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": cache_write,
                "ephemeral_1h_input_tokens": 0,
            },
            "output_tokens": output,
            "service_tier": "standard",
        },
    }


def anthropic_stream(
    model: str, *, fresh: int, cache_read: int, cache_write: int, output: int
) -> Iterator[Json]:
    """The same streamed: the input side comes first, the final output count last."""
    whole = anthropic_message(
        model, fresh=fresh, cache_read=cache_read, cache_write=cache_write, output=output
    )
    first = {**whole, "stop_reason": None, "usage": {**whole["usage"], "output_tokens": 1}}
    yield {"type": "message_start", "message": first}
    yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta"}}
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {"output_tokens": output},
    }
    yield {"type": "message_stop"}


def bedrock_converse(*, fresh: int, cache_read: int, output: int) -> Json:
    """Bedrock converse, as boto3 gives it: cache traffic is additional, the model is not named."""
    return {
        "ResponseMetadata": {"RequestId": "demo", "HTTPStatusCode": 200},
        "output": {"message": {"role": "assistant", "content": []}},
        "stopReason": "end_turn",
        "usage": {
            "inputTokens": fresh,
            "outputTokens": output,
            "totalTokens": fresh + cache_read + output,
            "cacheReadInputTokens": cache_read,
            "cacheWriteInputTokens": 0,
        },
        "metrics": {"latencyMs": 812},
    }


def bedrock_stream(*, fresh: int, cache_read: int, output: int) -> Iterator[Json]:
    """What `response["stream"]` of converse_stream yields: usage is in the last event."""
    whole = bedrock_converse(fresh=fresh, cache_read=cache_read, output=output)
    yield {"messageStart": {"role": "assistant"}}
    yield {"contentBlockDelta": {"delta": {}, "contentBlockIndex": 0}}
    yield {"messageStop": {"stopReason": "end_turn"}}
    yield {"metadata": {"usage": whole["usage"], "metrics": whole["metrics"]}}


def gemini(model: str, *, prompt: int, cached: int, candidates: int, thoughts: int) -> Json:
    """Gemini generateContent: thoughts stand beside the candidates."""
    return {
        "candidates": [{"content": {"role": "model", "parts": []}, "finishReason": "STOP"}],
        "usageMetadata": {
            "promptTokenCount": prompt,
            "cachedContentTokenCount": cached,
            "candidatesTokenCount": candidates,
            "thoughtsTokenCount": thoughts,
            "totalTokenCount": prompt + candidates + thoughts,
        },
        "modelVersion": model,
        "responseId": "demo",
    }


def gemini_stream(
    model: str, *, prompt: int, cached: int, candidates: int, thoughts: int
) -> Iterator[Json]:
    """The same streamed: every item carries running totals."""
    for share in (4, 2, 1):
        yield gemini(
            model,
            prompt=prompt,
            cached=cached,
            candidates=candidates // share,
            thoughts=thoughts,
        )


def mistral_chat(model: str, *, prompt: int, cached: int, completion: int) -> Json:
    """Mistral chat: OpenAI's shape with an id of its own."""
    return {
        "id": "0123456789abcdef0123456789abcdef",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant"}, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": prompt,
            "num_cached_tokens": cached,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        },
    }


def ollama_stream(model: str, *, prompt: int, output: int) -> Iterator[Json]:
    """Ollama chat streamed: only the item that says `done` has counts."""
    item: Json = {"model": model, "created_at": "2026-01-01T00:00:00Z", "message": {}}
    yield {**item, "done": False}
    yield {**item, "done": True, "prompt_eval_count": prompt, "eval_count": output}
