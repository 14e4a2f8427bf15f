"""Ollama.

Source: https://github.com/ollama/ollama/blob/main/docs/api.md, read 2026-11-22.
"""

from ._extractor import PRESENT, Chunk, Extractor, Flavor, Mark

EXTRACTOR = Extractor(
    provider="ollama",
    title="Ollama",
    packages=("ollama",),
    flavors=(
        Flavor(
            name="chat",
            title="chat and generate",
            classes=("ChatResponse", "GenerateResponse"),
            signature={"created_at": PRESENT, "done": True},
            id="",
            usage="",
            omits_zero=True,
            counts={
                # Left out when it is zero, as older servers have it for a prompt fully cached.
                "input_tokens": "prompt_eval_count",
                # Thinking is counted in here, without a split.
                "output_tokens": "eval_count",
            },
            # Stream items are of the same class; only the one that says `done` has counts.
            chunks=(
                Chunk(signature={"created_at": PRESENT, "done": True}, final=True),
                Chunk(signature={"created_at": PRESENT, "done": False}, opening=True),
            ),
        ),
        Flavor(
            name="embed",
            title="embed",
            classes=("EmbedResponse", "EmbeddingsResponse"),
            signature={"embeddings": PRESENT, "total_duration|prompt_eval_count": PRESENT},
            id="",
            usage="",
            counts={"input_tokens": "prompt_eval_count"},
            zero=("output_tokens",),
        ),
    ),
    marks=(Mark(shape="openai", signature={"system_fingerprint": "fp_ollama"}),),
)
