"""How a call was processed, where that changes its price: batch, and the provider's service tiers.

A context without a price of its own is unpriced: the standard price would be out by a factor of two
for batch and more for priority, and nobody could tell from the figure. (genai-prices itself answers
with the standard price there and calls that an estimate.) A word for ordinary service is standard.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

STANDARD_TIERS = frozenset(
    {
        "",
        "auto",
        "default",
        "none",
        "on_demand",
        "ondemand",
        "service_tier_unspecified",
        "standard",
        "standard_only",
        "traffic_type_unspecified",
        "unspecified",
    }
)
"""Words for ordinary service, whose price is the standard one.

OpenAI `auto`, `default`; Anthropic `standard`, `standard_only`; Gemini `standard`, `unspecified`;
Vertex AI `on_demand`; Bedrock `default`: openai 3.54, anthropic 2.12, google-genai 3.4 and botocore
1.44. Groq `on_demand`, `auto`: https://console.groq.com/docs/service-tiers, read 2026-11-22.
"""

_SAME_TIER: Mapping[str, str] = MappingProxyType(
    # Vertex AI's traffic types, google-genai 3.4 `TrafficType`.
    {"on_demand_flex": "flex", "on_demand_priority": "priority"}
)

_AT_STANDARD_PRICE = frozenset(
    {
        # "Pricing matches the on-demand tier":
        # https://console.groq.com/docs/flex-processing, read 2026-11-22.
        ("groq", "flex"),
    }
)
"""Tiers of a provider, by its catalogue id, that cost what ordinary service does."""

BATCH = "batch"

_PRICE_CONTEXT: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        # Anthropic says "batch" as a tier, others do not say it at all.
        BATCH: {"processing": "batch"},
        # OpenAI has a fast tier, Anthropic a fast speed.
        "fast": {"service_tier": "fast", "speed": "fast"},
    }
)


def context_words(*, catalogue_id: str, service_tier: str | None, batch: bool) -> tuple[str, ...]:
    """What is not ordinary about the price of a call: nothing, `batch`, a tier, or both."""
    tier = (service_tier or "").strip().lower().replace("-", "_").replace(" ", "_")
    tier = _SAME_TIER.get(tier, tier)
    batched = (BATCH,) if batch or tier == BATCH else ()
    ordinary = tier in STANDARD_TIERS or (catalogue_id, tier) in _AT_STANDARD_PRICE
    return batched if ordinary or tier == BATCH else (*batched, tier)


def price_context(word: str) -> Mapping[str, str]:
    """The catalogue's request context for one context word."""
    return _PRICE_CONTEXT.get(word, {"service_tier": word})
