"""Hugging Face Inference Providers: OpenAI's shape in huggingface_hub's own classes.

Source: https://huggingface.co/docs/inference-providers/tasks/chat-completion, read 2026-11-22.
"""

from ._extractor import Extractor
from ._openai_shape import CHAT, sharing

EXTRACTOR = Extractor(
    provider="huggingface",
    title="Hugging Face",
    packages=("huggingface_hub",),
    flavors=(sharing(CHAT, classes=("ChatCompletionOutput",)),),
    hosts=("router.huggingface.co",),
)
