"""Azure OpenAI: OpenAI's client and shapes, with the content filter's findings added.

Source: https://learn.microsoft.com/azure/ai-services/openai/concepts/content-filter, read
2026-11-22.
"""

from ._extractor import PRESENT, Extractor, Mark

EXTRACTOR = Extractor(
    provider="azure",
    title="Azure OpenAI",
    marks=(
        Mark(shape="openai", signature={"prompt_filter_results": PRESENT}),
        Mark(shape="openai", signature={"choices[0].content_filter_results": PRESENT}),
        Mark(shape="openai", signature={"content_filters": PRESENT}),
    ),
    hosts=("openai.azure.com", "cognitiveservices.azure.com", "services.ai.azure.com"),
)
