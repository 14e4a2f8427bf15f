"""Mistral.

Sources, read 2026-11-22: https://docs.mistral.ai/api/#tag/chat (usage),
https://docs.mistral.ai/api/#tag/beta.conversations, https://docs.mistral.ai/api/#tag/ocr and the
SDK's types.
"""

import re

from ._extractor import ABSENT, PRESENT, Chunk, Extractor, Flavor, Mark

# The JSON is OpenAI's shape; the id, 32 hex digits without a prefix, is Mistral's own.
_ID = re.compile(r"[0-9a-f]{32}")
_COUNTS = {
    "input_tokens": "usage.prompt_tokens",
    "output_tokens": "usage.completion_tokens",
    "cache_read_tokens": "usage.num_cached_tokens|usage.prompt_tokens_details.cached_tokens",
}
_IGNORES = (
    "total_tokens", "connector_tokens", "cached_tokens", "prompt_tokens_details",
    # Where the SDK keeps the extra fields, which are read as fields already.
    "__pydantic_extra__",
)  # fmt: skip
_CHUNK = "chat.completion.chunk"

EXTRACTOR = Extractor(
    provider="mistral",
    title="Mistral",
    packages=("mistralai",),
    flavors=(
        Flavor(
            name="chat",
            title="Chat, FIM and agents",
            classes=("ChatCompletionResponse", "FIMCompletionResponse"),
            signature={"object": "chat.completion", "id": _ID, "system_fingerprint": ABSENT},
            counts=_COUNTS,
            ignores=_IGNORES,
            service_tier="usage.service_tier",
            units={"seconds": "usage.prompt_audio_seconds"},
            # Usage comes on the last item, unasked. The SDK hands out an event with the item under
            # `data`; as JSON the item is bare.
            chunks=(
                Chunk(
                    signature={"data.object": _CHUNK, "data.usage": PRESENT}, at="data", final=True
                ),
                Chunk(signature={"data.object": _CHUNK}, at="data", opening=True),
                Chunk(
                    signature={
                        "object": _CHUNK,
                        "id": _ID,
                        "system_fingerprint": ABSENT,
                        "usage": PRESENT,
                    },
                    final=True,
                ),
                Chunk(
                    signature={"object": _CHUNK, "id": _ID, "system_fingerprint": ABSENT},
                    opening=True,
                ),
            ),
        ),
        Flavor(
            name="embeddings",
            title="Embeddings",
            classes=("EmbeddingResponse",),
            signature={"object": "list", "data[0].embedding": PRESENT, "id": _ID},
            counts={"input_tokens": "usage.prompt_tokens"},
            ignores=(*_IGNORES, "completion_tokens"),
            zero=("output_tokens",),
        ),
        Flavor(
            name="conversations",
            title="Conversations",
            classes=("ConversationResponse",),
            signature={"object": "conversation.response"},
            # Names the model in its outputs only; a tool's, which may come first, has none.
            model="outputs[type=message.output].model|outputs[0].model",
            id="conversation_id",
            # What connectors such as the web search read and wrote is billed by the token too.
            counts={**_COUNTS, "input_tokens": ("usage.prompt_tokens", "usage.connector_tokens")},
            ignores=_IGNORES,
            tool_calls={"web_search": "usage.connectors.web_search"},
            chunks=(
                Chunk(signature={"data.type": "conversation.response.done"}, at="data", final=True),
                Chunk(
                    signature={"data.type": "conversation.response.started"},
                    at="data",
                    opening=True,
                ),
                Chunk(signature={"type": "conversation.response.done"}, final=True),
                Chunk(signature={"type": "conversation.response.started"}, opening=True),
            ),
        ),
        Flavor(
            name="ocr",
            title="OCR (pages)",
            classes=("OCRResponse",),
            signature={"usage_info.pages_processed": PRESENT},
            usage="",
            id="",
            units={"pages": "usage_info.pages_processed"},
        ),
        Flavor(
            name="transcription",
            title="Transcription",
            classes=("TranscriptionResponse",),
            counts=_COUNTS,
            ignores=_IGNORES,
            id="",
            units={"seconds": "usage.prompt_audio_seconds"},
        ),
    ),
    marks=(Mark(shape="openai", signature={"id": _ID, "system_fingerprint": ABSENT}),),
    hosts=("api.mistral.ai",),
)
