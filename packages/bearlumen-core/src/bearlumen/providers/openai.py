"""OpenAI: chat completions and responses.

Azure OpenAI answers in the same shapes, and so do many others; behind OpenAI's own client they
are its classes, and where nothing tells them apart "openai" is the honest answer.

Sources, read 2026-11-22:
https://platform.openai.com/docs/api-reference/chat/object (usage; its total is prompt + completion)
https://platform.openai.com/docs/api-reference/responses/object (usage)
"""

from ._extractor import PRESENT, Chunk, Extractor, Flavor

_CHAT_COUNTS = {
    # Totals as they stand: cached and audio input are part of the prompt, reasoning and audio
    # output of the completion.
    "input_tokens": "usage.prompt_tokens",
    "output_tokens": "usage.completion_tokens",
    "cache_read_tokens": "usage.prompt_tokens_details.cached_tokens",
    "cache_write_tokens": "usage.prompt_tokens_details.cache_write_tokens",
    "reasoning_tokens": "usage.completion_tokens_details.reasoning_tokens",
    "audio_input_tokens": "usage.prompt_tokens_details.audio_tokens",
    "image_input_tokens": "usage.prompt_tokens_details.image_tokens",
    "audio_output_tokens": "usage.completion_tokens_details.audio_tokens",
}

EXTRACTOR = Extractor(
    provider="openai",
    packages=("openai",),
    flavors=(
        Flavor(
            name="chat",
            signature={"object": "chat.completion"},
            service_tier="service_tier",
            counts=_CHAT_COUNTS,
            # Usage comes on one extra last item, and only if it was asked for. Some gateways put
            # it on an item that still has choices.
            chunks=(
                Chunk(
                    signature={"object": "chat.completion.chunk", "usage": PRESENT},
                    final=True,
                ),
                Chunk(signature={"object": "chat.completion.chunk"}, opening=True),
            ),
            snapshot="current_completion_snapshot",
            finished={"usage": PRESENT},
            usage_option='stream_options={"include_usage": True}',
        ),
        Flavor(
            name="responses",
            signature={"object": "response"},
            service_tier="service_tier",
            counts={
                "input_tokens": "usage.input_tokens",
                "output_tokens": "usage.output_tokens",
                "cache_read_tokens": "usage.input_tokens_details.cached_tokens",
                "cache_write_tokens": "usage.input_tokens_details.cache_write_tokens",
                "reasoning_tokens": "usage.output_tokens_details.reasoning_tokens",
            },
            # Set on the SDK's helper once the stream is complete.
            snapshot="_state._completed_response",
            finished={"usage": PRESENT},
            # Beside `usage`, and billed by the request.
            tool_calls={"web_search": "tool_usage.web_search.num_requests"},
            pending={"status": ("queued", "in_progress")},
            chunks=(
                Chunk(
                    signature={
                        "type": ("response.completed", "response.incomplete", "response.failed")
                    },
                    at="response",
                    final=True,
                ),
                # Earlier items carry the response too, with its model and without usage.
                Chunk(
                    signature={"type": ("response.created", "response.queued")},
                    at="response",
                    opening=True,
                ),
            ),
        ),
    ),
)
