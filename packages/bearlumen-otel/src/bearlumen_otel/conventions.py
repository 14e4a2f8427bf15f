"""OpenTelemetry's names for what a model call is and used, the current and the previous ones.

Source: https://github.com/open-telemetry/semantic-conventions-genai, as of
opentelemetry-semantic-conventions 0.66b2. The Python package marks them as moved, so they are
written out here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bearlumen.integration import CallUsage

if TYPE_CHECKING:
    from collections.abc import Mapping

OPERATION: Final = "gen_ai.operation.name"
CALLS: Final = frozenset(("chat", "generate_content", "text_completion", "embeddings"))
"""Operations that are one call of a model. An agent's or a workflow's span sums up others."""
REQUEST_MODEL: Final = "gen_ai.request.model"
RESPONSE_MODEL: Final = "gen_ai.response.model"
RESPONSE_ID: Final = "gen_ai.response.id"
PROVIDER: Final = "gen_ai.provider.name"
SYSTEM: Final = "gen_ai.system"
"""What `gen_ai.provider.name` was called before."""
INPUT: Final = "gen_ai.usage.input_tokens"
OUTPUT: Final = "gen_ai.usage.output_tokens"
CACHE_READ: Final = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE: Final = "gen_ai.usage.cache_creation.input_tokens"
REASONING: Final = "gen_ai.usage.reasoning.output_tokens"
_COUNTS: Final = {
    "input_tokens": (INPUT, "gen_ai.usage.prompt_tokens"),
    "output_tokens": (OUTPUT, "gen_ai.usage.completion_tokens"),
    "cache_read_tokens": (CACHE_READ, "gen_ai.usage.cache_read_input_tokens"),
    "cache_write_tokens": (CACHE_WRITE, "gen_ai.usage.cache_creation_input_tokens"),
    "reasoning_tokens": (REASONING,),
}
LABELS: Final = {
    "gen_ai.agent.name": "agent",
    "gen_ai.workflow.name": "workflow",
    "gen_ai.conversation.id": "session",
    "enduser.id": "end_user",
    "user.id": "end_user",
}
"""Attributes that say whom and what a span is for; so do those with our prefix."""
PREFIX: Final = "bearlumen."
PROVIDERS: Final = {
    "anthropic": "anthropic",
    "aws.bedrock": "bedrock",
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "az.ai.inference": "azure",
    "az.ai.openai": "azure",
    "gcp.gemini": "gemini",
    "gcp.gen_ai": "gemini",
    "gcp.vertex_ai": "gemini",
    "google": "gemini",
    "google-gla": "gemini",
    "google-vertex": "gemini",
    "mistral_ai": "mistral",
    "x_ai": "xai",
}
"""OpenTelemetry's names of providers that we call something else."""


def is_call(attributes: Mapping[str, Any]) -> bool:
    """Whether a span is one call of a model. Older ones do not say: then its usage says it."""
    operation = attributes.get(OPERATION)
    if operation is not None:
        return operation in CALLS
    return any(name in attributes for names in _COUNTS.values() for name in names)


def usage_of(attributes: Mapping[str, Any]) -> CallUsage:
    """What a span says that its call used."""
    counts: dict[str, int] = {}
    for ours, theirs in _COUNTS.items():
        found = next((attributes[name] for name in theirs if name in attributes), None)
        if isinstance(found, int):
            counts[ours] = found
    cached = counts.get("cache_read_tokens", 0) + counts.get("cache_write_tokens", 0)
    if "input_tokens" in counts and cached > counts["input_tokens"]:
        # The whole is said to include its parts; what cannot, is an older producer's.
        counts["input_tokens"] += cached
    if not counts.get("input_tokens") and not counts.get("output_tokens"):
        counts = {}  # frameworks say 0 where a stream did not tell
    provider = attributes.get(PROVIDER) or attributes.get(SYSTEM) or "unknown"
    return CallUsage(
        provider=PROVIDERS.get(str(provider), str(provider)),
        model=attributes.get(RESPONSE_MODEL) or attributes.get(REQUEST_MODEL),
        counts=counts,
        response_id=attributes.get(RESPONSE_ID),
    )


def labels_of(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Whom and what a span says that it is for, by the names of a scope."""
    labels = {label: attributes[name] for name, label in LABELS.items() if name in attributes}
    for label in ("end_user", "feature", "agent", "workflow", "session", "session_type"):
        if PREFIX + label in attributes:
            labels[label] = attributes[PREFIX + label]
    return labels
