"""Google Gemini: generate_content, from the Gemini API and Vertex AI.

Source: https://ai.google.dev/api/generate-content#UsageMetadata, read 2026-11-22. The total that
Google states is prompt + candidates + thoughts + tool use prompt.
"""

from ._extractor import PRESENT, Chunk, Extractor, Flavor

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
    "audio_input_tokens": "usage_metadata.prompt_tokens_details[modality=AUDIO].token_count",
    "audio_output_tokens": "usage_metadata.candidates_tokens_details[modality=AUDIO].token_count",
    "image_input_tokens": "usage_metadata.prompt_tokens_details[modality=IMAGE].token_count",
    "image_output_tokens": "usage_metadata.candidates_tokens_details[modality=IMAGE].token_count",
    "tool_use_prompt_tokens": "usage_metadata.tool_use_prompt_token_count",
}


EXTRACTOR = Extractor(
    provider="gemini",
    packages=("google.genai",),
    camel_case=True,
    flavors=(
        Flavor(
            name="generate_content",
            # A blocked prompt has no candidates, and a recording may lack the version.
            signature={
                "usage_metadata": PRESENT,
                "candidates|model_version|prompt_feedback": PRESENT,
            },
            model="model_version",
            id="response_id",
            counts=_COUNTS,
            # A blocked prompt is another matter: it reports no count at all.
            omits_zero=True,
            # Every item carries running totals, so the last one stands; an item is of the same
            # class as a whole response.
            chunks=(Chunk(signature={"usage_metadata": PRESENT}),),
        ),
    ),
)
