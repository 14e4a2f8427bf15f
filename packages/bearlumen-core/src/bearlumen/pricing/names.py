"""From the names in events to the names in the catalogue.

The model id forms are the ones met in recorded responses of the providers up to November 2026.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from .usage import NoPrice, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CATALOGUE_PROVIDERS: Mapping[str, str] = MappingProxyType(
    {
        "anthropic": "anthropic",
        "azure": "azure",
        "bedrock": "aws",
        "bedrock-mantle": "aws",
        "cerebras": "cerebras",
        "cohere": "cohere",
        "deepseek": "deepseek",
        "elevenlabs": "elevenlabs",
        "fireworks": "fireworks",
        "gemini": "google",
        "groq": "groq",
        "mistral": "mistral",
        "moonshot": "moonshotai",
        "openai": "openai",
        "openrouter": "openrouter",
        "perplexity": "perplexity",
        "together": "together",
        "vertex": "google",
        "voyage": "voyageai",
        "xai": "x-ai",
        # The prefixes LiteLLM uses: https://docs.litellm.ai/docs/providers
        "azure_ai": "azure",
        "bedrock_converse": "aws",
        "bedrock_mantle": "aws",
        "fireworks_ai": "fireworks",
        "together_ai": "together",
        "vertex_ai": "google",
        # OpenTelemetry's `gen_ai.provider.name`, as in opentelemetry-semantic-conventions 0.66b2.
        "aws.bedrock": "aws",
        "azure.ai.inference": "azure",
        "azure.ai.openai": "azure",
        "gcp.gemini": "google",
        "gcp.gen_ai": "google",
        "gcp.vertex_ai": "google",
        "mistral_ai": "mistral",
        "x_ai": "x-ai",
    }
)
"""Our provider names to the catalogue's ids. A name that is a catalogue id itself needs no row."""

NEVER_PRICED: Mapping[str, str] = MappingProxyType(
    {
        "": "the event names no provider",
        "huggingface": "Hugging Face prices depend on the backend, which the event does not name",
        "litellm": "LiteLLM hands calls on, and the event does not name who answered",
        "ollama": "Ollama runs the model locally; the catalogue has no price for it",
        # The same model costs different amounts at different providers.
        "unknown": "the provider is unknown, and a price by model name alone would be a guess",
        "vllm": "vLLM runs the model on one's own machines; the catalogue has no price for it",
    }
)
"""Providers that are unpriced whatever the model, and why."""

# Only these two kinds of ARN carry the model's name; an application inference profile, a
# provisioned or imported model, a prompt router and a SageMaker endpoint hide it.
_READABLE_ARN = re.compile(
    r"arn:[^:]*:bedrock:[^:]*:[^:]*:(?:inference-profile|foundation-model)/(?P<model>.+)",
    re.IGNORECASE,
)

# `global.` is not here: a global profile costs less than a regional one, and the catalogue lists it
# apart. Neither is `us-gov.`, whose prices it does not have.
_GEOGRAPHY = re.compile(r"(?:us|eu|apac|jp|au|in|ca)\.(?P<model>.+)", re.IGNORECASE)

# The catalogue's id of what AWS sells by region; the global profile's begins with `global.`.
_REGIONAL = re.compile(r"regional\.(?P<vendor>[^.]+)\..+")

# `models/…`, `publishers/google/models/…`, `projects/…/locations/…/publishers/google/models/…`
_RESOURCE_NAME = re.compile(
    r"(?:projects/.+/)?(?:publishers/[^/]+/)?models/(?P<model>[^/]+)", re.IGNORECASE
)


def model_forms(model: str, *, provider: str, catalogue_id: str) -> Iterator[str]:
    """The ways to ask the catalogue for a model, the most literal first.

    Args:
        model: The model id as the event has it.
        provider: The provider's name as the event has it.
        catalogue_id: The provider's id in the catalogue.

    Raises:
        NoPrice: The id is an ARN that does not say which model it stands for.
    """
    if model.lower().startswith("arn:"):
        # The catalogue would look for model names anywhere inside an ARN, an endpoint's name too.
        readable = _READABLE_ARN.fullmatch(model)
        if readable is None:
            raise NoPrice(f"the ARN {shown(model)} does not say which model it stands for")
        model = readable["model"]
    yield model
    for form in (_RESOURCE_NAME, _GEOGRAPHY):
        if match := form.fullmatch(model):
            yield match["model"]
    vendor, _, bare = model.partition("/")
    if bare and vendor.lower() in {provider, catalogue_id}:
        yield bare


def global_form(model: str, *, entry: str) -> str | None:
    """How AWS calls the global profile of a model whose name says nothing of its geography.

    Such is the name in the body of Claude's own response: `claude-sonnet-4-5-20250929`. With the
    vendor before it, `anthropic.claude-…`, it is that of the region.

    Args:
        model: The model id as it found the entry.
        entry: The catalogue's id of the model.

    Returns:
        None if the name says it, or the model is not sold by region.
    """
    regional = _REGIONAL.fullmatch(entry)
    if regional is None or f"{regional['vendor']}." in model.lower():
        return None
    return f"global.{regional['vendor']}.{model}"
