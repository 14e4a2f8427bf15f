"""What an ended run says it used, in our words.

LangChain's `input_tokens` includes what was read from and written to a cache, for every provider;
so does ours. Its details are parts of the totals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bearlumen.integration import CallUsage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_core.outputs import LLMResult

PROVIDERS: Final = {
    "amazon_bedrock": "bedrock",
    "bedrock_converse": "bedrock",
    "azure_openai": "azure",
    "google": "gemini",
    "google_genai": "gemini",
    "google_vertexai": "gemini",
    "mistralai": "mistral",
}
"""LangChain's names (`ls_provider`, `model_provider`) of providers that we call something else."""
TIERS: Final = ("flex", "priority")
"""OpenAI's service tiers, which LangChain puts before the names of the details:
`flex_cache_read`, and `flex` for what is left."""


def usage_of(response: LLMResult, start: Mapping[str, Any]) -> CallUsage | None:
    """What the run used; None where nothing was called, or what it used is told elsewhere.

    Args:
        response: What the run ended with.
        start: The metadata that it began with.
    """
    message: Any = next(
        (
            found
            for generations in response.generations
            for generation in generations
            if (found := getattr(generation, "message", None)) is not None
        ),
        None,
    )
    output: Mapping[str, Any] = response.llm_output or {}
    if message is None:
        return _completion(output, start)
    about: Mapping[str, Any] = getattr(message, "response_metadata", None) or {}
    usage: Mapping[str, Any] | None = getattr(message, "usage_metadata", None)
    if usage is None and not about:
        return None  # from a cache that kept the text alone, or of a stand-in for a model
    if usage is not None and usage.get("total_cost") == 0:
        return None  # from a cache: the usage is that of the call that filled it
    model = about.get("model_name") or about.get("model") or start.get("ls_model_name")
    return CallUsage(
        provider=_provider(start.get("ls_provider") or about.get("model_provider")),
        model=None if model is None else str(model).removeprefix("models/"),
        counts=_counts(usage) if usage else {},
        service_tier=_tier(usage or {}, about),
        response_id=about.get("id"),
    )


def _completion(output: Mapping[str, Any], start: Mapping[str, Any]) -> CallUsage | None:
    """Of a plain LLM. The first prompt of several tells the usage of all, the others none."""
    told: dict[str, int] | None = output.get("token_usage")
    if told is not None and not told:
        return None
    names = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"}
    counts = {ours: told[name] for name, ours in names.items() if told and name in told}
    return CallUsage(
        provider=_provider(start.get("ls_provider")),
        model=output.get("model_name") or start.get("ls_model_name"),
        counts=counts,
    )


def _counts(usage: Mapping[str, Any]) -> dict[str, int]:
    counts = {name: usage[name] for name in ("input_tokens", "output_tokens") if name in usage}
    if not counts.get("input_tokens"):
        # No call has read nothing: it was not told, as with Anthropic's older streams.
        counts.pop("input_tokens", None)
        if not counts.get("output_tokens"):
            return {}
    read = _untiered(usage.get("input_token_details"))
    made = _untiered(usage.get("output_token_details"))
    five, hour = read.get("ephemeral_5m_input_tokens"), read.get("ephemeral_1h_input_tokens")
    # The whole is set to 0 where its parts are told.
    written = [n for n in (read.get("cache_creation"), five, hour) if n is not None]
    found = {
        "cache_read_tokens": read.get("cache_read"),
        "cache_write_tokens": sum(written) if written else None,
        "cache_write_5m_tokens": five,
        "cache_write_1h_tokens": hour,
        "audio_input_tokens": read.get("audio"),
        "reasoning_tokens": made.get("reasoning"),
        "audio_output_tokens": made.get("audio"),
    }
    # LangChain puts 0 where a provider reported nothing: a part that is 0 says nothing.
    return counts | {name: count for name, count in found.items() if count}


def _untiered(details: Mapping[str, int | None] | None) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, count in (details or {}).items():
        tier = next((tier for tier in TIERS if name.startswith(f"{tier}_")), None)
        if count is not None:
            found[name if tier is None else name[len(tier) + 1 :]] = count
    return found


def _tier(usage: Mapping[str, Any], about: Mapping[str, Any]) -> str | None:
    told = about.get("service_tier")
    if isinstance(told, str):
        return told
    names: list[str] = [
        *(usage.get("input_token_details") or ()),
        *(usage.get("output_token_details") or ()),
    ]
    return next((tier for tier in TIERS for name in names if name.split("_")[0] == tier), None)


def _provider(name: Any) -> str:
    return PROVIDERS.get(name, name) if isinstance(name, str) and name else "unknown"
