"""The shapes of OpenAI's API, in which many providers answer.

Sources, read 2026-11-22:
https://platform.openai.com/docs/api-reference/chat/object (usage; its total is prompt + completion)
https://platform.openai.com/docs/api-reference/responses/object (usage)
"""

from typing import Any, Final

from ._extractor import ABSENT, PRESENT, Chunk, Flavor, Linked, StatedCost

INCLUDE_USAGE: Final = 'stream_options={"include_usage": True}'

IGNORES: Final = (
    # Sums, and what is left of a sum.
    "total_tokens", "text_tokens", "prompt_cache_miss_tokens",
    # Parts of the output whether the prediction was right or not.
    "accepted_prediction_tokens", "rejected_prediction_tokens",
    # How long it took.
    "queue_time", "prompt_time", "completion_time", "total_time", "pydantic_ai_gateway",
)  # fmt: skip

COST: Final = StatedCost(
    path="usage.cost",
    # With the caller's own key, OpenRouter's fee is only a part of it:
    # https://openrouter.ai/docs/use-cases/usage-accounting, read 2026-11-22.
    upstream="usage.cost_details.upstream_inference_cost",
    upstream_if={"usage.is_byok": True},
)

CHAT_COUNTS: Final = {
    # Totals as they stand: cached and audio input are part of the prompt, reasoning and audio
    # output of the completion.
    "input_tokens": "usage.prompt_tokens",
    "output_tokens": "usage.completion_tokens",
    "cache_read_tokens": "usage.prompt_tokens_details.cached_tokens|usage.cached_tokens"
    "|usage.prompt_cache_hit_tokens",
    "cache_write_tokens": "usage.prompt_tokens_details.cache_write_tokens",
    "reasoning_tokens": "usage.completion_tokens_details.reasoning_tokens",
    "audio_input_tokens": "usage.prompt_tokens_details.audio_tokens",
    "image_input_tokens": "usage.prompt_tokens_details.image_tokens",
    "audio_output_tokens": "usage.completion_tokens_details.audio_tokens",
    "image_output_tokens": "usage.completion_tokens_details.image_tokens",
}

_CHUNK: Final = "chat.completion.chunk"
CHAT_CHUNKS: Final = (
    # Usage comes on one extra last item without choices, and only if it was asked for. Some
    # gateways put it on the last item that has choices, some on every item, as a running figure.
    Chunk(signature={"usage": PRESENT, "object": _CHUNK, "choices[0]": ABSENT}, final=True),
    Chunk(
        signature={"usage": PRESENT, "object": _CHUNK, "choices[0].finish_reason": PRESENT},
        final=True,
    ),
    Chunk(signature={"usage": PRESENT, "object": _CHUNK}),
    # The SDK's `stream` helper hands out events with the item in them.
    Chunk(signature={"chunk.usage": PRESENT, "chunk.choices[0]": ABSENT}, at="chunk", final=True),
    Chunk(signature={"chunk.usage": PRESENT, "type": "chunk"}, at="chunk"),
    # Groq has the usage of a stream in here, and often nowhere else.
    Chunk(signature={"x_groq.usage": PRESENT, "object": _CHUNK}, final=True),
    Chunk(signature={"object": _CHUNK}, opening=True),
    Chunk(signature={"type": "chunk", "chunk.object": _CHUNK}, at="chunk", opening=True),
    # AI21 leaves the name of the shape out.
    Chunk(
        signature={
            "usage": PRESENT,
            "object": ABSENT,
            "choices[0].delta": PRESENT,
            "choices[0].finish_reason": PRESENT,
        },
        final=True,
    ),
    Chunk(signature={"object": ABSENT, "choices[0].delta": PRESENT}, opening=True),
)

CHAT: Final = Flavor(
    name="chat",
    title="Chat completions",
    classes=("ChatCompletion",),
    signature={"object": "chat.completion"},
    # AI21 leaves the name of the shape out.
    also=({"object": ABSENT, "choices[0].message": PRESENT, "usage.prompt_tokens": PRESENT},),
    service_tier="service_tier",
    counts=CHAT_COUNTS,
    ignores=IGNORES,
    tool_calls={"web_search": "usage.server_tool_use_details.web_search_requests"},
    cost=COST,
    chunks=CHAT_CHUNKS,
    own_ids=("chatcmpl-",),
    snapshot="current_completion_snapshot",
    finished={"usage": PRESENT},
    usage_option=INCLUDE_USAGE,
)

COMPLETIONS: Final = Flavor(
    name="completions",
    title="Completions (legacy)",
    classes=("Completion",),
    signature={"object": "text_completion"},
    counts=CHAT_COUNTS,
    ignores=IGNORES,
    cost=COST,
    own_ids=("cmpl-",),
    # The items of a stream are whole completions to look at.
    chunks=(
        Chunk(signature={"object": "text_completion", "usage": PRESENT}),
        Chunk(signature={"object": "text_completion"}, opening=True),
    ),
    usage_option=INCLUDE_USAGE,
)

EMBEDDINGS: Final = Flavor(
    name="embeddings",
    title="Embeddings",
    classes=("CreateEmbeddingResponse", "EmbeddingResponse"),
    signature={"object": "list", "data[0].embedding": PRESENT},
    also=({"object": "list", "data[0].object": "embedding"},),
    counts={"input_tokens": "usage.prompt_tokens"},
    ignores=(*IGNORES, "completion_tokens"),
    zero=("output_tokens",),
    cost=COST,
)

RESPONSES_COUNTS: Final = {
    "input_tokens": "usage.input_tokens",
    "output_tokens": "usage.output_tokens",
    "cache_read_tokens": "usage.input_tokens_details.cached_tokens",
    "cache_write_tokens": "usage.input_tokens_details.cache_write_tokens",
    "reasoning_tokens": "usage.output_tokens_details.reasoning_tokens",
}

RESPONSES: Final = Flavor(
    name="responses",
    title="Responses",
    classes=("Response",),
    signature={"object": "response"},
    service_tier="service_tier",
    counts=RESPONSES_COUNTS,
    ignores=IGNORES,
    # Beside `usage`: searches are billed by the request, images by the tokens of another model.
    tool_calls={"web_search": "tool_usage.web_search.num_requests"},
    linked=(
        Linked(
            at="tool_usage.image_gen",
            model="",
            model_at="tools[type=image_generation].model",
            counts={
                "input_tokens": "input_tokens",
                "output_tokens": "output_tokens",
                "image_input_tokens": "input_tokens_details.image_tokens",
                "image_output_tokens": "output_tokens_details.image_tokens",
            },
        ),
    ),
    cost=COST,
    pending={"status": ("queued", "in_progress")},
    chunks=(
        Chunk(
            signature={"type": ("response.completed", "response.incomplete", "response.failed")},
            at="response",
            final=True,
        ),
        # Earlier items carry the response too, with its model and without usage.
        Chunk(
            signature={"type": ("response.created", "response.queued", "response.in_progress")},
            at="response",
            opening=True,
        ),
    ),
    own_ids=("resp_",),
    # Set on the SDK's helper once the stream is complete.
    snapshot="_state._completed_response",
    finished={"usage": PRESENT},
)


def sharing(flavor: Flavor, **changes: Any) -> Flavor:
    """The shape in another provider's own SDK, or behind OpenAI's where a mark tells it."""
    return flavor.changed(shared=True, **changes)
