"""LiteLLM: every provider in OpenAI's shape; it says which one answered.

Source: https://docs.litellm.ai/docs/completion/output and litellm's `ModelResponse`, read
2026-11-22.
"""

from ._extractor import Extractor
from ._openai_shape import CHAT, COMPLETIONS, EMBEDDINGS, RESPONSES, sharing

EXTRACTOR = Extractor(
    provider="litellm",
    title="LiteLLM",
    packages=("litellm",),
    provider_at="_hidden_params.custom_llm_provider",
    flavors=(
        sharing(CHAT, classes=("ModelResponse", "ModelResponseStream")),
        sharing(COMPLETIONS, classes=("TextCompletionResponse",)),
        sharing(EMBEDDINGS),
        sharing(RESPONSES, classes=("ResponsesAPIResponse",)),
    ),
)
