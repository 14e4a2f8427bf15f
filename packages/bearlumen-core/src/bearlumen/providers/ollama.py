"""Ollama: chat and generate.

Source: https://github.com/ollama/ollama/blob/main/docs/api.md, read 2026-11-22.
"""

from ._extractor import PRESENT, Chunk, Extractor, Flavor

EXTRACTOR = Extractor(
    provider="ollama",
    packages=("ollama",),
    flavors=(
        Flavor(
            name="chat",
            signature={"created_at": PRESENT, "done": True},
            id="",
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
    ),
)
