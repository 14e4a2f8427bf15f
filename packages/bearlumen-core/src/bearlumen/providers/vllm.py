"""vLLM: OpenAI's shapes, from a server of one's own or from a host built on it.

Its own fields (`stop_reason`, `kv_transfer_params`) say what software answered, not who bills the
call, so only a fingerprint that names vLLM does: hosts set their own.

Source: https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html, read 2026-11-22.
"""

import re

from ._extractor import Extractor, Mark

EXTRACTOR = Extractor(
    provider="vllm",
    title="vLLM",
    marks=(
        Mark(
            shape="openai",
            signature={"system_fingerprint": re.compile(r"vllm-.+")},
        ),
    ),
)
