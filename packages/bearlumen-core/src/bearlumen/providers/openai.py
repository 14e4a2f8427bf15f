"""OpenAI.

Azure OpenAI answers in the same shapes, and so do many others; behind OpenAI's own client they are
its classes, and where nothing tells them apart "openai" is the honest answer.

Sources, read 2026-11-22, beside those of the shapes:
https://platform.openai.com/docs/api-reference/images/object
https://platform.openai.com/docs/api-reference/audio/json-object
https://platform.openai.com/docs/api-reference/realtime-server-events/response/done
https://platform.openai.com/docs/api-reference/batch/object
"""

from ._extractor import PRESENT, Chunk, Envelope, Extractor, Flavor, Linked
from ._openai_shape import CHAT, COMPLETIONS, EMBEDDINGS, IGNORES, RESPONSES

_IMAGE_COUNTS = {
    "input_tokens": "usage.input_tokens",
    "output_tokens": "usage.output_tokens",
    "image_input_tokens": "usage.input_tokens_details.image_tokens",
    "image_output_tokens": "usage.output_tokens_details.image_tokens",
}
_AUDIO_COUNTS = {
    "input_tokens": "usage.input_tokens",
    "output_tokens": "usage.output_tokens",
    "audio_input_tokens": "usage.input_token_details.audio_tokens",
}

EXTRACTOR = Extractor(
    provider="openai",
    title="OpenAI",
    packages=("openai",),
    flavors=(
        CHAT,
        RESPONSES,
        COMPLETIONS,
        EMBEDDINGS,
        Flavor(
            name="images",
            title="Images",
            classes=("ImagesResponse",),
            signature={"created": PRESENT, "data[0].b64_json|data[0].url": PRESENT},
            counts=_IMAGE_COUNTS,
            ignores=IGNORES,
            # DALL-E reports no tokens; it is billed by the image.
            units_instead={"images": "data[#]"},
            # Writing the SVG is billed beside the image, by the tokens of another model.
            linked=(
                Linked(
                    at="svg_usage",
                    counts={
                        "input_tokens": "input_tokens",
                        "output_tokens": "output_tokens",
                        "reasoning_tokens": "reasoning_tokens",
                    },
                ),
            ),
            id="",
            chunks=(
                Chunk(
                    signature={
                        "type": ("image_generation.completed", "image_edit.completed"),
                        "usage": PRESENT,
                    },
                    final=True,
                ),
                Chunk(
                    signature={
                        "type": ("image_generation.partial_image", "image_edit.partial_image")
                    },
                    opening=True,
                ),
            ),
        ),
        Flavor(
            name="transcription",
            title="Transcription",
            classes=("Transcription", "TranscriptionVerbose", "TranscriptionDiarized"),
            signature={"text": PRESENT, "usage.type": ("tokens", "duration")},
            counts=_AUDIO_COUNTS,
            ignores=IGNORES,
            # Whisper is billed by the length of the audio.
            units_instead={"seconds": "usage.seconds|duration"},
            id="",
            chunks=(
                Chunk(signature={"type": "transcript.text.done"}, final=True),
                Chunk(signature={"type": "transcript.text.delta"}, opening=True),
            ),
        ),
        Flavor(
            name="realtime",
            title="Realtime `response.done`",
            classes=("ResponseDoneEvent",),
            signature={"type": "response.done", "response": PRESENT},
            model="response.model",
            id="response.id",
            usage="",
            # xAI puts the usage beside the response and leaves the one in it empty.
            counts={
                "input_tokens": "response.usage.input_tokens|usage.input_tokens",
                "output_tokens": "response.usage.output_tokens|usage.output_tokens",
                "cache_read_tokens": "response.usage.input_token_details.cached_tokens"
                "|usage.input_token_details.cached_tokens",
                "reasoning_tokens": "response.usage.output_token_details.reasoning_tokens"
                "|usage.output_token_details.reasoning_tokens",
                "audio_input_tokens": "response.usage.input_token_details.audio_tokens"
                "|usage.input_token_details.audio_tokens",
                "audio_output_tokens": "response.usage.output_token_details.audio_tokens"
                "|usage.output_token_details.audio_tokens",
                "image_input_tokens": "response.usage.input_token_details.image_tokens",
            },
            # xAI bills realtime by the second.
            units={"seconds": "usage.billable_audio_seconds"},
        ),
        Flavor(
            name="realtime_transcription",
            title="Realtime input transcription",
            classes=("ConversationItemInputAudioTranscriptionCompletedEvent",),
            signature={"type": "conversation.item.input_audio_transcription.completed"},
            counts=_AUDIO_COUNTS,
            ignores=IGNORES,
            units_instead={"seconds": "usage.seconds"},
            id="item_id",
        ),
        Flavor(
            name="batch",
            title="Batch jobs",
            classes=("Batch",),
            signature={"object": "batch", "status": PRESENT},
            counts=RESPONSES.counts,
            ignores=IGNORES,
            batch={},
            pending={"status": ("validating", "in_progress", "finalizing", "cancelling")},
        ),
        Flavor(
            name="assistants",
            title="Assistants runs",
            classes=("Run",),
            signature={"object": "thread.run"},
            counts=CHAT.counts,
            ignores=IGNORES,
            pending={
                "status": ("queued", "in_progress", "requires_action", "cancelling"),
            },
        ),
        Flavor(
            name="moderations",
            title="Moderations (free)",
            classes=("ModerationCreateResponse",),
            signature={"results[0].category_scores": PRESENT},
            free=True,
        ),
        Flavor(
            name="token_counting",
            title="Token counting (free)",
            classes=("InputTokenCountResponse",),
            signature={"object": "response.input_tokens"},
            free=True,
        ),
    ),
    envelopes=(
        # `.parse()` raises these for a billed call; the response is only in there.
        Envelope(
            classes=("LengthFinishReasonError", "ContentFilterFinishReasonError"),
            at="completion",
        ),
        # A line of a batch's result file.
        Envelope(
            signature={"custom_id": PRESENT, "response.body": PRESENT},
            at="response.body",
            batch=True,
        ),
    ),
    hosts=("api.openai.com",),
)
