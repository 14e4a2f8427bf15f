"""AI21: OpenAI's chat shape, by AI21's own SDK or behind OpenAI's.

Source: https://docs.ai21.com/reference/jamba-1-6-api-ref, read 2026-11-22.
"""

from ._extractor import Extractor
from ._openai_shape import CHAT, sharing

EXTRACTOR = Extractor(
    provider="ai21",
    title="AI21",
    packages=("ai21",),
    flavors=(sharing(CHAT),),
    hosts=("api.ai21.com",),
)
