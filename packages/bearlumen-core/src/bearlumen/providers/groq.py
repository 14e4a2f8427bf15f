"""Groq: OpenAI's shape, in its own SDK or behind OpenAI's.

Source: https://console.groq.com/docs/api-reference#chat, read 2026-11-22. In a stream the usage is
in `x_groq.usage` of the last item, and often nowhere else; in a plain response `x_groq.usage` holds
cache figures of the hardware, which are not tokens.
"""

from ._extractor import PRESENT, Extractor, Mark
from ._openai_shape import CHAT, EMBEDDINGS, sharing

_CHAT = sharing(
    CHAT,
    counts={
        name: "|".join((str(path), *(f"x_groq.{one}" for one in str(path).split("|"))))
        for name, path in CHAT.counts.items()
    },
    # What the hardware found in its caches is not billed.
    ignores=(*CHAT.ignores, "dram_cached_tokens", "sram_cached_tokens"),
    usage_option="",
)

EXTRACTOR = Extractor(
    provider="groq",
    title="Groq",
    packages=("groq",),
    flavors=(_CHAT, sharing(EMBEDDINGS)),
    marks=(Mark(shape="openai", signature={"x_groq": PRESENT}),),
    hosts=("api.groq.com",),
)
