"""Google Gemini, from the Gemini API and Vertex AI.

Sources, read 2026-11-22: https://ai.google.dev/api/generate-content#UsageMetadata,
https://ai.google.dev/api/interactions and https://ai.google.dev/api/live#UsageMetadata. The total
that Google states is prompt + candidates + thoughts + tool use prompt.
"""

from ._extractor import ABSENT, PRESENT, Chunk, Extractor, Flavor

_PROMPT = "usage_metadata.prompt_tokens_details"
_COUNTS = {
    "input_tokens": (
        "usage_metadata.prompt_token_count",
        "usage_metadata.tool_use_prompt_token_count",
    ),
    # Thinking is billed as output and stands beside the candidates, not in them.
    "output_tokens": (
        "usage_metadata.candidates_token_count",
        "usage_metadata.thoughts_token_count",
    ),
    "cache_read_tokens": "usage_metadata.cached_content_token_count",
    "reasoning_tokens": "usage_metadata.thoughts_token_count",
    "audio_input_tokens": f"{_PROMPT}[modality=AUDIO].token_count",
    "audio_output_tokens": "usage_metadata.candidates_tokens_details[modality=AUDIO].token_count",
    "image_input_tokens": f"{_PROMPT}[modality=IMAGE].token_count",
    "image_output_tokens": "usage_metadata.candidates_tokens_details[modality=IMAGE].token_count",
    "tool_use_prompt_tokens": "usage_metadata.tool_use_prompt_token_count",
}
_RESPONSE = "usage_metadata.response_tokens_details"
_LIVE_COUNTS = {
    **_COUNTS,
    # A turn's response, which some recordings still call candidates. Thoughts are not in it; in the
    # stated total they sometimes are and sometimes not, and they are generated either way.
    "output_tokens": (
        "usage_metadata.response_token_count|usage_metadata.candidates_token_count",
        "usage_metadata.thoughts_token_count",
    ),
    "audio_output_tokens": f"{_RESPONSE}[modality=AUDIO].token_count"
    "|usage_metadata.candidates_tokens_details[modality=AUDIO].token_count",
    "image_output_tokens": f"{_RESPONSE}[modality=IMAGE].token_count",
}
_IGNORES = ("total_token_count", "totalTokenCount")
# Plain JSON and Vertex AI say how a call was served; the SDK's objects keep the latter only.
_TIER = "usage_metadata.service_tier|usage_metadata.traffic_type"
_GENERATE = {"usage_metadata": PRESENT, "candidates|model_version|prompt_feedback": PRESENT}

EXTRACTOR = Extractor(
    provider="gemini",
    title="Google Gemini",
    packages=("google.genai",),
    camel_case=True,
    flavors=(
        Flavor(
            name="generate_content",
            title="generate_content",
            classes=("GenerateContentResponse",),
            # A blocked prompt has no candidates, and a recording may lack the version.
            signature=_GENERATE,
            model="model_version",
            id="response_id",
            service_tier=_TIER,
            counts=_COUNTS,
            usage="usage_metadata",
            ignores=_IGNORES,
            # A blocked prompt is another matter: it reports no count at all.
            omits_zero=True,
            # Every item carries running totals, so the last one stands; an item is of the same
            # class as a whole response.
            chunks=(Chunk(signature={"usage_metadata": PRESENT}),),
        ),
        Flavor(
            name="live",
            title="Live",
            classes=("LiveServerMessage",),
            signature={"usage_metadata": PRESENT, "server_content|tool_call": PRESENT},
            also=({"usage_metadata.response_token_count": PRESENT},),
            model="",
            id="",
            service_tier=_TIER,
            counts=_LIVE_COUNTS,
            usage="usage_metadata",
            ignores=_IGNORES,
            # Where the API says candidates, the SDK's object has neither these nor a response.
            total="usage_metadata.total_token_count",
            omits_zero=True,
            pending={"usage_metadata": ABSENT},
        ),
        Flavor(
            name="embeddings",
            title="embed_content",
            classes=("EmbedContentResponse",),
            signature={"embeddings[0].values": PRESENT},
            also=({"embedding.values": PRESENT}, {"predictions[0].embeddings": PRESENT}),
            model="",
            id="",
            # Vertex AI counts by text, and as floats.
            counts={
                "input_tokens": "usage_metadata.prompt_token_count"
                "|embeddings[].statistics.token_count"
                "|predictions[].embeddings.statistics.token_count",
            },
            usage="usage_metadata",
            ignores=_IGNORES,
            zero=("output_tokens",),
        ),
        Flavor(
            name="interactions",
            title="Interactions",
            classes=("Interaction",),
            signature={"object": "interaction"},
            also=({"usage.total_input_tokens": PRESENT},),
            model="model",
            service_tier="service_tier",
            counts={
                "input_tokens": ("usage.total_input_tokens", "usage.total_tool_use_tokens"),
                "output_tokens": ("usage.total_output_tokens", "usage.total_thought_tokens"),
                "cache_read_tokens": "usage.total_cached_tokens",
                "reasoning_tokens": "usage.total_thought_tokens",
                "tool_use_prompt_tokens": "usage.total_tool_use_tokens",
                "audio_input_tokens": "usage.input_tokens_by_modality[modality=audio].tokens",
                "image_input_tokens": "usage.input_tokens_by_modality[modality=image].tokens",
                "audio_output_tokens": "usage.output_tokens_by_modality[modality=audio].tokens",
                "image_output_tokens": "usage.output_tokens_by_modality[modality=image].tokens",
            },
            # The SDK adds the input of the first turn, which is in the total.
            ignores=("total_tokens", "initial_input_tokens"),
            pending={"status": ("in_progress", "queued")},
            chunks=(
                Chunk(
                    signature={"interaction.usage": PRESENT},
                    at="interaction",
                    final=True,
                ),
                Chunk(signature={"interaction": PRESENT}, at="interaction", opening=True),
            ),
        ),
        Flavor(
            name="token_counting",
            title="count_tokens (free)",
            classes=("CountTokensResponse",),
            signature={"total_tokens": PRESENT, "candidates": ABSENT, "usage": ABSENT},
            free=True,
        ),
    ),
)
