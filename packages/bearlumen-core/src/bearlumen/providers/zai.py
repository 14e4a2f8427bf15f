"""Z.ai (GLM): OpenAI's shape with an id of the request.

Source: https://docs.z.ai/api-reference/llm/chat-completion, read 2026-11-22.
"""

from ._extractor import PRESENT, Extractor, Mark

EXTRACTOR = Extractor(
    provider="zai",
    title="Z.ai",
    marks=(
        Mark(
            shape="openai",
            signature={"request_id": PRESENT, "choices[0].message.reasoning_content": PRESENT},
        ),
    ),
    hosts=("api.z.ai", "open.bigmodel.cn"),
)
