"""Amazon Bedrock: converse and converse_stream, as boto3 and aiobotocore hand them out.

A converse response does not name its model: only the caller knows `modelId`, so pass `model=`.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html,
read 2026-11-22.
"""

from ._extractor import PRESENT, Chunk, Extractor, Flavor

EXTRACTOR = Extractor(
    provider="bedrock",
    packages=(),
    flavors=(
        Flavor(
            name="converse",
            signature={"output.message": PRESENT, "usage.inputTokens": PRESENT},
            # A prompt router says which model it chose.
            model="trace.promptRouter.invokedModelId",
            id="ResponseMetadata.RequestId",
            service_tier="serviceTier.type",
            counts={
                # Cache traffic is additional: total = input + output + read + write.
                "input_tokens": (
                    "usage.inputTokens",
                    "usage.cacheReadInputTokens",
                    "usage.cacheWriteInputTokens",
                ),
                "output_tokens": "usage.outputTokens",
                "cache_read_tokens": "usage.cacheReadInputTokens",
                "cache_write_tokens": "usage.cacheWriteInputTokens",
                "cache_write_1h_tokens": "usage.cacheDetails[ttl=1h].inputTokens",
            },
            chunks=(
                Chunk(signature={"metadata.usage": PRESENT}, at="metadata", final=True),
                Chunk(signature={"messageStart": PRESENT}, at="messageStart", opening=True),
            ),
        ),
    ),
)
