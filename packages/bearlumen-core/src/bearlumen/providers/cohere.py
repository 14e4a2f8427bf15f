"""Cohere: chat, embed and rerank, in versions 1 and 2.

Source: https://docs.cohere.com/reference/chat and https://docs.cohere.com/reference/rerank, read
2026-11-22. What is charged are the billed units; the tokens beside them count Cohere's own prompt
and chat template too, and the cached ones are part of those.
"""

from ._extractor import PRESENT, Chunk, Extractor, Flavor

_V2 = "usage.billed_units"
_V1 = "meta.billed_units"
_UNITS = {"search_units": f"{_V2}.search_units|{_V1}.search_units"}
_COUNTS = {
    "input_tokens": f"{_V2}.input_tokens|{_V1}.input_tokens",
    "output_tokens": f"{_V2}.output_tokens|{_V1}.output_tokens",
}
_BILLED = f"{_V2}|{_V1}"

EXTRACTOR = Extractor(
    provider="cohere",
    title="Cohere",
    packages=("cohere",),
    flavors=(
        Flavor(
            name="chat",
            title="chat and generate, v1 and v2",
            classes=("V2ChatResponse", "NonStreamedChatResponse", "Generation"),
            signature={_BILLED: PRESENT, "message|text|generations": PRESENT},
            usage="",
            id="id|generation_id",
            counts=_COUNTS,
            units=_UNITS,
            chunks=(
                Chunk(
                    signature={"type": "message-end", "delta.usage": PRESENT},
                    at="delta",
                    final=True,
                ),
                Chunk(signature={"type": "message-start"}, opening=True),
                Chunk(
                    signature={"event_type": "stream-end", "response": PRESENT},
                    at="response",
                    final=True,
                ),
                Chunk(signature={"event_type": "stream-start"}, opening=True),
                Chunk(signature={"is_finished": True, "response": PRESENT}, at="response"),
            ),
        ),
        Flavor(
            name="embed",
            title="embed",
            classes=("EmbedByTypeResponse", "EmbedFloatsResponse"),
            signature={_BILLED: PRESENT, "embeddings": PRESENT},
            usage="",
            counts={"input_tokens": f"{_V2}.input_tokens|{_V1}.input_tokens"},
            units={"images": f"{_V2}.images|{_V1}.images"},
            zero=("output_tokens",),
        ),
        Flavor(
            name="rerank",
            title="rerank (search units)",
            classes=("RerankResponse", "V2RerankResponse"),
            signature={f"{_V2}.search_units|{_V1}.search_units": PRESENT, "results": PRESENT},
            usage="",
            units=_UNITS,
            zero=("input_tokens", "output_tokens"),
        ),
    ),
    hosts=("api.cohere.com", "api.cohere.ai"),
)
