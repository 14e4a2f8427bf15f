"""xAI: its own SDK, and OpenAI's shapes.

Source: https://docs.x.ai/docs/api-reference and xai-sdk's `usage.proto`, read 2026-11-22. Reasoning
stands beside the completion, not in it: the total that xAI states is prompt + completion +
reasoning. One tick of the stated cost is 1e-10 US dollars.
"""

from decimal import Decimal

from ._extractor import PRESENT, Chunk, Extractor, Flavor, Mark, StatedCost
from ._openai_shape import CHAT, sharing

_COUNTS = {
    "input_tokens": "usage.prompt_tokens",
    "output_tokens": ("usage.completion_tokens", "usage.reasoning_tokens"),
    "cache_read_tokens": "usage.cached_prompt_text_tokens",
    "reasoning_tokens": "usage.reasoning_tokens",
    "image_input_tokens": "usage.prompt_image_tokens",
}

_COST = StatedCost(path="usage.cost_in_usd_ticks", unit=Decimal("1e-10"))

EXTRACTOR = Extractor(
    provider="xai",
    title="xAI",
    packages=("xai_sdk", "xai"),
    flavors=(
        sharing(
            CHAT,
            counts={
                **CHAT.counts,
                "output_tokens": (
                    "usage.completion_tokens",
                    "usage.completion_tokens_details.reasoning_tokens",
                ),
            },
            cost=_COST,
        ),
        Flavor(
            name="sdk_chat",
            title="Chat (xai-sdk)",
            classes=("Response", "GetChatCompletionResponse"),
            # The SDK's response does not hand out the model, the message behind it does.
            model="model|proto.model",
            signature={"usage.prompt_text_tokens": PRESENT, "outputs": PRESENT},
            counts=_COUNTS,
            ignores=("total_tokens", "prompt_text_tokens", "num_sources_used"),
            # The wire leaves out what is zero.
            omits_zero=True,
            cost=_COST,
            # Items are pairs of the response so far and what is new; usage repeats on nearly every
            # item as a running figure.
            chunks=(
                Chunk(signature={"[0].usage.prompt_tokens": PRESENT}, at="[0]"),
                Chunk(signature={"usage.prompt_text_tokens": PRESENT}),
            ),
        ),
    ),
    marks=(
        Mark(shape="openai", signature={"usage.billable_audio_seconds": PRESENT}),
        Mark(shape="openai", signature={"usage.cost_in_usd_ticks": PRESENT}),
        Mark(shape="openai", signature={"usage.num_sources_used": PRESENT}),
    ),
    hosts=("api.x.ai",),
)
