"""Cerebras: OpenAI's shape, with the times that it took.

Source: https://inference-docs.cerebras.ai/api-reference/chat-completions, read 2026-11-22.
"""

from ._extractor import PRESENT, Extractor, Mark
from ._openai_shape import CHAT, COMPLETIONS, sharing

EXTRACTOR = Extractor(
    provider="cerebras",
    title="Cerebras",
    packages=("cerebras",),
    flavors=(
        sharing(CHAT),
        sharing(COMPLETIONS),
    ),
    marks=(Mark(shape="openai", signature={"time_info": PRESENT}),),
    hosts=("api.cerebras.ai",),
)
