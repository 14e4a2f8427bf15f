"""Mistral: chat.

Source: https://docs.mistral.ai/api/#tag/chat (usage), read 2026-11-22.
"""

import re

from ._extractor import ABSENT, PRESENT, Chunk, Extractor, Flavor

# The JSON is OpenAI's shape; the id, 32 hex digits without a prefix, is Mistral's own.
_ID = re.compile(r"[0-9a-f]{32}")

EXTRACTOR = Extractor(
    provider="mistral",
    packages=("mistralai",),
    flavors=(
        Flavor(
            name="chat",
            signature={"object": "chat.completion", "id": _ID, "system_fingerprint": ABSENT},
            counts={
                "input_tokens": "usage.prompt_tokens",
                "output_tokens": "usage.completion_tokens",
                "cache_read_tokens": (
                    "usage.num_cached_tokens|usage.prompt_tokens_details.cached_tokens"
                ),
            },
            # Usage comes on the last item, unasked. The SDK hands out an event with the item under
            # `data`; as JSON the item is bare.
            chunks=(
                Chunk(
                    signature={"data.object": "chat.completion.chunk", "data.usage": PRESENT},
                    at="data",
                    final=True,
                ),
                Chunk(signature={"data.object": "chat.completion.chunk"}, at="data", opening=True),
                Chunk(
                    signature={"object": "chat.completion.chunk", "id": _ID, "usage": PRESENT},
                    final=True,
                ),
                Chunk(signature={"object": "chat.completion.chunk", "id": _ID}, opening=True),
            ),
        ),
    ),
)
