"""What Pydantic AI says that a request used, in our words.

Its totals include their parts, for every provider; so do ours. A part that is 0 was not told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from bearlumen.integration import CallUsage, provider_at

if TYPE_CHECKING:
    from pydantic_ai import ModelResponse
    from pydantic_ai.models import Model

PROVIDERS: Final = {
    "bedrock-mantle": "bedrock",
    "google": "gemini",
    "google-cloud": "gemini",
    "google-gla": "gemini",
    "google-vertex": "gemini",
    "grok": "xai",
    "openai-codex": "openai",
}
"""Pydantic AI's names of providers that we call something else."""
COUNTS: Final = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_tokens": "cache_read_tokens",
    "cache_write_tokens": "cache_write_tokens",
    "cache_write_1h_tokens": "cache_write_1h_tokens",
    "output_reasoning_tokens": "reasoning_tokens",
    "input_audio_tokens": "audio_input_tokens",
    "output_audio_tokens": "audio_output_tokens",
}
"""Its names, and ours."""
TOTALS: Final = ("input_tokens", "output_tokens")


def usage_of(response: ModelResponse, model: Model) -> CallUsage:
    """What a request used; without counts where the provider did not tell.

    Args:
        response: The answer, or what there is of one that was broken off.
        model: Which was asked.
    """
    name = response.provider_name or model.system
    if response.canonical_system == "azure":
        name = "azure"  # which OpenAI's provider with an Azure client leaves unsaid
    host = urlsplit(response.provider_url or "").hostname
    about: dict[str, Any] = response.provider_details or {}
    tier = about.get("service_tier")
    return CallUsage(
        provider=provider_at(host) or PROVIDERS.get(name, name),
        model=response.model_name or model.model_name,
        counts=_counts(response.usage),
        service_tier=tier if isinstance(tier, str) else None,
        response_id=response.provider_response_id,
        batch=_is_batched(model),
    )


def _counts(usage: Any) -> dict[str, int]:
    found = {ours: getattr(usage, theirs, 0) for theirs, ours in COUNTS.items()}
    if getattr(usage, "unmeasured_requests", 0) or not any(found[name] for name in TOTALS):
        return {}
    return {name: count for name, count in found.items() if count or name in TOTALS}


def _is_batched(model: Any) -> bool:
    """Whether `BatchModelRequests` is between us and the provider."""
    while model is not None:
        if type(model).__name__ == "BatchedModel":
            return True
        model = getattr(model, "wrapped", None)
    return False
