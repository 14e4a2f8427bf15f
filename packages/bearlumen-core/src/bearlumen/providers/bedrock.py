"""Amazon Bedrock: converse and invoke_model, as boto3 and aiobotocore hand them out.

A converse response does not name its model, nor does that of most invoked models: only the caller
knows `modelId`, so pass `model=`.

Sources, read 2026-11-22:
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html (headers)
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html (bodies by family)
"""

import re

from ._extractor import ABSENT, PRESENT, Chunk, Extractor, Flavor, Mark

_HEADERS = "ResponseMetadata.HTTPHeaders.x-amzn-bedrock"
_METRICS = "amazon-bedrock-invocationMetrics"

# Cache traffic is additional: total = input + output + read + write. The wire spells the cache
# fields with and without "Count"; boto3 keeps those that it knows.
_CACHE_READ = "usage.cacheReadInputTokens|usage.cacheReadInputTokenCount"
_CACHE_WRITE = "usage.cacheWriteInputTokens|usage.cacheWriteInputTokenCount"
_CONVERSE_COUNTS = {
    "input_tokens": ("usage.inputTokens", _CACHE_READ, _CACHE_WRITE),
    "output_tokens": "usage.outputTokens",
    "cache_read_tokens": _CACHE_READ,
    "cache_write_tokens": _CACHE_WRITE,
    "cache_write_5m_tokens": "usage.cacheDetails[ttl=5m].inputTokens",
    "cache_write_1h_tokens": "usage.cacheDetails[ttl=1h].inputTokens",
}
_IGNORES = (
    "totalTokens",
    "totalTokenCount",
    "cacheReadInputTokenCount",
    "cacheWriteInputTokenCount",
)

EXTRACTOR = Extractor(
    provider="bedrock",
    title="Amazon Bedrock",
    flavors=(
        Flavor(
            name="converse",
            title="converse, and invoke_model for Nova",
            signature={"output.message": PRESENT, "usage.inputTokens": PRESENT},
            # A prompt router says which model it chose.
            model="trace.promptRouter.invokedModelId",
            id="ResponseMetadata.RequestId",
            service_tier="serviceTier.type",
            counts=_CONVERSE_COUNTS,
            ignores=_IGNORES,
            chunks=(
                Chunk(signature={"metadata.usage.inputTokens": PRESENT}, at="metadata", final=True),
                Chunk(signature={"usage.inputTokens": PRESENT, "metrics": PRESENT}, final=True),
                Chunk(signature={"messageStart": PRESENT}, at="messageStart", opening=True),
            ),
        ),
        Flavor(
            name="invoke_model",
            title="invoke_model, counts in the headers",
            signature={"ResponseMetadata.HTTPHeaders": PRESENT, "body": PRESENT},
            model="",
            id="ResponseMetadata.RequestId",
            service_tier=f"{_HEADERS}-service-tier",
            usage="",
            counts={
                "input_tokens": (
                    f"{_HEADERS}-input-token-count",
                    f"{_HEADERS}-cache-read-input-token-count",
                    f"{_HEADERS}-cache-write-input-token-count",
                ),
                "output_tokens": f"{_HEADERS}-output-token-count",
                "cache_read_tokens": f"{_HEADERS}-cache-read-input-token-count",
                "cache_write_tokens": f"{_HEADERS}-cache-write-input-token-count",
            },
        ),
        Flavor(
            name="titan_text",
            title="invoke_model for Titan",
            signature={"inputTextTokenCount": PRESENT, "results": PRESENT},
            model="",
            id="",
            usage="",
            counts={
                "input_tokens": "inputTextTokenCount",
                "output_tokens": "results[].tokenCount",
            },
        ),
        Flavor(
            name="titan_embeddings",
            title="invoke_model for Titan embeddings",
            signature={
                "inputTextTokenCount": PRESENT,
                "embedding|embeddingsByType": PRESENT,
            },
            model="",
            id="",
            usage="",
            counts={"input_tokens": "inputTextTokenCount"},
            zero=("output_tokens",),
        ),
        Flavor(
            name="llama",
            title="invoke_model for Llama",
            signature={"generation": PRESENT, "generation_token_count": PRESENT},
            model="",
            id="",
            usage="",
            counts={
                "input_tokens": "prompt_token_count",
                "output_tokens": "generation_token_count",
            },
        ),
        Flavor(
            name="other_bodies",
            title="invoke_model for Mistral and Cohere: no counts in the body",
            signature={"outputs[0].stop_reason": PRESENT, "usage": ABSENT},
            also=(
                {"generations[0].text": PRESENT, "meta": ABSENT, "usage": ABSENT},
                {"generation_id": PRESENT, "text": PRESENT, "meta": ABSENT, "usage": ABSENT},
            ),
            model="",
            id="",
        ),
        Flavor(
            name="invoke_model_stream",
            title="invoke_model_with_response_stream",
            model="",
            id="",
            usage="",
            # A model's own figures come before the service's, which for some models leave out what
            # a tool call generated.
            counts={
                "input_tokens": (
                    (
                        "metadata.usage.inputTokens|prompt_token_count"
                        f"|{_METRICS}.inputTokenCount|inputTextTokenCount"
                    ),
                    f"metadata.usage.cacheReadInputTokenCount|{_METRICS}.cacheReadInputTokenCount",
                    (
                        "metadata.usage.cacheWriteInputTokenCount"
                        f"|{_METRICS}.cacheWriteInputTokenCount"
                    ),
                ),
                "output_tokens": "metadata.usage.outputTokens|generation_token_count"
                f"|{_METRICS}.outputTokenCount|totalOutputTextTokenCount",
                "cache_read_tokens": "metadata.usage.cacheReadInputTokenCount"
                f"|{_METRICS}.cacheReadInputTokenCount",
                "cache_write_tokens": "metadata.usage.cacheWriteInputTokenCount"
                f"|{_METRICS}.cacheWriteInputTokenCount",
            },
            chunks=(
                Chunk(signature={_METRICS: PRESENT}, final=True),
                Chunk(signature={"metadata.usage.cacheReadInputTokenCount": PRESENT}),
                Chunk(signature={"generation": PRESENT, "generation_token_count": PRESENT}),
                Chunk(signature={"outputText": PRESENT, "totalOutputTextTokenCount": PRESENT}),
            ),
        ),
        Flavor(
            name="token_counting",
            title="CountTokens (free)",
            signature={"inputTokens": PRESENT, "ResponseMetadata": PRESENT},
            free=True,
        ),
    ),
    marks=(Mark(shape="anthropic", signature={"id": re.compile(r"msg_bdrk_.*")}),),
)
