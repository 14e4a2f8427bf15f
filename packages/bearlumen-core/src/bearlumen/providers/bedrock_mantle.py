"""Amazon Bedrock's OpenAI-compatible endpoint: OpenAI's client and shapes.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/bedrock-mantle.html, read 2026-11-22.
OpenAI's models are called `openai.gpt-…` there.
"""

import re

from ._extractor import Extractor, Mark

EXTRACTOR = Extractor(
    provider="bedrock-mantle",
    title="Amazon Bedrock (OpenAI-compatible)",
    marks=(Mark(shape="openai", signature={"model": re.compile(r"openai\.[^/]+")}),),
)
