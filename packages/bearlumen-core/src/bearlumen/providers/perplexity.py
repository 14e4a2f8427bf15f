"""Perplexity: OpenAI's shape, in its own SDK or behind OpenAI's; it states what each call costs.

Source: https://docs.perplexity.ai/api-reference/chat-completions-post and its SDK's types, read
2026-11-22. Reasoning and citations are billed beside the completion.
"""

from ._extractor import PRESENT, Extractor, Mark, StatedCost
from ._openai_shape import CHAT, RESPONSES, sharing

_USAGE = {
    **CHAT.counts,
    "output_tokens": (
        "usage.completion_tokens",
        "usage.reasoning_tokens",
        "usage.citation_tokens",
    ),
    "reasoning_tokens": "usage.reasoning_tokens",
}
_CHAT = sharing(
    CHAT,
    classes=("StreamChunk", "ChatCompletion"),
    counts=_USAGE,
    cost=StatedCost(path="usage.cost.total_cost"),
    usage_option="",
)

EXTRACTOR = Extractor(
    provider="perplexity",
    title="Perplexity",
    packages=("perplexity",),
    flavors=(_CHAT, sharing(RESPONSES, cost=StatedCost(path="usage.cost.total_cost"))),
    marks=(
        Mark(shape="openai", signature={"usage.search_context_size": PRESENT}),
        Mark(shape="openai", signature={"search_results": PRESENT, "citations": PRESENT}),
    ),
    hosts=("api.perplexity.ai",),
)
