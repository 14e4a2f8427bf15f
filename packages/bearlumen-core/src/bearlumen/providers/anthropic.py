"""Anthropic: messages, from its own API, Bedrock and Vertex through Anthropic's client.

Source: https://docs.anthropic.com/en/api/messages (usage object) and
https://docs.anthropic.com/en/api/messages-streaming, read 2026-11-22.
"""

from ._extractor import PRESENT, Chunk, Extractor, Flavor

EXTRACTOR = Extractor(
    provider="anthropic",
    packages=("anthropic",),
    flavors=(
        Flavor(
            name="messages",
            signature={"type": "message", "role": "assistant", "usage": PRESENT},
            service_tier="usage.service_tier",
            counts={
                # Anthropic leaves cache traffic out of input_tokens; our total includes it.
                "input_tokens": (
                    "usage.input_tokens",
                    "usage.cache_creation_input_tokens",
                    "usage.cache_read_input_tokens",
                ),
                "output_tokens": "usage.output_tokens",
                "cache_read_tokens": "usage.cache_read_input_tokens",
                "cache_write_tokens": "usage.cache_creation_input_tokens",
                "cache_write_1h_tokens": "usage.cache_creation.ephemeral_1h_input_tokens",
                # Thinking is inside output_tokens; the split is new and often absent.
                "reasoning_tokens": "usage.output_tokens_details.thinking_tokens",
            },
            tool_calls={"web_search": "usage.server_tool_use.web_search_requests"},
            chunks=(
                # The start has the input side and a first output count that is not final; the
                # delta's counts are cumulative, so they replace, and it may leave the input out.
                Chunk(signature={"type": "message_start"}, at="message"),
                Chunk(signature={"type": "message_delta"}, final=True),
            ),
            snapshot="current_message_snapshot",
            finished={"stop_reason": PRESENT},
        ),
    ),
)
