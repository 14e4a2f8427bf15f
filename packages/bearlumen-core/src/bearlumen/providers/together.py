"""Together: OpenAI's shape, in its own SDK or behind OpenAI's.

Source: https://docs.together.ai/reference/chat-completions-1, read 2026-11-22.
"""

from ._extractor import PRESENT, Chunk, Extractor, Mark
from ._openai_shape import CHAT, COMPLETIONS, EMBEDDINGS, sharing

EXTRACTOR = Extractor(
    provider="together",
    title="Together",
    packages=("together",),
    flavors=(
        sharing(CHAT),
        # Together spells it otherwise, and its items again.
        COMPLETIONS.changed(
            signature={"object": "text.completion"},
            chunks=(
                Chunk(signature={"object": "completion.chunk", "usage": PRESENT}, final=True),
                Chunk(signature={"object": "completion.chunk"}, opening=True),
            ),
            own_ids=(),
            usage_option="",
        ),
        sharing(EMBEDDINGS),
    ),
    marks=(
        Mark(shape="openai", signature={"prompt": PRESENT, "choices[0].seed": PRESENT}),
        Mark(
            shape="openai",
            signature={"choices[0].text": PRESENT, "choices[0].delta.token_id": PRESENT},
        ),
    ),
    hosts=("api.together.xyz", "api.together.ai"),
)
