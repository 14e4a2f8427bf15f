"""What LiteLLM says that a call used, in our words.

LiteLLM's `prompt_tokens` includes what was read from and written to a cache, for every provider; so
does our total.

Source: litellm.types.utils.Usage of litellm 1.110.2, read 2026-11-25.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bearlumen.integration import CallUsage

if TYPE_CHECKING:
    from collections.abc import Mapping

PROVIDERS: Final = {
    "anthropic_text": "anthropic",
    "azure_ai": "azure",
    "azure_text": "azure",
    "bedrock_converse": "bedrock",
    "bedrock_mantle": "bedrock-mantle",
    "codestral": "mistral",
    "cohere_chat": "cohere",
    "fireworks_ai": "fireworks",
    "hosted_vllm": "vllm",
    "litellm_proxy": "litellm",
    "ollama_chat": "ollama",
    "text-completion-codestral": "mistral",
    "text-completion-openai": "openai",
    "together_ai": "together",
    "vertex_ai": "gemini",
    "vertex_ai_beta": "gemini",
}
"""LiteLLM's names of providers that we call something else."""
CALLS: Final = frozenset(
    (
        "anthropic_messages", "completion", "embedding", "generate_content",
        "generate_content_stream", "image_edit", "image_generation", "rerank", "responses",
        "speech", "text_completion", "transcription",
    )
)  # fmt: skip
"""Types of calls that a provider is paid for; the async ones have an `a` before. LiteLLM calls back
for others too, such as each look at a batch, which tells the batch's usage every time."""
_COUNTS: Final = {
    "input_tokens": ("prompt_tokens", "input_tokens"),
    "output_tokens": ("completion_tokens", "output_tokens"),
}
_INPUT: Final = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
_OUTPUT: Final = ("completion_tokens_details", "output_tokens_details")


def is_call(call_type: object) -> bool:
    """Whether something was bought."""
    name = str(call_type).partition(".")[2] or str(call_type)
    return name in CALLS or (name.startswith("a") and name[1:] in CALLS)


def usage_of(kwargs: Mapping[str, Any], response: Any) -> CallUsage:
    """What a call used.

    Args:
        kwargs: What LiteLLM's callback was given of the call.
        response: What it was answered, put together if it was a stream.
    """
    hidden: Mapping[str, Any] = _at(response, "_hidden_params") or {}
    told: Any = _at(response, "usage")
    seller = kwargs.get("custom_llm_provider") or hidden.get("custom_llm_provider") or "unknown"
    model = (
        # A stream's own name is what was asked for.
        hidden.get("provider_response_model") or _at(response, "model") or kwargs.get("model")
    )
    tier = _at(response, "service_tier") or _at(told, "service_tier")
    return CallUsage(
        provider=PROVIDERS.get(seller, seller),
        model=None if not model else str(model).removeprefix(f"{seller}/"),
        counts={} if told is None or _is_estimated(kwargs, told) else counts_of(told),
        service_tier=tier if isinstance(tier, str) else None,
        response_id=_at(response, "id"),
    )


def counts_of(told: Any) -> dict[str, int]:
    """The counts of a usage; none where it is all zeros, which says that nobody told."""
    counts = {
        ours: count for ours, names in _COUNTS.items() if _is_count(count := _at(told, *names))
    }
    if not any(counts.values()):
        return {}
    read, made = _at(told, *_INPUT), _at(told, *_OUTPUT)
    written = _at(read, "cache_creation_token_details")
    found = {
        "cache_read_tokens": _at(read, "cached_tokens")
        or _at(told, "cache_read_input_tokens", "cached_tokens"),  # the latter is Together's
        "cache_write_tokens": _at(read, "cache_creation_tokens", "cache_write_tokens")
        or _at(told, "cache_creation_input_tokens"),
        "cache_write_5m_tokens": _at(written, "ephemeral_5m_input_tokens"),
        "cache_write_1h_tokens": _at(written, "ephemeral_1h_input_tokens"),
        "audio_input_tokens": _at(read, "audio_tokens"),
        "image_input_tokens": _at(read, "image_tokens"),
        "reasoning_tokens": _at(made, "reasoning_tokens"),
        "audio_output_tokens": _at(made, "audio_tokens"),
        "image_output_tokens": _at(made, "image_tokens"),
    }
    # LiteLLM puts 0 where a provider reported nothing: a part that is 0 says nothing.
    return counts | {name: count for name, count in found.items() if _is_count(count) and count}


def _is_estimated(kwargs: Mapping[str, Any], told: Any) -> bool:
    """Whether no item of a stream told its usage: LiteLLM then counts the words itself.

    Its count looks like a provider's. A sync stream shows the items that it was made of; of an
    async one there are signs only: what LiteLLM counts itself has no details of the input.
    """
    if not kwargs.get("stream") or not str(kwargs.get("call_type")).endswith("completion"):
        return False
    items: Any = getattr(kwargs.get("original_response"), "chunks", None)
    if isinstance(items, list) and items:
        return all(_at(item, "usage") is None for item in items)  # pyright: ignore[reportUnknownVariableType]
    asked: Any = kwargs.get("stream_options") or _at(
        kwargs.get("optional_params"), "stream_options"
    )
    return not _at(asked, "include_usage") and _at(told, *_INPUT) is None


def _at(holder: Any, *names: str) -> Any:
    """The first of some attributes, or of a mapping's keys, that is there and not None."""
    for name in names:
        found = holder.get(name) if isinstance(holder, dict) else getattr(holder, name, None)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if found is not None:
            return found  # pyright: ignore[reportUnknownVariableType]
    return None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
