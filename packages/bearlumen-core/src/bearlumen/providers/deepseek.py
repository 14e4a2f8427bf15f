"""DeepSeek: OpenAI's shapes, with the cache reported by hits and misses.

Source: https://api-docs.deepseek.com/api/create-chat-completion, read 2026-11-22. Others copy the
cache fields, so the model has to be one of DeepSeek's too.
"""

import re

from ._extractor import PRESENT, Extractor, Mark

EXTRACTOR = Extractor(
    provider="deepseek",
    title="DeepSeek",
    marks=(
        Mark(
            shape="openai",
            signature={
                "usage.prompt_cache_hit_tokens": PRESENT,
                "model": re.compile(r"deepseek-[^/]+"),
            },
        ),
    ),
    hosts=("api.deepseek.com",),
)
