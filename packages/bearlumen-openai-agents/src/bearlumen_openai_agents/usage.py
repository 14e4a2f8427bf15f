"""What the SDK says that a call used, in our words.

It normalises every provider's usage to that of OpenAI's Responses API: `input_tokens` includes what
was read from and written to a cache, and a detail that nobody reported is 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from bearlumen import BearLumenError
from bearlumen.integration import CallUsage, provider_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bearlumen.integration import Guard

GATEWAYS: Final = ("litellm", "any-llm", "any_llm")
"""Libraries that ask other providers, and name them before the model: `anthropic/claude-…`."""
PROVIDERS: Final = {"google": "gemini", "vertex_ai": "gemini", "together_ai": "together"}
"""Their names of providers that we call something else."""


def call_usage(model: str | None, base_url: object, impl: object, told: Any) -> CallUsage:
    """What one call used; without counts where the provider did not tell.

    Args:
        model: As it was asked for.
        base_url: Of the client that made the call.
        impl: Which library made it, if not OpenAI's.
        told: The SDK's usage, an object or a mapping.
    """
    name = model
    if impl in GATEWAYS and model is not None:
        prefix, slash, rest = model.partition("/")
        provider = PROVIDERS.get(prefix, prefix) if slash else "unknown"
        name = rest if slash else model
    else:
        host = urlsplit(str(base_url)).hostname if base_url is not None else None
        provider = provider_at(host) or "openai"
    return CallUsage(provider=provider, model=name, counts=_counts(told))


def _counts(told: Any) -> dict[str, int]:
    counts = {name: _of(told, name) for name in ("input_tokens", "output_tokens")}
    if not any(counts.values()):
        return {}  # the SDK says 0 where a stream did not tell
    read, made = _of(told, "input_tokens_details"), _of(told, "output_tokens_details")
    counts["cache_read_tokens"] = _of(read, "cached_tokens")
    counts["cache_write_tokens"] = _of(read, "cache_write_tokens")
    counts["reasoning_tokens"] = _of(made, "reasoning_tokens")
    totals = ("input_tokens", "output_tokens")
    return {name: count for name, count in counts.items() if count or name in totals}


def _of(told: Any, name: str) -> Any:
    if told is None:
        return 0
    found: Any = told.get(name) if hasattr(told, "get") else getattr(told, name, None)
    return found or 0


def report_missing(guard: Guard, usage: CallUsage) -> None:
    """Say once for a model what to do where nobody told what a call used."""
    guard.report(
        BearLumenError(
            f"The Agents SDK does not say what a call of {usage.model} used, so its cost is "
            "unknown. For a streamed chat completion, ask for it with "
            "ModelSettings(include_usage=True)."
        ),
        problem=f"OpenAI Agents call without usage: {usage.model}",
    )


def config_of(given: Mapping[str, Any] | None) -> tuple[object, object]:
    """Where a generation was asked for, and by which library."""
    config = given or {}
    return config.get("base_url"), config.get("model_impl")
