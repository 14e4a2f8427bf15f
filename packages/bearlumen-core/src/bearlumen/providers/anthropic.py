"""Anthropic: messages, from its own API, Bedrock and Vertex through Anthropic's client.

Source: https://docs.anthropic.com/en/api/messages (usage object) and
https://docs.anthropic.com/en/api/messages-streaming, read 2026-11-22.
"""

from ._extractor import PRESENT, Chunk, Envelope, Extractor, Flavor, Linked

_ITERATION_COUNTS = {
    "input_tokens": ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
    "output_tokens": "output_tokens",
    "cache_read_tokens": "cache_read_input_tokens",
    "cache_write_tokens": "cache_creation_input_tokens",
    "cache_write_5m_tokens": "cache_creation.ephemeral_5m_input_tokens",
    "cache_write_1h_tokens": "cache_creation.ephemeral_1h_input_tokens",
    "reasoning_tokens": "output_tokens_details.thinking_tokens",
}
_COUNTS = {
    # Anthropic leaves cache traffic out of input_tokens; our total includes it.
    "input_tokens": (
        "usage.input_tokens",
        "usage.cache_creation_input_tokens",
        "usage.cache_read_input_tokens",
    ),
    "output_tokens": "usage.output_tokens",
    "cache_read_tokens": "usage.cache_read_input_tokens",
    "cache_write_tokens": "usage.cache_creation_input_tokens",
    "cache_write_5m_tokens": "usage.cache_creation.ephemeral_5m_input_tokens",
    "cache_write_1h_tokens": "usage.cache_creation.ephemeral_1h_input_tokens",
    # Thinking is inside output_tokens; the split is new and often absent.
    "reasoning_tokens": "usage.output_tokens_details.thinking_tokens",
}

EXTRACTOR = Extractor(
    provider="anthropic",
    title="Anthropic",
    packages=("anthropic",),
    flavors=(
        Flavor(
            name="messages",
            title="Messages, and beta",
            classes=("Message", "BetaMessage"),
            signature={"type": "message", "role": "assistant", "usage": PRESENT},
            # Fast mode is priced like a tier, and stands beside an ordinary one.
            service_tier="usage.speed|usage.service_tier",
            # US-only inference costs more: https://platform.claude.com/docs/en/about-claude/pricing
            inference_geo="usage.inference_geo",
            batch={"usage.service_tier": "batch"},
            counts=_COUNTS,
            # Web fetches cost nothing but their tokens.
            ignores=("web_fetch_requests",),
            tool_calls={"web_search": "usage.server_tool_use.web_search_requests"},
            # Work that is billed and not in the counts above: summarising the context, and asking
            # another model. Iterations of the message itself are in the counts.
            linked=(
                Linked(
                    at="usage.iterations",
                    signature={"type": ("compaction", "advisor_message")},
                    counts=_ITERATION_COUNTS,
                ),
            ),
            chunks=(
                # The start has the input side and a first output count that is not final; the
                # delta's counts are cumulative, so they replace, and it may leave the input out.
                Chunk(signature={"type": "message_start"}, at="message"),
                Chunk(signature={"type": "message_delta"}, final=True),
            ),
            own_ids=("msg_0",),
            snapshot="current_message_snapshot",
            finished={"stop_reason": PRESENT},
        ),
        Flavor(
            name="token_counting",
            title="Token counting (free)",
            classes=("MessageTokensCount", "BetaMessageTokensCount"),
            free=True,
        ),
    ),
    envelopes=(
        # A line of a batch's results. The usage says that it is of a batch, too.
        Envelope(
            classes=("MessageBatchIndividualResponse", "BetaMessageBatchIndividualResponse"),
            signature={"custom_id": PRESENT, "result.message.usage": PRESENT},
            at="result.message",
            batch=True,
        ),
    ),
    hosts=("api.anthropic.com",),
)
