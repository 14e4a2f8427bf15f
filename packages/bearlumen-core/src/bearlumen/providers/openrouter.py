"""OpenRouter: many vendors' models in OpenAI's shapes; it states what each call costs.

Source: https://openrouter.ai/docs/api-reference/overview#responses and
https://openrouter.ai/docs/use-cases/usage-accounting, read 2026-11-22.
"""

import re

from ._extractor import PRESENT, Extractor, Mark
from ._openai_shape import CHAT, COMPLETIONS, EMBEDDINGS, RESPONSES, sharing

# Its models are always called by vendor and name, and its ids always begin so.
_MODEL = re.compile(r".+/.+")
_ID = re.compile(r"gen-.+")

EXTRACTOR = Extractor(
    provider="openrouter",
    title="OpenRouter",
    packages=("openrouter",),
    flavors=(
        sharing(CHAT),
        sharing(RESPONSES),
        sharing(COMPLETIONS),
        sharing(EMBEDDINGS),
    ),
    marks=(
        Mark(shape="openai", signature={"id": _ID, "model": _MODEL}),
        Mark(shape="openai", signature={"provider": PRESENT, "model": _MODEL}),
    ),
    hosts=("openrouter.ai",),
)
